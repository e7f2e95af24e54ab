"""Measure what a consensus of oracles and robustness to small changes buy, on oracles and judges that were not optimised.

Writes ``docs/objectives_study.md``. Run it from the root of the checkout::

    python docs/objectives_study.py [--seeds 2] [--output out/objectives]

Every objective composes the same requests from the same seeds, with the same short search and the same steps. Pieces that are
there already are only read. It takes some minutes of one core.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from trust.page import paragraph, table

from orchestra_core import Judge, Performance, Pipeline, Request, build, get_registry, read_audio
from orchestra_core.io.midi import read_midi
from orchestra_match.transforms import COUNT, Draw, Ranges, tail_length, transform

DIMENSIONS = ("arousal", "valence")
LEVELS = (-0.6, 0.0, 0.6)
THREE_CONV = {"name": "deam_cnn", "config": {"model": "three_conv"}}
CONSENSUS = {"name": "consensus", "config": {"oracles": ["deam_cnn", THREE_CONV], "caution": 0.5}}
OBJECTIVES: Mapping[str, Any] = {
    "match": "match",
    "consensus": CONSENSUS,
    "robust": {"name": "robust", "config": {"validation": 2}},
}
STAGE = {"name": "expression", "groups": ["dynamics", "envelope", "timbre"], "learning_rate": 0.1, "steps": 25}
SCHEDULE = {"name": "staged", "config": {"stages": [STAGE], "search": 16}}
#: Transforms that no objective has seen.
_UNSEEN, _SEED = 6, 90_210


@dataclass(frozen=True)
class Pieces:
    """The pieces of one objective: their folders, requests (pieces, 2) and seconds of processor time per piece, if timed."""

    folders: Sequence[Path]
    requests: np.ndarray
    seconds: float | None


def main() -> None:
    """Compose, mark, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("out/objectives"))
    parser.add_argument("--page", type=Path, default=Path(__file__).with_suffix(".md"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    made = {name: compose(name, arguments.output / name.replace(" ", "_"), arguments.seeds) for name in OBJECTIVES}
    page = describe(made, arguments.seeds)
    arguments.page.write_text(page, encoding="utf-8")
    print(page)


def compose(name: str, output: Path, seeds: int) -> Pieces:
    """Compose what is not there yet."""
    cells = list(itertools.product(LEVELS, LEVELS, range(seeds)))
    requests = [Request({"arousal": arousal, "valence": valence}, seed) for arousal, valence, seed in cells]
    folders = [output / f"{number:03d}" for number in range(len(cells))]
    timing = output / "seconds.txt"
    if not (folders[-1] / "report.html").exists():
        started, resumed = time.process_time(), (output / "run.json").exists()
        pipeline = Pipeline(objective=OBJECTIVES[name], score="melody", schedule=SCHEDULE)
        pipeline.compose_many(requests, directory=output, resume=resumed)
        if not resumed:  # what was interrupted is not timed
            timing.write_text(f"{(time.process_time() - started) / len(cells)}", encoding="utf-8")
    seconds = float(timing.read_text(encoding="utf-8")) if timing.exists() else None
    return Pieces(folders, np.array([cell[:2] for cell in cells]), seconds)


def describe(made: Mapping[str, Pieces], seeds: int) -> str:
    """Return the page."""
    count = len(LEVELS) ** 2 * seeds
    lines = [
        "# What robust objectives buy",
        "",
        paragraph(
            f"""Made by `python docs/objectives_study.py --seeds {seeds}`: {count} pieces of 5 s by each objective, requests of
            -0.6, 0 and 0.6 in both dimensions (request scale), `piano_adsr` and `melody`, a search over 16 scores and 25
            steps. `consensus` asks the default oracle and `three_conv`; `robust` uses two fixed transforms. The standard error of
            r, (1 - r^2) / sqrt(n - 1), is {_error(0.9, count):.2f} at 0.9 and {_error(0.7, count):.2f} at 0.7: smaller
            differences mean nothing. See [Objectives](objectives.md) for what they are."""
        ),
        "",
        "## What others hear",
        "",
        paragraph(
            """r of readings and marks with the request. The default oracle is optimised by all, `three_conv` by the consensus
            only, judges by none. Judges mark the dimensions that they qualify on."""
        ),
        "",
        *table(["heard by", "dimension", *made], list(heard(made))),
        "",
        "## Errors, and what small changes do to them",
        "",
        paragraph(
            f"""Mean absolute error of the default oracle in label SD: of the piece as it is, and after {_UNSEEN} transforms that
            no objective has seen (shift, tilt, band limit, light reverberation, noise); the mean absolute change between the two;
            and processor time, where a run was not interrupted."""
        ),
        "",
        *table(["objective", "dimension", "error", "error after changes", "change", "s per piece"], list(errors(made))),
    ]
    return "\n".join(lines) + "\n"


def heard(made: Mapping[str, Pieces]) -> list[list[str]]:
    """Return a row per listener and dimension: r with the request for each objective."""
    rows = []
    for label, spec in {"default oracle": "deam_cnn", "three_conv": THREE_CONV}.items():
        oracle = build("oracle", spec).component
        readings = {name: read(oracle, pieces)[:, 0] for name, pieces in made.items()}
        for i, dimension in enumerate(DIMENSIONS):
            each = (correlation(readings[name][:, i], pieces.requests[:, i]) for name, pieces in made.items())
            rows.append([label, dimension, *each])
    for entry in get_registry().entries("judge"):
        judge = build("judge", entry.name).component
        marks = {name: [judge.mark(performance(folder, judge)) for folder in pieces.folders] for name, pieces in made.items()}
        for i, dimension in enumerate(DIMENSIONS):
            if dimension in judge.qualified:
                given = {name: np.array([one[dimension] for one in marks[name]]) for name in made}
                each = (correlation(given[name], pieces.requests[:, i]) for name, pieces in made.items())
                rows.append([f"judge `{entry.name}`", dimension, *each])
    return rows


def errors(made: Mapping[str, Pieces]) -> list[list[str]]:
    """Return a row per objective and dimension: errors of the default oracle, and their change."""
    oracle = build("oracle", "deam_cnn").component
    named = {dimension.name: dimension for dimension in oracle.dimensions}
    rows = []
    for name, pieces in made.items():
        readings = read(oracle, pieces, _UNSEEN)
        for i, dimension in enumerate(DIMENSIONS):
            asked = np.array([named[dimension].reading(request) for request in pieces.requests[:, i]])[:, None]
            sd = named[dimension].sd or 1.0
            plain, after = np.abs(readings[:, :1, i] - asked) / sd, np.abs(readings[:, 1:, i] - asked) / sd
            change = np.abs(readings[:, 1:, i] - readings[:, :1, i]) / sd
            figures = (
                f"{plain.mean():.2f}",
                f"{after.mean():.2f}",
                f"{change.mean():.2f}",
                f"{pieces.seconds:.1f}" if pieces.seconds else "",
            )
            rows.append([name, dimension, *figures])
    return rows


def read(oracle: Any, pieces: Pieces, changes: int = 0) -> np.ndarray:
    """Return readings (pieces, 1 + changes, 2) of the saved files, as they are and after each unseen transform."""
    rows = []
    for folder in pieces.folders:
        audio, rate = read_audio(folder / "audio.wav", 22_050)
        sounds = [audio.reshape(1, -1), *(_changed(audio.reshape(1, -1), rate, number) for number in range(changes))]
        with torch.no_grad():
            readings = oracle.read(torch.cat(sounds), rate)
        rows.append(np.stack([readings[name].numpy() for name in DIMENSIONS], axis=1))
    return np.stack(rows)


def performance(folder: Path, judge: Judge) -> Performance:
    """Return what a judge needs of a saved piece."""
    score = read_midi(folder / "notes.mid") if "notes" in judge.needs else None
    if "audio" not in judge.needs:
        return Performance(score=score)
    audio, rate = read_audio(folder / "audio.wav")
    return Performance(audio.reshape(-1), rate, score)


def _error(r: float, count: int) -> float:
    return (1 - r**2) / (count - 1) ** 0.5


def correlation(first: np.ndarray, second: np.ndarray) -> str:
    """Return r in words."""
    return f"{np.corrcoef(first, second)[0, 1]:.2f}"


def _changed(audio: torch.Tensor, rate: int, number: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(_SEED + number)
    numbers = (torch.rand(1, COUNT, generator=generator), torch.randn(1, tail_length(rate), generator=generator))
    return transform(audio, rate, Ranges(), Draw(*numbers, torch.randn(audio.shape, generator=generator)))


if __name__ == "__main__":
    main()
