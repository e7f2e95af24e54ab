"""Metrics equal scikit-like closed forms from independent sources."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from orchestra_deam.metrics import agreement, intervals, mean_by


def test_r_and_r2_equal_scipy_for_a_linear_fit():
    rng = np.random.default_rng(0)
    rated = rng.standard_normal(50)
    raw = rated + rng.standard_normal(50)
    fit = stats.linregress(raw, rated)
    marks = agreement(fit.intercept + fit.slope * raw, rated)
    assert marks["r"] == pytest.approx(fit.rvalue)
    assert marks["r2"] == pytest.approx(fit.rvalue**2)  # true of a least-squares fit


def test_ccc_is_one_only_for_identity_and_punishes_shift_and_scale():
    x = np.linspace(-1, 1, 21)
    assert agreement(x, x)["ccc"] == pytest.approx(1.0)
    # Lin 1989: ccc = 2 s_xy / (s_x^2 + s_y^2 + (difference of means)^2)
    assert agreement(2 * x + 1, x)["ccc"] == pytest.approx(4 * x.var() / (5 * x.var() + 1))
    assert agreement(2 * x + 1, x)["r"] == pytest.approx(1.0)


def test_a_constant_reading_has_no_correlation_and_no_positive_r2():
    marks = agreement(np.full(4, 0.3), np.array([0.0, 0.2, 0.4, 0.1]))
    assert marks["r"] == marks["ccc"] == 0.0
    assert marks["r2"] < 0
    assert marks["rmse"] == pytest.approx(np.sqrt(np.mean([0.09, 0.01, 0.01, 0.04])))


def test_means_are_taken_per_group():
    values = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]])
    np.testing.assert_allclose(mean_by(np.array([1, 0, 1]), values), [[3, 30], [3, 30]])


def test_squared_error_and_partial_correlation_equal_their_definitions():
    rng = np.random.default_rng(3)
    given = rng.standard_normal(60)
    rated = given + rng.standard_normal(60)
    read = rated + given + rng.standard_normal(60)
    marks = agreement(read, rated, given)
    assert marks["mse"] == pytest.approx(np.mean((read - rated) ** 2))
    assert marks["rmse"] == pytest.approx(marks["mse"] ** 0.5)
    # The correlation of what a line over `given` leaves of both.
    left = [values - np.polyval(np.polyfit(given, values, 1), given) for values in (read, rated)]
    assert marks["partial_r"] == pytest.approx(stats.pearsonr(*left).statistic)


def test_intervals_equal_a_bootstrap_written_out():
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(8), 3)
    rated = rng.standard_normal(24) + cluster / 4
    read = rated + rng.standard_normal(24)
    found = intervals(read, rated, cluster, draws=500, seed=4)
    counts = np.random.default_rng(4).multinomial(8, np.full(8, 1 / 8), size=500)
    drawn = [np.concatenate([np.tile(np.flatnonzero(cluster == c), n) for c, n in enumerate(row) if n]) for row in counts]
    expected = np.percentile([stats.pearsonr(read[rows], rated[rows]).statistic for rows in drawn], [2.5, 97.5])
    assert found["r"] == pytest.approx(tuple(expected))
    assert found["rmse"][0] < agreement(read, rated)["rmse"] < found["rmse"][1]


def test_alike_items_of_a_cluster_widen_the_interval():
    rng = np.random.default_rng(2)
    rated = np.repeat(rng.standard_normal(10), 20)
    read = rated + np.repeat(rng.standard_normal(10), 20)
    by_cluster = intervals(read, rated, np.repeat(np.arange(10), 20))["r"]
    singly = intervals(read, rated, np.arange(200))["r"]
    assert by_cluster[1] - by_cluster[0] > 2 * (singly[1] - singly[0])
