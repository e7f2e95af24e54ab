"""What a checkpoint must agree on with the run that takes it up."""

from orchestra_core.pipeline.recipe import fingerprint


def test_a_whole_number_and_the_same_as_a_float_are_one_recipe():
    recipe = {"pipeline": {"densities": [2, 1]}, "canvas": {}, "scale": "request", "items": [{"seed": 2**60 + 1}]}
    recipe |= {"budget": None, "device": "cpu"}
    from_file = {**recipe, "pipeline": {"densities": (2.0, 1.0)}}
    other = {**recipe, "items": [{"seed": 2**60}]}
    assert fingerprint(recipe) == fingerprint(from_file) != fingerprint(other)
