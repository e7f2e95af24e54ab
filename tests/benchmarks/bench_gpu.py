"""The same step on a GPU, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from harness import compare, local, spread, summary
from tables import Figure, Size, milliseconds, number, table
from work import Steps, piano, problem

BATCHES = {Size.FULL: (1, 4, 16, 64, 256), Size.QUICK: (1, 16), Size.SMOKE: (1,)}
ROUNDS = {Size.FULL: 7, Size.QUICK: 3, Size.SMOKE: 1}
STEPS = {Size.FULL: 20, Size.QUICK: 10, Size.SMOKE: 1}


def measure(size: Size) -> dict[str, Any]:
    if not torch.cuda.is_available():
        return {"device": None}
    steps = STEPS[size]
    cases = {
        str(batch): local(_waited_for(Steps(problem(piano(), batch, device="cuda"), steps)), steps) for batch in BATCHES[size]
    }
    times = compare(cases, ROUNDS[size], warm_up=2)
    return {
        "device": torch.cuda.get_device_name(),
        "seconds": {name: summary(timing) for name, timing in times.items()},
        "rates": {name: spread(int(name) / wall for wall in timing.wall) for name, timing in times.items()},
        "memory_gb": torch.cuda.max_memory_allocated() / 1e9,
    }


def _waited_for(work: Callable[[], object]) -> Callable[[], None]:
    def done() -> None:
        work()
        torch.cuda.synchronize()

    return done


def figures(result: Mapping[str, Any]) -> list[Figure]:
    return []


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    if result["device"] is None:
        return {"gpu": "There was no GPU on the machine that this page was made on, so nothing was measured on one."}
    rows = [[batch, milliseconds(result["seconds"][batch]["wall"]), number(rate)] for batch, rate in result["rates"].items()]
    head = ["batch", "a step", "steps of an item per second"]
    return {"gpu": f"{result['device']}:\n\n" + table(head, rows)}
