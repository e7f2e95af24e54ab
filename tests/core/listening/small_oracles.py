"""Small real oracles: the spectral centroid and the level of a clip."""

import torch

from orchestra_core.contracts.oracle import Dimension, Oracle


class Brightness(Oracle):
    """Spectral centroid in kHz of clips of 1 s."""

    sample_rates = (16_000,)
    clip_duration = 1.0

    @property
    def dimensions(self):
        return (Dimension("brightness", 0.0, 8.0, "kHz"),)

    def _read(self, clips, sample_rate):
        return {"brightness": centroid(clips, sample_rate) / 1000}


class Refusing(Brightness):
    """The same, for whole clips only."""

    short = "refuse"


class WholeClip(Brightness):
    """The same, for clips of any length."""

    clip_duration = None


class Feeling(Brightness):
    """Valence from brightness and arousal from level: an emotion oracle of two lines."""

    @property
    def dimensions(self):
        return (Dimension("arousal", -1, 1, "1", 0.0, 0.2), Dimension("valence", -1, 1, "1", 0.1, 0.3))

    def _read(self, clips, sample_rate):
        return {"arousal": clips.square().mean(1).sqrt() - 0.3, "valence": centroid(clips, sample_rate) / 4000 - 0.5}


def centroid(clips, sample_rate):
    """Return the centroid of the power spectrum in Hz."""
    power = torch.fft.rfft(clips).abs().square()
    frequency = torch.linspace(0, sample_rate / 2, power.shape[1])
    return (power * frequency).sum(1) / power.sum(1).clamp_min(1e-12)
