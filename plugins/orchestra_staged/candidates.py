"""Candidates of a search over score choices: drawn from a prior, and neighbours of what was good."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from orchestra_core.errors import ContractError

Choice = dict[str, Any]

# So many draws are made to find a choice that was not tried before.
_TRIES = 20
# A neighbour differs in one choice, or with this chance in a second one too.
_SECOND = 0.4
# What a prior holds to be impossible is worth this many nats, so that sums stay finite.
_IMPOSSIBLE = 50.0


@dataclass(frozen=True)
class Space:
    """What may be chosen for one item, and how likely each value is before anything is heard.

    Parameters
    ----------
    values : mapping of str to tuple
        Values by choice, the default first.
    weights : mapping of str to sequence of float
        By choice a weight for each value; a choice that is left out has no likelier value.

    Raises
    ------
    ContractError
        Weights are of no choice, not as many as the values, not finite, negative, or all 0.
    """

    values: Mapping[str, tuple[Any, ...]]
    weights: Mapping[str, Sequence[float]]

    def __post_init__(self) -> None:
        for name, weights in self.weights.items():
            if name not in self.values:
                raise ContractError(f"The prior names the choice {name!r}; expected choices of {list(self.values)}.")
            if not (
                len(weights) == len(self.values[name]) and all(math.isfinite(w) and w >= 0 for w in weights) and any(weights)
            ):
                raise ContractError(
                    f"The prior of the choice {name!r} is {list(weights)}; expected a finite weight of 0 or more for each of "
                    f"{list(self.values[name])}, at least one above 0."
                )

    @property
    def size(self) -> int:
        """Number of combinations."""
        return math.prod(len(values) for values in self.values.values())

    @property
    def likeliest(self) -> Choice:
        """The likeliest value of every choice; the first one where several are."""
        return {name: values[int(np.argmax(self._shares(name)))] for name, values in self.values.items()}

    def surprise(self, choice: Mapping[str, Any]) -> float:
        """Return how much less likely a choice is than the likeliest, in nats: 0 or more."""
        odds = [self._shares(name)[self.values[name].index(value)] / max(self._shares(name)) for name, value in choice.items()]
        return sum(-math.log(share) if share > 0 else _IMPOSSIBLE for share in odds)

    def drawn(self, generator: np.random.Generator, tried: Collection[str]) -> Choice:
        """Return a choice drawn from the prior; if it can be helped, one whose `key` is not among those tried."""
        return _fresh(lambda: {name: self._value(name, generator) for name in self.values}, tried)

    def near(self, choice: Mapping[str, Any], generator: np.random.Generator, tried: Collection[str]) -> Choice:
        """Return a neighbour of a choice: numbers go to the next one in size, everything else is drawn from the prior.

        Parameters
        ----------
        choice : mapping
            A value for every choice.
        generator : numpy.random.Generator
            The only source of randomness.
        tried : collection of str
            Keys that shall not come again, if that can be helped.

        Returns
        -------
        dict
        """
        open_ = [name for name, values in self.values.items() if len(values) > 1]

        def moved() -> Choice:
            count = min(1 + int(generator.random() < _SECOND), len(open_))
            names = generator.permutation(len(open_))[:count]
            return {**choice, **{open_[i]: self._next(open_[i], choice[open_[i]], generator) for i in names}}

        return _fresh(moved, tried)

    def _shares(self, name: str) -> Sequence[float]:
        return self.weights.get(name) or [1.0] * len(self.values[name])

    def _value(self, name: str, generator: np.random.Generator) -> Any:
        shares = np.asarray(self._shares(name), dtype=float)
        return self.values[name][int(generator.choice(len(shares), p=shares / shares.sum()))]

    def _next(self, name: str, value: Any, generator: np.random.Generator) -> Any:
        values = self.values[name]
        up = bool(generator.integers(2))
        if not all(isinstance(one, Real) for one in values):
            others = [one for one in (self._value(name, generator) for _ in range(_TRIES)) if one != value]
            return others[0] if others else value
        ladder = sorted(values)
        place = ladder.index(value)
        step = 1 if (up and place + 1 < len(ladder)) or place == 0 else -1
        return ladder[place + step]


def key(choice: Mapping[str, Any]) -> str:
    """Return a choice as text, to know it again."""
    return json.dumps(choice, sort_keys=True)


def _fresh(draw: Callable[[], Choice], tried: Collection[str]) -> Choice:
    choice = draw()
    for _ in range(_TRIES):
        if key(choice) not in tried:
            break
        choice = draw()
    return choice
