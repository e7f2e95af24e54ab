"""Names of voices."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from orchestra_core.errors import ParameterError

#: Prefix of the levels of voices, which no voice can have as its name.
MIX = "mix"


def check_names(names: Iterable[str], who: str) -> None:
    """Check the names of voices.

    Parameters
    ----------
    names : iterable of str
        By which parameters, choices and parts are told apart.
    who : str
        Whose they are, for the message.

    Raises
    ------
    ParameterError
        There is none, or one is empty, has a dot in it, or is the prefix of the levels.
    """
    known = list(names)
    if not known:
        raise ParameterError(f"The {who} has no voices; expected at least one.")
    for name in known:
        if not name or "." in name or name == MIX:
            raise ParameterError(f"A voice of the {who} is named {name!r}; expected a name without a dot, and not {MIX!r}.")


def check_known(names: Iterable[str], voices: Collection[str], what: str) -> None:
    """Check that what is said of voices by name is said of voices that there are.

    Raises
    ------
    ParameterError
        One is unknown.
    """
    for name in names:
        if name not in voices:
            raise ParameterError(f"A {what} of the ensemble is for {name!r}; its voices are {', '.join(voices)}.")
