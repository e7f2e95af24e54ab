"""Whole commands, from process start to exit, and what comes first after an import."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Cost, compare, environment, spread, summary
from tables import Figure, Size, at_most, number, table

ROUNDS = {Size.FULL: 5, Size.QUICK: 3, Size.SMOKE: 1}

#: Commands that must not import torch.
INSTANT = {"help": ("--help",), "plugins list": ("plugins", "list")}

# What is timed here begins after the imports. `perf_counter` and `process_time` are read in the process itself.
_FIRST = """
import time, json
import torch
from orchestra_core import Pipeline, build
import orchestra_deam.oracle, orchestra_piano.instrument
audio = torch.sin(torch.arange(220_500) * 0.05)[None]
wall, cpu = time.perf_counter(), time.process_time()
build("oracle", None).component.read(audio, 44_100)
print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))
"""


@dataclass(frozen=True)
class Ended:
    """What the system accounts for a process that has ended: cost, peak resident memory in bytes, exit code."""

    cost: Cost
    peak: int
    code: int


def measure(size: Size) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        fresh = _fresh_names(Path(folder))
        compose = _compose(size)
        commands = {name: _case(words) for name, words in INSTANT.items()}
        peaks: list[int] = []

        def composing() -> Cost:
            ended = run_command(orchestra(*compose, "-o", next(fresh)))
            assert ended.code == 0, "orchestra compose failed"
            peaks.append(ended.peak)
            return ended.cost

        quick = compare(commands, 3 * ROUNDS[size])
        slow = compare({"compose": composing, "first reading": first_reading}, ROUNDS[size])
        tree = peak_of_tree(orchestra(*compose, "-o", next(fresh)))
    times = quick | slow
    return {
        "seconds": {name: summary(timing) for name, timing in times.items()},
        "peak_bytes": spread(peaks),
        "tree_bytes": tree,
        "imports_torch": {name: imports_torch(words) for name, words in INSTANT.items()},
        "compose": " ".join(("orchestra", *compose)),
    }


def _compose(size: Size) -> tuple[str, ...]:
    return ("compose", "happy") if size is not Size.SMOKE else ("compose", "happy", "--duration", "0.5")


def _fresh_names(folder: Path) -> Iterator[str]:
    return (str(folder / str(number)) for number in range(1000))


def orchestra(*words: str) -> list[str]:
    """Return the command line of the installed script."""
    return [str(Path(sys.executable).with_name("orchestra")), *words]


def _case(words: tuple[str, ...]) -> Callable[[], Cost]:
    return lambda: run_command(orchestra(*words)).cost


def run_command(command: list[str]) -> Ended:
    """Run a command with the threads that it chooses itself, its output thrown away."""
    with quiet() as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(None))
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    scale = 1 if sys.platform == "darwin" else 1024
    return Ended(Cost(wall, used.ru_utime + used.ru_stime), used.ru_maxrss * scale, process.returncode)


@contextmanager
def quiet() -> Iterator[int]:
    out = os.open(os.devnull, os.O_WRONLY)
    try:
        yield out
    finally:
        os.close(out)


def first_reading() -> Cost:
    """Return what the first reading costs a fresh process, after its imports."""
    import json

    done = subprocess.run(
        [sys.executable, "-c", _FIRST], env=environment(None), capture_output=True, text=True, check=True, timeout=120
    )
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def imports_torch(words: tuple[str, ...]) -> bool:
    """Return whether a command leaves torch imported."""
    code = f"import sys; from orchestra_core.cli.app import run; run({list(words)!r}); sys.exit('torch' in sys.modules)"
    return run_command([sys.executable, "-c", code]).code != 0


def peak_of_tree(command: list[str], every: float = 0.02) -> int | None:
    """Return the largest sum of resident memory of a command and all its descendants, sampled; None where that is unknown."""
    if not Path("/proc/self/statm").exists():
        return None
    with quiet() as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(None))
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(_resident, _tree(process.pid))))
            time.sleep(every)
    return peak


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:  # grows as children are found
        children = Path(f"/proc/{pid}/task/{pid}/children")
        try:
            found += map(int, children.read_text().split())
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def figures(result: Mapping[str, Any]) -> list[Figure]:
    seconds, torch_free = result["seconds"], not any(result["imports_torch"].values())
    instant = [at_most(f"`orchestra {' '.join(INSTANT[name])}`", seconds[name]["wall"], 0.3, " s") for name in INSTANT]
    return [
        at_most("`orchestra compose happy`, defaults, process start to finished folder", seconds["compose"]["wall"], 12, " s"),
        at_most("peak memory of that", {k: v / 1e9 if k != "n" else v for k, v in result["peak_bytes"].items()}, 1.0, " GB"),
        *instant,
        Figure("these import torch", "no", "no" if torch_free else "yes", torch_free),
        at_most("first reading after import", seconds["first reading"]["wall"], 1, " s"),
    ]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    names = {"compose": f"`{result['compose']}`", "first reading": "first reading, after import"}
    names |= {name: f"`orchestra {' '.join(words)}`" for name, words in INSTANT.items()}
    rows = [
        [names[name], number(found["wall"], " s"), number(found["cpu"], " s"), _memory(result) if name == "compose" else ""]
        for name, found in result["seconds"].items()
    ]
    return {"commands": table(["command", "clock", "processor", "peak memory"], rows)}


def _memory(result: Mapping[str, Any]) -> str:
    own = number(result["peak_bytes"], " GB", 1e-9)
    return own if result["tree_bytes"] is None else f"{own}; whole process tree, sampled: {result['tree_bytes'] / 1e9:.2f} GB"
