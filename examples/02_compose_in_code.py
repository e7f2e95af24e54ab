"""Compose in code: ask for numbers, choose the canvas, and look into the result.

python examples/02_compose_in_code.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

from orchestra_core import Canvas, Pipeline, Request

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
# Five seconds of a melody: the preset `reference`. Only 16 scores are tried before the gradient.
pipeline = Pipeline.from_preset("reference").replace(schedule={"name": "staged", "config": {"search": 16}})

# Valence and arousal are requests in [-1, 1], over what people rated; scale="reading" takes the oracle's own units.
result = pipeline.compose(valence=0.4, arousal=-0.3, seed=7, canvas=Canvas(duration=5.0, level="loudness", loudness=-18.0))

print("What was asked and what the oracle reads in the audio as exported:")
for name, target in result.targets.items():
    print(f"  {name:8}  asked {target:+.3f}  reads {result.readings[name]:+.3f}  error {result.errors[name]:+.3f}")

print(f"The score: {dict(result.choice)}, {len(result.notes.notes)} notes, the first of them:")
for note in result.notes.notes[:3]:
    print(f"  MIDI {note.pitch:.0f} at {note.onset:.2f} s for {note.duration:.2f} s, velocity {note.velocity:.2f}")

print("How the loss went (result.history is a pandas table, one row per step):")
print(result.history.groupby("stage", sort=False).loss.agg(["size", "first", "min"]).to_string())

print("What moved, in physical units:")
for parameter in result.parameters:
    if not parameter.fixed and parameter.initial.ndim == 0:
        print(f"  {parameter.name:14} {parameter.initial:8.3f} -> {parameter.final:8.3f} {parameter.unit}")

print("Audio:", result.audio.shape, result.audio.dtype, "at", result.sample_rate, "Hz")
print("Saved in", result.save(folder / "one"))

# Several at once: each by itself, in 000/, 001/, ...
requests = [Request({"valence": valence, "arousal": 0.2}, seed=1) for valence in (-0.5, 0.5)]
batch = pipeline.compose_many(requests, directory=folder / "batch")
for one in batch:
    print(f"valence: asked {one.targets['valence']:+.2f}, reads {one.readings['valence']:+.2f}")
