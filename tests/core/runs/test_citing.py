"""How a run is cited: from its record alone, with what the installed plugins state."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import orchestra_core
from orchestra_core import Descriptor, hookimpl
from orchestra_core.cli.app import run as orchestra
from orchestra_core.cli.cite import cite
from orchestra_core.registry import Registry
from orchestra_core.runs import citing
from orchestra_core.runs.citing import as_bibtex, as_text, cite_run

ROOT = Path(__file__).parents[3]


class Plugin:
    @hookimpl
    def orchestra_instruments(self):
        return [
            Descriptor("harp", "x:Harp", "A harp.", license="MIT", citation="Plucked & struck, 50 % of {all} strings_1, 1999")
        ]

    @hookimpl
    def orchestra_envelopes(self):
        return [Descriptor("swell", "x:Swell", "A swell.", license="BSD-3-Clause")]

    @hookimpl
    def orchestra_oracles(self):
        cited = "A. Ear, B. Drum (2019): Hearing things. Journal of Hearing 3."
        return [Descriptor("ear", "x:Ear", "An ear.", license="MIT; weights trained on research-only data", citation=cited)]


RECIPE = {
    "pipeline": {
        "instrument": {"kind": "instrument", "name": "harp", "config": {"envelope": {"kind": "envelope", "name": "swell"}}},
        "score": "input:song.mid",
        "objective": {"kind": "objective", "name": "gone", "config": {"oracle": {"kind": "oracle", "name": "ear", "config": {}}}},
        "schedule": None,
    },
    "items": [{"word": "calm", "targets": {"valence": 0.5, "arousal": -0.25}, "seed": 7}, {"word": "calm", "seed": 1234567890}],
    "inputs": {"song.mid": "somewhere/song.mid"},
    "made_by_hand": ["schedule Mine"],
    "versions": {"orchestra-music": "0.0.9", "in-code": "2.5", "python": "3.12.1", "torch": "2.11.0"},
}


@pytest.fixture
def found():
    registry = Registry(entry_points=(), strict=True)
    registry.register(Plugin(), "strings")
    return cite_run(RECIPE, registry)


def test_every_part_is_named_with_its_version_licence_and_citation(found):
    assert [(part.kind, part.name) for part in found.parts] == [
        ("instrument", "harp"),
        ("envelope", "swell"),
        ("objective", "gone"),
        ("oracle", "ear"),
    ]
    text = as_text(found)
    assert "oracle ear (in-code 2.5; MIT; weights trained on research-only data)\n  A. Ear, B. Drum (2019)" in text
    assert "envelope swell (in-code 2.5; BSD-3-Clause)" in text


@pytest.mark.parametrize("several", [list, tuple])
def test_the_parts_in_a_list_are_named_too(several):
    registry = Registry(entry_points=(), strict=True)
    registry.register(Plugin(), "strings")
    oracles = several({"kind": "oracle", "name": name, "config": {}} for name in ("ear", "other"))
    agreed = {"kind": "objective", "name": "agreed", "config": {"oracles": oracles, "weights": several([1.0, 2.0])}}
    parts = cite_run({**RECIPE, "pipeline": {"objective": agreed}}, registry).parts
    assert [(part.kind, part.name) for part in parts] == [("objective", "agreed"), ("oracle", "ear"), ("oracle", "other")]


def test_the_version_and_seeds_are_those_of_the_run_and_not_of_today(found):
    first, second = as_text(found).splitlines()[:2]
    assert "Version 0.0.9. MIT licence." in first
    assert second.strip() == "calm (valence 0.5, arousal -0.25); seeds 7, 1234567890; python 3.12.1, torch 2.11.0"


def test_what_is_not_known_is_said(found):
    text = as_text(found)
    assert "objective gone (not installed here, so that its licence and citation are not known)" in text
    assert "Made by hand in code, with sources of their own: schedule Mine" in text
    assert "Made from files with sources of their own: song.mid" in text


def test_bibtex_has_an_entry_for_the_program_and_for_each_part_with_something_to_cite(found):
    text = as_bibtex(found)
    assert re.findall(r"@(\w+)\{(\w+),", text) == [("software", "orchestra"), ("misc", "instrument_harp"), ("misc", "oracle_ear")]
    assert "  author = {A. Ear and B. Drum},\n  title = {{Hearing things}},\n  year = {2019}," in text
    assert "howpublished = {Journal of Hearing 3}" in text
    assert r"Plucked \& struck, 50 \% of all strings\_1, 1999" in text
    assert text.count("{") == text.count("}")


def test_the_program_is_cited_as_in_citation_cff():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cff["title"], cff["license"], cff["version"]) == (citing.TITLE, citing.LICENSE, orchestra_core.__version__)
    assert [author["name"] for author in cff["authors"]] == [citing.AUTHORS]


def test_citation_cff_has_what_its_schema_requires():
    """The keys of version 1.2.0 of the schema that are used here; cffconvert --validate checks them all."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cff)
    assert (cff["cff-version"], cff["type"]) == ("1.2.0", "software")
    for reference in cff["references"]:
        assert {"type", "title", "authors"} <= set(reference)
        assert reference["type"] in {"article", "conference-paper"}
        assert 1900 < reference["year"] <= date.today().year
        assert all({"family-names", "given-names"} <= set(author) for author in reference["authors"])


def test_the_command_cites_a_run_folder_and_a_batch(tmp_path, make_result):
    recipe = {**make_result().recipe, "pipeline": {"envelope": {"kind": "envelope", "name": "adsr", "config": {}}}}
    make_result(recipe=recipe).save(tmp_path / "run")
    for path in (tmp_path / "run", tmp_path / "run" / "run.json"):
        done = CliRunner().invoke(cite, [str(path)])
        assert done.exit_code == 0, done.output
        assert "envelope adsr (orchestra-music" in done.output
    assert CliRunner().invoke(cite, [str(tmp_path / "run"), "--bibtex"]).output.startswith("@software{orchestra,")


def test_a_folder_that_only_holds_runs_names_one(tmp_path, capsys, make_result):
    make_result().save(tmp_path / "windows" / "000")
    assert orchestra(["cite", str(tmp_path)]) == 2
    assert f"holds runs: give one of them, such as {tmp_path / 'windows' / '000'}." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist; expected a run folder"),
        ("{", "is damaged"),
        ("{}", "is not the record of a run"),
        (json.dumps({"format": "orchestra-run/9", "finished": True, "recipe": {}}), "use the version that wrote it"),
    ],
)
def test_what_is_no_run_is_refused_with_exit_code_2(tmp_path, capsys, content, message):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert orchestra(["cite", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err
