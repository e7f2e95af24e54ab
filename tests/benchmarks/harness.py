"""Timing side by side: cases in turn, round after round, so that a machine whose speed drifts drifts for all of them.

Only the standard library is imported here, so that a worker in another environment can use it too.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

ROOT = Path(__file__).parents[2]

_THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Cost:
    """What one unit of work cost: seconds on the clock, and seconds of processor time of all threads."""

    wall: float
    cpu: float


Case = Callable[[], Cost]
T = TypeVar("T")


@dataclass(frozen=True)
class Timing:
    """Costs of a case, one per round."""

    costs: list[Cost] = field(default_factory=list)

    @property
    def wall(self) -> list[float]:
        return [cost.wall for cost in self.costs]

    @property
    def cpu(self) -> list[float]:
        return [cost.cpu for cost in self.costs]


def local(work: Callable[[], object], units: int = 1) -> Case:
    """Return a case that times a function of this process which does `units` units of work."""

    def case() -> Cost:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return Cost((time.perf_counter() - wall) / units, (time.process_time() - cpu) / units)

    return case


class Worker:
    """A case in a process of its own: another environment, another checkout, another number of threads.

    The process calls `serve`; each call here lets it work once and returns the cost that it measured.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [*map(str, command)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.facts: dict[str, object] = self._read()

    def __call__(self, name: str = "") -> Cost:
        self.start(name)
        return self.finish()

    def start(self, name: str = "") -> None:
        """Let it begin to work; `finish` waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()

    def finish(self) -> Cost:
        answer = self._read()
        return Cost(float(answer["wall"]), float(answer["cpu"]))

    def case(self, name: str) -> Case:
        """Return one of its cases by name."""
        return lambda: self(name)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _read(self) -> dict:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # libraries may greet the world
                return json.loads(line)
        raise RuntimeError(f"A worker ended early, with code {self._process.wait()}: {' '.join(self._process.args)}")


def serve(cases: Mapping[str, Case], **facts: object) -> None:
    """Work off the requests of a `Worker`, until it closes."""
    print(json.dumps(facts), flush=True)
    for line in sys.stdin:
        print(json.dumps(vars(cases[line.strip()]())), flush=True)


def compare(cases: Mapping[T, Case], rounds: int, warm_up: int = 1) -> dict[T, Timing]:
    """Run all cases in turn, in each second round backwards, and return their costs without those of the warm-up."""
    timings = {name: Timing() for name in cases}
    for number in range(-warm_up, rounds):
        for name in cases if number % 2 == 0 else reversed(cases):
            cost = cases[name]()
            if number >= 0:
                timings[name].costs.append(cost)
    return timings


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return median, quartiles and extremes."""
    values = list(values)
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return {"median": median(values), "low": low, "high": high, "least": min(values), "most": max(values), "n": len(values)}


def summary(timing: Timing) -> dict[str, dict[str, float]]:
    """Return the spread of the clock and of the processor, in seconds."""
    return {"wall": spread(timing.wall), "cpu": spread(timing.cpu)}


def ratio(slow: Timing, fast: Timing) -> dict[str, float]:
    """Return the spread of how many times longer the first took, round by round."""
    return spread(a / b for a, b in zip(slow.wall, fast.wall, strict=True))


def threads_in(environment: Mapping[str, str], threads: int | None) -> dict[str, str]:
    """Return an environment in which numerical libraries start with so many threads; None for as many as they like."""
    kept = {name: value for name, value in environment.items() if name not in _THREAD_SETTINGS}
    return kept if threads is None else kept | dict.fromkeys(_THREAD_SETTINGS, str(threads))


def environment(threads: int | None = 1, *paths: Path) -> dict[str, str]:
    """Return an environment for a worker, with some folders to import from before all others."""
    found = os.pathsep.join(map(str, paths))
    return threads_in(os.environ, threads) | ({"PYTHONPATH": found} if paths else {})


def machine() -> dict[str, object]:
    """Return what the measurements were made on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "commit": _commit(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    if not shutil.which("git"):
        return "unknown"
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
