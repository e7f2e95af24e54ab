"""A small system to evaluate: a score source that knows what is asked, a synthesizer of sines, an oracle and three judges."""

import math

import torch

from orchestra_core import (
    Descriptor,
    Dimension,
    Instrument,
    Judge,
    Note,
    Oracle,
    Parameter,
    Part,
    Preset,
    Schedule,
    Score,
    ScoreSource,
    hookimpl,
)
from orchestra_core.errors import ParameterError

RATE = 8_000


class Sines(Instrument):
    """A sine for each note, with edges of 10 ms; the gain of the whole is the only thing that moves."""

    capabilities = frozenset({"differentiable", "notes", "pitched", "rate_free"})

    def _parameters(self, brief):
        notes = brief.notes()
        fixed = {"pitch": notes.pitch, "onset": notes.onset, "duration": notes.duration, "velocity": notes.velocity}
        moved = Parameter("bend", "timbre", torch.zeros(len(brief)), "1", -0.2, 0.2, "Second partial")
        mask = Parameter("mask", "mask", notes.mask, fixed=True)
        return (moved, mask, *(Parameter(name, name, value, fixed=True) for name, value in fixed.items()))

    def _render(self, values, canvas):
        time = torch.arange(canvas.samples) / canvas.sample_rate
        since = time - values["onset"][..., None]
        left = values["duration"][..., None] - since
        edges = (torch.minimum(since, left) / 0.01).clamp(0.0, 1.0)
        phase = 2 * math.pi * 440 * 2 ** ((values["pitch"][..., None] - 69) / 12) * since
        tone = torch.sin(phase) + values["bend"][:, None, None] * torch.sin(2 * phase)
        return ((values["velocity"] * values["mask"])[..., None] * edges * tone).sum(dim=1)

    def _notes(self, values, canvas):
        columns = [values[name].tolist() for name in ("pitch", "onset", "duration", "velocity", "mask")]
        items = zip(*columns, strict=True)
        return tuple(Score(tuple(Note(p, o, d, v) for p, o, d, v, m in zip(*item, strict=True) if m)) for item in items)


class Follows(ScoreSource):
    """Onsets with the arousal that is asked, register with the valence; C major, and the seed shifts the line."""

    def _write(self, brief, choice, generator):
        arousal, valence = (float(brief.targets[name][0]) for name in ("arousal", "valence"))
        count = max(round(6 * 2 ** (1.5 * arousal)), 3)
        step = 0.9 * brief.canvas.duration / count
        line = [(0, 2, 4)[(index + int(generator.integers(2))) % 3] for index in range(count - 1)]
        middle = 60 + 12 * round(2 * valence)
        part = Part("melody")
        notes = [Note(middle + pitch, 0.05 + index * step, 0.7 * step, 0.6, part) for index, pitch in enumerate([*line, 0])]
        return Score(tuple(notes), key="C major")


class Blind(ScoreSource):
    """The same four notes whatever is asked, and their order by the seed."""

    def _write(self, brief, choice, generator):
        pitches = generator.permutation([60, 62, 64, 67])
        step = 0.2 * brief.canvas.duration
        return Score(tuple(Note(float(p), 0.05 + i * step, 0.8 * step, 0.6) for i, p in enumerate(pitches)), key="C major")


class Tones(ScoreSource):
    """Tones one after the other, as they are configured."""

    def __init__(self, steps=(0, 4, 7, 0), lowest=60):
        self.pitches = [lowest + step for step in steps]

    def _write(self, brief, choice, generator):
        step = 0.9 * brief.canvas.duration / len(self.pitches)
        return Score(tuple(Note(float(p), 0.02 + i * step, 0.8 * step) for i, p in enumerate(self.pitches)), key="C major")


class Still(Schedule):
    """Moves nothing."""

    def _optimize(self, problem):
        for step in problem.stage("still", groups=("all",), weights=dict.fromkeys(problem.terms, 1.0), steps=1):
            step.loss()


class Pulse(Oracle):
    """Reads arousal from the zero crossings of the envelope and valence from the mean frequency."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (RATE,)
    dimensions = (Dimension("arousal", -1, 1, mean=0.1, sd=0.2), Dimension("valence", -1, 1, mean=0.0, sd=0.25))

    def __init__(self, deaf=False):
        self.deaf = deaf

    def _read(self, clips, sample_rate):
        envelope = torch.nn.functional.avg_pool1d(clips.abs()[:, None], 160, 40)[:, 0]
        onsets = torch.relu(envelope.diff(dim=1)).sum(dim=1) / envelope.amax(dim=1).clamp_min(1e-6)
        power = torch.fft.rfft(clips).abs().square()
        frequency = torch.linspace(0, sample_rate / 2, power.shape[1], dtype=clips.dtype)
        centroid = (power * frequency).sum(dim=1) / power.sum(dim=1).clamp_min(1e-9)
        readings = {"arousal": torch.log2(onsets / 6 + 0.1) / 2, "valence": torch.log2(centroid / 300 + 0.01) / 3}
        return {name: (0 * value if self.deaf else value).clamp(-1, 1) for name, value in readings.items()}


class NoteJudge(Judge):
    """Marks arousal by onsets and valence by register; knows how it does on people's ratings."""

    needs = frozenset({"notes"})
    dimensions = (Dimension("arousal", -1, 1, mean=0.0, sd=0.4), Dimension("valence", -1, 1, mean=0.0, sd=0.5))
    held_out = {"arousal": {"r": 0.7, "slope": 0.5}, "valence": {"r": 0.6, "slope": 0.4}}

    def _mark(self, performance):
        notes = performance.score.notes
        onsets = len({round(note.onset, 3) for note in notes})
        register = sum(note.pitch for note in notes) / len(notes)
        return {"arousal": math.log2(onsets / 6) / 2, "valence": (register - 62) / 24}

    def _typicality(self, performance):
        return 100.0 if len(performance.score.notes) > 8 else 50.0


class PickyJudge(Judge):
    """Refuses pieces of few notes."""

    needs = frozenset({"notes"})
    dimensions = (Dimension("arousal", -1, 1),)

    def _mark(self, performance):
        if len(performance.score.notes) < 6:
            raise ParameterError("The performance has few notes; expected six.")
        return {"arousal": 0.5}

    def _typicality(self, performance):
        raise ParameterError("It cannot be told.")


class LoudnessJudge(Judge):
    """Marks arousal by the level of the sound; knows valence too, and is not good enough at it."""

    dimensions = (Dimension("arousal", -1, 1), Dimension("valence", -1, 1))
    qualified = frozenset({"arousal"})

    def _mark(self, performance):
        level = 10 * math.log10(float(performance.audio.square().mean()) + 1e-9)
        return {"arousal": max(min(level / 60, 1), -1), "valence": 0.0}


@hookimpl
def orchestra_instruments():
    return [Descriptor("sines", "battery_parts:Sines", "Sines", capabilities=Sines.capabilities)]


@hookimpl
def orchestra_scores():
    from battery_parts_config import TonesConfig

    return [
        Descriptor("follows", "battery_parts:Follows", "What is asked"),
        Descriptor("blind", "battery_parts:Blind", "Always the same"),
        Descriptor("tones", "battery_parts:Tones", "As configured", config=TonesConfig),
    ]


@hookimpl
def orchestra_schedules():
    return [Descriptor("still", "battery_parts:Still", "Moves nothing")]


@hookimpl
def orchestra_oracles():
    from battery_parts_config import PulseConfig

    return [Descriptor("pulse", "battery_parts:Pulse", "Pulse", config=PulseConfig, capabilities=Pulse.capabilities)]


@hookimpl
def orchestra_presets():
    parts = {"instrument": "sines", "oracle": "pulse", "schedule": "still", "score": "follows"}
    return [
        Preset("little", "The small system, for a second", {"pipeline": parts, "canvas": {"duration": 1.0}, "loudness": -30.0})
    ]


@hookimpl
def orchestra_judges():
    return [
        Descriptor("note_judge", "battery_parts:NoteJudge", "By notes"),
        Descriptor("picky_judge", "battery_parts:PickyJudge", "Of many notes alone"),
        Descriptor("loudness_judge", "battery_parts:LoudnessJudge", "By level"),
    ]
