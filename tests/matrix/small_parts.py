"""Parts unlike those that are installed: no notes, no gradient, no emotion. A plugin as any other, made of the test systems'."""

import torch
from percussion import Timbre

from orchestra_core import Descriptor, Dimension, Instrument, Oracle, Parameter, hookimpl


class Clicks(Instrument):
    """Clicks at a rate that is rounded to whole samples: there is no gradient, and no notes."""

    def _parameters(self, brief):
        start = torch.full((len(brief),), 10.0)
        return (Parameter("rate", "timing", start, "Hz", 2.0, 50.0, "Clicks per second"),)

    def _render(self, values, canvas):
        every = (canvas.sample_rate / values["rate"].detach()).round().long()
        return (torch.arange(canvas.samples) % every[:, None] == 0).to(values["rate"].dtype)


class Crest(Oracle):
    """Reads peak over root mean square, with numpy: it hears no emotion and has no gradient."""

    sample_rates = (22_050, 44_100)
    dimensions = (Dimension("crest", 0.0, 40.0, "dB"),)

    def _read(self, clips, sample_rate):
        import numpy as np

        heard = clips.detach().double().numpy()
        crest = 20 * np.log10((np.abs(heard).max(1) + 1e-9) / (np.sqrt((heard**2).mean(1)) + 1e-9))
        return {"crest": torch.from_numpy(crest).to(clips.dtype)}


@hookimpl
def orchestra_instruments():
    """Provide a drum, which plays no notes, and clicks."""
    return [
        Descriptor("drum", "percussion:Drum", "A drum without notes", capabilities=frozenset({"differentiable"})),
        Descriptor("clicks", "small_parts:Clicks", "Clicks without a gradient"),
    ]


@hookimpl
def orchestra_oracles():
    """Provide oracles that hear no emotion."""
    return [
        Descriptor("timbre", "percussion:Timbre", "Seven descriptors", capabilities=Timbre.capabilities),
        Descriptor("crest", "small_parts:Crest", "Peak over root mean square"),
    ]
