"""Fixtures that the tests of files, runs and reports share."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.pipeline.result import ParameterValue, Result

RATE = 8_000


@pytest.fixture
def make_result() -> Callable[..., Result]:
    """Return a maker of small, complete results: a decaying tone that an optimisation moved towards its targets."""
    return _make_result


def _make_result(**changes) -> Result:
    seed, steps = changes.get("seed", 7), 40
    time = np.arange(RATE) / RATE
    valence = np.linspace(-0.2, 0.29, steps)
    arousal = np.linspace(0.1, 0.13, steps)
    history = pd.DataFrame({"stage": ["first"] * 25 + ["second"] * 15, "step": [*range(25), *range(15)], "event": ""})
    history["loss"] = (10 * (valence - 0.3)) ** 2
    history["term.valence"], history["term.arousal"] = history["loss"], (10 * (arousal - 0.1)) ** 2
    history["reading.valence"], history["reading.arousal"] = valence, arousal
    fields = {
        "audio": (0.5 * np.exp(-3 * time) * np.sin(2 * np.pi * 440 * time)).astype(np.float32),
        "canvas": Canvas(duration=1.0, sample_rate=RATE),
        "seed": seed,
        "targets": {"valence": 0.3, "arousal": 0.1},
        "readings": {"valence": 0.29, "arousal": 0.13},
        "dimensions": (Dimension("arousal", -1, 1, "1", -0.06, 0.17), Dimension("valence", -1, 1, "1", 0.12, 0.16)),
        "gain": 0.42,
        "notes": Score((Note(60.0, 0.0, 0.5), Note(67.0, 0.5, 0.4, 0.6, Part("bass", 32))), 96.0, (3, 4), "A minor"),
        "choice": {"density": "dense"},
        "parameters": (
            ParameterValue("onset", "timing", "s", "when", 0.0, 4.0, np.array([0.1, 0.5]), np.array([0.2, 0.4]), False),
            ParameterValue("pitch", "score", "MIDI number", "", 0.0, 127.0, np.array([60.0, 67]), np.array([60.0, 67]), True),
        ),
        "history": history,
        "messages": ("Arousal 0.10 was asked and 0.13 reached.",),
        "recipe": {"pipeline": {"instrument": {"name": "tone", "config": {"partials": 2}}}, "items": [{"seed": seed}]},
        "word": "happy",
    }
    return Result(**{**fields, **changes})
