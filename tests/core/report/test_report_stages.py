"""The stages of a history."""

import itertools

import numpy as np
import pandas as pd
import pytest

from orchestra_core.report.figures import new_figure
from orchestra_core.report.sections import plane, progress
from orchestra_core.report.stages import stage_spans


def history(**stages):
    rows = [(name, *point) for name, points in stages.items() for point in points]
    return pd.DataFrame(rows, columns=["stage", "reading.valence", "reading.arousal"]).assign(loss=0.0, event="")


def walk(start, end, steps=20):
    return np.linspace(start, end, steps) + 0.002 * np.random.default_rng(0).standard_normal((steps, 2))


def candidates(count=24):
    return np.random.default_rng(1).uniform(-0.5, 0.5, (count, 2))


def test_stages_are_consecutive_rows_of_one_name():
    table = history(first=walk((0, 0), (1, 1), 5), second=walk((1, 1), (0, 1), 7))
    twice = pd.concat([table, table])
    assert [(span.name, span.start, span.stop) for span in stage_spans(twice)] == [
        ("first", 0, 5), ("second", 5, 12), ("first", 12, 17), ("second", 17, 24),
    ]  # fmt: skip


def test_a_search_jumps_and_a_descent_walks():
    spans = stage_spans(history(search=candidates(), refine=walk((-0.4, -0.4), (0.5, 0.2))))
    assert [(span.name, span.jumps) for span in spans] == [("search", True), ("refine", False)]


def test_few_candidates_of_a_stage_that_moves_nothing_jump_too():
    table = history(search=candidates(2), refine=walk((-0.4, -0.4), (0.5, 0.2), 3))
    assert [span.jumps for span in stage_spans(table.assign(moves=table["stage"] != "search"))] == [True, False]
    still = history(only=np.full((3, 2), 0.2)).assign(moves=False)
    assert [span.jumps for span in stage_spans(still)] == [False]


def test_noise_around_a_reached_target_is_no_search():
    still = 0.01 * np.random.default_rng(2).standard_normal((40, 2)) + 0.5
    assert [span.jumps for span in stage_spans(history(walk=walk((-0.4, -0.4), (0.5, 0.5)), hold=still))] == [False, False]


def test_few_missing_or_equal_readings_are_no_search():
    for points in (candidates(3), np.full((10, 2), np.nan), np.zeros((10, 2))):
        assert [span.jumps for span in stage_spans(history(only=points))] == [False]


def test_an_empty_history_has_no_stages():
    assert stage_spans(pd.DataFrame()) == []


@pytest.mark.parametrize(
    ("lengths", "named"),
    [
        ({"search": 10, "expression": 1, "timing": 1}, ["search", "expression, timing"]),
        ({"search": 24, "expression": 60, "timing": 30}, ["search", "expression", "timing"]),
        ({"search": 1, "expression": 60, "timing": 1}, ["expression", "timing"]),
        ({f"stage_{number}": 5 for number in range(20)}, []),
    ],
)
def test_names_of_stages_do_not_lie_over_each_other(lengths, named):
    spans = stage_spans(history(**{name: np.zeros((steps, 2)) for name, steps in lengths.items()}))
    with new_figure(9.6, 3.3) as figure:
        axes = figure.subplots(1, 2)[0]
        axes.plot(np.zeros(spans[-1].stop))
        progress._mark_stages(axes, spans)
        figure.draw_without_rendering()
        texts = [text for text in axes.texts if text.get_text()]
        boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: box.x0)
        edge = axes.get_window_extent().x1
    assert [text.get_text() for text in texts] == named
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes))
    assert all(box.x1 <= edge + 3 for box in boxes)


@pytest.mark.parametrize("moves", [True, False])
def test_one_evaluation_is_seen_as_a_point(moves):
    table = history(only=[(0.3, -0.2)]).assign(moves=moves)
    with new_figure(4, 3) as figure:
        axes = figure.subplots()
        progress._draw_column(axes, table["reading.valence"], stage_spans(table), "k", "valence")
        seen = [line for line in axes.lines if len(line.get_ydata())]
        assert [(list(line.get_ydata()), line.get_marker()) for line in seen] == [([0.3], "o")]


def test_pictures_say_that_dots_are_candidates(make_result):
    searched = history(search=candidates(), refine=walk((-0.4, -0.4), (0.3, 0.1))).assign(**{"term.valence": 1.0})
    for section in (plane.section, progress.section):
        assert "Dots: candidates that were tried." in section(make_result(history=searched))
        assert "Dots" not in section(make_result())
