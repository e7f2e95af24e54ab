"""Values for voices that are played by hand, and a straightforward rendering in numpy to hold them against."""

import math

import numpy as np
import torch

from orchestra_core import Brief, Canvas, Note, Score

#: A voice with next to nothing of what would blur a measurement.
PLAIN = {"detune": 0.51, "roughness": 0.001, "partial_decay": 0.051}


def brief_of(*scores, canvas=None, cues=None):
    written = tuple(Score(tuple(Note(*note) for note in notes)) for notes in scores)
    hints = {name: torch.tensor(values) for name, values in (cues or {}).items()}
    return Brief(canvas or Canvas(duration=1.0), {}, torch.arange(1, len(scores) + 1), written, cues=hints)


def values_of(voice, notes, canvas, **shared):
    values = {p.name: p.initial for p in voice.parameters(brief_of(notes, canvas=canvas))}
    return values | {name: torch.full_like(values[name], value) for name, value in shared.items()}


def sound(voice, notes, canvas, **shared):
    return voice.render(values_of(voice, notes, canvas, **shared), canvas)[0].double().numpy()


def spectrum(audio, rate, padding=8):
    """Frequencies in Hz and amplitudes of a windowed, zero-padded clip."""
    size = padding * len(audio)
    window = np.blackman(len(audio))
    return np.fft.rfftfreq(size, 1 / rate), np.abs(np.fft.rfft(audio * window, size)) * 2 / window.sum()


def amplitude_at(audio, rate, frequency):
    """Amplitude of a sine in a windowed clip."""
    window = np.blackman(len(audio))
    turn = np.exp(-2j * np.pi * frequency * np.arange(len(audio)) / rate)
    return 2 * abs((audio * window * turn).sum()) / window.sum()


def envelope(since, length, v):
    """The level of a note as the documentation has it."""
    rise = np.clip(since / v["attack"], 0, 1)
    fall = v["sustain"] + (1 - v["sustain"]) * np.exp(-3 * np.maximum(since, 0) / v["decay"])
    left = np.clip((length + v["release"] - since) / v["release"], 0, 1)
    return rise * (2 - rise) * fall * left**2


def straightforward(note, v, *, partials, copies, hardness, gain, rate, seconds):
    """Every copy of every partial of one note as a sine of its own, sample by sample."""
    pitch, onset, length, amplitude = note
    time = np.arange(round(seconds * rate)) / rate
    since = time - onset - 2 * round(128 / 44_100 * rate) / rate  # two knots
    first = 440 * 2 ** ((pitch - 69) / 12)
    order = np.arange(1, partials + 1)
    decibels = (v["brightness"] + hardness * (amplitude - 0.8)) * np.log2(order) + v["fundamental"] * (order == 1)
    weight = 10 ** (decibels / 20)
    weight /= np.sqrt((weight**2).sum())
    audio = np.zeros_like(time)
    for k, w in zip(order, weight, strict=True):
        f = k * first
        phase = 2 * np.pi * (f * time - (k - 1) * k / (2 * partials))
        tone = np.sin(phase)
        for pair, share in enumerate((1.0, 0.57)[: copies // 2], start=1):
            apart = 2 * np.pi * f * share * (2 ** (v["detune"] / 1200) - 1) * since - np.pi / 2
            mean = 2 * np.pi * 0.618033988749895 * pair * k
            tone = tone + 0.5 * np.sin(phase + mean + apart) + 0.5 * np.sin(phase + mean - apart)
        above = np.clip((f - 100) / 100, 0, 1)
        depth = v["roughness"] * above**2 * (3 - 2 * above)
        beat = (1 + depth * np.cos(2 * np.pi * 70 * since)) / math.sqrt(1 + depth**2 / 2)
        audio += w * np.exp(-v["partial_decay"] * (k - 1) * np.maximum(since, 0)) * beat * tone
    audio *= gain * amplitude * envelope(since, length, v) / math.sqrt(1 + (copies // 2) / 2)
    ramp = np.clip((len(time) - 1 - np.arange(len(time))) / math.ceil(0.01 * rate), 0, 1)
    return audio * np.sin(np.pi / 2 * ramp) ** 2
