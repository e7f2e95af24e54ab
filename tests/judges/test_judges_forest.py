"""Forests as arrays say what scikit-learn's forests say."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from orchestra_judges.forest import ARRAYS, Forest, forest_arrays, pack_forest


@pytest.fixture
def data():
    generator = np.random.default_rng(5)
    features = generator.normal(size=(300, 7)).astype(np.float32)
    return features, features[:, 0] - np.abs(features[:, 3]) + 0.1 * generator.normal(size=300)


@pytest.mark.parametrize("kind", [ExtraTreesRegressor, RandomForestRegressor])
def test_a_packed_forest_predicts_what_scikit_learn_predicts(kind, data):
    features, labels = data
    model = kind(20, max_leaf_nodes=24, random_state=0).fit(features, labels)
    others = np.random.default_rng(6).normal(size=(200, 7)).astype(np.float32)
    np.testing.assert_allclose(pack_forest(model.estimators_).predict(others), model.predict(others), atol=1e-6)


def test_features_on_a_threshold_go_to_the_same_side():
    # Half-way between two neighbouring single-precision numbers, a threshold needs more digits than they have.
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2.0))
    features = np.array([[low], [high]], dtype=np.float32)
    model = RandomForestRegressor(1, bootstrap=False, random_state=0).fit(features, [0.0, 1.0])
    np.testing.assert_allclose(pack_forest(model.estimators_).predict(features), model.predict(features))


def test_a_tree_of_one_leaf_is_a_constant():
    model = ExtraTreesRegressor(3, random_state=0).fit(np.zeros((4, 2)), np.full(4, 0.25))
    assert pack_forest(model.estimators_).predict(np.ones((2, 2), dtype=np.float32)).tolist() == [0.25, 0.25]


def test_arrays_are_named_by_dimension_and_make_the_forest_again(data):
    forest = pack_forest(ExtraTreesRegressor(4, max_leaf_nodes=8, random_state=0).fit(*data).estimators_)
    arrays = forest_arrays({"arousal": forest})
    again = Forest(*(arrays[f"arousal_{name}"] for name in ARRAYS))
    np.testing.assert_array_equal(again.predict(data[0]), forest.predict(data[0]))
