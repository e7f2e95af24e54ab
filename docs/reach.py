"""Measure how far the preset `reference` reaches: compose a grid of targets and read the saved files back.

Writes ``docs/reach.md`` with the table. Run it from the root of the checkout::

    python docs/reach.py [--seeds 3] [--preset default] [--output out/reach]

The pieces are written to the output folder, read back from disk by `orchestra_core.listening.listen`, and compared with
their targets. It takes some minutes; a grid that is there already is only read.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import pandas as pd
import torch

from orchestra_core import Pipeline, Request, listen

AROUSAL = (-0.4, 0.0, 0.4)
VALENCE = (-0.2, 0.15, 0.5)
DIMENSIONS = ("arousal", "valence")


def main() -> None:
    """Compose, read back, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--preset", default="default", help="Preset of the schedule 'staged'.")
    parser.add_argument("--output", type=Path, default=Path("out/reach"))
    parser.add_argument("--page", type=Path, default=Path(__file__).parent / "reach.md")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pipeline = Pipeline.from_preset("reference").replace(schedule={"name": "staged", "config": {"preset": arguments.preset}})
    requests = [
        Request({"arousal": arousal, "valence": valence}, seed)
        for arousal, valence, seed in itertools.product(AROUSAL, VALENCE, range(arguments.seeds))
    ]
    seconds = compose(pipeline, requests, arguments.output)
    table = read_back(pipeline, requests, arguments.output)
    page = describe(table, arguments, seconds)
    arguments.page.write_text(page, encoding="utf-8")
    print(page)


def compose(pipeline: Pipeline, requests: list[Request], output: Path) -> float:
    """Compose what is not there yet; return seconds per piece, or 0 when all were there."""
    if (output / f"{len(requests) - 1:03d}" / "run.json").exists():
        return 0.0
    started = time.perf_counter()
    pipeline.compose_many(requests, scale="reading", directory=output, resume=(output / "run.json").exists())
    return (time.perf_counter() - started) / len(requests)


def read_back(pipeline: Pipeline, requests: list[Request], output: Path) -> pd.DataFrame:
    """Return a row per piece: target and reading of the saved file."""
    oracle = pipeline.parts.objective.oracle  # type: ignore[attr-defined]
    rows = []
    for number, request in enumerate(requests):
        mean = listen(output / f"{number:03d}" / "audio.wav", oracle).mean
        targets = {f"{name}_target": request.targets[name] for name in DIMENSIONS}
        rows.append({**targets, "seed": request.seed, **{name: mean[name] for name in DIMENSIONS}})
    return pd.DataFrame(rows)


def describe(table: pd.DataFrame, arguments: argparse.Namespace, seconds: float) -> str:
    """Return the page."""
    lines = [
        "# Reach",
        "",
        f"Made by `python docs/reach.py --preset {arguments.preset} --seeds {arguments.seeds}`: the preset `reference`, a",
        f"melody of 5 s, and the stages `{arguments.preset}` of the schedule `staged`. Targets and readings are in the oracle's",
        "own units (`--scale reading`); each reading is of the saved `audio.wav`, read back from disk.",
        "",
        "The oracle that marks here is the one that was optimised, so this shows control over that oracle and not yet over",
        "listeners.",
        "",
        "| | r with the target | slope | mean absolute error | largest error |",
        "|---|---|---|---|---|",
    ]
    for name in DIMENSIONS:
        target, reading = table[f"{name}_target"], table[name]
        error = (reading - target).abs()
        slope = target.cov(reading) / target.var()
        lines.append(f"| {name} | {target.corr(reading):.3f} | {slope:.2f} | {error.mean():.3f} | {error.max():.3f} |")
    lines += ["", "| arousal asked | valence asked | seed | arousal read | valence read |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.arousal_target:+.2f} | {row.valence_target:+.2f} | {row.seed} | {row.arousal:+.3f} | {row.valence:+.3f} |"
        for row in table.itertuples()
    ]
    if seconds:
        lines += ["", f"Composed in {seconds:.1f} s per piece with {arguments.threads} thread(s)."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
