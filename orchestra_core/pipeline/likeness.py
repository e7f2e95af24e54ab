"""What a piece takes from a recording beside its readings: tempo, brightness and loudness."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestra_core.errors import UnknownNameError
from orchestra_core.io.audio import read_audio
from orchestra_core.io.loudness import integrated_loudness
from orchestra_core.pipeline.request import Request
from orchestra_core.registry import Registry

_RATE = 22_050
_TEMPO = "tempo"
# Spectral centroid in Hz that hints at nothing, and octaves of a hint of 1: those of an additive piano around middle C, whose
# spectrum falls by 10 dB per octave, and by 6 at a hint of 1. No recording hints at more than 2.
_NEITHER_BRIGHT_NOR_DULL, _OCTAVES_PER_HINT, _MOST = 420.0, 0.4, 2.0
# What a canvas takes as a loudness.
_FAINTEST, _LOUDEST = -60.0, 0.0


@dataclass(frozen=True)
class Likeness:
    """What is measured of a recording, or of a piece.

    Parameters
    ----------
    tempo : float
        Beats per minute; 0 where no beat is found.
    brightness : float
        Mean spectral centroid in Hz, frames weighted by their magnitude.
    loudness : float
        Integrated loudness in LUFS, of the mono mix.
    """

    tempo: float
    brightness: float
    loudness: float


def measure_likeness(audio: np.ndarray, sample_rate: int) -> Likeness:
    """Return tempo, brightness and loudness of mono audio, shape (samples,).

    References
    ----------
    .. [1] Ellis, D. P. W. (2007). Beat tracking by dynamic programming. Journal of New Music Research 36(1), 51-60.
    """
    import librosa

    samples = np.asarray(audio, dtype=np.float32)
    heard = librosa.resample(samples, orig_sr=sample_rate, target_sr=_RATE) if sample_rate != _RATE else samples
    tempo, _ = librosa.beat.beat_track(y=heard, sr=_RATE)
    spectrum = np.abs(librosa.stft(heard))
    frequencies = librosa.fft_frequencies(sr=_RATE)[:, None]
    brightness = float((frequencies * spectrum).sum() / max(float(spectrum.sum()), np.finfo(np.float32).tiny))
    return Likeness(float(np.atleast_1d(tempo)[0]), brightness, integrated_loudness(samples, sample_rate))


def likeness_of(path: Path) -> Likeness:
    """Return tempo, brightness and loudness of a recording.

    Raises
    ------
    AudioFileError
        It cannot be read.
    """
    audio, rate = read_audio(path)
    return measure_likeness(audio[0].numpy(), rate)


def loudness_like(likeness: Likeness) -> float:
    """Return the loudness of a recording as one to export at, in [-60, 0] LUFS."""
    return min(max(likeness.loudness, _FAINTEST), _LOUDEST)


def brightness_hint(likeness: Likeness) -> float:
    """Return the brightness of a recording as a hint at where instruments start, in [-2, 2].

    Examples
    --------
    >>> [round(brightness_hint(Likeness(0.0, centroid, -20.0)), 2) for centroid in (420.0, 554.2, 3_000.0)]
    [0.0, 1.0, 2.0]
    """
    hint = math.log2(max(likeness.brightness, 1.0) / _NEITHER_BRIGHT_NOR_DULL) / _OCTAVES_PER_HINT
    return min(max(hint, -_MOST), _MOST)


def describe_likeness(name: str, recording: Likeness, piece: Likeness, tempo: float | None) -> str:
    """Return a sentence that holds a piece against the recording that it is to be like.

    Parameters
    ----------
    name : str
        Of the recording.
    recording, piece : Likeness
        What was measured of both.
    tempo : float, or None
        The tempo of the piece's score; None where it has none.
    """
    played = "" if tempo is None else f" (the piece: {tempo:.0f})"
    beat = f"tempo {recording.tempo:.0f}{played}" if recording.tempo > 0 else "no beat"
    return (
        f"Like {name}: {beat}, brightness {recording.brightness:.0f} Hz (the piece: {piece.brightness:.0f} Hz), loudness "
        f"{recording.loudness:.1f} LUFS (the piece: {piece.loudness:.1f} LUFS). No notes were taken from it."
    )


def with_tempo_like(pipeline: Mapping[str, Any], items: Sequence[Request], registry: Registry) -> Mapping[str, Any]:
    """Return named parts with the tempo of the recording that all items want to be like, where the score source can be given one.

    A score source can if it has a configuration field ``tempo`` that nobody has set.
    """
    recordings = {item.like for item in items}
    recording = recordings.pop() if len(recordings) == 1 else None
    name, config = _named(pipeline.get("score"))
    if recording is None or not name or _TEMPO in config or not _takes_tempo(name, registry):
        return pipeline
    tempo = likeness_of(recording).tempo
    return pipeline if tempo <= 0 else {**pipeline, "score": {"name": name, "config": {**config, _TEMPO: round(tempo, 1)}}}


def _named(score: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(score, Mapping):
        return str(score.get("name", "")), score.get("config", {})
    return (score, {}) if isinstance(score, str) else ("", {})


def _takes_tempo(name: str, registry: Registry) -> bool:
    try:
        config = registry.find("score", name).descriptor.config
    except UnknownNameError:  # a MIDI file, or what the pipeline refuses with a better message
        return False
    return config is not None and _TEMPO in {field.name for field in dataclasses.fields(config)}
