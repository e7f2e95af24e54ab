"""Checks at the boundary that several contracts share."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from orchestra_core.errors import ContractError, ParameterError


def check_audio(audio: Tensor, sample_rate: int, who: str) -> None:
    """Check that audio handed in is a finite floating-point tensor (batch, samples) at a positive rate.

    Raises
    ------
    ParameterError
        It is not.
    """
    if not isinstance(audio, Tensor) or not audio.is_floating_point():
        seen = audio.dtype if isinstance(audio, Tensor) else type(audio).__name__
        raise ParameterError(f"{who} was given audio of type {seen}; expected a floating-point tensor (batch, samples).")
    if audio.ndim != 2 or 0 in audio.shape:
        raise ParameterError(
            f"{who} was given audio of shape {tuple(audio.shape)}; expected (batch, samples) with at least one of each. "
            "For one clip use audio[None]."
        )
    if sample_rate <= 0:
        raise ParameterError(f"{who} was given a sample rate of {sample_rate!r}; expected a positive number of Hz.")
    if not bool(torch.isfinite(audio.detach()).all()):
        raise ParameterError(f"{who} was given audio with NaN or infinite samples; expected finite ones.")


def check_values(values: Mapping[str, Tensor], who: str) -> int:
    """Check that values agree on the batch size, and return it.

    Raises
    ------
    ParameterError
        There are none, or they disagree.
    """
    sizes = {name: value.shape[0] for name, value in values.items() if value.ndim}
    if len(set(sizes.values())) != 1:
        seen = ", ".join(f"{name}: {size}" for name, size in sizes.items()) or "no values"
        raise ParameterError(f"{who} was given values of batch sizes {seen}; expected one size for all.")
    return next(iter(sizes.values()))


def check_finite(values: Mapping[str, Tensor], who: str) -> None:
    """Check that there is an item, and that no value is NaN or infinite.

    Raises
    ------
    ParameterError
        The batch is empty, or a value is not finite; it is named.
    """
    for name, value in values.items():
        if value.ndim and value.shape[0] == 0:
            raise ParameterError(f"{who} was given an empty batch; expected at least one item.")
        if not bool(torch.isfinite(value.detach()).all()):
            raise ParameterError(f"{who} was given {name!r} with NaN or infinite values; expected finite ones.")


def usable_device(name: str) -> torch.device:
    """Return a torch device after trying it.

    Raises
    ------
    ParameterError
        It does not exist here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise ParameterError(f"The device {name!r} cannot be used here: {str(error).splitlines()[0]} Try 'cpu'.") from error
    return device


def check_rows(named: Mapping[str, Tensor], batch: int, who: str, what: str) -> None:
    """Check that a component returned one number per item under each name.

    Raises
    ------
    ContractError
        A tensor has another shape.
    """
    for name, rows in named.items():
        if rows.shape != (batch,):
            raise ContractError(
                f"{who} returned {what} {name!r} of shape {tuple(rows.shape)}; expected ({batch},), one per item."
            )


def zero_where_finite(values: Mapping[str, Tensor]) -> Tensor:
    """Return 0, or NaN for an item with a value that is not finite: to be added to what an instrument renders.

    An infinite onset or attack would only be silent; it has to come to light, so that an optimisation goes back.

    Parameters
    ----------
    values : mapping of str to Tensor [shape=(batch, ...)]
        Of the parameters; those that are no floating-point numbers are passed over.

    Returns
    -------
    Tensor [shape=(batch, 1)]
        Without a gradient.

    Examples
    --------
    >>> zero_where_finite({"attack": torch.tensor([0.1, torch.inf])})
    tensor([[0.],
            [nan]])
    """
    rows = [0 * value.detach().reshape(len(value), -1) for value in values.values() if value.is_floating_point()]
    return torch.cat(rows, 1).sum(1, keepdim=True)
