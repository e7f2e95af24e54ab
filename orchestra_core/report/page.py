"""The report page of one result."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from orchestra_core.report.plugins import render_section, report_sections

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result


def report_html(result: Result, audio: str = "audio.wav") -> str:
    """Return the report of a result as one HTML page, which needs nothing but the audio file beside it.

    Parameters
    ----------
    result : Result
        What to report.
    audio : str
        Address of the audio file for the player, relative to the page.

    Returns
    -------
    str
        HTML5. Sections that fail are replaced by a line that says so.
    """
    fragments = [(section, render_section(section, result)) for section in report_sections()]
    shown = [(section, fragment) for section, fragment in fragments if fragment]
    return render_template("report.html", title=title(result), subtitle=subtitle(result), audio=audio, sections=shown)


def title(result: Result) -> str:
    """Return the headline of a result: the word that was asked, or its targets."""
    if result.word:
        return result.word.capitalize()
    asked = ", ".join(f"{name} {value:.2f}" for name, value in result.targets.items())
    return asked.replace("-", "\N{MINUS SIGN}").capitalize() or "A piece"


def subtitle(result: Result) -> str:
    """Return what a result is, in one line: length, rate, seed and the parts that made it."""
    pipeline = result.recipe.get("pipeline")
    parts = pipeline.values() if isinstance(pipeline, dict) else ()
    names = [part["name"] if isinstance(part, dict) else part for part in parts if isinstance(part, str) or _named(part)]
    facts = [f"{len(result.audio) / result.sample_rate:.1f} s", f"{result.sample_rate / 1000:g} kHz", f"seed {result.seed}"]
    return " · ".join([*facts, *map(str, names)])


def render_template(name: str, **context: Any) -> str:
    """Return one of the package's templates filled in; everything but sections is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("orchestra_core.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["html"] = Markup
    css = Markup((folder / "report.css").read_text(encoding="utf-8"))
    return environment.from_string((folder / name).read_text(encoding="utf-8")).render(css=css, **context) + "\n"


def _named(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("name"), str)
