"""The suites as outside authors use them: a file with a subclass, run by pytest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SUITE = """
from kit_references import Bell
from kit_broken_others import AboveThePiano
from kit_broken_sounds import NoDescription
import pytest
from orchestra_core.testing import InstrumentSuite, ScoreSuite

class TestBell(InstrumentSuite):
    def make_component(self):
        return Bell()

class TestAbove(ScoreSuite):
    @pytest.fixture
    def component(self):
        return AboveThePiano()
"""

EXPECTED = """
from kit_references import Walk
from kit_broken_others import AboveThePiano
from orchestra_core.testing import ScoreSuite

class TestAbove(ScoreSuite):
    expected_failures = {"score.ranges": "a piccolo"}
    def make_component(self):
        return AboveThePiano()

class TestWalk(ScoreSuite):
    expected_failures = {"score.ranges": "a piccolo"}
    def make_component(self):
        return Walk()
"""


@pytest.fixture(autouse=True)
def beside_these_files(monkeypatch):
    """Let the processes that are started find the small plugins."""
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])]))


def test_a_suite_has_one_test_per_rule_and_fails_where_the_rule_does(pytester):
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v")
    result.stdout.fnmatch_lines(["*TestBell::test_conforms[[]instrument.length[]] PASSED*"])
    result.stdout.fnmatch_lines(["*TestAbove::test_conforms[[]score.ranges[]] FAILED*"])
    result.stdout.fnmatch_lines(["*expected 21 to 108*", "*Fix: Fold pitches*", "*docs/rules.md#score.ranges*"])
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["skipped"] == 24  # what needs an installed plugin, or a state


def test_expected_failures_are_strict(pytester):
    pytester.makepyfile(EXPECTED)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-v")
    outcomes = result.parseoutcomes()
    assert (outcomes["failed"], outcomes["xfailed"]) == (1, 1)
    result.stdout.fnmatch_lines(["*TestWalk::test_conforms[[]score.ranges[]] FAILED*"])


def test_a_suite_without_a_component_says_what_to_override(pytester):
    pytester.makepyfile("from orchestra_core.testing import ScoreSuite\nclass TestNothing(ScoreSuite):\n    pass\n")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*TestNothing has to override make_component*"])


def in_a_fresh_interpreter(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_without_pytest_only_the_suites_are_missing_and_say_so():
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from orchestra_core.testing import check_component, table\n"
        "try:\n    from orchestra_core.testing import ScoreSuite\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    done = in_a_fresh_interpreter(code)
    assert "need pytest, which is not installed: pip install pytest" in done.stdout, done.stderr


def test_the_kit_is_imported_without_torch_and_by_nothing_else_in_the_core():
    code = (
        "import sys\nimport orchestra_core.testing\nassert 'torch' not in sys.modules and 'pytest' not in sys.modules\n"
        "import orchestra_core.pipeline.pipeline, orchestra_core.problem, orchestra_core.cli.plugins\n"
        "found = [name for name in sys.modules if name.startswith('orchestra_core.testing.')]\nassert not found, found\n"
    )
    done = in_a_fresh_interpreter(code)
    assert done.returncode == 0, done.stderr
