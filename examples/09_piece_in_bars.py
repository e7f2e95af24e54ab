"""Write a piece of eight bars for each of two emotions, and look at what was written: key, bars, phrases, cadence.

python examples/09_piece_in_bars.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

from orchestra_core import Pipeline, melody_of, score_gates

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())

# `rules` writes from the target: mode by the sign of valence, register with valence, density, level and staccato with arousal.
# Nothing is searched, so that each step of the optimisation goes into how the notes are played.
quick = {
    "name": "staged",
    "config": {"stages": [{"name": "expression", "groups": ["dynamics", "envelope", "timbre"], "steps": 8}]},
}
by_rules = Pipeline(score={"name": "rules", "config": {"key": "D"}}, schedule=quick)
for word in ("happy", "sad"):
    result = by_rules.compose(word, seed=3, directory=folder / word)
    score = result.notes
    melody = melody_of(score)
    centre = sum(note.pitch for note in melody) / len(melody)
    print(f"{word}: {score.key}, {score.metre[0]}/{score.metre[1]} at {score.tempo:.0f}, {score.end:.1f} s")
    print(f"  {len(melody)} notes of the melody around MIDI {centre:.0f}, {len(score.notes)} in all")
    held = [f"{name} {gate.value:.3g}{'' if gate.passed else ' FAILED'}" for name, gate in score_gates(score).items()]
    print("  held to:", ", ".join(held))

# `song` has every choice open, and a schedule searches among them. What is named in the configuration is fixed.
song = {"name": "song", "config": {"key": "E dorian", "metres": ["6/8"], "bars": 8, "tempo": 90.0, "draws": 12}}
search = {"name": "staged", "config": {**quick["config"], "search": 12}}
result = Pipeline(score=song, schedule=search).compose("calm", seed=3, directory=folder / "calm")
key, tempo, draw = result.notes.key, result.notes.tempo, result.choice["draw"]
print(f"calm: {key}, {tempo:.0f}, on a canvas of {result.canvas.duration:.1f} s, draw {draw}")
print("Tracks for melody, harmony and bass, key, metre and tempo are in", folder / "calm" / "notes.mid")
