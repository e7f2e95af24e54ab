"""The envelope: its contour in closed form, and how a piano sounds with it."""

import math

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Score, build
from orchestra_core.errors import ParameterError
from orchestra_plucked.percussive import Percussive

DURATION = torch.tensor([[2.0]])


def levels(*times: float, **start: float) -> list[float]:
    envelope = Percussive(**start)
    brief = Brief(Canvas(), {}, torch.tensor([1]))
    values = {parameter.name: parameter.initial for parameter in envelope.parameters(brief)}
    found: list[float] = envelope.levels(torch.tensor([[list(times)]]), DURATION, values)[0, 0].tolist()
    return found


def test_it_rises_to_one_along_the_curve():
    assert levels(0.0, 0.005, 0.01, attack=0.01, curve=4.0) == pytest.approx([0, (1 - math.exp(-2)) / (1 - math.exp(-4)), 1])


def test_it_falls_by_60_db_in_the_decay():
    assert levels(0.51, 1.01, attack=0.01, decay=1.0) == pytest.approx([10**-1.5, 10**-3], rel=1e-4)


def test_it_is_damped_from_the_end_of_the_note():
    free, damped, over = 1.0, 0.25, 0.0
    ringing = [10 ** (-3 * (time - 0.01) / 5.9) for time in (2.0, 2.1, 2.2)]
    expected = [ring * share for ring, share in zip(ringing, (free, damped, over), strict=True)]
    assert levels(2.0, 2.1, 2.2, attack=0.01, decay=5.9, damping=0.2) == pytest.approx(expected, abs=1e-5)


def test_a_piano_takes_it_by_name_and_fades():
    canvas = Canvas(duration=1.0, sample_rate=22_050)
    brief = Brief(canvas, {}, torch.tensor([1]), scores=(Score((Note(60, 0.0, 1.0),)),))
    rest = {}
    for name, config in {"adsr": {}, "percussive": {"decay": 0.4}}.items():
        spec = {"name": "piano_adsr", "config": {"envelope": {"name": name, "config": config}}}
        piano = build("instrument", spec).component
        audio = piano.render({p.name: p.initial for p in piano.parameters(brief)}, canvas)[0]
        rest[name] = float(audio[canvas.samples // 2 :].square().sum() / audio.square().sum())
    assert rest["percussive"] < 0.01 * rest["adsr"]


def test_a_start_outside_its_range_is_refused():
    with pytest.raises(ParameterError, match="decay starts at 9"):
        Percussive(decay=9.0)
