"""Ask a fresh interpreter what importing a plugin does to it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestra_core.registry.collection import Entry, PresetEntry
from orchestra_core.registry.provider import IN_CODE
from orchestra_core.testing.rule import Fault, NotApplicable

_PATIENCE = 300.0  # s


def import_facts(entry: Entry | PresetEntry) -> Mapping[str, Any]:
    """Return what `orchestra_core.testing.probe` finds about a plugin, in an interpreter with the same path.

    Of a component, its module is imported as well; a preset has none.

    Raises
    ------
    NotApplicable
        The plugin was registered in code and has no entry point.
    Fault
        The interpreter dies over it.
    """
    if entry.distribution == IN_CODE:
        raise NotApplicable("its plugin was registered in code, and is found in this program only")
    kind, target = (entry.kind, entry.descriptor.target) if isinstance(entry, Entry) else ("preset", "")
    facts = _facts(entry.distribution, entry.provider.plugin, target, tuple(sys.path))
    return {**facts, "found": [kind, entry.name] in facts["found"]}


@functools.cache
def _facts(distribution: str, plugin: str, target: str, path: tuple[str, ...]) -> Mapping[str, Any]:
    request = {"distribution": distribution, "plugin": plugin, "target": target}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("ORCHESTRA_STRICT", None)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "orchestra_core.testing.probe", json.dumps(request), str(answer)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if not answer.exists():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Fault(f"A fresh interpreter ends with code {done.returncode} when it imports the plugin: {last}")
        facts: Mapping[str, Any] = json.loads(answer.read_text())
    return facts
