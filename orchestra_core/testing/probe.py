"""Import one plugin in a fresh interpreter and write down what that did; run by `orchestra_core.testing.fresh`."""

from __future__ import annotations

import io
import json
import logging
import os
import random
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from orchestra_core.contracts.component import KINDS
from orchestra_core.registry import Registry, load_target
from orchestra_core.registry.collection import Named
from orchestra_core.registry.discovery import find_entry_points
from orchestra_core.registry.provider import provider_of

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
_TOUCHING = frozenset({"os.mkdir", "os.remove", "os.rename", "os.rmdir", "socket.connect", "subprocess.Popen"})


class Watch:
    """Notes what the plugin's own code prints, and which files it touches.

    Parameters
    ----------
    packages : set of str
        Top-level names of the plugin's modules. What libraries do while they are imported is not the plugin's doing.
    """

    def __init__(self, packages: set[str]) -> None:
        self._packages = packages
        self._on = True
        self.printed: list[str] = []
        self.touched: list[str] = []
        sys.addaudithook(self._audit)
        sys.stdout = _Told(self, sys.stdout)
        sys.stderr = _Told(self, sys.stderr)

    def stop(self) -> None:
        """Note nothing any more."""
        self._on = False

    def told(self, text: str) -> None:
        """Note a text that was written to the standard output or error."""
        if self._on and text.strip() and self._is_ours():
            self.printed.append(text.strip()[:200])

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on or (event != "open" and event not in _TOUCHING):
            return
        if event == "open" and not _writes(arguments):
            return
        if self._is_ours():
            self.touched.append(f"{event} {arguments[0]!r}"[:200])

    def _is_ours(self) -> bool:
        """Return whether the nearest code that belongs to no standard library is the plugin's."""
        frame = sys._getframe(2)
        while frame is not None:
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if package in self._packages:
                return True
            if package not in sys.stdlib_module_names and package not in ("__main__", "orchestra_core"):
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return False


class _Told(io.TextIOBase):
    """A stream that tells the watch what is written to it."""

    def __init__(self, watch: Watch, stream: Any) -> None:
        self._watch = watch
        self._stream = stream

    def write(self, text: str) -> int:
        self._watch.told(text)
        return int(self._stream.write(text))


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    return any(letter in str(mode) for letter in "wax+") if mode else bool(int(flags) & _WRITING)


def probe(request: Mapping[str, str]) -> dict[str, Any]:
    """Return what importing a plugin, and then its component, does.

    Parameters
    ----------
    request : mapping of str to str
        ``distribution``, ``plugin`` and ``target`` of the component; an empty target for a preset.
    """
    logging.getLogger("orchestra").addHandler(logging.NullHandler())
    logging.getLogger("orchestra").propagate = False
    points = [point for point in find_entry_points(lambda *_: None) if _is_meant(point, request)]
    if not points:
        return {"found": []}
    watch = Watch({points[0].module.partition(".")[0], request["target"].partition(":")[0].partition(".")[0]})
    python_state = random.getstate()
    registry = Registry(points[:1], strict=False)
    facts: dict[str, Any] = {"heavy": [library for libraries in registry.heavy.values() for library in libraries]}
    if request["target"]:
        facts |= _loading(request["target"], changed=["Python"] if random.getstate() != python_state else [])
    watch.stop()
    everything = Registry(strict=False)
    named: list[tuple[str, Named]] = [(kind, entry) for kind in KINDS for entry in everything.entries(kind)]
    named += [("preset", entry) for entry in everything.presets()]
    found = [[kind, entry.name] for kind, entry in named if entry.distribution == request["distribution"]]
    return {**facts, "found": found, "printed": watch.printed, "touched": watch.touched}


def _is_meant(point: EntryPoint, request: Mapping[str, str]) -> bool:
    provider = provider_of(point)
    return provider.plugin == request["plugin"] and provider.distribution == request["distribution"]


def _loading(target: str, changed: list[str]) -> dict[str, Any]:
    """Import the component; torch, numpy and random are imported before, so that only what the component does counts."""
    from orchestra_core.testing.settings_of_torch import random_state, torch_settings

    states, settings = random_state(), torch_settings()
    load_target(target, "component")
    after, kept = random_state(), torch_settings()
    return {
        "random": sorted({*changed, *(name for name in states if states[name] != after[name])}),
        "torch": [f"{name} from {settings[name]} to {kept[name]}" for name in settings if settings[name] != kept[name]],
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(probe(json.loads(sys.argv[1]))), encoding="utf-8")
