"""Measure what each idea of the system is worth, by taking them away, and what an oracle gains that keeps time.

    orchestra deam prepare path/to/vgmidi -o prepared/vgmidi --features mel --soundfont gm.sf2
    python docs/ablations.py --store prepared/vgmidi [--seeds 3] [--trainings 2] [--output out/ablations]

Writes docs/ablations.md. Every piece is a row of a file in the output folder when it is done, and not composed again; without
``--store`` the two networks are left out unless their rows are there. It takes some ten minutes of one core.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ablations_page import NETWORKS, RATES, STEPS, write_page
from ablations_parts import Distance, GatedSines, distance_of, optimise_lengths, played, render_lengths

from orchestra_battery.markers import Marker, installed_judges
from orchestra_battery.marking import marks_of
from orchestra_core import Brief, Canvas, Oracle, Performance, Pipeline, Result, Score, build
from orchestra_core.contracts.randomness import score_generator
from orchestra_core.pipeline.export import export
from orchestra_deam.preparation.several import open_corpora
from orchestra_deam.training.settings import PRESETS
from orchestra_deam.workflow import train_on
from orchestra_piano.config import published_envelope, published_piano
from orchestra_staged.config import REFERENCE

DIMENSIONS, LEVELS = ("arousal", "valence"), (-0.6, 0.0, 0.6)
DURATION = 5.0
#: One loudness for all: a piece that is exported louder where more arousal is asked would tell judges the answer.
CANVAS = Canvas(duration=DURATION).with_loudness("matched")
MELODY = {"name": "melody", "config": {"densities": [2.0], "modes": ["major"], "registers": ["middle"]}}
#: The published stages, each with its share of the steps.
SHARES = [replace(one, steps=round(STEPS * one.steps / sum(s.steps for s in REFERENCE.stages))) for one in REFERENCE.stages]
TRAINING = {"epochs": 10, "windows": 8, "frames": 108, "batch": 16}
#: Of central differences, in s.
STEP = 0.002


@dataclass(frozen=True)
class Piece:
    """A piece, and how it came about: how many steps were made, and which of them could not be used."""

    performance: Performance
    steps: int
    lost: tuple[int, ...]
    samples: tuple[int, ...] = ()


#: Composes a piece for requests by dimension and a seed.
Composer = Callable[[Mapping[str, float], int], Piece]


def main() -> None:
    """Compose, mark, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="VGMIDI, prepared with --features mel")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trainings", type=int, default=2, help="of each network; one composes the pieces of one seed")
    parser.add_argument("--output", type=Path, default=Path("out/ablations"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows = Rows(arguments.output / "rows.jsonl")
    judges = installed_judges(None)
    oracle = build("oracle", "deam_cnn").component
    for seed in range(arguments.seeds):
        rows.get(f"lengths {seed}", lambda seed=seed: gradients(oracle, seed))
    for name, compose in systems(oracle).items():
        measure(rows, name, oracle, compose, arguments.seeds, judges)
    for name in NETWORKS if arguments.store else ():
        for seed in range(arguments.trainings):
            network = trained(rows, name, seed, arguments.store, arguments.output)
            measure(rows, name, network, present(network), (seed,), judges)
    write_page(Path(__file__).with_suffix(".md"), list(rows), judges, arguments.seeds)


class Rows:
    """What was measured, by name, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known = {row["name"]: row for row in map(json.loads, lines)}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._known.values())

    def get(self, name: str, measured: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return a row, which is measured only where it is not there."""
        if name not in self._known:
            self._known[name] = {"name": name, **measured()}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._known[name]) + "\n")
        return self._known[name]


def measure(
    rows: Rows, system: str, oracle: Oracle, compose: Composer, seeds: int | tuple[int, ...], judges: tuple[Marker, ...]
) -> None:
    """Compose a piece for every cell and seed, and have it marked."""
    cells = list(enumerate(itertools.product(LEVELS, LEVELS)))
    for seed, (cell, levels) in itertools.product(range(seeds) if isinstance(seeds, int) else seeds, cells):
        asked = dict(zip(DIMENSIONS, levels, strict=True))

        def one(asked: Mapping[str, float] = asked, seed: int = seed, cell: int = cell) -> dict[str, Any]:
            began = time.process_time()
            piece = compose(asked, seed)
            taken = time.process_time() - began
            return {"system": system, "cell": cell, "seed": seed, "seconds": taken, **described(piece, oracle, asked, judges)}

        rows.get(f"{system} {cell} {seed}", one)


def described(piece: Piece, oracle: Oracle, asked: Mapping[str, float], judges: tuple[Marker, ...]) -> dict[str, Any]:
    """Return everything that is kept of a piece, as plain values."""
    audio, rate = piece.performance.audio, piece.performance.sample_rate
    with torch.no_grad():
        heard = {name: float(reading[0]) for name, reading in oracle.read(audio[None], rate).items()}
    return {
        "requests": dict(asked),
        "targets": {d.name: d.reading(asked[d.name]) for d in oracle.dimensions},
        "scale": {d.name: [d.mean, d.sd] for d in oracle.dimensions},
        "marks": {"oracle": heard, **marks_of(piece.performance, judges)},
        "steps": piece.steps,
        "lost": list(piece.lost),
        "samples": list(piece.samples),
        "duration": len(audio) / rate,
    }


def systems(oracle: Oracle) -> dict[str, Composer]:
    """Return the ablations and the present system, by the names of the page."""
    distance = Distance(oracle)
    literal = {"form": "literal", **{k: v for k, v in vars(published_envelope()).items() if k != "form"}}
    voice = {"partials": 1, "edges": "literal", "quietest": 0.0}
    broken, whole = (
        {"name": "piano_adsr", "config": {**voice, "envelope": {"name": "adsr", "config": own}}} for own in (literal, {})
    )
    return {
        "A": lengths(oracle),
        "B": fixed(GatedSines(), distance, joint()),
        "C": fixed(broken, distance, joint()),
        "C continuous": fixed(whole, distance, joint()),
        "D": fixed(broken, {"name": "match", "config": {"oracle": "deam_cnn"}}, SHARES),
        "D continuous": fixed(whole, {"name": "match", "config": {"oracle": "deam_cnn"}}, SHARES),
        "D as published": published(),
        "present": present(oracle),
    }


def joint() -> list[Any]:
    """Return one stage that moves everything, as the last one of the published system."""
    return [replace(REFERENCE.stages[-1], weights={}, steps=STEPS)]


def fixed(instrument: Any, objective: Any, stages: list[Any]) -> Composer:
    """Return a composer that plays the melody of the seed on a canvas and moves it in stages."""
    schedule = {"name": "staged", "config": {"search": 0, "stages": [vars(stage) for stage in stages]}}
    return composer(Pipeline(instrument=instrument, objective=objective, score=MELODY, schedule=schedule))


def published() -> Composer:
    """Return a composer by the published system as it was: its own notes, which start as it starts them, and its faults."""
    piano = {"name": "piano_adsr", "config": vars(published_piano())}
    schedule = {"name": "staged", "config": {"search": 0, "stages": [vars(stage) for stage in SHARES]}}
    return composer(Pipeline(instrument=piano, oracle="deam_cnn", score="reference", schedule=schedule))


def present(oracle: Oracle) -> Composer:
    """Return a composer by the default instrument, schedule and melody, which is searched too."""
    return composer(Pipeline(instrument="piano_adsr", oracle=oracle, score="melody", schedule="staged"))


def composer(pipeline: Pipeline) -> Composer:
    """Return a composer by a pipeline."""

    def compose(asked: Mapping[str, float], seed: int) -> Piece:
        result = pipeline.compose(targets=dict(asked), seed=seed, canvas=CANVAS)
        return Piece(Performance(torch.as_tensor(result.audio), result.sample_rate, result.notes), *progress(result))

    return compose


def progress(result: Result) -> tuple[int, tuple[int, ...]]:
    """Return how many steps were made, and which of them had no finite loss or gradient."""
    events = (result.history["event"] != "").to_numpy()
    return len(events), tuple(int(step) for step in np.flatnonzero(events))


def lengths(oracle: Oracle) -> Composer:
    """Return a composer that plays the melody of the seed as notes of directly parameterised length."""
    dimensions = {dimension.name: dimension for dimension in oracle.dimensions}

    def compose(asked: Mapping[str, float], seed: int) -> Piece:
        written, targets = melody(seed), {name: dimensions[name].reading(level) for name, level in asked.items()}
        found = optimise_lengths(written, oracle, targets, STEPS, RATES)
        length, loud = torch.tensor(found.length), torch.tensor(found.amplitude)
        audio = render_lengths(written, length, loud, CANVAS.sample_rate)
        exported = export(audio[None], CANVAS, CANVAS.loudness).audio[0].float()
        notes = played(written, found.length, found.amplitude)
        lost = () if found.broke is None else (found.broke,)
        return Piece(Performance(exported, CANVAS.sample_rate, notes), len(found.samples), lost, tuple(found.samples))

    return compose


def melody(seed: int) -> Score:
    """Return the melody that a pipeline writes for a seed."""
    source = build("score", MELODY).component
    choice = {name: values[0] for name, values in source.choices.items()}
    return source.write(Brief(CANVAS, {}, torch.tensor([seed])), choice, score_generator(seed))


def gradients(oracle: Oracle, seed: int) -> dict[str, Any]:
    """Return how the distance to one corner changes with the length of each note, as torch says and as it is."""
    score, rate = melody(seed), min(oracle.sample_rates)
    targets = {dimension.name: dimension.reading(LEVELS[-1]) for dimension in oracle.dimensions}
    canvas, piano = Canvas(DURATION, rate), GatedSines()
    values = {p.name: p.initial for p in piano.parameters(Brief(canvas, {}, torch.tensor([seed]), scores=(score,)))}

    def free(length: torch.Tensor) -> torch.Tensor:
        return distance_of(render_lengths(score, length, values["amplitude"][0], rate), oracle, targets)

    def on_canvas(length: torch.Tensor) -> torch.Tensor:
        return distance_of(piano.render({**values, "duration": length[None]}, canvas)[0], oracle, targets)

    start = values["duration"][0]
    return {name: both_gradients(loss, start) for name, loss in (("A", free), ("B", on_canvas))}


def both_gradients(loss: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor) -> dict[str, list[float]]:
    """Return the gradient of a loss by torch, and by central differences of `STEP` seconds."""
    length = start.clone().requires_grad_()
    loss(length).backward()
    with torch.no_grad():
        moves = STEP * torch.eye(len(start))
        differences = [float(loss(start + move) - loss(start - move)) / (2 * STEP) for move in moves]
    return {"torch": length.grad.tolist(), "differences": differences}


def trained(rows: Rows, model: str, seed: int, store: Path, output: Path) -> Oracle:
    """Return a network as an oracle, trained where its weights are not there."""
    folder = output / f"{model}-{seed}"
    weights = folder / f"{model}.safetensors"

    def train() -> dict[str, Any]:
        settings = replace(PRESETS["three_conv"], model=model, seed=seed, **TRAINING)
        began = time.process_time()
        outcome = train_on(open_corpora([store]), settings, folder)
        marks = outcome.marks["all renderings"].pieces
        return {"network": model, "seed": seed, "seconds": time.process_time() - began, "r": [marks[d]["r"] for d in DIMENSIONS]}

    rows.get(f"network {model} {seed}", train)
    config = {"model": model, "weights": str(weights), "reads": "clips"}
    return build("oracle", {"name": "deam_cnn", "config": config}).component


if __name__ == "__main__":
    main()
