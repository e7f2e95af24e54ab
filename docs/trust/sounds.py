"""Renders scores to clips by the default piano or by FluidSynth, keeps the clips in a folder, and changes them as recordings get
changed: reverberation, MP3."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mido
import numpy as np
import soundfile
from scipy.signal import fftconvolve

from orchestra_core import Canvas, Score
from orchestra_piano import PianoAdsr

#: Peak of every clip; a gain of 12 dB still stays below full scale.
PEAK = 0.25
#: Where General MIDI soundfonts usually lie.
SOUNDFONTS = tuple(Path("/usr/share") / name for name in ("sounds/sf2/FluidR3_GM.sf2", "sounds/sf2/default-GM.sf2"))
_TICKS = 960
_GAP = 2.0  # seconds of silence between two clips of one rendering, for notes to die away
_INT16 = 32767


@dataclass(frozen=True)
class Sound:
    """How a clip sounds: a General MIDI program for FluidSynth, and settings of the default piano that stand in for it."""

    program: int = 0
    settings: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """What one clip plays: a score, the time in it at which the clip begins, and the sound."""

    score: Score
    start: float = 0.0
    sound: Sound = Sound()

    def shifted(self, seconds: float) -> Excerpt:
        """Return the clip that begins so much later in the score."""
        return replace(self, start=self.start + seconds)

    def transposed(self, semitones: int) -> Excerpt:
        """Return the clip with all notes moved."""
        notes = tuple(replace(note, pitch=note.pitch + semitones) for note in self.score.notes)
        return replace(self, score=replace(self.score, notes=notes))


class Sounds:
    """Clips by renderer, kept in a folder where one is given.

    Parameters
    ----------
    cache : Path or None
        Folder of clips rendered earlier.
    soundfont : Path or None
        For FluidSynth; None for the first one found.
    """

    def __init__(self, cache: Path | None = None, soundfont: Path | None = None) -> None:
        self.cache = cache
        self.soundfont = soundfont or next((path for path in SOUNDFONTS if path.is_file()), None)

    @property
    def renderers(self) -> tuple[str, ...]:
        """``piano``, and ``fluidsynth`` where it is installed with a soundfont."""
        return ("piano",) if self.missing else ("piano", "fluidsynth")

    @property
    def missing(self) -> str:
        """Why there is no FluidSynth; empty where there is."""
        if shutil.which("fluidsynth") is None:
            return "the program fluidsynth is not installed"
        return "" if self.soundfont else "no General MIDI soundfont was found (name one with --soundfont)"

    def clips(self, excerpts: Sequence[Excerpt], duration: float, rate: int, renderer: str = "piano") -> np.ndarray:
        """Return the clips, shape (excerpts, samples), float32, each scaled to the peak `PEAK`."""
        key = hashlib.sha256(f"1/{renderer}/{duration}/{rate}/{excerpts!r}".encode()).hexdigest()[:24]
        path = self.cache / f"{renderer}-{key}.npy" if self.cache else None
        if path is None or not path.is_file():
            play = self._fluidsynth if renderer == "fluidsynth" else _piano
            stored = _quantised(play(excerpts, duration, rate))
            if path is None:
                return _restored(stored)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, stored)
        return _restored(np.load(path))

    def _fluidsynth(self, excerpts: Sequence[Excerpt], duration: float, rate: int) -> np.ndarray:
        clips = np.zeros((len(excerpts), round(duration * rate)), np.float32)
        for program in sorted({excerpt.sound.program for excerpt in excerpts}):
            rows = [i for i, excerpt in enumerate(excerpts) if excerpt.sound.program == program]
            clips[rows] = self._one_program([excerpts[i] for i in rows], duration, rate, program)
        return clips

    def _one_program(self, excerpts: Sequence[Excerpt], duration: float, rate: int, program: int) -> np.ndarray:
        # One file holds all clips one after another, because loading a soundfont takes longer than playing a clip.
        begins, notes, now = [], [], 0.0
        for excerpt in excerpts:
            lead = min(excerpt.start, 1.0)
            begins.append(now + lead)
            for note in excerpt.score.notes:
                onset = note.onset - excerpt.start + lead
                end = min(onset + note.duration, lead + duration)
                if end > max(onset, 0.0):
                    notes.append((now + max(onset, 0.0), now + end, round(note.pitch), note.velocity))
            now += lead + duration + _GAP
        audio = self._played(notes, program, rate)
        samples = round(duration * rate)
        audio = np.pad(audio, (0, max(round(now * rate) + samples - len(audio), 0)))
        return np.stack([audio[round(begin * rate) :][:samples] for begin in begins])

    def _played(self, notes: list[tuple[float, float, int, float]], program: int, rate: int) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            midi, wav = Path(folder) / "clips.mid", Path(folder) / "clips.wav"
            _midi_file(notes, program).save(midi)
            options = ["-ni", "-q", "-F", wav, "-T", "wav", "-O", "float", "-r", rate, "-g", 0.4, "-R", 0, "-C", 0]
            subprocess.run(["fluidsynth", *map(str, options), str(self.soundfont), str(midi)], capture_output=True, check=True)
            audio, _ = soundfile.read(wav, dtype="float32", always_2d=True)
        return np.asarray(audio.mean(axis=1))


def reverberated(clips: np.ndarray, rate: int, decay: float = 0.4, level: float = -12.0, seed: int = 0) -> np.ndarray:
    """Return clips with light reverberation: noise that falls by 60 dB in `decay` s, `level` dB re the direct sound."""
    time = np.arange(round(1.5 * decay * rate)) / rate
    tail = np.random.default_rng(seed).standard_normal(len(time)) * 10 ** (-3 * time / decay)
    tail[: round(0.005 * rate)] = 0.0
    tail *= 10 ** (level / 20) / np.sqrt(np.sum(tail**2))
    return np.stack([clip + fftconvolve(clip, tail)[: len(clip)] for clip in clips]).astype(np.float32)


def through_mp3(clips: np.ndarray, rate: int) -> np.ndarray:
    """Return clips after MP3 at a constant 64 kbit/s, decoded and aligned."""
    changed = np.zeros_like(clips)
    for row, clip in enumerate(clips):
        buffer = io.BytesIO()
        # At 44.1 kHz level 0.888 of libsndfile's scale from 320 to 32 kbit/s is 64 kbit/s.
        soundfile.write(buffer, clip, rate, format="MP3", compression_level=0.888, bitrate_mode="CONSTANT")
        buffer.seek(0)
        decoded, _ = soundfile.read(buffer, dtype="float32")
        length = min(len(decoded), clips.shape[1])
        changed[row, :length] = decoded[:length]
    return changed


def _piano(excerpts: Sequence[Excerpt], duration: float, rate: int) -> np.ndarray:
    piano, canvas = PianoAdsr(), Canvas(duration=duration, sample_rate=rate)
    played = [piano.perform(one.score, canvas, one.start, _settings(one.sound)).numpy() for one in excerpts]
    return np.stack(played)


def _settings(sound: Sound) -> Mapping[str, float]:
    return dict(sound.settings)


def _quantised(clips: np.ndarray) -> np.ndarray:
    peaks = np.abs(clips).max(axis=1, keepdims=True)
    return np.rint(clips / np.maximum(peaks, 1e-9) * _INT16).astype(np.int16)


def _restored(stored: np.ndarray) -> np.ndarray:
    return stored.astype(np.float32) * np.float32(PEAK / _INT16)


def _midi_file(notes: list[tuple[float, float, int, float]], program: int) -> mido.MidiFile:
    events: list[tuple[int, int, int, int]] = []
    for start, end, pitch, velocity in notes:
        # 120 quarter notes per minute. A note of no length would begin after its end, and sound for ever.
        first = round(start * 2 * _TICKS)
        events.append((first, 1, pitch, int(np.clip(round(velocity * 127), 1, 127))))
        events.append((max(round(end * 2 * _TICKS), first + 1), 0, pitch, 0))
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    now = 0
    for tick, _, pitch, velocity in sorted(events):
        track.append(mido.Message("note_on", note=pitch, velocity=velocity, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=2 * _TICKS))
    return mido.MidiFile(ticks_per_beat=_TICKS, tracks=[track])
