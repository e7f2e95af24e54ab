"""Configurations are validated strictly, and turned into plain values and back."""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra_core.config import to_plain, validate
from orchestra_core.descriptors import Ref
from orchestra_core.errors import ConfigurationError, ParameterError, PluginError


class Colour(Enum):
    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True)
class Stage:
    name: str = "joint"
    steps: int = 100
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    rate: float = 0.1
    count: int = 3
    smooth: bool = True
    edges: Literal["smooth", "literal"] = "smooth"
    limits: tuple[float, float] = (0.0, 1.0)
    stage: Stage = Stage()
    stages: tuple[Stage, ...] = (Stage(),)
    weights: Path | None = None
    colour: Colour = Colour.WARM
    gain: int | str | None = None
    envelope: Ref = Ref("envelope", "adsr")

    def __post_init__(self):
        if self.count < 0:
            raise ParameterError(f"count is {self.count}; expected a positive number.")
        if self.rate < 0:
            raise ValueError(f"rate is {self.rate}; expected a positive number")


def message(values, config=Config):
    with pytest.raises(ConfigurationError) as caught:
        validate(config, values, "the instrument 'piano'")
    return str(caught.value)


def test_nothing_given_is_the_default():
    assert validate(Config, {}, "it") == Config()


def test_lists_stand_for_tuples_and_whole_numbers_for_floating_point_ones():
    made = validate(Config, {"limits": [1, 2], "rate": 2, "stages": [{"name": "a"}, {"steps": 5}]}, "it")
    assert made == Config(limits=(1.0, 2.0), rate=2.0, stages=(Stage("a"), Stage(steps=5)))
    assert isinstance(made.rate, float)
    assert isinstance(made.limits, tuple)


def test_other_types_have_a_plain_form():
    made = validate(Config, {"weights": "w/x.safetensors", "colour": "cold", "gain": "auto"}, "it")
    assert made == Config(weights=Path("w/x.safetensors"), colour=Colour.COLD, gain="auto")


def test_values_of_code_are_taken_as_their_plain_form():
    values = {"limits": (1, 2), "weights": Path("x"), "stage": Stage("a"), "envelope": Ref("envelope", "b")}
    made = validate(Config, values, "it")
    assert made == Config(limits=(1.0, 2.0), weights=Path("x"), stage=Stage("a"), envelope=Ref("envelope", "b"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rate": "0.1"}, 'rate is "0.1"; expected a valid number.'),
        ({"rate": True}, "rate is true; expected a valid number."),
        ({"count": 2.0}, "count is 2.0; expected a valid integer."),
        ({"count": True}, "count is true; expected a valid integer."),
        ({"smooth": 1}, "smooth is 1; expected a valid boolean."),
        ({"edges": "soft"}, "edges is \"soft\"; expected 'smooth' or 'literal'."),
        ({"stage": {"steps": "many"}}, 'stage.steps is "many"; expected a valid integer.'),
        ({"stages": [{}, {"steps": None}]}, "stages[1].steps is null; expected a valid integer."),
        ({"stage": {"weights": {"valence": "2"}}}, 'stage.weights.valence is "2"; expected a valid number.'),
        ({"stage": 3}, "stage is 3; expected an object."),
        ({"gain": 1.5}, "gain is 1.5; expected a valid integer. gain is 1.5; expected a valid string."),
        ({"count": -1}, "count is -1; expected a positive number."),
        ({"rate": -0.5}, "rate is -0.5; expected a positive number."),
    ],
)
def test_a_wrong_value_is_refused_with_key_value_and_expectation(values, expected):
    said = message(values)
    assert said.startswith("The configuration of the instrument 'piano'")
    assert said.endswith(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"smoth": True}, "Unknown key 'smoth'. Did you mean 'smooth'? Known: colour, count,"),
        ({"stage": {"step": 1}}, "Unknown key in stage 'step'. Did you mean 'steps'? Known: name, steps, weights."),
        ({"stages": [{"nmae": "a"}]}, "Unknown key in stages[0] 'nmae'. Did you mean 'name'? Known: name, steps, weights."),
        ({"envelope": {"kind": "envelope", "name": "x", "target": "os:system"}}, "Unknown key in envelope 'target'."),
    ],
)
def test_an_unknown_key_is_refused_at_every_level(values, expected):
    assert expected in message(values)


def test_every_mistake_is_named_at_once():
    said = message({"rate": "fast", "nonsense": 1, "stage": {"steps": "many"}})
    assert all(part in said for part in ("rate is", "'nonsense'", "stage.steps is"))


@pytest.mark.parametrize("value", [object(), {"a": print}, [1j]])
def test_a_value_without_a_plain_form_is_refused(value):
    assert "expected a string, number" in message({"gain": value})


def test_a_configuration_with_a_field_that_cannot_be_validated_is_the_plugins_fault():
    @dataclass(frozen=True)
    class Strange:
        what: object.__class__ = object
        device: "there_is_no_such_type" = None  # noqa: F821

    with pytest.raises(PluginError, match="Strange, the configuration of it, has a field that cannot be validated"):
        validate(Strange, {}, "it")


def test_infinite_bounds_survive_the_plain_form():
    made = validate(Config, to_plain(Config(limits=(-math.inf, math.inf))), "it")
    assert made.limits == (-math.inf, math.inf)


names = st.text(min_size=0, max_size=8)
numbers = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
stages = st.builds(Stage, names, st.integers(0, 2**53), st.dictionaries(names, numbers, max_size=3))
configs = st.builds(
    Config,
    rate=numbers,
    count=st.integers(0, 2**53),
    smooth=st.booleans(),
    edges=st.sampled_from(["smooth", "literal"]),
    limits=st.tuples(numbers, numbers),
    stage=stages,
    stages=st.lists(stages, max_size=3).map(tuple),
    weights=st.none() | names.filter(lambda text: text and "\0" not in text).map(Path),
    colour=st.sampled_from(list(Colour)),
    gain=st.none() | st.integers(-5, 5) | names,
    envelope=st.builds(Ref, st.just("envelope"), names, st.dictionaries(names, st.integers() | names, max_size=2)),
)


@given(configs)
def test_the_plain_form_is_json_and_makes_the_same_configuration_again(config):
    plain = json.loads(json.dumps(to_plain(config)))
    assert plain == to_plain(config)
    assert validate(Config, plain, "it") == config


plain_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([one.name for one in dataclasses.fields(Config)]) | names, plain_values, max_size=3))
def test_whatever_is_given_the_answer_is_a_configuration_or_a_clear_refusal(values):
    try:
        assert isinstance(validate(Config, values, "it"), Config)
    except ConfigurationError as error:
        assert str(error).startswith("The configuration of it")
