"""``orchestra plugins``: what is listed and shown, for people and as JSON."""

import json
from dataclasses import dataclass, field
from typing import Literal

import pytest

from orchestra_core.cli import plugins as module
from orchestra_core.cli.app import run
from orchestra_core.cli.fields import FieldDescription, describe_fields
from orchestra_core.descriptors import Command, Descriptor, Preset, Ref, ReportSection
from orchestra_core.hookspecs import hookimpl
from orchestra_core.registry import Registry

Form = Literal["smooth", "literal"]


@dataclass(frozen=True)
class DecayConfig:
    """How notes fade.

    Some more words.

    Parameters
    ----------
    tau, delay : float
        Time constant in seconds,
        and how long it waits.
    form : Form
        The shape.

    Raises
    ------
    ParameterError
        Never.
    """

    tau: float = 0.5
    delay: float = 0.0
    form: Form = "smooth"
    inner: Ref | None = None
    several: tuple[Ref, ...] = (Ref("envelope", "decay"),)
    plain: int = field(default=3, metadata={"description": "Said in the field."})


class Plugin:
    @hookimpl
    def orchestra_envelopes(self):
        yield Descriptor(
            "decay", "a.b:C", "Falls.", DecayConfig, default=True, capabilities=frozenset({"stochastic"}), license="MIT"
        )
        yield Descriptor("shared", "a.b:D", "Shares its name.", citation="Somebody, 1999")

    @hookimpl
    def orchestra_oracles(self):
        return [Descriptor("shared", "a.b:E", "Shares its name too.")]

    @hookimpl
    def orchestra_presets(self):
        return [Preset("shared", "Shares its name as well.", {"canvas": {"duration": 2.0}})]

    @hookimpl
    def orchestra_commands(self):
        return [Command("train", "a:b", "Train it.")]

    @hookimpl
    def orchestra_report_sections(self):
        return [ReportSection("fades", "a:b", "How it fades")]


class Broken:
    @hookimpl
    def orchestra_run_started(self):
        raise ValueError("cannot cope")


@pytest.fixture
def registry(monkeypatch):
    registry = Registry([], strict=False)
    registry.register(Plugin())
    monkeypatch.setattr(module, "get_registry", lambda: registry)
    return registry


def test_fields_are_described_by_their_docstring_or_their_metadata():
    ref = {"kind": "envelope", "name": "decay", "config": {}}
    assert describe_fields(DecayConfig) == [
        FieldDescription("tau", "float", 0.5, "Time constant in seconds, and how long it waits."),
        FieldDescription("delay", "float", 0.0, "Time constant in seconds, and how long it waits."),
        FieldDescription("form", "Literal['smooth', 'literal']", "smooth", "The shape."),
        FieldDescription("inner", "Ref | None", None, ""),
        FieldDescription("several", "tuple[Ref, ...]", [ref], ""),
        FieldDescription("plain", "int", 3, "Said in the field."),
    ]


def test_there_is_nothing_to_describe_without_configuration():
    assert describe_fields(None) == []


def test_fields_with_an_undefined_type_are_shown_as_written():
    @dataclass(frozen=True)
    class Config:
        device: "there.is_none" = None  # noqa: F821

    assert describe_fields(Config) == [FieldDescription("device", "is_none", None, "")]


def test_the_list_is_ordered_by_kind_and_marks_defaults(registry, capsys):
    assert run(["plugins", "list"]) == 0
    out = capsys.readouterr().out
    assert out.index("envelopes\n  decay *  Falls.") < out.index("oracles\n  shared  Shares its name too.")
    assert "instruments\n  none" in out
    assert "presets\n  shared  Shares its name as well." in out
    assert "commands\n  train  Train it." in out
    assert "report sections\n  fades  How it fades" in out


def test_the_list_can_be_limited_to_a_kind(registry, capsys):
    assert run(["plugins", "list", "--kind", "oracle"]) == 0
    out = capsys.readouterr().out
    assert "shared" in out
    assert not any(word in out for word in ("decay", "train", "instruments", "presets"))


def test_presets_can_be_listed_and_shown_by_themselves(registry, capsys):
    assert run(["plugins", "list", "--kind", "preset"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("presets\n  shared  Shares its name as well.  in-code\n")
    assert not any(word in out for word in ("decay", "train", "instruments"))
    assert run(["plugins", "show", "shared", "--kind", "preset"]) == 0
    out = capsys.readouterr().out
    assert "preset shared\n  Shares its name as well." in out
    assert "provided by   plugin 'Plugin' of in-code" in out
    assert '"duration": 2.0' in out
    assert run(["plugins", "list", "--kind", "preset", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert listing["components"] == []
    assert listing["presets"] == [
        {
            "kind": "preset",
            "name": "shared",
            "qualified": "in-code:shared",
            "summary": "Shares its name as well.",
            "settings": {"canvas": {"duration": 2.0}},
            "plugin": "Plugin",
            "distribution": "in-code",
            "version": "",
        }
    ]


def test_an_unknown_kind_is_a_usage_error_with_all_kinds(registry, capsys):
    assert run(["plugins", "list", "--kind", "oracl"]) == 2
    assert "'objective'" in capsys.readouterr().err


def test_the_list_as_json_has_all_that_scripts_need(registry, capsys):
    broken = registry.register(Broken())
    registry.hooks.run_started(None)
    assert run(["plugins", "list", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    assert listing["components"][0] == {
        "kind": "envelope",
        "name": "decay",
        "qualified": "in-code:decay",
        "summary": "Falls.",
        "default": True,
        "capabilities": ["stochastic"],
        "plugin": "Plugin",
        "distribution": "in-code",
        "version": "",
    }
    assert [(one["kind"], one["name"]) for one in listing["components"][1:]] == [("envelope", "shared"), ("oracle", "shared")]
    assert [one["name"] for one in listing["commands"]] == ["train"]
    assert [one["title"] for one in listing["report_sections"]] == ["How it fades"]
    assert listing["broken"] == [
        {"plugin": broken.plugin, "distribution": "in-code", "reason": "ValueError: cannot cope"},
    ]


def test_a_component_is_shown_with_everything_its_plugin_says(registry, capsys):
    assert run(["plugins", "show", "decay"]) == 0
    out = capsys.readouterr().out
    for line in (
        "envelope decay\n  Falls.",
        "provided by   plugin 'Plugin' of in-code",
        "made by       a.b:C",
        "capabilities  stochastic",
        "licence       MIT",
        "citation      none",
        "    form : Literal['smooth', 'literal'] = \"smooth\"\n      The shape.",
        "    inner : Ref | None = null\n",
    ):
        assert line in out


def test_of_one_name_the_components_of_all_kinds_are_shown(registry, capsys):
    assert run(["plugins", "show", "shared", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(one["kind"], one["config"], one["citation"]) for one in shown[:-1]] == [
        ("envelope", [], "Somebody, 1999"),
        ("oracle", [], ""),
    ]
    assert (shown[-1]["kind"], shown[-1]["settings"]) == ("preset", {"canvas": {"duration": 2.0}})
    assert run(["plugins", "show", "In.Code:shared", "--kind", "oracle"]) == 0
    out = capsys.readouterr().out
    assert "oracle shared" in out
    assert "no configuration" in out
    assert "envelope" not in out


def test_an_unknown_component_gets_close_matches_and_what_is_broken(registry, capsys):
    registry.register(Broken())
    registry.hooks.run_started(None)
    assert run(["plugins", "show", "decy"]) == 2
    err = capsys.readouterr().err
    assert "Unknown component 'decy'. Did you mean 'decay'? Known: decay, shared." in err
    assert "Installed but broken: plugin 'Broken' of in-code (ValueError: cannot cope)." in err
