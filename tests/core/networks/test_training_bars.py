"""The bars of a training show what they are told, on the standard error."""

from __future__ import annotations

from orchestra_core import TrainingBars


def test_they_show_what_was_told_on_the_standard_error(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with TrainingBars("rendering") as bars:
        bars.prepared(3, 7)
        bars.trained("loss 0.310", 40, 100)
        bars._progress.refresh()
    said = capsys.readouterr()
    assert said.out == ""
    assert "rendering" in said.err and "3/7" in said.err
    assert "training, loss 0.310" in said.err and "40/100" in said.err


def test_away_from_a_terminal_nothing_is_written(capfd):
    with TrainingBars("rendering") as bars:
        bars.prepared(1, 2)
        bars.trained("loss 0.31", 40, 100)
    assert capfd.readouterr() == ("", "")
