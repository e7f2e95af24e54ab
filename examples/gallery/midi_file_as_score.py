"""A MIDI file as score: the notes stay as they are written, and how they are played carries the emotion.

    python examples/gallery/midi_file_as_score.py [FOLDER [MIDI FILE]]

The same on the command line: orchestra compose tender --score FILE.mid
"""

import sys
import tempfile
from pathlib import Path

import mido

from orchestra_core import Pipeline

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)


def write_tune(path: Path) -> Path:
    """Write eight notes at 100 quarter notes a minute."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(100))])
    for pitch in (64, 62, 60, 62, 64, 64, 64, 60):
        track.append(mido.Message("note_on", note=pitch, velocity=70, time=0))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=480))
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


tune = Path(sys.argv[2]) if sys.argv[2:] else write_tune(folder / "tune.mid")
pipeline = Pipeline(score=tune)

for word in ("tender", "angry"):
    result = pipeline.compose(word, seed=1, directory=folder / word)
    pitches = [round(note.pitch) for note in result.notes.notes]
    velocity = sum(note.velocity for note in result.notes.notes) / len(pitches)
    readings = ", ".join(f"{name} {value:+.3f} (target {result.targets[name]:+.3f})" for name, value in result.readings.items())
    print(f"{word:7} {readings}; mean velocity {velocity:.2f}; pitches as written: {pitches}")
    # A file from outside is kept in the run folder, so that the folder alone makes the piece again.
    print("        kept:", *sorted(path.name for path in (folder / word / "inputs").iterdir()))
