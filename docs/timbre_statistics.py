"""Compute the statistics with which ``timbre_cnn`` says that asked descriptors contradict one another.

Reads the published labels of the Freesound One-Shot Percussive Sounds and writes the small file that the plugin ships::

    python docs/timbre_statistics.py --labels path/to/timbre/freesound_labels.csv
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from orchestra_timbre.contradictions import Statistics
from orchestra_timbre.descriptors import DESCRIPTORS

RANKS = np.linspace(0, 1, 201)
FILE = Path(__file__).parent.parent / "plugins" / "orchestra_timbre" / "statistics" / "freesound.json"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=FILE)
    arguments = parser.parse_args()
    labels = pd.read_csv(arguments.labels)[list(DESCRIPTORS)].dropna().to_numpy()
    scores = np.stack([norm.ppf(rankdata(column) / (len(column) + 1)) for column in labels.T], axis=1)
    quantiles = np.quantile(labels, RANKS, axis=0).T
    bare = Statistics(len(labels), quantiles, np.corrcoef(scores.T), ())
    content = {
        "source": "Freesound One-Shot Percussive Sounds, published AudioCommons labels (Ramires et al. 2020)",
        "count": len(labels),
        "quantiles": {name: np.round(row, 3).tolist() for name, row in zip(DESCRIPTORS, quantiles, strict=True)},
        "correlation": np.round(bare.correlation, 5).tolist(),
        "surprise": [round(largest_surprise(bare, scores, count), 3) for count in range(2, len(DESCRIPTORS) + 1)],
    }
    arguments.output.write_text(json.dumps(content) + "\n", encoding="utf-8")
    print({key: content[key] for key in ("count", "surprise")})


def largest_surprise(statistics: Statistics, scores: np.ndarray, count: int) -> float:
    """Return the 99th percentile of the largest surprise among `count` descriptors of a sound, over random choices of them."""
    random = np.random.default_rng(count)
    largest = []
    for row in scores[random.permutation(len(scores))[:4000]]:
        chosen = random.choice(len(DESCRIPTORS), count, replace=False)
        found = statistics.surprises({DESCRIPTORS[k]: row[k] for k in chosen})
        largest.append(max(map(abs, found.values())))
    return float(np.quantile(largest, 0.99))


if __name__ == "__main__":
    main()
