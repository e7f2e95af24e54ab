"""What must be done for each item of a batch by itself: clipping, plateaus and stopping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from orchestra_staged.config import StageConfig

# An improvement smaller than this share of the best loss does not count.
_LEAST_IMPROVEMENT = 1e-3


def clip_gradients(coordinates: Iterable[Tensor], largest: float) -> None:
    """Scale each item's gradient, over all coordinates together, to a norm of at most `largest`.

    Parameters
    ----------
    coordinates : iterable of Tensor [shape=(batch, ...)]
        Leaves with gradients.
    largest : float, > 0
        Largest norm.

    Notes
    -----
    With one clip over the whole batch an item's path would depend on its neighbours.
    """
    gradients = [leaf.grad for leaf in coordinates if leaf.grad is not None]
    if not gradients:
        return
    # In double precision, so that the padding of a batch does not change the last bit of the sum.
    squares = torch.stack([gradient.double().reshape(gradient.shape[0], -1).square().sum(dim=1) for gradient in gradients])
    factor = (largest / (squares.sum(dim=0).sqrt() + 1e-12)).clamp_max(1.0)
    for gradient in gradients:
        gradient.mul_(factor.to(gradient.dtype).reshape(-1, *[1] * (gradient.ndim - 1)))


class Patience:
    """Counts, for each item, the steps without improvement; lowers its step size and says when it stops.

    Parameters
    ----------
    config : StageConfig
        Plateau and stop rules.
    batch : int
        Number of items.
    device : torch.device
        Where losses live.
    """

    def __init__(self, config: StageConfig, batch: int, device: torch.device) -> None:
        self._config = config
        self._best = torch.full((batch,), torch.inf, dtype=torch.float64, device=device)
        self._waited = torch.zeros(batch, dtype=torch.int64, device=device)
        self._since_plateau = torch.zeros(batch, dtype=torch.int64, device=device)

    @torch.no_grad()
    def step(self, loss: Tensor, rate: Tensor) -> Tensor:
        """Take note of losses, shape (batch,); lower `rate` in place on a plateau; return which items stop."""
        loss = loss.double()
        better = loss < self._best - _LEAST_IMPROVEMENT * self._best.abs().nan_to_num(posinf=0.0)
        self._best = torch.where(better, loss, self._best)
        self._waited = torch.where(better, 0, self._waited + 1)
        self._since_plateau = torch.where(better, 0, self._since_plateau + 1)
        plateau = self._since_plateau > self._config.plateau_patience
        rate.mul_(torch.where(plateau, self._config.plateau_factor, 1.0))
        self._since_plateau = torch.where(plateau, 0, self._since_plateau)
        stopped = loss < self._config.stop_loss
        return stopped | (self._waited >= self._config.stop_patience) if self._config.stop_patience else stopped

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return the counters."""
        return {"best": self._best, "waited": self._waited, "since_plateau": self._since_plateau}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Take the counters over."""
        self._best, self._waited = state_dict["best"], state_dict["waited"]
        self._since_plateau = state_dict["since_plateau"]
