"""Benchmark of the preparation: time per song and memory, against the plain librosa loop in a process pool on the same cores.

Makes a corpus of MP3 files in DEAM's layout (44.1 kHz stereo excerpts of 45 s at 128 kbit/s unless told otherwise, of
noisy music made here, or cut from recordings given with ``--audio``), then prepares it by turns in both ways::

    python tests/benchmarks/prepare.py [--songs 40] [--workers 2] [--rounds 3] [--audio FOLDER] [-o TABLE.md]

The plain loop is what one writes first: `librosa.load` of the song, `melspectrogram` and `power_to_db` of each window,
standardised, everything returned to the parent and kept. Both get the same number of processes of one thread each
(``--free`` lets the loop's have as many as their libraries like); their start, with its imports, is timed apart. Memory
and processor time are those of all processes together, memory as proportional set sizes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile

from orchestra_deam.corpora.table import Clip, Corpus, CorpusCard
from orchestra_deam.preparation.prepare import prepare_corpus

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
STARTS = tuple(15.0 + 5.0 * index for index in range(6))
CARD = CorpusCard("deam", "benchmark", "va", "perceived", "", "", "", "")


@dataclass(frozen=True)
class Timing:
    """One preparation: wall and processor time per song (ms), both once the processes are warm; wall time until the first
    song (s), and most memory (MB)."""

    wall: float
    cpu: float
    start: float
    memory: float


def main() -> None:
    """Make the corpus, prepare it by turns, print and write the table."""
    arguments = parse()
    os.environ |= dict.fromkeys(THREADS, "1")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = make_corpus(root / "MEMD_audio", arguments)
        ways: dict[str, Callable[[Path], Timing]] = {
            "librosa loop": lambda _: measure(partial(librosa_loop, paths, arguments.workers, arguments.free), len(paths)),
            "orchestra": lambda out: measure(partial(orchestra, root, paths, out, arguments.workers), len(paths)),
        }
        found: dict[str, list[Timing]] = {name: [] for name in ways if arguments.only in ("", name)}
        for number in range(arguments.rounds):
            for name, timings in found.items():
                timings.append(ways[name](root / f"out{number}"))
                print(number, name, timings[-1], flush=True)
    text = report(found, paths, arguments)
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=44_100)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--free", action="store_true", help="Let the loop's libraries choose their number of threads.")
    parser.add_argument("--only", default="", choices=["", "librosa loop", "orchestra"], help="Prepare in one way only.")
    parser.add_argument("--audio", type=Path, help="Recordings to cut the songs from, instead of made ones.")
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def librosa_loop(paths: Iterable[Path], workers: int, free: bool, told: Callable[[int], None]) -> None:
    """Prepare songs as one writes it first; tell how many are done."""
    features = []
    with threads_as_they_come(free), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for windows in pool.map(librosa_song, paths):
            features.append(windows)
            told(len(features))
    np.stack(features)


@contextmanager
def threads_as_they_come(free: bool) -> Iterator[None]:
    """Let processes that are started meanwhile choose their number of threads, if `free`."""
    kept = {name: os.environ.pop(name) for name in THREADS} if free else {}
    yield
    os.environ |= kept


def librosa_song(path: Path) -> np.ndarray:
    """Return the standardised mel windows of a song."""
    import librosa

    audio, rate = librosa.load(path, sr=44_100)
    windows = []
    for start in STARTS:
        clip = audio[int(start * rate) : int((start + 5.0) * rate)]
        mel = librosa.feature.melspectrogram(y=clip, sr=rate, n_fft=2048, hop_length=512, n_mels=128, fmax=8000)
        decibels = librosa.power_to_db(mel, ref=np.max)
        windows.append((decibels - decibels.mean()) / (decibels.std() + 1e-6))
    return np.stack(windows)


def orchestra(root: Path, paths: Iterable[Path], out: Path, workers: int, told: Callable[[int], None]) -> None:
    """Prepare songs with orchestra; tell how many are done."""
    clips = [
        Clip("deam", path.stem, path.stem, "", start, 5.0, 0.0, 0.0, source=path.relative_to(root).as_posix(), kind="audio")
        for path in paths
        for start in STARTS
    ]
    corpus = Corpus(CARD, root, tuple(clips))
    prepare_corpus(corpus, out, workers=workers, progress=lambda done, _: told(done))


def measure(run: Callable[[Callable[[int], None]], None], songs: int) -> Timing:
    """Time a preparation; songs done while the processes start are not counted."""
    # The first songs of every process bear its imports.
    warm, stamps, spent = songs // 4, [], []
    watch = Watch()
    begun = time.perf_counter()

    def told(done: int) -> None:
        if done:
            stamps.append(time.perf_counter())
        if done in (warm, songs):
            spent.append(watch.processor())

    with watch:
        run(told)
    counted = songs - warm
    wall = (stamps[-1] - stamps[warm - 1]) / counted * 1e3
    return Timing(wall, (spent[1] - spent[0]) / counted * 1e3, stamps[0] - begun, watch.most)


class Watch:
    """Follows the proportional set size of this process and its descendants, in MB, and their processor time.

    Looking costs some processor time itself, which is taken off.
    """

    def __init__(self) -> None:
        self.most, self._own = 0.0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(1.0):
            self.most = max(self.most, sum(proportional(pid) for pid in family(os.getpid())))
            self._own = time.thread_time()

    def processor(self) -> float:
        """Return the processor time of all processes up to now, in s."""
        return sum(processor(pid) for pid in family(os.getpid())) - self._own


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    try:
        lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return [pid]
    return [pid, *(one for child in " ".join(lists).split() for one in family(int(child)))]


def proportional(pid: int) -> float:
    """Return the proportional set size of a process in MB; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def processor(pid: int) -> float:
    """Return the processor time of a process in s; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_corpus(folder: Path, arguments: argparse.Namespace) -> list[Path]:
    """Write the songs and return their paths; few different ones, copied under many names."""
    folder.mkdir(parents=True)
    sounds = list(recordings(arguments)) if arguments.audio else [noisy_music(seed, arguments.rate) for seed in range(4)]
    encoded = []
    for index, mono in enumerate(sounds):
        channels = [np.roll(mono, 40 * channel) * (1.0 - 0.3 * channel) for channel in range(arguments.channels)]
        path = folder / f"sound{index}.mp3"
        level = {"bitrate_mode": "CONSTANT", "compression_level": 0.62}  # 128 kbit/s at 44.1 kHz
        soundfile.write(path, np.stack(channels, axis=1), arguments.rate, format="MP3", **level)
        encoded.append(path.read_bytes())
        path.unlink()
    paths = [folder / f"{number}.mp3" for number in range(2, 2 + arguments.songs)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded[number % len(encoded)])
    return paths


def noisy_music(seed: int, rate: int) -> np.ndarray:
    """Return 45.2 s of chords that decay, with noise on every beat."""
    generator = np.random.default_rng(seed)
    time_axis = np.arange(round(45.2 * rate)) / rate
    audio = np.zeros_like(time_axis)
    for beat in np.arange(0, 45, 0.5):
        since = np.clip(time_axis - beat, 0, None) * (time_axis < beat + 2)
        for pitch in generator.integers(40, 80, 3):
            frequency = 440 * 2 ** ((pitch - 69) / 12)
            for number in range(1, 6):
                audio += np.sin(2 * np.pi * number * frequency * since) * np.exp(-3 * since) * (since > 0) / number
        audio += generator.standard_normal(len(audio)) * np.exp(-20 * since) * (since > 0) * 0.5
    return (audio / np.abs(audio).max() * 0.9).astype(np.float32)


def recordings(arguments: argparse.Namespace) -> Iterable[np.ndarray]:
    """Yield eight stretches of 45.2 s of the recordings, mono, each of as many recordings as it takes."""
    import soxr

    held = np.zeros(0, dtype=np.float32)
    made = 0
    for path in sorted(arguments.audio.iterdir())[::17]:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        held = np.concatenate([held, soxr.resample(audio.mean(axis=1), rate, arguments.rate)])
        if len(held) >= 45.2 * arguments.rate and made < 8:
            yield held[: round(45.2 * arguments.rate)]
            held, made = np.zeros(0, dtype=np.float32), made + 1


def report(found: dict[str, list[Timing]], paths: list[Path], arguments: argparse.Namespace) -> str:
    """Return the table: medians over the rounds, and the ratio."""
    bits = 8 * paths[0].stat().st_size / 45.2 / 1000 if paths[0].is_file() else 128
    head = (
        f"{arguments.songs} songs of 45 s, {arguments.rate} Hz, {arguments.channels} channels, {bits:.0f} kbit/s; "
        f"{arguments.workers} processes; medians of {arguments.rounds} rounds by turns.\n\n"
        "| way | ms per song | processor ms per song | s until the first song | MB |\n| --- | --- | --- | --- | --- |\n"
    )
    lines = []
    for name, timings in found.items():
        wall, cpu, start, memory = (statistics.median(getattr(t, f) for t in timings) for f in ("wall", "cpu", "start", "memory"))
        lines.append(f"| {name} | {wall:.1f} | {cpu:.1f} | {start:.1f} | {memory:.0f} |")
    if len(found) < 2:
        return head + "\n".join(lines) + "\n"
    ratios = [a.wall / b.wall for a, b in zip(found["librosa loop"], found["orchestra"], strict=True)]
    cheaper = [a.cpu / b.cpu for a, b in zip(found["librosa loop"], found["orchestra"], strict=True)]
    return head + "\n".join(lines) + f"\n\nTimes as fast per song: {in_words(ratios)}; by processor time {in_words(cheaper)}.\n"


def in_words(values: list[float]) -> str:
    """Return the median of values, and all of them."""
    return f"median {statistics.median(values):.2f} ({', '.join(f'{value:.2f}' for value in values)})"


if __name__ == "__main__":
    main()
