"""Ask several oracles at once, and ask again after small changes of the sound: what fools one network fools fewer of them.

python examples/10_agreeing_oracles.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import torch

from orchestra_core import Pipeline, build
from orchestra_staged.config import StageConfig

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

# The default oracle, and the published network that it is based on: other ears, trained apart.
oracles = ["deam_cnn", {"name": "deam_cnn", "config": {"model": "three_conv"}}]
consensus = {"name": "consensus", "config": {"oracles": oracles, "caution": 0.5}}
objectives = {
    "match": "match",
    "consensus": consensus,
    "robust": {"name": "robust", "config": {"objective": consensus, "validation": 1}},
}

stage = StageConfig("expression", groups=("dynamics", "envelope", "timbre"), learning_rate=0.1, steps=10)
pipeline = Pipeline(score="melody", schedule={"name": "staged", "config": {"stages": [stage], "search": 6}})
everyone = build("objective", consensus).component

for name, objective in objectives.items():
    result = pipeline.replace(objective=objective).compose("happy", seed=2, directory=folder / name)
    # Marked alike, whatever was optimised: each oracle by itself, in its own units.
    readings = everyone.read_each(torch.from_numpy(result.audio)[None], result.sample_rate)
    said = "; ".join(f"valence {float(one['valence']):+.2f}, arousal {float(one['arousal']):+.2f}" for one in readings)
    print(f"{name:10} {said}")
