"""Files from outside that a run needs: copied beside it under their hash, and verified when read back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestra_core.errors import RunFolderError
from orchestra_core.io.atomic import write_with
from orchestra_core.runs.files import INPUTS
from orchestra_core.runs.plain import sha256


def file_inputs(recipe: Mapping[str, Any]) -> dict[str, Path]:
    """Return the files that a recipe names, by name: paths, or entries ``{"path": ...}``."""
    entries = recipe.get("inputs") or {}
    return {name: Path(entry["path"] if isinstance(entry, Mapping) else entry) for name, entry in entries.items()}


def input_record(source: Path) -> dict[str, str]:
    """Return what ``run.json`` says of an input: its file in the run folder and its SHA-256.

    Raises
    ------
    RunFolderError
        The file cannot be read.
    """
    try:
        digest = sha256(source)
    except OSError as error:
        raise RunFolderError(f"The input {source} cannot be read ({error.strerror or error}); expected a file.") from error
    # The hash in the name keeps two inputs of one name apart and makes copying twice harmless.
    mark = f"{digest[:12]}-"
    return {"file": f"{INPUTS}/{mark}{source.name.removeprefix(mark)}", "sha256": digest}


def copy_input(source: Path, directory: Path, record: Mapping[str, str]) -> Path:
    """Copy an input to its place in a run folder, unless it is there, and return the copy's path."""
    target = directory / record["file"]
    if not (target.exists() and sha256(target) == record["sha256"]):
        target.parent.mkdir(exist_ok=True)
        write_with(target, lambda temporary: shutil.copyfile(source, temporary))
    return target


def verified_inputs(directory: Path, records: Mapping[str, Mapping[str, str]]) -> dict[str, Path]:
    """Return the absolute paths of a run's inputs by name.

    Raises
    ------
    RunFolderError
        A record is damaged, or a file is missing, outside the folder, or not the one that the run used.
    """
    try:
        entries = [(name, entry["file"], entry["sha256"]) for name, entry in records.items()]
    except (AttributeError, KeyError, TypeError) as error:
        raise RunFolderError(f"{directory}/run.json has damaged inputs; expected a file and a SHA-256 for each.") from error
    return {name: _verified(directory, name, file, digest) for name, file, digest in entries}


def _verified(directory: Path, name: str, file: str, digest: str) -> Path:
    path = (directory / file).resolve()
    if not path.is_relative_to(directory.resolve()):
        raise RunFolderError(f"The input {name!r} lies outside the run folder ({file}); expected a file under {INPUTS}/.")
    if not path.is_file():
        raise RunFolderError(f"The input {name!r} of the run is missing: {path}. Put the original file back.")
    seen = sha256(path)
    if seen != digest:
        raise RunFolderError(
            f"The input {name!r} was altered: {path} has the SHA-256 {seen[:12]}..., the run used {digest[:12]}.... "
            "Put the original file back."
        )
    return path
