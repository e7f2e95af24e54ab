"""Run the benchmarks and write docs/performance.md from what they find.

From the root of the checkout, on a machine that does nothing else::

    python tests/benchmarks/run.py [--torchsynth PYTHON] [--quick] [--only NAME ...] [--output DIR]

Each script runs in a process of its own and leaves a JSON file in the output folder. When all are there, measured in full, the
page is written; ``--page-only`` writes it again from the files, and ``--page FILE`` writes it elsewhere, whatever was measured.
All of it takes less than ten minutes on two cores. How to get torchsynth is said in ``torchsynth_worker.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness import machine, threads_in
from page import DOCS, NAMES, all_figures, figures_table, module, read, write
from tables import Size

LIBRARIES = ("torch", "torchaudio", "numpy")


def main() -> int:
    arguments = parser().parse_args()
    if arguments.here:
        run_here(arguments.here, Size(arguments.size), arguments.output, arguments.torchsynth, arguments.run)
        return 0
    arguments.output.mkdir(parents=True, exist_ok=True)
    names = () if arguments.page_only else arguments.only or NAMES
    failed = [name for name in names if not run_apart(name, arguments)]
    results = read(arguments.output)
    print(figures_table(all_figures(results)))
    complete = set(results) == set(NAMES) and {result["size"] for result in results.values()} == {Size.FULL.value}
    if arguments.page or (complete and not failed):
        write(results, arguments.page or DOCS / "performance.md")
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
    return len(failed)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", dest="size", action="store_const", const="quick", default="full", help="Fewer sizes and rounds.")
    made.add_argument("--size", choices=[size.value for size in Size], help=argparse.SUPPRESS)
    made.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=f"Some of {', '.join(NAMES)}.")
    made.add_argument("--output", type=Path, default=Path("out/benchmarks"), metavar="DIR", help="Where the JSON files go.")
    made.add_argument("--torchsynth", type=Path, metavar="PYTHON", help="Interpreter of an environment with torchsynth.")
    made.add_argument("--page", type=Path, metavar="FILE", help="Write the page there.")
    made.add_argument("--page-only", action="store_true", help="Measure nothing; write the page from the JSON files.")
    made.add_argument("--here", choices=NAMES, help=argparse.SUPPRESS)
    made.add_argument("--run", default=now(), help=argparse.SUPPRESS)
    return made


def run_apart(name: str, arguments: argparse.Namespace) -> bool:
    """Run a script in a fresh process that begins with one thread; return whether it went well."""
    print(f"{name} ...", flush=True)
    command = [
        sys.executable,
        __file__,
        "--here",
        name,
        "--size",
        arguments.size,
        "--output",
        arguments.output,
        "--run",
        arguments.run,
    ]
    command += ["--torchsynth", arguments.torchsynth] if arguments.torchsynth else []
    done = subprocess.run([*map(str, command)], env=threads_in(os.environ, 1), check=False)
    return done.returncode == 0


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_here(name: str, size: Size, output: Path, torchsynth: Path | None = None, run: str = "") -> dict[str, Any]:
    """Run a script in this process and write its JSON file."""
    about, started = machine(), time.perf_counter()
    script = module(name)
    result = script.measure(size, torchsynth) if name == "torchsynth" else script.measure(size)
    record = {
        "name": name,
        "size": size.value,
        "run": run,
        "when": now(),
        "took": time.perf_counter() - started,
        "machine": about,
        "versions": {library: version(library) for library in LIBRARIES},
        "result": result,
    }
    (output / f"{name}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return record


if __name__ == "__main__":
    sys.exit(main())
