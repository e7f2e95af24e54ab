"""The optimisers of `torch.optim`, by their functional forms.

The first step of one of its classes imports torch's compiler, whether or not anything is compiled: a second and 140 MB, a fifth
of what it takes to compose a piece. The arithmetic is the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from orchestra_staged.config import OptimizerName

Tensors = list[Tensor]
#: Moves leaves along their gradients at a rate, with the states of each.
Update = Callable[[Tensors, Tensors, float, Mapping[str, Tensors]], None]


class Descent:
    """Moves tensors against their gradients, with the defaults of `torch.optim` (and momentum 0.9 for ``sgd``).

    Parameters
    ----------
    name : {"adam", "adamw", "rmsprop", "sgd"}
        Which algorithm.
    leaves : iterable of Tensor
        What is moved.
    rate : float, > 0
        Learning rate.
    """

    def __init__(self, name: OptimizerName, leaves: Iterable[Tensor], rate: float) -> None:
        self._leaves = list(leaves)
        self._rate = rate
        self._update, states = UPDATES[name]
        self._states = {state: [_start(state, leaf) for leaf in self._leaves] for state in states}

    @torch.no_grad()
    def step(self) -> None:
        """Move the tensors that have a gradient."""
        moved = [i for i, leaf in enumerate(self._leaves) if leaf.grad is not None]
        gradients = [leaf.grad for leaf in self._leaves if leaf.grad is not None]
        states = {name: [state[i] for i in moved] for name, state in self._states.items()}
        self._update([self._leaves[i] for i in moved], gradients, self._rate, states)

    def state_dict(self) -> Mapping[str, Sequence[Tensor]]:
        """Return the running means and counters."""
        return self._states

    def load_state_dict(self, state_dict: Mapping[str, Sequence[Tensor]]) -> None:
        """Take running means and counters over."""
        for name, states in self._states.items():
            for own, saved in zip(states, state_dict[name], strict=True):
                own.copy_(saved)


def _start(state: str, leaf: Tensor) -> Tensor:
    return torch.zeros(()) if state == "step" else torch.zeros_like(leaf, requires_grad=False)


def _adam(leaves: Tensors, gradients: Tensors, rate: float, states: Mapping[str, Tensors], decay: float = 0.0) -> None:
    adam(
        *(leaves, gradients, states["mean"], states["square"], [], states["step"]),
        decoupled_weight_decay=decay > 0,
        amsgrad=False,
        beta1=0.9,
        beta2=0.999,
        lr=rate,
        weight_decay=decay,
        eps=1e-8,
        maximize=False,
    )


def _adamw(leaves: Tensors, gradients: Tensors, rate: float, states: Mapping[str, Tensors]) -> None:
    _adam(leaves, gradients, rate, states, decay=1e-2)


def _rmsprop(leaves: Tensors, gradients: Tensors, rate: float, states: Mapping[str, Tensors]) -> None:
    rmsprop(
        *(leaves, gradients, states["square"], [], [], states["step"]),
        lr=rate,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0.0,
        momentum=0.0,
        centered=False,
    )


def _sgd(leaves: Tensors, gradients: Tensors, rate: float, states: Mapping[str, Tensors]) -> None:
    momenta: list[Tensor | None] = list(states["momentum"])
    sgd(leaves, gradients, momenta, weight_decay=0.0, momentum=0.9, lr=rate, dampening=0.0, nesterov=False, maximize=False)


#: By name: how it moves, and what it remembers of each tensor.
UPDATES: Mapping[OptimizerName, tuple[Update, tuple[str, ...]]] = {
    "adam": (_adam, ("mean", "square", "step")),
    "adamw": (_adamw, ("mean", "square", "step")),
    "rmsprop": (_rmsprop, ("square", "step")),
    "sgd": (_sgd, ("momentum",)),
}
