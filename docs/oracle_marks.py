"""Mark the shipped weights, the recipe and its controls on prepared corpora, and write docs/oracle_marks.md with its pictures.

    orchestra deam prepare path/to/vgmidi -o cues/vgmidi --features cues --versions --variants 2 --windows 8 --soundfont gm.sf2
    orchestra deam prepare path/to/emotify -o cues/emotify --features cues
    orchestra deam prepare path/to/vgmidi -o mel/vgmidi --features mel --soundfont gm.sf2
    orchestra deam prepare path/to/emotify -o mel/emotify --features mel
    python docs/oracle_marks.py --cues cues/vgmidi cues/emotify --mel mel/vgmidi mel/emotify --work trained

The same marks come from `orchestra deam evaluate` and `orchestra deam train --folds`; this puts them on one page.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from orchestra_deam.corpora.table import DIMENSIONS
from orchestra_deam.evaluation.marking import READ, Evaluation, per_song
from orchestra_deam.evaluation.page import corpus_lines, number, table
from orchestra_deam.evaluation.sources import calibrated_readings, weights_readings
from orchestra_deam.evaluation.whole import Baseline, evaluate_corpora, write_evaluation
from orchestra_deam.folds import cross_validate
from orchestra_deam.oracle import weights_path
from orchestra_deam.preparation.several import PreparedCorpora, open_corpora
from orchestra_deam.training.calibration import train_calibrated
from orchestra_deam.training.examples import only_plain, plain
from orchestra_deam.training.loop import read_all, train
from orchestra_deam.training.out_of_fold import Calibrated, out_of_fold
from orchestra_deam.training.settings import PRESETS

HERE = Path(__file__).resolve().parent
PAGE, IMAGES = HERE / "oracle_marks.md", HERE / "images"
FOLDS, SEEDS, STRETCH = 6, 5, 16.0
DEFAULT = PRESETS["default"]
CONTROLS: dict[str, dict[str, Any]] = {
    "labels shuffled between songs": {"shuffle": True},
    "labels shuffled, without pairs": {"shuffle": True, "pair_mode": 0.0, "pair_unmoved": 0.0, "pair_still": 0.0},
    "untrained": {"epochs": 0},
}
CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "without pair losses": {"pair_mode": 0.0, "pair_unmoved": 0.0, "pair_still": 0.0},
    "without phrases by rule": {"phrases": 0},
    "without varied renderings": {"varied_weight": 1e-6},
    "varied renderings count as plain ones": {"varied_weight": 1.0},
    "labels weighed by their raters": {"rater_weights": True},
    "a third of the penalty": {"penalty_arousal": DEFAULT.penalty_arousal / 3, "penalty_valence": DEFAULT.penalty_valence / 3},
    "three times the penalty": {"penalty_arousal": DEFAULT.penalty_arousal * 3, "penalty_valence": DEFAULT.penalty_valence * 3},
}


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cues", type=Path, nargs="+", required=True, help="corpora prepared with --features cues")
    parser.add_argument("--mel", type=Path, nargs="+", required=True, help="the same, prepared with --features mel")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is trained")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cues, mel = open_corpora(arguments.cues), open_corpora(arguments.mel)
    lines = [*INTRO, *shipped(cues, mel), *remade(cues, arguments.work / "remade"), *folds(cues, arguments.work / "folds")]
    lines += [*controls(cues, arguments.work), *older(mel)]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print(PAGE)


INTRO = [
    "# Marks of the oracle",
    "",
    "Made by `python docs/oracle_marks.py` from corpora that `orchestra deam prepare` wrote. The songs marked are those of the",
    "part `judges` of the [partition](datasets.md), which no weights of the oracle learned from, unless it says otherwise. The",
    "songs of the part `final` are not among them.",
    "",
    "R² is 1 - residual / total sum of squares, CCC Lin's concordance correlation; the mean baseline reads the mean label of the",
    "songs learned from everywhere; the plain feature baseline is ridge regression on means and standard deviations of the mel",
    "bands, learned from the same songs, its penalty chosen by cross-validation.",
    "",
]


def shipped(cues: PreparedCorpora, mel: PreparedCorpora) -> list[str]:
    """Return the marks of the default weights, with pictures."""
    data, bands = only_plain(cues), only_plain(mel)
    held_out = data.of_parts("judges")
    readings, calibrated = both(DEFAULT.model, held_out)
    baseline = Baseline(bands.of_parts("oracle"), bands.of_parts("judges"))
    found = evaluate_corpora(data.of_parts("oracle"), held_out, readings, calibrated=calibrated, baseline=baseline)
    with tempfile.TemporaryDirectory() as folder:
        write_evaluation(Path(folder), "", [], found)
        for corpus, marks in found.items():
            texts = list(marks["figures"].values())
            names = [f"oracle_{corpus}_{kind}.png" for kind in ("scatter", "calibration")]
            for name in names:
                shutil.copyfile(Path(folder) / name.removeprefix("oracle_"), IMAGES / name)
            marks["figures"] = {f"images/{name}": text for name, text in zip(names, texts, strict=True)}
    lines = [
        "## The default oracle",
        "",
        "`orchestra deam evaluate cues/vgmidi cues/emotify --baseline mel/vgmidi --baseline mel/emotify`",
        "",
        "Clips are marked as the network reads them, songs by their mean reading on the [lines](#what-calibrates-it) of the "
        "card; the last table of each corpus shows what these change.",
        "",
    ]
    before = evaluate_corpora(data.of_parts("oracle"), held_out, readings, draws=0)
    single = evaluate_corpora(data.of_parts("oracle"), held_out, calibrated, draws=0)
    for corpus, marks in found.items():
        lines += [line.replace("## ", "### ") if line.startswith("## ") else line for line in corpus_lines(corpus, marks)]
        lines += _beside(before[corpus], marks, single[corpus])
    return lines


def both(model: str, data: PreparedCorpora) -> tuple[np.ndarray, np.ndarray]:
    """Return what shipped weights read of clips, and the same on the lines of songs in their card."""
    path = weights_path(model)
    readings = weights_readings(path, model, data)
    calibrated = calibrated_readings(readings, path, model, data)
    return readings, readings if calibrated is None else calibrated


def _beside(before: dict[str, Any], after: dict[str, Any], single: dict[str, Any]) -> list[str]:
    rows = []
    for name in DIMENSIONS:
        r2 = [one["all"].pieces[name]["r2"] for one in (before, after)]
        slopes = [one["calibration"][name]["slope"] for one in (before, after)]
        clips = [one["all"].clips[name]["r2"] for one in (before, single)]
        rows.append((name, *(number(value) for value in (*r2, *slopes, *clips))))
    head = ("dimension", "R² per song off the line", "on it", "slope of ratings off it", "on it", "R² per clip off it", "on it")
    return table(head, rows)


def remade(cues: PreparedCorpora, folder: Path) -> list[str]:
    """Return the marks of the shipped weights beside those of weights made again from the prepared corpora."""
    shutil.rmtree(folder, ignore_errors=True)
    learned, held_out = plain(cues.of_parts("oracle"), DEFAULT), only_plain(cues.of_parts("judges"))
    again = train_calibrated(learned, DEFAULT, folder)
    read = read_all(again.reader, held_out)
    readings = {"shipped": both(DEFAULT.model, held_out), "remade": (read, again.on_lines(held_out, read))}
    marks = {
        name: evaluate_corpora(only_plain(learned), held_out, own, calibrated=songs, draws=0)
        for name, (own, songs) in readings.items()
    }
    rows = []
    for corpus in cues.names:
        own = (held_out.clips["corpus"] == corpus).to_numpy()
        for column, dimension in enumerate(("arousal", "valence")):
            pairs = [marks[name][corpus]["all"].pieces[dimension] for name in readings]
            alike = np.corrcoef(*(values[own, column] for values, _ in readings.values()))[0, 1]
            rows.append((corpus, dimension, *(number(one[key]) for key in ("r", "r2") for one in pairs), number(float(alike))))
    text = (
        "`orchestra deam train cues/vgmidi cues/emotify` makes the weights again. The shipped ones were made by the same recipe "
        "before its commands were: from other random windows, and with varied sounds in the first piano variant; their "
        "lines are those that this command finds."
    )
    head = ("corpus", "dimension", "r shipped", "r remade", "R² shipped", "R² remade", "r between their readings of clips")
    return ["## Made again", "", text, "", *table(head, rows)]


def folds(cues: PreparedCorpora, folder: Path) -> list[str]:
    """Return the marks of the recipe out of fold, within what the weights learned from."""
    shutil.rmtree(folder, ignore_errors=True)
    found = cross_validate(cues, DEFAULT, folder, FOLDS)
    rows = [row for corpus, marks in found.items() for row in _rows(corpus, marks["all"])]
    text = (
        f"`orchestra deam train cues/vgmidi cues/emotify --folds {FOLDS}`: each clip of the part `oracle` is read by weights "
        "that learned from no song of its group (VGMIDI: game, Emotify: song); songs on lines of folds of what "
        "these weights learned from. The recipe was chosen by such marks, so these are a little optimistic."
    )
    lines = ["## The recipe, out of fold", "", text, "", *table(_HEAD, rows)]
    return [*lines, *_changed(cues, folder), *_averaged(cues, folder)]


def _changed(cues: PreparedCorpora, folder: Path) -> list[str]:
    rows = []
    for name, changes in CHANGES.items():
        shutil.rmtree(folder, ignore_errors=True)
        found = cross_validate(cues, replace(DEFAULT, calibrate=0, **changes), folder, FOLDS)
        marks = [found[corpus]["all"].pieces[dimension]["r"] for corpus in found for dimension in ("arousal", "valence")]
        rows.append((name, *(number(mark) for mark in marks)))
    head = ("recipe", *(f"{corpus} {dimension}" for corpus in cues.names for dimension in ("arousal", "valence")))
    return ["What parts of the recipe do to r per song, out of fold and off the lines:", "", *table(head, rows)]


def _averaged(cues: PreparedCorpora, folder: Path) -> list[str]:
    """Return the slopes of ratings on readings off the lines, by how much a reading averages."""
    shutil.rmtree(folder, ignore_errors=True)
    learned, settings = cues.of_parts("oracle"), replace(DEFAULT, calibrate=0)

    def fit(rest: PreparedCorpora, own: Path, asked: PreparedCorpora) -> Calibrated:
        return Calibrated(train(rest, settings, own), {})

    read, _ = out_of_fold(learned, settings, folder, DEFAULT.calibrate, fit)
    clips = only_plain(learned).clips.assign(**dict(zip(READ, read.T, strict=True)))
    rows = [row for corpus in cues.names for row in _slopes(corpus, clips[clips["corpus"] == corpus])]
    text = (
        "The slope of ratings on readings, out of fold and without lines, by what a reading is the mean of; songs count alike. "
        "Ridge regression leaves single clips on their scale; averaging takes out of the readings what differs between windows "
        "and renderings of a song, which its rating does not follow, and the slope rises above 1. The lines in the card are the "
        f"last of each corpus, those of whole songs ({DEFAULT.calibrate} folds): on them the mean reading of a song is the "
        'rating to be expected. The oracle reads on them by default (`reads="pieces"`); a single clip, or a piece of a few '
        "windows, then says more than listeners would."
    )
    return ["### What calibrates it", "", text, "", *table(("corpus", "a reading is the mean of", "arousal", "valence"), rows)]


def _slopes(corpus: str, clips: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    plain_ones = clips[clips["variant"].isin(["", "piano-0"])]
    played = " of the piano" if (clips["variant"] != "").any() else ""
    yield corpus, f"one clip{played}", *_slope(plain_ones)
    near = _stretches(plain_ones)
    yield corpus, f"three or more windows within {STRETCH:g} s{played} ({near['song'].nunique()} songs)", *_slope(near)
    if played:
        yield corpus, "a song of the piano", *_slope(per_song(plain_ones))
        yield corpus, "a song, all renderings", *_slope(per_song(clips))
    else:
        yield corpus, "a song", *_slope(per_song(clips))


def _slope(table_of: pd.DataFrame) -> Iterator[str]:
    weight = 1 / table_of.groupby("song")["song"].transform("size").to_numpy(dtype=float)
    for name, column in zip(DIMENSIONS, READ, strict=True):
        yield number(float(np.polyfit(table_of[column], table_of[name], 1, w=np.sqrt(weight))[0]))


def _stretches(clips: pd.DataFrame) -> pd.DataFrame:
    """Return the means of the windows that end within `STRETCH` seconds of each window's start, where there are three."""
    rows = []
    for song, own in clips.groupby("song"):
        for start in own["start"]:
            near = own[(own["start"] >= start) & (own["start"] + own["duration"] <= start + STRETCH)]
            if len(near) >= 3:
                rows.append({"song": song, **near[[*DIMENSIONS, *READ]].mean()})
    return pd.DataFrame(rows)


def controls(cues: PreparedCorpora, folder: Path) -> list[str]:
    """Return r of the same model trained on shuffled labels, and untrained, over seeds."""
    held_out, learned = only_plain(cues.of_parts("judges")), plain(cues.of_parts("oracle"), DEFAULT)
    rows = []
    for name, changes in CONTROLS.items():
        found: dict[str, list[Evaluation]] = {corpus: [] for corpus in cues.names}
        for seed in range(SEEDS):
            own = folder / f"{name.replace(' ', '_')}-{seed}"
            shutil.rmtree(own, ignore_errors=True)
            reader = train(learned, replace(DEFAULT, seed=seed, **changes), own)
            for corpus, marks in evaluate_corpora(learned, held_out, read_all(reader, held_out), draws=0).items():
                found[corpus].append(marks["all"])
        rows += [(name, corpus, *_spread(marks)) for corpus, marks in found.items()]
    text = (
        f"The same model and clips, {SEEDS} seeds each: mean r per song of the part `judges`, and the range over seeds. "
        "Where labels are shuffled the pairs stay as they are, and pairs that differ in mode teach valence without any rating: "
        "what r is left there is what mode alone tells of these songs. The row without pairs has no such help."
    )
    return ["## Controls", "", text, "", *table(("control", "corpus", "r arousal", "r valence"), rows)]


def older(mel: PreparedCorpora) -> list[str]:
    """Return the marks of `three_conv`, the default before, on the same songs."""
    data = only_plain(mel)
    held_out = data.of_parts("judges")
    found = evaluate_corpora(
        data.of_parts("oracle"), held_out, weights_readings(weights_path("three_conv"), "three_conv", held_out)
    )
    rows = [row for corpus, marks in found.items() for row in _rows(corpus, marks["all"])]
    text = (
        "`orchestra deam evaluate mel/vgmidi mel/emotify --model three_conv`: the network on mel bands, trained on VGMIDI "
        "alone. On Emotify, whose scale it does not know, its readings are taken there by mean and standard deviation."
    )
    return ["## `three_conv` on the same songs", "", text, "", *table(_HEAD, rows)]


_HEAD = ("corpus", "dimension", "per", "R²", "r", "CCC", "RMSE", "partial r given arousal", "r within genre")


def _rows(corpus: str, marks: Evaluation) -> Iterator[tuple[str, ...]]:
    for unit in ("pieces", "clips"):
        by_dimension: dict[str, Any] = getattr(marks, unit)
        for dimension, own in by_dimension.items():
            spans = marks.intervals.get(unit, {}).get(dimension, {})
            span = f" ({number(spans['r'][0])} to {number(spans['r'][1])})" if spans else ""
            partial = number(own["partial_r"]) if "partial_r" in own else ""
            within = number(marks.within[dimension]["r"]) if unit == "pieces" and dimension in marks.within else ""
            yield (
                corpus,
                dimension,
                unit,
                number(own["r2"]),
                number(own["r"]) + span,
                *(number(own[k]) for k in ("ccc", "rmse")),
                partial,
                within,
            )


def _spread(marks: list[Evaluation]) -> Iterator[str]:
    for dimension in ("arousal", "valence"):
        values = [mark.pieces[dimension]["r"] for mark in marks]
        yield f"{number(float(np.mean(values)))} ({number(min(values))} to {number(max(values))})"


if __name__ == "__main__":
    main()
