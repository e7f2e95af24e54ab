"""Which sections a report has: the core's own and those of plugins, in their order."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from orchestra_core.descriptors import ReportSection
from orchestra_core.registry import get_registry, load_target

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result

_HERE = "orchestra_core.report.sections"

#: The core's own sections.
CORE_SECTIONS = (
    ReportSection("summary", f"{_HERE}.summary:section", "What was asked, what was reached", 100),
    ReportSection("plane", f"{_HERE}.plane:section", "Emotion plane", 200),
    ReportSection("progress", f"{_HERE}.progress:section", "How it went", 300),
    ReportSection("roll", f"{_HERE}.roll:section", "Notes", 400),
    ReportSection("mel", f"{_HERE}.mel:section", "Spectrum over time", 500),
    ReportSection("level", f"{_HERE}.level:section", "Level", 600),
    ReportSection("parameters", f"{_HERE}.parameters:section", "Parameters, start to end", 700),
    ReportSection("provenance", f"{_HERE}.provenance:section", "What made it", 800),
)


def report_sections() -> tuple[ReportSection, ...]:
    """Return the core's sections and those of plugins, by their order."""
    return tuple(sorted((*CORE_SECTIONS, *plugin_sections()), key=lambda section: section.order))


def plugin_sections() -> tuple[ReportSection, ...]:
    """Return the sections that plugins add."""
    return tuple(entry.section for entry in get_registry().report_sections())


def render_section(section: ReportSection, result: Result) -> str | None:
    """Return the HTML fragment of a section, or None where it has nothing to show.

    A section that fails is replaced by a line that says so: a report is never lost for a picture.
    """
    try:
        fragment = load_target(section.target, f"report section {section.name!r}")(result)
    except Exception as error:
        return _failed(f"{type(error).__name__}: {error}")
    if fragment is None or isinstance(fragment, str):
        return fragment
    return _failed(f"it returned {type(fragment).__name__}, expected text or None")


def _failed(reason: str) -> str:
    return f'<p class="failed">This section could not be made ({escape(reason)}).</p>'
