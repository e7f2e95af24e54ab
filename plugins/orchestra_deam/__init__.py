"""The oracle ``deam_cnn``: reads arousal and valence from audio; with its training, evaluation and weights.

Importing this package imports no torch; the parts live in its modules.
"""
