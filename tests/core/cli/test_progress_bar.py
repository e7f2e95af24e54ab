"""The progress bar says where a run stands, on a terminal only."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from orchestra_core.cli.progress import ProgressBar, describe_rows
from orchestra_core.pipeline.request import Request
from orchestra_core.pipeline.run import Run
from orchestra_core.problem.history import Row

RUN = Run((Request(),), ({"valence": 0.3},), (), {}, Path("happy"), resumed=True)


def row(item, reading, step=4):
    return Row(item, "joint", step, 0.5, {"valence": 0.5}, {"valence": reading})


def shown(terminal):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=120)
    with ProgressBar(console) as bar:
        bar.orchestra_run_started(RUN)
        bar.orchestra_stage_started("joint", 5)
        bar.orchestra_steps_finished(RUN, [row(0, 0.25)])
        bar.orchestra_run_finished()
    return stream.getvalue()


def test_a_terminal_sees_stage_steps_reading_and_the_target():
    text = shown(terminal=True)
    for part in ("Going on with the run in happy", "joint", "5/5", "valence +0.25 (target +0.30)"):
        assert part in text


def test_a_file_or_pipe_sees_nothing():
    assert shown(terminal=False).strip() == ""


def test_a_batch_is_summed_up_as_mean_errors():
    rows = [row(0, 0.25), row(1, -0.1)]
    assert describe_rows(rows, [{"valence": 0.3}, {"valence": 0.2}]) == "mean error  valence 0.18"


def test_without_readings_the_loss_is_shown():
    assert describe_rows([Row(0, "s", 0, 0.5, {"style": 0.5}, {})], [{}]) == "loss 0.5"
