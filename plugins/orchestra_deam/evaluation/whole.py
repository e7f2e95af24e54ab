"""Everything that is marked of readings of prepared corpora, and the files that show it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core import write_text
from orchestra_core.errors import UsageError
from orchestra_deam.evaluation.baselines import baseline_readings
from orchestra_deam.evaluation.marking import (
    CALIBRATED,
    READ,
    Evaluation,
    by_rendering,
    calibration,
    evaluate,
    per_song,
    quadrants,
)
from orchestra_deam.evaluation.page import page
from orchestra_deam.preparation.several import PreparedCorpora, song_labels

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Baseline:
    """Clips with plain features: to learn from, and to be marked on. They may be prepared apart from those of a network."""

    learned: PreparedCorpora
    held_out: PreparedCorpora


def evaluate_corpora(
    learned: PreparedCorpora,
    held_out: PreparedCorpora,
    readings: np.ndarray,
    *,
    calibrated: np.ndarray | None = None,
    draws: int = 2000,
    baseline: Baseline | None = None,
) -> dict[str, dict[str, Any]]:
    """Return all marks of readings, by corpus.

    Parameters
    ----------
    learned, held_out : PreparedCorpora
        What was, or may be, learned from: for the mean baseline; and the clips that were read.
    readings : np.ndarray [shape=(clips, 2)]
        Of the held-out clips, on the scale of their corpus.
    calibrated : np.ndarray [shape=(clips, 2)], optional
        The same, taken onto the lines of songs: songs are marked by their means, clips by the readings as they are.
    draws : int
        Of the bootstrap; 0 for no intervals.
    baseline : Baseline, optional
        Clips that the plain feature baseline learns from and is marked on.

    Returns
    -------
    dict
        By corpus: ``all`` (an `Evaluation` of all clips), ``features`` (of the plain feature baseline), ``renderings``
        (of plain renderings, by what played them), ``quadrants``, ``calibration`` and ``songs`` (the table of songs).

    Raises
    ------
    UsageError
        A corpus has no clips in one of the two.
    """
    frame = held_out.clips.assign(**dict(zip(READ, readings.T, strict=True)))
    if calibrated is not None:
        frame = frame.assign(**dict(zip(CALIBRATED, calibrated.T, strict=True)))
    return {name: _corpus(name, learned, held_out, frame, draws, baseline) for name in held_out.names}


def write_evaluation(folder: Path, title: str, intro: Sequence[str], found: Mapping[str, dict[str, Any]]) -> None:
    """Write ``metrics.json``, ``marks.md``, and scatter plots and calibration as PNG files.

    Parameters
    ----------
    folder : Path
        Made if needed.
    title, intro : str, sequence of str
        Of the page.
    found : dict
        What `evaluate_corpora` gives.
    """
    from orchestra_deam.evaluation.figures import calibration_lines, scatter

    for corpus, marks in found.items():
        scatter(marks["songs"], folder / f"{corpus}_scatter.png")
        calibration_lines(marks["calibration"], folder / f"{corpus}_calibration.png")
        marks["figures"] = {
            f"{corpus}_scatter.png": "What is read of each song over how it is rated, for arousal and for valence.",
            f"{corpus}_calibration.png": "Mean ratings over mean readings, in bins of equally many songs.",
        }
    write_text(folder / "marks.md", page(title, intro, found))
    write_text(folder / "metrics.json", json.dumps(as_json(found), indent=1) + "\n")


def as_json(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return marks as plain values."""
    return {
        corpus: {name: _plain(value) for name, value in marks.items() if name not in ("songs", "figures")}
        for corpus, marks in found.items()
    }


def evaluations(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Evaluation]:
    """Return the evaluations in marks by name: of all renderings, and of plain ones; with several corpora, theirs first."""
    rows: dict[str, Evaluation] = {}
    for corpus, marks in found.items():
        prefix = f"{corpus}: " if len(found) > 1 else ""
        whole = "all renderings" if marks["renderings"] else "recordings"
        rows[f"{prefix}{whole}"] = marks["all"]
        rows |= {f"{prefix}{name}": evaluation for name, evaluation in marks["renderings"].items()}
    return rows


def _corpus(
    name: str, learned: PreparedCorpora, held_out: PreparedCorpora, frame: pd.DataFrame, draws: int, baseline: Baseline | None
) -> dict[str, Any]:
    known, asked = (data.where(data.clips["corpus"] == name) for data in (learned, held_out))
    if known.clips.empty or asked.clips.empty:
        raise UsageError(f"The prepared corpus {name!r} lacks songs to learn from or to mark; prepare the parts that are needed.")
    own = frame[frame["corpus"] == name]
    mean = song_labels(known.clips).to_numpy().mean(axis=0)
    reliability = held_out.card(name).get("reliability", {})
    songs = per_song(own)
    marks: dict[str, Any] = {
        "all": evaluate(own, mean, reliability, draws),
        "renderings": {label: evaluate(part, mean, reliability, 0) for label, part in by_rendering(own).items()},
        "quadrants": quadrants(songs, mean),
        "calibration": calibration(songs),
        "songs": songs,
    }
    if baseline is not None and name in baseline.held_out.names:
        sources = [data.where(data.clips["corpus"] == name) for data in (baseline.learned, baseline.held_out)]
        plain = sources[1].clips.assign(**dict(zip(READ, baseline_readings(*sources).T, strict=True)))
        marks["features"] = evaluate(plain, mean, reliability, draws)
    return marks


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value
