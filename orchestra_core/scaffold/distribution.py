"""Write a new plugin as a complete distribution, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestra_core.contracts.component import KINDS
from orchestra_core.descriptors import API_VERSION
from orchestra_core.errors import UnknownNameError, UsageError
from orchestra_core.names import one_of
from orchestra_core.scaffold.names import Names


@dataclass(frozen=True)
class Example:
    """What the written component of a kind is, in the words of its descriptor.

    Parameters
    ----------
    summary : str
        One line.
    capabilities : tuple of str
        Those of the class.
    library : str
        What it needs beside orchestra.
    """

    summary: str
    capabilities: tuple[str, ...]
    library: str = "torch"


EXAMPLES: Mapping[str, Example] = {
    "instrument": Example("Struck wooden bars", ("differentiable", "notes", "pitched", "rate_free")),
    "envelope": Example("Swells, sags and falls over shares of each note", ("differentiable", "rate_free")),
    "oracle": Example("Reads how bright a sound is, and how much bass it has", ("differentiable",)),
    "objective": Example("Matches an oracle's readings, and keeps the music from falling silent", ("differentiable",)),
    "schedule": Example("Adam, whose steps grow at first and then shrink along a cosine", ("differentiable",)),
    "score": Example("Broken chords over a progression", (), library="numpy"),
    "judge": Example("Marks how busy and how loud a piece is", (), library="numpy"),
}

#: Templates of every distribution, and what they become.
_COMMON = {
    "common/pyproject.toml": "pyproject.toml",
    "common/README.md": "README.md",
    "common/LICENSE": "LICENSE",
    "common/gitignore": ".gitignore",
    "common/workflow.yml": ".github/workflows/test.yml",
    "common/init.py": "src/{package}/__init__.py",
    "common/plugin.py": "src/{package}/plugin.py",
    "common/py.typed": "src/{package}/py.typed",
}
#: Templates of each kind.
_OWN = {
    "{kind}/component.py": "src/{package}/{kind}.py",
    "{kind}/config.py": "src/{package}/config.py",
    "{kind}/test.py": "tests/test_{component}.py",
    "{kind}/compose.toml": "compose.toml",
}


def write_distribution(names: Names, kind: str, folder: Path) -> Path:
    """Write a distribution that can be installed, with a component of a kind that works and tests that pass.

    Parameters
    ----------
    names : Names
        What its parts are called.
    kind : str
        Kind of its component.
    folder : Path
        Where to write it; missing, or an empty folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UnknownNameError
        There is no such kind.
    UsageError
        The folder is not empty, or is a file.
    OSError
        The folder cannot be written; nothing is left behind.
    """
    if kind not in KINDS:
        raise UnknownNameError(one_of(kind, KINDS, "kind of component"))
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        what = "is a file" if folder.is_file() else "is not empty"
        raise UsageError(f"{folder} {what}; expected a folder that is missing or empty. Choose another with -o.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name[:80]}.{secrets.token_hex(4)}")
    try:
        for name, text in render(names, kind).items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        part.replace(folder)
    except BaseException:  # Ctrl-C included: leave nothing half-written behind
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def render(names: Names, kind: str) -> dict[str, str]:
    """Return the files of a distribution: text by path within it.

    Parameters
    ----------
    names : Names
        What its parts are called.
    kind : str
        Kind of its component.

    Returns
    -------
    dict of str to str
    """
    environment = Environment(
        loader=PackageLoader("orchestra_core.scaffold"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # these are no HTML pages
    )
    parts = {"kind": kind, "component": names.component, "package": names.package}
    words = {
        **parts,
        "distribution": names.distribution,
        "class_name": names.class_name,
        "article": "an" if kind[0] in "aeiou" else "a",
        "example": EXAMPLES[kind],
        "orchestra": _release(),
        "api_version": API_VERSION,
    }
    files = {template.format(**parts): path.format(**parts) for template, path in {**_COMMON, **_OWN}.items()}
    return {path: environment.get_template(f"{template}.jinja").render(words) for template, path in files.items()}


def _release() -> str:
    """Return the first two numbers of the version of orchestra that this plugin is written with."""
    try:
        version = metadata.version("orchestra-music")
    except metadata.PackageNotFoundError:
        version = "0.1"
    return ".".join(version.split(".")[:2])
