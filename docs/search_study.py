"""Measure what a search over the choices of a score is worth, with and without its prior, against other ways of choosing.

Writes ``docs/search_study.md``. Run it from the root of the checkout::

    python docs/search_study.py [--seeds 1] [--output out/search]

Every way composes the same requests from the same seeds, and is followed by the same gradient stages. Pieces that are there
already are only read. It takes about a quarter of an hour of one core.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from trust.page import paragraph, table

from orchestra_core import Performance, Pipeline, build, get_registry, verdicts

DIMENSIONS = ("arousal", "valence")
LEVELS = (-0.8, 0.0, 0.8)
PLAIN = {"finalists": 1, "finalist_steps": 0, "survivors": 1}
#: By name: the score, the schedule, and what it is.
WAYS: Mapping[str, tuple[Any, Any, str]] = {
    "rules, as written": (
        "rules",
        {"name": "staged", "config": {"search": 0, "stages": [{"name": "as written", "steps": 0}]}},
        "the page of rules, nothing chosen and nothing moved",
    ),
    "rules": ("rules", {"name": "staged", "config": {"search": 0}}, "the page of rules, then the gradient"),
    "staged": ("song", "staged", "64 combinations spread evenly, then the gradient"),
    "draws": (
        "song",
        {"name": "search", "config": {**PLAIN, "candidates": 104}},
        "104 draws from the prior, then the gradient",
    ),
    "loss alone": (
        "song",
        {"name": "search", "config": {"prior": 0.0}},
        "`search` that draws from its prior and ranks by the loss alone",
    ),
    "strong prior": (
        "song",
        {"name": "search", "config": {"prior": 1.0}},
        "`search` in which what is unlikely costs ten times as much",
    ),
    "blind search": ("song", {"name": "search", "config": {"blind": True}}, "`search` that never looks at the prior"),
    "search": ("song", "search", "the default"),
}
#: What the tables of the committed page show.
_FINDINGS = """Every search comes as near to what the oracle is asked. What judges make of it differs within the error of nine
pieces. Drawing from the prior may help in valence on `harmony_judge` (0.91, the blind search 0.78) and `recurrent_judge` (0.88,
0.68); `notes_judge` goes the other way (0.83, 0.90), and the cue meter stays (0.76). Ranking by the prior shows no difference:
neither none of it (loss alone) nor ten times as much (strong prior) is told from the default."""
#: What 104 draws are held against.
_EFFORT = """The 104 draws are about as many evaluations as `search` makes before the gradient stages: at most 110, which are 64
draws, three rounds of eight neighbours, and two finalists of ten steps and a last look each."""

READING = "reading."
COLUMNS = ["way", "what it is", "arousal, chosen", "valence, chosen", "arousal", "valence", "worst", "s"]


def main() -> None:
    """Compose, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("out/search"))
    parser.add_argument("--page", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = list(composed(arguments.output / "rows.jsonl", arguments.seeds))
    page = describe(rows, arguments.seeds)
    arguments.page.write_text(page, encoding="utf-8")
    print(page)


def composed(path: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every piece, those of the file first."""
    known = {row["piece"]: row for row in map(json.loads, path.read_text().splitlines())} if path.exists() else {}
    judges = {entry.name: build("judge", entry.name).component for entry in get_registry().entries("judge")}
    for name, (score, schedule, _) in WAYS.items():
        pipeline = Pipeline(score=score, schedule=schedule, instrument="piano_adsr")
        for valence, arousal, seed in itertools.product(LEVELS, LEVELS, range(seeds)):
            piece = f"{name} {valence:+.1f} {arousal:+.1f} {seed}"
            if piece not in known:
                known[piece] = {"piece": piece, "way": name, **one(pipeline, valence, arousal, seed, judges)}
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(known[piece]) + "\n")
            yield known[piece]


def one(pipeline: Pipeline, valence: float, arousal: float, seed: int, judges: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of a piece, how far it is from it in label SD, after the search and in the end, and judges' marks."""
    started = time.process_time()
    result = pipeline.compose(valence=valence, arousal=arousal, seed=seed)
    seconds = time.process_time() - started
    scales = {dimension.name: float(dimension.sd or 1.0) for dimension in pipeline.parts.objective.dimensions}
    history = result.history
    chosen = history[history["stage"] == "search"] if len(history) else history
    first = chosen.loc[chosen["loss"].idxmin()] if len(chosen) else history.iloc[0] if len(history) else None
    read = {name: result.readings[name] if first is None else float(first[READING + name]) for name in DIMENSIONS}
    said = verdicts(Performance(torch.as_tensor(result.audio), result.sample_rate, result.notes), judges)
    return {
        "asked": [arousal, valence],
        "marks": {verdict.judge: dict(verdict.marks) for verdict in said if verdict.marks},
        "chosen": [abs(read[name] - result.targets[name]) / scales[name] for name in DIMENSIONS],
        "final": [abs(result.readings[name] - result.targets[name]) / scales[name] for name in DIMENSIONS],
        "seconds": seconds,
    }


def describe(rows: list[dict[str, Any]], seeds: int) -> str:
    """Return the page."""
    count = len(LEVELS) ** 2 * seeds
    lines = [
        "# What the search is worth",
        "",
        paragraph(
            f"""Made by `python docs/search_study.py --seeds {seeds}`: {count} pieces of 16 s by each way, requests of -0.8, 0 and
            0.8 in both dimensions, played by `piano_adsr`. Errors are mean absolute distances of the default oracle's reading
            from the target, in standard deviations of its ratings; after the choice of a score, and after the gradient stages.
            The time is that of one processor, per piece."""
        ),
        "",
        *table(COLUMNS, list(cells(rows))),
        "",
        paragraph(_EFFORT),
        "",
        paragraph(
            f"""An error of 0 only says that the oracle is reached. r of judges' marks with the request, on the dimensions they
            qualify on; the standard error of an r of 0.8 is {0.36 / np.sqrt(count - 1):.2f} with so few pieces.
            [The battery](battery.md) has more."""
        ),
        "",
        *table(["judge", "dimension", *WAYS], list(followed(rows))),
        "",
        paragraph(_FINDINGS),
    ]
    return "\n".join(lines) + "\n"


def cells(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    """Yield a row of the table for each way."""
    for name, (_, _, text) in WAYS.items():
        own = [row for row in rows if row["way"] == name]
        chosen, final = (np.array([row[key] for row in own]) for key in ("chosen", "final"))
        seconds = np.mean([row["seconds"] for row in own])
        errors = (*chosen.mean(0), *final.mean(0), final.max())
        label = f"`{name}`" if name in ("search", "staged", "rules") else name
        yield [label, text, *(f"{error:.2f}" for error in errors), f"{seconds:.0f}"]


def followed(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    """Yield a row for each judge and dimension: r with the request, by way."""
    for judge in sorted({name for row in rows for name in row["marks"]}):
        for column, dimension in enumerate(DIMENSIONS):
            if dimension in build("judge", judge).component.qualified:
                found = []
                for name in WAYS:
                    own = [row for row in rows if row["way"] == name]
                    marks = [row["marks"][judge][dimension] for row in own]
                    found.append(f"{np.corrcoef([row['asked'][column] for row in own], marks)[0, 1]:.2f}")
                yield [judge, dimension, *found]


if __name__ == "__main__":
    main()
