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
    folder = files("orchestra_core.report")
    return render_page((folder / name).read_text("utf-8"), (folder / "report.css").read_text("utf-8"), **context)


def render_page(template: str, css: str, **context: Any) -> str:
    """Return a page of a report, complete by itself.

    Parameters
    ----------
    template : str
        A Jinja template that extends ``"layout"``, which has the title, the subtitle and two blocks to fill: ``header`` and
        ``body``. Values are escaped; the filter ``html`` lets markup through.
    css : str
        The style sheet.
    **context
        What the template needs; ``title`` and ``subtitle`` at least.

    Returns
    -------
    str
        HTML5.

    Examples
    --------
    >>> template = '{% extends "layout" %}{% block body %}<p>{{ n }}</p>{% endblock %}'
    >>> page = render_page(template, "", title="A", subtitle="B", n="<3")
    >>> "<h1>A</h1>" in page, "<p>&lt;3</p>" in page
    (True, True)
    """
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    layout = (files("orchestra_core.report") / "layout.html").read_text("utf-8")
    environment = Environment(
        loader=DictLoader({"layout": layout, "page": template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["html"] = Markup
    return environment.get_template("page").render(css=Markup(css), **context) + "\n"


def _named(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("name"), str)
