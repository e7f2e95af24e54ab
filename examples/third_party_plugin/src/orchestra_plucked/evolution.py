"""The schedule ``evolution``: candidates, a weighted mean of the better ones, and a spread that adapts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_core import Problem, Schedule, Stage
from orchestra_core.errors import ParameterError


class Evolution(Schedule):
    """A (mu/mu, lambda) evolution strategy with cumulative step-size adaptation, for every item by itself.

    First it tries the scores that the score source can write, and keeps the nearest. Each generation then draws candidates
    around the mean, moves the mean to the weighted mean of the better half, and widens or narrows the spread by how straight
    the path of the mean was. It needs no gradient.

    Parameters
    ----------
    population : int, >= 4
        Candidates of each item in a generation.
    generations : int, >= 0
        At most so many.
    spread : float, > 0
        Standard deviation of the first generation, in free coordinates.
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
    .. [1] N. Hansen and A. Ostermeier, "Completely derandomized self-adaptation in evolution strategies", Evolutionary
       Computation 9 (2), 2001.
    """

    def __init__(
        self, population: int = 12, generations: int = 30, spread: float = 0.6, enough: float = 0.02, scores: int = 24
    ) -> None:
        given = {"population": population, "generations": generations, "spread": spread, "enough": enough, "scores": scores}
        for name, lowest in {"population": 4, "generations": 0, "spread": 1e-6, "enough": 0.0, "scores": 0}.items():
            if not given[name] >= lowest:
                raise ParameterError(f"{name} is {given[name]!r}; expected {lowest:g} or more.")
        self._population, self._generations = population, generations
        self._spread, self._enough, self._scores = spread, enough, scores

    def _optimize(self, problem: Problem) -> None:
        weights = dict.fromkeys(problem.terms, 1.0)
        choose_score(problem, weights, self._scores)
        stage = problem.stage("evolution", groups=("all",), weights=weights, steps=self._generations)
        search = Search(stage, self._population, self._spread)
        stage.keep(search=search)  # a resumed run goes on with the same spread and path
        for step in stage:
            with torch.no_grad():
                search.move_mean()
                stage.stop(step.loss() < self._enough)


def choose_score(problem: Problem, weights: Mapping[str, float], limit: int) -> None:
    """Leave every item with the best of the scores that its source can write, one step for each that is tried."""
    names, values = list(problem.choice_values), problem.choice_values.values()
    every = [dict(zip(names, combination, strict=True)) for combination in itertools.product(*values)] if names else []
    stage = problem.stage("scores", groups=(), weights=weights, steps=min(limit, len(every)))
    for step in stage:
        with torch.no_grad():
            branch = problem.branch(every[step.index])
            problem.adopt(branch, step.observe(branch.evaluate()))


class Search:
    """The distribution that candidates of every item are drawn from; its mean is where the stage stands.

    Parameters
    ----------
    stage : Stage
        Whose coordinates are moved.
    population : int
        Candidates of each item.
    spread : float
        Standard deviation of the first candidates.
    """

    def __init__(self, stage: Stage, population: int, spread: float) -> None:
        self._stage = stage
        self._own = own_coordinates(stage)
        self._population = population
        self._path = torch.zeros_like(_flat(stage.coordinates))
        self._spread = self._path.new_full(self._path.shape[:1], spread)

    def move_mean(self) -> None:
        """Draw a generation and move the stage's coordinates towards its better half; stopped items stay."""
        noise = self._draw()
        mean = _flat(self._stage.coordinates)
        candidates = mean[:, None] + self._spread[:, None, None] * noise
        weights = rank_weights(self._losses(candidates))
        step = (weights[:, :, None] * noise).sum(dim=1)
        moving = (self._stage.rate > 0)[:, None]
        self._write(torch.where(moving, mean + self._spread[:, None] * step, mean))
        self._adapt(step, 1 / weights[0].square().sum())

    def state_dict(self) -> dict[str, Tensor]:
        """Return spread and path, for checkpoints."""
        return {"spread": self._spread, "path": self._path}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take spread and path over from a checkpoint."""
        self._spread, self._path = state["spread"], state["path"]

    def _draw(self) -> Tensor:
        """Return standard normal noise (batch, population, coordinates), 0 where an item has only padding.

        Every item draws from its own stream and for its own coordinates: its path is the same alone as in a batch.
        """
        noise = self._path.new_zeros(len(self._own), self._population, self._own.shape[1])
        for row, own in enumerate(self._own):
            stream = self._stage.problem.generator.rows(torch.tensor([row]))
            noise[row, :, own] = stream.randn(self._population, int(own.sum()))[0].to(noise)
        return noise

    def _losses(self, candidates: Tensor) -> Tensor:
        batch, population, _ = candidates.shape
        rows = torch.arange(batch, device=candidates.device).repeat_interleave(population)
        losses = self._stage.losses(_shaped(candidates.flatten(0, 1), self._stage.coordinates), rows)
        return losses.nan_to_num(nan=math.inf).reshape(batch, population)

    def _write(self, mean: Tensor) -> None:
        for name, part in _shaped(mean, self._stage.coordinates).items():
            self._stage.coordinates[name].copy_(part)

    def _adapt(self, step: Tensor, better: Tensor) -> None:
        """Widen the spread where steps add up, narrow it where they cancel; `better` is the effective number of parents."""
        count = self._own.sum(dim=1).to(step.dtype)
        rate = (better + 2) / (count + better + 5)
        keep, gain = 1 - rate[:, None], (rate * (2 - rate) * better).sqrt()[:, None]
        self._path = keep * self._path + gain * step
        usual = count.sqrt() * (1 - 1 / (4 * count) + 1 / (21 * count**2))  # the expected length of a random path
        damping = 1 + rate + 2 * (((better - 1) / (count + 1)).sqrt() - 1).clamp_min(0.0)
        self._spread = self._spread * torch.exp(rate / damping * (self._path.norm(dim=1) / usual - 1))


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


def rank_weights(losses: Tensor) -> Tensor:
    """Return weights (batch, population) that sum to 1: logarithmic in the rank for the better half, else 0.

    Examples
    --------
    >>> rank_weights(torch.tensor([[3.0, 1.0, 2.0, 4.0]])).round(decimals=3)
    tensor([[0.0000, 0.8050, 0.1950, 0.0000]])
    """
    population = losses.shape[1]
    rank = losses.argsort(dim=1).argsort(dim=1).to(losses.dtype)
    weights = (math.log((population + 1) / 2) - torch.log(rank + 1)).clamp_min(0.0)
    return weights / weights.sum(dim=1, keepdim=True)


def _flat(coordinates: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([leaf.detach().reshape(len(leaf), -1) for leaf in coordinates.values()], dim=1)


def _shaped(rows: Tensor, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return rows (n, coordinates) as one tensor (n, ...) for each parameter."""
    parts = torch.split(rows, [leaf[0].numel() for leaf in like.values()], dim=1)
    return {name: part.reshape(len(rows), *leaf.shape[1:]) for (name, leaf), part in zip(like.items(), parts, strict=True)}
