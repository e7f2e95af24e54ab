"""Two oracles pulling apart: one asks for a sad piece, the other for a bright one; a weight says who has how much.

    python examples/gallery/two_oracles_pulling_apart.py [FOLDER]

The objective that holds two oracles is written here: an objective is a class with the names of its terms and one method.
"""

import sys
import tempfile
from pathlib import Path

import torch

from orchestra_core import Dimension, Evaluation, Objective, Oracle, Pipeline, Take, build
from orchestra_staged.config import StageConfig
from orchestra_staged.staged import Staged

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())


class Brightness(Oracle):
    """Reads the spectral centroid in kHz."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (22_050, 44_100)
    dimensions = (Dimension("brightness", 0.0, 10.0, "kHz"),)

    def _read(self, clips, sample_rate):
        power = torch.fft.rfft(clips).abs().square()
        frequency = torch.fft.rfftfreq(clips.shape[1], 1 / sample_rate, device=clips.device) / 1000
        heard = power * (frequency <= 10)
        return {"brightness": (heard * frequency).sum(dim=1) / heard.sum(dim=1).clamp_min(1e-12)}


class Both(Objective):
    """Holds two oracles against their targets: one term for each dimension of either, so that stages can weigh them."""

    capabilities = frozenset({"differentiable"})

    def __init__(self, one, other):
        self.one, self.other = one, other

    @property
    def dimensions(self):
        return (*self.one.dimensions, *self.other.dimensions)

    @property
    def terms(self):
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def sample_rates(self):
        return tuple(rate for rate in self.one.sample_rates if rate in self.other.sample_rates)

    def _evaluate(self, take: Take) -> Evaluation:
        readings = {}
        for oracle in (self.one, self.other):
            readings.update(oracle.read_unchecked(take.audio, take.sample_rate))
        terms = {d.name: (10 * (readings[d.name] - take.targets[d.name]) / (d.upper - d.lower)) ** 2 for d in self.dimensions}
        return Evaluation(terms, readings)


objective = Both(build("oracle", "deam_cnn").component, Brightness())
asked = {"valence": -0.6, "arousal": -0.4, "brightness": 2.0}  # emotions on the request scale; kHz, which has no corpus
say = "weight of brightness {:>4}: valence {:+.3f} (target {:+.3f}), brightness {:.2f} kHz (target {:.2f})"

for weight in (0.0, 1.0, 30.0):
    stage = StageConfig("tug", weights={"valence": 1.0, "arousal": 1.0, "brightness": weight}, learning_rate=0.1, steps=30)
    pipeline = Pipeline(objective=objective, score="melody", schedule=Staged(stages=[stage], search=4))
    result = pipeline.compose(targets=asked, seed=4, directory=folder / f"weight_{weight:g}")
    reads, wants = result.readings, result.targets
    print(say.format(f"{weight:g}", reads["valence"], wants["valence"], reads["brightness"], wants["brightness"]))
