"""An evaluation of a small system, from its pieces to its files."""

import hashlib
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from battery_parts import NoteJudge
from scipy import stats

from orchestra_battery.composing import Order, compose, is_finished
from orchestra_battery.design import factorial
from orchestra_battery.evaluation import evaluate
from orchestra_battery.findings import find, write_record
from orchestra_battery.markers import installed_judges, oracle_of
from orchestra_battery.plain import read_record, read_records
from orchestra_battery.report import unmarked
from orchestra_battery.settings import Controls, Settings
from orchestra_battery.stored import compare_records
from orchestra_core import Objective, Pipeline, build, read_performance, verdicts
from orchestra_core.errors import ConfigurationError, RunFolderError, UnknownNameError, UsageError

CONFIG = {"instrument": "sines", "oracle": "pulse", "schedule": "still", "score": "follows"}


@pytest.fixture(scope="module")
def record(evaluated):
    return read_record(evaluated[0].directory)


def test_every_cell_has_a_piece_for_every_seed_in_a_run_folder(evaluated):
    evaluation, _ = evaluated
    asked = [(one.requests["arousal"], one.requests["valence"], one.seed) for one in evaluation.records]
    assert asked == [(a, v, seed) for a in (-0.8, 0.8) for v in (-0.8, 0.8) for seed in (0, 1)]
    for one in evaluation.records:
        folder = evaluation.directory / one.folder
        assert is_finished(folder)
        assert {"audio.wav", "notes.mid"} <= {path.name for path in folder.iterdir()}
        assert one.sha256 == hashlib.sha256((folder / "audio.wav").read_bytes()).hexdigest()


def test_marks_are_those_of_the_judges_on_the_saved_files(evaluated):
    evaluation, _ = evaluated
    judges = {name: build("judge", name).component for name in ("note_judge", "loudness_judge")}
    for one in evaluation.records[::3]:
        said = verdicts(read_performance(evaluation.directory / one.folder), judges)
        assert {verdict.judge: dict(verdict.marks) for verdict in said} == {name: one.marks[name] for name in judges}


def test_the_oracle_reads_the_saved_audio_as_the_run_did(evaluated):
    evaluation, _ = evaluated
    for one in evaluation.records:
        item = json.loads((evaluation.directory / one.folder / "run.json").read_text())["item"]
        assert one.marks["oracle"] == pytest.approx(item["readings"], abs=2e-3)
        assert one.targets == item["targets"]
        assert one.targets["arousal"] == pytest.approx(0.1 + 2 * 0.2 * one.requests["arousal"])


def test_the_findings_are_those_of_the_pieces(evaluated):
    evaluation, findings = evaluated
    asked = [one.requests["valence"] for one in evaluation.records]
    marks = [one.marks["note_judge"]["valence"] for one in evaluation.records]
    found = findings.marks["note_judge"].marks["valence"]
    assert found.r.value == pytest.approx(stats.pearsonr(asked, marks)[0])
    assert found.slope.value == pytest.approx(stats.linregress(2 * np.array(asked), np.array(marks) / 0.5).slope)
    assert found.slope_ratio.value == pytest.approx(found.slope.value / 0.4)


def test_a_judge_marks_only_what_it_qualifies_on(evaluated, record):
    _, findings = evaluated
    assert set(findings.marks["loudness_judge"].marks) == {"arousal"}
    stored = {marker["name"]: marker for marker in record["markers"]}
    assert stored["loudness_judge"]["unqualified"] == ["valence"]


def test_the_record_says_who_was_tuned_on(record):
    assert {marker["name"]: marker["untouched"] for marker in record["markers"]} == {
        "oracle": False,
        "note_judge": True,
        "loudness_judge": False,
    }


def test_the_baseline_is_the_other_score_as_it_is_written(evaluated):
    evaluation, findings = evaluated
    assert len(evaluation.baseline) == len(evaluation.records)
    played = {one.seed: read_performance(evaluation.directory / one.folder).score for one in evaluation.baseline}
    assert {len(score.notes) for score in played.values()} == {4}
    assert findings.differences["note_judge"]["valence"].better
    assert not findings.differences["loudness_judge"]["arousal"].r.low > 1


def test_controls_compose_under_their_own_oracles(evaluated):
    evaluation, _ = evaluated
    assert evaluation.controls.names == ("00-pulse", "01-pulse")
    deaf = json.loads((evaluation.directory / "controls/00-pulse/pieces/000/run.json").read_text())
    assert deaf["recipe"]["pipeline"]["objective"]["config"]["oracle"]["config"] == {"deaf": True}
    found = evaluation.controls.judges["note_judge"]["valence"]
    assert len(found.r) == 2
    assert found.percentile == pytest.approx(np.percentile(np.abs(found.r), 95))


def test_marks_hardly_move_under_irrelevant_changes_and_judges_of_notes_hear_none(evaluated):
    _, findings = evaluated
    assert findings.moved["note_judge"] == {}
    assert list(findings.moved["loudness_judge"]) == ["gain", "shift", "resampling", "mp3", "reverb"]
    # The judge has no standard deviation, so it moves in its own unit: 6 dB of 60.
    assert findings.moved["loudness_judge"]["gain"]["arousal"]["mean"] == pytest.approx(-6 / 60, abs=1e-3)


def test_gates_and_typicality_are_noted(evaluated):
    _, findings = evaluated
    assert {"clicks", "clipping", "offset", "silence", "leap", "scale", "cadence", "true_peak", "typical:note_judge"} <= set(
        findings.gates
    )
    assert findings.gates["clicks"]["passed"] == findings.gates["clicks"]["pieces"] == 8
    assert findings.gates["typical:note_judge"]["passed"] < 8  # more than eight notes are unheard of


def test_goals_are_told_with_what_was_found(evaluated):
    evaluation, findings = evaluated
    told = [(one.marker, one.measure, one.limit, one.met) for one in findings.goals]
    assert told == [
        ("oracle", "error", "at most 0", False),
        ("note_judge", "r", "at least 0.9", True),
        ("note_judge", "cross", "at most 0.333", True),
    ]
    assert "at least 0.9" in (evaluation.directory / "report.html").read_text()


def test_the_record_holds_no_number_that_json_does_not_know(evaluated):
    text = (evaluated[0].directory / "evaluation.json").read_text(encoding="utf-8")
    assert not re.search(r"\b(NaN|Infinity)\b", text)
    assert json.loads(text)["format"] == "orchestra-evaluation/1"


def test_pieces_come_back_from_the_record_as_they_were(evaluated, record):
    evaluation, _ = evaluated
    assert read_records(record) == tuple(replace(one) for one in evaluation.records)
    assert record["duration"] == evaluation.duration == 1.5
    assert record["seconds_per_piece"] > 0
    assert record["versions"]["torch"]


def test_the_page_has_a_player_for_every_piece_and_needs_nothing_from_elsewhere(evaluated):
    evaluation, _ = evaluated
    page = (evaluation.directory / "report.html").read_text(encoding="utf-8")
    players = re.findall(r'<audio [^>]*src="([^"]+)"', page)
    assert sorted(players) == sorted(f"{one.folder}/audio.wav" for one in evaluation.records)
    links = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert all((evaluation.directory / link).is_file() for link in links)
    for word in (
        "note_judge",
        "loudness_judge does not qualify on valence",
        "untouched",
        "tuned on",
        "onset_rate",
        "caricature",
        "below 0 is nearer",
        "pieces in bars",
    ):
        assert word in page


def test_going_on_composes_and_marks_nothing_twice(evaluated, settings):
    evaluation, findings = evaluated
    before = {path: path.stat().st_mtime_ns for path in evaluation.directory.rglob("*") if path.is_file()}
    again = evaluate(settings, evaluation.directory, resume=True)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert again.records == evaluation.records
    assert repr(find(again).marks) == repr(findings.marks)


def test_other_judges_may_mark_what_is_there(settings, evaluated):
    evaluation, _ = evaluated
    fewer = replace(settings, judges=("note_judge",), baseline=None, controls=settings.controls.__class__())
    again = evaluate(fewer, evaluation.directory, resume=True)
    assert [set(one.marks) for one in again.records] == [{"oracle", "note_judge"}] * 8
    assert evaluate(settings, evaluation.directory, resume=True).records == evaluation.records


def test_another_design_is_refused(settings, evaluated, tmp_path):
    evaluation, _ = evaluated
    with pytest.raises(RunFolderError, match="already holds an evaluation"):
        evaluate(settings, evaluation.directory)
    with pytest.raises(RunFolderError, match="another seeds"):
        evaluate(replace(settings, seeds=3), evaluation.directory, resume=True)
    with pytest.raises(RunFolderError, match="another pipeline"):
        evaluate(replace(settings, pipeline={**CONFIG, "score": "blind"}), evaluation.directory, resume=True)
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="no evaluation"):
        evaluate(settings, tmp_path, resume=True)


def test_a_preset_says_how_pieces_are_made_and_the_settings_go_before_it(tmp_path):
    asked = Settings(preset="little", pipeline={"score": "tones"}, levels=(-0.8, 0.8), seeds=1, judges=(), transforms=0)
    found = evaluate(replace(asked, baseline="blind"), tmp_path / "out")
    recipe = json.loads((tmp_path / "out" / found.records[0].folder / "run.json").read_text())["recipe"]
    assert (recipe["preset"], recipe["canvas"]["duration"], recipe["canvas"]["loudness"]) == ("little", 1.0, -30.0)
    assert (recipe["pipeline"]["instrument"]["name"], recipe["pipeline"]["score"]["name"]) == ("sines", "tones")
    written = json.loads(write_record(found, find(found)).read_text())
    assert written["settings"]["preset"] == "little" and len(written["baseline_pieces"]) == 4
    with pytest.raises(RunFolderError, match="another preset"):
        evaluate(replace(asked, preset=None, pipeline={**CONFIG, "score": "tones"}), tmp_path / "out", resume=True)
    assert evaluate(replace(asked, duration=0.5, loudness="peak"), tmp_path / "shorter").duration == 0.5


class Interrupted(Exception):
    pass


def test_an_interrupted_evaluation_goes_on_with_the_same_pieces(settings, evaluated, tmp_path):
    evaluation, _ = evaluated
    small = replace(settings, baseline=None, controls=settings.controls.__class__(), transforms=0)

    def interrupt(stage, done, total):
        if stage == "composing" and done == 5:
            raise Interrupted

    with pytest.raises(Interrupted):
        evaluate(small, tmp_path / "cut", listener=interrupt)
    assert is_finished(tmp_path / "cut" / "pieces" / "000")
    assert not (tmp_path / "cut" / "pieces" / "001").exists()
    went_on = evaluate(small, tmp_path / "cut", resume=True)
    assert [one.sha256 for one in went_on.records] == [one.sha256 for one in evaluation.records]


def test_a_batch_of_one_is_a_run_folder_of_its_own(tmp_path):
    pieces = factorial(("arousal", "valence"), (0.0, 0.4), [3])[:3]
    places = compose(Pipeline(**CONFIG), pieces, tmp_path, Order(duration=1.0, batch=2), lambda done, total: None)
    assert [path.relative_to(tmp_path).as_posix() for path in places.values()] == ["000/000", "000/001", "001"]
    assert all((path / "audio.wav").is_file() for path in places.values())


def test_another_evaluation_can_be_the_baseline(settings, evaluated, tmp_path):
    evaluation, _ = evaluated
    write_record(evaluation, evaluated[1])
    other = replace(settings, baseline=str(evaluation.directory), controls=settings.controls.__class__(), transforms=0)
    found = find(evaluate(other, tmp_path / "again"))
    assert found.differences["note_judge"]["arousal"].r.value == 0.0


def test_marks_of_another_oracle_are_not_held_against_this_one(settings, evaluated, tmp_path):
    evaluation, _ = evaluated
    deaf = {**CONFIG, "oracle": {"name": "pulse", "config": {"deaf": True}}}
    bare = replace(settings, pipeline=deaf, controls=settings.controls.__class__(), transforms=0)
    other = evaluate(replace(bare, baseline=str(evaluation.directory)), tmp_path / "deaf")
    found = find(other)
    write_record(other, found)
    assert found.differences["oracle"] == {}
    assert set(found.differences["note_judge"]) == {"arousal", "valence"}
    compared = compare_records(read_record(evaluation.directory), read_record(other.directory))
    assert set(compared) == {"note_judge", "loudness_judge"}


@pytest.mark.parametrize(
    "options",
    [
        {"baseline": "nothing_of_that_name"},
        {"baseline": {"instrument": "nothing_of_that_name"}},
        {"controls": Controls(oracles=("nothing_of_that_name",))},
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is_composed(settings, tmp_path, options):
    with pytest.raises(UnknownNameError, match="nothing_of_that_name"):
        evaluate(replace(settings, **options), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_judges_may_be_objects():
    marker = installed_judges([NoteJudge()])[0]
    assert (marker.name, marker.held_out_slope["arousal"]) == ("NoteJudge", 0.5)


def test_an_objective_that_reads_nothing_has_no_marker():
    class Mute(Objective):
        terms = ("none",)

        def _evaluate(self, take):
            raise NotImplementedError

    pipeline = Pipeline(instrument="sines", objective=Mute(), schedule="still", score="blind")
    assert oracle_of(pipeline) is None
    assert oracle_of(Pipeline(**CONFIG)).dimensions == Pipeline(**CONFIG).parts.objective.dimensions


def test_all_installed_judges_mark_unless_some_are_named():
    assert {"note_judge", "loudness_judge"} <= {marker.name for marker in installed_judges(None)}
    assert installed_judges(()) == ()
    with pytest.raises(UsageError, match="expected each once"):
        installed_judges(["note_judge", {"name": "note_judge"}])


def test_a_judge_that_cannot_mark_a_piece_stops_nothing_and_is_told(settings, evaluated):
    evaluation, _ = evaluated
    picky = replace(settings, judges=("picky_judge",), baseline=None, controls=Controls(), transforms=0, goals={})
    found = evaluate(picky, evaluation.directory, resume=True)
    few = [one for one in found.records if one.requests["arousal"] < 0]
    assert [one.failures for one in few] == [{"picky_judge": "The performance has few notes; expected six."}] * 4
    assert find(found).marks["picky_judge"].marks["arousal"].pieces == 4
    assert unmarked(found.records)[0].startswith("picky_judge could not mark 4 of 8 pieces. pieces/000/000: The performance has")
    assert evaluate(settings, evaluation.directory, resume=True).records == evaluation.records


def test_a_slope_on_held_out_labels_comes_from_the_judge():
    known, unknown = installed_judges(["note_judge", "loudness_judge"])
    assert known.held_out_slope == {"arousal": 0.5, "valence": 0.4}
    assert unknown.held_out_slope == {}


def test_control_weights_that_are_not_there_are_refused(settings, tmp_path):
    from orchestra_battery.control import control_oracles

    with pytest.raises(ConfigurationError, match="no such file"):
        control_oracles(replace(settings.controls, weights=(str(tmp_path / "*.safetensors"),)), Pipeline(**CONFIG))


def test_control_weights_are_those_of_the_pipelines_own_oracle(settings, tmp_path):
    from orchestra_battery.control import control_oracles

    for name in ("b", "a"):
        (tmp_path / f"{name}.safetensors").write_bytes(b"")
    controls = replace(settings.controls, oracles=(), weights=(str(tmp_path / "*.safetensors"),))
    found = control_oracles(controls, Pipeline(**CONFIG))
    assert list(found) == ["00-a", "01-b"]
    assert found["00-a"] == {"name": "pulse", "config": {"deaf": False, "weights": str(tmp_path / "a.safetensors")}}


def test_estimates_have_finite_intervals_wherever_they_have_a_value(evaluated):
    for summary in evaluated[1].marks.values():
        for mark in summary.marks.values():
            for one in (mark.r, mark.slope, mark.cross, mark.sign):
                assert math.isnan(one.value) or one.low <= one.high
