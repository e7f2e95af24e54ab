"""Data of the judges' training and study: rated pieces, what they are played with, and their features, kept in a cache."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
import torch

from orchestra_core import Brief, Canvas, Note, Part, Score, build
from orchestra_core.io.midi import read_midi, write_midi
from orchestra_deam.vgmidi import read_vgmidi
from orchestra_judges.audio import SAMPLE_RATE, WINDOW

# Silence between windows that are played one after the other, so that no tail reaches the next, in s.
_GAP = 1.5
# Notes begin this long before a window's end at the latest, in s.
_LAST = 0.2


@dataclass(frozen=True, eq=False)
class Rated:
    """A rated piece: its corpus and group, its labels (arousal, valence), and its notes or its recording."""

    name: str
    corpus: str
    group: str
    labels: np.ndarray
    score: Score | None = None
    recording: Path | None = None


@dataclass(frozen=True)
class Sound:
    """What plays a piece: a General MIDI program of a soundfont, or (-1) this project's piano; semitones of transposition."""

    program: int = 0
    semitones: int = 0

    @property
    def name(self) -> str:
        played = "piano_adsr" if self.program < 0 else f"program {self.program}"
        return f"{played}, {self.semitones:+d}" if self.semitones else played


def vgmidi_pieces(folder: Path, part: str) -> list[Rated]:
    """Return the pieces of a part of VGMIDI: ``judges`` to learn from, ``oracle`` to be marked on; never ``final``."""
    parts = _partition("vgmidi")
    pieces = [piece for piece in read_vgmidi(folder) if piece.game in parts[part]]
    return [Rated(p.name, "vgmidi", p.game, np.array(p.labels), read_midi(p.midi)) for p in pieces]


def emotify_pieces(folder: Path, part: str) -> list[Rated]:
    """Return the songs of a part of Emotify, in groups by genre, with the proxies of its votes."""
    import pandas as pd

    table = pd.read_csv(folder / "labels.csv")
    table["name"] = [f"{genre}_{int(song):03d}" for genre, song in zip(table["genre"], table["song"], strict=True)]
    kept = table[table["name"].isin(_partition("emotify")[part])]
    columns = zip(kept["name"], kept["genre"], kept["arousal_proxy"], kept["valence_proxy"], kept["file"], strict=True)
    return [Rated(name, "emotify", genre, np.array([a, v]), recording=folder / file) for name, genre, a, v, file in columns]


def excerpt(score: Score, count: int) -> list[Score]:
    """Return up to `count` windows of a piece, spread over it, each from its first note and without what sounded before."""
    total = max(int(max(note.onset for note in score.notes) / WINDOW), 1)
    places = sorted({round(place) for place in np.linspace(0, total - 1, min(count, total))})
    return [window for place in places if (window := window_of(score, place * WINDOW)) is not None]


def window_of(score: Score, start: float, length: float = WINDOW) -> Score | None:
    """Return what begins in a window of a piece, from its first note and without drums; None for fewer than three notes."""
    inside = [note for note in score.notes if start <= note.onset < start + length - _LAST and not note.part.drums]
    if len(inside) < 3:
        return None
    first = min(note.onset for note in inside) - 0.05
    return Score(tuple(_fitted(note, first, length) for note in inside))


def play(windows: Sequence[Score], sound: Sound, soundfont: Path, length: float = WINDOW) -> np.ndarray:
    """Return windows of `length` s as audio at 22.05 kHz, shape (windows, samples), float32."""
    played = [moved(window, sound.semitones) for window in windows]
    if sound.program < 0:
        return np.stack([_own_piano(window, length) for window in played])
    return _soundfont(played, sound.program, soundfont, length)


def recorded(path: Path, count: int) -> np.ndarray:
    """Return windows of a recording, spread over its first 30 s, shape (windows, samples), float32."""
    import soxr

    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    audio, length = soxr.resample(audio.mean(axis=1), rate, SAMPLE_RATE), round(WINDOW * SAMPLE_RATE)
    total = max(len(audio) // length, 1)
    places = sorted({round(place) for place in np.linspace(0, total - 1, min(count, total))})
    return np.stack([np.pad(audio, (0, length))[place * length : (place + 1) * length] for place in places])


def cached(folder: Path, key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Return what `make` returns, kept in a file that is named after the key."""
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, make())
    return np.asarray(np.load(path))


def _partition(corpus: str) -> dict[str, list[str]]:
    text = resources.files("orchestra_deam").joinpath("partitions", f"{corpus}.json").read_text(encoding="utf-8")
    parts: dict[str, list[str]] = json.loads(text)["parts"]
    return {part: parts[part] for part in ("judges", "oracle")}


def _fitted(note: Note, first: float, length: float) -> Note:
    onset = note.onset - first
    return replace(note, onset=onset, duration=min(max(note.duration, 0.03), length - onset), part=Part())


def moved(score: Score, semitones: int) -> Score:
    """Return a score transposed, within the range of a piano."""
    notes = tuple(replace(note, pitch=float(np.clip(note.pitch + semitones, 21, 108))) for note in score.notes)
    return replace(score, notes=notes)


def _own_piano(score: Score, length: float) -> np.ndarray:
    instrument = build("instrument", "piano_adsr").component
    canvas = Canvas(duration=length, sample_rate=SAMPLE_RATE)
    with torch.no_grad():
        parameters = instrument.parameters(Brief(canvas, {}, torch.tensor([1]), scores=(score,)))
        return np.asarray(instrument.render({p.name: p.initial for p in parameters}, canvas)[0].float().numpy())


def _soundfont(windows: Sequence[Score], program: int, soundfont: Path, length: float) -> np.ndarray:
    apart = length + _GAP
    notes = tuple(_on_grid(windows, program, apart))
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        write_midi(midi, Score(notes))
        options = [
            "-ni",
            "-q",
            "-F",
            str(wav),
            "-T",
            "wav",
            "-O",
            "float",
            "-r",
            str(SAMPLE_RATE),
            "-g",
            "0.4",
            "-R",
            "0",
            "-C",
            "0",
        ]
        subprocess.run(["fluidsynth", *options, str(soundfont), str(midi)], check=True, capture_output=True)
        audio = soundfile.read(wav, dtype="float32", always_2d=True)[0].mean(axis=1)
    starts = [round(index * apart * SAMPLE_RATE) for index in range(len(windows))]
    samples = round(length * SAMPLE_RATE)
    audio = np.pad(audio, (0, max(starts[-1] + samples - len(audio), 0)))
    return np.stack([audio[start : start + samples] for start in starts])


def _on_grid(windows: Sequence[Score], program: int, apart: float) -> Iterator[Note]:
    for index, window in enumerate(windows):
        for note in window.notes:
            yield replace(note, onset=note.onset + index * apart, part=Part("played", program))
