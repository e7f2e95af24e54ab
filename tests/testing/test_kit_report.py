"""Expected failures, reports, the command and the exit code."""

import json

import pytest
from kit_broken_others import AboveThePiano
from kit_broken_sounds import NoDescription
from kit_references import Walk

from orchestra_core import get_registry
from orchestra_core.cli.app import run
from orchestra_core.errors import ContractError, IncompatibleError, ParameterError, UnknownNameError
from orchestra_core.testing import check_component


def test_a_broken_must_fails_and_says_the_number_the_reason_the_fix_and_where_to_read_on():
    report = check_component(AboveThePiano())
    assert not report.ok
    (failure,) = report.failures
    text = str(failure)
    for part in ("expected 21 to 108", failure.rule.reason, failure.rule.fix, "docs/rules.md#score.ranges"):
        assert part in text
    assert text in str(report)
    with pytest.raises(ContractError, match=r"score\.ranges"):
        report.require()


def test_a_broken_should_is_advice_and_no_failure():
    report = check_component(NoDescription())
    assert report.ok
    assert [outcome.rule.id for outcome in report.advice] == ["instrument.described"]
    assert "advice" in str(report)


def test_an_expected_failure_is_reported_with_its_reason_and_is_no_failure():
    report = check_component(AboveThePiano(), expected_failures={"score.ranges": "it is a piccolo"})
    assert report.ok
    assert report.ids("expected") == {"score.ranges"}
    assert "it is a piccolo" in str(report)


def test_an_expected_failure_that_passes_is_a_failure():
    report = check_component(Walk(), expected_failures={"score.ranges": "it was too high"})
    assert not report.ok
    assert report.ids("unexpected") == {"score.ranges"}
    assert "take it out" in str(report)


@pytest.mark.parametrize(
    ("expected", "words"), [({"score.rnges": "why"}, "Did you mean 'score.ranges'"), ({"score.ranges": " "}, "reason")]
)
def test_an_expected_failure_needs_a_rule_and_a_reason(expected, words):
    with pytest.raises(ParameterError, match=words):
        check_component(Walk(), expected_failures=expected)


def test_what_is_no_component_or_of_another_kind_or_unknown_is_refused():
    with pytest.raises(ParameterError, match="expected a component"):
        check_component(3)
    with pytest.raises(UnknownNameError, match="Did you mean 'scale'"):
        check_component("scal")
    with pytest.raises(IncompatibleError, match="expected a component of kind 'oracle'"):
        check_component(Walk(), "oracle")


def test_the_report_is_plain_values_too():
    plain = json.loads(json.dumps(check_component(AboveThePiano()).to_plain()))
    assert plain["ok"] is False
    rows = {row["rule"]: row for row in plain["outcomes"]}
    assert rows["score.ranges"]["status"] == "failed"
    assert rows["plugin.discovered"]["status"] == "skipped"


class Registering:
    """A plugin object with a score source that is broken, or not."""

    def __init__(self, target):
        from orchestra_core import Descriptor, hookimpl

        @hookimpl
        def orchestra_scores():
            return [Descriptor("walk", target, "A walk.", license="MIT")]

        self.orchestra_scores = orchestra_scores


@pytest.mark.parametrize(("target", "code"), [("kit_references:Walk", 0), ("kit_broken_others:AboveThePiano", 3)])
def test_the_command_exits_with_0_or_3_and_writes_text_or_json(target, code, capsys):
    with get_registry().registered(Registering(target)):
        assert run(["plugins", "check", "walk"]) == code
        text = capsys.readouterr().out
        assert run(["plugins", "check", "walk", "--kind", "score", "--json"]) == code
        plain = json.loads(capsys.readouterr().out)
    assert ("conforms" in text) == plain["ok"] == (code == 0)


def test_the_command_for_an_unknown_name_is_a_usage_error(capsys):
    assert run(["plugins", "check", "nonesuch"]) == 2
    assert "Unknown component 'nonesuch'" in capsys.readouterr().err
