"""Short recordings for the tests of the transfer: a tune, and noise that pulses."""

from __future__ import annotations

import numpy as np
import soundfile

RATE = 22_050


def tune(seconds=1.5, rate=RATE):
    """Return four plucked notes over faint noise."""
    time = np.arange(round(seconds * rate)) / rate
    sound = 0.002 * np.random.default_rng(1).standard_normal(len(time))
    for k, pitch in enumerate((220.0, 330.0, 277.2, 440.0)):
        since = np.maximum(time - k * seconds / 4, 0)
        for partial in (1, 2, 3):
            sound += 0.2 / partial * np.sin(2 * np.pi * partial * pitch * since) * np.exp(-6 * since) * (since > 0)
    return sound


def pulses(seconds=2.0, rate=RATE, frequency=8.0):
    """Return noise whose amplitude pulses."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(2).standard_normal(len(time))
    return 0.1 * noise * (1 + 0.9 * np.sin(2 * np.pi * frequency * time))


def written(path, audio, rate=RATE):
    """Write audio (samples,) or (samples, channels) and return the path."""
    soundfile.write(path, audio, rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path
