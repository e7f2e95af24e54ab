"""Small music for tests: two or more genres that sound unlike, as files."""

from __future__ import annotations

import csv

import numpy as np
import soundfile

RATE = 22_050


def tone(seconds, seed):
    """A harmonic tone of its own pitch: all power in few bands."""
    draw = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = draw.uniform(150, 400)
    return sum(np.sin(2 * np.pi * k * pitch * time + draw.uniform(0, 6)) / k for k in range(1, 6)) * 0.2


def clicks(seconds, seed):
    """Bursts of noise: power in all bands, here and there."""
    draw = np.random.default_rng(seed)
    noise = draw.standard_normal(int(seconds * RATE))
    since = np.arange(len(noise)) % int(RATE / draw.uniform(4, 8))
    return 0.2 * noise * np.exp(-since / 300)


SOUNDS = {"rock": clicks, "classical": tone}


def write_song(path, genre, seconds, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, SOUNDS[genre](seconds, seed).astype(np.float32), RATE)


def write_emotify(folder, songs_of_each=8, seconds=3.0):
    """A folder in Emotify's layout, with two genres."""
    rows = []
    for number in range(songs_of_each):
        for place, genre in enumerate(SOUNDS):
            file = f"audio/{genre}_{number:03d}.wav"
            write_song(folder / file, genre, seconds, 2 * number + place)
            rows.append({"file": file, "genre": genre, "song": number})
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "genre", "song"])
        writer.writeheader()
        writer.writerows(rows)
    return folder
