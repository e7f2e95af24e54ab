"""Rated music: one small reader for each data set, and one table of clips that they all give.

Importing this package imports neither torch nor pandas; the readers live in its modules.
"""
