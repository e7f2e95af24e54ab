"""Run folders: their life, what is in them, and reading them back."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestra_core.errors import ParameterError, RunFolderError
from orchestra_core.io.audio import read_audio
from orchestra_core.io.midi import read_midi
from orchestra_core.runs import folder as folder_module
from orchestra_core.runs.folder import RunFolder, load_recipe, sha256, write_batch, write_result

RECIPE = {"pipeline": {"instrument": {"name": "tone"}}, "items": [{"seed": 1}], "threads": 2, "versions": {"numpy": "2"}}


@pytest.fixture(autouse=True)
def quick_report(monkeypatch):
    """Write no pictures here: tests/core/report saves results with their real reports."""
    monkeypatch.setattr("orchestra_core.report.page.report_html", lambda result: f"<p>{result.word}</p>")


def record(path):
    return json.loads((path / "run.json").read_text())


def outside(tmp_path, name="song.mid", content=b"MThd"):
    (tmp_path / "outside").mkdir(exist_ok=True)
    (tmp_path / "outside" / name).write_bytes(content)
    return tmp_path / "outside" / name


def test_a_saved_result_has_every_file(tmp_path, make_result):
    result = make_result()
    assert result.save(tmp_path / "new" / "run") == tmp_path / "new" / "run"
    names = sorted(entry.name for entry in (tmp_path / "new" / "run").iterdir())
    assert names == ["audio.wav", "history.csv", "notes.mid", "parameters.csv", "report.html", "run.json"]


def test_the_files_hold_what_the_result_holds(tmp_path, make_result):
    result = make_result()
    folder = result.save(tmp_path / "run")
    audio, rate = read_audio(folder / "audio.wav")
    assert rate == result.sample_rate
    np.testing.assert_allclose(audio[0].numpy(), result.audio, atol=1e-7)
    assert [note.pitch for note in read_midi(folder / "notes.mid").notes] == [60, 67]
    history = pd.read_csv(folder / "history.csv", keep_default_na=False)
    np.testing.assert_allclose(history["reading.valence"], result.history["reading.valence"], rtol=1e-12)
    parameters = pd.read_csv(folder / "parameters.csv")
    assert parameters[["name", "index", "initial", "final"]].to_numpy().tolist()[:2] == [
        ["onset", 0, 0.1, 0.2],
        ["onset", 1, 0.5, 0.4],
    ]


def test_long_parameters_are_arrays_beside_the_table(tmp_path, make_result):
    result = make_result()
    long, source = np.linspace(0, 1, 20_000, dtype=np.float32), np.ones(10_001)
    moved = replace(result.parameters[0], name="samples", initial=long, final=long / 2)
    fixed = replace(result.parameters[0], name="source", initial=source, final=source, fixed=True)
    folder = replace(result, parameters=(*result.parameters, moved, fixed)).save(tmp_path / "run")
    table = pd.read_csv(folder / "parameters.csv").set_index("name")
    assert table.loc[["samples", "source"], "index"].tolist() == ["see parameters.npz"] * 2
    with np.load(folder / "parameters.npz", allow_pickle=False) as arrays:
        assert sorted(arrays) == ["samples.final", "samples.initial", "source.initial"]
        np.testing.assert_array_equal(arrays["samples.final"], long / 2)


def test_the_record_says_what_was_asked_reached_and_how(tmp_path, make_result):
    content = record(make_result().save(tmp_path / "run"))
    assert (content["format"], content["finished"]) == ("orchestra-run/1", True)
    assert content["recipe"]["pipeline"]["instrument"]["name"] == "tone"
    item = content["item"]
    assert (item["word"], item["seed"], item["gain"], item["choice"]) == ("happy", 7, 0.42, {"density": "dense"})
    assert item["setting"] == {"tempo": 96.0, "metre": [3, 4], "key": "A minor"}
    assert item["targets"] == {"valence": 0.3, "arousal": 0.1}
    assert item["errors"]["arousal"] == pytest.approx(0.03)
    assert item["messages"] == ["Arousal 0.10 was asked and 0.13 reached."]
    assert item["dimensions"][0] == {"name": "arousal", "lower": -1.0, "upper": 1.0, "unit": "1", "mean": -0.06, "sd": 0.17}


def test_a_reading_that_is_no_number_is_null_in_the_record(tmp_path, make_result):
    result = make_result(readings={"valence": float("nan"), "arousal": 0.1})
    assert record(result.save(tmp_path / "run"))["item"]["readings"] == {"valence": None, "arousal": 0.1}


def test_a_result_without_notes_has_no_midi_file(tmp_path, make_result):
    assert not (make_result(notes=None).save(tmp_path / "run") / "notes.mid").exists()


def test_saving_twice_gives_the_same_bytes(tmp_path, make_result):
    first, second = make_result().save(tmp_path / "a"), make_result().save(tmp_path / "b")
    for name in ("audio.wav", "notes.mid", "history.csv", "parameters.csv", "run.json", "report.html"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path, make_result):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match=r"not empty and not a run: it holds thesis\.txt.*-o"):
        make_result().save(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_finished_run_is_never_overwritten(tmp_path, make_result):
    make_result().save(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(RunFolderError, match="already holds a finished run"):
        make_result().save(tmp_path / "run")
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, make_result):
    (tmp_path / "run").write_text("")
    with pytest.raises(RunFolderError, match="is a file"):
        make_result().save(tmp_path / "run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, make_result):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(RunFolderError, match="cannot be written"):
        make_result().save(tmp_path / "locked" / "run")


def test_a_path_through_a_file_is_refused(tmp_path, make_result):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot be written"):
        make_result().save(tmp_path / "file" / "run")


def test_an_interrupted_write_is_unfinished_and_the_same_result_can_be_written_again(tmp_path, make_result, monkeypatch):
    result = make_result()
    with monkeypatch.context() as patch:
        patch.setattr("orchestra_core.report.page.report_html", lambda result: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            result.save(tmp_path / "run")
    assert not RunFolder(tmp_path / "run").is_finished
    assert not (tmp_path / "run" / "report.html").exists()
    result.save(tmp_path / "run")
    assert RunFolder(tmp_path / "run").is_finished


def test_another_result_is_not_written_over_an_unfinished_run(tmp_path, make_result):
    RunFolder.open(tmp_path / "run", make_result().recipe)
    with pytest.raises(RunFolderError, match=r"another recipe: items was \[\{'seed': 7\}\], now \[\{'seed': 8\}\]"):
        make_result(seed=8).save(tmp_path / "run")


@pytest.mark.parametrize("kills", (1, 4, 13))
def test_a_save_killed_at_any_write_is_recognised_and_can_be_done_again(tmp_path, make_result, kills):
    program = f"""
import os, signal, sys, pathlib
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from conftest import _make_result
from orchestra_core.io import atomic
from orchestra_core.report import page
page.report_html = lambda result: "<p></p>"
flush, left = atomic._flush, [{kills}]
def killing(path):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    flush(path)
atomic._flush = killing
_make_result().save(pathlib.Path(sys.argv[1]))
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "run")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "run.json").exists() or not RunFolder(tmp_path / "run").is_finished
    make_result().save(tmp_path / "run")
    assert RunFolder(tmp_path / "run").is_finished
    assert len(list((tmp_path / "run").iterdir())) == 6


def test_a_new_run_is_unfinished_and_holds_its_recipe(tmp_path):
    run = RunFolder.open(tmp_path / "run", RECIPE)
    assert not run.is_finished
    assert run.recipe() == {**RECIPE, "inputs": {}}
    assert run.checkpoint == tmp_path / "run" / "checkpoint.pt" and not run.checkpoint.exists()


def test_an_unfinished_run_needs_resume_and_keeps_its_checkpoint(tmp_path):
    RunFolder.open(tmp_path, RECIPE).checkpoint.write_bytes(b"state")
    with pytest.raises(RunFolderError, match=r"unfinished run.*--resume"):
        RunFolder.open(tmp_path, RECIPE)
    assert RunFolder.open(tmp_path, RECIPE, resume=True).checkpoint.read_bytes() == b"state"


def test_resuming_where_nothing_is_begins(tmp_path):
    assert not RunFolder.open(tmp_path / "run", RECIPE, resume=True).is_finished


def test_resuming_another_recipe_names_the_difference(tmp_path):
    RunFolder.open(tmp_path, RECIPE)
    other = {**RECIPE, "pipeline": {"instrument": {"name": "piano"}}}
    with pytest.raises(RunFolderError, match=r"pipeline\.instrument\.name was 'tone', now 'piano'"):
        RunFolder.open(tmp_path, other, resume=True)


def test_resuming_with_other_threads_and_versions_goes_on(tmp_path):
    RunFolder.open(tmp_path, RECIPE)
    run = RunFolder.open(tmp_path, {**RECIPE, "threads": 8, "versions": {"numpy": "3"}}, resume=True)
    assert run.recipe()["threads"] == 2


def test_a_recipe_that_json_cannot_hold_makes_no_folder(tmp_path):
    with pytest.raises(ParameterError, match=r"run\.json"):
        RunFolder.open(tmp_path / "run", {"pipeline": object()})
    assert not (tmp_path / "run").exists()


def test_finishing_removes_the_checkpoint_last(tmp_path, make_result, monkeypatch):
    run = RunFolder.open(tmp_path, make_result().recipe)
    run.checkpoint.write_bytes(b"state")
    finished_before = []
    unlink = Path.unlink

    def watched(path, **options):
        if path == run.checkpoint:
            finished_before.append(run.is_finished)
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", watched)
    run.finish([make_result()])
    assert finished_before == [True]
    assert not run.checkpoint.exists()


def test_inputs_are_copied_and_their_copies_found_again(tmp_path, make_result):
    song = outside(tmp_path)
    recipe = {**RECIPE, "inputs": {"score": song}}
    run = RunFolder.open(tmp_path / "run", recipe)
    weights = run.copy_input(outside(tmp_path, "net.pt", b"weights"))
    found = run.recipe()["inputs"]
    assert Path(found["score"]).read_bytes() == b"MThd"
    assert Path(found["score"]).parent == (tmp_path / "run" / "inputs").resolve()
    assert Path(found["net.pt"]) == weights.resolve() and weights.read_bytes() == b"weights"
    assert record(run.path)["recipe"]["inputs"]["score"]["sha256"] == sha256(song)


def test_a_run_is_resumed_after_its_inputs_are_gone_by_its_own_copies(tmp_path):
    song = outside(tmp_path)
    RunFolder.open(tmp_path / "run", {**RECIPE, "inputs": {"score": str(song)}})
    song.unlink()
    own = load_recipe(tmp_path / "run")
    assert RunFolder.open(tmp_path / "run", own, resume=True).recipe() == own


def test_a_resumed_run_refuses_other_inputs(tmp_path):
    recipe = {**RECIPE, "inputs": {"score": outside(tmp_path)}}
    RunFolder.open(tmp_path / "run", recipe)
    outside(tmp_path, content=b"other")
    with pytest.raises(RunFolderError, match=r"inputs\.score was"):
        RunFolder.open(tmp_path / "run", recipe, resume=True)


def test_two_inputs_of_one_name_are_kept_apart(tmp_path):
    (tmp_path / "b").mkdir()
    first, second = outside(tmp_path), tmp_path / "b" / "song.mid"
    second.write_bytes(b"other")
    found = RunFolder.open(tmp_path / "run", {"inputs": {"one": first, "two": second}}).recipe()["inputs"]
    assert (Path(found["one"]).read_bytes(), Path(found["two"]).read_bytes()) == (b"MThd", b"other")


def test_a_missing_input_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(RunFolderError, match=r"gone\.mid cannot be read"):
        RunFolder.open(tmp_path / "run", {**RECIPE, "inputs": {"score": tmp_path / "gone.mid"}})
    assert not (tmp_path / "run").exists()


def test_saved_inputs_travel_with_a_result(tmp_path, make_result):
    result = replace(make_result(), inputs={"score": outside(tmp_path)})
    folder = write_result(result, tmp_path / "run")
    folder = folder.rename(tmp_path / "moved")
    assert Path(load_recipe(folder / "run.json")["inputs"]["score"]).read_bytes() == b"MThd"


@pytest.mark.parametrize(("damage", "said"), [
    (lambda copy: copy.write_bytes(b"altered"), "was altered"),
    (lambda copy: copy.unlink(), "is missing"),
])  # fmt: skip
def test_an_altered_or_missing_input_is_refused(tmp_path, damage, said):
    run = RunFolder.open(tmp_path / "run", {**RECIPE, "inputs": {"score": outside(tmp_path)}})
    damage(Path(run.recipe()["inputs"]["score"]))
    with pytest.raises(RunFolderError, match=f"'score'.*{said}"):
        load_recipe(tmp_path / "run")


def changed(content, **changes):
    return json.dumps({**content, **changes})


@pytest.mark.parametrize(("change", "said"), [
    (lambda c: "", "damaged"),
    (lambda c: json.dumps(c)[:-10], "damaged"),
    (lambda c: "[]", "not the record of a run"),
    (lambda c: changed(c, recipe=None), "not the record of a run"),
    (lambda c: changed(c, format="orchestra-run/99"), "orchestra-run/99"),
    (lambda c: changed(c, recipe={"inputs": {"a": "b"}}), "damaged inputs"),
    (lambda c: changed(c, recipe={"inputs": {"a": {"file": "../../etc/passwd", "sha256": ""}}}), "outside the run folder"),
])  # fmt: skip
def test_a_damaged_record_is_refused_with_its_path_and_what_is_wrong(tmp_path, change, said):
    RunFolder.open(tmp_path, RECIPE)
    (tmp_path / "run.json").write_text(change(record(tmp_path)))
    with pytest.raises(RunFolderError, match=said):
        load_recipe(tmp_path)


def test_a_record_of_bytes_that_are_no_text_is_refused(tmp_path):
    (tmp_path / "run.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunFolderError, match="damaged"):
        load_recipe(tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="does not exist; expected a run folder"):
        load_recipe(tmp_path)


def test_a_batch_has_numbered_folders_an_index_and_its_own_record(tmp_path, make_result):
    results = [make_result(seed=seed, word=word) for seed, word in enumerate(("happy", "sad"))]
    folder = write_batch(results, tmp_path / "batch")
    assert sorted(entry.name for entry in folder.iterdir()) == ["000", "001", "index.html", "run.json"]
    assert record(folder)["items"] == ["000", "001"]
    assert [record(folder / name)["item"]["word"] for name in ("000", "001")] == ["happy", "sad"]
    assert all(RunFolder(path).is_finished for path in (folder, folder / "000", folder / "001"))
    page = (folder / "index.html").read_text()
    assert 'href="001/report.html"' in page and 'src="001/audio.wav"' in page


def test_an_interrupted_batch_is_finished_by_writing_it_again(tmp_path, make_result, monkeypatch):
    results = [make_result(seed=seed) for seed in range(3)]
    write, calls = folder_module.write_item_files, []

    def interrupted(result, directory):
        calls.append(directory)
        if len(calls) == 2:
            raise KeyboardInterrupt
        write(result, directory)

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "write_item_files", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_batch(results, tmp_path / "batch")
    assert [RunFolder(tmp_path / "batch" / name).is_finished for name in ("000", "001")] == [True, False]
    write_batch(results, tmp_path / "batch")
    assert RunFolder(tmp_path / "batch").is_finished


def test_an_item_of_a_batch_equals_the_item_saved_alone(tmp_path, make_result):
    batch = write_batch([make_result(seed=1), make_result(seed=2)], tmp_path / "batch")
    alone = make_result(seed=2).save(tmp_path / "alone")
    for name in ("audio.wav", "notes.mid", "run.json", "report.html"):
        assert (batch / "001" / name).read_bytes() == (alone / name).read_bytes()


def test_an_empty_batch_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="no results"):
        write_batch([], tmp_path / "batch")
