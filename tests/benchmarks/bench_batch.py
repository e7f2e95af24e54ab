"""What an item of a batch costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkout import worker
from harness import compare, ratio, summary
from tables import Figure, Size, at_most, milliseconds, number, table

SIZES = {Size.FULL: (1, 2, 4, 8, 16, 32, 64), Size.QUICK: (1, 4, 16), Size.SMOKE: (1, 2)}
ROUNDS = {Size.FULL: 5, Size.QUICK: 3, Size.SMOKE: 1}
#: Partials and threads.
SETTINGS = ((8, 1), (8, 2), (1, 1))


def measure(size: Size) -> dict[str, Any]:
    settings = SETTINGS if size is not Size.SMOKE else SETTINGS[-1:]
    cases, workers = {}, []
    for partials, threads in settings:
        works = {batch: f"{_steps(batch, size)}:{batch}:{partials}" for batch in SIZES[size]}
        workers.append(worker("step_worker.py", *works.values(), threads=threads))
        cases |= {(partials, threads, batch): workers[-1].case(work) for batch, work in works.items()}
    times = compare(cases, ROUNDS[size])
    for one in workers:
        one.close()
    return {_name(*setting): _found(times, setting, SIZES[size]) for setting in settings}


def _steps(batch: int, size: Size) -> int:
    return max(1, 16 // batch) if size is not Size.SMOKE else 1


def _name(partials: int, threads: int) -> str:
    return f"{partials} partial{'s' * (partials > 1)}, {threads} thread{'s' * (threads > 1)}"


def _found(times: Mapping[Any, Any], setting: tuple[int, int], batches: tuple[int, ...]) -> dict[str, Any]:
    alone = times[*setting, 1]
    return {
        "seconds": {str(batch): summary(times[*setting, batch]) for batch in batches},
        "shares": {str(batch): ratio(times[*setting, batch], alone) for batch in batches},
    }


def figures(result: Mapping[str, Any]) -> list[Figure]:
    shares = {name: found["shares"]["16"] for name, found in result.items() if "16" in found["shares"]}
    return [at_most(f"cost per item at batch 16 against batch 1, {name}", share, 0.6, "x") for name, share in shares.items()]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    head = ["batch", *(title for name in result for title in (f"per item, {name}", "against batch 1"))]
    rows = []
    for batch in next(iter(result.values()))["seconds"]:
        cells = [batch]
        for found in result.values():
            cells += [milliseconds(found["seconds"][batch]["wall"]), number(found["shares"][batch], "x")]
        rows.append(cells)
    return {"batch": table(head, rows)}
