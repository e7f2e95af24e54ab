"""The committed partitions: which groups of a corpus oracles learn from, judges learn from, and nobody does until the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import resources

import numpy as np

from orchestra_core.errors import ConfigurationError, UnknownNameError
from orchestra_deam.corpora.table import Clip

#: Oracles learn from the first and judges from the second; the last is opened once, for the final marks.
PARTS = ("oracle", "judges", "final")
#: How the songs of Emotify were drawn; `draw_partition` with these makes the committed file again.
EMOTIFY_SHARES: Mapping[str, float] = {"oracle": 0.6, "judges": 0.2, "final": 0.2}
EMOTIFY_SEED = 2016


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
    folder = resources.files("orchestra_deam").joinpath("partitions")
    known = sorted(item.name.removesuffix(".json") for item in folder.iterdir() if item.name.endswith(".json"))
    if corpus not in known:
        raise UnknownNameError(f"There is no partition of {corpus!r}; there are partitions of {', '.join(known)}.")
    parts: dict[str, list[str]] = json.loads(folder.joinpath(f"{corpus}.json").read_text(encoding="utf-8"))["parts"]
    return {group: part for part, groups in parts.items() for group in groups}


def clips_of(clips: Iterable[Clip], part: str, partition: Mapping[str, str]) -> tuple[Clip, ...]:
    """Return the clips whose group lies in that part.

    Raises
    ------
    ConfigurationError
        A clip's group has no part.
    """
    kept = []
    for clip in clips:
        if clip.group not in partition:
            raise ConfigurationError(f"Group {clip.group!r} of {clip.song!r} is in no part of the partition; name it in one.")
        if partition[clip.group] == part:
            kept.append(clip)
    return tuple(kept)


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
