"""The oracle ``timbre_cnn``: reads seven timbre descriptors of a one-shot; with its training, evaluation and weights.

Importing this package imports no torch; the parts live in its modules.
"""
