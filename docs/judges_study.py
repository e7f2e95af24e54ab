"""How good the judges are on music that they have not heard, how independent they are, and what moves them::

    python docs/judges_study.py --data path/to/data --soundfont FluidR3_GM.sf2 --cache cache

Writes the tables of ``docs/judges_study.md``. Everything is marked on the parts ``oracle`` of VGMIDI and Emotify, which no
judge learned from; the part ``final`` is never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from judges_audio import Data, Heard, audio_of
from judges_data import Rated, Sound, cached, moved
from judges_marks import DIMENSIONS, correlation, marks_of, with_intervals
from judges_recipes import RECIPES, AudioRecipe, Recipe
from judges_train import PIANO, options

from orchestra_core import Judge, Performance, build
from orchestra_judges.audio import SAMPLE_RATE
from orchestra_judges.weights import load_judge

_PAGE = Path(__file__).parent / "judges_study.md"
_SHUFFLES = 3
_SOUNDS = (Sound(-1), Sound(48), Sound(0, 1))
_EVERY = 2  # every second piece is also played with other sounds
_GAINED = 8  # pieces that are marked at other levels, to see that nothing moves
_GAINS = (0.25, 4.0)
_HEAD = """# How good the judges are

Made by `python docs/judges_study.py`. [Judges](judges.md) learned from the part `judges` of the partitions, oracles learn from
the part `oracle`; all marks here are on the part `oracle`, so no judge has seen these pieces, nor any of their games. Intervals
are of 95 %, by a bootstrap over games. Judges of sound hear five windows of 5 s of each piece, on the grand piano of FluidR3 GM
unless said; judges of notes read the whole score. The partial r of arousal is given valence, that of valence given arousal."""
_KEYS = ("r", "r2", "ccc", "partial_r")

Table = Mapping[str, np.ndarray]


def main() -> None:
    """Measure, and write the page."""
    torch.set_num_threads(1)
    arguments = options(__doc__).parse_args()
    data = Data(arguments.data, arguments.soundfont, arguments.cache)
    pieces = data.vgmidi("oracle")
    labels, games = np.stack([piece.labels for piece in pieces]), np.array([piece.group for piece in pieces])
    marked = {name: marks(name, data, pieces, PIANO) for name in names()}
    moves = {sound: {name: marks(name, data, pieces[::_EVERY], sound) for name in names()} for sound in _SOUNDS}
    some = {name: values[::_EVERY] for name, values in marked.items()}
    rest = (
        independence(marked, labels),
        other_sounds(moves, labels[::_EVERY]),
        movement(some, moves, labels.std(axis=0), loudness(data, pieces)),
        emotify(data),
    )
    parts = (held_out(marked, labels, games), controls(data, pieces), *rest)
    _PAGE.write_text("\n\n".join((_HEAD, *parts)) + "\n", encoding="utf-8")


def names() -> tuple[str, ...]:
    """Return the judges in the order of the tables."""
    return ("notes_judge", "cue_meter", "harmony_judge", "cochlear_judge", "recurrent_judge")


def marks(name: str, data: Data, pieces: Sequence[Rated], sound: Sound) -> np.ndarray:
    """Return what a shipped judge says of pieces played with a sound, on both dimensions, shape (pieces, 2)."""
    if name == "cue_meter":
        meter = build("judge", name).component
        return np.stack([_both(meter, Performance(score=moved(piece.score, sound.semitones))) for piece in pieces if piece.score])
    recipe = next(recipe for recipe in RECIPES if recipe.name == name)
    return _predicted(recipe, load_judge(name).arrays, recipe.heard(data, pieces, sound))


def held_out(marked: Table, labels: np.ndarray, games: np.ndarray) -> str:
    rows = []
    for name, values in marked.items():
        found = with_intervals(values, labels, games)
        for dimension in DIMENSIONS:
            shown = [_interval(found[dimension], key) for key in _KEYS]
            rows.append((name, dimension, *shown, "yes" if dimension in load_judge(name).card.qualified else "no"))
    mean = load_judge("notes_judge").card.mean
    baseline = marks_of(np.tile([mean[name] for name in DIMENSIONS], (len(labels), 1)), labels)
    rows += [("mean of what was learned", d, *(f"{baseline[d][key]:.2f}" for key in _KEYS), "") for d in DIMENSIONS]
    head = ("judge", "dimension", "r", "R²", "CCC", "partial r", "qualified")
    return f"## Held-out marks: {len(labels)} pieces of {len(set(games.tolist()))} games\n\n" + markdown_table(head, rows)


def controls(data: Data, pieces: Sequence[Rated]) -> str:
    rows = []
    for recipe in RECIPES:
        learned, held = recipe.learned(data), recipe.heard(data, pieces, PIANO)
        found = [marks_of(_shuffled(recipe, learned, held, seed, data), held.labels) for seed in range(_SHUFFLES)]
        for dimension in DIMENSIONS:
            r, r2 = (np.array([one[dimension][key] for one in found]) for key in ("r", "r2"))
            rows.append((recipe.name, dimension, f"{r.mean():.2f}", f"{r.min():.2f} .. {r.max():.2f}", f"{r2.mean():.2f}"))
    head = ("judge", "dimension", "r", "range", "R²")
    return f"## The same judges, labels shuffled between pieces ({_SHUFFLES} seeds)\n\n" + markdown_table(head, rows)


def independence(marked: Table, labels: np.ndarray) -> str:
    parts = []
    for column, dimension in enumerate(DIMENSIONS):
        errors = {name: _standard(values[:, column]) - _standard(labels[:, column]) for name, values in marked.items()}
        rows = [(name, *(f"{correlation(own, other):.2f}" for other in errors.values())) for name, own in errors.items()]
        parts.append(f"### {dimension.capitalize()}\n\n" + markdown_table(("", *errors), rows))
    return "## Correlation of their errors\n\n" + "\n\n".join(parts)


def other_sounds(moves: Mapping[Sound, Table], labels: np.ndarray) -> str:
    rows = []
    for name in names():
        found = [marks_of(table[name], labels) for table in moves.values()]
        rows.append((name, *(f"{one['arousal']['r']:.2f} / {one['valence']['r']:.2f}" for one in found)))
    return "## Arousal r / valence r with other sounds, every second piece\n\n" + markdown_table(
        ("judge", *(sound.name for sound in moves)), rows
    )


def movement(marked: Table, moves: Mapping[Sound, Table], spread: np.ndarray, gain: Table) -> str:
    rows = []
    for name, values in marked.items():
        shifts = [np.median(np.abs(table[name] - values), axis=0) / spread for table in moves.values()]
        rows.append((name, *(f"{shift[0]:.2f} / {shift[1]:.2f}" for shift in (gain[name] / spread, *shifts))))
    head = ("judge", "gain of 12 dB", *(sound.name for sound in moves))
    return "## Median move of arousal / valence, in standard deviations of the ratings\n\n" + markdown_table(head, rows)


def loudness(data: Data, pieces: Sequence[Rated]) -> dict[str, np.ndarray]:
    """Return by how much marks move, in the median, when the sound is played 12 dB louder or softer."""
    found = {}
    for name in names():
        judge, some = build("judge", name).component, pieces[:_GAINED]
        heard = [Performance(_levelled(audio_of(piece, PIANO, data)), SAMPLE_RATE, piece.score) for piece in some]
        plain = np.stack([_both(judge, one) for one in heard])
        louder = [np.stack([_both(judge, _gained(one, gain)) for one in heard]) for gain in _GAINS]
        found[name] = np.median(np.abs(np.concatenate([other - plain for other in louder])), axis=0)
    return found


def emotify(data: Data) -> str:
    songs = data.emotify("oracle")
    rows = []
    for recipe in RECIPES:
        if not isinstance(recipe, AudioRecipe):
            continue
        heard = recipe.heard(data, songs, PIANO)
        values = _predicted(recipe, load_judge(recipe.name).arrays, heard)
        for column, dimension in enumerate(DIMENSIONS):
            x, y = values[:, column], heard.labels[:, column]
            within = [correlation(x[heard.groups == genre], y[heard.groups == genre]) for genre in np.unique(heard.groups)]
            rows.append((recipe.name, dimension, f"{correlation(x, y):.2f}", f"{np.mean(within):.2f}"))
    title = f"## {len(songs)} real songs of Emotify, a corpus that no judge learned from: r with the proxies of induced emotion"
    return f"{title}\n\n" + markdown_table(("judge", "dimension", "pooled", "mean within genre"), rows)


def _predicted(recipe: Recipe, arrays: Mapping[str, np.ndarray], heard: Heard) -> np.ndarray:
    return np.clip(heard.mean(recipe.predict(arrays, heard.values)), -1.0, 1.0)


def _shuffled(recipe: Recipe, learned: Heard, held: Heard, seed: int, data: Data) -> np.ndarray:
    order = np.random.default_rng(seed).permutation(len(learned.labels))

    def make() -> np.ndarray:
        return _predicted(recipe, recipe.fit(replace(learned, labels=learned.labels[order])), held)

    return cached(data.cache / "shuffled", f"{recipe.name} {recipe.training} {seed}", make)


def _both(judge: Judge, performance: Performance) -> np.ndarray:
    found = judge._mark(performance)
    return np.array([found[name] for name in DIMENSIONS])


def _levelled(audio: np.ndarray) -> torch.Tensor:
    # The middle of the cue meter's range: there, 12 dB either way are heard as far as they are heard at all.
    return torch.from_numpy(audio * np.float32(0.1 / np.sqrt(np.mean(audio.astype(np.float64) ** 2))))


def _gained(performance: Performance, gain: float) -> Performance:
    return replace(performance, audio=None if performance.audio is None else gain * performance.audio)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _interval(found: Mapping[str, float], key: str) -> str:
    return f"{found[key]:.2f} ({found[f'{key}_low']:.2f} .. {found[f'{key}_high']:.2f})"


def markdown_table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
