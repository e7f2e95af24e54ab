"""What is no music, or made by rules, as long as a piece by default: what distances from people's music are tried on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import soundfile
import torch
from judges_audio import Data
from judges_data import Rated, Sound, play, window_of

from orchestra_core import Brief, Canvas, Note, Performance, Score, build
from orchestra_judges.audio import SAMPLE_RATE

#: How long it is, in s.
LENGTH = 16.0
#: How many of each kind.
COUNT = 50
_SOUNDS = (Sound(-1), Sound())
_LEVELS = (-0.4, -0.2, 0.0, 0.2, 0.4)

Disturb = Callable[[Score, np.random.Generator], Score]


def performances(kind: str, pieces: Sequence[Rated], data: Data) -> Iterator[Performance]:
    """Yield performances of a kind in `KINDS`, made of human pieces where the kind is one that disturbs them."""
    if kind == "white noise":
        for seed in range(COUNT):
            noise = np.random.default_rng(seed).standard_normal(round(LENGTH * SAMPLE_RATE)).astype(np.float32)
            yield Performance(torch.from_numpy(0.1 * noise), SAMPLE_RATE)
        return
    scores = ruled() if kind == "rules" else disturbed(_DISTURB[kind], pieces)
    for number, score in enumerate(itertools.islice(scores, COUNT)):
        sound = _SOUNDS[0] if kind == "rules" else _SOUNDS[number % len(_SOUNDS)]
        audio = play([score], sound, data.soundfont, LENGTH)[0]
        yield Performance(torch.from_numpy(audio.astype(np.float32)), SAMPLE_RATE, score)


def recorded_songs(data: Data, length: float) -> Iterator[Performance]:
    """Yield the beginnings of every second song of Emotify, part ``oracle``."""
    for song in data.emotify("oracle")[::2]:
        if song.recording is not None:
            audio, rate = soundfile.read(song.recording, dtype="float32", always_2d=True)
            yield Performance(torch.from_numpy(audio[: round(length * rate)].mean(axis=1)), rate)


def disturbed(disturb: Disturb, pieces: Sequence[Rated]) -> Iterator[Score]:
    """Yield a span of each piece, disturbed."""
    for seed, piece in enumerate(pieces):
        generator = np.random.default_rng(seed)
        if piece.score is not None:
            latest = max(note.onset for note in piece.score.notes) - LENGTH
            score = window_of(piece.score, generator.uniform(0.0, max(latest, 0.0)), LENGTH)
            if score is not None:
                yield disturb(score, generator)


def ruled() -> Iterator[Score]:
    """Yield what the score source ``rules`` writes over the plane, with two seeds."""
    source = build("score", "rules").component
    for seed, (arousal, valence) in enumerate([*itertools.product(_LEVELS, _LEVELS)] * 2):
        targets = {"arousal": torch.tensor([arousal]), "valence": torch.tensor([valence])}
        brief = Brief(Canvas(duration=LENGTH), targets, torch.tensor([seed]))
        score = source.write(brief, {}, np.random.default_rng(seed))
        yield replace(score, notes=tuple(note for note in score.notes if not note.part.drums))


def _any_notes(score: Score, generator: np.random.Generator) -> Score:
    return _changed(
        score,
        pitch=generator.integers(36, 97, len(score.notes)),
        onset=generator.uniform(0.0, LENGTH - 1.0, len(score.notes)),
        duration=generator.uniform(0.1, 1.0, len(score.notes)),
    )


def _permuted(score: Score, generator: np.random.Generator) -> Score:
    return _changed(score, pitch=generator.permutation([note.pitch for note in score.notes]))


def _scattered(score: Score, generator: np.random.Generator) -> Score:
    away = generator.integers(-6, 7, len(score.notes))
    return _changed(score, pitch=np.array([note.pitch for note in score.notes]) + away)


def _one_note(score: Score, generator: np.random.Generator) -> Score:
    return _changed(score, pitch=np.full(len(score.notes), float(generator.integers(48, 84))))


def _changed(score: Score, **columns: np.ndarray) -> Score:
    def note(index: int) -> Note:
        return replace(score.notes[index], **{name: float(column[index]) for name, column in columns.items()})

    return replace(score, notes=tuple(note(index) for index in range(len(score.notes))))


_DISTURB: Mapping[str, Disturb] = {
    "random notes": _any_notes,
    "every note moved by -6 to 6 semitones": _scattered,
    "pitches permuted": _permuted,
    "all notes on one pitch": _one_note,
}
#: Everything there is to try.
KINDS = ("white noise", *_DISTURB, "rules")
