"""The straightforward implementation of the same piece of work, to measure against and to check against.

It is what one writes first: a loop over the notes and their partials, each over every sample of the canvas at 44.1 kHz, with
envelopes and masks for the whole canvas; torchaudio's mel spectrogram; the network as it was trained; autograd for all of it. It
is plain PyTorch and takes from the project no more than the weights. Nothing in it is slowed down on purpose: what costs nothing
to avoid is avoided (no weight gradients, no copies, one optimiser for all parameters).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

Values = Mapping[str, Tensor]


class Piano(nn.Module):
    """Notes of several partials under an envelope, sample by sample, in the equations of `piano_adsr`.

    With `literal` they are the published equations.
    """

    def __init__(
        self,
        partials: int = 8,
        literal: bool = False,
        duration: float = 5.0,
        sample_rate: int = 44_100,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.partials, self.literal = partials, literal
        self.rate, self.duration = sample_rate, duration
        samples = round(duration * sample_rate)
        self.register_buffer("time", torch.arange(samples, dtype=torch.float64).div(sample_rate).to(dtype), persistent=False)

    def forward(self, values: Values) -> Tensor:
        """Return audio (batch, samples) of values (batch, notes) and (batch,)."""
        audio = torch.zeros(len(values["onset"]), len(self.time), dtype=self.time.dtype)
        for note in range(values["onset"].shape[1]):
            audio = audio + self.note({name: v[:, note] if v.ndim == 2 else v for name, v in values.items()})
        return audio if self.literal else 0.25 * audio * self.end_of_canvas()

    def note(self, v: Values) -> Tensor:
        """Return one note of each item over the whole canvas, shape (batch, samples)."""
        v = {name: value[:, None] for name, value in v.items()}
        since = self.time - v["onset"]
        level = v["amplitude"] * (self.published_envelope(since, v) if self.literal else self.envelope(since, v))
        sound = torch.zeros_like(level)
        weights = self.weights(v) if self.partials > 1 else torch.ones_like(v["onset"])
        for order in range(1, self.partials + 1):
            phase = -(order - 1) * order / (2 * self.partials)
            sine = torch.sin(2 * math.pi * (self.frequency(v["pitch"], order) * self.time + phase))
            if self.partials > 1:
                fading = v["partial_decay"] * (order - 1) * 2 ** ((v["pitch"] - 60) / 24)
                sine = sine * weights[:, order - 1 : order] * torch.exp(-fading * since.clamp_min(0))
            sound = sound + sine
        return level * sound

    def frequency(self, pitch: Tensor, order: int) -> Tensor:
        """Return the frequency in Hz of a partial of a stiff string, the first in tune."""
        stiffness = 3e-4 * 2 ** ((pitch - 60) / 12).clamp_min(-1)
        return 440 * 2 ** ((pitch - 69) / 12) * order * torch.sqrt((1 + stiffness * order**2) / (1 + stiffness))

    def weights(self, v: Values) -> Tensor:
        """Return the amplitudes of the partials at the onset, shape (batch, partials), their squares summing to 1."""
        octave = torch.arange(1, self.partials + 1, dtype=self.time.dtype).log2()
        weight = 10 ** ((v["brightness"] + 6 * (v["amplitude"] - 0.8)) * octave / 20)
        return weight / weight.square().sum(1, keepdim=True).sqrt()

    def envelope(self, t: Tensor, v: Values) -> Tensor:
        """Return attack, decay and sustain up to the end of the note, the release after it, and ramps of 5 ms at both ends."""
        a, decay, s, r, d = (v[name] for name in ("attack", "decay", "sustain", "release", "duration"))
        held = torch.minimum(t, d).clamp_min(0)
        fallen = 1 - (1 - s) * ((held - a) / decay).clamp(0, 1)
        reached = (held / a).clamp_max(1) * fallen * torch.exp(-1.5 * (held - a - decay).clamp_min(0))
        released = ((d + r - t) / r).clamp(0, 1) ** 3
        return reached * released * smooth_step(torch.minimum(t, d + r - t) / 0.005)

    def published_envelope(self, t: Tensor, v: Values) -> Tensor:
        """Return the published envelope under its two sigmoids."""
        a, decay, s, r, d = (v[name] for name in ("attack", "decay", "sustain", "release", "duration"))
        sounding = (t >= 0) & (t < d)
        t = t.clamp_min(0)  # long before the onset the exponentials are infinite, and their gradients not a number
        sustained = s * torch.exp(-1.5 * (t - (a + decay)) / (d - a - decay - r))
        released = s * torch.exp(-1.5 * (t - (d - r)) / r)
        level = torch.where(t < d - r, sustained, released)
        level = torch.where(t < a + decay, 1 - (1 - s) * (t - a) / decay, level)
        level = torch.where(t < a, t / a, level)
        level = torch.where(sounding, level, torch.zeros_like(level))
        return torch.sigmoid(100 * t) * torch.sigmoid(100 * (d - t)) * level

    def end_of_canvas(self) -> Tensor:
        """Return a ramp to silence over the last 10 ms."""
        last = self.time[-1]
        return smooth_step((last - self.time) / 0.010)


class Ear(nn.Module):
    """Arousal and valence (batch, 2) of audio (batch, samples): mel spectrogram in dB, standardised, and the network."""

    def __init__(self, network: nn.Module, sample_rate: int = 44_100, front_end: str = "torchaudio") -> None:
        super().__init__()
        self.samples = 5 * sample_rate
        self.mel = mel_spectrogram(sample_rate, front_end)
        self.network = network.eval().requires_grad_(False)

    def forward(self, audio: Tensor) -> Tensor:
        short = self.samples - audio.shape[1]
        power = self.mel(functional.pad(audio, (0, short)) if short else audio)
        return self.network(standardised_decibels(power)[:, None])


class Optimisation:
    """Adam on the free coordinates of the values, one step at a time."""

    def __init__(self, piano: Piano, ear: Ear, values: Values, bounds: Mapping[str, tuple[float, float]], target: Tensor) -> None:
        self.piano, self.ear, self.bounds, self.target = piano, ear, bounds, target
        self.fixed = {name: value for name, value in values.items() if name not in bounds}
        self.free = {name: self._free(name, values[name]).requires_grad_() for name in bounds}
        self.optimizer = torch.optim.Adam(self.free.values(), lr=0.05)

    def values(self) -> dict[str, Tensor]:
        """Return physical values, within their bounds."""
        return self.fixed | {name: self._physical(name, free) for name, free in self.free.items()}

    def loss(self) -> Tensor:
        audio = self.piano(self.values())
        audio = 0.9 * audio / audio.abs().amax(dim=1, keepdim=True)
        return (10 * (self.ear(audio) - self.target)).square().sum()

    def step(self) -> float:
        """Take a step; return the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.free.values(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _physical(self, name: str, free: Tensor) -> Tensor:
        lower, upper = self.bounds[name]
        if math.isinf(upper):
            return lower + functional.softplus(free)
        return lower + (upper - lower) * torch.sigmoid(free)

    def _free(self, name: str, value: Tensor) -> Tensor:
        lower, upper = self.bounds[name]
        if math.isinf(upper):
            return (value - lower).expm1().log()
        return torch.logit((value - lower) / (upper - lower))


def smooth_step(position: Tensor) -> Tensor:
    """Return a rise from 0 at 0 to 1 at 1 without a corner."""
    x = position.clamp(0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)


def standardised_decibels(power: Tensor) -> Tensor:
    """Return power, shape (batch, bands, frames), in dB re each clip's loudest, at least -80, with mean 0 and deviation 1."""
    decibels = 10 * torch.log10(power.clamp_min(1e-30))
    decibels = (decibels - decibels.amax(dim=(1, 2), keepdim=True)).clamp_min(-80)
    mean = decibels.mean(dim=(1, 2), keepdim=True)
    deviation = decibels.std(dim=(1, 2), keepdim=True, unbiased=False)
    return (decibels - mean) / (deviation + 1e-6)


def mel_spectrogram(sample_rate: int, front_end: str) -> nn.Module:
    """Return the power mel spectrogram of torchaudio or of nnAudio: 128 Slaney bands over 0..8000 Hz, centred."""
    shape = {"n_fft": 2048, "hop_length": 512, "n_mels": 128}
    if front_end == "nnaudio":
        from nnAudio.features import MelSpectrogram

        return MelSpectrogram(sr=sample_rate, fmin=0, fmax=8000, pad_mode="constant", power=2.0, verbose=False, **shape)
    from torchaudio.transforms import MelSpectrogram

    scale = {"norm": "slaney", "mel_scale": "slaney", "pad_mode": "constant"}
    return MelSpectrogram(sample_rate, f_min=0.0, f_max=8000.0, **shape, **scale)
