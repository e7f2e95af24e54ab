"""Small plugins of every kind, done well: the broken ones of the meta-tests each differ from one of these in one thing."""

from __future__ import annotations

import math

import torch
from torch import nn

from orchestra_core import (
    Dimension,
    Envelope,
    Evaluation,
    Instrument,
    Judge,
    Note,
    Objective,
    Oracle,
    Parameter,
    Schedule,
    Score,
    ScoreSource,
)


def smooth(x):
    x = x.clamp(0.0, 1.0)
    return x * x * (3 - 2 * x)


class Bell(Instrument):
    """Notes of two partials, the second of which fades out where it would come near half of the lowest usual rate."""

    capabilities = frozenset({"differentiable", "notes", "pitched", "rate_free"})
    tuning = 440.0

    def _parameters(self, brief):
        notes, end = brief.notes(), brief.canvas.duration
        return (
            Parameter("onset", "timing", notes.onset.clamp(0.01 * end, 0.98 * end), "s", 0.0, end, "Start of each note"),
            Parameter("duration", "timing", notes.duration.clamp_min(0.03), "s", 0.02, math.inf, "Length of each note"),
            Parameter("amplitude", "dynamics", self.start(brief, notes), "1", 0.0, 1.0, "How loud each note is"),
            Parameter("brightness", "timbre", torch.full((len(brief),), 0.4), "1", 0.0, 1.0, "Share of the second partial"),
            Parameter("pitch", "score", notes.pitch, "MIDI", fixed=True),
            Parameter("mask", "score", notes.mask, fixed=True),
        )

    def start(self, brief, notes):
        return notes.velocity.clamp(0.01, 0.99)

    def _render(self, values, canvas):
        since = self.time(values, canvas) - values["onset"][..., None]
        duration = values["duration"][..., None]
        frequency = self.tuning * 2 ** ((values["pitch"][..., None] - 69) / 12)
        bright = values["brightness"][:, None, None] * self.audible(2 * frequency)
        tone = torch.sin(2 * math.pi * frequency * since) + bright * torch.sin(4 * math.pi * frequency * since)
        loudness = self.loudness(values["amplitude"]) * self.mask(values)
        return 0.3 * (loudness[..., None] * self.contour(since, duration) * tone).sum(dim=1)

    def time(self, values, canvas):
        onset = values["onset"]
        return torch.arange(canvas.samples, device=onset.device, dtype=onset.dtype) / canvas.sample_rate

    def audible(self, frequency):
        return ((10_000 - frequency) / 1_000).clamp(0.0, 1.0)

    def loudness(self, amplitude):
        return amplitude

    def mask(self, values):
        return values["mask"]

    def contour(self, since, duration):
        return smooth(since / 0.005) * smooth((duration - since) / 0.02 + 1)

    def _notes(self, values, canvas):
        columns = [values[name].tolist() for name in ("pitch", "onset", "duration", "amplitude", "mask")]
        items = ([Note(*note[:4]) for note in zip(*item, strict=True) if note[4]] for item in zip(*columns, strict=True))
        return tuple(Score(tuple(notes)) for notes in items)


class Fade(Envelope):
    """Rises over the attack, holds to the end of the note, and fades over the tail."""

    capabilities = frozenset({"differentiable", "rate_free"})

    def _parameters(self, brief):
        return (
            Parameter("attack", "envelope", torch.full((len(brief),), 0.02), "s", 0.005, 0.1, "Time to the full level"),
            Parameter("tail", "envelope", torch.full((len(brief),), 0.2), "s", 1 / 64, 0.5, "Time from the end to silence"),
        )

    def _levels(self, time, duration, values):
        attack, tail = values["attack"][:, None, None], values["tail"][:, None, None]
        return self.shape(time, duration[..., None], attack, tail)

    def shape(self, time, duration, attack, tail):
        return smooth(torch.minimum(time, duration) / attack) * smooth((duration - time) / tail + 1)

    def _span(self, duration, values):
        return duration + values["tail"][:, None]


class Warmth(Oracle):
    """Reads how much of the power lies below 600 Hz through a little frozen network, in half-second clips."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (22_050, 44_100)
    clip_duration = 0.5

    def __init__(self):
        self.head = nn.Linear(1, 1)
        with torch.no_grad():
            self.head.weight.fill_(2.0)
            self.head.bias.fill_(-1.0)
        self.head.eval().requires_grad_(False)

    @property
    def dimensions(self):
        return (Dimension("warmth", 0.0, 1.0, "1", mean=0.5, sd=0.1),)

    def _read(self, clips, sample_rate):
        return {"warmth": self.squash(self.share(clips, sample_rate))}

    def squash(self, share):
        weight, bias = self.head.weight.to(share), self.head.bias.to(share)
        return torch.sigmoid(nn.functional.linear(share[:, None], weight, bias))[:, 0]

    def share(self, clips, sample_rate):
        samples = clips.shape[1]
        window = torch.hann_window(samples, periodic=False, dtype=clips.dtype, device=clips.device)
        power = torch.fft.rfft(clips * window).abs().square() / samples**2
        frequency = torch.linspace(0, sample_rate / 2, power.shape[1], dtype=clips.dtype, device=clips.device)
        return (power * self.low(frequency)).sum(dim=1) / (power.sum(dim=1) + self.floor())

    def low(self, frequency):
        return torch.sigmoid((600 - frequency) / 50)

    def floor(self):
        return 1e-9


class SavedWarmth(Warmth):
    """The same with a state."""

    def state_dict(self):
        return self.head.state_dict()

    def load_state_dict(self, state):
        self.head.load_state_dict(state)


class Near(Objective):
    """How far the level is from the one asked for, and how large the amplitudes are."""

    capabilities = frozenset({"differentiable"})

    @property
    def terms(self):
        return ("loudness", "restraint")

    @property
    def dimensions(self):
        return (Dimension("loudness", 0.0, 1.0),)

    def _evaluate(self, take):
        loudness = self.level(take.audio)
        target = self.target(take, loudness)
        return Evaluation({"loudness": (loudness - target) ** 2, "restraint": self.prior(take)}, self.told(loudness))

    def level(self, audio):
        return (audio.square().mean(dim=1) + 1e-9).sqrt()

    def target(self, take, loudness):
        return take.targets.get("loudness", loudness.detach())

    def prior(self, take):
        return take.values["amplitude"].square().mean(dim=1)

    def told(self, loudness):
        return {"loudness": loudness}


class Descend(Schedule):
    """Adam over everything."""

    capabilities = frozenset({"differentiable"})
    rate, steps = 0.1, 40

    def _optimize(self, problem):
        weights = dict.fromkeys(problem.terms, 1.0)
        stage = problem.stage("descend", groups=("all",), weights=weights, steps=self.steps)
        self.descend(stage)

    def descend(self, stage):
        optimizer = torch.optim.Adam(list(stage.coordinates.values()), lr=self.rate)
        self.keep(stage, optimizer)
        for step in stage:
            self.backward(step, step.loss())
            optimizer.step()

    def keep(self, stage, optimizer):
        stage.keep(optimizer=optimizer)

    def backward(self, step, loss):
        step.backward()


class Climb(Schedule):
    """Random steps from the best place so far: no gradients."""

    capabilities = frozenset({"stochastic"})

    @torch.no_grad()
    def _optimize(self, problem):
        weights = dict.fromkeys(problem.terms, 1.0)
        stage = problem.stage("climb", groups=("all",), weights=weights, steps=150)
        for step in stage:
            if step.index > 0:
                for name, leaf in stage.coordinates.items():
                    leaf.copy_(stage.best[name] + 0.3 * problem.generator.randn(*leaf.shape[1:]).to(leaf))
            step.loss()


class Walk(ScoreSource):
    """A random walk over a scale."""

    @property
    def choices(self):
        return {"mode": ("major", "minor"), "density": (4, 8)}

    def _write(self, brief, choice, generator):
        degrees = generator.integers(-4, 9, size=choice["density"])
        steps = (0, 2, 4, 5, 7, 9, 11) if choice["mode"] == "major" else (0, 2, 3, 5, 7, 8, 10)
        gap = self.gap(brief.canvas.duration, choice["density"])
        pitches = [self.root(generator) + 12 * (degree // 7) + steps[degree % 7] for degree in degrees]
        start = self.start(brief.canvas.duration)
        return Score(tuple(Note(float(pitch), start + index * gap, 0.9 * gap) for index, pitch in enumerate(pitches)))

    def gap(self, duration, density):
        return 0.9 * duration / density

    def start(self, duration):
        return 0.0

    def root(self, generator):
        return 60


class Height(Judge):
    """How high the notes lie, and how full they are."""

    needs = frozenset({"notes"})

    @property
    def dimensions(self):
        return (Dimension("height", -1.0, 1.0), Dimension("fullness", 0.0, 1e3, "1/s"))

    @property
    def qualified(self):
        return frozenset({"height"})

    def _mark(self, performance):
        notes = performance.score.notes
        return {"height": sum(n.pitch - 60 for n in notes) / (48 * len(notes)), "fullness": len(notes) / performance.score.end}


class Weight(Judge):
    """How the power of the sound lies about 1 kHz."""

    @property
    def dimensions(self):
        return (Dimension("weight", 0.0, 1.0),)

    def _mark(self, performance):
        power = torch.fft.rfft(performance.audio).abs().square()
        frequency = torch.fft.rfftfreq(len(performance.audio), 1 / performance.sample_rate)
        return {"weight": self.share(float(power[frequency < 1000].sum()), float(power.sum()))}

    def share(self, low, whole):
        return low / (whole + 1e-9)


REFERENCES = {
    "instrument": Bell,
    "envelope": Fade,
    "oracle": Warmth,
    "objective": Near,
    "schedule": Descend,
    "score": Walk,
    "judge": Height,
}
