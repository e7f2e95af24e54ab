"""Harmony: phrases, cadences, and a small grammar of tonic, subdominant and dominant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orchestra_song.modes import FUNCTIONS, Chord, Weighted, chord

Cadence = Literal["half", "open", "final"]
_PHRASE = 4
# Fewer chords than this are one phrase.
_TWO_PHRASES = 6
# Chances of the rules of the grammar.
_PROLONGED, _APPROACHED = 0.4, 0.75


@dataclass(frozen=True)
class Phrase:
    """One phrase.

    Parameters
    ----------
    chords : tuple of Chord
        One for each slot.
    cadence : {"half", "open", "final"}
        Ends on the dominant, on the tonic without rest in the melody, or at home.
    contrast : bool
        Whether it brings another motif first: the middle of a longer piece.
    restated : int
        How many of its first slots are those of the first phrase.
    """

    chords: tuple[Chord, ...]
    cadence: Cadence
    contrast: bool = False
    restated: int = 0


def harmonise(mode: str, progression: str, slots: int, generator: np.random.Generator) -> tuple[Phrase, ...]:
    r"""Return the phrases of a piece.

    Pieces of six chords and more have phrases of about four. The last one ends with the cadence of the mode, the one before
    it with a half cadence. Chords come from a grammar in the notation of Rohrmeier (2011), with the chances of `_tonic` and
    `_dominant`: TR -> TR TR | t DR t | t, DR -> SR d | DR d | d, SR -> SR s | s; a phrase is TR DR t, or TR DR at a half
    cadence. What stands for t, s and d in a mode is in `modes.FUNCTIONS`. A consequent takes over the opening of its
    antecedent (Caplin 1998).

    Parameters
    ----------
    mode : str
        In `modes.MODES`.
    progression : {"functional", "loop", "pedal"}
        The grammar; four chords over and over, up to each cadence; or the grammar over a tonic that stays in the bass.
    slots : int, >= 1
        Number of chords.
    generator : numpy.random.Generator
        Of the harmony.

    Returns
    -------
    tuple of Phrase

    References
    ----------
    .. [1] Rohrmeier, M. (2011). Towards a generative syntax of tonal harmony. Journal of Mathematics and Music, 5(1), 35-53.
    .. [2] Caplin, W. E. (1998). Classical Form. Oxford University Press.
    """
    loops = FUNCTIONS[mode].loops
    loop = loops[int(generator.integers(len(loops)))] if progression == "loop" else ()
    phrases: list[Phrase] = []
    lengths = phrase_lengths(slots)
    for index, length in enumerate(lengths):
        cadence = _cadence(index, len(lengths))
        contrast = len(lengths) >= 3 and index == len(lengths) - 2
        functions = _repeat_loop(loop, length) if loop else list(_phrase(length, cadence, generator))
        degrees = _close(_degrees(mode, functions, generator), mode, cadence, generator)
        restated = _restate(degrees, phrases, contrast, _kept(length, cadence))
        chords = tuple(chord(mode, degree, pedal=progression == "pedal" and one != "d") for degree, one in degrees)
        phrases.append(Phrase(chords, cadence, contrast, restated))
    return tuple(phrases)


def phrase_lengths(slots: int) -> list[int]:
    """Return the lengths of the phrases in chords; the later ones are longer where it does not come out even.

    Examples
    --------
    >>> phrase_lengths(4), phrase_lengths(8), phrase_lengths(11)
    ([4], [4, 4], [5, 6])
    """
    count = 1 if slots < _TWO_PHRASES else max(2, slots // _PHRASE)
    short, longer = divmod(slots, count)
    return [short] * (count - longer) + [short + 1] * longer


def _cadence(index: int, count: int) -> Cadence:
    if index == count - 1:
        return "final"
    return "half" if (count - 1 - index) % 2 else "open"


Function = str  # t, s or d; or a degree of a loop
_Step = tuple[int, Function]


def _phrase(length: int, cadence: Cadence, generator: np.random.Generator) -> Iterator[Function]:
    """Yield the functions of a phrase: TR DR t, or TR DR."""
    closed = cadence != "half"
    before = length - closed
    if before <= 0:
        yield "t"
        return
    opening = int(generator.integers(1, before)) if before >= 2 else 0
    yield from _tonic(opening, generator)
    yield from _dominant(before - opening, generator)
    if closed:
        yield "t"


def _tonic(length: int, generator: np.random.Generator) -> Iterator[Function]:
    """Yield a tonic region: TR -> TR TR | t DR t | t."""
    if length <= 1:
        yield from ["t"] * length
    elif length == 2 or generator.random() < _PROLONGED:
        first = int(generator.integers(1, length))
        yield from _tonic(first, generator)
        yield from _tonic(length - first, generator)
    else:
        yield "t"
        yield from _dominant(length - 2, generator)
        yield "t"


def _dominant(length: int, generator: np.random.Generator) -> Iterator[Function]:
    """Yield a dominant region: DR -> SR d | DR d | d."""
    if length <= 1:
        yield from ["d"] * length
    elif generator.random() < _APPROACHED:
        yield from ["s"] * (length - 1)
        yield "d"
    else:
        yield from _dominant(length - 1, generator)
        yield "d"


def _repeat_loop(loop: Sequence[int], length: int) -> list[Function]:
    return [str(loop[index % len(loop)]) for index in range(length)]


def _degrees(mode: str, functions: Sequence[Function], generator: np.random.Generator) -> list[_Step]:
    """Return a degree for each function; one that would only repeat the chord before is drawn once more."""
    known = {"t": FUNCTIONS[mode].tonic, "s": FUNCTIONS[mode].subdominant, "d": FUNCTIONS[mode].dominant}
    steps: list[_Step] = []
    for one in functions:
        drawn = [_draw(known[one], generator) for _ in range(2)] if one in known else [int(one)]
        repeats = bool(steps) and drawn[0] == steps[-1][0]
        steps.append((drawn[-1] if repeats else drawn[0], one))
    return steps


def _draw(weighted: Weighted, generator: np.random.Generator) -> int:
    degrees, weights = zip(*weighted, strict=True)
    return int(generator.choice(degrees, p=np.array(weights) / sum(weights)))


def _close(steps: list[_Step], mode: str, cadence: Cadence, generator: np.random.Generator) -> list[_Step]:
    """Return a phrase that begins on the tonic and ends with its cadence, whatever it was made of."""
    dominant = (_draw(FUNCTIONS[mode].dominant, generator), "d")
    ending = [dominant] if cadence == "half" else [dominant, (0, "t")]
    ending = ending[-len(steps) :]
    opening = steps[: len(steps) - len(ending)]
    return [*((0, "t") for _ in opening[:1]), *opening[1:], *ending]


def _kept(length: int, cadence: Cadence) -> int:
    """Return how many slots of a phrase are free of its cadence."""
    return max(length - (1 if cadence == "half" else 2), 0)


def _restate(steps: list[_Step], phrases: list[Phrase], contrast: bool, free: int) -> int:
    """Write the opening of the first phrase into a later one, and return its length."""
    if not phrases or contrast:
        return 0
    first = phrases[0]
    count = min(free, len(first.chords) // 2)
    steps[:count] = [(one.degree, "t" if one.pedal else "d") for one in first.chords[:count]]
    return count
