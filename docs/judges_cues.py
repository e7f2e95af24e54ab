"""Fits the coefficients of ``cue_meter`` to the ratings of Eerola, Friberg and Bresin (2013)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from judges_marks import DIMENSIONS, marks_of, out_of_group

from orchestra_judges.config import EEROLA
from orchestra_judges.cues import CUES
from orchestra_judges.weights import Card


def eerola_table(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return the cues of 200 settings in the meter's units, the proxies of their ratings in [-1, 1], and their melodies."""
    import pandas as pd

    table = pd.merge(
        *(pd.read_csv(folder / f"{name}.tab", sep="\t") for name in ("design_matrix", "mean_emotion_ratings")), on="Nro"
    )
    level = {name: table[name].to_numpy() - 1 for name in ("Register", "Mode", "Tempo", "Soundlevel", "Articulation")}
    cues = {
        "density": np.log2(np.array([1.2, 2, 2.8, 4.4, 6]))[level["Tempo"]],
        "level": np.array([-1.0, -0.5, 0.0, 0.5, 1.0])[level["Soundlevel"]],
        "staccato": np.array([0.0, 0.25, 0.5, 0.75])[level["Articulation"]],
        "mode": np.array([1.0, -1.0])[level["Mode"]],
        "register": (np.array([53.0, 59, 65, 71, 77, 83])[level["Register"]] - 65) / 12,
    }
    happy, sad, scary, peaceful = (table[name].to_numpy() for name in ("Happy", "Sad", "Scary", "Peaceful"))
    proxies = np.stack([happy + scary - sad - peaceful, happy + peaceful - sad - scary], axis=1) / 12
    return cues, proxies, table["Melody"].to_numpy()


def fit_cue_meter(folder: Path) -> tuple[Mapping[str, np.ndarray], Card]:
    """Return the coefficients, and a card without marks."""
    cues, proxies, melodies = eerola_table(folder)
    designs = {name: np.stack([np.ones(len(proxies)), *(cues[cue] for cue in CUES[name])], axis=1) for name in DIMENSIONS}

    def coefficients(rows: np.ndarray) -> dict[str, np.ndarray]:
        each = {name: np.linalg.lstsq(designs[name][rows], proxies[rows, i], rcond=None)[0] for i, name in enumerate(DIMENSIONS)}
        return {name: values.astype(np.float32) for name, values in each.items()}

    def fit(learn: np.ndarray, held: np.ndarray) -> np.ndarray:
        fitted = coefficients(learn)
        return np.stack([designs[name][held] @ fitted[name] for name in DIMENSIONS], axis=1)

    marked = out_of_group(melodies, fit)
    within = [marks_of(marked[melodies == one], proxies[melodies == one]) for one in np.unique(melodies)]
    r = {name: round(float(np.mean([marks[name]["r"] for marks in within])), 4) for name in DIMENSIONS}
    return coefficients(np.ones(len(proxies), dtype=bool)), Card(
        architecture="cue_meter",
        data="Eerola, Friberg and Bresin 2013: mean ratings of 200 settings of musical cues; no audio",
        license="coefficients fitted to CC0 data",
        citation=EEROLA,
        split={"learned": "200 settings of 4 melodies"},
        training={
            "fit": "least squares; arousal: half of happy + scary - sad - peaceful, valence: half of happy + peaceful - sad - "
            "scary, both over 6",
            "r within melodies, by leaving one of four melodies out": r,
        },
        mean={name: round(float(proxies[:, i].mean()), 4) for i, name in enumerate(DIMENSIONS)},
        sd={name: round(float(proxies[:, i].std()), 4) for i, name in enumerate(DIMENSIONS)},
        front_end="cues measured on notes, and the level of sound where there is sound",
        features=tuple(f"{name}: intercept, {', '.join(cues)}" for name, cues in CUES.items()),
    )
