"""Components are made by name and configuration, and what is needed to make them again is remembered."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from orchestra_core import Envelope, Schedule, Score, ScoreSource
from orchestra_core.config import to_plain
from orchestra_core.descriptors import Descriptor, Ref
from orchestra_core.errors import (
    ConfigurationError,
    ConflictError,
    IncompatibleError,
    ParameterError,
    PluginError,
    UnknownNameError,
    WeightsError,
)
from orchestra_core.hookspecs import hookimpl
from orchestra_core.registry import Registry, build


class Decay(Envelope):
    """Falls exponentially from the onset on: exp(-t / tau)."""

    def __init__(self, tau=0.5, weights=None):
        if tau <= 0:
            raise ParameterError(f"tau is {tau}; expected a positive number of seconds.")
        if weights is not None:
            raise WeightsError(f"{weights} does not exist.")
        self.tau = tau

    def _parameters(self, brief):
        return ()

    def _levels(self, time, duration, values):
        return torch.where(time < 0, 0.0, torch.exp(-time.clamp_min(0) / self.tau))

    def _span(self, duration, values):
        return duration


class Chain(Schedule):
    """Holds whatever it was made of."""

    def __init__(self, **parts):
        self.parts = parts

    def _optimize(self, problem):
        problem.evaluate({}, [])


class Stochastic(Decay):
    capabilities = frozenset({"stochastic"})


def explode():
    raise ZeroDivisionError("no reason")


def leave():
    sys.exit("good bye")


def something_else():
    return "no component"


@dataclass(frozen=True)
class DecayConfig:
    tau: float = 0.5
    weights: Path | None = None


@dataclass(frozen=True)
class Layer:
    envelope: Ref = Ref("envelope", "decay", {"tau": 9.0})
    gain: float = 1.0


@dataclass(frozen=True)
class ChainConfig:
    first: Ref = Ref("envelope", "decay", {"tau": 2.0})
    maybe: Ref | None = field(default=None, metadata={"kind": "envelope"})
    several: tuple[Ref, ...] = (Ref("envelope", "decay"),)
    named: dict[str, Ref] = field(default_factory=lambda: {"a": Ref("envelope", "decay")})
    layers: tuple[Layer, ...] = ()
    inner: Ref | None = field(default=None, metadata={"kind": "schedule"})
    unclear: Ref | None = None
    steps: int = 3


def here(name):
    return f"{__name__}:{name}"


class Plugin:
    @hookimpl
    def orchestra_envelopes(self):
        yield Descriptor("decay", here("Decay"), "Falls.", DecayConfig, default=True)
        yield Descriptor("bare", here("Decay"), "Without configuration.")
        yield Descriptor("missing_module", "there.is.no.such.module:Thing", "Cannot be imported.")
        yield Descriptor("missing_name", here("Nothing"), "Cannot be found.")
        yield Descriptor("explodes", here("explode"), "Cannot be made.")
        yield Descriptor("leaves", here("leave"), "Exits.")
        yield Descriptor("something_else", here("something_else"), "No component.")
        yield Descriptor("wrong_kind", here("Chain"), "A schedule.")
        yield Descriptor("no_callable", here("__name__"), "A string.")
        yield Descriptor("extra_field", here("Decay"), "Its class takes no steps.", ChainConfig)
        yield Descriptor("boaster", here("Decay"), "Says more than it is.", capabilities=frozenset({"stochastic"}))
        yield Descriptor("honest", here("Stochastic"), "Says what it is.", capabilities=frozenset({"stochastic"}))

    @hookimpl
    def orchestra_schedules(self):
        return [Descriptor("chain", here("Chain"), "Of parts.", ChainConfig)]


@pytest.fixture
def registry():
    registry = Registry([])
    registry.register(Plugin())
    return registry


def chain(registry, **config):
    return build("schedule", {"name": "chain", "config": config}, registry)


@pytest.mark.parametrize(
    "spec",
    [
        None,
        "decay",
        "in-code:decay",
        {},
        {"name": "decay"},
        {"kind": "envelope", "name": "decay", "config": {}},
        {"config": {"tau": 0.5}},
        Ref("envelope", "decay"),
    ],
)
def test_all_ways_to_name_a_component_make_the_same(registry, spec):
    built = build("envelope", spec, registry)
    assert isinstance(built.component, Decay)
    assert built.component.tau == 0.5
    assert built.ref.config == {"tau": 0.5, "weights": None}
    assert [entry.name for entry in built.entries] == ["decay"]
    assert built.by_hand == ()


def test_an_object_is_passed_through_untouched_and_named_as_built_by_hand(registry):
    decay = Decay(3.0)
    built = build("envelope", decay, registry)
    assert built.component is decay
    assert (built.ref, built.entries) == (None, ())
    assert built.by_hand == (f"envelope {__name__}.Decay",)


def test_a_component_without_configuration_is_made_without_arguments(registry):
    assert build("envelope", "bare", registry).ref == Ref("envelope", "bare", {})
    with pytest.raises(ConfigurationError, match=r"'bare' takes no configuration; it was given 'tau'"):
        build("envelope", {"name": "bare", "config": {"tau": 1}}, registry)


def test_components_inside_a_configuration_are_made_first(registry):
    parts = chain(registry).component.parts
    assert parts["first"].tau == 2.0
    assert [one.tau for one in parts["several"]] == [0.5]
    assert {name: one.tau for name, one in parts["named"].items()} == {"a": 0.5}
    assert (parts["maybe"], parts["layers"], parts["steps"]) == (None, (), 3)


def test_components_inside_are_given_in_every_way(registry):
    parts = chain(
        registry,
        first={"config": {"tau": 7}},
        maybe="decay",
        several=["decay", {"name": "decay", "config": {"tau": 4}}, Ref("envelope", "decay", {"tau": 5.0}), Decay(6.0)],
        named={"b": {"name": "decay", "config": {"tau": 8}}, "c": Decay(1.0)},
        layers=[{"gain": 2}, {"envelope": "decay"}, Layer(Ref("envelope", "decay", {"tau": 3.0}), 0.5)],
    ).component.parts
    assert (parts["first"].tau, parts["maybe"].tau) == (7.0, 0.5)
    assert [one.tau for one in parts["several"]] == [0.5, 4.0, 5.0, 6.0]
    assert {name: one.tau for name, one in parts["named"].items()} == {"b": 8.0, "c": 1.0}
    assert [(one.envelope.tau, one.gain) for one in parts["layers"]] == [(9.0, 2.0), (0.5, 1.0), (3.0, 0.5)]


def test_a_table_without_a_name_changes_the_default_and_one_with_a_name_starts_afresh(registry):
    assert chain(registry, first={"config": {}}).component.parts["first"].tau == 2.0
    assert chain(registry, first={"name": "decay"}).component.parts["first"].tau == 0.5


def test_an_object_is_passed_through_at_any_depth(registry):
    decay = Decay(1.5)
    inner = {"name": "chain", "config": {"several": [decay, decay], "inner": {"name": "chain", "config": {"maybe": decay}}}}
    built = chain(registry, inner=inner)
    deep = built.component.parts["inner"].parts
    assert deep["several"][0] is deep["several"][1] is deep["inner"].parts["maybe"] is decay
    assert built.ref is None
    assert built.by_hand == (f"envelope {__name__}.Decay",) * 3


def test_the_complete_reference_makes_the_same_component_again(registry):
    built = chain(
        registry,
        first={"config": {"tau": 7}},
        several=["decay", {"name": "in-code:decay"}],
        layers=[{"gain": 2}],
        inner={"name": "chain", "config": {"steps": 9}},
    )
    plain = json.loads(json.dumps(to_plain(built.ref)))
    again = build("schedule", plain, registry)
    assert again.ref == built.ref
    assert to_plain(again.ref) == plain
    assert again.component.parts["inner"].parts["steps"] == 9
    assert plain["config"]["layers"] == [
        {"envelope": {"kind": "envelope", "name": "decay", "config": {"tau": 9.0, "weights": None}}, "gain": 2.0}
    ]


def test_everything_that_takes_part_is_listed_once(registry):
    assert [(entry.kind, entry.name) for entry in chain(registry).entries] == [("schedule", "chain"), ("envelope", "decay")]


@pytest.mark.parametrize(
    ("spec", "error", "expected"),
    [
        ("decya", UnknownNameError, "Did you mean 'decay'"),
        ({"nam": "decay"}, ConfigurationError, "Unknown key of the envelope 'nam'. Did you mean 'name'?"),
        ({"name": 3}, ConfigurationError, "'name' of the envelope is 3; expected a string"),
        ({"name": "decay", "config": [1]}, ConfigurationError, "'config' of the envelope is [1]; expected a table"),
        (3, ConfigurationError, "given as an object of type int; expected a name, a table"),
        ({"kind": "oracle", "name": "decay"}, ConfigurationError, "of kind 'oracle'; expected 'envelope'"),
        (Ref("oracle", "decay"), ConfigurationError, "of kind 'oracle'; expected 'envelope'"),
        (Chain(), IncompatibleError, "test_build.Chain is of kind 'schedule'; expected a component of kind 'envelope'"),
        ({"name": "decay", "config": {"tua": 1}}, ConfigurationError, "envelope 'decay' cannot be used: Unknown key 'tua'"),
        ({"name": "decay", "config": {"tau": "1"}}, ConfigurationError, 'tau is "1"; expected a valid number'),
        ({"name": "decay", "config": {"tau": -1}}, ParameterError, "tau is -1.0; expected a positive number"),
        ({"name": "decay", "config": {"weights": "w.pt"}}, WeightsError, "w.pt does not exist"),
        ({"name": "<0>"}, UnknownNameError, "Unknown envelope '<0>'"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(registry, spec, error, expected):
    with pytest.raises(error) as caught:
        build("envelope", spec, registry)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("config", "error", "expected"),
    [
        ({"first": 3}, ConfigurationError, "first is an object of type int; expected a component: its name, a table"),
        ({"first": {"name": "decay", "tau": 3}}, ConfigurationError, "Unknown key in first 'tau'"),
        ({"first": None}, ConfigurationError, "first is null"),
        ({"first": "decya"}, UnknownNameError, "Did you mean 'decay'"),
        ({"first": Ref("oracle", "decay")}, ConfigurationError, "first is of kind 'oracle'; expected 'envelope'"),
        ({"first": Chain()}, ConfigurationError, "first is of kind 'schedule'; expected 'envelope'"),
        ({"first": {"config": 3}}, ConfigurationError, "first.config is 3; expected a table"),
        ({"maybe": {"config": {}}}, ConfigurationError, "maybe names no component; expected a 'name'"),
        ({"first": {"name": "decay", "config": {"tau": [1]}}}, ConfigurationError, "envelope 'decay' cannot be used: tau is [1]"),
        ({"several": ["decay", {"config": {}}]}, ConfigurationError, "several[1] names no component"),
        ({"layers": [{"envelope": {"nam": "x"}}]}, ConfigurationError, "Unknown key in layers[0].envelope 'nam'"),
        ({"unclear": "decay"}, PluginError, "unclear in the configuration of the schedule 'chain' does not say which kind"),
    ],
)
def test_a_component_inside_that_cannot_be_made_is_named_with_its_place(registry, config, error, expected):
    with pytest.raises(error) as caught:
        chain(registry, **config)
    assert expected in str(caught.value)


def test_a_kind_that_the_plugin_does_not_state_may_be_given(registry):
    assert chain(registry, unclear={"kind": "envelope", "name": "decay"}).component.parts["unclear"].tau == 0.5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing_module", "cannot be loaded from there.is.no.such.module:Thing: ModuleNotFoundError: No module named 'there'"),
        ("missing_name", f"cannot be loaded from {__name__}:Nothing: AttributeError"),
        ("explodes", f"cannot be made by {__name__}:explode: ZeroDivisionError: no reason"),
        ("leaves", "SystemExit: good bye"),
        ("something_else", "made a str; expected an implementation of Envelope"),
        ("wrong_kind", "made a Chain; expected an implementation of Envelope"),
        ("no_callable", "TypeError: 'str' object is not callable"),
        ("extra_field", "unexpected keyword argument"),
        ("boaster", "declares stochastic, which the Decay that it makes has not"),
    ],
)
def test_a_component_that_its_plugin_cannot_make_is_a_plugin_error_that_names_it(registry, name, expected):
    with pytest.raises(PluginError) as caught:
        build("envelope", name, registry)
    assert str(caught.value).startswith(f"The envelope '{name}' (plugin 'Plugin' of in-code) ")
    assert expected in str(caught.value)


def test_declared_capabilities_that_are_there_are_fine(registry):
    assert build("envelope", "honest", registry).component.capabilities == {"stochastic"}


def test_an_unknown_kind_is_refused(registry):
    with pytest.raises(ParameterError, match="Did you mean 'envelope'"):
        build("envelop", "decay", registry)


def test_the_default_is_made_even_when_another_component_has_its_name(site):
    hook = "@hookimpl\ndef orchestra_envelopes(): return [Descriptor('decay', '{target}', 'Falls.', default={default})]"
    site.plugin("first", hook.format(target=here("Decay"), default=False))
    site.plugin("second", hook.format(target=here("Stochastic"), default=True))
    built = build("envelope", None, site.registry())
    assert isinstance(built.component, Stochastic)
    assert built.ref.name == "fake-second:decay"
    with pytest.raises(ConflictError):
        build("envelope", "decay", site.registry())


def test_what_was_made_works(registry):
    decay = build("envelope", {"name": "decay", "config": {"tau": 2}}, registry).component
    time = torch.tensor([[[-1.0, 0.0, 1.0, 4.0]]])
    expected = torch.tensor([[[0.0, 1.0, 0.6065307, 0.1353353]]])
    torch.testing.assert_close(decay.levels(time, torch.ones(1, 1), {}), expected)


def test_every_kind_has_its_contract():
    class Silence(ScoreSource):
        def _write(self, brief, choice, generator):
            return Score(())

    assert build("score", Silence(), Registry([])).by_hand[0].startswith("score ")
