"""Broken plugins are switched off one by one, with one warning each, and the others go on."""

import logging
import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from orchestra_core.errors import PluginError
from orchestra_core.registry import Registry

DESCRIPTOR = """
{before}
@hookimpl
def orchestra_envelopes():
    return [Descriptor({arguments})]
"""


def descriptor(arguments, before=""):
    return DESCRIPTOR.format(arguments=arguments, before=before)


def handed_in(arguments):
    return f"@hookimpl\ndef orchestra_presets():\n    return [Preset({arguments})]"


BROKEN = {
    "import error": ("import there_is_no_such_module", "No module named 'there_is_no_such_module'"),
    "exception at import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "syntax error": ("def (", "SyntaxError"),
    "sys.exit at import": ("import sys\nsys.exit('go away')", "SystemExit: go away"),
    "misspelt hook": ("@hookimpl\ndef orchestra_instrument(): return []", "Did you mean 'orchestra_instruments'"),
    "unknown hook under another name": (
        "@hookimpl(specname='orchestra_nothing')\ndef anything(): return []",
        "Unknown hook 'orchestra_nothing'",
    ),
    "hook without its prefix": ("@hookimpl\ndef instruments(): return []", "Unknown hook 'instruments'"),
    "undecorated hook": ("def orchestra_instruments(): return []", "orchestra_instruments is not decorated with @hookimpl"),
    "undecorated helper": ("def orchestra_helper(): return []", "orchestra_helper is not decorated"),
    "unknown argument": ("@hookimpl\ndef orchestra_run_started(walk): pass", "walk"),
    "argument where there is none": ("@hookimpl\ndef orchestra_instruments(run): return []", "run"),
    "hook wrapper": ("@hookimpl(wrapper=True)\ndef orchestra_instruments(): return (yield)", "is a hook wrapper"),
    "failing hook": ("@hookimpl\ndef orchestra_instruments(): raise OSError('no disk')", "OSError: no disk"),
    "hook that exits": ("@hookimpl\ndef orchestra_instruments(): raise SystemExit(4)", "SystemExit: 4"),
    "hook that fails while it yields": (
        "@hookimpl\ndef orchestra_envelopes():\n    yield Descriptor('half', 'a:b', 'x')\n    raise KeyError('later')",
        "KeyError: 'later'",
    ),
    "forgotten return": ("@hookimpl\ndef orchestra_instruments(): pass", "orchestra_instruments returned None; expected a list"),
    "one descriptor instead of a list": (
        "@hookimpl\ndef orchestra_instruments(): return Descriptor('a', 'b:c', 'd')",
        "orchestra_instruments returned one Descriptor",
    ),
    "no descriptors": ("@hookimpl\ndef orchestra_instruments(): return ['piano']", "returned a str; expected Descriptor objects"),
    "descriptor in the hook of commands": (
        "@hookimpl\ndef orchestra_commands(): return [Descriptor('a', 'b:c', 'd')]",
        "returned a Descriptor; expected Command objects",
    ),
    "upper case name": (descriptor("'Flat', 'a:b', 'x'"), "envelope name 'Flat' is not allowed"),
    "name with a colon": (descriptor("'a:b', 'a:b', 'x'"), "envelope name 'a:b' is not allowed"),
    "name that is no text": (descriptor("3, 'a:b', 'x'"), "envelope name 3 is not allowed"),
    "target without attribute": (descriptor("'flat', 'package.module', 'x'"), "expected 'package.module:attribute'"),
    "target that is no text": (descriptor("'flat', print, 'x'"), "expected 'package.module:attribute'"),
    "empty summary": (descriptor("'flat', 'a:b', ' '"), "summary ' '; expected one line"),
    "summary of two lines": (descriptor("'flat', 'a:b', 'x\\ny'"), "expected one line"),
    "newer contracts": (
        descriptor("'flat', 'a:b', 'x', api_version=99"),
        "is written for version 99 of the contracts",
    ),
    "unknown capability": (descriptor("'flat', 'a:b', 'x', capabilities=frozenset({'pitchd'})"), "Did you mean 'pitched'"),
    "capabilities as a list": (descriptor("'flat', 'a:b', 'x', capabilities=['notes']"), "expected a frozenset"),
    "default that is no truth value": (descriptor("'flat', 'a:b', 'x', default='yes'"), "default='yes'; expected a bool"),
    "licence that is no text": (descriptor("'flat', 'a:b', 'x', license=None"), "license=None; expected a str"),
    "configuration that is no dataclass": (descriptor("'flat', 'a:b', 'x', dict"), "expected a frozen dataclass"),
    "configuration that is an instance": (
        descriptor("'flat', 'a:b', 'x', Config()", "@dataclass(frozen=True)\nclass Config:\n    a: int = 1"),
        "expected a frozen dataclass, the class itself",
    ),
    "configuration that can be changed": (
        descriptor("'flat', 'a:b', 'x', Config", "@dataclass\nclass Config:\n    a: int = 1"),
        "Config, which is not frozen",
    ),
    "configuration without a default": (
        descriptor("'flat', 'a:b', 'x', Config", "@dataclass(frozen=True)\nclass Config:\n    a: int"),
        "no default for Config.a",
    ),
    "preset name": (handed_in("'My preset', 'x', {}"), "preset name 'My preset' is not allowed"),
    "preset without summary": (handed_in("'mine', '', {}"), "summary ''; expected one line"),
    "preset that is a name": ("@hookimpl\ndef orchestra_presets(): return ['mine']", "returned a str; expected Preset objects"),
    "preset without a table": (handed_in("'mine', 'x', 'piano'"), "settings='piano'; expected a table of plain values"),
    "preset with an unknown key": (handed_in("'mine', 'x', {'canvass': {}}"), "Did you mean 'canvas'"),
    "preset that asks for something": (handed_in("'mine', 'x', {'items': []}"), "Unknown key in its settings 'items'"),
    "preset with an unknown part": (handed_in("'mine', 'x', {'pipeline': {'scores': 'a'}}"), "Did you mean 'score'"),
    "preset with a part that is a number": (
        handed_in("'mine', 'x', {'pipeline': {'score': 3}}"),
        "preset 'mine' has score=3; expected a table",
    ),
    "preset with a part of other keys": (
        handed_in("'mine', 'x', {'pipeline': {'score': {'bars': 3}}}"),
        "expected its name, or a table with 'name' and 'config'",
    ),
    "preset with a configuration that is a number": (
        handed_in("'mine', 'x', {'pipeline': {'score': {'name': 'a', 'config': 3}}}"),
        "expected its name, or a table with 'name' and 'config'",
    ),
    "preset with an object": (
        handed_in("'mine', 'x', {'canvas': object()}"),
        "settings.canvas is <object object",
    ),
    "command name": (
        "@hookimpl\ndef orchestra_commands(): return [Command('my command', 'a:b', 'x')]",
        "'my command' is not allowed",
    ),
    "report section without title": (
        "@hookimpl\ndef orchestra_report_sections(): return [ReportSection('a', 'b:c', '')]",
        "title ''; expected one line",
    ),
    "report section without order": (
        "@hookimpl\ndef orchestra_report_sections(): return [ReportSection('a', 'b:c', 'x', 'last')]",
        "order='last'; expected an integer",
    ),
}


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_switched_off_with_one_warning_and_the_others_go_on(site, caplog, source, reason):
    site.plugin("bad", source)
    site.good("after")
    site.good("ahead", provides="round")
    with caplog.at_level(logging.WARNING, logger="orchestra"):
        registry = site.registry()
    assert [entry.name for entry in registry.entries("envelope")] == ["flat", "round"]
    [broken] = registry.broken
    assert (broken.provider.plugin, broken.provider.distribution, broken.provider.version) == ("bad", "fake-bad", "1.0")
    assert reason in broken.reason
    assert broken.traceback.startswith("Traceback")
    [warning] = [record.getMessage() for record in caplog.records]
    assert "\n" not in warning
    assert warning.startswith("The plugin 'bad' of fake-bad 1.0 is switched off: ")


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_strict_mode_raises_at_a_broken_plugin(site, monkeypatch, source, reason):
    site.plugin("bad", source)
    monkeypatch.setenv("ORCHESTRA_STRICT", "1")
    with pytest.raises(PluginError, match=re.escape(reason)) as caught:
        site.registry(strict=None)
    assert caught.value.__cause__ is not None
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("there_is_no_such_module", "ModuleNotFoundError"),
        ("orchestra_core.descriptors:nothing", "AttributeError"),
        ("not a module!", "expected 'package.module'"),
        ("fake_none:plugin", "names None"),
    ],
)
def test_an_entry_point_that_names_nothing_is_switched_off(site, value, reason):
    site.module("fake_none", "plugin = None")
    site.distribution("fake-bad", {"bad": value})
    site.good()
    registry = site.registry()
    assert reason in registry.broken[0].reason
    assert registry.find("envelope", "flat").distribution == "fake-good"


def test_an_interruption_while_plugins_load_is_not_swallowed(site):
    site.plugin("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.registry()


OBJECT = """
class Plugin:
    {member}

    @hookimpl
    def orchestra_envelopes(self):
        return [Descriptor("flat", "a:b", "x")]

plugin = Plugin()
"""


def object_plugin(site, member):
    site.module("fake_object", OBJECT.format(member=member))
    site.distribution("fake-object", {"object": "fake_object:plugin"})
    return site.registry()


def test_other_attributes_of_a_plugin_object_are_never_read(site):
    registry = object_plugin(site, "weights = property(lambda self: 1 / 0)")
    assert not registry.broken
    assert registry.find("envelope", "flat").provider.plugin == "object"


def test_names_that_a_plugin_module_loads_lazily_stay_unloaded(site):
    site.plugin(
        "lazy",
        """
        def __getattr__(name):
            raise RuntimeError(f"{name} was read")

        def __dir__():
            return [*globals(), "Heavy", "orchestra_heavy"]

        @hookimpl
        def orchestra_envelopes():
            return [Descriptor("flat", "a:b", "x")]
        """,
    )
    registry = site.registry()
    assert not registry.broken
    assert registry.find("envelope", "flat")


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("orchestra_scores = property(lambda self: 1 / 0)", "orchestra_scores is a property"),
        ("def __dir__(self): raise OSError('unreadable')", "OSError: unreadable"),
    ],
)
def test_a_plugin_object_whose_hooks_cannot_be_read_is_switched_off(site, member, reason):
    registry = object_plugin(site, member)
    assert reason in registry.broken[0].reason
    assert registry.entries("envelope") == []


def test_static_and_class_methods_are_hooks_too(site):
    registry = object_plugin(
        site,
        """
    @staticmethod
    @hookimpl
    def orchestra_scores():
        return [Descriptor("silence", "a:b", "x")]

    @classmethod
    @hookimpl
    def orchestra_oracles(cls):
        return [Descriptor("deaf", "a:b", "x")]
    """,
    )
    assert registry.find("score", "silence")
    assert registry.find("oracle", "deaf")


def test_nothing_stays_registered_of_a_plugin_that_fails_halfway(site):
    site.plugin(
        "half",
        """
        heard = []

        @hookimpl
        def orchestra_run_finished(run, results):
            heard.append("finished")

        @hookimpl
        def orchestra_run_started(walk):
            heard.append("started")
        """,
    )
    registry = site.registry()
    registry.hooks.run_finished(run=None, results=())
    import fake_half

    assert registry.broken
    assert registry.providers == ()
    assert fake_half.heard == []


def test_a_plugin_provides_nothing_when_one_of_its_hooks_fails(site):
    site.plugin(
        "half",
        """
        @hookimpl
        def orchestra_envelopes():
            return [Descriptor("flat", "a:b", "x")]

        @hookimpl
        def orchestra_report_sections():
            raise OSError
        """,
    )
    registry = site.registry()
    assert registry.entries("envelope") == []
    assert registry.broken[0].reason == "OSError"


def test_optional_hooks_of_a_newer_orchestra_do_no_harm(site):
    site.plugin("new", "@hookimpl(optionalhook=True)\ndef orchestra_from_the_future(): return []")
    assert not site.registry().broken


def test_a_distribution_that_is_found_twice_is_loaded_once(new_site):
    old, new = new_site("old"), new_site("new")
    for site, version in ((old, "1.0"), (new, "2.0")):
        site.plugin("twice", "@hookimpl\ndef orchestra_envelopes(): return [Descriptor('flat', 'a:b', 'x')]", version)
    registry = Registry([*new.points(), *old.points()], strict=True)
    [entry] = registry.entries("envelope")
    assert entry.version == "2.0"


def test_the_same_module_under_two_distributions_counts_once(site):
    site.module("fake_shared", "@hookimpl\ndef orchestra_envelopes(): return [Descriptor('flat', 'a:b', 'x')]")
    site.distribution("fake-first", {"first": "fake_shared"})
    site.distribution("fake-second", {"second": "fake_shared"})
    registry = site.registry()
    [entry] = registry.entries("envelope")
    assert entry.distribution == "fake-first"
    assert "registered already, by plugin 'first' of fake-first" in registry.broken[0].reason


def test_plugins_of_two_distributions_may_have_the_same_name(site):
    site.module("fake_a", "@hookimpl\ndef orchestra_envelopes(): return [Descriptor('one', 'a:b', 'x')]")
    site.module("fake_b", "@hookimpl\ndef orchestra_envelopes(): return [Descriptor('two', 'a:b', 'x')]")
    site.distribution("fake-a", {"plugin": "fake_a"})
    site.distribution("fake-b", {"plugin": "fake_b"})
    registry = site.registry()
    assert [entry.qualified for entry in registry.entries("envelope")] == ["fake-a:one", "fake-b:two"]
    assert not registry.broken


def test_entry_points_without_a_distribution_are_kept_apart(site):
    site.module("fake_a", "@hookimpl\ndef orchestra_envelopes(): return [Descriptor('one', 'a:b', 'x')]")
    site.module("fake_b", "")
    points = [EntryPoint("plugin", value, "orchestra_core") for value in ("fake_a", "fake_b", "fake_a")]
    registry = Registry(points, strict=False)
    assert registry.find("envelope", "one").distribution == "unknown"
    assert "a second entry point has its name: fake_b" in registry.broken[0].reason


def discovered(site):
    """Return what real discovery finds in the folder, by name of the distribution."""
    registry = Registry(strict=False)
    names = {provider.distribution for provider in registry.providers if provider.distribution.startswith("fake")}
    return names, [one for one in registry.broken if one.provider.distribution.startswith("fake")]


def test_installed_plugins_are_discovered(site):
    site.good()
    assert discovered(site) == ({"fake-good"}, [])


def test_an_unreadable_entry_points_file_does_not_stop_discovery(site):
    site.good()
    site.distribution("fake-torn", {}, text="[orchestra_core]\nthis line is torn\n")
    names, broken = discovered(site)
    assert names == {"fake-good"}
    assert [one.provider.distribution for one in broken] == ["fake-torn"]


def test_an_unreadable_entry_points_file_without_plugins_is_not_ours_to_report(site):
    site.good()
    site.distribution("fake-torn", {}, text="[console_scripts]\nthis line is torn\n")
    assert discovered(site) == ({"fake-good"}, [])


def test_entry_points_in_another_encoding_do_not_stop_discovery(site):
    site.good()
    (site.distribution("fake-bytes", {}) / "entry_points.txt").write_bytes(b"[orchestra_core]\nx = \xff\xfe\n")
    names, broken = discovered(site)
    assert names == {"fake-good"}
    assert [one.provider.distribution for one in broken] == ["fake-bytes"]


def test_a_distribution_without_metadata_still_provides_its_plugin(site):
    site.good()
    (site.folder / "fake_good-1.0.dist-info" / "METADATA").unlink()
    registry = site.registry()
    assert registry.find("envelope", "flat").distribution == "unknown"


def test_a_warning_is_shown_once_per_process_without_any_set_up(site):
    site.plugin("bad", "import there_is_no_such_module")
    code = "from orchestra_core.registry import get_registry; get_registry(); get_registry()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(site), check=True)
    assert done.stderr.count("fake-bad") == 1


def environment(site):
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site.folder), *filter(None, sys.path)])}
