"""Swap a part: by name, by name and configuration, or by an object made by hand.

python examples/03_swap_a_part.py [FOLDER]
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from orchestra_core import Note, Pipeline, Score
from orchestra_staged.config import REFERENCE
from orchestra_staged.staged import Staged

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

# One pipeline, and others that differ from it in one part.
pipeline = Pipeline(score="melody", schedule={"name": "staged", "config": {"search": 8}})

# By name: another score source.
scale = pipeline.replace(score="scale")

# By name and configuration: a piano of one partial, which is a plain sine under an envelope.
sine = pipeline.replace(instrument={"name": "piano_adsr", "config": {"partials": 1}})

# As objects made by hand: the stages of the published system, a tenth as long, on notes of your own.
stages = [replace(stage, steps=stage.steps // 10) for stage in REFERENCE.stages]
tune = Score(tuple(Note(pitch, 0.4 * i, 0.6) for i, pitch in enumerate((60, 64, 67, 72, 71, 67, 64, 62, 60))))
by_hand = pipeline.replace(schedule=Staged(stages=stages, search=0), score=tune)

for name, variant in {"melody": pipeline, "scale": scale, "sine": sine, "by_hand": by_hand}.items():
    result = variant.compose("tender", seed=3, directory=folder / name)
    readings = ", ".join(f"{dimension} {value:+.2f}" for dimension, value in result.readings.items())
    print(f"{name:8} {readings}  ({len(result.history)} steps, {folder / name})")
    if variant.parts.by_hand:
        print(f"         cannot be made again from its folder alone: {', '.join(variant.parts.by_hand)}")
