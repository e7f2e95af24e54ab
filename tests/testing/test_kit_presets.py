"""The rules about presets, on plugins as they are installed and on those of this repository."""

import sys

import pytest
from kit_broken_presets import BROKEN, GOOD

from orchestra_core import Preset, get_registry, hookimpl
from orchestra_core.cli.app import run
from orchestra_core.errors import ParameterError, UnknownNameError
from orchestra_core.registry import Registry
from orchestra_core.registry.discovery import find_entry_points
from orchestra_core.testing import PresetSuite, check_component


class TestReference(PresetSuite):
    def make_component(self):
        return "reference"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with one preset, and return a registry that has it."""
    monkeypatch.delenv("ORCHESTRA_STRICT", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    def make(module, top, before, settings):
        text = GOOD.format(module=module, top=f"import sys\n{top}", before=before, settings=settings)
        (tmp_path / f"{module}.py").write_text(text)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[orchestra_core]\npreset = {module}\n")
        return Registry(find_entry_points(lambda *_: None), strict=False)

    yield make
    for name in [name for name in sys.modules if name.startswith("kit_fake")]:
        del sys.modules[name]


def test_an_installed_preset_done_well_passes(install):
    settings = {"pipeline": {"score": "orchestra-music:scale"}, "canvas": {"duration": 2.0}, "loudness": -23.0}
    report = check_component("kit_fake_fine", registry=install("kit_fake_fine", "", "pass", settings))
    assert report.component == "preset kit_fake_fine"
    assert report.ids("passed") == set(BROKEN), str(report)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_preset_broken_in_one_thing_breaks_that_rule_alone(install, rule):
    module = f"kit_fake_{rule.partition('.')[2]}"
    report = check_component(module, registry=install(module, *BROKEN[rule]))
    assert report.ids("failed") == {rule}, str(report)
    assert not report.ok
    outcome = next(outcome for outcome in report.outcomes if outcome.rule.id == rule)
    assert "expected" in outcome.message


def test_a_preset_of_this_program_has_no_import_to_check_and_names_what_is_missing():
    class Plugin:
        @hookimpl
        def orchestra_presets(self):
            return [Preset("sung", "Sung.", {"pipeline": {"score": "orchestra-songs:song"}})]

    registry = Registry([], strict=False)
    with registry.registered(Plugin()):
        report = check_component("sung", "preset", registry=registry)
    assert report.ids("skipped") == {"preset.discovered", "preset.import_light", "preset.fit"}
    assert report.ids("failed") == {"preset.parts"}
    assert "Install orchestra-songs." in str(report)


def test_the_command_checks_a_preset_where_its_kind_is_said(capsys):
    assert run(["plugins", "check", "reference", "--kind", "preset"]) == 0
    assert capsys.readouterr().out.startswith("preset reference conforms (5 passed)")
    with pytest.raises(ParameterError, match="of the kinds preset and score; say which"):
        check_component("reference")
    with pytest.raises(UnknownNameError, match="Unknown preset 'referense'"):
        check_component("referense", "preset")


def test_every_first_party_preset_is_checked():
    assert [entry.name for entry in get_registry().presets() if entry.distribution == "orchestra-music"] == ["reference"]
