"""A custom stage list: loudness first, then sound, then a fine polish of everything, each with its own optimiser.

    python examples/gallery/custom_stage_list.py [FOLDER]

The same stages may stand in a configuration file, as [[pipeline.schedule.config.stages]].
"""

import sys
import tempfile
from pathlib import Path

from orchestra_core import Pipeline

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

STAGES = [
    {"name": "loudness", "groups": ["dynamics"], "weights": {"arousal": 1.0}, "learning_rate": 0.2, "steps": 15},
    {"name": "sound", "groups": ["envelope", "timbre"], "optimizer": "rmsprop", "learning_rate": 0.05, "steps": 20},
    {
        "name": "polish",
        "groups": ["all"],
        "weights": {"arousal": 1.0, "valence": 3.0},
        "learning_rate": 0.05,
        "steps": 25,
        "plateau_factor": 0.5,
        "plateau_patience": 4,
        "stop_loss": 0.002,
    },
]

# By name and configuration, not as an object: so the run folder can make the piece again.
pipeline = Pipeline(score="melody", schedule={"name": "staged", "config": {"stages": STAGES, "search": 12}})
result = pipeline.compose("triumphant", seed=5, directory=folder / "staged")

stages = result.history.groupby("stage", sort=False).agg(
    steps=("step", "size"), first=("loss", "first"), least=("loss", "min"), valence=("reading.valence", "last")
)
print(stages.round(3).to_string())
print("asked", {name: round(target, 3) for name, target in result.targets.items()})
print("reads", {name: round(reading, 3) for name, reading in result.readings.items()})
print("make it again with: orchestra compose --config", folder / "staged")
