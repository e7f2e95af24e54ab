"""Finding components by name: unknown names, conflicts, defaults, listeners, and plugins that a program registers itself."""

import logging
import sys

import pytest

from orchestra_core.contracts.component import KINDS
from orchestra_core.descriptors import Command, Descriptor, Preset, ReportSection
from orchestra_core.errors import ConflictError, ParameterError, PluginError, UnknownNameError
from orchestra_core.hookspecs import hookimpl
from orchestra_core.registry import Registry, get_registry

HOOKS = {
    "instrument": "orchestra_instruments",
    "envelope": "orchestra_envelopes",
    "oracle": "orchestra_oracles",
    "objective": "orchestra_objectives",
    "schedule": "orchestra_schedules",
    "score": "orchestra_scores",
    "judge": "orchestra_judges",
}


def provide(site, plugin, *names, kind="oracle", default=False):
    items = ", ".join(f"Descriptor('{name}', 'a:b', 'x', default={default})" for name in names)
    site.plugin(plugin, f"@hookimpl\ndef {HOOKS[kind]}():\n    return [{items}]")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_hook(site, kind):
    provide(site, "one", "this", kind=kind, default=True)
    registry = site.registry()
    entry = registry.find(kind, "this")
    assert (entry.kind, entry.name, entry.provider.plugin, entry.version) == (kind, "this", "one", "1.0")
    assert registry.default(kind) == entry
    assert [other for other in KINDS if registry.entries(other)] == [kind]


def test_entries_come_in_the_order_of_their_names(site):
    provide(site, "one", "pear", "apple")
    provide(site, "two", "orange")
    assert [entry.name for entry in site.registry().entries("oracle")] == ["apple", "orange", "pear"]


def test_an_unknown_name_gets_close_matches_all_choices_and_what_is_broken(site):
    provide(site, "one", "loudness", "brightness")
    site.plugin("bad", "raise ImportError('no torchaudio')")
    with pytest.raises(UnknownNameError) as caught:
        site.registry().find("oracle", "brigthness")
    message = str(caught.value)
    assert "Unknown oracle 'brigthness'. Did you mean 'brightness'? Known: brightness, loudness." in message
    assert "Installed but broken: plugin 'bad' of fake-bad 1.0 (ImportError: no torchaudio)." in message
    assert caught.value.exit_code == 2


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParameterError, match="Did you mean 'oracle'"):
        Registry([]).entries("oracel")


def test_of_two_components_with_one_name_only_that_name_is_unusable(site):
    provide(site, "first", "shared", "mine")
    provide(site, "second", "shared", "yours")
    registry = site.registry()
    with pytest.raises(ConflictError) as caught:
        registry.find("oracle", "shared")
    message = str(caught.value)
    assert "plugin 'first' of fake-first 1.0 and plugin 'second' of fake-second 1.0" in message
    assert "fake-first:shared or fake-second:shared" in message
    assert registry.find("oracle", "mine").distribution == "fake-first"
    assert registry.find("oracle", "yours").distribution == "fake-second"
    assert [(one.what, one.message) for one in registry.conflicts()] == [("oracle shared", message)]


def test_the_qualified_name_settles_a_conflict(site):
    provide(site, "first", "shared")
    provide(site, "second", "shared")
    registry = site.registry()
    assert registry.find("oracle", "fake-second:shared").provider.plugin == "second"
    assert registry.find("oracle", "Fake_First:shared").provider.plugin == "first"  # names of distributions are normalised
    assert registry.clear_name(registry.entries("oracle")[0]) == "fake-first:shared"
    with pytest.raises(UnknownNameError):
        registry.find("oracle", "fake-third:shared")


def test_a_conflict_within_one_distribution_cannot_be_settled_by_qualifying(site):
    provide(site, "one", "shared", "shared")
    with pytest.raises(ConflictError, match="one of them has to be renamed"):
        site.registry().find("oracle", "fake-one:shared")


def test_components_of_different_kinds_may_share_a_name(site):
    provide(site, "first", "shared")
    provide(site, "second", "shared", kind="score")
    registry = site.registry()
    assert registry.find("score", "shared").provider.plugin == "second"
    assert registry.conflicts() == []


def test_two_defaults_are_a_conflict_that_names_both(site):
    provide(site, "first", "this", default=True)
    provide(site, "second", "that", default=True)
    registry = site.registry()
    with pytest.raises(ConflictError, match=r"'that' \(plugin 'second'.*'this' \(plugin 'first'"):
        registry.default("oracle")
    assert registry.find("oracle", "this")
    assert [one.what for one in registry.conflicts()] == ["default oracle"]


def test_no_default_is_said_with_what_there_is(site):
    provide(site, "first", "this")
    with pytest.raises(UnknownNameError, match=r"No oracle is the default; name one. Known: this\."):
        site.registry().default("oracle")


def hand_in(site, plugin, *names):
    items = ", ".join(f"Preset('{name}', 'x', {{'pipeline': {{'score': 'walk'}}}})" for name in names)
    site.plugin(plugin, f"@hookimpl\ndef orchestra_presets():\n    return [{items}]")


def test_presets_are_found_by_name_in_the_order_of_their_names(site):
    hand_in(site, "one", "pear", "apple")
    registry = site.registry()
    assert [entry.name for entry in registry.presets()] == ["apple", "pear"]
    found = registry.find_preset("fake-one:pear")
    assert (found.preset.settings, found.version) == ({"pipeline": {"score": "walk"}}, "1.0")
    with pytest.raises(UnknownNameError, match=r"Unknown preset 'aple'. Did you mean 'apple'"):
        registry.find_preset("aple")


def test_of_two_presets_with_one_name_only_that_name_is_unusable(site):
    hand_in(site, "first", "shared", "mine")
    hand_in(site, "second", "shared")
    registry = site.registry()
    with pytest.raises(ConflictError, match="Write fake-first:shared or fake-second:shared instead") as caught:
        registry.find_preset("shared")
    assert [registry.clear_name(one) for one in registry.presets()] == ["mine", "fake-first:shared", "fake-second:shared"]
    assert [(one.what, one.message) for one in registry.conflicts()] == [("preset shared", str(caught.value))]


COMMANDS = """
@hookimpl
def orchestra_commands():
    return [Command("train", "a:b", "Train.")]

@hookimpl
def orchestra_report_sections():
    return [ReportSection("late", "a:b", "{title}", order=900), ReportSection("early", "a:b", "Early", order={order})]
"""


def test_commands_and_report_sections_come_with_their_providers(site):
    site.plugin("one", COMMANDS.format(title="Late", order=10))
    registry = site.registry()
    assert [(one.command.name, one.provider.plugin) for one in registry.commands()] == [("train", "one")]
    assert [one.section.name for one in registry.report_sections()] == ["early", "late"]


def test_commands_and_sections_of_one_name_are_reported_as_conflicts(site):
    site.plugin("one", COMMANDS.format(title="Of one", order=10))
    site.plugin("two", COMMANDS.format(title="Of two", order=20))
    registry = site.registry()
    assert [one.what for one in registry.conflicts()] == ["command train", "report section late", "report section early"]
    assert [one.section.title for one in registry.report_sections()] == ["Early", "Of one"]


def test_heavy_libraries_that_a_plugin_imports_while_it_is_listed_are_noted(site, monkeypatch):
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    site.module("jax", "")  # stands for the library: what counts is its name
    site.plugin("slow", "import jax")
    provide(site, "fast", "this")
    registry = site.registry()
    assert {provider.plugin: libraries for provider, libraries in registry.heavy.items()} == {"slow": ("jax",)}
    del sys.modules["jax"]


class Listener:
    """Notes what it is told."""

    def __init__(self, fails_at=None):
        self.heard = []
        self.fails_at = fails_at

    def _note(self, *what):
        self.heard.append(what)
        if what[0] == self.fails_at:
            raise ValueError("cannot cope")

    @hookimpl
    def orchestra_run_started(self, run):
        self._note("started", run)

    @hookimpl
    def orchestra_stage_started(self, run, stage, steps):
        self._note("stage", run, stage, steps)

    @hookimpl
    def orchestra_steps_finished(self, rows):
        self._note("steps", rows)

    @hookimpl
    def orchestra_run_finished(self, run, results):
        self._note("finished", run, results)


def play(registry):
    registry.hooks.run_started("run")
    registry.hooks.stage_started("run", "joint", 20)
    registry.hooks.steps_finished("run", ["row"])
    registry.hooks.run_finished("run", ["result"])


def test_listeners_are_told_what_goes_on_and_may_leave_arguments_out():
    registry, listener = Registry([]), Listener()
    with registry.registered(listener):
        play(registry)
    assert listener.heard == [
        ("started", "run"),
        ("stage", "run", "joint", 20),
        ("steps", ["row"]),
        ("finished", "run", ["result"]),
    ]


def test_a_registered_object_is_forgotten_after_the_block_even_when_it_fails():
    registry, listener = Registry([]), Listener()
    with pytest.raises(RuntimeError), registry.registered(listener):
        raise RuntimeError
    play(registry)
    assert listener.heard == []
    assert registry.providers == ()


def test_a_failing_listener_is_switched_off_and_never_stops_the_others(caplog):
    registry, failing, other = Registry([], strict=False), Listener(fails_at="stage"), Listener()
    with registry.registered(other, "other"), registry.registered(failing, "failing"), caplog.at_level(logging.WARNING):
        play(registry)
    assert [what[0] for what in failing.heard] == ["started", "stage"]
    assert [what[0] for what in other.heard] == ["started", "stage", "steps", "finished"]
    assert [record.getMessage().startswith("The plugin 'failing' of in-code is switched off") for record in caplog.records] == [
        True
    ]
    assert registry.broken[0].reason == "ValueError: cannot cope"
    assert "self._note" in registry.broken[0].traceback


def test_a_failing_listener_of_an_installed_plugin_leaves_its_components_usable(site):
    site.plugin(
        "both",
        """
        @hookimpl
        def orchestra_oracles():
            return [Descriptor("deaf", "a:b", "x")]

        @hookimpl
        def orchestra_run_started():
            raise SystemExit(1)
        """,
    )
    registry = site.registry()
    play(registry)
    assert registry.broken[0].reason == "SystemExit: 1"
    assert registry.find("oracle", "deaf")


def test_strict_mode_raises_at_a_failing_listener():
    registry = Registry([], strict=True)
    with pytest.raises(PluginError, match="cannot cope"), registry.registered(Listener(fails_at="started")):
        play(registry)


def test_an_interruption_in_a_listener_passes():
    class Stops:
        @hookimpl
        def orchestra_run_started(self):
            raise KeyboardInterrupt

    registry = Registry([], strict=False)
    with pytest.raises(KeyboardInterrupt), registry.registered(Stops()):
        play(registry)


def test_listeners_of_one_class_can_be_registered_side_by_side():
    registry, first, second = Registry([]), Listener(), Listener()
    with registry.registered(first) as one, registry.registered(second) as two:
        registry.hooks.run_started("run")
    assert (one.plugin, two.plugin) == ("Listener", "Listener_2")
    assert first.heard == second.heard == [("started", "run")]


class InScript:
    """A plugin inside a script."""

    @hookimpl
    def orchestra_oracles(self):
        return [Descriptor("mine", "a:b", "Mine.")]

    @hookimpl
    def orchestra_presets(self):
        return [Preset("mine", "Mine.", {})]

    @hookimpl
    def orchestra_commands(self):
        return [Command("mine", "a:b", "Mine.")]

    @hookimpl
    def orchestra_report_sections(self):
        return [ReportSection("mine", "a:b", "Mine")]


def test_a_program_can_register_a_plugin_of_its_own_and_take_it_back():
    registry = Registry([])
    provider = registry.register(InScript())
    assert registry.find("oracle", "mine").provider == provider
    assert len(registry.presets()) == len(registry.commands()) == len(registry.report_sections()) == 1
    registry.unregister(provider)
    assert registry.entries("oracle") == registry.presets() == registry.commands() == registry.report_sections() == []


def test_a_plugin_of_the_program_that_breaks_the_rules_is_an_error_at_once():
    class Misspelt:
        @hookimpl
        def orchestra_orcales(self):
            return []

    registry = Registry([], strict=False)
    with pytest.raises(PluginError, match=r"plugin 'Misspelt' of in-code.*Did you mean 'orchestra_oracles'"):
        registry.register(Misspelt())
    assert registry.providers == registry.broken == ()


def test_the_same_object_cannot_be_registered_twice_and_stays_registered():
    registry, plugin = Registry([]), InScript()
    with registry.registered(plugin, "first"):
        with pytest.raises(PluginError, match="registered already, by plugin 'first'"):
            registry.register(plugin, "second")
        assert registry.find("oracle", "mine")


def test_the_registry_of_installed_plugins_is_made_once():
    assert get_registry() is get_registry()
