"""The committed partitions: which groups of a corpus oracles learn from, judges learn from, and nobody does until the end."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from importlib import resources

import numpy as np

from orchestra_core.errors import ConfigurationError, UnknownNameError

#: Oracles learn from the first and judges from the second; the last is opened once, for the final marks.
PARTS = ("oracle", "judges", "final")
#: How the songs of Emotify were drawn; `draw_partition` with these makes the committed file again.
EMOTIFY_SHARES: Mapping[str, float] = {"oracle": 0.6, "judges": 0.2, "final": 0.2}
EMOTIFY_SEED = 2016
#: The published split of a corpus without a committed partition: a fifth of its songs is held out, drawn from this seed.
HELD_OUT_SHARE, HELD_OUT_SEED = 0.2, 42


def read_partition(corpus: str) -> dict[str, str]:
    """Return the committed partition of a corpus: the part (``oracle``, ``judges`` or ``final``) of each group.

    Parameters
    ----------
    corpus : {"vgmidi", "emotify"}
        The corpus.

    Returns
    -------
    dict
        Part by group.

    Raises
    ------
    UnknownNameError
        There is no partition of that corpus.
    """
    known = _committed()
    if corpus not in known:
        raise UnknownNameError(f"There is no partition of {corpus!r}; there are partitions of {', '.join(known)}.")
    path = resources.files("orchestra_deam").joinpath("partitions", f"{corpus}.json")
    parts: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))["parts"]
    return {group: part for part, groups in parts.items() for group in groups}


def parts_of(corpus: str, groups: Mapping[str, str]) -> dict[str, str]:
    """Return the part of each song of a corpus.

    Parameters
    ----------
    corpus : str
        Its name. VGMIDI and Emotify have a committed partition; of others a fifth of the songs is held out by
        `published_split`, as the part ``judges``, and nothing is kept for the end.
    groups : dict
        The group of each song.

    Returns
    -------
    dict
        Part by song.

    Raises
    ------
    ConfigurationError
        A group is in no part of the committed partition.
    """
    if corpus not in _committed():
        held_out = set(published_split(groups)[1])
        return {song: "judges" if song in held_out else "oracle" for song in groups}
    partition = read_partition(corpus)
    for song, group in groups.items():
        if group not in partition:
            raise ConfigurationError(f"Group {group!r} of {song!r} is in no part of the partition; name it in one.")
    return {song: partition[group] for song, group in groups.items()}


def published_split(
    songs: Iterable[str], share: float = HELD_OUT_SHARE, seed: int = HELD_OUT_SEED
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the songs to learn from and those held out, as scikit-learn's ``train_test_split`` draws them.

    Parameters
    ----------
    songs : iterable of str
        Their order does not matter: they are sorted, numbers by value.
    share : float, in (0, 1)
        Of the songs that are held out, rounded up.
    seed : int
        Of the draw.

    Returns
    -------
    learned, held_out : tuple of str
        In the order of the draw.

    Examples
    --------
    >>> published_split(str(number) for number in range(2, 12))[1]
    ('10', '3')
    """
    ordered = sorted(songs, key=lambda song: (not song.isdigit(), int(song) if song.isdigit() else 0, song))
    count = math.ceil(share * len(ordered))
    drawn = [ordered[index] for index in np.random.RandomState(seed).permutation(len(ordered))]
    return tuple(drawn[count:]), tuple(drawn[:count])


def draw_partition(strata: Mapping[str, str], shares: Mapping[str, float], seed: int) -> dict[str, tuple[str, ...]]:
    """Draw groups into parts so that each part has its share of every stratum.

    Parameters
    ----------
    strata : dict
        The stratum of each group.
    shares : dict
        The share of each part; together 1. The last part takes what rounding leaves.
    seed : int
        Of the draw. The order of `strata` does not matter.

    Returns
    -------
    dict
        The groups of each part, sorted.

    Raises
    ------
    ConfigurationError
        The shares do not sum to 1.
    """
    if abs(sum(shares.values()) - 1.0) > 1e-9:
        raise ConfigurationError(f"Shares of the parts are {dict(shares)}; expected numbers that sum to 1.")
    generator = np.random.default_rng(seed)
    parts: dict[str, list[str]] = {part: [] for part in shares}
    for stratum in sorted(set(strata.values())):
        groups = sorted(group for group, own in strata.items() if own == stratum)
        shuffled = [groups[index] for index in generator.permutation(len(groups))]
        edges = np.rint(np.cumsum([0.0, *shares.values()]) * len(groups)).astype(int)
        for part, first, last in zip(shares, edges[:-1], edges[1:], strict=True):
            parts[part] += shuffled[first:last]
    return {part: tuple(sorted(groups)) for part, groups in parts.items()}


def _committed() -> list[str]:
    folder = resources.files("orchestra_deam").joinpath("partitions")
    return sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))
