"""Where the time of a step goes, before the work on speed and now."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checkout import BEFORE, HERE, earlier
from harness import ROOT, environment
from tables import Figure, Size, digits, milliseconds, table

STEPS = {Size.FULL: (20, 15), Size.QUICK: (5, 5), Size.SMOKE: (1, 1)}
ROWS = 12


def measure(size: Size, commit: str = BEFORE) -> dict[str, Any]:
    now = _profile(ROOT, size)
    with earlier(commit) as root:
        before = _profile(root, size) if root and size is not Size.SMOKE else None
    return {"commit": commit, "before": before, "now": now}


def _profile(root: Path, size: Size) -> dict[str, Any]:
    command = [sys.executable, HERE / "profile_worker.py", *map(str, STEPS[size])]
    found = environment(1, root, root / "plugins")
    done = subprocess.run(command, env=found, capture_output=True, text=True, check=True, timeout=300)
    profile = json.loads(done.stdout.splitlines()[-1])
    if not Path(profile.pop("root")).is_relative_to(root):
        raise RuntimeError(f"The project was not imported from {root}.")
    return profile


def figures(result: Mapping[str, Any]) -> list[Figure]:
    return []


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    states = {name: result[name] for name in ("before", "now") if result[name]}
    head = ["8 partials, batch 1, 22.05 kHz, one thread", *states]
    rows = [[part, *(milliseconds(state["parts"][part]["wall"]) for state in states.values())] for part in result["now"]["parts"]]
    found = {"profile_parts": table(head, rows)}
    for name in ("before", "now"):
        found[f"profile_{name}"] = _operators(states[name]) if name in states else "Not measured: this checkout has no history."
    return found


def _operators(state: Mapping[str, Any]) -> str:
    top = state["operators"][:ROWS]
    rows = [[f"`{o['name']}`", digits(o["ms"]), f"{100 * o['share']:.0f} %", digits(o["calls"])] for o in top]
    total = sum(operator["ms"] for operator in state["operators"])
    rows.append(["all operators", digits(total), "100 %", digits(sum(o["calls"] for o in state["operators"]))])
    return table(["operator", "own time (ms per step)", "share", "calls per step"], rows)
