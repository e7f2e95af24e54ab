"""The seven descriptors, and the clip that they are read from."""

from __future__ import annotations

#: The AudioCommons descriptors, in the order of every table and network here.
DESCRIPTORS = ("hardness", "depth", "brightness", "roughness", "warmth", "sharpness", "boominess")
#: Their scale.
LOWEST, HIGHEST, UNIT = 0.0, 100.0, "points"

#: Rate in Hz and length in samples of a clip.
SAMPLE_RATE, CLIP_SAMPLES = 16_000, 16_000
