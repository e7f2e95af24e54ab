"""Marks the feature network: accuracy by segment and by song, beside the majority baseline, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from orchestra_core.errors import UsageError
from orchestra_style.corpus import Corpus, Segment, batches, songs_of
from orchestra_style.network import StyleNetwork

#: Draws of the bootstrap, its seed, and the percentiles that it gives.
DRAWS, BOOTSTRAP_SEED, PERCENTILES = 2000, 0, (2.5, 97.5)


@dataclass(frozen=True)
class Mark:
    """Share of right answers, in [0, 1]: the value, its 95 % bootstrap interval over songs, and how many were asked."""

    accuracy: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Evaluation:
    """Marks of a network.

    Parameters
    ----------
    classes : tuple of str
        Genres in order.
    segments, songs : Mark
        Of single segments, and of songs (the mean share over a song's segments decides).
    baseline_segments, baseline_songs : Mark
        Of always answering the genre that most training segments are of.
    confusion_segments, confusion_songs : tuple of tuple of int
        How often; a row for each genre as it is, a column for each answer.
    """

    classes: tuple[str, ...]
    segments: Mark
    songs: Mark
    baseline_segments: Mark
    baseline_songs: Mark
    confusion_segments: tuple[tuple[int, ...], ...]
    confusion_songs: tuple[tuple[int, ...], ...]


def evaluate(network: StyleNetwork, corpus: Corpus, heard: Sequence[Segment], learned: Sequence[Segment]) -> Evaluation:
    """Return the marks of a network on segments that it was not trained on.

    Parameters
    ----------
    network : StyleNetwork
        In evaluation mode, of the corpus' classes.
    corpus : Corpus
        Where the segments are.
    heard : sequence of Segment
        What to mark on.
    learned : sequence of Segment
        What it was trained on; the most common genre among them is the baseline's answer.

    Raises
    ------
    UsageError
        There are no segments, or the network knows other genres.
    """
    if not heard or not learned:
        raise UsageError(f"There are {len(heard)} segments to mark on and {len(learned)} to learn from; expected some of both.")
    if network.classes != corpus.classes:
        known, found = ", ".join(network.classes), ", ".join(corpus.classes)
        raise UsageError(
            f"The network tells {known} apart, the data hold {found}; expected the same genres: train on these data."
        )
    labels, songs = corpus.labels(heard).numpy(), songs_of(heard)
    return marked(corpus.classes, shares_of(network, corpus, heard), labels, songs, corpus.labels(learned).numpy())


@torch.inference_mode()
def shares_of(network: StyleNetwork, corpus: Corpus, segments: Sequence[Segment]) -> np.ndarray:
    """Return the share of each genre in each segment, shape (n, classes), float64."""
    shares = [network.probabilities(corpus.power(chosen)) for chosen in batches(segments, 16)]
    return np.asarray(torch.cat(shares).double().numpy())


def marked(
    classes: tuple[str, ...], shares: np.ndarray, labels: np.ndarray, songs: np.ndarray, learned: np.ndarray
) -> Evaluation:
    """Return the marks of answers.

    Parameters
    ----------
    classes : tuple of str
        Genres in order.
    shares : np.ndarray [shape=(n, classes)]
        Share of each genre in each segment.
    labels, songs : np.ndarray [shape=(n,), dtype=int64]
        Class and song of each segment.
    learned : np.ndarray [shape=(m,), dtype=int64]
        Classes of the training segments.
    """
    majority = int(np.bincount(learned, minlength=len(classes)).argmax())
    answers = shares.argmax(axis=1)
    which, place = np.unique(songs, return_inverse=True)
    of_song = np.stack([np.bincount(place, weights=column) for column in shares.T], axis=1).argmax(axis=1)
    label = labels[[int(np.flatnonzero(songs == song)[0]) for song in which]]
    return Evaluation(
        classes,
        segments=_mark(answers == labels, songs),
        songs=_mark(of_song == label, which),
        baseline_segments=_mark(labels == majority, songs),
        baseline_songs=_mark(label == majority, which),
        confusion_segments=_confusion(labels, answers, len(classes)),
        confusion_songs=_confusion(label, of_song, len(classes)),
    )


def _mark(right: np.ndarray, songs: np.ndarray) -> Mark:
    # Segments of a song are alike: whole songs are drawn, or the interval would be too narrow.
    which, place = np.unique(songs, return_inverse=True)
    hits, sizes = np.bincount(place, weights=right), np.bincount(place)
    drawn = np.random.default_rng(BOOTSTRAP_SEED).integers(len(which), size=(DRAWS, len(which)))
    low, high = np.percentile(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), PERCENTILES)
    return Mark(float(right.mean()), float(low), float(high), len(right))


def _confusion(labels: np.ndarray, answers: np.ndarray, classes: int) -> tuple[tuple[int, ...], ...]:
    counts = np.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)
    return tuple(tuple(int(count) for count in row) for row in counts)
