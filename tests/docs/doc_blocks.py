"""Finds the code blocks of the documentation, so that tests can run them as they are written."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])

_CAPTIONED = re.compile(r"```\{code-block\} \w+\n:caption: (\S+)\n\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def text(page: str | Path) -> str:
    """Return a page, given by its path from the root of the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str | Path, language: str) -> list[str]:
    """Return the fenced blocks of a language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)


def captioned(page: str | Path) -> dict[str, str]:
    """Return the blocks of a page that are files, by the name of the file."""
    return dict(_CAPTIONED.findall(text(page)))


def marked(page: str | Path, marker: str) -> list[str]:
    """Return the blocks of a page that directly follow an HTML comment."""
    return re.findall(rf"^<!-- {marker} -->\n```\w+\n(.*?)^```$", text(page), re.DOTALL | re.MULTILINE)


def generator() -> ModuleType:
    """Return the script that writes the generated pages."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
