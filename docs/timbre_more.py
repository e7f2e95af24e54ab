"""Make more labelled one-shots for training the oracle ``timbre_cnn``: synthesised hits, and variations of real ones.

Needs the extractor of the labels, ``pip install timbral_models==0.4.0`` (Apache 2.0), which is no dependency of this project::

    python docs/timbre_more.py --data path/to/timbre --output more --count 4000

The output has the layout of the data set: ``sounds/*.flac`` and ``labels.csv``. Only real sounds of the split ``train`` are
varied; a variation has the source of its first sound, and what is mixed into it lies in the same part (``part_of``), so
that the parts stay apart. Each sound depends on its number alone; numbers that are there already are left alone.

References
----------
.. [1] A. Pearce, S. Safavi, T. Brookes, R. Mason, W. Wang, M. Plumbley (2019): Deliverable D5.8, Release of timbral
   characterisation tools for semantically annotating non-musical content. AudioCommons.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import scipy.signal
import scipy.stats  # the extractor counts on these being imported
import sklearn.linear_model  # noqa: F401
import soundfile

from orchestra_timbre.descriptors import CLIP_SAMPLES, DESCRIPTORS, SAMPLE_RATE
from orchestra_timbre.sounds import part_of, read_sounds

_TIME = np.arange(CLIP_SAMPLES) / SAMPLE_RATE
_MEMBRANE = (1, 1.59, 2.14, 2.30, 2.65, 2.92, 3.16, 3.50)  # partials of an ideal circular membrane
_NYQUIST = 7_800.0


def main() -> None:
    """Make and label what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder with labels.csv and sounds/.")
    parser.add_argument("--output", type=Path, default=Path("more"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--check", action="store_true", help="Only hold the extractor against the published labels.")
    arguments = parser.parse_args()
    label = extractor()
    if arguments.check:
        check(arguments.data, label)
        return
    real = [sound for sound in read_sounds(arguments.data) if sound.kind == "real" and sound.split == "train"]
    (arguments.output / "sounds").mkdir(parents=True, exist_ok=True)
    table = arguments.output / "labels.csv"
    done = {row["file"] for row in csv.DictReader(table.open())} if table.is_file() else set()
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if not done:
            writer.writerow(["file", "kind", "source", "split", *DESCRIPTORS])
        for number in range(arguments.first, arguments.first + arguments.count):
            name = f"sounds/{number:06d}.flac"
            if name not in done:
                _make(number, name, real, label, arguments.output, writer)
                file.flush()


def extractor():
    """Return a function from samples at 16 kHz to the seven labels; adapts the extractor to today's numpy and librosa."""
    import librosa

    resample, strength, detect = librosa.resample, librosa.onset.onset_strength, librosa.onset.onset_detect
    librosa.resample = librosa.core.resample = lambda y, source, target: resample(y, orig_sr=source, target_sr=target)
    librosa.onset.onset_strength = lambda y, sr, **options: strength(y=y, sr=sr, **options)
    librosa.onset.onset_detect = lambda y, sr, **options: detect(y=y, sr=sr, **options)
    for name, kind in {"float": float, "int": int, "complex": complex}.items():
        if not hasattr(np, name):
            setattr(np, name, kind)
    if not hasattr(np.lib, "pad"):
        np.lib.pad = np.pad
    import timbral_models

    names = [name.replace("boominess", "booming") for name in DESCRIPTORS]
    functions = [getattr(timbral_models, f"timbral_{name}") for name in names]

    def label(samples):
        audio, rate = timbral_models.timbral_util.check_upsampling(samples, SAMPLE_RATE)
        return [float(function(audio.copy(), fs=rate)) for function in functions]

    return label


def check(folder, label) -> None:
    """Print how far the extractor is from the published labels, on the files and without the silence at their ends."""
    errors = {"as they are": [], "without the silence at their ends": []}
    for sound in read_sounds(folder, "published.csv"):
        audio = _read(sound)
        heard = audio[: max(int(np.flatnonzero(np.abs(audio) > 1e-4)[-1]) + 1, 2_000)]
        for clip, found in zip((audio, heard), errors.values(), strict=True):
            found.append(np.abs(np.array(label(clip)) - sound.labels))
    for name, found in errors.items():
        by_descriptor = dict(zip(DESCRIPTORS, np.mean(found, axis=0).round(2).tolist(), strict=True))
        print(f"{len(found)} files {name}: {np.mean(found):.2f} points, {by_descriptor}")


def _make(number, name, real, label, folder, writer) -> None:
    random = np.random.default_rng([2027, number])
    if number % 2:
        first = real[random.integers(len(real))]
        others = [sound for sound in real if part_of(sound.source) == part_of(first.source)]
        audio = vary(_read(first), _read(others[random.integers(len(others))]), random)
        kind, source = "augmented", first.source
    else:
        audio, kind, source = synthesise(random), "synthesised", f"more/{number:06d}"
    try:
        labels = label(audio / 32768.0)
    except (ValueError, IndexError) as error:  # the extractor fails on some very short or quiet sounds
        print(f"{name}: left out ({error})")
        return
    if np.all(np.isfinite(labels)):
        soundfile.write(folder / name, audio, SAMPLE_RATE)
        writer.writerow([name, kind, source, "train", *(f"{value:.3f}" for value in labels)])


def _read(sound):
    return soundfile.read(sound.file, dtype="float64")[0]


def synthesise(random):
    """Return a hit of swept modes, noise and clicks, int16."""
    audio = np.zeros(CLIP_SAMPLES)
    if random.random() < 0.7:
        audio += _unit(_modes(random)) * _log_uniform(random, 0.1, 1)
    if random.random() < 0.2:
        audio += _unit(_modes(random)) * _log_uniform(random, 0.05, 0.7)
    if random.random() < 0.65 or not np.any(audio):
        audio += _unit(_noise(random)) * _log_uniform(random, 0.03, 1)
    if random.random() < 0.15:
        audio += _unit(_noise(random)) * _log_uniform(random, 0.03, 1)
    if random.random() < 0.4:
        click = np.cos(2 * np.pi * _log_uniform(random, 300, 7000) * _TIME)
        audio += _unit(click * np.exp(-_TIME / _log_uniform(random, 3e-4, 6e-3))) * _log_uniform(random, 0.02, 0.5)
    return _finished(_driven(audio, random), random)


def vary(audio, other, random):
    """Return a variation of a real sound, perhaps with another one mixed in, int16."""
    audio = _unit(_transposed(audio, random) if random.random() < 0.7 else audio)
    if random.random() < 0.35:
        other = _unit(_transposed(other, random)) * _log_uniform(random, 0.1, 1)
        mixed = np.zeros(max(len(audio), len(other)))
        mixed[: len(audio)] += audio
        mixed[: len(other)] += other
        audio = mixed
    time = np.arange(len(audio)) / SAMPLE_RATE
    if random.random() < 0.4:
        audio = audio * np.exp(-time / _log_uniform(random, 0.03, 1.0))
    if random.random() < 0.15:
        audio = audio * np.minimum(time / _log_uniform(random, 1e-3, 0.1), 1)
    if random.random() < 0.04:
        audio = audio[::-1]
    return _finished(_driven(_coloured(audio, random), random), random)


def _modes(random):
    lowest, count = _log_uniform(random, 35, 2500), int(random.integers(1, 9)) if random.random() < 0.6 else 1
    layout = random.choice(["harmonic", "membrane", "random"])
    ratios = {
        "harmonic": np.arange(1, count + 1),
        "membrane": np.array(_MEMBRANE[:count]),
        "random": np.concatenate([[1.0], 1 + np.sort(random.exponential(2, count - 1))]),
    }[layout]
    sweep = _log_uniform(random, 1, 8) if random.random() < 0.6 else 1.0
    fall = _log_uniform(random, 0.004, 0.2)
    cycles = lowest * (_TIME + (sweep - 1) * fall * (1 - np.exp(-_TIME / fall)))
    decay, attack = _log_uniform(random, 0.02, 1.2), _log_uniform(random, 2e-4, 0.06) if random.random() < 0.5 else 3e-4
    roll, damping = random.uniform(0, 2), random.uniform(0, 1)
    audio = np.zeros(CLIP_SAMPLES)
    for ratio in ratios[ratios * lowest < _NYQUIST]:
        tone = np.sin(2 * np.pi * (ratio * cycles + random.random()))
        audio += ratio**-roll * tone * _envelope(attack, decay * ratio**-damping)
    if random.random() < 0.15:
        modulator = np.sin(2 * np.pi * lowest * random.uniform(0.2, 4) * _TIME)
        audio *= np.sin(2 * np.pi * _log_uniform(random, 0.3, 6) * cycles + random.uniform(0.2, 6) * modulator)
    return audio


def _noise(random):
    audio = _coloured(_coloured(random.standard_normal(CLIP_SAMPLES), random), random)
    if random.random() >= 0.2:
        return audio * _envelope(_log_uniform(random, 2e-4, 0.05), _log_uniform(random, 0.01, 0.9))
    bursts, onset = np.zeros(CLIP_SAMPLES), 0.0  # a clap
    decays = [*(_log_uniform(random, 3e-3, 0.03) for _ in range(int(random.integers(2, 6)))), _log_uniform(random, 0.03, 0.4)]
    for decay in decays:
        bursts += np.where(onset <= _TIME, np.exp(-np.clip(_TIME - onset, 0, None) / decay), 0)
        onset += random.uniform(0.005, 0.03)
    return audio * bursts


def _coloured(audio, random):
    kind = random.choice(["low", "high", "band", "tilt", "none"], p=[0.3, 0.2, 0.2, 0.15, 0.15])
    if kind == "none":
        return audio
    if kind == "tilt":
        frequency = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
        gain = (np.maximum(frequency, 30) / 800) ** random.uniform(-0.6, 0.6)
        return np.fft.irfft(np.fft.rfft(audio) * gain, len(audio))
    if kind == "band":
        centre, octaves = _log_uniform(random, 60, 6000), random.uniform(0.2, 1.5)
        edges = [centre * 2 ** (-octaves / 2), min(centre * 2 ** (octaves / 2), 7600)]
        return scipy.signal.sosfilt(scipy.signal.butter(1, edges, "band", fs=SAMPLE_RATE, output="sos"), audio)
    corner = _log_uniform(random, 120, 7500) if kind == "low" else _log_uniform(random, 30, 4000)
    order = int(random.integers(1, 4))
    return scipy.signal.sosfilt(scipy.signal.butter(order, corner, kind, fs=SAMPLE_RATE, output="sos"), audio)


def _transposed(audio, random):
    factor = 2 ** random.uniform(-1, 1)
    if factor > 1:
        return scipy.signal.resample_poly(audio, 100, int(100 * factor))
    return np.interp(np.arange(int(len(audio) / factor)) * factor, np.arange(len(audio)), audio)


def _driven(audio, random):
    audio = audio / (np.max(np.abs(audio)) + 1e-9)
    return np.tanh(audio * _log_uniform(random, 0.7, 12)) if random.random() < 0.35 else audio


def _finished(audio, random):
    if random.random() < 0.25:
        audio = np.concatenate([np.zeros(int(random.integers(0, 600))), audio])
    if random.random() < 0.3:
        audio = audio[: int(_log_uniform(random, 1200, 16000))].copy()
        audio[-200:] *= np.linspace(1, 0, 200)
    audio = np.concatenate([audio, np.zeros(CLIP_SAMPLES)])[:CLIP_SAMPLES]
    if random.random() < 0.25:
        floor = np.max(np.abs(audio)) * 10 ** (random.uniform(-80, -30) / 20)
        audio = audio + random.standard_normal(CLIP_SAMPLES) * floor
    audio = _coloured(audio, random) if random.random() < 0.4 else audio
    audio = audio / (np.max(np.abs(audio)) + 1e-9) * 10 ** (random.uniform(-20, -0.2) / 20)
    return np.round(np.clip(audio, -1, 1) * 32767).astype(np.int16)


def _envelope(attack, decay):
    return np.exp(-_TIME / decay) * np.minimum(_TIME / attack, 1)


def _unit(audio):
    return audio / (np.sqrt(np.mean(audio**2)) + 1e-9)


def _log_uniform(random, low, high) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


if __name__ == "__main__":
    main()
