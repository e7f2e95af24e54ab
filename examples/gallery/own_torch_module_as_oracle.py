"""Your own torch module as oracle, in ten lines: any network from audio to numbers can be asked for music.

python examples/gallery/own_torch_module_as_oracle.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import torch
from torch import nn

from orchestra_core import Dimension, Oracle, Pipeline

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

# Stands for the network that you have trained: 64 filters, how much each of them hears beside the others, a linear layer.
with torch.random.fork_rng():
    torch.manual_seed(0)
    hearing = (nn.Conv1d(1, 64, 512, stride=256), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    network = nn.Sequential(*hearing, nn.LayerNorm(64, eps=1e-9), nn.Linear(64, 2))


class MyOracle(Oracle):
    capabilities = frozenset({"differentiable"})
    sample_rates = (22_050,)  # what it was trained at; other rates are resampled
    dimensions = (Dimension("warmth", -1.0, 1.0), Dimension("grit", -1.0, 1.0))

    def __init__(self, network):
        self.network = network.eval().requires_grad_(False)

    def _read(self, clips, sample_rate):
        return dict(zip(("warmth", "grit"), self.network(clips[:, None]).tanh().unbind(dim=1), strict=True))


pipeline = Pipeline(oracle=MyOracle(network), score="melody", schedule={"name": "staged", "config": {"search": 8}})
before = pipeline.compose(targets={"warmth": 0.0, "grit": 0.0}, seed=1, budget=1)
asked = {"warmth": before.readings["warmth"] + 0.1, "grit": before.readings["grit"] - 0.1}
result = pipeline.compose(targets=asked, seed=1, directory=folder / "own")
for name, reading in result.readings.items():
    print(f"{name:7} starts at {before.readings[name]:+.3f}, asked {asked[name]:+.3f}, reads {reading:+.3f}")
