"""Options that set the score source: which field they set, and score sources that have no such setting."""

from dataclasses import dataclass, field

import click
import pytest
from click.testing import CliRunner

from orchestra_core import Descriptor, hookimpl
from orchestra_core.cli.compose import compose
from orchestra_core.cli.score_options import score_options, take_score, with_origin
from orchestra_core.errors import UsageError
from orchestra_core.pipeline.request import Request
from orchestra_core.pipeline.settings import Settings
from orchestra_core.registry import Registry


@dataclass(frozen=True)
class Bars:
    key: str = ""
    tempo: float = 0.0
    bars: int = 0
    metres: tuple[str, ...] = ("4/4", "3/4")
    variation: int = 0
    lock: tuple[str, ...] = field(default_factory=tuple)
    origin: int | None = None


@dataclass(frozen=True)
class Walk:
    tempo: float = 0.0


class Plugin:
    @hookimpl
    def orchestra_scores(self):
        return [
            Descriptor("bars", "x:Bars", "In bars.", Bars),
            Descriptor("walk", "x:Walk", "A walk.", Walk, default=True),
            Descriptor("free", "x:Free", "Free."),
        ]


@pytest.fixture
def registry():
    registry = Registry(entry_points=(), strict=True)
    registry.register(Plugin(), "scores")
    return registry


UNSET = dict.fromkeys(("key", "tempo", "metre", "bars", "variation", "lock", "score"))


def test_options_become_settings_of_the_score_source(registry):
    asked = {
        "key": "D dorian",
        "tempo": 90.0,
        "metre": "3/4",
        "bars": 4,
        "variation": 2,
        "lock": "melody, harmony",
        "score": "bars",
    }
    options = {**asked, "seed": 3}
    config = take_score(options, None, registry)["config"]
    assert options == {"seed": 3}
    assert config == {
        "key": "D dorian",
        "tempo": 90.0,
        "metres": ["3/4"],
        "bars": 4,
        "variation": 2,
        "lock": ["melody", "harmony"],
    }


@pytest.mark.parametrize("named", [None, "free", "song.mid"])
def test_without_such_options_the_score_stays_as_it_is_named(registry, named):
    assert take_score({**UNSET, "score": named}, "walk", registry) == named


def test_settings_of_a_configuration_stay_unless_an_option_sets_them(registry):
    before = {"name": "bars", "config": {"key": "C", "bars": 8}}
    assert take_score({**UNSET, "bars": 4}, before, registry) == {"name": "bars", "config": {"key": "C", "bars": 4}}
    assert take_score({**UNSET, "bars": 4, "score": "in-code:bars"}, before, registry)["config"] == {"bars": 4}


def test_a_configuration_without_a_name_is_the_default_s(registry):
    asked = take_score({**UNSET, "tempo": 80.0}, {"config": {"tempo": 60.0}}, registry)
    assert asked == {"name": "walk", "config": {"tempo": 80.0}}


def test_where_no_score_is_named_the_default_is_set(registry):
    assert take_score({**UNSET, "tempo": 80.0}, None, registry) == {"name": "walk", "config": {"tempo": 80.0}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "D"}, "--key is a setting that the score walk does not have; score sources that have it: bars"),
        ({"tempo": 80.0, "score": "free"}, r"--tempo .* the score free does not have; score sources that have it: bars, walk"),
        ({"bars": 4, "score": "song.mid"}, r"--bars .* the score song\.mid does not have"),
    ],
)
def test_a_setting_that_the_score_has_not_is_refused_with_those_that_have_it(registry, options, message):
    with pytest.raises(UsageError, match=message):
        take_score({**UNSET, **options}, None, registry)


def test_compose_has_the_options_and_each_has_a_help():
    @score_options
    @click.command()
    def empty(**options):
        click.echo(options)

    names = {option.name for option in empty.params}
    assert names == set(UNSET) - {"score"}
    assert names <= {option.name for option in compose.params}
    assert all(option.help for option in empty.params)
    assert CliRunner().invoke(empty, ["--bars", "0"]).exit_code == 2


@pytest.mark.parametrize("tempo", ["0", "-90", "19.9", "401"])
def test_a_tempo_that_nobody_could_play_is_refused_with_the_range(tempo):
    result = CliRunner().invoke(compose, ["calm", "--score", "song", f"--tempo={tempo}"])
    assert result.exit_code == 2
    assert "--tempo" in result.stderr and "20<=x<=400" in result.stderr


def test_variations_with_a_lock_are_of_one_origin_and_others_are_not(registry):
    items = Request({"arousal": 0.4}, seed=7).variations(3)
    locked = Settings(items=items, pipeline={"score": {"name": "bars", "config": {"lock": ["harmony"]}}})
    assert with_origin(locked, 3, registry).pipeline["score"]["config"] == {"lock": ["harmony"], "origin": 7}
    assert with_origin(locked, None, registry) is locked
    free = Settings(items=items, pipeline={"score": {"name": "bars", "config": {"lock": []}}})
    assert with_origin(free, 3, registry) is free
    assert with_origin(Settings(items=items), 3, registry).pipeline == {}
