"""Read a file: what the oracle hears in a recording, over time and on average.

    python examples/04_read_a_file.py [FOLDER [AUDIO FILE]]

The same on the command line: orchestra listen FILE
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd

from orchestra_core import Canvas, Note, Score, build, listen, write_wav
from orchestra_piano.instrument import PianoAdsr

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)


def make_recording(path: Path) -> Path:
    """Write 15 s of piano: slow, soft minor chords that turn into fast, loud major ones."""
    slow = [Note(pitch, 1.5 * bar, 1.5, 0.3) for bar in range(5) for pitch in (45, 52, 57, 60)]
    fast = [Note(pitch, 7.5 + 0.25 * beat, 0.2, 0.9) for beat in range(30) for pitch in (60 + 12 * (beat % 2), 64, 67, 72)]
    audio = PianoAdsr().perform(Score((*slow, *fast)), Canvas(duration=15.0))
    return write_wav(path, 0.9 * audio / audio.abs().max(), 44_100)


recording = Path(sys.argv[2]) if sys.argv[2:] else make_recording(folder / "recording.wav")

oracle = build("oracle", "deam_cnn").component
listening = listen(recording, oracle, hop=1.0)  # a window of 5 s every second

table = pd.DataFrame({"start": listening.start, "end": listening.end, **listening.values})
table.to_csv(folder / "readings.csv", index=False)
print(f"{recording}: {listening.duration:.1f} s")
print(table.round(3).to_string(index=False))
print("on average:", {name: round(value, 3) for name, value in listening.mean.items()})
print("wrote", folder / "readings.csv")
