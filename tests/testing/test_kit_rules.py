"""Every rule is broken by a small plugin that breaks nothing else, and good plugins break none."""

import kit_broken_others
import kit_broken_plugins
import kit_broken_presets
import kit_broken_sounds
import pytest
from kit_references import REFERENCES, Climb, SavedWarmth, Weight

from orchestra_core.testing import check_component, table

BROKEN = kit_broken_sounds.BROKEN + kit_broken_others.BROKEN


@pytest.mark.parametrize("make", [*REFERENCES.values(), Climb, SavedWarmth, Weight], ids=lambda make: make.__name__)
def test_a_small_plugin_done_well_passes(make):
    report = check_component(make())
    assert report.ids("failed") == frozenset(), str(report)
    assert report.ok


@pytest.mark.parametrize(("rule", "make", "others"), BROKEN, ids=[f"{rule}-{make.__name__}" for rule, make, _ in BROKEN])
def test_a_plugin_broken_in_one_thing_breaks_that_rule_alone(rule, make, others):
    report = check_component(make())
    assert report.ids("failed") == {rule, *others}, str(report)
    outcome = next(outcome for outcome in report.outcomes if outcome.rule.id == rule)
    assert "expected" in outcome.message


def test_every_rule_has_a_plugin_that_breaks_it():
    broken = {rule for rule, *_ in BROKEN} | set(kit_broken_plugins.BROKEN) | set(kit_broken_presets.BROKEN)
    assert {rule.id for rule in table()} == broken


def test_rules_have_different_ids_and_say_what_why_and_what_to_do():
    rules = table()
    assert len({rule.id for rule in rules}) == len(rules) > 70
    for rule in rules:
        assert rule.level in ("must", "should")
        assert all(text.endswith(".") and len(text) > 20 for text in (rule.summary, rule.reason, rule.fix)), rule.id
        assert rule.anchor == f"docs/rules.md#{rule.id}"
        assert rule.kinds


@pytest.mark.parametrize("kind", REFERENCES)
def test_a_kind_has_its_own_rules_and_those_for_all(kind):
    subjects = {rule.id.partition(".")[0] for rule in table(kind)}
    assert subjects == {"plugin", "component", kind}
