"""A plucked string and an evolution strategy for orchestra.

Importing this package imports no torch; the parts live in `orchestra_plucked.instrument` and `orchestra_plucked.evolution`.
"""
