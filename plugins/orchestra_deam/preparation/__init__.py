"""Preparation: what a training sees of a corpus, computed once, in parallel processes, streamed to disk, resumable.

Importing this package imports no torch; processes that compute features import it themselves.
"""
