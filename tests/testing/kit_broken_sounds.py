"""Instruments and envelopes that break one rule each."""

from __future__ import annotations

import math
import time

import torch
from kit_references import Bell, Fade, smooth

from orchestra_core import Score


class UnknownCapability(Bell):
    capabilities = Bell.capabilities | {"loud"}


class OtherNames(Bell):
    def _render(self, values, grid):
        return super()._render(values, grid)


class ListensToTheGlobalSeed(Bell):
    def loudness(self, amplitude):
        return amplitude * (0.9 + 0.01 * (torch.initial_seed() % 7))


class DrawsGlobally(Bell):
    def loudness(self, amplitude):
        torch.rand(1)
        return amplitude


class KeepsItsPitch(Bell):
    def time(self, values, canvas):
        self.pitch = values["pitch"]
        time.sleep(0.05)
        return super().time(values, canvas) + 1e-3 * (values["pitch"] - self.pitch).sum()


class SetsPrecision(Bell):
    def loudness(self, amplitude):
        torch.set_float32_matmul_precision("medium" if torch.get_float32_matmul_precision() != "medium" else "high")
        return amplitude


class ForgetsWhenCopied(Bell):
    def __init__(self, gain=0.9):
        self.gain = gain

    def loudness(self, amplitude):
        return self.gain * amplitude

    def __deepcopy__(self, memo):
        return type(self)(0.5)


class KeepsALambda(Bell):
    def __init__(self):
        self.curve = lambda amplitude: amplitude


class AlwaysSingle(Bell):
    def _render(self, values, canvas):
        return super()._render(values, canvas).float()


class NoDevice(Bell):
    def time(self, values, canvas):
        return torch.arange(canvas.samples, dtype=values["onset"].dtype) / canvas.sample_rate


class NoGroup(Bell):
    def _parameters(self, brief):
        return tuple(with_changes(p, group="") if p.name == "brightness" else p for p in super()._parameters(brief))


class NoDescription(Bell):
    def _parameters(self, brief):
        return tuple(with_changes(p, description="") for p in super()._parameters(brief))


def with_changes(parameter, **changes):
    return type(parameter)(**{**vars(parameter), **changes})


class StartsByRow(Bell):
    def start(self, brief, notes):
        return super().start(brief, notes) * (1 - 0.05 * torch.arange(len(brief))[:, None])


class RoundsUp(Bell):
    def _render(self, values, canvas):
        audio = super()._render(values, canvas)
        return torch.nn.functional.pad(audio, (0, math.ceil(canvas.duration * canvas.sample_rate) - audio.shape[1]))


class PlaysThePadding(Bell):
    def mask(self, values):
        return torch.ones_like(values["amplitude"])


class TellsAnOctaveTooHigh(Bell):
    def _notes(self, values, canvas):
        return super()._notes({**values, "pitch": values["pitch"] + 12}, canvas)


class TellsNothing(Bell):
    def _notes(self, values, canvas):
        return None


class IgnoresBrightness(Bell):
    def audible(self, frequency):
        return torch.zeros_like(frequency)


class ChecksNoNames(Bell):
    def render(self, values, canvas):
        return self._render(values, canvas)


class HidesNaN(Bell):
    def _render(self, values, canvas):
        return super()._render(values, canvas).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)


class TenTimesTooLoud(Bell):
    def loudness(self, amplitude):
        return 30 * amplitude


class HasAnOffset(Bell):
    def _render(self, values, canvas):
        since = self.time(values, canvas) - values["onset"][..., None]
        contour = self.contour(since, values["duration"][..., None]) * values["mask"][..., None]
        return super()._render(values, canvas) + 0.1 * contour.sum(dim=1)


class SoundsEarly(Bell):
    def contour(self, since, duration):
        return super().contour(since + 0.04, duration)


class NeverEnds(Bell):
    def contour(self, since, duration):
        return smooth(since / 0.005) * (0.1 + 0.9 * smooth((duration - since) / 0.02 + 1))


class TwelveCentsSharp(Bell):
    tuning = 443.0


class AnOctaveLow(Bell):
    tuning = 220.0


class Aliases(Bell):
    def audible(self, frequency):
        return torch.ones_like(frequency)


class CountsSamples(Bell):
    def time(self, values, canvas):
        return super().time(values, canvas) * canvas.sample_rate / 22_050


class InfiniteAtZero(Bell):
    def loudness(self, amplitude):
        return amplitude - 1e-3 * amplitude * torch.log(amplitude)


class RootAtZero(Bell):
    def loudness(self, amplitude):
        return torch.sqrt(amplitude)


class Cuts(Bell):
    def loudness(self, amplitude):
        return amplitude.detach()


class HalfTheSlope(Bell):
    def loudness(self, amplitude):
        return 0.5 * amplitude + 0.5 * amplitude.detach()


class WrongSpanShape(Fade):
    def _span(self, duration, values):
        return super()._span(duration, values)[..., None]


class Overshoots(Fade):
    def shape(self, time, duration, attack, tail):
        return super().shape(time, duration, attack, tail) * (1 + 0.3 * (duration > 0.3))


class SwellsBefore(Fade):
    def shape(self, time, duration, attack, tail):
        before = 0.3 * torch.exp(-50 * time.abs()) * smooth((duration - time) / tail + 1)
        return torch.maximum(super().shape(time, duration, attack, tail), before)


class ForgetsItsTail(Fade):
    def _span(self, duration, values):
        return duration


class JumpsAtTheEnd(Fade):
    def shape(self, time, duration, attack, tail):
        jump = torch.where((time > duration) & (duration > 0.09), 0.9, 1.0)
        return super().shape(time, duration, attack, tail) * jump


class NeedsLongNotes(Fade):
    def shape(self, time, duration, attack, tail):
        return super().shape(time, duration, attack, tail) * torch.sqrt(duration - 0.03).div(torch.sqrt(duration - 0.03))


class DrawsWhenFinished(Bell):
    def _finish(self, values, canvas):
        audio = self._render(values, canvas)
        return audio + 0.001 * torch.randn(audio.shape, generator=self.noise)

    def __init__(self):
        self.noise = torch.Generator().manual_seed(7)

    def __deepcopy__(self, memo):
        return type(self)()

    def __reduce__(self):
        return (type(self), ())


class FadesOverTheCanvas(Bell):
    def _render(self, values, canvas):
        audio = super()._render(values, canvas)
        return audio * torch.linspace(1.0, 0.7, canvas.samples, dtype=audio.dtype, device=audio.device)


class StemsAreLouder(Bell):
    def _stems(self, values, brief):
        return {"all": 1.1 * self._finish(values, brief.canvas)}


class InfiniteSlope(Fade):
    def shape(self, time, duration, attack, tail):
        return super().shape(time, duration, attack, tail) * (1 - 0.01 * torch.sqrt(tail - 1 / 64))


class CutsTheAttack(Fade):
    def shape(self, time, duration, attack, tail):
        return super().shape(time, duration, attack.detach(), tail)


class IgnoresTheAttack(Fade):
    def shape(self, time, duration, attack, tail):
        return super().shape(time, duration, 0.01 + 0 * attack, tail)


class ChecksNoShapes(Fade):
    def levels(self, time, duration, values):
        return self._levels(time, duration, values)


class ThreeScores(Bell):
    """Tells a score too few."""

    def _notes(self, values, canvas):
        return (Score(super()._notes(values, canvas)[0].notes),)


#: The rule, what breaks it, and the rules that cannot but break with it.
BROKEN = [
    ("component.capabilities", UnknownCapability, ()),
    ("component.signature", OtherNames, ()),
    ("component.deterministic", ListensToTheGlobalSeed, ()),
    ("component.random_state", DrawsGlobally, ()),
    ("component.torch_settings", SetsPrecision, ()),
    ("component.threads", KeepsItsPitch, ()),
    ("component.deepcopy", ForgetsWhenCopied, ()),
    ("component.pickle", KeepsALambda, ()),
    ("component.dtype", AlwaysSingle, ()),
    ("component.device", NoDevice, ()),
    ("instrument.parameters", NoGroup, ()),
    ("instrument.described", NoDescription, ()),
    ("instrument.finish", DrawsWhenFinished, ("instrument.stems",)),
    ("instrument.seed", StartsByRow, ()),
    ("instrument.length", RoundsUp, ()),
    ("instrument.padding", PlaysThePadding, ()),
    ("instrument.notes", TellsAnOctaveTooHigh, ()),
    ("instrument.notes", TellsNothing, ()),
    ("instrument.notes", ThreeScores, ()),
    ("instrument.effect", IgnoresBrightness, ()),
    ("instrument.errors", ChecksNoNames, ()),
    ("instrument.nan", HidesNaN, ()),
    ("instrument.amplitude", TenTimesTooLoud, ()),
    ("instrument.offset", HasAnOffset, ()),
    ("instrument.silence", SoundsEarly, ()),
    ("instrument.decay", NeverEnds, ()),
    ("instrument.pitch", TwelveCentsSharp, ()),
    ("instrument.pitch", AnOctaveLow, ("instrument.aliasing",)),
    ("instrument.aliasing", Aliases, ()),
    ("instrument.rate_free", CountsSamples, ()),
    ("instrument.longer", FadesOverTheCanvas, ()),
    ("instrument.stems", StemsAreLouder, ()),
    ("instrument.range_values", InfiniteAtZero, ()),
    ("instrument.range_gradients", RootAtZero, ()),
    ("instrument.gradient", Cuts, ()),
    ("instrument.gradient", HalfTheSlope, ()),
    ("envelope.shape", WrongSpanShape, ()),
    ("envelope.range", Overshoots, ()),
    ("envelope.onset", SwellsBefore, ()),
    ("envelope.span", ForgetsItsTail, ()),
    ("envelope.continuity", JumpsAtTheEnd, ()),
    ("envelope.short", NeedsLongNotes, ()),
    ("envelope.range_gradients", InfiniteSlope, ()),
    ("envelope.gradient", CutsTheAttack, ()),
    ("envelope.effect", IgnoresTheAttack, ()),
    ("envelope.errors", ChecksNoShapes, ()),
]
