"""The reference pages are held against the code: hooks, errors, configurations, words, public names."""

import ast
import dataclasses
import inspect
import json
import re
import tomllib
from importlib import import_module

import pytest
from doc_blocks import ROOT, generator, text

from orchestra_core import errors, hookspecs
from orchestra_core.emotions.words import SYNONYMS, WORDS
from orchestra_core.testing import table

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("orchestra_")}
FIELDS = {
    "orchestra_instruments": "instrument",
    "orchestra_envelopes": "envelope",
    "orchestra_oracles": "oracle",
    "orchestra_objectives": "objective",
    "orchestra_schedules": "schedule",
    "orchestra_scores": "score",
    "orchestra_judges": "judge",
}


def components():
    """Yield kind and descriptor of everything that the entry points of this distribution provide."""
    points = tomllib.loads(text("pyproject.toml"))["project"]["entry-points"]["orchestra_core"]
    for module in map(import_module, points.values()):
        for hook, kind in FIELDS.items():
            yield from ((kind, descriptor) for descriptor in getattr(module, hook, tuple)())


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_heading_with_its_exact_signature(name):
    signature = str(inspect.signature(HOOKS[name])).replace("'", "")
    assert f"\n### {name}{signature}\n" in text("docs/hooks.md")


def test_no_heading_describes_a_hook_that_does_not_exist():
    headings = re.findall(r"^### (orchestra_\w+)", text("docs/hooks.md"), re.MULTILINE)
    assert sorted(headings) == sorted(HOOKS)


def test_the_table_of_hook_users_names_the_module_of_every_entry_point():
    points = tomllib.loads(text("pyproject.toml"))["project"]["entry-points"]["orchestra_core"]
    users = {user for users in generator().hook_users().values() for user in users}
    assert set(points.values()) <= users


def error_tree(error=errors.OrchestraError):
    """Yield an error class and everything below it in the same module."""
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from error_tree(child)


@pytest.mark.parametrize("error", list(error_tree()), ids=lambda error: error.__name__)
def test_every_error_has_an_entry_with_exit_code_meaning_and_advice(error):
    page = generator().errors_page()
    entry = page.partition(f"## {error.__name__}\n")[2].partition("\n## ")[0]
    assert f"Exit code {error.exit_code}" in entry
    assert inspect.getdoc(error) in entry
    assert len(entry.partition("**What to do.**")[2].split()) > 8


def test_the_exit_codes_of_the_catalogue_are_those_of_the_errors():
    stated = {int(code) for code in re.findall(r"^\| (\d+) \|", text("docs/errors.md"), re.MULTILINE)}
    assert {error.exit_code for error in error_tree()} | {0, 130} == stated


def test_every_preset_is_in_the_configuration_reference_with_its_settings():
    points = tomllib.loads(text("pyproject.toml"))["project"]["entry-points"]["orchestra_core"]
    page = generator().configuration_page()
    handed_in = [preset for point in points.values() for preset in getattr(import_module(point), "orchestra_presets", tuple)()]
    assert "reference" in {preset.name for preset in handed_in}
    for preset in handed_in:
        section = page.partition(f"### preset `{preset.name}`\n")[2].partition("\n### ")[0]
        assert preset.summary in section
        assert json.loads(section.partition("```json")[2].partition("```")[0]) == preset.settings


@pytest.mark.parametrize(("kind", "descriptor"), list(components()), ids=lambda value: getattr(value, "name", value))
def test_every_field_of_every_component_is_in_the_configuration_reference(kind, descriptor):
    page = generator().configuration_page()
    section = page.partition(f"### {kind} `{descriptor.name}`\n")[2].partition("\n### ")[0]
    assert descriptor.summary.rstrip(".") in section
    for field in dataclasses.fields(descriptor.config) if descriptor.config else ():
        row = re.search(rf"^\| `{field.name}` \| (.+) \| (.*) \| (.+) \|$", section, re.MULTILINE)
        assert row, f"{field.name} has no row"
        assert len(row[3].split()) > 1, f"{field.name} is not described"


def test_every_emotion_word_is_in_the_table_with_its_synonyms():
    page = generator().words_page()
    for word in WORDS:
        row = next(line for line in page.splitlines() if line.startswith(f"| {word.word} |"))
        assert f"{word.valence:+.2f}" in row and f"{word.arousal:+.2f}" in row
        assert all(synonym in row for synonym, meant in SYNONYMS.items() if meant == word.word)


def test_a_card_is_shown_with_its_request_scale_and_its_marks():
    marks = {"valence": {"r2": 0.25, "r": 0.5, "ccc": 0.125, "rmse": 0.0625}}
    card = {
        "architecture": "three_conv",
        "note": "Chosen among three recipes.",
        "mean": {"valence": 0.1},
        "sd": {"valence": 0.2},
        "metrics": {"piano": {"pieces": marks, "clips": marks, "baseline": marks}},
        "split": {"held_out": ["A", "B"], "pieces": list("abcdefghijklmnopqrstuvwxyz")},
    }
    page = generator().card_text(card)
    assert "| valence | +0.100 | 0.200 | -0.30 to +0.50 |" in page
    assert "| piano | valence | pieces | 0.250 | 0.500 | 0.125 | 0.062 |" in page
    assert "| mean baseline | valence | pieces | 0.250 | 0.500 | 0.125 | 0.062 |" in page
    assert "\nChosen among three recipes.\n" in page
    assert "| held out | A, B |" in page and "| pieces | 26, named in the card |" in page


def test_every_rule_of_the_conformance_kit_is_described_under_its_anchor():
    page = generator().rules_page()
    for rule in table():
        section = page.partition(f'<a id="{rule.id}"></a>')[2].partition("<a id=")[0]
        assert f"### {rule.id}\n" in section
        assert rule.summary in section and rule.reason in section and rule.fix in section
        assert rule.anchor == f"docs/rules.md#{rule.id}"


def test_the_suites_named_in_the_documentation_are_those_of_the_kit():
    stub = set(re.findall(r"as (\w+Suite)$", text("orchestra_core/testing/__init__.pyi"), re.MULTILINE))
    assert stub == set(re.findall(r"`(\w+Suite)`", text("docs/rules.md")))


def test_every_public_name_of_the_core_is_in_the_api_reference():
    stub = ast.parse(text("orchestra_core/__init__.pyi"))
    public = {name.asname for node in stub.body if isinstance(node, ast.ImportFrom) for name in node.names}
    described = set(re.findall(r"^\.\. auto\w+:: (?:orchestra_core\.)?(\w+)$", text("docs/api.md"), re.MULTILINE))
    assert public <= described


def test_every_page_is_in_a_table_of_contents():
    trees = re.findall(r"```\{toctree\}\n(.*?)```", text("docs/index.md"), re.DOTALL)
    listed = {line for tree in trees for line in tree.split() if re.fullmatch(r"[a-z_]+", line)}
    pages = {page.stem for suffix in ("md", "rst") for page in (ROOT / "docs").glob(f"*.{suffix}")}
    # Remarks are a part of the page of the battery, which is made with them.
    assert pages - {"index", "reach", "performance", "battery_remarks"} <= listed
