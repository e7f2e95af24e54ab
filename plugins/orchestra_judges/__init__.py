"""Judges of emotion that nothing is optimised against: one of notes, three of audio, and a meter of musical cues.

Importing this package imports neither torch nor librosa; the judges live in its modules.
"""
