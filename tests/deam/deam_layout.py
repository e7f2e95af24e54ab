"""A small DEAM for tests: the official layout, with audio made here and labels whose right answers are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

#: Song, rate (Hz), channels and length (s): the kinds of audio that DEAM has.
SONGS = (
    (2, 44_100, 2, 45.1),
    (3, 22_050, 1, 45.0),
    (4, 16_000, 2, 44.6),
    (10, 48_000, 2, 45.05),
    (1001, 44_100, 1, 45.0),
    (2001, 44_100, 2, 52.0),
)
DYNAMIC = "annotations averaged per song/dynamic (per second annotations)"
STATIC = "annotations averaged per song/song_level"


@dataclass(frozen=True)
class Layout:
    """Where the parts of a small DEAM lie."""

    root: Path
    dynamic: Path
    static: Path
    audio: Path


def rating(song: int, milliseconds: int, dimension: str) -> float:
    """The dynamic ratings of the small DEAM: a slope over time."""
    slope = 0.01 if dimension == "arousal" else -0.005
    return round(song % 7 / 20 + slope * milliseconds / 1000, 6)


def write_labels(root: Path) -> tuple[Path, Path]:
    """Write label files with the faults of the real ones: columns that differ, blanks, other raters' files beside them."""
    dynamic, static = root / "annotations" / "annotations" / DYNAMIC, root / "annotations" / "annotations" / STATIC
    dynamic.mkdir(parents=True)
    static.mkdir(parents=True)
    last = {"arousal": 51_500, "valence": 50_500}
    for dimension, end in last.items():
        times = list(range(15_000, end + 1, 500))
        if dimension == "valence":
            times.reverse()  # never by position
        lines = ["song_id," + ",".join(f"sample_{time}ms" for time in times)]
        for song, _, _, length in SONGS:
            lasting = 45_000 if song < 2001 else length * 1000
            cells = [str(rating(song, time, dimension)) if time <= lasting else "" for time in times]
            lines.append(f"{song},{','.join(cells)}")
        (dynamic / f"{dimension}.csv").write_text("\n".join(lines) + "\n")
        each = (
            root / "annotations" / "annotations" / "annotations per each rater" / "dynamic (per second annotations)" / dimension
        )
        each.mkdir(parents=True)
        (each / "2.csv").write_text("WorkerId,sample_15000ms\na,0.9\n")
    first = "song_id, valence_mean, valence_std, arousal_mean, arousal_std\r\n"
    second = "song_id, valence_mean, valence_std, valence_ max_mean, valence_max_std, arousal_mean, arousal_std\r\n"
    rows = "".join(f"{song},{4 + song % 7 / 10},1.2,{6 - song % 7 / 10},0.8\r\n" for song, *_ in SONGS if song < 2001)
    (static / "static_annotations_averaged_songs_1_2000.csv").write_bytes((first + rows).encode())
    (static / "static_annotations_averaged_songs_2000_2058.csv").write_bytes((second + "2001,7,2,9,9,3,1\r\n").encode())
    return dynamic, static


def music(song: int, rate: int, channels: int, length: float) -> np.ndarray:
    """Audio of a song: partials below 8 kHz that change every second, shape (samples, channels)."""
    generator = np.random.default_rng(song)
    time = np.arange(round(length * rate)) / rate
    frequency = generator.uniform(200, 2000, int(length) + 1)[time.astype(int)]
    audio = np.sin(2 * np.pi * np.cumsum(frequency) / rate) * 0.3 + 0.02 * generator.standard_normal(len(time))
    return np.stack([audio * (1 - 0.4 * channel) for channel in range(channels)], axis=1).astype(np.float32)


def write_audio(folder: Path, suffix: str = ".mp3") -> None:
    """Write the songs as MP3 files of constant rate."""
    folder.mkdir(parents=True)
    for song, rate, channels, length in SONGS:
        options = {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": 0.5} if suffix == ".mp3" else {}
        soundfile.write(folder / f"{song}{suffix}", music(song, rate, channels, length), rate, **options)


def small_deam(root: Path) -> Layout:
    """Write a small DEAM with the nesting of the archives."""
    dynamic, static = write_labels(root)
    audio = root / "DEAM_audio" / "MEMD_audio"
    write_audio(audio)
    (audio / "._2.mp3").write_bytes(b"macOS")
    return Layout(root, dynamic, static, audio)
