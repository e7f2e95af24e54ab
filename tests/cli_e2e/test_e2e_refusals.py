"""Whatever is asked wrongly is refused in plain words, with its exit code, before anything is written."""

from pathlib import Path

import pytest

from orchestra_core.cli.app import run

QUICK = 'pipeline = { schedule = { name = "staged", config = { search = 0, stages = [{ name = "one", steps = 1 }] } } }\n'

#: Arguments, and what the message has to say.
WRONG = [
    (["compose"], "Nothing is asked"),
    (["compose", ""], "Nothing is asked"),
    (["compose", "hapy"], "Did you mean 'happy'"),
    (["compose", "Glücklich"], "Unknown emotion word"),
    (["compose", "happy", "sad"], "unexpected extra argument"),
    (["compose", "--valence", "1.5"], "expected a request in [-1, 1]"),
    (["compose", "--valence", "0.2", "--arousal", "-7", "--scale", "reading"], "expected a reading"),
    (["compose", "--valence", "nan"], "valence is nan"),
    (["compose", "--arousal", "inf"], "arousal is inf"),
    (["compose", "--valence", "much"], "'much' is not a valid float"),
    (["compose", "--target", "brightness=0.5"], "Unknown dimension to ask for 'brightness'"),
    (["compose", "--target", "valence"], "expected NAME=VALUE"),
    (["compose", "--target", "valence=high"], "expected NAME=VALUE"),
    (["compose", "--target", "=0.3"], "''"),
    (["compose", "happy", "--seed", "-1"], "-1"),
    (["compose", "happy", "--seed", "1.5"], "1.5"),
    (["compose", "happy", "--seed", str(10**30)], str(10**30)),
    (["compose", "happy", "--seeds", "0"], "0"),
    (["compose", "happy", "--duration", "0"], "duration is 0"),
    (["compose", "happy", "--duration", "-3"], "duration is -3"),
    (["compose", "happy", "--duration", "nan"], "duration is nan"),
    (["compose", "happy", "--duration", "1e12"], "duration is 1"),
    (["compose", "happy", "--scale", "decibel"], "decibel"),
    (["compose", "happy", "--threads", "0"], "0"),
    (["compose", "happy", "--budget", "0"], "x>=1"),
    (["compose", "happy", "--device", "toaster"], "toaster"),
    (["compose", "happy", "--instrument", "pianoadsr"], "Did you mean 'piano_adsr'"),
    (["compose", "happy", "--instrument", "staged"], "Unknown instrument 'staged'"),
    (["compose", "happy", "--oracle", "deam"], "Did you mean 'deam_cnn'"),
    (["compose", "happy", "--objective", "mach"], "Did you mean 'match'"),
    (["compose", "happy", "--schedule", "stagd"], "Did you mean 'staged'"),
    (["compose", "happy", "--score", "scales"], "Did you mean 'scale'"),
    (["compose", "happy", "--preset", "referense"], "Did you mean 'reference'"),
    (["compose", "happy", "--config", "preset.toml"], "Unknown preset 'quick'"),
    (["compose", "happy", "--score", "missing.mid"], "missing.mid does not exist"),
    (["compose", "happy", "--score", "folder.mid"], "folder.mid is a directory"),
    (["compose", "happy", "--score", "damaged.mid"], "damaged.mid could not be read as MIDI"),
    (["compose", "happy", "--score", "empty.mid"], "empty.mid could not be read as MIDI"),
    (["compose", "happy", "--config", "missing.toml"], "missing.toml"),
    (["compose", "happy", "--config", "folder.mid"], "folder.mid"),
    (["compose", "happy", "--config", "damaged.mid"], "damaged.mid"),
    (["compose", "happy", "--config", "broken.toml"], "broken.toml is not valid TOML"),
    (["compose", "happy", "--config", "broken.json"], "broken.json is not valid JSON"),
    (["compose", "happy", "--config", "unknown.toml"], "Did you mean 'pipeline'"),
    (["compose", "happy", "--config", "inner.toml"], "Did you mean 'partials'"),
    (["compose", "happy", "--config", "typed.toml"], "duration"),
    (["compose", "happy", "--config", "part.toml"], "instrumant"),
    (["compose", "happy", "--config", "stage.toml"], "tempo"),
    (["compose", "--resume", "-o", "nowhere"], "There is no run to resume in nowhere"),
    (["compose", "happy", "-o", "taken"], "taken"),
    (["compose", "happy", "-o", "taken/diary.txt"], "diary.txt"),
    (["compose", "happy", "-o", "taken/diary.txt/below"], "diary.txt"),
    (["compose", "happy", "--colour", "red"], "--colour"),
    (["compoze", "happy"], "Did you mean 'compose'"),
    (["listen"], "Missing argument"),
    (["listen", "missing.wav"], "missing.wav does not exist"),
    (["listen", "damaged.mid"], "damaged.mid could not be read as audio"),
    (["plugins", "show", "piano"], "Did you mean 'piano_adsr'"),
]

FILES = {
    "quick.toml": QUICK,
    "broken.toml": "pipeline = [",
    "broken.json": '{"pipeline": }',
    "unknown.toml": 'pipelin = "piano_adsr"\n',
    "inner.toml": '[pipeline.instrument]\nname = "piano_adsr"\nconfig = { partial = 3 }\n',
    "typed.toml": '[canvas]\nduration = "long"\n',
    "part.toml": '[pipeline]\ninstrumant = "piano_adsr"\n',
    "stage.toml": '[pipeline.schedule]\nname = "staged"\nconfig = { stages = [{ name = "a", groups = ["tempo"] }] }\n',
    "preset.toml": 'preset = "quick"\n',
    "damaged.mid": "MThd is not all it takes",
    "empty.mid": "",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder.mid").mkdir()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "diary.txt").write_text("dear diary")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(arguments)[:60] for arguments, _ in WRONG])
def test_a_wrong_request_is_refused(arguments, said, folder, capsys):
    before = sorted(folder.rglob("*"))
    # A quick schedule, so that a request that is not refused ends soon and fails here.
    quick = ["--config", "quick.toml"] if arguments[0] == "compose" and not {"--config", "--resume"} & set(arguments) else []
    code = run([*arguments, *quick])
    message = capsys.readouterr().err
    assert said in message
    assert code == 2, message
    assert "Traceback" not in message and "bug" not in message
    assert sorted(folder.rglob("*")) == before
