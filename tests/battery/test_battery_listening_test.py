"""The pack of a listening test."""

import csv
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from orchestra_battery.cli_stimuli import stimuli as command
from orchestra_battery.listening_test import write_pack, yaml
from orchestra_battery.plan import factorial_rows, read_plan, write_plan
from orchestra_battery.stimuli import make_stimuli
from orchestra_core.errors import ConfigurationError, RunFolderError

PARTS = {"instrument": "sines", "oracle": "pulse", "schedule": "still", "score": "tones"}
reader = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    rows = factorial_rows({"valence": ["0"], "duration": ["0.5"], "loudness": ["-20", "-26"], "score.lowest": ["48", "60"]}, [1])
    make_stimuli(read_plan(write_plan(folder / "plan.csv", rows)), folder / "out", PARTS, judges=())
    return folder / "out"


@pytest.fixture(scope="module")
def pack(made, tmp_path_factory):
    return write_pack(made, tmp_path_factory.mktemp("pack") / "out", title="A test: one", repeats=2, practice=1, seed=5)


@pytest.fixture(scope="module")
def configuration(pack):
    return reader.safe_load((pack / "configs" / "orchestra.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def key(pack):
    with (pack / "key.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def trials(configuration):
    return next(page for page in configuration["pages"] if isinstance(page, list))[1:]


def test_every_stimulus_is_heard_some_twice_and_one_before(key, made):
    kinds = [row["kind"] for row in key]
    assert [kinds.count(kind) for kind in ("practice", "main", "repeat")] == [1, 4, 2]
    assert {row["stimulus"] for row in key if row["kind"] == "main"} == {path.name for path in (made / "stimuli").iterdir()}
    assert len({row["code"] for row in key}) == 7


def test_codes_hide_what_a_file_is_and_lead_to_the_very_file(key, pack, made):
    for row in key:
        file = pack / "configs" / "resources" / "orchestra" / f"{row['code']}.wav"
        assert file.read_bytes() == (made / "stimuli" / row["stimulus"] / "audio.wav").read_bytes()
        assert row["stimulus"] not in (pack / "configs" / "orchestra.yaml").read_text()


def test_trials_come_in_random_order_with_two_scales_of_nine_points(configuration, pack):
    shuffled = next(page for page in configuration["pages"] if isinstance(page, list))
    assert shuffled[0] == "random"
    assert len(trials(configuration)) == 6
    for page in trials(configuration):
        assert page["type"] == "likert_single_stimulus"
        assert (page["mustPlayback"], page["mustRate"]) == ("ended", True)
        assert [[point["value"] for point in scale] for scale in page["response"]] == [[str(p) for p in range(1, 10)]] * 2
        assert [scale[0]["label"] for scale in page["response"]] == ["1 very unpleasant", "1 very calm"]
        assert "expresses, not what you feel" in page["content"]
        assert all((pack / path).is_file() for path in page["stimuli"].values())


def test_consent_comes_first_and_says_whose_approval_it_needs(configuration, pack):
    first = configuration["pages"][0]
    assert (first["type"], first["mustConsent"]) == ("consent", True)
    assert "[ETHICS BOARD, NUMBER]" in first["content"]
    assert "Ethics approval is yours" in (pack / "README.md").read_text()


def test_the_volume_is_set_on_the_loudest_piece(configuration, key, made):
    page = next(page for page in configuration["pages"] if isinstance(page, dict) and page["type"] == "volume")
    loudness = {
        row["stimulus"]["name"]: row["cues"]["loudness"] for row in json.loads((made / "manifest.json").read_text())["stimuli"]
    }
    chosen = next(row["stimulus"] for row in key if page["stimulus"].endswith(f"/{row['code']}.wav"))
    assert loudness[chosen] == pytest.approx(max(loudness.values()), abs=0.05)


def test_practice_stands_before_the_test_and_the_end_asks_for_a_code(configuration):
    kinds = ["random" if isinstance(page, list) else page["type"] for page in configuration["pages"]]
    assert kinds == ["consent", "volume", "generic", "generic", "likert_single_stimulus", "generic", "random", "finish"]
    assert [question["name"] for question in configuration["pages"][-1]["questionnaire"]] == ["participant", "age", "training"]
    assert configuration["testname"] == "A test: one"


def test_the_same_seed_writes_the_same_pack(made, pack, tmp_path):
    again = write_pack(made, tmp_path / "again", title="A test: one", repeats=2, practice=1, seed=5)
    assert (again / "key.csv").read_text() == (pack / "key.csv").read_text()
    other = write_pack(made, tmp_path / "other", title="A test: one", repeats=2, practice=1, seed=6)
    assert (other / "key.csv").read_text() != (pack / "key.csv").read_text()


def test_the_analysis_lies_in_the_pack_and_runs_without_orchestra(pack, tmp_path):
    with (pack / "key.csv").open(newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    rows = ["session_test_id,participant,trial_id,stimuli_rating1,stimuli_rating2,stimuli,rating_time"]
    rows += [f"t,p{p},{c},{1 + (i + p) % 9},{1 + (2 * i + p) % 9},{c},1" for p in range(3) for i, c in enumerate(codes)]
    (tmp_path / "lss.csv").write_text("\n".join(rows) + "\n")
    code = "import sys, runpy; sys.modules['orchestra_core'] = None; sys.argv = sys.argv[1:]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(pack / "analyse.py"), str(tmp_path / "lss.csv"), str(pack / "key.csv")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "3 listeners, 4 stimuli" in done.stdout


def test_what_cannot_be_packed_is_refused(made, pack, tmp_path):
    with pytest.raises(RunFolderError, match="not empty"):
        write_pack(made, pack, repeats=0)
    with pytest.raises(ConfigurationError, match="expected 0 to 4"):
        write_pack(made, tmp_path / "pack")
    with pytest.raises(RunFolderError, match="expected a folder that orchestra stimuli has finished"):
        write_pack(tmp_path, tmp_path / "pack")
    with pytest.raises(RunFolderError, match=r"manifest\.json does not exist"):
        write_pack(tmp_path, tmp_path / "pack")
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(RunFolderError, match="lists no stimuli"):
        write_pack(tmp_path, tmp_path / "pack")


def test_the_command_packs_a_set(made, tmp_path):
    result = CliRunner().invoke(command, ["pack", str(made), "-o", str(tmp_path / "p"), "--repeats", "1", "--practice", "0"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert (tmp_path / "p" / "README.md").is_file()


def test_yaml_of_awkward_text_is_read_back_as_it_was():
    value = {"text": 'a: "b"\n- c # d', "list": [{"n": 1.5, "none": None}, ["random", {"x": True}], "é"], "empty": ""}
    assert reader.safe_load(yaml(value)) == value
