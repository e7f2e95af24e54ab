"""Renders rated pieces to clips for training: by FluidSynth, and by any of orchestra's own instruments."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Instrument, Note, Parameter, Score
from orchestra_core.errors import IncompatibleError, UsageError
from orchestra_deam.front_end import CLIP_DURATION
from orchestra_deam.midi import NoteTable, write_midi

#: General MIDI programs that FluidSynth plays varied renderings with; the grand piano is most of them.
PROGRAMS = (0, 0, 0, 0, 1, 2, 4, 6, 11, 24, 46, 48)
_SEMITONES, _TEMPO = 3, 0.05
_MOST_NOTES = 120
# How far varied values of an instrument stray from their defaults, in logits of their place between the bounds.
_SPREAD = 1.2
_UNEVENNESS = 0.25


class Renderer(Protocol):
    """Plays windows of a piece."""

    @property
    def name(self) -> str:
        """Unique among renderers; names the folder of its features."""

    @property
    def sample_rate(self) -> int:
        """Rate of the clips in Hz."""

    def clips(self, notes: NoteTable, starts: np.ndarray, generator: np.random.Generator, varied: bool) -> Tensor:
        """Return the clips that begin at `starts` (s), shape (windows, samples), float32; `varied` draws another sound."""


@dataclass(frozen=True)
class FluidSynthRenderer:
    """Plays the whole piece with a soundfont and cuts the windows from it.

    Parameters
    ----------
    soundfont : Path
        A General MIDI soundfont.
    sample_rate : int
        In Hz. Front ends hear up to 8 kHz; at 44.1 kHz FluidSynth takes twice as long.
    name : str
        What the renderings are called.
    """

    soundfont: Path
    sample_rate: int = 22_050
    name: str = "fluidsynth"

    def check(self) -> None:
        """Refuse early what cannot work.

        Raises
        ------
        UsageError
            There is no ``fluidsynth`` program or no such soundfont.
        """
        if shutil.which("fluidsynth") is None:
            raise UsageError("The program fluidsynth was not found; install it, or train with --renderer piano.")
        if not self.soundfont.is_file():
            raise UsageError(f"Soundfont {self.soundfont} does not exist; give a General MIDI .sf2 file with --soundfont.")

    def clips(self, notes: NoteTable, starts: np.ndarray, generator: np.random.Generator, varied: bool) -> Tensor:
        """Return the clips that begin at `starts`, shape (windows, samples)."""
        program = int(generator.choice(PROGRAMS)) if varied else 0
        reverb = bool(varied and generator.random() < 0.5)
        audio = self._play(notes, program, reverb)
        samples = round(CLIP_DURATION * self.sample_rate)
        first = [round(float(start) * self.sample_rate) for start in starts]
        audio = np.pad(audio, (0, max(max(first) + samples - len(audio), 0)))
        return torch.from_numpy(np.stack([audio[begin : begin + samples] for begin in first]))

    def _play(self, notes: NoteTable, program: int, reverb: bool) -> np.ndarray:
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            midi, wav = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
            write_midi(notes, midi, program)
            options = ["-ni", "-q", "-F", str(wav), "-T", "wav", "-O", "float", "-r", str(self.sample_rate), "-g", "0.4"]
            command = ["fluidsynth", *options, "-R", str(int(reverb)), "-C", "0", str(self.soundfont), str(midi)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode or not wav.is_file():
                raise UsageError(f"fluidsynth failed with exit code {done.returncode}: {done.stderr.strip()[-300:]}")
            audio, _ = soundfile.read(wav, dtype="float32", always_2d=True)
        return np.asarray(audio.mean(axis=1))


@dataclass(frozen=True)
class InstrumentRenderer:
    """Plays each window afresh with one of orchestra's instruments, as compositions begin: from silence.

    Parameters
    ----------
    instrument : Instrument
        One that plays notes at any rate. Varied renderings draw its envelope and timbre between their bounds.
    sample_rate : int
        In Hz.
    name : str
        What the renderings are called.
    """

    instrument: Instrument
    sample_rate: int = 22_050
    name: str = "piano"

    def check(self) -> None:
        """Refuse an instrument that plays no notes.

        Raises
        ------
        IncompatibleError
            It lacks the capabilities ``notes`` and ``rate_free``.
        """
        missing = {"notes", "rate_free"} - self.instrument.capabilities
        if missing:
            raise IncompatibleError(f"{type(self.instrument).__name__} lacks {', '.join(sorted(missing))}; needed for training.")

    def clips(self, notes: NoteTable, starts: np.ndarray, generator: np.random.Generator, varied: bool) -> Tensor:
        """Return the clips that begin at `starts`, shape (windows, samples); windows without notes are left out."""
        windows = [_from_first_note(notes, float(start), generator) for start in starts]
        clips = [self._play(window, generator, varied) for window in windows if len(window)]
        samples = round(CLIP_DURATION * self.sample_rate)
        return torch.cat(clips) if clips else torch.zeros(0, samples)

    def _play(self, notes: NoteTable, generator: np.random.Generator, varied: bool) -> Tensor:
        notes = _uneven(notes, generator) if varied else notes
        canvas = Canvas(duration=CLIP_DURATION, sample_rate=self.sample_rate)
        seed = torch.tensor([int(generator.integers(2**31))])
        parameters = self.instrument.parameters(Brief(canvas, {}, seed, scores=(_score(notes),)))
        with torch.no_grad():
            return self.instrument.render({p.name: _value(p, generator, varied) for p in parameters}, canvas)


def vary_notes(notes: NoteTable, generator: np.random.Generator) -> NoteTable:
    """Return the notes moved by up to 3 semitones and played up to 5 % slower or faster."""
    semitones = int(generator.integers(-_SEMITONES, _SEMITONES + 1))
    return notes.moved(semitones, float(generator.uniform(1 - _TEMPO, 1 + _TEMPO)))


def _from_first_note(notes: NoteTable, start: float, generator: np.random.Generator) -> NoteTable:
    later = notes.onset[notes.onset >= start]
    if len(later) and later[0] - start < CLIP_DURATION:
        start = max(float(later[0]) - float(generator.uniform(0.0, 0.15)), 0.0)
    return notes.within(start, start + CLIP_DURATION - 0.2)


def _uneven(notes: NoteTable, generator: np.random.Generator) -> NoteTable:
    # The ratings' MIDI files are mostly flat; optimised notes are not, and must not sound strange to the network.
    factor = np.exp(_UNEVENNESS * generator.standard_normal(len(notes)))
    return replace(notes, velocity=np.clip(notes.velocity * factor, 0.05, 1.0))


def _score(notes: NoteTable) -> Score:
    # Notes that last beyond the clip end with it, as the instrument's own do.
    table = zip(notes.pitch, notes.onset, notes.duration, notes.velocity, strict=True)
    kept = [
        Note(float(pitch), float(onset), float(np.clip(length, 0.1, CLIP_DURATION - onset)), float(velocity))
        for pitch, onset, length, velocity in table
    ]
    return Score(tuple(kept[:_MOST_NOTES]))


def _value(parameter: Parameter, generator: np.random.Generator, varied: bool) -> Tensor:
    bounded = np.isfinite(parameter.lower) and np.isfinite(parameter.upper)
    if parameter.fixed or not varied or not bounded or parameter.group not in ("envelope", "timbre"):
        return parameter.initial
    span = parameter.upper - parameter.lower
    place = ((parameter.initial - parameter.lower) / span).clamp(0.05, 0.95)
    noise = torch.from_numpy(generator.standard_normal(parameter.initial.shape)).to(place)
    return parameter.lower + span * torch.sigmoid(torch.logit(place) + _SPREAD * noise)
