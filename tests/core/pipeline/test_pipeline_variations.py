"""Variations: pieces of one request, of seeds that follow from its seed."""

import json

import numpy as np
import pytest

from orchestra_core import Request
from orchestra_core.errors import ParameterError
from orchestra_core.pipeline.settings import Settings, load_settings


def test_the_first_variation_is_the_piece_itself_and_the_others_differ_in_their_seeds_alone():
    request = Request({"arousal": 0.4}, 7, "alert")
    first, *others = request.variations(4)
    assert first is request
    assert all((other.targets, other.word) == (request.targets, request.word) for other in others)
    assert len({7, *(other.seed for other in others)}) == 4


def test_more_variations_begin_with_the_same_ones():
    assert Request(seed=3).variations(20)[:5] == Request(seed=3).variations(5)


def test_no_variation_comes_twice_among_those_of_many_seeds():
    seeds = [one.seed for seed in range(100) for one in Request(seed=seed).variations(10)]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("number", [0, -1, 1.5, True])
def test_less_than_one_variation_is_refused(number):
    with pytest.raises(ParameterError, match="expected a whole number of at least 1"):
        Request().variations(number)


def test_seeds_and_variations_together_are_refused():
    with pytest.raises(ParameterError, match="2 seeds and 3 variations"):
        Settings().with_options(targets={"centroid": 0.1}, seeds=2, variations=3)


def test_variations_are_a_batch_with_one_page_and_each_is_the_piece_of_its_seed(registry, tmp_path):
    asked = Settings(budget=3).with_options(targets={"centroid": 0.1}, duration=0.2, seed=5)
    results = asked.with_options(variations=3).perform(registry, tmp_path / "all")
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["000", "001", "002", "index.html", "run.json"]
    page = (tmp_path / "all" / "index.html").read_text()
    seeds = [one.seed for one in Request(seed=5).variations(3)]
    assert [result.seed for result in results] == seeds
    assert all(str(seed) in page for seed in seeds)
    (alone,) = asked.with_options(seed=seeds[2]).perform(registry)
    assert np.array_equal(alone.audio, results[2].audio)
    recipe = json.loads((tmp_path / "all" / "run.json").read_text())["recipe"]
    assert [item["seed"] for item in recipe["items"]] == seeds
    again = load_settings(tmp_path / "all" / "001").perform(registry)
    assert np.array_equal(again[0].audio, results[1].audio)
