"""One run: a batch of requests from the brief to the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.objective import Take
from orchestra_core.contracts.oracle import Dimension
from orchestra_core.emotions.cues import OF_AROUSAL
from orchestra_core.pipeline.export import asked_loudness, export, export_stems
from orchestra_core.pipeline.finishing import check_loop, finish
from orchestra_core.pipeline.fixed_score import FixedScore
from orchestra_core.pipeline.likeness import (
    Likeness,
    brightness_hint,
    describe_likeness,
    likeness_of,
    loudness_like,
    measure_likeness,
)
from orchestra_core.pipeline.parts import Parts
from orchestra_core.pipeline.played import as_written
from orchestra_core.pipeline.recordings import check_sources, read_sources
from orchestra_core.pipeline.request import Request, warn_missed, warn_unseen
from orchestra_core.pipeline.result import ParameterValue, Result
from orchestra_core.problem import Evaluator, Problem
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_core.problem.history import Row, to_frame
from orchestra_core.problem.listener import Listener
from orchestra_core.problem.rows import one_thread_each
from orchestra_core.registry.events import Events


@dataclass(frozen=True)
class Run:
    """What listeners are told of a run.

    Parameters
    ----------
    requests : tuple of Request
        What is asked, one per item.
    targets : tuple of mapping of str to float
        The same in the oracle's units.
    dimensions : tuple of Dimension
        What the objective reads.
    recipe : mapping
        Everything needed to make it again, as plain values.
    directory : Path, or None
        The run folder.
    resumed : bool
        Whether an earlier run goes on.
    """

    requests: tuple[Request, ...]
    targets: tuple[Mapping[str, float], ...]
    dimensions: tuple[Dimension, ...]
    recipe: Mapping[str, Any]
    directory: Path | None = None
    resumed: bool = False


class HookListener(Listener):
    """Passes what a problem tells on to the life-cycle hooks."""

    def __init__(self, hooks: Events, run: Run) -> None:
        self._hooks = hooks
        self._run = run

    def stage_started(self, stage: str, steps: int) -> None:
        """Call `orchestra_stage_started`."""
        self._hooks.stage_started(self._run, stage, steps)

    def steps_finished(self, rows: Sequence[Row]) -> None:
        """Call `orchestra_steps_finished`."""
        self._hooks.steps_finished(self._run, rows)


class Performance:
    """Carries a run out.

    Parameters
    ----------
    parts : Parts
        Instrument, score source, objective and schedule.
    run : Run
        What is asked.
    canvas : Canvas
        The time grid of the results.
    device : torch.device
        Where it is computed.
    stems : bool
        Whether results hold their parts apart.
    """

    def __init__(self, parts: Parts, run: Run, canvas: Canvas, device: torch.device, stems: bool = False) -> None:
        self._parts = parts
        self._run = run
        self._canvas = canvas
        self._device = device
        self._stems = stems
        self._evaluator = Evaluator(parts.instrument, parts.objective)
        self._measured: dict[int, Likeness] = {}

    def check(self) -> None:
        """Refuse, before anything is written, parts that cannot work together or break their contracts.

        Raises
        ------
        IncompatibleError
            The schedule cannot use the instrument's groups or the objective's terms, or a part needs a recording.
        ContractError
            A part does not return what it has to.
        """
        check_sources(self._run.requests, self._parts.instrument, self._parts.objective)
        check_loop(self._canvas, self._parts.instrument)
        problem = Problem(self._evaluator, self._brief(), source=self._parts.score)
        self._parts.schedule.check(problem.groups, problem.terms)
        with one_thread_each(), torch.no_grad():  # once through every check of the contracts, before the unchecked inner loop
            self._evaluator.hear(problem.values, problem.brief, problem.brief.generator("check"))

    def optimize(self, hooks: Events, checkpoint: CheckpointFile | None, budget: int | None) -> Problem:
        """Return the problem with its parameters moved.

        Raises
        ------
        RunError
            The optimisation could not go on.
        """
        problem = Problem(
            self._evaluator,
            self._brief(),
            source=self._parts.score,
            listener=HookListener(hooks, self._run),
            checkpoint=checkpoint,
            budget=budget,
        )
        hooks.run_started(replace(self._run, resumed=problem.state.resumed))
        self._parts.schedule.optimize(problem)
        return problem

    def results(self, problem: Problem) -> tuple[Result, ...]:
        """Render and read every item by itself at the canvas' rate."""
        with one_thread_each():
            return tuple(self._result(problem, row) for row in range(len(problem.brief)))

    def _brief(self) -> Brief:
        canvas = self._canvas.at(self._evaluator.working_rate(self._canvas.sample_rate))
        names = sorted({name for targets in self._run.targets for name in targets})
        columns = {name: [targets[name] for targets in self._run.targets] for name in names}
        known = [dimension for dimension in self._run.dimensions if dimension.name in columns]
        asked = {dimension.name: [dimension.request(target) for target in columns[dimension.name]] for dimension in known}
        return Brief(
            canvas=canvas,
            targets={name: torch.tensor(column, device=self._device) for name, column in columns.items()},
            requests={name: torch.tensor(column, device=self._device) for name, column in asked.items()},
            cues=self._cues(asked.get("arousal")),
            seeds=torch.tensor([request.seed for request in self._run.requests], device=self._device),
            source=self._source(canvas),
        )

    def _cues(self, arousal: Sequence[float] | None) -> dict[str, Tensor]:
        hints = [request.cues.given() for request in self._run.requests]
        for row, given in enumerate(hints):
            recording = self._likeness(row)
            if recording is not None and arousal is not None:
                # As bright as the recording, whatever its arousal asks for by itself.
                given["brightness"] = brightness_hint(recording) - OF_AROUSAL["brightness"] * arousal[row]
        names = sorted({name for given in hints for name in given})
        return {name: torch.tensor([given.get(name, 0.0) for given in hints], device=self._device) for name in names}

    def _source(self, canvas: Canvas) -> Tensor | None:
        source = read_sources(self._run.requests, canvas)
        return None if source is None else source.to(self._device)

    @torch.no_grad()
    def _result(self, problem: Problem, row: int) -> Result:
        brief, parameters, values = problem.item(row)
        source = read_sources(self._run.requests[row : row + 1], self._canvas)
        brief = replace(brief, canvas=self._canvas, source=None if source is None else source.to(self._device))
        recording = self._likeness(row)
        asked = asked_loudness(self._canvas, self._run.targets[row], self._run.dimensions)
        if recording is not None and self._canvas.level == "auto" and asked is not None:
            asked = loudness_like(recording)
        finished = finish(self._parts.instrument, values, brief, self._stems)
        exported = export(finished.audio, self._canvas, asked)
        stems, softer = export_stems(finished.stems, exported.gain)
        take = Take(exported.audio, self._canvas.sample_rate, values, brief, brief.generator("final"))
        evaluation = self._parts.objective.evaluate(take)
        likeness = () if recording is None else (self._held_against(recording, row, exported.audio, brief),)
        notes = self._parts.instrument.notes(values, self._canvas)
        readings = {name: float(reading) for name, reading in evaluation.readings.items()}
        history = to_frame(replace(r, item=0) for r in problem.state.rows if r.item == row)
        return Result(
            audio=exported.audio[0].float().cpu().numpy(),
            canvas=self._canvas,
            seed=self._run.requests[row].seed,
            targets=self._run.targets[row],
            readings=readings,
            dimensions=self._run.dimensions,
            gain=float(exported.gain),
            asked_loudness=asked,
            stems={name: stem[0].float().cpu().numpy() for name, stem in stems.items()},
            notes=as_written(notes[0], brief.scores[0] if brief.scores else None) if notes else None,
            choice=dict(problem.choices[row]),
            parameters=tuple(
                ParameterValue(
                    name=p.name,
                    group=p.group,
                    unit=p.unit,
                    description=p.description,
                    lower=p.lower,
                    upper=p.upper,
                    initial=p.initial[0].detach().cpu().numpy(),
                    final=values[p.name][0].detach().cpu().numpy(),
                    fixed=p.fixed,
                )
                for p in parameters
            ),
            history=history,
            messages=(*self._messages(row, readings, problem), *likeness, *finished.messages, *exported.messages, *softer),
            recipe={**self._run.recipe, "items": [self._run.recipe["items"][row]]},
            inputs={name: Path(path) for name, path in self._run.recipe["inputs"].items()},
            word=self._run.requests[row].word,
        )

    def _likeness(self, row: int) -> Likeness | None:
        """Return what is measured of the recording that a piece of music is to be like; sounds have no tempo."""
        like = self._run.requests[row].like
        if like is None or "arousal" not in self._run.targets[row]:
            return None
        if row not in self._measured:
            self._measured[row] = likeness_of(like)
        return self._measured[row]

    def _held_against(self, recording: Likeness, row: int, audio: Tensor, brief: Brief) -> str:
        piece = measure_likeness(audio[0].float().cpu().numpy(), self._canvas.sample_rate)
        name = Path(self._run.requests[row].like or "").name
        return describe_likeness(name, recording, piece, brief.scores[0].tempo if brief.scores else None)

    def _messages(self, row: int, readings: Mapping[str, float], problem: Problem) -> tuple[str, ...]:
        targets, dimensions = self._run.targets[row], self._run.dimensions
        events = _summed_up([r for r in problem.state.rows if r.item == row and r.event])
        source = self._parts.score
        cut = source.describe_cut(self._canvas) if isinstance(source, FixedScore) else []
        like = self._run.requests[row].like
        # A sound that is there contradicts nothing.
        advice = () if like is not None and not self._run.requests[row].targets else self._parts.objective.advise(targets)
        return (*cut, *warn_unseen(targets, dimensions), *advice, *warn_missed(targets, readings, dimensions), *events)


def _summed_up(rows: Sequence[Row]) -> list[str]:
    """Return the first event of every stage, with how many more there were; the history has them all."""
    by_stage: dict[str, list[str]] = {}
    for row in rows:
        by_stage.setdefault(row.stage, []).append(row.event)
    more = {stage: f" ({len(events) - 1} more in this stage.)" if len(events) > 1 else "" for stage, events in by_stage.items()}
    return [events[0] + more[stage] for stage, events in by_stage.items()]
