"""Metrics equal scikit-like closed forms from independent sources."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from orchestra_deam.metrics import agreement, by_dimension, mean_by


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


def test_dimensions_are_named_in_order():
    marks = by_dimension(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 0.0], [1.0, 1.0]]), ("arousal", "valence"))
    assert marks["arousal"]["r"] == pytest.approx(1)
    assert marks["valence"]["r"] == pytest.approx(-1)
