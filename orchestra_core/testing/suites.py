"""The rules as pytest suites to subclass: one test per rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from orchestra_core.contracts.component import Kind
from orchestra_core.errors import OrchestraError
from orchestra_core.testing.rule import Rule
from orchestra_core.testing.rules import table
from orchestra_core.testing.runner import check_expected, judge, make_subject
from orchestra_core.testing.setting import Setting

if TYPE_CHECKING:
    from orchestra_core.registry.build import Spec

try:
    import pytest
except ModuleNotFoundError as error:
    raise OrchestraError(
        "The suites of orchestra_core.testing need pytest, which is not installed: pip install pytest. "
        "check_component(...) and `orchestra plugins check NAME` need it not."
    ) from error


class _Suite:
    """One test per rule of a kind; override `make_component`, or define a fixture ``component``.

    Attributes
    ----------
    expected_failures : mapping of str to str
        Rules that are known to fail, and why; one that passes after all is a failure.
    setting : Setting
        What the component is tried with.
    """

    kind: ClassVar[Kind | Literal["preset"]]
    expected_failures: ClassVar[Mapping[str, str]] = {}
    setting: ClassVar[Setting] = Setting()

    def make_component(self) -> Spec:
        """Return the component, or its name: then the plugin around it is checked too."""
        raise NotImplementedError(f"{type(self).__name__} has to override make_component, or to define a fixture component.")

    @pytest.fixture
    def component(self) -> Spec:
        """Return the component under test."""
        return self.make_component()

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make one test of each rule."""
        if "conformance_rule" in metafunc.fixturenames:
            rules = table(self.kind)
            check_expected(self.expected_failures, rules)
            metafunc.parametrize("conformance_rule", rules, ids=[rule.id for rule in rules])

    def test_conforms(self, conformance_rule: Rule, component: Spec) -> None:
        """Check one rule."""
        subject = make_subject(component, self.kind, self.setting)
        outcome = judge(conformance_rule, subject, self.expected_failures.get(conformance_rule.id))
        if outcome.is_failure:
            pytest.fail(str(outcome), pytrace=False)
        if outcome.status == "skipped":
            pytest.skip(outcome.message)
        if outcome.status in ("expected", "failed"):
            pytest.xfail(outcome.message)


class InstrumentSuite(_Suite):
    """The rules for instruments.

    Examples
    --------
    >>> class TestPiano(InstrumentSuite):
    ...     def make_component(self):
    ...         return "piano_adsr"
    """

    kind = "instrument"


class EnvelopeSuite(_Suite):
    """The rules for envelopes."""

    kind = "envelope"


class OracleSuite(_Suite):
    """The rules for oracles."""

    kind = "oracle"


class ObjectiveSuite(_Suite):
    """The rules for objectives."""

    kind = "objective"


class ScheduleSuite(_Suite):
    """The rules for schedules."""

    kind = "schedule"


class ScoreSuite(_Suite):
    """The rules for score sources."""

    kind = "score"


class JudgeSuite(_Suite):
    """The rules for judges."""

    kind = "judge"


class PresetSuite(_Suite):
    """The rules for presets; `make_component` returns the preset's name.

    Examples
    --------
    >>> class TestReference(PresetSuite):
    ...     def make_component(self):
    ...         return "reference"
    """

    kind = "preset"
