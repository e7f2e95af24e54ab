"""A small problem in closed form: DC of some level per item, whose loss is the squared distance to a target."""

import torch

from orchestra_core import Brief, Canvas, Evaluation, Instrument, Note, Objective, Parameter, Problem, Score, ScoreSource
from orchestra_core.problem import Evaluator
from orchestra_core.problem.listener import Listener

CANVAS = Canvas(duration=0.01, sample_rate=8_000, level="as_is")


class Constant(Instrument):
    """Two numbers added up to a constant signal, one in each of two groups; `spoil` acts on the level."""

    capabilities = frozenset({"differentiable"})

    def __init__(self, spoil=lambda level, values: level):
        self.spoil = spoil

    def _parameters(self, brief):
        start = torch.full((len(brief),), 0.0, dtype=torch.float64)
        which = torch.as_tensor(brief.seeds, dtype=torch.float64)
        return (
            Parameter("coarse", "big", start, "1"),
            Parameter("fine", "small", start.clone(), "1"),
            Parameter("which", "which", which, fixed=True),
        )

    def _render(self, values, canvas):
        level = self.spoil(values["coarse"] + values["fine"], values)
        return level[:, None] * torch.ones(canvas.samples, dtype=torch.float64)


class Squared(Objective):
    """Squared distance of the mean to the target, and the size of the coarse part as a prior."""

    @property
    def terms(self):
        return ("distance", "prior")

    def _evaluate(self, take):
        level = take.audio.mean(dim=1)
        distance = (level - take.targets["level"]) ** 2
        return Evaluation({"distance": distance, "prior": take.values["coarse"] ** 2}, {"level": level})


class Melody(Instrument):
    """The sum of the levels of notes."""

    def _parameters(self, brief):
        notes = brief.notes(torch.float64)
        return (
            Parameter("level", "dynamics", notes.velocity, "1"),
            Parameter("mask", "mask", notes.mask, fixed=True),
        )

    def _render(self, values, canvas):
        level = (values["level"] * values["mask"]).sum(dim=1)
        return level[:, None] * torch.ones(canvas.samples, dtype=torch.float64)


class TotalOnly(Squared):
    """Only the distance."""

    @property
    def terms(self):
        return ("distance",)

    def _evaluate(self, take):
        level = take.audio.mean(dim=1)
        return Evaluation({"distance": (level - take.targets["level"]) ** 2}, {"level": level})


class Counts(ScoreSource):
    """So many notes of velocity 0.5."""

    @property
    def choices(self):
        return {"notes": (2, 1, 5, 3)}

    def _write(self, brief, choice, generator):
        return Score(tuple(Note(60 + i, 0.0, 0.01, 0.5) for i in range(choice["notes"])))


class Diary(Listener):
    """Notes down everything it is told."""

    def __init__(self):
        self.stages = []
        self.deliveries = []

    def stage_started(self, stage, steps):
        self.stages.append((stage, steps))

    def steps_finished(self, rows):
        self.deliveries.append(list(rows))


def make(targets=(1.0, -2.0), instrument=None, objective=None, **options):
    """Return a problem with one item per target."""
    brief = Brief(CANVAS, {"level": torch.tensor(targets, dtype=torch.float64)}, torch.arange(len(targets)))
    return Problem(Evaluator(instrument or Constant(), objective or Squared()), brief, **options)


def descend(stage, rate=0.1, after=lambda step: None):
    """Work through a stage by plain gradient descent."""
    optimizer = torch.optim.SGD(list(stage.coordinates.values()), lr=rate)
    stage.keep(optimizer=optimizer)
    for step in stage:
        step.loss()
        step.backward()
        after(step)
        optimizer.step()
