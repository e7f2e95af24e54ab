"""Plans of stimuli: factorial designs as tables, one row for each stimulus."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestra_battery.plain import why
from orchestra_core import write_text
from orchestra_core.errors import ConfigurationError

NAME, WORD, SEED, DURATION, BUDGET, LOUDNESS = "stimulus", "word", "seed", "duration", "budget", "loudness"
#: Columns that are no target and no configuration.
KNOWN = (NAME, WORD, SEED, DURATION, BUDGET, LOUDNESS)
PARTS = ("instrument", "oracle", "objective", "schedule", "score")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True)
class Stimulus:
    """One row of a plan.

    Parameters
    ----------
    name : str
        Unique; the name of its folder.
    factors : mapping of str to str
        The row as it is written, by column, empty cells left out.
    word : str or None
        An emotion word.
    targets : mapping of str to float
        Requests by dimension.
    seed : int
        Everything random follows from it.
    duration, loudness, budget : float, str or int, or None
        As of `Pipeline.compose`.
    parts : mapping of str to mapping of str to object
        Configuration fields by part; the key ``""`` names the part itself.
    """

    name: str
    factors: Mapping[str, str]
    word: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    duration: float | None = None
    loudness: str | float | None = None
    budget: int | None = None
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_plan(path: Path) -> tuple[Stimulus, ...]:
    """Return the stimuli of a plan.

    Parameters
    ----------
    path : Path
        A CSV file with a head. ``stimulus``, ``word``, ``seed``, ``duration``, ``loudness`` and ``budget`` are known; ``score``
        names a part and ``score.modes`` sets a field of its configuration, likewise of instrument, oracle, objective and
        schedule; every other column is a requested dimension. Empty cells ask for nothing.

    Returns
    -------
    tuple of Stimulus

    Raises
    ------
    ConfigurationError
        It cannot be read, or a cell cannot be used; the message names line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({why(error)}); expected a CSV file.") from error
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows:
        raise ConfigurationError(f"{path} has no rows; expected a head and a row for each stimulus.")
    stimuli = tuple(_stimulus(path, index + 2, row, f"{index:03d}") for index, row in enumerate(rows))
    names = [stimulus.name for stimulus in stimuli]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"{path} has two stimuli called {twice[0]!r}; expected each name once.")
    return stimuli


def factorial_rows(factors: Mapping[str, Sequence[str]], seeds: Sequence[int], *, single: bool = False) -> list[dict[str, str]]:
    """Return the rows of a plan.

    Parameters
    ----------
    factors : mapping of str to sequence of str
        Levels by column; the first is where a factor is held.
    seeds : sequence of int
        Every condition is made with each.
    single : bool
        Vary one factor at a time, with the others held, rather than every combination.

    Examples
    --------
    >>> [row["stimulus"] for row in factorial_rows({"valence": ["-0.5", "0.5"], "score.modes": ["major", "minor"]}, [1])]
    ['000_-0.5_major_1', '001_-0.5_minor_1', '002_0.5_major_1', '003_0.5_minor_1']
    >>> len(factorial_rows({"valence": ["0", "1"], "score.modes": ["major", "minor"]}, [1], single=True))
    3
    """
    names = list(factors)
    if single:
        held = [levels[0] for levels in factors.values()]
        varied = [[*held[:place], level, *held[place + 1 :]] for place, levels in enumerate(factors.values()) for level in levels]
        conditions = [list(one) for one in dict.fromkeys(map(tuple, varied))]
    else:
        conditions = [list(one) for one in itertools.product(*factors.values())]
    rows: list[dict[str, str]] = []
    for condition, seed in itertools.product(conditions, seeds):
        name = "_".join(re.sub(r"[^A-Za-z0-9.-]+", "-", part) for part in (f"{len(rows):03d}", *condition, str(seed)))
        rows.append({NAME: name[:80], **dict(zip(names, condition, strict=True)), SEED: str(seed)})
    return rows


def write_plan(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write the rows of a plan as CSV and return the path."""
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return write_text(path, text.getvalue())


def _stimulus(path: Path, line: int, row: Mapping[str, Any], default: str) -> Stimulus:
    where = f"{path}, line {line}"
    if None in row or None in row.values():
        raise ConfigurationError(f"{where}: the row has {_length(row)} cells; expected one for each column of the head.")
    cells = {column.strip(): text.strip() for column, text in row.items() if text.strip()}
    name = cells.get(NAME, default)
    if not _SAFE.fullmatch(name):
        raise ConfigurationError(
            f"{where}: the stimulus is called {name!r}; expected letters, digits, dots, dashes and underscores."
        )
    own = {column: text for column, text in cells.items() if column not in KNOWN}
    settings = {column: text for column, text in own.items() if column.partition(".")[0] in PARTS}
    targets = {column: _number(where, column, text) for column, text in own.items() if column not in settings}
    return Stimulus(
        name=name,
        factors={column: text for column, text in cells.items() if column != NAME},
        word=cells.get(WORD),
        targets=targets,
        seed=int(_number(where, SEED, cells.get(SEED, "0"), whole=True)),
        duration=_number(where, DURATION, cells[DURATION]) if DURATION in cells else None,
        loudness=_loudness(cells[LOUDNESS]) if LOUDNESS in cells else None,
        budget=int(_number(where, BUDGET, cells[BUDGET], whole=True)) if BUDGET in cells else None,
        parts=_parts(settings),
    )


def _length(row: Mapping[Any, Any]) -> int:
    return sum(len(text) if isinstance(text, list) else text is not None for text in row.values())


def _number(where: str, column: str, text: str, whole: bool = False) -> float:
    try:
        return int(text) if whole else float(text)
    except ValueError as error:
        kind = "a whole number" if whole else "a number"
        raise ConfigurationError(f"{where}: {column} is {text!r}; expected {kind}.") from error


def _loudness(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _parts(settings: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = {}
    for column, text in settings.items():
        part, _, name = column.partition(".")
        parts.setdefault(part, {})[name] = _value(text) if name else text
    return parts


def _value(text: str) -> Any:
    """Return a cell as JSON reads it, or as the text that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
