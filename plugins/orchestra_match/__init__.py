"""Objectives over oracles: `match` asks one, `consensus` several, and `robust` asks any objective again and again."""
