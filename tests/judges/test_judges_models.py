"""The models of the judges of sound as arrays, against scikit-learn and PyTorch."""

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge

from orchestra_judges.kernel import LIMIT, fit_kernel, gaussian_kernel, standardised
from orchestra_judges.recurrent import RecurrentEnsemble


@pytest.fixture
def points():
    return np.random.default_rng(1).standard_normal((60, 4))


def test_a_gaussian_kernel_falls_with_the_square_of_the_distance():
    found = gaussian_kernel(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), 5.0)
    np.testing.assert_allclose(found, [[np.exp(-0.5), np.exp(-1 / 50)]])


def test_features_are_limited(points):
    far = standardised(1e6 * points, points.mean(axis=0), points.std(axis=0))
    assert np.abs(far).max() == LIMIT


def test_with_all_points_for_centres_it_is_kernel_ridge_regression(points):
    labels = np.stack([np.sin(points[:, 0]), points[:, 1] ** 2], axis=1)
    ridge = 0.01
    model = fit_kernel(points, labels, np.arange(60), np.arange(60), width=1.0, ridge=ridge)
    whitened = standardised(points, points.mean(axis=0), points.std(axis=0) + 1e-6)
    width = np.sqrt(points.shape[1])
    expected = KernelRidge(alpha=60 * ridge, kernel="rbf", gamma=1 / (2 * width**2)).fit(whitened, labels - labels.mean(axis=0))
    # Centres are stored in half precision.
    np.testing.assert_allclose(model.predict(points), expected.predict(whitened) + labels.mean(axis=0), atol=5e-3)


def test_every_item_weighs_the_same_however_many_rows_it_has(points):
    labels = points[:, :1]
    once = fit_kernel(points, labels, np.arange(60), np.arange(20), 1.0, 0.01)
    rows = np.concatenate([np.arange(60), np.full(30, 5)])
    often = fit_kernel(points[rows], labels[rows], rows, np.arange(20), 1.0, 0.01)
    mean, scale = once.mean, once.scale
    often = type(often)(mean, scale, once.centres, once.width, often.weights, often.intercept)
    np.testing.assert_allclose(often.intercept, once.intercept, atol=1e-6)


def test_far_from_all_centres_it_says_the_mean(points):
    labels = points[:, :2] + 7.0
    model = fit_kernel(points, labels, np.arange(60), np.arange(30), width=0.05, ridge=0.01)
    np.testing.assert_allclose(model.predict(np.full((1, 4), 50.0)), labels.mean(axis=0)[None], atol=1e-3)


def test_a_recurrent_ensemble_is_the_mean_of_pytorchs_networks():
    generator = np.random.default_rng(2)
    inputs, units, networks = 5, 4, 3
    shapes = {
        "input_weights": (networks, 3 * units, inputs),
        "state_weights": (networks, 3 * units, units),
        "input_bias": (networks, 3 * units),
        "state_bias": (networks, 3 * units),
        "output_weights": (networks, 2, units),
        "output_bias": (networks, 2),
    }
    arrays = {name: generator.standard_normal(shape).astype(np.float16) for name, shape in shapes.items()}
    mean, scale = np.full(inputs, 0.1, dtype=np.float32), np.full(inputs, 2.0, dtype=np.float32)
    frames = generator.standard_normal((6, 11, inputs)).astype(np.float32)
    found = RecurrentEnsemble(mean, scale, **arrays).predict(frames)
    expected = [_by_pytorch({name: array[k] for name, array in arrays.items()}, (frames - mean) / scale) for k in range(networks)]
    np.testing.assert_allclose(found, np.mean(expected, axis=0), atol=1e-5)


def _by_pytorch(arrays, frames):
    tensors = {name: torch.from_numpy(array.astype(np.float64)) for name, array in arrays.items()}
    unit = torch.nn.GRU(frames.shape[-1], 4, batch_first=True, dtype=torch.float64)
    ours = ("input_weights", "state_weights", "input_bias", "state_bias")
    theirs = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    unit.load_state_dict(dict(zip(theirs, (tensors[name] for name in ours), strict=True)))
    with torch.no_grad():
        states, _ = unit(torch.from_numpy(np.clip(frames, -3, 3).astype(np.float64)))
        return (states.mean(dim=1) @ tensors["output_weights"].T + tensors["output_bias"]).numpy()
