"""Train the shipped judges: fit each on the part ``judges``, mark it on the part ``oracle``, write weights and card::

    python docs/judges_train.py --data path/to/data --soundfont FluidR3_GM.sf2 --cache cache [JUDGE ...]

``--data`` holds the folders ``vgmidi``, ``emotify`` and ``eerola2013``. Recipes were chosen by leaving one game out within
the part ``judges``; the part ``final`` is never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from judges_audio import Data, Heard
from judges_cues import fit_cue_meter
from judges_data import Rated, Sound
from judges_marks import DIMENSIONS, Marks, marks_of, out_of_group, with_intervals
from judges_recipes import RECIPES, SEED, Recipe

from orchestra_core import Performance
from orchestra_judges.config import RESEARCH_ONLY, VGMIDI
from orchestra_judges.cue_meter import CueMeter
from orchestra_judges.weights import Card, qualified, save_judge, shipped_path

#: Cards have the marks on the grand piano of a soundfont, for judges that hear.
PIANO = Sound()


def main() -> None:
    """Train the judges that are named, or all."""
    torch.set_num_threads(1)
    arguments = options(__doc__).parse_args()
    data = Data(arguments.data, arguments.soundfont, arguments.cache)
    trainers = {recipe.name: lambda recipe=recipe: train(recipe, data) for recipe in RECIPES}
    trainers["cue_meter"] = lambda: train_cue_meter(data)
    for name in arguments.judges or trainers:
        print(f"{name}\n{described(trainers[name]())}", flush=True)


def options(text: str | None) -> argparse.ArgumentParser:
    """Return the options that training and study share."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("judges", nargs="*")
    return parser


def train(recipe: Recipe, data: Data) -> Card:
    """Fit a judge, mark it on pieces it has not seen, write its weights and card."""
    learned, pieces = recipe.learned(data), data.vgmidi("oracle")
    arrays = recipe.fit(learned)
    held = recipe.heard(data, pieces, PIANO)
    metrics = with_intervals(held.mean(recipe.predict(arrays, held.values)), held.labels, held.groups)
    return save_judge(shipped_path(recipe.name), arrays, marked(card_of(recipe, learned), metrics, pieces))


def train_cue_meter(data: Data) -> Card:
    """Fit the cue meter, mark it on the notes of pieces it has not seen, write its coefficients and card."""
    coefficients, card = fit_cue_meter(data.folder / "eerola2013")
    path, pieces = shipped_path("cue_meter"), data.vgmidi("oracle")
    save_judge(path, coefficients, card)
    meter = CueMeter(path)
    marks = np.array([list(meter._mark(Performance(score=piece.score)).values()) for piece in pieces])
    labels, games = np.stack([piece.labels for piece in pieces]), np.array([piece.group for piece in pieces])
    return save_judge(path, coefficients, marked(card, with_intervals(marks, labels, games), pieces))


def marked(card: Card, metrics: Marks, pieces: Sequence[Rated]) -> Card:
    """Return a card with held-out marks, and what they qualify for."""
    games = {piece.group for piece in pieces}
    split = {**card.split, "held out": f"{len(pieces)} pieces of {len(games)} games of VGMIDI, part oracle"}
    return replace(card, metrics=metrics, qualified=qualified(metrics), split=split)


def card_of(recipe: Recipe, learned: Heard) -> Card:
    """Return a card without held-out marks: what was learned from, and how well the recipe does when a game is left out."""
    games = sorted(set(learned.groups.tolist()))
    mean, sd = learned.labels.mean(axis=0), learned.labels.std(axis=0)
    return Card(
        architecture=recipe.name,
        data="VGMIDI (Ferreira and Whitehead 2019), part judges",
        license=RESEARCH_ONLY,
        citation=VGMIDI,
        split={"learned": f"{len(learned.labels)} pieces of {len(games)} games", "games": games},
        training={**recipe.training, "seed": SEED, "marks by leaving one game out": by_game(recipe, learned)},
        mean={name: round(float(mean[i]), 4) for i, name in enumerate(DIMENSIONS)},
        sd={name: round(float(sd[i]), 4) for i, name in enumerate(DIMENSIONS)},
        front_end=recipe.front_end,
        features=recipe.features,
    )


def by_game(recipe: Recipe, learned: Heard) -> Marks:
    """Return the marks of a recipe by leaving one game out: what recipes are chosen by."""

    def fit(learn: np.ndarray, leave: np.ndarray) -> np.ndarray:
        held = learned.of(leave)
        return held.mean(recipe.predict(recipe.fit(learned.of(learn)), held.values))

    found = marks_of(out_of_group(learned.groups, fit), learned.labels)
    return {name: {key: round(value, 4) for key, value in marks.items()} for name, marks in found.items()}


def described(card: Card) -> str:
    """Return the marks of a card in a few lines."""
    lines = []
    for name, marks in card.metrics.items():
        shown = ", ".join(f"{key} {marks[key]:.3f}" for key in ("r", "r2", "ccc", "partial_r"))
        lines.append(f"  {name:8} {shown}; r in [{marks['r_low']:.3f}, {marks['r_high']:.3f}]")
    return "\n".join([*lines, f"  qualified on {', '.join(card.qualified) or 'nothing'}"])


if __name__ == "__main__":
    main()
