"""Harmony and register from the salience of pitches: keys, chords, degrees, intervals, height, polyphony."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_deam.semitones import PITCHES
from orchestra_deam.smooth import deviation, grouped, moments, rising, soft_maximum, unit, weighted_mean

#: Key profiles, major and minor: Krumhansl and Kessler 1982; Temperley 1999; Albrecht and Shanahan 2013.
KEY_PROFILES = (
    (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    (
        (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
    ),
    (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
)
#: Chord types, in semitones above the root.
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 5, 7), (0, 4, 7, 11), (0, 4, 7, 10), (0, 3, 7, 10))

_SPLIT = 57.0  # between the bass and the rest, as a MIDI number
_TEMPERATURES = (0.1, 0.03)


class Tonality:
    """Harmonic cues of clips; holds the templates, on one device and in one precision."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self.pitches = torch.tensor(list(PITCHES), device=device, dtype=dtype)
        self.classes = torch.eye(12, device=device, dtype=dtype)[torch.tensor(list(PITCHES), device=device) % 12]
        self.treble = torch.sigmoid((self.pitches - _SPLIT) / 2)
        profiles = torch.tensor(KEY_PROFILES, device=device, dtype=dtype)  # (families, modes, 12)
        self.keys = _rotations(unit(profiles)).flatten(0, 2)  # (families * modes * 12, 12)
        chords = torch.zeros(len(CHORDS), 12, device=device, dtype=dtype)
        for chord, degrees in zip(chords, CHORDS, strict=True):
            chord[list(degrees)] = 1.0
        self.chords = _rotations(unit(chords)).flatten(0, 1)
        self.shifts = (torch.arange(12)[:, None] + torch.arange(12)).remainder(12).to(device)

    def __call__(self, active: Tensor) -> dict[str, Tensor]:
        """Return the cues, shape (n, k) by name, of salience, shape (n, frames, 80)."""
        level = active.sum(-1).square().mean(-1).add(1e-6).sqrt()
        share = active / level[:, None, None]
        strength = (share + 1e-3).sqrt() - 1e-3**0.5
        sounding = share.sum(-1) / (share.sum(-1) + 0.1)
        # Chroma of everything, of the treble and of the bass: (n, 3, frames, 12).
        parts = torch.stack([strength, strength * self.treble, strength * (1 - self.treble)], 1)
        chroma = parts @ self.classes
        return {
            **self._keys(chroma),
            **self._chords(chroma, sounding),
            **self._degrees(chroma),
            **_intervals(chroma, strength),
            **self._register(share, strength, sounding),
            **_movement(chroma, strength),
        }

    def _keys(self, chroma: Tensor) -> dict[str, Tensor]:
        whole = chroma.mean(2)
        # Stretches of about 1.7 s, for music that changes its key: (n, 3, stretches, 12).
        stretches = _smoothed(chroma, 18)[:, :, ::6]
        cues = {}
        for name, heard in (("whole", whole[:, :, None]), ("stretch", stretches)):
            fit = grouped(unit(heard) @ self.keys.T, len(KEY_PROFILES), 2, 12)
            best = torch.stack([soft_maximum(fit, t) for t in _TEMPERATURES], -1)  # (n, 3, stretches, families, 2, t)
            sides = best[..., 0, :] - best[..., 1, :]
            cues[f"key_{name}_major"] = sides.mean(2).flatten(1)
            cues[f"key_{name}_sure"] = torch.tanh(sides[..., 1] / 0.1).mean(2).flatten(1)
            cues[f"key_{name}_clarity"] = best[..., 1].mean((2, 3)).flatten(1)
        return cues

    def _chords(self, chroma: Tensor, sounding: Tensor) -> dict[str, Tensor]:
        cues = {}
        for name, width in (("short", 3), ("long", 9)):
            fit = grouped(unit(_smoothed(chroma[:, :2], width)) @ self.chords.T, len(CHORDS), 12)
            best = soft_maximum(fit, 0.05)  # (n, 2, frames, chords)
            weights = sounding[:, None, : best.shape[2], None]
            kinds = torch.softmax(best / 0.1, -1)
            cues[f"chord_{name}_fit"] = weighted_mean(best, weights, 2).flatten(1)
            cues[f"chord_{name}_kind"] = weighted_mean(kinds, weights, 2).flatten(1)
            cues[f"chord_{name}_major"] = torch.stack(
                [
                    weighted_mean(torch.tanh((best[..., 0] - best[..., 1]) / 0.1), weights[..., 0], 2),
                    deviation(best[..., 0] - best[..., 1], 2),
                ],
                -1,
            ).flatten(1)
        return cues

    def _degrees(self, chroma: Tensor) -> dict[str, Tensor]:
        whole = chroma.mean(2)
        fit = grouped(unit(whole[:, 0]) @ self.keys.T, len(KEY_PROFILES), 2, 12).mean(1)
        bass = unit(whole[:, 2])
        tonic = torch.softmax((soft_maximum(fit, 0.05, 1) + 0.15 * bass) / 0.06, -1)
        share = whole / (whole.sum(-1, keepdim=True) + 1e-3)
        # What sounds above the bass of the moment, whatever the key.
        lowest = torch.softmax(unit(chroma[:, 2]) / 0.1, -1)
        above = chroma[:, 1] / (chroma[:, 1].sum(-1, keepdim=True) + 1e-2)
        return {
            "degree": (tonic[:, None, :, None] * share[:, :, self.shifts]).sum(2)[:, :2].flatten(1),
            "above_bass": (lowest[..., None] * above[:, :, self.shifts]).sum(2).mean(1),
        }

    def _register(self, share: Tensor, strength: Tensor, sounding: Tensor) -> dict[str, Tensor]:
        height = (self.pitches - 60.0) / 12.0
        centre = weighted_mean(height, strength)
        spread = weighted_mean((height - centre[..., None]).square(), strength).add(1e-4).sqrt()
        presence = share / (share + 0.05)
        heights = presence.add(1e-4).log()
        top = soft_maximum(heights + height * 6.0, 1.0) / 6.0
        bottom = -soft_maximum(heights - height * 6.0, 1.0) / 6.0
        voices = presence.sum(-1)
        long = strength.mean(1)
        overall = weighted_mean(height, long)
        return {
            "register": torch.cat(
                [_over_time(values, sounding) for values in (centre, spread, top, bottom, top - bottom, voices)]
                + [overall[:, None], weighted_mean((height - overall[:, None]).square(), long)[:, None]],
                1,
            ),
            "octaves": grouped(long, 10, 8).sum(-1) / (long.sum(-1, keepdim=True) + 1e-3),
            "voices": torch.stack([_participation(share), _participation(long[:, None])], -1),
        }


def _rotations(templates: Tensor) -> Tensor:
    """Return templates, shape (..., 12), turned to the twelve tonics, shape (..., 12, 12)."""
    return torch.stack([templates.roll(k, -1) for k in range(12)], -2)


def _smoothed(chroma: Tensor, frames: int) -> Tensor:
    """Return running means over so many frames, of chroma, shape (n, parts, frames, 12)."""
    return functional.avg_pool2d(chroma, (frames, 1), stride=1)


def _over_time(values: Tensor, weights: Tensor) -> Tensor:
    mean = weighted_mean(values, weights)
    return torch.stack([mean, weighted_mean((values - mean[:, None]).square(), weights).add(1e-6).sqrt()], -1)


def _participation(values: Tensor) -> Tensor:
    """Return how many of the last axis take part, the mean over frames."""
    total = values.sum(-1).square()
    return (total / (values.square().sum(-1) + 1e-3 * total + 1e-6)).mean(-1)


def _intervals(chroma: Tensor, strength: Tensor) -> dict[str, Tensor]:
    """Return how much sounds together at each distance, in pitch classes at once and over the clip, and in pitches."""
    cues = {}
    for name, heard in (("at_once", chroma[:, 0]), ("overall", chroma[:, 0].mean(1, keepdim=True))):
        direction = heard / (heard.square().sum(-1, keepdim=True) + 1e-4).sqrt()
        products = [(direction * direction.roll(k, -1)).sum(-1).mean(-1) for k in range(1, 7)]
        major, minor = ((direction * direction.roll(-a, -1) * direction.roll(-7, -1)).sum(-1).mean(-1) for a in (4, 3))
        cues[f"interval_{name}"] = torch.stack([*products, 10 * major, 10 * minor, 10 * (major - minor)], -1)
    loudness = strength.square().sum((1, 2)) + 1e-3
    lags = [(strength[..., k:] * strength[..., :-k]).sum((1, 2)) / loudness for k in range(1, 17)]
    return {**cues, "distance": torch.stack(lags, -1)}


def _movement(chroma: Tensor, strength: Tensor) -> dict[str, Tensor]:
    """Return how fast harmony and pitches change."""
    direction = chroma[:, :2] / (chroma[:, :2].square().sum(-1, keepdim=True) + 1e-3).sqrt()
    changes = [1 - (direction[:, :, lag:] * direction[:, :, :-lag]).sum(-1).mean(-1) for lag in (1, 3, 6, 12)]
    begun = rising(strength[:, 2:] - strength[:, :-2], 0.02)
    bands = grouped(begun, 4, 20).sum(-1)  # (n, frames, 4)
    return {"harmonic_change": torch.cat(changes, 1), "begun": moments(bands, 1).flatten(1)}
