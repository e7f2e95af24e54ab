"""Listening to a song of four minutes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from bench_commands import orchestra, run_command
from harness import Cost, compare, environment, spread, summary
from tables import Figure, Size, at_least, number, table

from orchestra_core import Canvas, Note, Score
from orchestra_piano import PianoAdsr

SECONDS = {Size.FULL: 240, Size.QUICK: 240, Size.SMOKE: 7}
ROUNDS = {Size.FULL: 3, Size.QUICK: 2, Size.SMOKE: 1}

#: Name of the file, rate in Hz, what it is called.
FORMATS = (("song.wav", 44_100, "WAV, 44.1 kHz"), ("song.mp3", 44_100, "MP3, 44.1 kHz"), ("song.flac", 48_000, "FLAC, 48 kHz"))
#: The one that the aim is held against, and the same with as many threads as torch takes by itself.
MARK, AS_MANY = FORMATS[0][2], "WAV, 44.1 kHz, a thread per core"

# After the import: making the oracle, decoding, resampling and reading, in a fresh process.
_LISTEN = """
import json, sys, time
import torch
from orchestra_core import build, listen
import orchestra_deam.oracle
wall, cpu = time.perf_counter(), time.process_time()
heard = listen(sys.argv[1], build("oracle", None).component)
print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))
"""


def measure(size: Size) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / file for file, _, name in FORMATS}
        for file, rate, _ in FORMATS:
            write_song(Path(folder) / file, SECONDS[size], rate)
        cases: dict[str, Callable[[], Cost]] = {name: _listening(path, 1) for name, path in files.items()}
        cases[AS_MANY] = _listening(files[MARK], None)
        cases["command"] = lambda: run_command(orchestra("listen", str(files[MARK]))).cost
        times = compare(cases, ROUNDS[size])
    speeds = {name: spread(SECONDS[size] / wall for wall in timing.wall) for name, timing in times.items()}
    return {"seconds": {name: summary(timing) for name, timing in times.items()}, "speeds": speeds, "song": SECONDS[size]}


def _listening(path: Path, threads: int | None) -> Callable[[], Cost]:
    def case() -> Cost:
        command = [sys.executable, "-c", _LISTEN, str(path)]
        done = subprocess.run(command, env=environment(threads), capture_output=True, text=True, check=True, timeout=300)
        return Cost(**json.loads(done.stdout.splitlines()[-1]))

    return case


def write_song(path: Path, seconds: int, rate: int) -> None:
    """Write a stereo piece for piano of that length."""
    notes = tuple(Note(40 + 7 * k % 37, 0.25 * k, 0.4, 0.5 + 0.4 * (k % 3)) for k in range(4 * seconds) if 0.25 * k < seconds)
    notes = tuple(Note(n.pitch, n.onset, n.duration, min(n.velocity, 1.0)) for n in notes)
    audio = PianoAdsr().perform(Score(notes), Canvas(duration=float(seconds), sample_rate=rate)).numpy()
    audio = 0.8 * audio / np.abs(audio).max()
    soundfile.write(path, np.stack([audio, np.roll(audio, 7)], 1), rate)


def figures(result: Mapping[str, Any]) -> list[Figure]:
    speeds = result["speeds"]
    return [at_least("`orchestra listen` on a song of 4 minutes, after import", speeds[MARK], 100, "x real time")]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    names = {"command": "`orchestra listen song.wav`, process start to exit"}
    rows = []
    for name, found in result["seconds"].items():
        costs = (number(found[clock], " s") for clock in ("wall", "cpu"))
        rows.append([names.get(name, f"{name}, after import"), *costs, number(result["speeds"][name], "x")])
    return {"listen": table([f"{result['song']} s of stereo", "clock", "processor", "times real time"], rows)}
