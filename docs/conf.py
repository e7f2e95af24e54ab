"""Sphinx configuration of the documentation; generated pages are written before it is read."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "plugins")]

from generate import version, write_pages  # noqa: E402

project = "orchestra"
author = "The orchestra authors"
copyright = "2026, the orchestra authors"
version = release = version()

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc", "sphinx_click"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_generated", "battery_remarks.md"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

smartquotes = False  # options begin with two hyphens
default_role = "py:obj"  # docstrings name objects in single backticks
autodoc_typehints = "none"  # docstrings say the types, with shapes and ranges
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autosummary_generate = False  # numpydoc brings autosummary along

html_theme = "furo"
html_title = f"orchestra {release}"
html_copy_source = False

#: Tables made by a script that runs for long; a page only where it was run.
OPTIONAL_PAGES = {"%reach%": "reach", "%performance%": "performance"}


def fill_slots(app, docname, source):
    """Put optional pages into the table of contents where their files are there."""
    for slot, page in OPTIONAL_PAGES.items():
        source[0] = source[0].replace(slot, page if (HERE / f"{page}.md").exists() else "")


def setup(app):
    """Write the generated pages and connect the slots."""
    write_pages(HERE / "_generated")
    app.connect("source-read", fill_slots)
