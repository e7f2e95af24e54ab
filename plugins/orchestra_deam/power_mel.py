"""The power mel spectrogram and its dB with backward passes by hand: what the front end computes, in half the time."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

#: Below this share of a clip's maximum power lies the floor; least maximum and least variance that count.
_FLOOR = 1e-8
_TINY = 1e-30
_FLAT = 1e-12

#: A filter hears few bins: bands are computed in parts, each from the bins that its filters hear, a quarter of the products.
_PARTS = 4
Parts = tuple[tuple[slice, slice], ...]


class PowerMel(nn.Module):
    """Power in mel bands: audio (n, samples) -> (n, bands, frames), by `torch.fft`, differentiable.

    Parameters
    ----------
    bank : Tensor [shape=(bands, n_fft // 2 + 1)]
        Mel filters, 0 at the Nyquist frequency. Bins that no filter hears are not computed with.
    hop : int, a divisor of n_fft
        Samples between two frames.
    precision : torch.dtype
        What the spectrum is computed in.

    Notes
    -----
    Autograd goes back through `torch.stft` as a complex transform of all frames, and keeps every intermediate. By hand,
    with X the spectrum of the windowed frames and G the gradient of the power of each bin, the gradient of a frame is

        w(t) sum_k 2 G_k Re(X_k exp(2 pi i k t / n_fft)),

    one real inverse transform, and the frames are overlapped and added.
    """

    window: Tensor
    bank: Tensor

    def __init__(self, bank: Tensor, hop: int, precision: torch.dtype) -> None:
        super().__init__()
        n_fft = 2 * (bank.shape[1] - 1)
        heard = int(bank.any(0).nonzero().max()) + 1
        self.hop = hop
        self.parts = tuple(_part(bank, bands.tolist()) for bands in torch.arange(len(bank)).chunk(_PARTS))
        self.register_buffer("window", torch.hann_window(n_fft, dtype=torch.float64).to(precision))
        self.register_buffer("bank", bank[:, :heard].T.contiguous())

    def forward(self, audio: Tensor) -> Tensor:
        """Return the power in mel bands."""
        power: Tensor = _PowerMel.apply(audio, self.window, self.bank, self.parts, self.hop)  # type: ignore[no-untyped-call]
        return power


def standardised_decibels(power: Tensor) -> Tensor:
    """Return power, shape (n, bands, frames), in dB relative to each clip's maximum, standardised per clip.

    The same as ``standardise(relative_decibels(power))``, in fewer passes over memory.
    """
    features: Tensor = _StandardisedDecibels.apply(power)  # type: ignore[no-untyped-call]
    return features


def _part(bank: Tensor, bands: list[int]) -> tuple[slice, slice]:
    """Return some bands, and the bins that they hear."""
    heard = bank[bands].any(0).nonzero().flatten().tolist() or [0]
    return slice(bands[0], bands[-1] + 1), slice(heard[0], heard[-1] + 1)


class _PowerMel(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, audio: Tensor, window: Tensor, bank: Tensor, parts: Parts, hop: int) -> Tensor:
        half = len(window) // 2
        frames = functional.pad(audio.to(window.dtype), (half, half)).unfold(1, len(window), hop) * window
        spectrum = torch.view_as_real(torch.fft.rfft(frames))[:, :, : len(bank)]
        # real^2 + imaginary^2 and not |.|^2: the magnitude has no derivative at 0.
        squares = spectrum.square()
        power = (squares[..., 0] + squares[..., 1]).to(bank.dtype)
        ctx.save_for_backward(spectrum, window, bank)
        ctx.parts, ctx.hop, ctx.samples, ctx.dtype = parts, hop, audio.shape[1], audio.dtype
        return torch.cat([power[:, :, bins] @ bank[bins, bands] for bands, bins in parts], 2).transpose(1, 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        spectrum, window, bank = ctx.saved_tensors
        n, frames, bins, _ = spectrum.shape
        n_fft = len(window)
        by_band = gradient.transpose(1, 2)
        by_bin = gradient.new_zeros(n, frames, bins)
        for bands, heard in ctx.parts:
            by_bin[:, :, heard] += by_band[:, :, bands] @ bank[heard, bands].T
        full = spectrum.new_zeros(n, frames, n_fft // 2 + 1, 2)
        torch.mul(spectrum, by_bin[..., None].to(window.dtype), out=full[:, :, :bins])
        full[:, :, 0] *= 2  # the inverse transform counts every other bin twice, as itself and as its mirror image
        by_frame = torch.fft.irfft(torch.view_as_complex(full), n=n_fft, norm="forward").mul_(window)
        padded = _overlap_add(by_frame, ctx.hop)
        return padded[:, n_fft // 2 :][:, : ctx.samples].to(ctx.dtype), None, None, None, None


class _StandardisedDecibels(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, power: Tensor) -> Tensor:
        ratio = power / power.amax(dim=(1, 2), keepdim=True).clamp_min(_TINY)
        decibels = ratio.clamp_min(_FLOOR).log10_().mul_(10)
        centred = decibels.sub_(decibels.mean(dim=(1, 2), keepdim=True))
        variance = centred.square().mean(dim=(1, 2), keepdim=True)
        deviation = variance.clamp_min(_FLAT).sqrt()
        ctx.save_for_backward(power, ratio, centred, variance)
        return centred / (deviation + 1e-6)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        power, ratio, centred, variance = ctx.saved_tensors
        deviation = variance.clamp_min(_FLAT).sqrt()
        along = (gradient * centred).mean(dim=(1, 2), keepdim=True) / (deviation * (deviation + 1e-6))
        by_decibel = torch.addcmul(gradient, centred, torch.where(variance >= _FLAT, -along, 0.0)).div_(deviation + 1e-6)
        by_decibel.sub_(by_decibel.mean(dim=(1, 2), keepdim=True))
        # d dB = 10 / ln 10 (d power / power - d loudest / loudest), above the floor.
        above = torch.where(ratio >= _FLOOR, by_decibel, 0.0).mul_(10 / math.log(10))
        loudest = power.amax(dim=(1, 2), keepdim=True)
        is_loudest = (power == loudest) & (loudest >= _TINY)
        share = is_loudest / is_loudest.sum(dim=(1, 2), keepdim=True).clamp_min(1)
        relative = above / ratio.clamp_min(_FLOOR) - above.sum(dim=(1, 2), keepdim=True) * share
        by_power: Tensor = relative / loudest.clamp_min(_TINY)
        return by_power


def _overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Return frames, shape (n, frames, n_fft), added up at every `hop` samples, shape (n, samples)."""
    n, count, n_fft = frames.shape
    pieces = frames.view(n, count, n_fft // hop, hop)
    sums = frames.new_zeros(n, count + n_fft // hop - 1, hop)
    for i in range(n_fft // hop):
        sums[:, i : i + count] += pieces[:, :, i]
    padded: Tensor = sums.view(n, -1)
    return padded
