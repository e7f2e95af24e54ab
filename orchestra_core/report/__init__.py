"""The report: one page per result with a player, pictures and tables, and its short form for notebooks."""
