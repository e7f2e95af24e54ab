"""Phrases by rule lie in their key, repeat by seed, and become pairs that the ridge regression can learn mode from."""

from __future__ import annotations

import numpy as np
import torch

from orchestra_core import build
from orchestra_deam.phrase_pairs import phrase_pairs
from orchestra_deam.phrases import draw_phrase
from orchestra_deam.rendering import InstrumentRenderer
from orchestra_deam.ridge import joined

MAJOR, MINOR = {0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10, 11}


def test_every_note_of_a_phrase_belongs_to_its_key():
    generator = np.random.default_rng(0)
    for _ in range(60):
        notes, key = draw_phrase(generator)
        degrees = {int(degree) for degree in (notes.pitch - key.tonic) % 12}
        assert degrees <= (MAJOR if key.major else MINOR)
        assert notes.onset.min() >= 0.0
        assert notes.onset.max() < 5.0
        assert ((notes.pitch >= 21) & (notes.pitch <= 108)).all()


def test_phrases_differ_and_repeat_by_their_seed():
    first, again, other = (draw_phrase(np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.pitch, again.pitch)
    assert first.pitch.shape != other.pitch.shape or (first.pitch != other.pitch).any()


def test_densities_and_registers_spread_over_what_music_has():
    generator = np.random.default_rng(0)
    phrases = [draw_phrase(generator)[0] for _ in range(80)]
    counts = np.array([len(notes) for notes in phrases])
    tops = np.array([notes.pitch.max() for notes in phrases])
    assert counts.min() < 12
    assert counts.max() > 40
    assert tops.max() - tops.min() > 24


def test_pairs_of_phrases_are_brighter_in_major_by_their_key_cues():
    renderer = InstrumentRenderer(build("instrument", "piano_adsr").component)
    pairs, again = (phrase_pairs(renderer, count=10, seed=3) for _ in range(2))
    assert torch.equal(pairs.plain, again.plain)
    assert set(pairs.contrast.tolist()) <= {1.0, -1.0}
    # Cues 0 to 17 are major less minor evidence over the whole clip.
    brighter = ((pairs.plain - pairs.parallel)[:, :18].mean(1) * pairs.contrast) > 0
    assert brighter.float().mean() >= 0.7
    both = joined(pairs, again)
    assert both.plain.shape[0] == 20
