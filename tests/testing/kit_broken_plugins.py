"""Installed plugins that break one rule each: the source of a module, and the name of its component."""

from __future__ import annotations

GOOD = """
from dataclasses import dataclass
from orchestra_core.descriptors import Descriptor
from orchestra_core.hookspecs import hookimpl

{top}

@dataclass(frozen=True)
class Config:
    root: int = 60

@dataclass(frozen=True)
class OtherDefault:
    root: int = 62

@dataclass(frozen=True)
class Climbing:
    root: int = 60
    def __post_init__(self):
        object.__setattr__(self, "root", self.root + 1)

@dataclass(frozen=True)
class Lenient:
    __pydantic_config__ = {{"extra": "ignore"}}
    root: int = 60

@hookimpl
def orchestra_scores():
    {before}
    def one(name, config=Config, **options):
        return Descriptor(name, "{module}_parts:Rooted", "A walk.", config=config, **{{"license": "MIT", **options}})
    return [
        one("{module}_good"),
        one("{module}_capable", capabilities=frozenset({{"notes"}})),
        one("{module}_bare", license=" "),
        one("{module}_other", OtherDefault),
        one("{module}_climbing", Climbing),
        one("{module}_lenient", Lenient),
    ]
"""

PARTS = """
from orchestra_core import Note, Score, ScoreSource

{top}

class Rooted(ScoreSource):
    capabilities = frozenset({capabilities})

    def __init__(self, root=60):
        self._root = root

    def _write(self, brief, choice, generator):
        gap = brief.canvas.duration / 5
        pitches = self._root + generator.integers(0, 9, size=4)
        return Score(tuple(Note(float(pitch), gap * index, gap) for index, pitch in enumerate(pitches)))
"""

#: By rule: what stands at the top of the plugin's module, in its hook and at the top of its component's module.
BROKEN = {
    "plugin.discovered": ("import sys", "if 'pytest' not in sys.modules: return []", ""),
    "plugin.import_light": ("import scipy", "pass", ""),
    "plugin.import_print": ("", "pass", "print('hello')"),
    "plugin.import_files": ("", "pass", "open(__file__ + '.log', 'w').close()"),
    "plugin.import_random": ("", "pass", "import numpy as np; np.random.seed(0)"),
    "plugin.import_torch": ("", "pass", "import torch; torch.set_default_dtype(torch.float64)"),
    "plugin.descriptor": "capable",
    "plugin.license": "bare",
    "plugin.config_signature": "other",
    "plugin.config_round_trip": "climbing",
    "plugin.config_unknown": "lenient",
}
