"""Writes docs/performance.md from the results of all scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from harness import ROOT
from tables import Figure, table

HERE = Path(__file__).parent
DOCS = ROOT / "docs"

#: In the order that they are run in.
NAMES = ("step", "batch", "torchsynth", "growth", "parts", "profile", "threads", "commands", "listen", "gpu")


def module(name: str) -> ModuleType:
    """Return the script of that name."""
    return import_module(f"bench_{name}")


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the results that are there, by name."""
    files = {name: folder / f"{name}.json" for name in NAMES}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}


def all_figures(results: Mapping[str, Mapping[str, Any]]) -> list[Figure]:
    return [figure for name in NAMES if name in results for figure in module(name).figures(results[name]["result"])]


def figures_table(figures: list[Figure]) -> str:
    """Return the table of what had to be reached, first on the page and on the terminal."""
    words = {True: "yes", False: "no", None: "not measured"}
    rows = [[figure.what, figure.aim, figure.measured, words[figure.reached]] for figure in figures]
    return table(["what", "aim", "measured: median (least to most)", "reached"], rows)


def write(results: Mapping[str, Mapping[str, Any]], page: Path) -> None:
    """Write the page and its picture.

    Raises
    ------
    ValueError
        A table that the page shows was not measured.
    """
    slots = {"figures": figures_table(all_figures(results)), "machine": _machine(results)}
    for name, found in results.items():
        slots |= module(name).tables(found["result"])
    template = (HERE / "page.md").read_text(encoding="utf-8")
    text = re.sub(r"%(\w+)%", lambda found: _filled(slots, found[1]), template)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    picture = page.parent / "images" / "growth.png"
    picture.parent.mkdir(exist_ok=True)
    module("growth").draw(results["growth"]["result"], picture)


def _filled(slots: Mapping[str, str], slot: str) -> str:
    if slot not in slots:
        raise ValueError(f"The page shows {slot!r}, which was not measured; run all scripts.")
    return slots[slot]


def _machine(results: Mapping[str, Mapping[str, Any]]) -> str:
    found = next(iter(results.values()))
    machine, versions = found["machine"], found["versions"]
    loads = [result["machine"]["load"] for result in results.values()]
    commits = sorted({result["machine"]["commit"] for result in results.values()})
    days = sorted({result["when"] for result in results.values()})
    runs = {result["run"] for result in results.values()}
    sizes = sorted({result["size"] for result in results.values()})
    minutes = sum(result["took"] for result in results.values()) / 60
    how_many = "one run" if len(runs) == 1 else f"{len(runs)} runs"
    return (
        f"Measured on {days[0][:10]} in {how_many} of {minutes:.0f} minutes ({', '.join(sizes)}), "
        f"commit {', '.join(commits)}: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, "
        f"{machine['system']}, Python {machine['python']}, {', '.join(f'{n} {v}' for n, v in versions.items())}. "
        f"Load of the machine when the scripts began, the run itself included: {min(loads):g} to {max(loads):g}."
    )
