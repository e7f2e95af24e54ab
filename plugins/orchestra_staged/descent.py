"""Gradient stages: what they are checked for, and how a problem goes through one."""

from __future__ import annotations

from collections.abc import Sequence

from orchestra_core import Problem
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_staged.config import StageConfig
from orchestra_staged.optimizers import UPDATES, Descent
from orchestra_staged.per_item import Patience, clip_gradients


def can_move(stage: StageConfig, groups: frozenset[str]) -> bool:
    """Return whether an instrument has any of a stage's groups."""
    return "all" in stage.groups or bool(groups & set(stage.groups))


def check_stages(stages: Sequence[StageConfig], groups: frozenset[str], terms: frozenset[str]) -> None:
    """Check that stages can be gone through with an instrument's groups and an objective's terms.

    Raises
    ------
    IncompatibleError
        A stage that is not optional can move nothing, or weighs a term that is not there.
    """
    for stage in stages:
        if not (stage.optional or can_move(stage, groups)):
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
    if not groups and stages:
        raise IncompatibleError("The instrument has no parameter that can be moved; a schedule of stages has nothing to do.")


def check_stage(stage: StageConfig) -> None:
    """Check the values of a stage.

    Raises
    ------
    ParameterError
        There is no such optimiser, or a number lies outside its range.
    """
    if stage.optimizer not in UPDATES:
        raise ParameterError(f"Stage {stage.name!r}: optimizer is {stage.optimizer!r}; expected one of {', '.join(UPDATES)}.")
    for name in ("steps", "clip", "plateau_patience", "stop_patience", "stop_loss"):
        if not getattr(stage, name) >= 0:
            raise ParameterError(f"Stage {stage.name!r}: {name} is {getattr(stage, name)!r}; expected 0 or more.")
    if not stage.learning_rate > 0:
        raise ParameterError(f"Stage {stage.name!r}: learning_rate is {stage.learning_rate!r}; expected a positive number.")
    if not 0 < stage.plateau_factor <= 1:
        raise ParameterError(f"Stage {stage.name!r}: plateau_factor is {stage.plateau_factor!r}; expected a value in (0, 1].")


def descend(problem: Problem, config: StageConfig, steps: int | None = None) -> None:
    """Go through a stage of gradient descent: each item by itself, until it stops.

    Parameters
    ----------
    problem : Problem
        What is moved; it has a group of the stage.
    config : StageConfig
        The stage.
    steps : int or None
        At most so many, instead of what the stage says.
    """
    groups = [group for group in config.groups if group == "all" or group in problem.groups]
    weights = config.weights or dict.fromkeys(problem.terms, 1.0)
    stage = problem.stage(config.name, groups=groups, weights=weights, steps=config.steps if steps is None else steps)
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
