"""Style transfer: an ambience lends its sound to a piece of music, through the features of a small network.

Importing this package imports no torch; the parts live in its modules.
"""
