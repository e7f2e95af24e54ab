"""Gram matrices do not grow with size, and distances between maps are 0 for equal ones."""

import numpy as np
import pytest
import torch

from orchestra_style.gram import gram, gram_distance, pattern_distance, weighted_sum


def maps(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_it_is_the_mean_product_over_places_and_channels():
    found = gram(maps(2, 3, 4, 5))
    expected = np.einsum("nchw,ndhw->ncd", maps(2, 3, 4, 5).numpy(), maps(2, 3, 4, 5).numpy()) / (3 * 4 * 5)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


def test_a_sound_of_twice_the_length_has_the_same_matrix():
    once = maps(1, 3, 4, 5)
    torch.testing.assert_close(gram(torch.cat([once, once], dim=3)), gram(once))


def test_twice_the_channels_do_not_make_it_larger():
    once = maps(1, 3, 4, 5)
    assert gram(torch.cat([once, once], dim=1)).max() == pytest.approx(float(gram(once).max()) / 2)


def test_it_is_symmetric_and_positive_semidefinite():
    found = gram(maps(1, 6, 2, 2))[0]
    torch.testing.assert_close(found, found.T)
    assert float(torch.linalg.eigvalsh(found).min()) > -1e-12


def test_the_distance_is_relative_to_what_is_asked():
    asked = gram(maps(1, 3, 4, 5))
    assert float(gram_distance(asked, asked)) == 0.0
    assert float(gram_distance(1.1 * asked, asked)) == pytest.approx(0.01)
    assert float(gram_distance(11 * asked, 10 * asked)) == pytest.approx(0.01)


def test_gains_and_offsets_of_rows_leave_a_pattern_as_it_is():
    kept = maps(1, 3, 4, 20)
    gains, offsets = maps(1, 3, 4, 1, seed=1) + 0.1, maps(1, 3, 4, 1, seed=2)
    assert float(pattern_distance(kept * gains + offsets, kept)) == pytest.approx(0.0, abs=1e-9)


def test_another_order_in_time_is_another_pattern_and_the_same_matrix():
    kept = maps(1, 3, 4, 400)
    shuffled = kept[..., torch.randperm(400, generator=torch.Generator().manual_seed(0))]
    assert float(pattern_distance(shuffled, kept)) == pytest.approx(1.0, abs=0.1)
    torch.testing.assert_close(gram(shuffled), gram(kept))


def test_a_flipped_pattern_is_twice_as_far_as_an_unrelated_one():
    kept = maps(1, 2, 3, 50)
    assert float(pattern_distance(-kept, kept)) == pytest.approx(2.0)


def test_gradients_agree_with_finite_differences():
    asked, kept = gram(maps(1, 2, 2, 5, seed=3)), maps(1, 2, 2, 5, seed=4)
    start = maps(1, 2, 2, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: gram_distance(gram(x), asked), (start,))
    assert torch.autograd.gradcheck(lambda x: pattern_distance(x, kept), (start,))


def test_silence_has_a_finite_distance_and_gradient():
    start = torch.zeros(1, 2, 2, 5, dtype=torch.float64, requires_grad=True)
    (pattern_distance(start, maps(1, 2, 2, 5)) + gram_distance(gram(start), gram(maps(1, 2, 2, 5)))).sum().backward()
    assert torch.isfinite(start.grad).all()


def test_a_name_without_weight_counts_nothing():
    found = weighted_sum({"a": torch.ones(2), "b": torch.full((2,), torch.nan)}, {"a": 3.0})
    assert found.tolist() == [3.0, 3.0]
