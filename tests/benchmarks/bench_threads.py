"""Threads: one or two, alone and beside another process that does the same."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from checkout import worker
from harness import Worker, spread
from tables import Figure, Size, number, table

STEPS = {Size.FULL: 25, Size.QUICK: 10, Size.SMOKE: 1}
ROUNDS = {Size.FULL: 5, Size.QUICK: 3, Size.SMOKE: 1}
#: Threads of each process, by name.
SETTINGS = {
    "one process, 1 thread": (1,),
    "one process, 2 threads": (2,),
    "two processes, 1 thread each": (1, 1),
    "two processes, 2 threads each": (2, 2),
}
BATCHES = {Size.FULL: (1, 8), Size.QUICK: (1,), Size.SMOKE: (1,)}


def measure(size: Size) -> dict[str, Any]:
    return {str(batch): _measure(batch, size) for batch in BATCHES[size]}


def _measure(batch: int, size: Size) -> dict[str, Any]:
    steps = max(1, STEPS[size] // batch)
    work = f"{steps}:{batch}:8"
    settings = {name: threads for name, threads in SETTINGS.items() if size is not Size.SMOKE or max(threads) == 1}
    counts = {max(threads) for threads in settings.values()}
    workers = {count: [worker("step_worker.py", work, threads=count) for _ in range(2)] for count in counts}
    rates: dict[str, list[float]] = {name: [] for name in settings}
    for turn in range(-1, ROUNDS[size]):
        for name in settings if turn % 2 == 0 else reversed(settings):
            threads = settings[name]
            rate = _together(workers[threads[0]][: len(threads)], work)
            if turn >= 0:
                rates[name].append(rate)
    for process in (one for pair in workers.values() for one in pair):
        process.close()
    return {name: spread(found) for name, found in rates.items()}


def _together(processes: Sequence[Worker], work: str) -> float:
    """Return how many steps of an item the processes do per second, all together."""
    started = time.perf_counter()
    for process in processes:
        process.start(work)
    for process in processes:
        process.finish()
    steps, batch, _ = map(int, work.split(":"))
    return steps * batch * len(processes) / (time.perf_counter() - started)


def share(result: Mapping[str, Any], name: str, alone: str) -> float:
    """Return what each process keeps beside another of what it does alone."""
    return result[name]["median"] / len(SETTINGS[name]) / result[alone]["median"]


def figures(result: Mapping[str, Any]) -> list[Figure]:
    most = "2 threads" if "two processes, 2 threads each" in result["1"] else "1 thread"
    kept = share(result["1"], f"two processes, {most} each", f"one process, {most}")
    text = f"{100 * kept:.0f} % of its speed alone"
    return [Figure("a process beside another of its kind, at the default of a thread per core", "no collapse", text, kept >= 0.5)]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    head = ["steps of an item per second, all processes together", *(f"batch {batch}" for batch in result)]
    rows = [[name, *(number(found[name]) for found in result.values())] for name in next(iter(result.values()))]
    return {"threads": table(head, rows)}
