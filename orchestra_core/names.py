"""Unknown names: what to say about them, without importing anything heavy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def one_of(value: str, known: Iterable[str], what: str) -> str:
    """Return the sentences that say a name is unknown: close matches first, then all choices.

    Parameters
    ----------
    value : str
        The name that was given.
    known : iterable of str
        The names that exist.
    what : str
        What it is a name of, in words.

    Returns
    -------
    str

    Examples
    --------
    >>> one_of("staggd", ["staged", "random"], "schedule")
    "Unknown schedule 'staggd'. Did you mean 'staged'? Known: random, staged."
    """
    choices = sorted(known)
    close = get_close_matches(value, choices, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
    return f"Unknown {what} {value!r}.{hint} Known: {', '.join(choices) or 'none'}."
