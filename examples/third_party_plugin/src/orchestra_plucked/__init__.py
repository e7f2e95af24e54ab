"""A plucked string, a percussive envelope, librosa's features, a prior and CMA-ES for orchestra.

Importing this package imports no torch; each component lives in a module of its own.
"""
