"""Train the shipped judges: fit each on the part ``judges``, mark it on the part ``oracle``, write weights and card::

    python docs/judges_train.py --data path/to/data --soundfont FluidR3_GM.sf2 --cache cache [JUDGE ...]

``--data`` holds the folders ``vgmidi``, ``emotify`` and ``eerola2013``. Recipes were chosen by leaving one game out within
the part ``judges``; the part ``final`` is never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from judges_data import Rated, Sound, vgmidi_pieces
from judges_marks import DIMENSIONS, marks_of, out_of_group, with_intervals
from sklearn.ensemble import ExtraTreesRegressor

from orchestra_core import Judge, Performance, build
from orchestra_judges.config import EEROLA, RESEARCH_ONLY, VGMIDI
from orchestra_judges.cues import CUES
from orchestra_judges.forest import forest_arrays, pack_forest
from orchestra_judges.note_features import note_features
from orchestra_judges.notes import NoteArrays, notes_of
from orchestra_judges.notes_judge import WINDOW, note_table
from orchestra_judges.weights import Card, qualified, save_judge, shipped_path

SEED = 0
#: Held-out marks of a card are on the grand piano of a soundfont, for judges that hear.
HELD_OUT = Sound()
# Directions that Eerola, Friberg and Bresin (2013) found, as constraints on the forest of notes.
RISING = {
    "arousal": ("onsets_per_s", "notes_per_s", "bass_notes_per_s", "treble_notes_per_s", "log_onsets", "log_notes", "staccato"),
    "valence": ("mode", "parallel_mode", "bass_mode", "third", "sixth", "seventh", "chord_major", "chord_mode", "thirds_major"),
}
FALLING = {
    "arousal": ("interval_median", "interval_shortest", "duration_mean", "articulation"),
    "valence": ("flat_second", "chord_minor", "chord_diminished"),
}

Fit = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Data:
    """Where the data sets, the soundfont and the cache are."""

    folder: Path
    soundfont: Path
    cache: Path

    def vgmidi(self, part: str) -> list[Rated]:
        return vgmidi_pieces(self.folder / "vgmidi", part)


def labels_of(pieces: Sequence[Rated]) -> np.ndarray:
    return np.stack([piece.labels for piece in pieces])


def groups_of(pieces: Sequence[Rated]) -> np.ndarray:
    return np.array([piece.group for piece in pieces])


def notes_of_piece(piece: Rated) -> NoteArrays:
    if piece.score is None:
        raise ValueError(f"{piece.name} has no notes.")
    return notes_of(piece.score)


# --- notes_judge


def note_features_of(pieces: Sequence[Rated], lengths: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of all windows of some lengths, and the number of each window's piece."""
    tables = [np.concatenate([note_table(notes_of_piece(piece), length) for length in lengths]) for piece in pieces]
    return np.concatenate(tables), np.repeat(np.arange(len(pieces)), [len(table) for table in tables])


def fit_note_forest(features: np.ndarray, labels: np.ndarray, piece: np.ndarray, dimension: str) -> ExtraTreesRegressor:
    """Return a forest; every piece weighs the same, however long it is."""
    forest = ExtraTreesRegressor(
        60, max_leaf_nodes=32, min_samples_leaf=3, max_features=0.4, monotonic_cst=directions(dimension), random_state=SEED
    )
    return forest.fit(features, labels[piece, DIMENSIONS.index(dimension)], sample_weight=1 / np.bincount(piece)[piece])


def directions(dimension: str) -> list[int]:
    """Return 1 for features that may only raise a dimension, -1 for those that may only lower it, else 0."""
    return [int(name in RISING[dimension]) - int(name in FALLING[dimension]) for name in note_feature_names()]


def note_feature_names() -> tuple[str, ...]:
    three = NoteArrays(np.array([60.0, 64.0, 67.0]), np.arange(3.0), np.ones(3), np.full(3, 0.8))
    return tuple(note_features(three))


def train_notes(data: Data) -> tuple[Mapping[str, np.ndarray], Card]:
    pieces = data.vgmidi("judges")
    labels, lengths = labels_of(pieces), (WINDOW / 2, WINDOW)
    features, piece = note_features_of(pieces, lengths)
    forests = {name: pack_forest(fit_note_forest(features, labels, piece, name).estimators_) for name in DIMENSIONS}
    whole, owner = note_features_of(pieces, (WINDOW,))

    def fit(learn: np.ndarray, held: np.ndarray) -> np.ndarray:
        inside = learn[piece]
        number = np.unique(piece[inside], return_inverse=True)[1]
        models = [fit_note_forest(features[inside], labels[learn], number, name) for name in DIMENSIONS]
        marked = np.stack([model.predict(whole) for model in models], axis=1)
        return np.stack([marked[owner == index].mean(axis=0) for index in np.flatnonzero(held)])

    card = vgmidi_card("notes_judge", pieces, fit)
    recipe = {"forest": "60 extremely randomised trees of 32 leaves, monotonic in the cues of Eerola et al. 2013"}
    front_end = f"{len(note_feature_names())} features of the notes in windows of {WINDOW:g} s"
    return forest_arrays(forests), replace(
        card, front_end=front_end, features=note_feature_names(), training={**card.training, **recipe, "windows_s": lengths}
    )


# --- cue_meter


def eerola_table(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return the cues of 200 settings in the meter's units, the proxies of their ratings in [-1, 1], and their melodies."""
    import pandas as pd

    table = pd.merge(
        *(pd.read_csv(folder / f"{name}.tab", sep="\t") for name in ("design_matrix", "mean_emotion_ratings")), on="Nro"
    )
    level = {name: table[name].to_numpy() - 1 for name in ("Register", "Mode", "Tempo", "Soundlevel", "Articulation")}
    cues = {
        "density": np.log2(np.array([1.2, 2, 2.8, 4.4, 6]))[level["Tempo"]],
        "level": np.array([-1.0, -0.5, 0.0, 0.5, 1.0])[level["Soundlevel"]],
        "staccato": np.array([0.0, 0.25, 0.5, 0.75])[level["Articulation"]],
        "mode": np.array([1.0, -1.0])[level["Mode"]],
        "register": (np.array([53.0, 59, 65, 71, 77, 83])[level["Register"]] - 65) / 12,
    }
    happy, sad, scary, peaceful = (table[name].to_numpy() for name in ("Happy", "Sad", "Scary", "Peaceful"))
    proxies = np.stack([happy + scary - sad - peaceful, happy + peaceful - sad - scary], axis=1) / 12
    return cues, proxies, table["Melody"].to_numpy()


def train_cue_meter(data: Data) -> tuple[Mapping[str, np.ndarray], Card]:
    cues, proxies, melodies = eerola_table(data.folder / "eerola2013")
    designs = {name: np.stack([np.ones(len(proxies)), *(cues[cue] for cue in CUES[name])], axis=1) for name in DIMENSIONS}

    def coefficients(rows: np.ndarray) -> dict[str, np.ndarray]:
        each = {name: np.linalg.lstsq(designs[name][rows], proxies[rows, i], rcond=None)[0] for i, name in enumerate(DIMENSIONS)}
        return {name: values.astype(np.float32) for name, values in each.items()}

    def fit(learn: np.ndarray, held: np.ndarray) -> np.ndarray:
        fitted = coefficients(learn)
        return np.stack([designs[name][held] @ fitted[name] for name in DIMENSIONS], axis=1)

    marked = out_of_group(melodies, fit)
    within = [marks_of(marked[melodies == one], proxies[melodies == one]) for one in np.unique(melodies)]
    r = {name: round(float(np.mean([marks[name]["r"] for marks in within])), 4) for name in DIMENSIONS}
    return coefficients(np.ones(len(proxies), dtype=bool)), Card(
        architecture="cue_meter",
        data="Eerola, Friberg and Bresin 2013: mean ratings of 200 settings of musical cues; no audio",
        license="CC0",
        citation=EEROLA,
        split={"learned": "200 settings", "held out": "VGMIDI, part oracle"},
        training={
            "fit": "least squares; arousal: half of happy + scary - sad - peaceful, valence: half of happy + peaceful - sad - "
            "scary, both over 6",
            "r within melodies, by leaving one of four melodies out": r,
        },
        mean={name: round(float(proxies[:, i].mean()), 4) for i, name in enumerate(DIMENSIONS)},
        sd={name: round(float(proxies[:, i].std()), 4) for i, name in enumerate(DIMENSIONS)},
        front_end="cues measured on notes, and the level of sound where there is sound",
        features=tuple(f"{name}: intercept, {', '.join(cues)}" for name, cues in CUES.items()),
    )


# --- what all share


def vgmidi_card(judge: str, pieces: Sequence[Rated], fit: Fit) -> Card:
    """Return a card with what was learned from, and how well the recipe does when a game is left out."""
    labels, groups = labels_of(pieces), groups_of(pieces)
    folds = marks_of(out_of_group(groups, fit), labels)
    rounded = {name: {key: round(folds[name][key], 4) for key in ("r", "r2", "ccc", "partial_r")} for name in DIMENSIONS}
    return Card(
        architecture=judge,
        data="VGMIDI (Ferreira and Whitehead 2019), part judges",
        license=RESEARCH_ONLY,
        citation=VGMIDI,
        split={"learned": f"{len(pieces)} pieces of {len(set(groups.tolist()))} games", "games": sorted(set(groups.tolist()))},
        training={"seed": SEED, "marks by leaving one game out": rounded},
        mean={name: round(float(labels[:, i].mean()), 4) for i, name in enumerate(DIMENSIONS)},
        sd={name: round(float(labels[:, i].std()), 4) for i, name in enumerate(DIMENSIONS)},
    )


def mark_all(judge: Judge, performances: Sequence[Performance]) -> np.ndarray:
    """Return what a judge says of performances on both dimensions, qualified or not, shape (performances, 2)."""
    return np.array([[judge._mark(one)[name] for name in DIMENSIONS] for one in performances])


def performances_of(judge: Judge, pieces: Sequence[Rated], data: Data, sound: Sound = HELD_OUT) -> list[Performance]:
    if "audio" not in judge.needs:
        return [Performance(score=piece.score) for piece in pieces]
    from judges_audio import audio_of

    return [Performance(torch.from_numpy(audio_of(piece, sound, data)), 22_050) for piece in pieces]


def ship(judge: str, data: Data) -> Card:
    """Train a judge, mark it on pieces it has not seen, and write its weights and card."""
    arrays, card = TRAINERS[judge](data)
    path = shipped_path(judge)
    save_judge(path, arrays, card)
    component = build("judge", judge).component
    pieces = data.vgmidi("oracle")
    marked = mark_all(component, performances_of(component, pieces, data))
    metrics = with_intervals(marked, labels_of(pieces), groups_of(pieces))
    held = f"{len(pieces)} pieces of {len(set(groups_of(pieces).tolist()))} games of VGMIDI, part oracle"
    return save_judge(
        path, arrays, replace(card, metrics=metrics, qualified=qualified(metrics), split={**card.split, "held out": held})
    )


TRAINERS: Mapping[str, Callable[[Data], tuple[Mapping[str, np.ndarray], Card]]] = {
    "notes_judge": train_notes,
    "cue_meter": train_cue_meter,
}


def main() -> None:
    """Train the judges that are named, or all."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("judges", nargs="*", default=list(TRAINERS))
    arguments = parser.parse_args()
    data = Data(arguments.data, arguments.soundfont, arguments.cache)
    for judge in arguments.judges:
        card = ship(judge, data)
        for name, marks in card.metrics.items():
            shown = ", ".join(f"{key} {marks[key]:.3f}" for key in ("r", "r2", "ccc", "partial_r"))
            print(f"{judge:16} {name:8} {shown}; r in [{marks['r_low']:.3f}, {marks['r_high']:.3f}]")
        print(f"{judge:16} qualified on {', '.join(card.qualified) or 'nothing'}")


if __name__ == "__main__":
    main()
