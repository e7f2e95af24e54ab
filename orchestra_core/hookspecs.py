"""The hooks that plugins implement: what they provide, and what they are told while a run goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pluggy

from orchestra_core.descriptors import Command, Descriptor, Preset, ReportSection

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result
    from orchestra_core.pipeline.run import Run
    from orchestra_core.problem.history import Row

#: pluggy project name and entry-point group.
PROJECT = "orchestra_core"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def orchestra_instruments() -> Iterable[Descriptor]:
    """Return the instruments that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_envelopes() -> Iterable[Descriptor]:
    """Return the envelopes that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_oracles() -> Iterable[Descriptor]:
    """Return the oracles that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_objectives() -> Iterable[Descriptor]:
    """Return the objectives that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_schedules() -> Iterable[Descriptor]:
    """Return the schedules that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_scores() -> Iterable[Descriptor]:
    """Return the score sources that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_judges() -> Iterable[Descriptor]:
    """Return the judges that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_presets() -> Iterable[Preset]:
    """Return the presets that this plugin provides."""
    raise NotImplementedError


@hookspec
def orchestra_commands() -> Iterable[Command]:
    """Return the subcommands that this plugin adds to ``orchestra``."""
    raise NotImplementedError


@hookspec
def orchestra_report_sections() -> Iterable[ReportSection]:
    """Return the sections that this plugin adds to the report."""
    raise NotImplementedError


@hookspec
def orchestra_run_started(run: Run) -> None:
    """Be told that an optimisation begins, or goes on after an interruption."""


@hookspec
def orchestra_stage_started(run: Run, stage: str, steps: int) -> None:
    """Be told that a stage of at most `steps` steps begins or goes on."""


@hookspec
def orchestra_steps_finished(run: Run, rows: Sequence[Row]) -> None:
    """Be told what the last steps gave: one row per step and item, delivered every few steps."""


@hookspec
def orchestra_run_finished(run: Run, results: Sequence[Result]) -> None:
    """Be told that an optimisation is finished."""
