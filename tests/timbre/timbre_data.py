"""Small sounds whose timbre is known from how they are made."""

from __future__ import annotations

import csv

import numpy as np
from scipy.signal import butter, sosfilt

from orchestra_core import write_wav
from orchestra_timbre.descriptors import DESCRIPTORS

TIME = np.arange(16_000) / 16_000


def tone(frequency, decay=0.2, gain=0.5):
    """A sine that dies away, float32."""
    return (gain * np.sin(2 * np.pi * frequency * TIME) * np.exp(-TIME / decay)).astype(np.float32)


def noise(low=None, high=None, decay=0.1, seed=0):
    """Noise that dies away, above `low` or below `high` Hz, float32."""
    audio = np.random.default_rng(seed).standard_normal(16_000)
    if low:
        audio = sosfilt(butter(4, low, "high", fs=16_000, output="sos"), audio)
    if high:
        audio = sosfilt(butter(4, high, "low", fs=16_000, output="sos"), audio)
    return (0.1 * audio * np.exp(-TIME / decay)).astype(np.float32)


def write_folder(folder, per_split=(24, 8, 8)):
    """A data set of tones: the higher, the brighter, and so on for the other descriptors."""
    (folder / "sounds").mkdir(parents=True)
    rng, rows = np.random.default_rng(1), []
    splits = [name for name, count in zip(("train", "validation", "test"), per_split, strict=True) for _ in range(count)]
    for index, split in enumerate(splits):
        height, decay = rng.uniform(0, 1), rng.uniform(0, 1)
        name = f"sounds/{index:03d}.wav"
        write_wav(folder / name, tone(100 * 40**height, 0.02 * 20**decay), 16_000)
        labels = [
            50 * height + 25,
            80 - 60 * height,
            80 * height,
            60 * decay,
            70 - 50 * height,
            90 * height - 5,
            70 * (1 - height),
        ]
        rows.append([name, "synthesised", f"tone/{index}", split, *(f"{label:.3f}" for label in labels)])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "kind", "source", "split", *DESCRIPTORS], *rows])
    published = [[row[0], row[2], *row[4:]] for row in rows[-3:]]
    with (folder / "published.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "source", *DESCRIPTORS], *published])
    return folder
