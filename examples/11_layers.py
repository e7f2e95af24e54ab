"""Play a piece of eight bars by piano, bass, pad and drums under each of two emotions, and look at the layers and the mix.

python examples/11_layers.py [FOLDER]
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from orchestra_core import Pipeline

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

# The ensemble has a piano, a bass, a pad and drums, and a score whichever its parts are named after: without "pad" and "drums"
# here, both would cost nothing. What no voice is named after, melody and harmony, is the piano's.
parts = ["melody", "harmony", "bass", "pad", "drums"]
rules = {"name": "rules", "config": {"key": "D", "parts": parts}}
# A few steps for levels, dynamics, envelopes and spectra of all voices together.
stage = {"name": "expression", "groups": ["mix", "dynamics", "envelope", "timbre"], "steps": 6, "learning_rate": 0.1}
pipeline = Pipeline(instrument="ensemble", score=rules, schedule={"name": "staged", "config": {"stages": [stage]}})

for word in ("tender", "angry"):
    result = pipeline.compose(word, seed=3, stems=True, directory=folder / word)
    score = result.notes
    notes = Counter(note.part.name for note in score.notes)
    print(
        f"{word}: {score.key} at {score.tempo:.0f}, {score.end:.1f} s;", ", ".join(f"{n} of {name}" for name, n in notes.items())
    )
    reached = (f"{name} {result.readings[name]:+.2f} (target {target:+.2f})" for name, target in result.targets.items())
    print("  the oracle reads", ", ".join(reached))

    # A word hints at more than valence and arousal. Voices start from it: anger is bright and rough, and its attacks are short.
    moved = {p.name: (p.initial.item(), p.final.item()) for p in result.parameters if p.initial.size == 1 and not p.fixed}
    for name in ("piano.brightness", "piano.attack", "bass.roughness", "pad.attack"):
        print(f"  {name}: starts at {moved[name][0]:.3g}, ends at {moved[name][1]:.3g}")
    levels = {name: end for name, (_, end) in moved.items() if name.startswith("mix.")}
    print("  mix:", ", ".join(f"{name.removeprefix('mix.')} {level:+.1f} dB" for name, level in levels.items()))

    # Every part by itself; they sum to the piece.
    for name, stem in result.stems.items():
        print(f"    {name}: {10 * np.log10(np.mean(stem**2)):.1f} dB, peak {np.abs(stem).max():.2f}")
print("Tracks for all five parts are in", folder / "angry" / "notes.mid")
