"""The rules about a plugin as it is installed: a dist-info folder and modules on the path."""

import sys

import pytest
import torch
from kit_broken_plugins import BROKEN, GOOD, PARTS

from orchestra_core.registry import Registry
from orchestra_core.registry.discovery import find_entry_points
from orchestra_core.testing import check_component


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution of six components, and return a registry that has it."""
    monkeypatch.delenv("ORCHESTRA_STRICT", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    dtype = torch.get_default_dtype()

    def make(module, top="", before="pass", parts_top="", capabilities=""):
        (tmp_path / f"{module}.py").write_text(GOOD.format(module=module, top=top, before=before))
        (tmp_path / f"{module}_parts.py").write_text(PARTS.format(top=parts_top, capabilities=capabilities))
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[orchestra_core]\nwalk = {module}\n")
        return Registry(find_entry_points(lambda *_: None), strict=False)

    yield make
    torch.set_default_dtype(dtype)
    for name in [name for name in sys.modules if name.startswith("kit_fake")]:
        del sys.modules[name]


def test_an_installed_plugin_done_well_passes_and_each_faulty_descriptor_breaks_one_rule(install):
    registry = install("kit_fake_descriptors")
    report = check_component("kit_fake_descriptors_good", registry=registry)
    assert report.ids("failed") == frozenset(), str(report)
    assert report.ids("skipped") == {"component.state"}
    faulty = {rule: name for rule, name in BROKEN.items() if isinstance(name, str) and name != "capable"}
    for rule, name in faulty.items():
        report = check_component(f"kit_fake_descriptors_{name}", registry=registry)
        # a default that the configuration changes is not the constructor's any more
        others = {"plugin.config_signature"} if name == "climbing" else set()
        assert report.ids("failed") == {rule} | others, str(report)


def test_a_descriptor_that_says_less_than_the_class_breaks_one_rule(install):
    registry = install("kit_fake_capable", capabilities="{'notes', 'pitched'}")
    report = check_component("kit_fake_capable_capable", registry=registry)
    assert report.ids("failed") == {"plugin.descriptor"}, str(report)
    assert "['notes', 'pitched']" in str(report)


@pytest.mark.parametrize("rule", [rule for rule, value in BROKEN.items() if isinstance(value, tuple)])
def test_a_plugin_that_does_at_import_what_it_should_not_breaks_one_rule(install, rule):
    module = f"kit_fake_{rule.partition('.')[2]}"
    registry = install(module, *BROKEN[rule])
    report = check_component(f"{module}_good", registry=registry)
    assert report.ids("failed") == {rule}, str(report)
    assert not report.ok


def test_what_libraries_do_while_they_are_imported_is_not_blamed_on_the_plugin(install, tmp_path):
    (tmp_path / "kit_fake_library.py").write_text("print('library')\nopen(__file__ + '.log', 'w').close()\n")
    registry = install("kit_fake_user", parts_top="import kit_fake_library")
    report = check_component("kit_fake_user_good", registry=registry)
    assert report.ids("failed") == frozenset(), str(report)


def test_a_plugin_registered_in_code_has_no_import_to_check(install):
    registry = Registry([], strict=False)
    install("kit_fake_in_code")
    import kit_fake_in_code

    with registry.registered(kit_fake_in_code):
        report = check_component("kit_fake_in_code_good", registry=registry)
    assert report.ok, str(report)
    assert {"plugin.discovered", "plugin.import_files"} <= report.ids("skipped")
    assert "plugin.config_round_trip" in report.ids("passed")
