"""The sound of one hit of each drum: swept modes under saturation, noise in bursts, a click."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_percussion.noise import band_noise

#: A hit sounds at most so long, in seconds; it fades over the last of these.
LONGEST, _FADE = 2.0, 0.03

# Frequencies of a circular membrane re the lowest: the zeros of Bessel functions in order (Rossing, Science of Percussion
# Instruments, 2000).
_MEMBRANE = (1.0, 1.593, 2.136, 2.295, 2.653, 2.917, 3.155, 3.5, 3.598, 3.647, 4.059, 4.132, 4.23, 4.601, 4.61, 4.832)

_NEPERS = 3 * math.log(10)  # of a decay by 60 dB
_BURSTS = 4
_BURST_DECAY = 0.4  # share of the gap in which a burst falls to 1/e
_CLICK_RISE = 0.0002
_OVERSAMPLED = 2
# Share of the band above which tones fade out.
_AUDIBLE = 0.9
_SILENT = 40.0  # nepers


@dataclass(frozen=True, eq=False)
class Shots:
    """One hit of each drum by its layers, which a harder or softer hit weighs differently.

    Parameters
    ----------
    body, noise, click : Tensor [shape=(rows, samples)]
        From the onset on.
    """

    body: Tensor
    noise: Tensor
    click: Tensor


def strike(controls: Mapping[str, Tensor], noise_seed: Tensor, modes: int, samples: int, sample_rate: int) -> Shots:
    """Return the sound of one hit of each drum.

    Parameters
    ----------
    controls : mapping of str to Tensor [shape=(rows,)]
        Values of `controls.CONTROLS`.
    noise_seed : Tensor [shape=(rows,), dtype=int64]
        Which noise each drum has.
    modes : int
        Modes of the membrane.
    samples : int
        How many.
    sample_rate : int
        In Hz.

    Returns
    -------
    Shots [shape=(rows, samples)]
    """
    like = controls["pitch"]
    time = torch.arange(samples, dtype=like.dtype, device=like.device) / sample_rate
    fade = _end_fade(time, samples / sample_rate)
    return Shots(
        body=_level(controls["body_level"]) * _body(controls, modes, samples, sample_rate) * fade,
        noise=_level(controls["noise_level"]) * _noise(controls, noise_seed, time, sample_rate) * fade,
        click=_level(controls["click_level"]) * _click(controls, time, sample_rate) * fade,
    )


def mode_ratios(stretch: Tensor, modes: int) -> Tensor:
    """Return the frequencies of the modes re the lowest, shape (rows, modes): 1 + stretch times the membrane's distances."""
    membrane = torch.tensor(_MEMBRANE[:modes], dtype=stretch.dtype, device=stretch.device)
    return 1 + stretch[:, None] * (membrane - 1)


def swept_cycles(pitch: Tensor, sweep: Tensor, sweep_time: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cycles that a falling pitch has run through, and its frequency in Hz, both of shape (rows, n).

    The frequency p (1 + (2^s - 1) exp(-t / T)) has the integral p (t + (2^s - 1) T (1 - exp(-t / T))).
    """
    rise = torch.exp2(sweep)[:, None] - 1
    left = torch.exp(-time / sweep_time[:, None])
    cycles = pitch[:, None] * (time + rise * sweep_time[:, None] * (1 - left))
    return cycles, pitch[:, None] * (1 + rise * left)


def _body(controls: Mapping[str, Tensor], modes: int, samples: int, sample_rate: int) -> Tensor:
    rate, like = _OVERSAMPLED * sample_rate, controls["pitch"]
    # In double precision: after thousands of cycles single precision would be out of phase.
    time = torch.arange(_OVERSAMPLED * samples, dtype=torch.float64, device=like.device) / rate
    pitch, sweep, sweep_time = (controls[name].double() for name in ("pitch", "sweep", "sweep_time"))
    cycles, frequency = swept_cycles(pitch, sweep, sweep_time, time)
    ratio = mode_ratios(controls["stretch"], modes)
    phase = torch.frac(ratio.double()[:, :, None] * cycles[:, None, :]).to(like.dtype)
    time = time.to(like.dtype)
    tones = torch.sin(2 * math.pi * phase) * _audible(ratio[:, :, None] * frequency.to(like.dtype)[:, None, :], rate)
    fading = _NEPERS / controls["body_decay"][:, None] * ratio ** controls["mode_damping"][:, None]
    order = torch.arange(modes, dtype=like.dtype, device=like.device)
    weight = torch.softmax(controls["overtones"][:, None] * (order * math.log(10) / 20), dim=1)
    swinging = (weight[:, :, None] * _falling(fading[:, :, None] * time) * tones).sum(dim=1)
    return _saturate(swinging * _rise(time, controls["attack"][:, None]), controls["drive"], samples)


def _saturate(wave: Tensor, drive: Tensor, samples: int) -> Tensor:
    """Return tanh(g x) / tanh(g) of an oversampled wave, at the rate itself: what it adds beyond the band is filtered out."""
    gain = _level(drive)
    spectrum = torch.fft.rfft(torch.tanh(gain * wave) / torch.tanh(gain))
    kept: Tensor = torch.fft.irfft(spectrum[:, : samples // 2 + 1], n=samples)
    return kept / _OVERSAMPLED


def _noise(controls: Mapping[str, Tensor], seed: Tensor, time: Tensor, sample_rate: int) -> Tensor:
    period = band_noise(seed, controls["noise_centre"], controls["noise_width"], sample_rate)
    noise = period.repeat(1, -(-time.shape[0] // sample_rate))[:, : time.shape[0]]
    attack, gap = controls["attack"][:, None], controls["burst_gap"][:, None]
    tail = _rise(time, attack) * _falling(_NEPERS * time / controls["noise_decay"][:, None])
    bursts = [_burst(time - number * gap, attack, _BURST_DECAY * gap) for number in range(_BURSTS)]
    return noise * (tail + _level(controls["burst_level"]) * torch.stack(bursts).sum(dim=0))


def _burst(since: Tensor, attack: Tensor, decay: Tensor) -> Tensor:
    after = since.clamp_min(0.0)
    return _rise(after, attack) * _falling(after / decay)


def _click(controls: Mapping[str, Tensor], time: Tensor, sample_rate: int) -> Tensor:
    pitch, length = controls["click_pitch"][:, None], controls["click_decay"][:, None]
    rise = _rise(time, torch.full_like(pitch, _CLICK_RISE))
    tone = torch.sin(2 * math.pi * pitch * time) * _audible(pitch, sample_rate)
    return rise * _falling(_NEPERS * time / length) * tone


def _falling(nepers: Tensor) -> Tensor:
    """Return exp(-nepers), held at -350 dB: numbers that are all but zero slow every product down."""
    return torch.exp(-nepers.clamp_max(_SILENT))


def _rise(time: Tensor, attack: Tensor) -> Tensor:
    """Return (1 - exp(-3 t / attack))^2, which leaves 0 without a corner and is at 0.9 after the attack."""
    return torch.expm1(-3 * time / attack).square()


def _audible(frequency: Tensor, sample_rate: int) -> Tensor:
    """Return 1, falling to 0 where a frequency comes near half the rate that it is made at."""
    nyquist = sample_rate / 2
    rest = ((nyquist - frequency) / ((1 - _AUDIBLE) * nyquist)).clamp(0.0, 1.0)
    return rest * rest * (3 - 2 * rest)


def _end_fade(time: Tensor, duration: float) -> Tensor:
    rest = ((duration - time) / min(_FADE, 0.25 * duration)).clamp(0.0, 1.0)
    return rest * rest * (3 - 2 * rest)


def _level(decibels: Tensor) -> Tensor:
    return torch.exp(decibels * (math.log(10) / 20))[:, None]
