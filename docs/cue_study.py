"""Measure which cues of a piece in bars the oracle and each judge follow, on pieces whose cues are drawn independently.

Writes ``docs/cue_study.md``. Run it from the root of the checkout::

    python docs/cue_study.py [--pieces 600] [--rows rows.jsonl]

Nothing is asked and nothing optimised. Pieces that are in the file of rows are not computed again. It takes some minutes of one
core.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from trust.page import paragraph, table

from orchestra_core import Canvas, Performance, Score, build, get_registry, verdicts
from orchestra_piano import PianoAdsr
from orchestra_song.compose import compose
from orchestra_song.modes import MODES
from orchestra_song.plan import CONTOURS, PROGRESSIONS, TEXTURES, Plan
from orchestra_song.prior import MODE_PLACES
from orchestra_song.streams import Streams

DURATION, RATE = 16.0, 44_100
#: Cues that are numbers: range, and whether they are drawn in octaves.
RANGES: Mapping[str, tuple[float, float, bool]] = {
    "register": (50.0, 84.0, False),
    "density": (0.5, 8.0, True),
    "articulation": (0.25, 0.98, False),
    "level": (0.3, 0.92, False),
    "tempo": (60.0, 200.0, True),
}
SOUND: Mapping[str, tuple[float, float, bool]] = {
    "brightness": (-22.0, -3.0, False),
    "partial_decay": (0.2, 5.0, False),
    "attack": (0.0015, 0.09, True),
    "decay": (0.03, 0.45, False),
    "sustain": (0.32, 0.88, False),
    "release": (0.08, 0.9, False),
}
NAMED: Mapping[str, Sequence[str]] = {"texture": TEXTURES, "progression": PROGRESSIONS, "contour": CONTOURS}
ORACLES: Mapping[str, Any] = {"the oracle": "deam_cnn", "three_conv": {"name": "deam_cnn", "config": {"model": "three_conv"}}}
DIMENSIONS = ("arousal", "valence")


def main() -> None:
    """Measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pieces", type=int, default=600)
    parser.add_argument("--rows", type=Path, default=Path(tempfile.gettempdir()) / "cue_study.jsonl")
    parser.add_argument("--page", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = list(measured(arguments.rows, arguments.pieces))
    arguments.page.write_text(describe(rows), encoding="utf-8")


def measured(path: Path, pieces: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every piece, those of the file first."""
    known = list(map(json.loads, path.read_text().splitlines())) if path.exists() else []
    yield from known[:pieces]
    judges = {entry.name: build("judge", entry.name).component for entry in get_registry().entries("judge")}
    oracles = {name: build("oracle", spec).component for name, spec in ORACLES.items()}
    for seed in range(len(known), pieces):
        row = one(seed, judges, oracles)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        yield row


def one(seed: int, judges: Mapping[str, Any], oracles: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cues of one piece and what is read of it, in SD of each one's labels."""
    generator = np.random.default_rng(seed)
    cues = {name: _drawn(generator, *limits) for name, limits in RANGES.items()}
    sound = {name: _drawn(generator, *limits) for name, limits in SOUND.items()}
    named = {name: str(generator.choice(values)) for name, values in NAMED.items()}
    plan = Plan(mode=str(generator.choice(MODES)), tonic=int(generator.integers(12)), **named, **cues)
    score = compose(plan, DURATION, Streams.of(generator))
    audio = PianoAdsr().perform(score, Canvas(duration=DURATION, sample_rate=RATE), settings=sound)
    audio = 0.9 * audio / audio.abs().max()
    return {"cues": {"mode": plan.mode, **cues, **sound, **named}, "marks": _marks(audio, score, judges, oracles)}


def _drawn(generator: np.random.Generator, low: float, high: float, octaves: bool) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))) if octaves else generator.uniform(low, high))


def _marks(
    audio: torch.Tensor, score: Score, judges: Mapping[str, Any], oracles: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    with torch.no_grad():
        for name, oracle in oracles.items():
            read = oracle.read(audio[None], RATE)
            found[name] = {one.name: float(read[one.name][0]) / one.sd for one in oracle.dimensions}
    for verdict in verdicts(Performance(audio, RATE, score), judges):
        scales = {one.name: one.sd for one in judges[verdict.judge].dimensions}
        found[verdict.judge] = {name: mark / scales[name] for name, mark in verdict.marks.items()}
    return found


def describe(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the page."""
    lines = [
        "# Which cues they follow",
        "",
        paragraph(
            f"""Made by `python docs/cue_study.py --pieces {len(rows)}`: {len(rows)} pieces of {DURATION:g} s by the grammar of
            [`song`](song.md), whose cues are drawn independently over their whole ranges, played by `piano_adsr`. A regression of
            readings and marks on all cues at once; a number is by how many standard deviations of the ratings a reading rises
            when a cue rises by one standard deviation of its range (octaves for notes per second, tempo and attack; the mode as
            its place on the ladder from phrygian to lydian). Errors of the numbers are about 0.02. R2 is what all of it
            explains; the rest is melody, harmony and how cues act together."""
        ),
        "",
        paragraph(
            """Where an oracle follows a cue less than a judge does, or more, the judge hears what nobody asked for. The default
            oracle hardly follows the register in valence, unlike listeners and the cue meter; in arousal it follows it about
            as much as `cochlear_judge` and half as much as `recurrent_judge`. It cannot hear the level, which the loudness of
            the file carries."""
        ),
    ]
    for dimension in DIMENSIONS:
        lines += ["", f"## {dimension.capitalize()}", "", *_slopes(rows, dimension)]
    return "\n".join(lines) + "\n"


def _slopes(rows: Sequence[Mapping[str, Any]], dimension: str) -> list[str]:
    names, design = _design(rows)
    heard = [name for name, marks in rows[0]["marks"].items() if dimension in marks]
    columns = []
    for name in heard:
        marks = np.array([row["marks"][name][dimension] for row in rows])
        found = np.linalg.lstsq(design, marks, rcond=None)[0]
        explained = 1 - float(((marks - design @ found) ** 2).sum() / ((marks - marks.mean()) ** 2).sum())
        columns.append([*(f"{value:+.2f}" for value in found[:-1]), f"{explained:.2f}", f"{marks.std():.2f}"])
    return table(
        ["cue", *heard], [[cue, *values] for cue, *values in zip([*names, "R2", "SD of the readings"], *columns, strict=True)]
    )


def _design(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], np.ndarray]:
    """Return names of cues and their standardised values, with a column of ones."""
    columns: dict[str, np.ndarray] = {"mode": np.array([MODE_PLACES[row["cues"]["mode"]] for row in rows])}
    for name, (_, _, octaves) in {**RANGES, **SOUND}.items():
        values = np.array([row["cues"][name] for row in rows])
        columns[name.replace("_", " ")] = np.log2(values) if octaves else values
    for name, values in NAMED.items():
        for value in values[1:]:
            columns[f"{value} {name}"] = np.array([float(row["cues"][name] == value) for row in rows])
    standardised = [(column - column.mean()) / column.std() for column in columns.values()]
    return list(columns), np.column_stack([*standardised, np.ones(len(rows))])


if __name__ == "__main__":
    main()
