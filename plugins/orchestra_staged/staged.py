"""The schedule `staged`: a search over score choices, then declared stages of gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

from orchestra_core import Problem, Schedule
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_staged.config import PRESETS, Preset, PresetName, StageConfig
from orchestra_staged.optimizers import UPDATES, Descent
from orchestra_staged.per_item import Patience, clip_gradients
from orchestra_staged.search import search as search_choices


class Staged(Schedule):
    """Tries score choices, then moves groups of parameters by gradient in declared stages.

    Parameters
    ----------
    preset : {"default", "design", "reference"}
        Which stages, where none are given.
    stages : sequence of StageConfig
        Your own stages, instead of the preset's.
    search : int, >= -1
        At most so many score choices are tried first; 0 for none, -1 for as many as the preset says (0 with own stages).

    Raises
    ------
    ParameterError
        There is no such preset or optimiser, or a number of a stage lies outside its range.
    """

    capabilities = frozenset({"differentiable"})

    def __init__(self, preset: PresetName = "default", stages: Sequence[StageConfig] = (), search: int = -1) -> None:
        if preset not in PRESETS:
            raise ParameterError(f"preset is {preset!r}; expected one of {', '.join(PRESETS)}.")
        for stage in stages:
            _check_stage(stage)
        chosen = Preset(tuple(stages), search=0) if stages else PRESETS[preset]
        self.stages = chosen.stages
        self.search = search if search >= 0 else chosen.search

    def check(self, groups: frozenset[str], terms: frozenset[str]) -> None:
        """Refuse groups none of which a stage can move, and terms that a stage weighs and the objective does not have."""
        for stage in self.stages:
            if not (stage.optional or _can_move(stage, groups)):
                raise IncompatibleError(
                    f"Stage {stage.name!r} moves the groups {', '.join(stage.groups)}; the instrument has only "
                    f"{', '.join(sorted(groups)) or 'none'}. Choose another preset, or give your own stages."
                )
            missing = set(stage.weights) - terms
            if missing:
                raise IncompatibleError(
                    f"Stage {stage.name!r} weighs the loss term {sorted(missing)[0]!r}; the objective has only "
                    f"{', '.join(sorted(terms))}. Choose another preset, or give your own stages."
                )
        if not groups and self.stages:
            raise IncompatibleError("The instrument has no parameter that can be moved; a schedule of stages has nothing to do.")

    def _optimize(self, problem: Problem) -> None:
        search_choices(problem, self.search)
        for config in self.stages:
            if _can_move(config, problem.groups):
                _descend(problem, config)


def _can_move(stage: StageConfig, groups: frozenset[str]) -> bool:
    return "all" in stage.groups or bool(groups & set(stage.groups))


def _check_stage(stage: StageConfig) -> None:
    if stage.optimizer not in UPDATES:
        raise ParameterError(f"Stage {stage.name!r}: optimizer is {stage.optimizer!r}; expected one of {', '.join(UPDATES)}.")
    for name in ("steps", "clip", "plateau_patience", "stop_patience", "stop_loss"):
        if not getattr(stage, name) >= 0:
            raise ParameterError(f"Stage {stage.name!r}: {name} is {getattr(stage, name)!r}; expected 0 or more.")
    if not stage.learning_rate > 0:
        raise ParameterError(f"Stage {stage.name!r}: learning_rate is {stage.learning_rate!r}; expected a positive number.")
    if not 0 < stage.plateau_factor <= 1:
        raise ParameterError(f"Stage {stage.name!r}: plateau_factor is {stage.plateau_factor!r}; expected a value in (0, 1].")


def _descend(problem: Problem, config: StageConfig) -> None:
    groups = [group for group in config.groups if group == "all" or group in problem.groups]
    weights = config.weights or dict.fromkeys(problem.terms, 1.0)
    stage = problem.stage(config.name, groups=groups, weights=weights, steps=config.steps)
    leaves = list(stage.coordinates.values())
    optimizer = Descent(config.optimizer, leaves, config.learning_rate)
    patience = Patience(config, len(problem.brief), problem.brief.device)
    stage.keep(optimizer=optimizer, patience=patience)
    for step in stage:
        loss = step.loss()
        stage.stop(patience.step(loss.detach(), stage.rate))
        step.backward()
        if config.clip:
            clip_gradients(leaves, config.clip)
        optimizer.step()
