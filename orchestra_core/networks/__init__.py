"""For plugins that bring trained networks: weights files with a card, and the folder of a training that can be resumed."""
