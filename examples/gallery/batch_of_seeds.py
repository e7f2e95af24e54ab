"""A batch of seeds: several pieces for one word, computed together, each as if it were alone.

    python examples/gallery/batch_of_seeds.py [FOLDER]

The same on the command line: orchestra compose serene --seed 10 --seeds 4 -o serene
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from orchestra_core import Canvas, Pipeline, Request

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
canvas = Canvas(duration=3.0)
pipeline = Pipeline(score="melody", schedule={"name": "staged", "config": {"search": 6}})

request = Request({"valence": 0.4, "arousal": -0.5})
requests = [replace(request, seed=seed) for seed in range(10, 14)]
results = pipeline.compose_many(requests, canvas=canvas, directory=folder / "batch", budget=30)

table = pd.DataFrame(
    [
        {"seed": r.seed, **dict(r.choice), "notes": len(r.notes.notes), **{f"{name} off": e for name, e in r.errors.items()}}
        for r in results
    ]
)
print(table.round(3).to_string(index=False))
table.to_csv(folder / "batch.csv", index=False)

alone = pipeline.compose(targets=request.targets, seed=12, canvas=canvas, budget=30)
print("seed 12 alone and in the batch are the same bytes:", np.array_equal(alone.audio, results[2].audio))

nearest = min(results, key=lambda result: sum(error**2 for error in result.errors.values()))
print(f"the nearest is seed {nearest.seed}, in {folder / 'batch' / f'{nearest.seed - 10:03d}'}")
