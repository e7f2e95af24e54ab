"""Recipes: everything needed to make a run again, as plain values."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from orchestra_core.contracts.canvas import Canvas
from orchestra_core.errors import RunFolderError
from orchestra_core.pipeline.parts import INPUT, Parts, free_name, name_inputs
from orchestra_core.pipeline.request import Request, Scale

_RECORDED = ("orchestra-music", "torch", "torchaudio", "nnAudio", "numpy", "scipy", "librosa", "soundfile", "pyloudnorm")


def make_recipe(
    parts: Parts,
    canvas: Canvas,
    requests: Sequence[Request],
    scale: Scale,
    device: torch.device,
    budget: int | None,
    stems: bool = False,
    preset: str = "",
) -> dict[str, Any]:
    """Return the recipe of a run.

    The same recipe makes the same bits for the same batch, thread count and versions on a CPU.
    """
    files = _with_recordings(parts.files, requests)
    return {
        "pipeline": dict(parts.plain),
        "canvas": _plain_canvas(canvas),
        "scale": scale,
        "items": [_plain_request(request, {path: name for name, path in files.items()}) for request in requests],
        "device": device.type,
        "threads": torch.get_num_threads(),
        "budget": budget,
        **({"stems": True} if stems else {}),
        **({"preset": preset} if preset else {}),
        "inputs": {name: str(path) for name, path in files.items()},
        "made_by_hand": list(parts.by_hand),
        "versions": {**versions(), **parts.providers},
    }


def versions() -> dict[str, str]:
    """Return the versions that bits depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def fingerprint(recipe: Mapping[str, Any]) -> str:
    """Return a hash of what a checkpoint must agree on to be resumed."""
    kept = {key: recipe[key] for key in ("pipeline", "canvas", "scale", "items", "budget", "device")}
    return hashlib.sha256(json.dumps(_same_numbers(kept), sort_keys=True, default=str).encode()).hexdigest()


def pipeline_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that a recipe names, with the files of its run folder in their places.

    Raises
    ------
    RunFolderError
        A part was made by hand in code.
    """
    if recipe.get("made_by_hand"):
        raise RunFolderError(
            f"This run cannot be made again from its folder: {', '.join(recipe['made_by_hand'])} was made by hand in code. "
            "Run that code again."
        )
    files = {INPUT + name: str(path) for name, path in recipe.get("inputs", {}).items()}
    parts: dict[str, Any] = name_inputs(recipe["pipeline"], files)
    return parts


def items_of(recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the requests of a recipe as plain values, with the files of its run folder in their places."""
    files = {INPUT + name: str(path) for name, path in recipe.get("inputs", {}).items()}
    items: list[dict[str, Any]] = name_inputs(recipe["items"], files)
    return items


def _plain_canvas(canvas: Canvas) -> dict[str, Any]:
    """Return a canvas as plain values; that it loops only where it does, as runs began before there were loops."""
    plain = asdict(canvas)
    return plain if canvas.loop else {key: value for key, value in plain.items() if key != "loop"}


def _with_recordings(files: Mapping[str, Path], requests: Sequence[Request]) -> dict[str, Path]:
    named = dict(files)
    for path in dict.fromkeys(path for request in requests for path in request.files):
        if path not in named.values():
            named[free_name(path, named)] = path
    return named


def _plain_request(request: Request, names: Mapping[Path, str]) -> dict[str, Any]:
    """Return a request as plain values; recordings by the names they have in a run folder, and only where there are any."""
    recordings = {role: path for role, path in (("source", request.source), ("like", request.like)) if path is not None}
    plain = {"targets": dict(request.targets), "seed": request.seed, "word": request.word}
    return {**plain, **{role: INPUT + names[path] for role, path in recordings.items()}}


def _same_numbers(plain: Any) -> Any:
    """Return plain values with 2 for 2.0: a default written as 2 comes back from a file as the float it is declared as."""
    if isinstance(plain, Mapping):
        return {key: _same_numbers(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_same_numbers(value) for value in plain]
    return int(plain) if isinstance(plain, float) and plain.is_integer() else plain
