"""Listening tests: a pack for webMUSHRA out of a set of stimuli."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from orchestra_battery.plain import why
from orchestra_battery.ratings import MAIN, PRACTICE, REPEAT
from orchestra_battery.stimuli import FORMAT, MANIFEST
from orchestra_core import write_bytes, write_text
from orchestra_core.errors import ConfigurationError, RunFolderError

#: Labels of the ends of the scales, in the order of `orchestra_battery.ratings.SCALES`.
ENDS = (("very unpleasant", "very pleasant"), ("very calm", "very excited"))
POINTS = 9

_INSTRUCTION = (
    "<p>Rate <b>what the music expresses, not what you feel</b>.</p>"
    "<p>Upper row, valence: from 1, very unpleasant, to 9, very pleasant. "
    "Lower row, arousal: from 1, very calm, to 9, very excited.</p>"
)
_CONSENT = (
    "<p>[STUDY] by [NAME, INSTITUTION, ADDRESS]. Approved by [ETHICS BOARD, NUMBER].</p>"
    "<p>You will hear {count} short pieces of music and rate each on two scales; it takes about {minutes} minutes. Your ratings, "
    "your age and your years of musical training are stored under a code that you choose. You may stop at any time, without a "
    "reason and without disadvantage; nothing is stored before you send it.</p>"
    "<p>Do you agree to take part?</p>"
)
_VOLUME = (
    "<p>Please use headphones in a quiet place. This is the loudest piece of the test: set the volume so that it is loud and "
    "still comfortable, and do not change it afterwards.</p>"
)
# What a listener needs for a piece beside hearing it, in s.
_RATING_TIME = 8.0


@dataclass(frozen=True)
class Trial:
    """One file that is rated: its code, which the listener may see, and the stimulus that it is."""

    code: str
    kind: str
    row: Mapping[str, Any]


def write_pack(
    stimuli: Path,
    directory: Path,
    *,
    title: str = "Music",
    name: str = "orchestra",
    repeats: int = 6,
    practice: int = 3,
    seed: int = 0,
) -> Path:
    """Write a listening test of a set of stimuli.

    Parameters
    ----------
    stimuli : Path
        A folder that `orchestra_battery.stimuli.make_stimuli` wrote.
    directory : Path
        A folder that is missing or empty.
    title : str
        Of the test, as listeners see it.
    name : str
        Of its configuration.
    repeats : int, >= 0
        Stimuli that are heard twice, for reliability.
    practice : int, >= 0
        Stimuli that are heard before, whose ratings do not count.
    seed : int
        Which are repeated and practised, and the codes.

    Returns
    -------
    Path
        The folder: ``configs/`` for webMUSHRA, ``key.csv``, ``analyse.py`` and ``README.md``.

    Raises
    ------
    RunFolderError
        The set cannot be read, or the folder is not empty.
    ConfigurationError
        There are fewer stimuli than are to be repeated or practised.
    """
    rows = _read(stimuli)
    if max(repeats, practice) > len(rows) or min(repeats, practice) < 0:
        raise ConfigurationError(f"repeats is {repeats} and practice {practice}; expected 0 to {len(rows)}, as many as stimuli.")
    if directory.exists() and any(directory.iterdir()):
        raise RunFolderError(f"{directory} is not empty; choose another folder with -o.")
    trials = draw_trials(rows, repeats, practice, np.random.default_rng(seed))
    resources = directory / "configs" / "resources" / name
    resources.mkdir(parents=True)
    for trial in trials:
        shutil.copyfile(stimuli / trial.row["folder"] / "audio.wav", resources / f"{trial.code}.wav")
    write_text(directory / "configs" / f"{name}.yaml", yaml(configuration(trials, title, name)))
    write_text(directory / "key.csv", _key(trials))
    write_bytes(directory / "analyse.py", (files("orchestra_battery") / "ratings.py").read_bytes())
    write_text(directory / "README.md", _readme(title, name, len(rows), repeats, practice))
    return directory


def draw_trials(rows: Sequence[Mapping[str, Any]], repeats: int, practice: int, generator: np.random.Generator) -> list[Trial]:
    """Return what is heard: every stimulus, some again and some before, under codes that tell nothing."""
    drawn = [(PRACTICE, rows[index]) for index in generator.choice(len(rows), practice, replace=False)]
    drawn += [(MAIN, row) for row in rows]
    drawn += [(REPEAT, rows[index]) for index in generator.choice(len(rows), repeats, replace=False)]
    codes = generator.permutation(np.arange(100, 100 + 9 * len(drawn)))[: len(drawn)]
    return [Trial(f"s{code}", kind, row) for code, (kind, row) in zip(codes, drawn, strict=True)]


def configuration(trials: Sequence[Trial], title: str, name: str) -> dict[str, Any]:
    """Return the configuration of webMUSHRA as plain values."""
    where = f"configs/resources/{name}"
    first = [_page(trial, where) for trial in trials if trial.kind == PRACTICE]
    rest = [_page(trial, where) for trial in trials if trial.kind != PRACTICE]
    loudest = max(trials, key=lambda trial: trial.row["cues"].get("loudness", -np.inf))
    minutes = round(sum(trial.row["seconds"] + _RATING_TIME for trial in trials) / 60)
    consent = _CONSENT.format(count=len(trials), minutes=max(minutes, 1))
    pages = [
        {"type": "consent", "id": "consent", "name": "Consent", "mustConsent": True, "content": consent},
        _volume(f"{where}/{loudest.code}.wav"),
        {"type": "generic", "id": "instruction", "name": "What to do", "content": _INSTRUCTION},
        *(
            [{"type": "generic", "id": "practice", "name": "Practice", "content": "<p>First some for practice.</p>"}]
            if first
            else []
        ),
        *first,
        {"type": "generic", "id": "begin", "name": "The test", "content": f"<p>Now the test begins.</p>{_INSTRUCTION}"},
        ["random", *rest],
        _finish(),
    ]
    head = {"testname": title, "testId": name, "bufferSize": 2048, "stopOnErrors": True, "showButtonPreviousPage": False}
    return {**head, "remoteService": "service/write.php", "pages": pages}


def yaml(value: Any, indent: int = 0) -> str:
    r"""Return plain values as YAML in block style; strings are quoted as in JSON.

    Examples
    --------
    >>> yaml({"pages": ["random", {"id": "a", "mustRate": True}]})
    'pages:\n  - "random"\n  -\n    id: "a"\n    mustRate: true\n'
    """
    pad = " " * indent
    if isinstance(value, Mapping):
        pairs = ((f"{pad}{key}:", each) for key, each in value.items())
    else:
        pairs = ((f"{pad}-", each) for each in value)
    return "".join(
        f"{head}\n{yaml(each, indent + 2)}"
        if isinstance(each, Mapping | list)
        else f"{head} {json.dumps(each, ensure_ascii=False)}\n"
        for head, each in pairs
    )


def _page(trial: Trial, where: str) -> dict[str, Any]:
    return {
        "type": "likert_single_stimulus",
        "id": trial.code,
        "name": "Practice" if trial.kind == PRACTICE else "What does it express?",
        "content": _INSTRUCTION,
        "mustPlayback": "ended",
        "mustRate": True,
        "stimuli": {trial.code: f"{where}/{trial.code}.wav"},
        "response": [_scale(low, high) for low, high in ENDS],
    }


def _scale(low: str, high: str) -> list[dict[str, str]]:
    ends = {1: f"1 {low}", POINTS: f"{POINTS} {high}"}
    images = {
        "img": "configs/resources/images/star_off.png",
        "imgSelected": "configs/resources/images/star_on.png",
        "imgHigherResponseSelected": "configs/resources/images/star_on.png",
    }
    return [{"value": str(point), "label": ends.get(point, str(point)), **images} for point in range(1, POINTS + 1)]


def _volume(stimulus: str) -> dict[str, Any]:
    return {"type": "volume", "id": "volume", "name": "Volume", "content": _VOLUME, "stimulus": stimulus, "defaultVolume": 0.5}


def _finish() -> dict[str, Any]:
    questions = [
        {"type": "text", "label": "A code of your choice, without your name", "name": "participant"},
        {"type": "number", "label": "Age", "name": "age", "min": 18, "max": 110, "default": 30, "optional": True},
        {"type": "number", "label": "Years of musical training", "name": "training", "min": 0, "max": 80, "default": 0},
    ]
    content = "<p>Thank you. Please answer these, and send your ratings.</p>"
    last = {"type": "finish", "name": "Thank you", "content": content, "showResults": False, "writeResults": True}
    return {**last, "questionnaire": questions}


def _read(stimuli: Path) -> list[dict[str, Any]]:
    path = stimuli / MANIFEST
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows: list[dict[str, Any]] = record["stimuli"]
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} does not exist; expected a folder that orchestra stimuli has finished.") from error
    except (OSError, ValueError) as error:
        raise RunFolderError(
            f"{path} cannot be read ({why(error)}); expected a folder that orchestra stimuli has finished."
        ) from error
    except (KeyError, TypeError) as error:
        raise RunFolderError(f"{path} lists no stimuli; expected a folder that orchestra stimuli has finished.") from error
    if record.get("format") != FORMAT or not rows:
        raise RunFolderError(
            f"{path} has the format {record.get('format')!r} and {len(rows)} stimuli; expected {FORMAT!r} and some."
        )
    return rows


def _key(trials: Sequence[Trial]) -> str:
    rows = [
        {
            "code": trial.code,
            "kind": trial.kind,
            "stimulus": trial.row["stimulus"]["name"],
            **{f"factor.{name}": value for name, value in trial.row["stimulus"]["factors"].items()},
            **{f"target.{name}": value for name, value in trial.row["targets"].items()},
            "sha256": trial.row["sha256"],
        }
        for trial in trials
    ]
    text = io.StringIO()
    table = csv.DictWriter(text, list(dict.fromkeys(column for row in rows for column in row)), lineterminator="\n", restval="")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _readme(title: str, name: str, main: int, repeats: int, practice: int) -> str:
    from jinja2 import Environment, StrictUndefined

    text = (files("orchestra_battery") / "pack" / "README.md.jinja").read_text(encoding="utf-8")
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(text)
    return template.render(title=title, name=name, main=main, repeats=repeats, practice=practice) + "\n"
