"""The head of the model cues is fitted in closed form: to ratings, and to pairs that differ in mode."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from orchestra_core.errors import ParameterError
from orchestra_deam.cues import COUNT
from orchestra_deam.models import Cues
from orchestra_deam.ridge import CuePairs, RatedCues, RidgeSettings, fit_head

CLIPS = 120


@pytest.fixture
def rated():
    """Clips whose arousal follows one cue and whose valence follows another, beside noise."""
    generator = torch.Generator().manual_seed(0)
    cues = torch.randn(CLIPS, COUNT, generator=generator) * 2 + 5
    labels = torch.stack([0.1 * cues[:, 3], 0.2 - 0.05 * cues[:, 9]], 1) + 0.01 * torch.randn(CLIPS, 2, generator=generator)
    return RatedCues(cues, labels, torch.ones(CLIPS))


def pairs(effect_on, contrast=0.5, count=40):
    generator = torch.Generator().manual_seed(1)
    plain = torch.randn(count, COUNT, generator=generator) * 2 + 5
    parallel = plain.clone()
    parallel[:, effect_on] -= 2.0
    return CuePairs(plain, parallel, plain + 0.1 * torch.randn(count, COUNT, generator=generator), torch.full((count,), contrast))


def test_a_head_without_pairs_is_ridge_regression(rated):
    model = Cues()
    fit_head(model, "vgmidi", rated, None, RidgeSettings(penalty=(0.1, 0.3)))
    x = rated.cues.numpy().astype(float)
    bounded = 3 * np.tanh((x - x.mean(0)) / (3 * x.std(0)))
    y = rated.labels.numpy().astype(float)
    centred = bounded - bounded.mean(0)
    for column, penalty in enumerate((0.1, 0.3)):
        # The same as least squares with one more equation per cue.
        rows = np.vstack([centred / np.sqrt(CLIPS), np.sqrt(penalty) * np.eye(COUNT)])
        wanted = np.concatenate([(y[:, column] - y[:, column].mean()) / np.sqrt(CLIPS), np.zeros(COUNT)])
        slopes = np.linalg.lstsq(rows, wanted, rcond=None)[0]
        np.testing.assert_allclose(model.readers["vgmidi"].linear.weight[column].detach().numpy(), slopes, atol=2e-5)
    read = model({"cues": rated.cues})["vgmidi"]
    torch.testing.assert_close(read.mean(0), rated.labels.mean(0), atol=1e-4, rtol=0)


def test_fitting_one_head_leaves_the_other_alone(rated):
    torch.manual_seed(0)
    model = Cues()
    before = model.readers["emotify"].linear.weight.clone()
    fit_head(model, "vgmidi", rated)
    assert torch.equal(model.readers["emotify"].linear.weight, before)
    with pytest.raises(ParameterError, match=r"'deam'.*vgmidi, emotify"):
        fit_head(model, "deam", rated)


def test_pairs_move_valence_towards_the_wanted_difference_and_arousal_not(rated):
    def difference(pairs):
        model = Cues()
        fit_head(model, "vgmidi", rated, pairs, RidgeSettings(mode=3.0))
        heard = model({"cues": both.plain})["vgmidi"] - model({"cues": both.parallel})["vgmidi"]
        return (heard.mean(0) / rated.labels.std(0)).tolist()

    both = pairs(effect_on=20)
    without, with_pairs = difference(None), difference(both)
    assert abs(without[1]) < 0.2
    assert 0.4 < with_pairs[1] < 0.8
    assert abs(with_pairs[0]) < 0.1
    assert difference(pairs(20, contrast=-0.5))[1] < -0.4


def test_pairs_without_a_clear_mode_do_not_count(rated):
    plain, unclear = Cues(), Cues()
    fit_head(plain, "vgmidi", rated)
    fit_head(unclear, "vgmidi", rated, pairs(20, contrast=0.05))
    assert torch.equal(plain.readers["vgmidi"].linear.weight, unclear.readers["vgmidi"].linear.weight)
