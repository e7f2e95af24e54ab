"""Lend a piece the sound of an ambience, and read what that does to its emotion.

    python examples/08_lend_a_sound.py [FOLDER [MUSIC AMBIENCE ...]]

Without recordings it composes four seconds of piano and makes rain and a drone of its own. The same on the command line:
orchestra style transfer --content MUSIC --style AMBIENCE -o FOLDER
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from orchestra_core import Canvas, Note, Score, build, read_audio, write_wav
from orchestra_piano.instrument import PianoAdsr
from orchestra_style.transfer import TransferSettings, transfer

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)

RATE, SECONDS = 22_050, 4.0
STEPS = 12  # for a first impression; the command takes 200


def piano(path: Path) -> Path:
    """Write slow chords."""
    notes = [Note(pitch, 1.2 * bar, 1.2, 0.5) for bar in range(4) for pitch in (48 + bar, 55 + bar, 64 + bar)]
    audio = PianoAdsr().perform(Score(tuple(notes)), Canvas(duration=SECONDS, sample_rate=RATE))
    return write_wav(path, 0.9 * audio / audio.abs().max(), RATE)


def rain(path: Path) -> Path:
    """Write drops over hiss."""
    random = np.random.default_rng(0)
    drops = (random.random(round(SECONDS * RATE)) < 0.004) * random.standard_normal(round(SECONDS * RATE))
    splash = np.exp(-np.arange(400) / 60) * random.standard_normal(400)
    sound = np.convolve(drops, splash, mode="same") + 0.2 * random.standard_normal(len(drops))
    return write_wav(path, 0.5 * sound / np.abs(sound).max(), RATE)


def drone(path: Path) -> Path:
    """Write slowly beating harmonics."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * 55 * k * time + k) * (1 + 0.5 * np.sin(0.7 * k * time)) / k for k in range(1, 9))
    return write_wav(path, 0.5 * sound / np.abs(sound).max(), RATE)


def describe(name: str, strength: float, path: Path) -> float:
    """Print what the oracle hears at equal loudness, and return the arousal."""
    audio, rate = read_audio(path)
    reading = oracle.read(0.1 * audio / audio.square().mean().sqrt(), rate)
    print(f"{name:12} {strength:8.1f} {float(reading['arousal']):+8.2f} {float(reading['valence']):+8.2f}")
    return float(reading["arousal"])


given = [Path(argument) for argument in sys.argv[2:]]
content, *ambiences = given or [piano(folder / "piano.wav"), rain(folder / "rain.wav"), drone(folder / "drone.wav")]
oracle = build("oracle", "deam_cnn").component
print(f"{'ambience':12} {'strength':>8} {'arousal':>8} {'valence':>8}")
before = describe("none", 0.0, content)
after = {}
for ambience in ambiences:
    for strength in (0.5, 1.0):
        settings = TransferSettings(content, ambience, strength=strength, steps=STEPS)
        done = transfer(settings, folder / f"{ambience.stem}-{strength}")
        after[ambience.stem, strength] = describe(ambience.stem, strength, done.directory / "result.wav")
(name, strength), most = max(after.items(), key=lambda item: abs(item[1] - before))
print(f"Arousal moves most with {name} at {strength}: by {most - before:+.2f}, of a scale from -1 to 1, as this oracle hears it.")
print("listen:", folder)
