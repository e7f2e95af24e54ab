"""The README keeps its promises: marked commands, a picture, links that lead somewhere, a plugin that runs."""

import os
import re
import subprocess
import sys

import pytest
from doc_blocks import ROOT, marked, text

README = "README.md"


def test_the_two_commands_are_marked_and_install_what_they_need():
    assert marked(README, "ci:compose") == ["pip install . && orchestra compose happy -o happy\n"]
    assert marked(README, "ci:test") == ['pip install -e ".[test]" && python -m pytest -n 2\n']


def test_the_plugin_of_the_readme_runs_and_composes(tmp_path):
    (script,) = marked(README, "ci:plugin")
    (tmp_path / "script.py").write_text(script)
    process = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    readings = dict(re.findall(r"(arousal|valence) ([+-][\d.]+) \(target", process.stdout.splitlines()[0]))
    assert set(readings) == {"arousal", "valence"} and all(-1 <= float(reading) <= 1 for reading in readings.values())


def test_the_plugin_of_the_readme_has_about_thirty_lines():
    (script,) = marked(README, "ci:plugin")
    assert len([line for line in script.splitlines() if line.strip()]) <= 33


def test_the_picture_is_a_png_of_less_than_300_kilobytes():
    (picture,) = re.findall(r"!\[[^\]]+\]\((\S+)\)", text(README))
    content = (ROOT / picture).read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) < 300_000


@pytest.mark.parametrize("page", [README, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_relative_link_leads_to_a_file(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text(page))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_marks_where_the_numbers_are():
    assert "\n<!-- numbers -->\n" in text(README)
