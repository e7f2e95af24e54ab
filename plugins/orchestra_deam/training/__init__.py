"""Trains networks on prepared corpora: recipes, what a step sees, its loss, and the loop."""
