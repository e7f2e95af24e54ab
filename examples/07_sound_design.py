"""Design drums by words and numbers: descriptors as targets, a recording as the target, and the designed drum in a pattern.

python examples/07_sound_design.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from orchestra_core import Brief, Canvas, Pipeline, write_wav
from orchestra_core import build as build_part
from orchestra_percussion.controls import CONTROLS

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)

# Percussion names its own partners: a single hit to start from, of six kinds in ten kits, and a schedule that moves it all.
pipeline = Pipeline(instrument="percussion", oracle="timbre_cnn")


def show(name, result):
    """Print what was asked, what the saved file reads, and what a second network says that learned from other sources."""
    readings = {"oracle": result.readings}
    judge = build_part("oracle", {"name": "timbre_cnn", "config": {"weights": "judge"}}).component
    with torch.no_grad():
        heard = judge.read(torch.from_numpy(result.audio)[None], result.canvas.sample_rate)
    readings["judge"] = {key: float(value) for key, value in heard.items()}
    print(f"{name}: begun as a {result.choice['kind']}")
    for key, target in result.targets.items():
        print(f"  {key:10} asked {target:5.1f}   oracle {readings['oracle'][key]:5.1f}   judge {readings['judge'][key]:5.1f}")
    for message in result.messages:
        print(f"  {message}")


# By numbers: descriptors from 0 to 100. Those that are not named may fall where they like.
bright = pipeline.compose(targets={"brightness": 70, "boominess": 10}, seed=1, directory=folder / "bright")
show("bright and tight", bright)

# By a recording: its readings become the targets.
time = np.arange(16_000) / 16_000
thump = np.sin(2 * np.pi * (60 * time - 6 * np.exp(-time / 0.03))) * np.exp(-time / 0.12)
write_wav(folder / "thump.wav", 0.8 * thump.astype(np.float32), 16_000)
show("like a recording", pipeline.compose(like=folder / "thump.wav", seed=1, directory=folder / "like"))

# Descriptors hang together; targets that hardly any sound has are said to contradict one another.
show("bright and boomy", pipeline.compose(targets={"brightness": 75, "boominess": 60}, seed=1, directory=folder / "both"))

# The design is its parameters: here it plays a pattern, beside a plain kick.
designed = {p.name: torch.as_tensor(p.final) for p in bright.parameters}
canvas = Canvas(duration=4.0)
steps = {"kick": "X.....x.x.......", "snare": "....X..o....X..x"}
source = build_part("score", {"name": "pattern", "config": {"steps": steps}}).component
brief = Brief(canvas, {}, torch.tensor([1]))
brief = Brief(canvas, {}, brief.seeds, (source.write(brief, {"tempo": 100.0}, np.random.default_rng(1)),))
voice = pipeline.parts.instrument
values = {p.name: p.initial for p in voice.parameters(brief)}
for control in CONTROLS:  # drums lie in the order of their General MIDI numbers: the kick, then the snare
    values[control.name] = torch.cat([values[control.name][:, :1], designed[control.name][None]], dim=1)
pattern = voice.render(values, canvas)[0].numpy()
write_wav(folder / "pattern.wav", 0.9 * pattern / np.abs(pattern).max(), canvas.sample_rate)
print(f"{folder / 'pattern.wav'}: {len(brief.scores[0].notes)} hits, the snare as designed")
