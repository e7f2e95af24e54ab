"""Measure the rules and the blind prior over the plane, without any optimisation, and draw pieces as piano rolls.

    python docs/song_study.py [--seeds 3] [--rows rows.jsonl]

Writes docs/song_study.md and docs/images/song_rolls.png. Every piece is a row in the file of rows when it is done, and not
computed again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from orchestra_core import Brief, Canvas, Performance, Pipeline, Score, build, get_registry, verdicts
from orchestra_song import SongScore
from orchestra_song.checks import gates

HERE = Path(__file__).resolve().parent
LEVELS = (-0.8, -0.4, 0.0, 0.4, 0.8)
DIMENSIONS = ("arousal", "valence")
ORACLE = "deam_cnn"
#: Nothing is moved: the score is played as it is written.
AS_WRITTEN = {"name": "staged", "config": {"search": 0, "stages": [{"name": "as written", "groups": ["all"], "steps": 0}]}}
BAND = {"name": "ensemble", "config": {"voices": {"piano": "piano_adsr", "drums": "percussion"}, "gains": {"drums": -6.0}}}
WITH_DRUMS = ["melody", "harmony", "bass", "drums"]
#: A piano that starts alike whatever is asked.
BLIND = {"name": "piano_adsr", "config": {"blind": True, "envelope": {"name": "adsr", "config": {"blind": True}}}}
#: What is measured, by name: instrument and score.
SYSTEMS: Mapping[str, tuple[Any, Any]] = {
    "rules": ("piano_adsr", "rules"),
    "rules, with drums": (BAND, {"name": "rules", "config": {"parts": WITH_DRUMS}}),
    "blind prior": (BLIND, {"name": "song", "config": {"draws": 1}}),
}
PICTURES = (
    ("major, by default", {}),
    ("minor, slow, low, legato", {"mode": "minor", "register": 55.0, "tempo": 66.0, "density": 1.0, "articulation": 0.98}),
    ("phrygian, dense, staccato", {"mode": "phrygian", "density": 8.0, "articulation": 0.45, "level": 0.9}),
    ("lydian in 6/8, arpeggio", {"mode": "lydian", "metre": "6/8", "texture": "arpeggio", "register": 76.0}),
)
COLOURS = {"melody": "#b5332a", "harmony": "#3274a8", "bass": "#3a8a4d"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--rows", type=Path, default=Path(tempfile.gettempdir()) / "song_study.jsonl")
    asked = options.parse_args()
    torch.set_num_threads(1)
    draw(HERE / "images" / "song_rolls.png")
    rows = list(measured(asked.rows, asked.seeds))
    (HERE / "song_study.md").write_text(page(rows, asked.seeds), encoding="utf-8")


def measured(path: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every piece, those of the file first."""
    known = {row["piece"]: row for row in map(json.loads, path.read_text().splitlines())} if path.exists() else {}
    judges = {entry.name: build("judge", entry.name).component for entry in get_registry().entries("judge")}
    for name, (instrument, score) in SYSTEMS.items():
        pipeline = Pipeline(instrument=instrument, score=score, oracle=ORACLE, schedule=AS_WRITTEN)
        for valence in LEVELS:
            for arousal in LEVELS:
                for seed in range(seeds):
                    piece = f"{name} {valence:+.1f} {arousal:+.1f} {seed}"
                    if piece not in known:
                        known[piece] = {"piece": piece, "system": name, **one(pipeline, valence, arousal, seed, judges)}
                        with path.open("a", encoding="utf-8") as file:
                            file.write(json.dumps(known[piece]) + "\n")
                    yield known[piece]


def one(pipeline: Pipeline, valence: float, arousal: float, seed: int, judges: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of one piece and what its oracle, the judges and the gates say."""
    start = time.perf_counter()
    # Each cell has seeds of its own, so that no two pieces share a tonic or a motif by design.
    number = 1000 * seed + round(50 * (valence + 1)) + round(5 * (arousal + 1))
    result = pipeline.compose(valence=valence, arousal=arousal, seed=number)
    seconds = time.perf_counter() - start
    said = verdicts(Performance(torch.as_tensor(result.audio), result.sample_rate, result.notes), judges)
    marks = {f"oracle {ORACLE}": dict(result.readings), **{v.judge: dict(v.marks) for v in said if v.marks}}
    failed = sorted(name for name, gate in gates(result.notes).items() if not gate.passed)
    return {"valence": valence, "arousal": arousal, "marks": marks, "failed": failed, "seconds": seconds}


def page(rows: list[dict[str, Any]], seeds: int) -> str:
    """Return the page."""
    cells = len(LEVELS) ** 2
    text = [
        "# What the rules reach",
        "",
        f"`python docs/song_study.py` made this page. {cells} requests, every combination of "
        f"{', '.join(f'{w:g}' for w in LEVELS)} in valence and arousal, with {seeds} seeds each; pieces of 16 s, played as "
        "written and not optimised. r is the correlation of a mark with the request, slope its change per unit of request, and "
        "cross the change per unit of the *other* request, with its sign; the cross of [the battery](battery.md) is a share of "
        "the slope, without one. The battery's rules are pieces of other seeds, marked as their saved files are and not in "
        "memory before the export: its figures differ a little from these.",
        "",
        "The blind prior draws every choice by the seed alone, and its piano starts alike whatever is asked: what it shows is "
        "chance. A cell is empty where a judge does not qualify.",
        "",
        "| score | marked by | arousal r | slope | cross | valence r | slope | cross |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in SYSTEMS:
        own = [row for row in rows if row["system"] == name]
        text += [f"| {name} | {judge} | {' | '.join(marks_of(own, judge))} |" for judge in sorted(own[0]["marks"])]
    failed = sum(bool(row["failed"]) for row in rows)
    text += ["", f"Gates of `orchestra_song.checks`: {len(rows) - failed} of {len(rows)} pieces pass all of them."]
    return "\n".join([*text, ""])


def marks_of(rows: list[dict[str, Any]], judge: str) -> Iterator[str]:
    """Yield r, slope and cross slope of a judge's marks of each dimension."""
    asked = np.array([[row[name] for name in DIMENSIONS] for row in rows])
    for column, name in enumerate(DIMENSIONS):
        marks = np.array([row["marks"][judge].get(name, np.nan) for row in rows])
        if np.isnan(marks).any():
            yield from ("", "", "")
            continue
        slopes = np.linalg.lstsq(np.column_stack([asked, np.ones(len(asked))]), marks, rcond=None)[0]
        yield from (f"{np.corrcoef(asked[:, column], marks)[0, 1]:.2f}", f"{slopes[column]:.2f}", f"{slopes[1 - column]:.2f}")


def draw(path: Path) -> None:
    """Write the pictures of some pieces."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 5.2), sharex=True, layout="constrained")
    brief = Brief(Canvas(duration=16.0), {}, torch.tensor([3]))
    for axis, (title, choice) in zip(axes.flat, PICTURES, strict=True):
        _roll(axis, SongScore(key="D").write(brief, choice, np.random.default_rng(3)), title)
    for axis in axes[-1]:
        axis.set_xlabel("time (s)", fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("MIDI pitch", fontsize=8)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _roll(axis: Any, score: Score, title: str) -> None:
    bar = score.metre[0] * 4 / score.metre[1] * 60 / score.tempo
    for place in np.arange(0.0, 16.0, bar):
        axis.axvline(place, color="#dddddd", linewidth=0.6, zorder=0)
    for note in score.notes:
        span = [note.onset, note.onset + note.duration]
        colour = COLOURS[note.part.name]
        axis.plot(span, [note.pitch] * 2, color=colour, alpha=0.3 + 0.7 * note.velocity, linewidth=2.2, solid_capstyle="butt")
    axis.set_title(f"{title}: {score.key}, {score.tempo:.0f}", fontsize=9)
    axis.tick_params(labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
