"""Callbacks: be told while a run goes on, by implementing the hooks of its life.

    python examples/gallery/callbacks.py [FOLDER]

A listener is any object with hook implementations. What it returns is ignored, and a fault of its own never stops the run.
Installed as a distribution, a listener hears every run: see examples/run_logger_plugin/.
"""

import sys
import tempfile
from pathlib import Path

from orchestra_core import Pipeline, get_registry, hookimpl

folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)


class Storyteller:
    """Tells in a few lines how a run goes; hooks take only the arguments they need."""

    def __init__(self) -> None:
        self.best = float("inf")
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        """Print a line and keep it."""
        print(line)
        self.lines.append(line)

    @hookimpl
    def orchestra_run_started(self, run):
        """Be told that a run begins."""
        asked = ", ".join(f"{name} {value:+.2f}" for name, value in run.targets[0].items())
        self.tell(f"asked: {asked}")

    @hookimpl
    def orchestra_stage_started(self, stage, steps):
        """Be told that a stage begins."""
        self.tell(f"stage {stage}, at most {steps} steps")
        self.best = float("inf")  # each stage weighs the terms in its own way

    @hookimpl
    def orchestra_steps_finished(self, rows):
        """Be told what the last steps gave."""
        for row in rows:
            if row.loss < 0.5 * self.best:
                self.best = row.loss
                self.tell(f"  step {row.step:3}: loss {row.loss:8.4f}, valence {row.readings['valence']:+.3f}")

    @hookimpl
    def orchestra_run_finished(self, results):
        """Be told that a run is finished."""
        self.tell("ends: " + ", ".join(f"{name} {error:+.3f} off" for name, error in results[0].errors.items()))


storyteller = Storyteller()
with get_registry().registered(storyteller):
    Pipeline(score="melody", schedule={"name": "staged", "config": {"search": 6}}).compose("calm", seed=3)
(folder / "story.txt").write_text("\n".join(storyteller.lines) + "\n")
