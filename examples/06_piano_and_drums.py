"""Play piano and drums together: an ensemble under the emotion oracle, with a score that two sources write.

python examples/06_piano_and_drums.py [FOLDER]
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from orchestra_core import Pipeline

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

# By default an ensemble is a piano and percussion, and plays a melody over a drum pattern at one tempo. Any instruments can be
# voices; here the drums start 6 dB softer, and the pattern has three styles to choose from.
ensemble = {"name": "ensemble", "config": {"gains": {"drums": -6.0}}}
pattern = {"name": "pattern", "config": {"styles": ["rock", "breakbeat", "sparse"], "kits": [0], "tempos": [100.0]}}
band = {"name": "band", "config": {"sources": {"piano": "melody", "drums": pattern}}}
pipeline = Pipeline(instrument=ensemble, score=band, oracle="deam_cnn", schedule={"name": "staged", "config": {"search": 9}})

for word in ("excited", "calm"):
    result = pipeline.compose(word, seed=7, directory=folder / word)
    reached = ", ".join(f"{name} {result.readings[name]:+.2f} (target {target:+.2f})" for name, target in result.targets.items())
    notes = Counter(note.part.name for note in result.notes.notes)
    moved = {p.name for p in result.parameters if not p.fixed and abs(p.final - p.initial).max() > 1e-3}
    print(f"{word}: {reached}")
    print(f"  {notes['piano']} notes of the piano, {notes['drums']} hits of drums, style {result.choice['drums.style']}")
    for voice in ("piano", "drums"):
        print(f"  moved in the {voice}: {len([name for name in moved if name.startswith(voice)])} parameters")
    level = {p.name: p.final.item() for p in result.parameters if p.group == "mix" and p.name.startswith("mix.")}
    print("  mix:", ", ".join(f"{name.removeprefix('mix.')} {gain:+.1f} dB" for name, gain in level.items()))
    print(f"  {folder / word}: a track for each voice in notes.mid")
