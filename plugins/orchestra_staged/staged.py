"""The schedule `staged`: a search over score choices, then declared stages of gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

from orchestra_core import Problem, Schedule
from orchestra_core.errors import ParameterError
from orchestra_staged.config import PRESETS, Preset, PresetName, StageConfig
from orchestra_staged.descent import can_move, check_stage, check_stages, descend
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
            check_stage(stage)
        chosen = Preset(tuple(stages), search=0) if stages else PRESETS[preset]
        self.stages = chosen.stages
        self.search = search if search >= 0 else chosen.search

    def check(self, groups: frozenset[str], terms: frozenset[str]) -> None:
        """Refuse groups none of which a stage can move, and terms that a stage weighs and the objective does not have."""
        check_stages(self.stages, groups, terms)

    def _optimize(self, problem: Problem) -> None:
        search_choices(problem, self.search)
        for config in self.stages:
            if can_move(config, problem.groups):
                descend(problem, config)
