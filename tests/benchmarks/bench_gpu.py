"""The same step on a GPU, where there is one, and whole pieces: targets per second."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from harness import compare, local, spread, summary
from tables import Figure, Size, digits, milliseconds, number, table
from work import Steps, piano, problem

from orchestra_core import Pipeline, Request

BATCHES = {Size.FULL: (1, 4, 16, 64, 256), Size.QUICK: (1, 16), Size.SMOKE: (1,)}
ROUNDS = {Size.FULL: 7, Size.QUICK: 3, Size.SMOKE: 1}
STEPS = {Size.FULL: 20, Size.QUICK: 10, Size.SMOKE: 1}
#: Evaluations of each piece; None for as many as the schedule takes.
BUDGET = {Size.FULL: None, Size.QUICK: None, Size.SMOKE: 2}


def measure(size: Size, device: str | None = None) -> dict[str, Any]:
    device = device or ("cuda" if torch.cuda.is_available() else None)
    if device is None:
        return {"device": None}
    steps = STEPS[size]
    works = {batch: Steps(problem(piano(), batch, device=device), steps) for batch in BATCHES[size]}
    times = compare({str(batch): local(_waited_for(work), steps) for batch, work in works.items()}, ROUNDS[size], warm_up=2)
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "seconds": {name: summary(timing) for name, timing in times.items()},
        "rates": {name: spread(int(name) / wall for wall in timing.wall) for name, timing in times.items()},
        "targets": {str(batch): targets_per_second(batch, device, BUDGET[size]) for batch in BATCHES[size]},
        "memory_gb": torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None,
    }


def _waited_for(work: Callable[[], object]) -> Callable[[], None]:
    def done() -> None:
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return done


def targets_per_second(batch: int, device: str, budget: int | None) -> float:
    """Return how many pieces are composed per second, one batch of different targets, of the preset `reference`."""
    moods = [{"arousal": -0.8 + 1.6 * k / max(batch - 1, 1), "valence": 0.3} for k in range(batch)]
    requests = [Request(mood, seed) for seed, mood in enumerate(moods)]
    started = time.perf_counter()
    Pipeline.from_preset("reference").compose_many(requests, device=device, budget=budget)
    return batch / (time.perf_counter() - started)


def figures(result: Mapping[str, Any]) -> list[Figure]:
    return []


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    if result["device"] is None:
        return {"gpu": "There was no GPU on the machine that this page was made on, so nothing was measured on one."}
    rows = [
        [batch, milliseconds(result["seconds"][batch]["wall"]), number(rate), digits(result["targets"][batch])]
        for batch, rate in result["rates"].items()
    ]
    head = ["batch", "a step", "steps of an item per second", "targets per second, whole pieces"]
    return {"gpu": f"{result['device']}:\n\n" + table(head, rows)}
