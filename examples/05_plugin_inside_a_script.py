"""A plugin inside a script: an instrument of your own, composed with by name, or passed as it is.

    python examples/05_plugin_inside_a_script.py [FOLDER]

The next step is a distribution of its own: see third_party_plugin/.
"""

import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Descriptor, Instrument, Parameter, Pipeline, get_registry, hookimpl


class Bell(Instrument):
    """Strikes a bell at every note: a carrier whose phase is modulated, less and less as it fades."""

    capabilities = frozenset({"differentiable", "notes", "pitched", "rate_free"})

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        notes = brief.notes()

        def shared(name: str, start: float, unit: str, lower: float, upper: float, description: str) -> Parameter:
            return Parameter(name, "timbre", torch.full((len(brief),), start), unit, lower, upper, description)

        return (
            Parameter("strike", "dynamics", notes.velocity.clamp(0.01, 0.99), "1", 0.0, 1.0, "How hard each bell is struck"),
            shared("ring", 0.8, "s", 0.05, 4.0, "Time in which a bell fades to 1/e"),
            shared("metal", 2.0, "rad", 0.0, 8.0, "Depth of the modulation at the strike"),
            Parameter("onset", "score", notes.onset, "s", fixed=True),
            Parameter("pitch", "score", notes.pitch, "MIDI", fixed=True),
            Parameter("mask", "score", notes.mask, fixed=True),
        )

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        time = torch.arange(canvas.samples) / canvas.sample_rate
        since = time - values["onset"][:, :, None]  # (batch, notes, samples)
        turn = 2 * math.pi * 440 * 2 ** ((values["pitch"] - 69) / 12)[:, :, None] * since
        fading = torch.exp(-since.clamp_min(0) / values["ring"][:, None, None])
        sound = torch.sin(turn + values["metal"][:, None, None] * fading * torch.sin(1.4 * turn))
        attack = (since / 0.005).clamp(0, 1)  # without it every strike would click
        loud = values["strike"] * values["mask"]
        return 0.2 * (loud[:, :, None] * attack * fading * sound).sum(dim=1)


class Foundry:
    """The plugin: an object whose hooks say what it provides."""

    @hookimpl
    def orchestra_instruments(self) -> list[Descriptor]:
        """Provide the instrument ``bell``."""
        return [Descriptor("bell", f"{__name__}:Bell", "A struck bell", capabilities=Bell.capabilities)]


def main() -> None:
    """Compose twice with the same instrument."""
    folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
    canvas, schedule = Canvas(duration=3.0), {"name": "staged", "config": {"search": 4}}

    # By name: the registry knows the plugin as if it were installed, and the name stands in run.json.
    with get_registry().registered(Foundry()):
        print("instruments:", ", ".join(entry.name for entry in get_registry().entries("instrument")))
        result = Pipeline(instrument="bell", schedule=schedule).compose("dreamy", canvas=canvas, directory=folder / "by_name")
        print("by name:  ", {name: round(value, 3) for name, value in result.readings.items()}, folder / "by_name")

    # The shorter way: pass the object. The music is the same; only its folder cannot make it again without this script.
    result = Pipeline(instrument=Bell(), schedule=schedule).compose("dreamy", canvas=canvas, directory=folder / "as_object")
    print("as object:", {name: round(value, 3) for name, value in result.readings.items()}, folder / "as_object")


if __name__ == "__main__":
    main()
