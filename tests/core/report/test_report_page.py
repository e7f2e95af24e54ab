"""The report page, its plugin sections, the batch's index and the notebook form."""

import base64
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import soundfile

from orchestra_core.descriptors import ReportSection
from orchestra_core.report import plugins
from orchestra_core.report.figures import SERIES, figure_html, new_figure
from orchestra_core.report.index import index_html
from orchestra_core.report.notebook import notebook_html
from orchestra_core.report.page import report_html
from orchestra_core.runs.folder import write_result


class Outline(HTMLParser):
    """Collects what a page consists of, and fails on tags that are not closed in order."""

    VOID = frozenset({"meta", "br", "img", "hr", "input", "link"})

    def __init__(self):
        super().__init__()
        self.open, self.sections, self.addresses, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.sections += [named.get("id")] if tag == "section" else []
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.ids += [named["id"]] if "id" in named else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(page):
    parsed = Outline()
    parsed.feed(page)
    assert not parsed.open
    return parsed


@pytest.fixture
def only_plugins(monkeypatch):
    """Return a function that makes these the only sections beside the core's summary."""

    def use(*sections):
        monkeypatch.setattr(plugins, "CORE_SECTIONS", plugins.CORE_SECTIONS[:1])
        monkeypatch.setattr(plugins, "plugin_sections", lambda: sections)

    return use


@pytest.fixture
def core_only(monkeypatch):
    monkeypatch.setattr(plugins, "plugin_sections", tuple)


def test_the_page_has_every_section_in_order_and_none_failed(make_result, core_only):
    page = report_html(make_result())
    assert outline(page).sections == ["summary", "plane", "progress", "roll", "mel", "level", "parameters", "provenance"]
    assert "could not be made" not in page
    assert page.startswith("<!doctype html>") and '<html lang="en">' in page


def test_the_page_needs_nothing_but_the_audio_beside_it(make_result, core_only):
    for address in outline(report_html(make_result())).addresses:
        assert address == "audio.wav" or address.startswith(("#", "data:"))


def test_names_inside_the_pictures_of_a_page_are_unique(make_result, core_only):
    ids = outline(report_html(make_result())).ids
    assert len(ids) == len(set(ids))


def test_every_picture_has_a_text_alternative(make_result, core_only):
    page = report_html(make_result())
    assert re.findall(r"<svg(?![^>]*aria-label)", page) == []


def test_the_headline_is_the_word_or_the_targets(make_result, only_plugins):
    only_plugins()
    assert "<h1>Happy</h1>" in report_html(make_result())
    assert "<h1>Valence 0.30, arousal 0.10</h1>" in report_html(make_result(word=""))
    assert "<h1>A piece</h1>" in report_html(make_result(word="", targets={}))


def test_text_from_outside_is_escaped(make_result, core_only):
    page = report_html(make_result(word="<b>x", messages=("<i>y",), choice={"<u>": "<s>"}, recipe={"a": "<img src=x>"}))
    assert not re.search(r"<(b|i|u|s)>", page) and "<img" not in page


def hello(result):
    return f"<p>hello {result.word}</p>"


def nothing(result):
    return None


def broken(result):
    raise ZeroDivisionError("no <way>")


def wrong(result):
    return 42


def section(name, order=1000, module=__name__):
    return ReportSection(name, f"{module}:{name}", name.title(), order)


def test_a_plugins_section_is_shown_in_its_place(make_result, only_plugins):
    only_plugins(section("hello", order=50), section("nothing"))
    page = report_html(make_result())
    assert outline(page).sections == ["hello", "summary"]
    assert "<p>hello happy</p>" in page and "<h2>Hello</h2>" in page


@pytest.mark.parametrize(("bad", "said"), [
    (section("broken"), "ZeroDivisionError: no &lt;way&gt;"),
    (section("wrong"), "returned int"),
    (section("absent"), "absent"),
    (section("hello", module="no_such_module"), "no_such_module"),
])  # fmt: skip
def test_a_failing_section_is_replaced_by_a_line_and_stops_nothing(make_result, only_plugins, bad, said):
    only_plugins(bad, section("hello", order=2000))
    page = report_html(make_result())
    assert "This section could not be made" in page and said in page
    assert "hello happy" in page


def test_a_result_is_saved_with_its_report_the_same_bytes_twice(tmp_path, make_result, core_only):
    first, second = (write_result(make_result(), tmp_path / name) for name in "ab")
    assert (first / "report.html").read_bytes() == (second / "report.html").read_bytes()
    assert len((first / "report.html").read_bytes()) < 600_000


def test_pictures_use_the_pages_colours_and_fonts():
    with new_figure(2, 1) as figure:
        figure.add_subplot().plot([0, 1], color=SERIES[0])
        svg = figure_html(figure, 'a "line"')
    assert f"stroke: var(--series-0, {SERIES[0]})" in svg
    assert 'aria-label="a &quot;line&quot;"' in svg
    assert "DejaVu" not in svg and "width=" not in svg[: svg.index(">", svg.index("<svg"))]


def test_pictures_leave_the_users_matplotlib_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"lines.linewidth": 9, "svg.fonttype": "path"}):
        with new_figure(2, 1) as figure:
            figure.add_subplot().plot([0, 1])
            svg = figure_html(figure, "a")
        assert matplotlib.rcParams["lines.linewidth"] == 9
        assert "stroke-width: 9" not in svg and "<text" in svg
    assert dict(matplotlib.rcParams) == before


def test_drawing_does_not_import_pyplot(make_result):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from conftest import _make_result\n"
        "from orchestra_core.report.sections import plane, progress, roll, level\n"
        "[part.section(_make_result()) for part in (plane, progress, roll, level)]\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    folder = str(Path(__file__).parents[1])
    assert subprocess.run([sys.executable, "-c", program, folder], check=False).returncode == 0


def test_the_index_lists_every_piece_with_numbers_link_and_player(make_result):
    results = {"000": make_result(seed=3), "001": make_result(seed=4, word="sad", targets={"valence": -0.2})}
    page = index_html(results)
    parsed = outline(page)
    assert {"000/report.html", "001/report.html", "000/audio.wav", "001/audio.wav"} <= set(parsed.addresses)
    assert "Happy, Sad" in page and "2 pieces of 1 s" in page and parsed.sections == ["plane", "items"]


def test_the_index_of_another_oracle_has_no_plane(make_result):
    assert outline(index_html({"000": make_result(dimensions=(), readings={}, targets={})})).sections == ["items"]


def test_the_notebook_form_carries_its_audio(make_result):
    page = notebook_html(make_result())
    outline(page)
    wav = base64.b64decode(re.search(r"data:audio/wav;base64,([^\"]+)", page)[1])
    audio, rate = soundfile.read(io.BytesIO(wav))
    assert rate == 8_000 and abs(audio - make_result().audio).max() < 1e-4
    assert "Emotion plane" in page and "reached" in page
    assert make_result()._repr_html_() == page
