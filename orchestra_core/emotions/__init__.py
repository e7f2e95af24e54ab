"""Emotion words and where they lie in the plane of valence and arousal."""
