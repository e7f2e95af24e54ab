"""Freezing groups: the same request met with the timbre alone, with the rhythm alone, and with everything but the rhythm.

    python examples/gallery/freezing_groups.py [FOLDER]

What no stage names does not move: not by a hair, as the table shows.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from orchestra_core import Pipeline
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
FREE = {
    "timbre_only": ("timbre",),
    "rhythm_only": ("timing",),
    "rhythm_frozen": ("dynamics", "envelope", "timbre"),
}

for name, groups in FREE.items():
    stages = [StageConfig("free", groups, learning_rate=0.1, steps=30)]
    pipeline = Pipeline(score="melody", schedule=Staged(stages=stages, search=0))
    result = pipeline.compose("tense", seed=2, directory=folder / name)
    moved: dict[str, float] = {}
    for parameter in result.parameters:
        if not parameter.fixed:
            far = float(np.abs(parameter.final - parameter.initial).max())
            moved[parameter.group] = max(moved.get(parameter.group, 0.0), far)
    frozen = sorted(group for group, far in moved.items() if far == 0)
    errors = ", ".join(f"{dimension} {error:+.3f}" for dimension, error in result.errors.items())
    print(f"{name:14} frozen: {', '.join(frozen):28} off by {errors}")
