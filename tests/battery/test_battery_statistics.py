"""Statistics against scipy, least squares and closed forms."""

import numpy as np
import pytest
from scipy import stats

from orchestra_battery.statistics import correlation, difference, draw_cells, estimate, mean, ratio, slope

GENERATOR = np.random.default_rng(5)
CELLS = np.repeat(np.arange(25), 3)
ASKED = np.repeat(GENERATOR.normal(size=(25, 2)), 3, axis=0)
MARKS = 0.6 * ASKED[:, 0] - 0.2 * ASKED[:, 1] + GENERATOR.normal(0, 0.3, 75)
ONES = np.ones((1, 75))


def repeated(values, weights):
    return np.repeat(values, weights.astype(int), axis=0)


def test_correlation_is_pearsons():
    assert correlation(ASKED[:, 0], MARKS)(ONES)[0] == pytest.approx(stats.pearsonr(ASKED[:, 0], MARKS)[0], abs=1e-12)


@pytest.mark.parametrize("column", [0, 1])
def test_slope_is_that_of_least_squares_with_the_other_held(column):
    expected = np.linalg.lstsq(np.column_stack([np.ones(75), ASKED]), MARKS, rcond=None)[0][1 + column]
    assert slope(ASKED, MARKS, column)(ONES)[0] == pytest.approx(expected, abs=1e-12)


def test_a_weight_counts_a_piece_as_often():
    weights = GENERATOR.integers(0, 4, size=(1, 75)).astype(float)
    asked, marks = repeated(ASKED, weights[0]), repeated(MARKS, weights[0])
    assert correlation(ASKED[:, 1], MARKS)(weights)[0] == pytest.approx(stats.pearsonr(asked[:, 1], marks)[0], abs=1e-12)
    expected = np.linalg.lstsq(np.column_stack([np.ones(len(marks)), asked]), marks, rcond=None)[0][2]
    assert slope(ASKED, MARKS, 1)(weights)[0] == pytest.approx(expected, abs=1e-12)
    assert mean(MARKS)(weights)[0] == pytest.approx(marks.mean(), abs=1e-12)


def test_marks_that_do_not_move_follow_nothing():
    assert correlation(ASKED[:, 0], np.full(75, 0.3))(ONES)[0] == 0.0


def test_where_nothing_was_varied_there_is_no_telling():
    assert np.isnan(correlation(np.full(75, 0.3), MARKS)(ONES)[0])
    assert np.isnan(slope(np.column_stack([ASKED[:, 0], np.zeros(75)]), MARKS, 0)(ONES)[0])
    assert np.isnan(mean(np.full(75, np.nan))(ONES)[0])
    assert np.isnan(ratio(mean(MARKS), mean(0 * MARKS))(ONES)[0])


def test_the_interval_of_a_mean_is_that_of_the_closed_form():
    values = np.random.default_rng(1).normal(size=200)
    found = estimate(mean(values), draw_cells(np.arange(200), count=4000))
    error = values.std() / np.sqrt(200)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.06)
    assert (found.high + found.low) / 2 == pytest.approx(values.mean(), abs=0.1 * error)


def test_the_interval_of_r_covers_as_often_as_it_says():
    generator, covered = np.random.default_rng(2), 0
    for trial in range(150):
        x = generator.normal(size=120)
        y = 0.6 * x + 0.8 * generator.normal(size=120)
        found = estimate(correlation(x, y), draw_cells(np.arange(120), seed=trial, count=400))
        covered += found.low <= 0.6 <= found.high
    # 95 % of 150 within three standard errors, and a little for a percentile interval of 120 pairs.
    assert 0.87 <= covered / 150 <= 1.0


def test_pieces_that_say_the_same_as_others_of_their_cell_add_no_certainty():
    once = estimate(mean(MARKS[::3]), draw_cells(CELLS[::3]))
    thrice = estimate(mean(np.repeat(MARKS[::3], 3)), draw_cells(CELLS))
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=1e-12)


def test_cells_are_drawn_whole_and_in_the_same_number():
    draws = draw_cells(CELLS, count=50)
    assert (draws.reshape(50, 25, 3) == draws.reshape(50, 25, 3)[:, :, :1]).all()
    assert (draws.sum(axis=1) == 75).all()


def test_seeds_are_drawn_within_cells_that_are_drawn():
    whole, within = draw_cells(CELLS, count=50), draw_cells(CELLS, count=50, within=True)
    assert (within.reshape(50, 25, 3).sum(axis=2) == whole.reshape(50, 25, 3).sum(axis=2)).all()
    assert not (within == whole).all()


def test_the_same_seed_gives_the_same_interval():
    assert estimate(mean(MARKS), draw_cells(CELLS, seed=3)) == estimate(mean(MARKS), draw_cells(CELLS, seed=3))
    assert estimate(mean(MARKS), draw_cells(CELLS, seed=3)) != estimate(mean(MARKS), draw_cells(CELLS, seed=4))


def test_the_difference_of_a_thing_and_itself_is_nothing_in_every_draw():
    own = correlation(ASKED[:, 0], MARKS)
    found = estimate(difference(own, own), draw_cells(CELLS, within=True))
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_paired_difference_is_more_certain_than_its_parts():
    noise = np.random.default_rng(3).normal(size=75)
    first, second = mean(noise + 0.1), mean(noise)
    draws = draw_cells(CELLS, within=True)
    found, alone = estimate(difference(first, second), draws), estimate(first, draws)
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))
    assert alone.low < 0 < alone.high
