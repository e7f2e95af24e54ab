"""Marks are what scipy and numpy say they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr

from orchestra_timbre.descriptors import DESCRIPTORS
from orchestra_timbre.evaluation import marks, seconds_per_sound
from orchestra_timbre.models import make_model


def test_marks_are_mean_absolute_error_and_pearsons_r():
    random = np.random.default_rng(0)
    labels = random.uniform(0, 100, (40, 7))
    read = labels + random.normal(0, 5, (40, 7))
    found = marks(read, labels, np.median(labels, axis=0))
    assert found.count == 40
    for column, name in enumerate(DESCRIPTORS):
        assert found.mae[name] == pytest.approx(np.mean(np.abs(read[:, column] - labels[:, column])))
        assert found.r[name] == pytest.approx(pearsonr(read[:, column], labels[:, column])[0])
    assert found.mean_error == pytest.approx(np.abs(read - labels).mean())
    assert found.mean_baseline == pytest.approx(np.abs(np.median(labels, axis=0) - labels).mean())


def test_a_constant_reading_has_no_correlation():
    labels = np.random.default_rng(0).uniform(0, 100, (10, 7))
    assert set(marks(np.full((10, 7), 50.0), labels, np.zeros(7)).r.values()) == {0.0}


def test_times_are_those_of_one_reading_and_of_one_with_its_gradient():
    reading, with_gradient = seconds_per_sound(make_model("small"), repeats=3)
    assert reading > 0
    assert with_gradient > 0
