"""How a component of each kind is tried out: inputs with the batch first, and what comes out for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.judge import Performance
from orchestra_core.contracts.objective import Take
from orchestra_core.contracts.randomness import score_generator
from orchestra_core.contracts.score import Note, Score
from orchestra_core.testing.setting import SEEDS, Setting
from orchestra_core.testing.signals import music
from orchestra_core.testing.toys import solve, toy_problem

Inputs = Mapping[str, Tensor]


class Bench(ABC):
    """Tries out components of one kind.

    Parameters
    ----------
    setting : Setting
        What they are tried with.
    component : Component
        The one whose inputs are made; `apply` also takes its copies.
    """

    #: Whether the inputs are signals and values, whose type and device the outputs should have.
    keeps_type: ClassVar[bool] = True
    #: Whether the rows of the outputs belong to the rows of the inputs.
    has_rows: ClassVar[bool] = True

    def __init__(self, setting: Setting, component: Any) -> None:
        self.setting = setting
        self.component = component

    @abstractmethod
    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return inputs for three items; each variant gives others."""

    @abstractmethod
    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return what comes out for inputs of any number of items."""

    def seeds(self, variant: int) -> tuple[int, ...]:
        """Return three seeds."""
        return tuple(seed + 10 * variant for seed in SEEDS)


class InstrumentBench(Bench):
    """Renders the values of three scores."""

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return the initial values of three items."""
        brief = self.setting.brief(self.seeds(variant))
        return {parameter.name: parameter.initial.detach() for parameter in self.component.parameters(brief)}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return the audio."""
        return {"audio": component.render(inputs, self.setting.canvas)}


class EnvelopeBench(Bench):
    """Asks for the levels and the spans of two notes for three items."""

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return times, durations and the initial values."""
        brief = self.setting.brief(self.seeds(variant))
        values = {parameter.name: parameter.initial.detach() for parameter in self.component.parameters(brief)}
        duration = torch.tensor([[0.1, 0.5], [0.3, 0.2], [0.05, 0.8]]) * (1 + 0.1 * variant)
        time = torch.linspace(-0.1, 1.5, 400).expand(3, 2, 400).clone()
        return {"time": time, "duration": duration, **values}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return the levels and the spans."""
        values = {name: value for name, value in inputs.items() if name not in ("time", "duration")}
        levels = component.levels(inputs["time"], inputs["duration"], values)
        return {"levels": levels, "span": component.span(inputs["duration"], values)}


class OracleBench(Bench):
    """Reads three clips."""

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return three clips at the lowest native rate."""
        rate, duration = clip_of(self.component)
        return {"audio": music(self.seeds(variant), rate, duration).float()}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return the readings."""
        return dict(component.read(inputs["audio"], clip_of(self.component)[0]))


class ObjectiveBench(Bench):
    """Evaluates three takes."""

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return audio, values and targets of three items."""
        brief = self.brief(self.seeds(variant))
        notes = brief.notes()
        values = {name: torch.full((len(brief),), value) for name, value in self.setting.values.items()}
        values |= {name: getattr(notes, name) for name in ("pitch", "onset", "duration", "mask")} | {"amplitude": notes.velocity}
        rate, duration = objective_clip(self.component, self.setting)
        audio = music(self.seeds(variant), rate, duration).float()
        targets = {f"target.{name}": target for name, target in brief.targets.items()}
        return {"audio": audio, "seeds": brief.seeds, **targets, **{f"value.{name}": value for name, value in values.items()}}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return the terms and the readings."""
        evaluation = component.evaluate(self.take(inputs))
        return {**{f"term {name}": term for name, term in evaluation.terms.items()}, **dict(evaluation.readings)}

    def take(self, inputs: Inputs) -> Take:
        """Return the take that inputs describe."""
        rate, duration = objective_clip(self.component, self.setting)
        canvas = replace(self.setting.canvas, duration=duration, sample_rate=rate)
        targets, values = ({n.partition(".")[2]: v for n, v in inputs.items() if n.startswith(p)} for p in ("target.", "value."))
        written = self.setting.brief(inputs["seeds"].tolist(), canvas=canvas)
        brief = replace(written, targets=targets, seeds=inputs["seeds"])
        return Take(inputs["audio"], rate, values, brief, brief.generator("objective"))

    def brief(self, seeds: tuple[int, ...]) -> Brief:
        """Return a brief with a target for every dimension."""
        brief = self.setting.brief(seeds)
        middle = {d.name: torch.full((len(brief),), d.lower + 0.6 * (d.upper - d.lower)) for d in self.component.dimensions}
        return replace(brief, targets={**brief.targets, **middle})


class ScheduleBench(Bench):
    """Solves a toy problem of three items."""

    keeps_type = False

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return three seeds."""
        return {"seeds": torch.tensor(self.seeds(variant))}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return where the problem ends."""
        return dict(solve(component, toy_problem(self.setting, inputs["seeds"].tolist())).values)


class ScoreBench(Bench):
    """Writes three scores."""

    keeps_type = False
    has_rows = False

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return three seeds."""
        return {"seeds": torch.tensor(self.seeds(variant))}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return the notes of each score: pitch, onset, duration and velocity in rows."""
        seeds = inputs["seeds"].tolist()
        return {f"score of seed {seed}": as_rows(write_score(self.setting, component, seed)) for seed in seeds}


class JudgeBench(Bench):
    """Lets three performances be marked."""

    keeps_type = False
    has_rows = False

    def inputs(self, variant: int = 0) -> dict[str, Tensor]:
        """Return three seeds."""
        return {"seeds": torch.tensor(self.seeds(variant))}

    def apply(self, component: Any, inputs: Inputs) -> dict[str, Tensor]:
        """Return the marks of each performance by dimension."""
        marked = [component.mark(performance(seed)) for seed in inputs["seeds"].tolist()]
        names = sorted({name for marks in marked for name in marks})
        return {name: torch.tensor([marks[name] for marks in marked], dtype=torch.float64) for name in names}


def performance(seed: int, duration: float = 6.0, sample_rate: int = 22_050) -> Performance:
    """Return a performance with sound (a chord over faint tones) and notes (a walk over chords), in another key for each seed.

    Mode and speed differ from seed to seed too.
    """
    (audio,) = music((seed,), sample_rate, duration).float()
    root, third, speed = 55 + seed % 5, 4 - seed % 2, 3 + seed % 3
    pitches = [root + 12 + step for step in (0, third, 7, 12)]
    walk = [Note(pitches[i % 4], i / speed, 0.8 / speed, 0.6) for i in range(int(speed * duration))]
    chords = [Note(root + step, float(i), 0.9, 0.5) for i in range(int(duration)) for step in (0, third, 7)]
    return Performance(audio, sample_rate, Score((*walk, *chords)))


def write_score(setting: Setting, component: Any, seed: int, choice: Mapping[str, Any] | None = None) -> Score:
    """Return the score that a source writes for a seed."""
    brief = replace(setting.brief((seed,)), scores=None)
    score: Score = component.write(brief, choice or {}, score_generator(seed))
    return score


def as_rows(score: Score) -> Tensor:
    """Return the notes of a score, shape (notes, 4): pitch, onset, duration, velocity."""
    return torch.tensor([[n.pitch, n.onset, n.duration, n.velocity] for n in score.notes], dtype=torch.float64)


def clip_of(oracle: Any) -> tuple[int, float]:
    """Return the rate in Hz and the length in s of the clips that an oracle is tried with."""
    return min(oracle.sample_rates), oracle.clip_duration or 1.0


def objective_clip(objective: Any, setting: Setting) -> tuple[int, float]:
    """Return the rate in Hz and the length in s of the takes that an objective is tried with."""
    rates = objective.sample_rates
    return (min(rates) if rates else setting.canvas.sample_rate), setting.canvas.duration


BENCHES: Mapping[str, Callable[[Setting, Any], Bench]] = {
    "instrument": InstrumentBench,
    "envelope": EnvelopeBench,
    "oracle": OracleBench,
    "objective": ObjectiveBench,
    "schedule": ScheduleBench,
    "score": ScoreBench,
    "judge": JudgeBench,
}
