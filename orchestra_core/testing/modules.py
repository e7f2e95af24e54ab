"""The torch modules within a component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn


def torch_modules(thing: Any, depth: int = 3) -> Iterator[nn.Module]:
    """Yield the torch modules within an object: itself, or those among its attributes, in containers too."""
    if isinstance(thing, nn.Module):
        yield thing
    elif depth and isinstance(thing, dict | list | tuple):
        for item in thing.values() if isinstance(thing, dict) else thing:
            yield from torch_modules(item, depth - 1)
    elif depth and hasattr(thing, "__dict__") and not isinstance(thing, type):
        yield from torch_modules(vars(thing), depth - 1)
