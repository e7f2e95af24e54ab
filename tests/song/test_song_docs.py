"""The page on pieces in bars says what the code does."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas
from orchestra_song import Plan, SongScore
from orchestra_song.checks import gates
from orchestra_song.modes import FUNCTIONS, MODES, chord
from orchestra_song.prior import MODE_PLACES, WIDTHS
from orchestra_song.rules import plan_of

PAGE = (Path(__file__).parents[2] / "docs" / "song.md").read_text(encoding="utf-8")
NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")


def rows(heading):
    """The first cell of every table row of a section with the rest of it."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|") and "---" not in line]
    return {first.strip().strip("`"): "|".join(rest).strip() for first, *rest in cells}


@pytest.mark.parametrize("name", list(SongScore(parts=("melody", "drums")).choices))
def test_every_choice_is_in_the_table_with_its_values_the_default_first(name):
    values = SongScore(parts=("melody", "drums")).choices[name]
    listed = rows("What may be chosen")[name]
    places = [
        re.search(rf"(?<![\w.]){re.escape(value if isinstance(value, str) else f'{value:g}')}(?![\w.]*\w)", listed)
        for value in values
    ]
    assert all(places), (listed, values)
    assert places[0].start() == min(place.start() for place in places)


def test_the_widths_of_the_prior_are_those_of_the_code():
    table = rows("Search and priors")
    for name, (width, octaves) in WIDTHS.items():
        assert re.match(rf"{width:g}( octaves| semitones)?$", table[name])
        assert octaves == ("octaves" in table[name])
    for mode, place in MODE_PLACES.items():
        assert f"{mode} {place:g}" in table["mode"]


def numeral(mode, degree):
    """The chord as theory names it: flat where its root is lower than in major, small where its third is minor."""
    root, third, _ = chord(mode, degree).pitch_classes
    plain = (0, 2, 4, 5, 7, 9, 11)[degree]
    name = NUMERALS[degree] if (third - root) % 12 == 4 else NUMERALS[degree].lower()
    return ("b" if root < plain else "") + name


@pytest.mark.parametrize("mode", MODES)
def test_the_chords_of_every_mode_are_in_the_table(mode):
    cells = [cell.strip() for cell in rows("The grammar")[mode].split("|")]
    functions = FUNCTIONS[mode]
    for cell, weighted in zip(cells, (functions.tonic, functions.subdominant, functions.dominant), strict=True):
        listed = cell.split(" (")[0].split(", ")
        assert listed == [numeral(mode, degree) for degree, _ in weighted]


def test_the_rules_of_the_page_are_those_of_the_code():
    table = rows("The rules")
    for valence, arousal in ((0.0, 0.0), (0.3, -0.2), (-0.4, 0.4)):
        plan = plan_of(Plan(), valence, arousal)
        for row, value, names in (
            ("register", plan.register, {"v": valence}),
            ("velocity", plan.level, {"a": arousal}),
            ("sounding part of the time between onsets", plan.articulation, {"a": arousal}),
            ("notes of the melody per second", plan.density, {"a": arousal}),
            ("tempo that bars are fitted near", plan.tempo, {"a": arousal}),
        ):
            formula = re.sub(r"(\d) ([va])\b", r"\1*\2", table[row].split(" (MIDI")[0]).replace("^", "**").replace("·", "*")
            assert eval(formula, {}, names) == pytest.approx(value), row
    assert table["mode"].startswith("major from v = 0 up")


def test_every_gate_is_in_the_table():
    score = SongScore().write(Brief(Canvas(duration=16.0), {}, torch.tensor([1])), {}, np.random.default_rng(1))
    listed = "".join(f"`{first}`" for first in rows("What a piece is held to"))
    assert set(gates(score)) | {"gate"} == set(re.findall(r"\w+", listed))
