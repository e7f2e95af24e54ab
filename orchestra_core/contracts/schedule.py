"""The schedule contract: moves the parameters of a problem until the objective is met."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from orchestra_core.contracts.component import Component, Kind

if TYPE_CHECKING:
    from orchestra_core.problem import Problem


class Schedule(Component):
    """Moves the parameters of a problem.

    Authors implement `_optimize`, which works through `Problem.stage`, `Problem.evaluate` and `Problem.branch`; and
    `check`, where the schedule needs groups or terms to be there.
    """

    kind: ClassVar[Kind] = "schedule"

    def check(self, groups: frozenset[str], terms: frozenset[str]) -> None:
        """Refuse, before any work, an instrument's groups and an objective's terms that this schedule cannot use.

        Parameters
        ----------
        groups : frozenset of str
            Groups that the instrument's parameters can be moved by.
        terms : frozenset of str
            Loss terms of the objective.

        Raises
        ------
        IncompatibleError
            With what is missing.
        """
        return

    def optimize(self, problem: Problem) -> None:
        """Move the parameters of the problem; the result stays in the problem.

        Parameters
        ----------
        problem : Problem
            What to work on.

        Raises
        ------
        IncompatibleError
            The schedule cannot use what the problem has.
        RunError
            The optimisation could not go on.
        """
        self.check(problem.groups, problem.terms)
        self._optimize(problem)

    @abstractmethod
    def _optimize(self, problem: Problem) -> None: ...
