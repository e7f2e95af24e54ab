"""The page on data sets says what the code does: its example, its columns and its options."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from orchestra_deam.cli import deam
from orchestra_deam.corpora.deam import read_deam
from orchestra_deam.corpora.table import COLUMNS
from orchestra_deam.preparation.prepare import PreparationSettings, prepare_corpus

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")


def test_the_example_runs(deam_layout, tmp_path, monkeypatch, capsys):
    prepare_corpus(read_deam(deam_layout.root), tmp_path / "prepared" / "deam", PreparationSettings(features="cues"), workers=0)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, namespace)  # the documentation is ours
    assert namespace["batch"].shape == (3, 351)
    assert "arousal" in capsys.readouterr().out


@pytest.mark.parametrize("column", [*COLUMNS, "scale"])
def test_every_column_of_the_table_is_described(column):
    rows = [row for row in PAGE.split("## The table")[1].splitlines() if row.startswith("|")]
    assert any(f"`{column}`" in row.split("|")[1] for row in rows)


def test_the_options_in_the_page_exist():
    command = deam.commands["prepare"]
    known = {name: option for option in command.params if isinstance(option, click.Option) for name in option.opts}
    named = re.findall(r"`(--[a-z]+)(?: ([a-z\d]+))?`", PAGE)
    assert len(named) > 8
    for name, default in named:
        assert name in known
        if default:
            assert str(known[name].default).removesuffix(".0") == default
