"""Lend a piece the sound of an ambience, and read what that does to its emotion.

    python examples/08_lend_a_sound.py
    python examples/08_lend_a_sound.py music.ogg rain.flac drone.flac

Without recordings it composes five seconds of piano and makes rain and a drone of its own.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from orchestra_core import Canvas, Pipeline, build, read_audio, write_wav
from orchestra_style.transfer import TransferSettings, transfer

RATE, SECONDS = 22_050, 5.0
STEPS = 12  # for a first impression; `orchestra style transfer` takes 100


def piano(path: Path) -> Path:
    canvas = Canvas(duration=SECONDS, sample_rate=RATE)
    return write_wav(path, Pipeline().compose("calm", seed=3, canvas=canvas, budget=2).audio, RATE)


def rain(path: Path) -> Path:
    random = np.random.default_rng(0)
    drops = (random.random(round(SECONDS * RATE)) < 0.004) * random.standard_normal(round(SECONDS * RATE))
    splash = np.exp(-np.arange(400) / 60) * random.standard_normal(400)
    sound = np.convolve(drops, splash, mode="same") + 0.2 * random.standard_normal(len(drops))
    return write_wav(path, 0.5 * sound / np.abs(sound).max(), RATE)


def drone(path: Path) -> Path:
    time = np.arange(round(SECONDS * RATE)) / RATE
    partials = [np.sin(2 * np.pi * 55 * k * time + k) * (1 + 0.5 * np.sin(0.7 * k * time)) / k for k in range(1, 9)]
    sound = np.sum(partials, axis=0)
    return write_wav(path, 0.5 * sound / np.abs(sound).max(), RATE)


def main() -> None:
    oracle = build("oracle", "deam_cnn").component
    print(f"{'ambience':12} {'strength':>8} {'arousal':>8} {'valence':>8}")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        given = [Path(argument) for argument in sys.argv[1:]]
        content, *ambiences = given or [piano(here / "piano.wav"), rain(here / "rain.wav"), drone(here / "drone.wav")]
        for ambience in ambiences:
            for strength in (0.0, 0.5, 1.0):
                settings = TransferSettings(content, ambience, strength=strength, steps=STEPS)
                done = transfer(settings, here / f"{ambience.stem}-{strength}")
                reading = oracle.read(*read_audio(done.directory / "result.wav"))
                arousal, valence = (float(reading[name]) for name in ("arousal", "valence"))
                print(f"{ambience.stem:12} {strength:8.1f} {arousal:+8.2f} {valence:+8.2f}")


if __name__ == "__main__":
    main()
