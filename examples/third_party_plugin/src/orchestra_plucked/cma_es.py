"""The schedule ``cma_es``: covariance matrix adaptation, through the library `cmaes`."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import torch
from cmaes import CMA, SepCMA
from torch import Tensor

from orchestra_core import Problem, Schedule, Stage
from orchestra_core.errors import IncompatibleError, ParameterError
from orchestra_plucked.config import Covariance

#: What a candidate counts whose loss is not finite: it ranks last.
_WORST = 1e300

Candidates = npt.NDArray[np.float64]


class CmaEs(Schedule):
    """Covariance matrix adaptation: every item has a normal distribution of its own that learns where to look.

    First it tries the scores that the score source can write, and keeps the nearest. Each step then draws a generation of
    candidates for every item, evaluates all of them in one call, adapts the distributions, and notes their means, of which
    the best is kept. It needs no gradient.

    Parameters
    ----------
    groups : tuple of str
        The groups that it moves; the fewer coordinates, the fewer candidates it needs.
    population : int >= 4, or None
        Candidates of each item in a generation; None for 4 + 3 ln(coordinates).
    sigma : float, > 0
        Standard deviation of the first generation, in free coordinates.
    steps : int, >= 0
        At most so many generations.
    covariance : {"full", "diagonal"}
        Whether it learns how coordinates depend on each other, which takes many generations if they are many.
    enough : float, >= 0
        An item stops once its loss is lower than this.
    scores : int, >= 0
        At most so many scores are tried first.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    References
    ----------
    .. [1] N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, 2016.
    .. [2] R. Ros and N. Hansen, "A simple modification in CMA-ES achieving linear time and space complexity", PPSN X, 2008.
    .. [3] M. Nomura and M. Shibata, "cmaes: a simple yet practical Python library for CMA-ES", arXiv:2402.01373, 2024.
    """

    def __init__(
        self,
        groups: tuple[str, ...] = ("all",),
        population: int | None = 12,
        sigma: float = 1.0,
        steps: int = 30,
        covariance: Covariance = "diagonal",
        enough: float = 0.02,
        scores: int = 24,
    ) -> None:
        lowest = {"population": (population, 4), "sigma": (sigma, 1e-6), "steps": (steps, 0), "enough": (enough, 0.0)}
        for name, (value, least) in {**lowest, "scores": (scores, 0)}.items():
            if value is not None and not value >= least:
                raise ParameterError(f"{name} is {value!r}; expected {least:g} or more.")
        if not groups:
            raise ParameterError("groups is empty; expected the names of one or more groups, or 'all'.")
        if covariance not in get_args(Covariance):
            raise ParameterError(f"covariance is {covariance!r}; expected one of {', '.join(get_args(Covariance))}.")
        self._groups, self._steps, self._enough, self._scores = tuple(groups), steps, enough, scores
        self._population, self._sigma, self._covariance = population, sigma, covariance

    def check(self, groups: frozenset[str], terms: frozenset[str]) -> None:
        """Refuse an instrument without one of the groups."""
        missing = sorted(set(self._groups) - groups - {"all"})
        if missing:
            raise IncompatibleError(
                f"cma_es moves the groups {', '.join(missing)}; the instrument has only {', '.join(sorted(groups))}. "
                "Name some of these, or choose another instrument."
            )

    def _optimize(self, problem: Problem) -> None:
        weights = dict.fromkeys(problem.terms, 1.0)
        choose_score(problem, weights, self._scores)
        stage = problem.stage("cma_es", groups=self._groups, weights=weights, steps=self._steps)
        population = Population(stage, self._population, self._sigma, self._covariance)
        stage.keep(population=population)  # a resumed run goes on with the same distributions
        for step in stage:
            with torch.no_grad():
                settled = population.evolve()
                stage.stop(settled | (step.loss() < self._enough))


def choose_score(problem: Problem, weights: Mapping[str, float], limit: int) -> None:
    """Leave every item with the best of the scores that its source can write, one step for each that is tried."""
    names, values = list(problem.choice_values), problem.choice_values.values()
    combinations = itertools.islice(itertools.product(*values), limit if names else 0)
    every = [dict(zip(names, combination, strict=True)) for combination in combinations]
    stage = problem.stage("scores", groups=(), weights=weights, steps=len(every))
    for step in stage:
        with torch.no_grad():
            branch = problem.branch(every[step.index])
            problem.adopt(branch, step.observe(branch.evaluate()))


class Population:
    """An optimiser of the library for every item, over the coordinates that are the item's own.

    Parameters
    ----------
    stage : Stage
        Whose coordinates are moved.
    size : int or None
        Candidates of each item in a generation; None leaves it to the library.
    sigma : float
        Standard deviation of the first ones.
    covariance : {"full", "diagonal"}
        What is learnt.
    """

    def __init__(self, stage: Stage, size: int | None, sigma: float, covariance: Covariance) -> None:
        self._stage = stage
        self._own = own_coordinates(stage)
        means = [row[own].cpu().numpy() for row, own in zip(_flat(stage.coordinates), self._own, strict=True)]
        # The library's diagonal one takes two coordinates or more; with one there is no difference.
        kinds = [SepCMA if covariance == "diagonal" and len(mean) > 1 else CMA for mean in means]
        made = zip(kinds, means, strict=True)
        self._optimisers: list[Any] = [kind(mean, sigma, population_size=size) for kind, mean in made]

    def evolve(self) -> Tensor:
        """Evaluate a generation of every item that still moves, and move the stage's coordinates to the new means.

        Returns
        -------
        Tensor [shape=(batch,), dtype=bool]
            Which items have converged, by the criteria of the library.
        """
        # A number of each item's own stream seeds its generation: the same alone as in a batch, and in a resumed run.
        seeds = (2**24 * self._stage.problem.generator.rand(1)[:, 0]).long().tolist()
        active = self._stage.active.tolist()
        asked = {row: _ask(optimiser, seeds[row]) for row, optimiser in enumerate(self._optimisers) if active[row]}
        settled = [not moving for moving in active]
        flat = _flat(self._stage.coordinates)
        for (row, candidates), losses in zip(asked.items(), self._losses(flat, asked), strict=True):
            settled[row] = _tell(self._optimisers[row], candidates, losses)
            flat[row, self._own[row]] = torch.from_numpy(self._optimisers[row].mean).to(flat)
        for name, part in _shaped(flat, self._stage.coordinates).items():
            self._stage.coordinates[name].copy_(part)
        return torch.tensor(settled, device=flat.device)

    def state_dict(self) -> list[dict[str, Any]]:
        """Return what the optimisers would pickle, as tensors and plain values: reading a checkpoint runs no code."""
        return [{name: _plain(value) for name, value in each.__getstate__().items()} for each in self._optimisers]

    def load_state_dict(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Take the optimisers' state over from a checkpoint."""
        for optimiser, saved in zip(self._optimisers, state, strict=True):
            optimiser.__setstate__({n: v.numpy().copy() if isinstance(v, Tensor) else v for n, v in saved.items()})

    def _losses(self, flat: Tensor, asked: Mapping[int, Candidates]) -> list[list[float]]:
        """Return the losses of the candidates of all items, evaluated in one call."""
        if not asked:
            return []
        sizes = [len(candidates) for candidates in asked.values()]
        rows = torch.tensor(list(asked), device=flat.device).repeat_interleave(torch.tensor(sizes, device=flat.device))
        full = flat[rows]
        for part, (row, candidates) in zip(torch.split(full, sizes), asked.items(), strict=True):
            part[:, self._own[row]] = torch.from_numpy(candidates).to(full)
        losses = self._stage.losses(_shaped(full, self._stage.coordinates), rows).double()
        return [part.tolist() for part in torch.split(losses.nan_to_num(_WORST, posinf=_WORST), sizes)]


def _ask(optimiser: Any, seed: int) -> Candidates:
    """Return a generation, shape (population, coordinates)."""
    optimiser.reseed_rng(seed)
    return np.stack([optimiser.ask() for _ in range(optimiser.population_size)])


def _tell(optimiser: Any, candidates: Candidates, losses: list[float]) -> bool:
    """Adapt a distribution to the losses of a generation; return whether it has converged."""
    optimiser.tell(list(zip(candidates, losses, strict=True)))
    settled = bool(optimiser.should_stop())
    # A pickle keeps half of the covariance. Taken over at once, it gives the same bits here as in a run that is resumed.
    optimiser.__setstate__(optimiser.__getstate__())
    return settled


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    return value.item() if isinstance(value, np.generic) else value


def own_coordinates(stage: Stage) -> Tensor:
    """Return which coordinates, shape (batch, coordinates), belong to an item, rather than to the padding of its batch."""
    rows = []
    for row in range(len(stage.problem.brief)):
        _, parameters, _ = stage.problem.item(row)
        alone = {parameter.name: parameter.initial.shape[1:] for parameter in parameters}
        masks = []
        for name, leaf in stage.coordinates.items():
            mask = torch.zeros(leaf.shape[1:], dtype=torch.bool, device=leaf.device)
            mask[tuple(slice(0, length) for length in alone[name])] = True
            masks.append(mask.flatten())
        rows.append(torch.cat(masks))
    return torch.stack(rows)


def _flat(coordinates: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([leaf.detach().reshape(len(leaf), -1) for leaf in coordinates.values()], dim=1)


def _shaped(rows: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return rows (n, coordinates) as one tensor (n, ...) for each parameter."""
    parts = torch.split(rows, [leaf[0].numel() for leaf in like.values()], dim=1)
    return {name: part.reshape(len(rows), *leaf.shape[1:]) for (name, leaf), part in zip(like.items(), parts, strict=True)}
