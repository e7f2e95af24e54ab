"""Targets that contradict one another are said so, with numbers; those that real sounds have are not."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, rankdata

from orchestra_timbre.contradictions import Statistics, contradictions, read_statistics
from orchestra_timbre.descriptors import DESCRIPTORS


@pytest.fixture(scope="module")
def published(shared_timbre):
    return pd.read_csv(shared_timbre / "freesound_labels.csv")[list(DESCRIPTORS)].dropna()


def linear(correlation, count=10_000, surprise=2.576):
    """Statistics of normally distributed descriptors of mean 50 and standard deviation 10, of which the first two correlate."""
    matrix = np.eye(7)
    matrix[0, 1] = matrix[1, 0] = correlation
    ranks = np.linspace(1e-5, 1 - 1e-5, 2001)
    return Statistics(count, np.tile(50 + 10 * norm.ppf(ranks), (7, 1)), matrix, (surprise,) * 6)


def test_one_of_two_that_hardly_occur_together_is_named_with_its_usual_range():
    (sentence,) = contradictions({"brightness": 75.0, "boominess": 65.0})
    assert "brightness 75" in sentence
    assert "boominess 65" in sentence
    assert "10,246 percussive sounds" in sentence


@pytest.mark.parametrize("targets", [{}, {"brightness": 70.0}, {"brightness": 70.0, "boominess": 10.0}, {"arousal": 3.0}])
def test_what_goes_together_is_not_mentioned(targets):
    assert contradictions(targets) == ()


def test_a_value_that_no_sound_has_is_named_with_the_range_of_all():
    (sentence,) = contradictions({"boominess": 90.0})
    assert "10,246 percussive sounds lie between 0 and 71" in sentence


def test_one_wrong_target_does_not_accuse_the_others():
    usual = {"hardness": 46.0, "depth": 70.0, "brightness": 30.0, "warmth": 57.0, "boominess": 52.0}
    assert contradictions(usual) == ()
    (sentence,) = contradictions({**usual, "sharpness": 88.0})
    assert sentence.startswith("sharpness 88")


def test_the_expectation_is_that_of_two_correlated_normal_scores():
    statistics = linear(0.8)
    mean, sd = statistics.expected("hardness", {"depth": 1.5})
    assert mean == pytest.approx(0.8 * 1.5)
    assert sd == pytest.approx((1 - 0.8**2) ** 0.5)


def test_the_expectation_is_that_of_a_regression_on_draws():
    statistics = read_statistics()
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(7), statistics.correlation, 200_000)
    given = draws[:, [1, 4, 6]]
    weights, *_ = np.linalg.lstsq(given, draws[:, 2], rcond=None)
    mean, sd = statistics.expected("brightness", {"depth": 0.5, "warmth": -0.3, "boominess": 1.0})
    assert mean == pytest.approx(weights @ [0.5, -0.3, 1.0], abs=0.02)
    assert sd == pytest.approx((draws[:, 2] - given @ weights).std(), abs=0.01)


def test_the_named_range_is_that_of_the_interval():
    # Given depth 70, two standard deviations up, hardness is 50 + 0.8 * 20 on average, with a standard deviation of 6.
    (sentence,) = contradictions({"hardness": 30.0, "depth": 70.0}, linear(0.8, surprise=2.0))
    assert sentence.startswith("hardness 30 contradicts depth 70")
    low, high = map(int, re.search(r"between (\d+) and (\d+)", sentence).groups())
    assert low == pytest.approx(66 - 2 * 6, abs=1)
    assert high == pytest.approx(66 + 2 * 6, abs=1)


def test_scores_and_values_are_inverse_to_each_other():
    statistics = read_statistics()
    for name in DESCRIPTORS:
        for value in (20.0, 40.0):
            assert statistics.value(name, statistics.score(name, value)) == pytest.approx(value, abs=0.01)


def test_the_shipped_statistics_are_those_of_the_published_labels(published):
    statistics = read_statistics()
    assert statistics.count == len(published) == 10_246
    scores = np.stack([norm.ppf(rankdata(column) / (len(published) + 1)) for column in published.to_numpy().T])
    np.testing.assert_allclose(statistics.correlation, np.corrcoef(scores), atol=1e-4)
    np.testing.assert_allclose(statistics.quantiles[:, 100], published.median(), atol=0.01)


@pytest.mark.parametrize("count", [2, 4, 7])
def test_about_one_in_a_hundred_real_sounds_is_called_a_contradiction(published, count):
    random = np.random.default_rng(11)
    flagged = 0
    for row in published.sample(1500, random_state=5).to_numpy():
        chosen = random.choice(7, count, replace=False)
        flagged += bool(contradictions({DESCRIPTORS[k]: row[k] for k in chosen}))
    assert flagged <= 0.025 * 1500
