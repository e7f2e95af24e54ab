"""What the pages for plugin authors quote is what the code says."""

from pathlib import Path

from orchestra_core.contracts.component import KINDS
from orchestra_core.descriptors import API_VERSION, Descriptor
from orchestra_core.registry.collection import Entry
from orchestra_core.registry.provider import Provider
from orchestra_core.registry.registry import _conflict_message
from orchestra_core.scaffold import Names
from orchestra_core.scaffold.distribution import EXAMPLES, render
from orchestra_core.testing import table

DOCS = Path(__file__).parents[2] / "docs"


def unwrapped(page):
    return " ".join((DOCS / page).read_text(encoding="utf-8").split())


def test_the_broken_rule_in_the_page_on_testing_is_a_rule():
    (rule,) = [rule for rule in table("instrument") if rule.id == "instrument.nan"]
    page = unwrapped("testing_plugins.md")
    assert f"Why: {rule.reason} Fix: {rule.fix} More: {rule.anchor}" in page


def test_the_conflict_in_the_page_on_names_is_what_is_said():
    descriptor = Descriptor("glass", "glass:Glass", "Glass")
    entries = [
        Entry("instrument", descriptor, Provider("glass", "orchestra-glass", "0.1.0")),
        Entry("instrument", descriptor, Provider("bells", "orchestra-bells", "2.0")),
    ]
    assert _conflict_message("instrument", "glass", entries) in unwrapped("names_and_conflicts.md")


def test_a_new_plugin_states_the_version_of_the_contracts_as_the_page_on_publishing_says():
    assert f"`api_version={API_VERSION}`" in unwrapped("publishing_plugins.md")
    for kind in KINDS:
        assert f"api_version={API_VERSION},\n" in render(Names("glass"), kind)["src/orchestra_glass/plugin.py"]


def test_the_capabilities_of_the_descriptor_are_written_as_in_the_class():
    for kind, example in EXAMPLES.items():
        files = render(Names("glass"), kind)
        stated = ", ".join(f'"{name}"' for name in example.capabilities)
        for file in (f"src/orchestra_glass/{kind}.py", "src/orchestra_glass/plugin.py"):
            assert (f"frozenset({{{stated}}})" in files[file]) == bool(stated)


def test_the_pages_stand_in_the_order_a_newcomer_needs():
    index = (DOCS / "index.md").read_text(encoding="utf-8").split()
    places = [index.index(name) for name in ("writing_a_plugin", "testing_plugins", "publishing_plugins", "names_and_conflicts")]
    assert places == sorted(places)
