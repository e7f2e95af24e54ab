"""The front end ``cues``: audio to a vector of musical cues: harmony, register, rhythm, dynamics and timbre."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from orchestra_core.errors import ParameterError
from orchestra_deam.config import BackendName
from orchestra_deam.front_end import mel_bank, power_spectrum
from orchestra_deam.motion import Motion
from orchestra_deam.semitones import magnitudes, note_atoms, salience, semitone_bank
from orchestra_deam.tonality import Tonality

#: Window and hop in samples by native rate, of the long spectrum (372 ms every 93 ms) and of the short one (93 ms every 23 ms).
LONG_SIZES = {22_050: (8192, 2048), 44_100: (16_384, 4096)}
SHORT_SIZES = {22_050: (2048, 512), 44_100: (4096, 1024)}
#: Mel bands of the short spectrum, and how many cues there are.
BANDS = 96
COUNT = 351

_TINY = 1e-30


class CueFrontEnd:
    """Musical cues of a clip, without any training: what its harmony, register, rhythm, dynamics and timbre are like.

    A spectrum in thirds of semitones is explained by notes with harmonics (non-negative least squares); the salience of
    pitches gives chroma, evidence for the 24 keys (three families of profiles, a smooth maximum over the twelve
    rotations), chords, degrees relative to a soft tonic, intervals, register and polyphony. A mel spectrogram gives
    onsets, level, articulation and spectral shape. Everything is relative to the clip's mean
    power, so blind to gain, and smooth, with finite gradients for silence too.

    Parameters
    ----------
    backend : {"auto", "torch", "torchaudio"}
        What computes the two spectra; ``auto`` is ``torch`` on every device.

    Raises
    ------
    ParameterError
        There is no such backend, or it is ``nnaudio``, whose kernels for so long a window take a gigabyte.

    References
    ----------
    .. [1] M. Mauch, S. Dixon (2010): Approximate note transcription for the improved identification of difficult chords.
       Proceedings of ISMIR.
    .. [2] J. Albrecht, D. Shanahan (2013): The use of large corpora to train a new type of key-finding algorithm.
       Music Perception 31.

    Examples
    --------
    >>> import torch
    >>> CueFrontEnd().arrays(torch.zeros(1, 110_250), 22_050)["cues"].shape
    torch.Size([1, 351])
    """

    name = "cues"
    rates = tuple(sorted(LONG_SIZES))

    def __init__(self, backend: BackendName = "auto") -> None:
        if backend not in ("auto", "torch", "torchaudio"):
            raise ParameterError(f"Backend is {backend!r}; the cues are heard through 'auto', 'torch' or 'torchaudio' only.")
        self._backend = backend
        self._tables: dict[tuple[int, torch.device, torch.dtype], _Tables] = {}

    def arrays(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        """Return the cues of clips by the name ``cues``.

        Parameters
        ----------
        clips : Tensor [shape=(n, samples)]
            Clips of 5 s.
        sample_rate : {22050, 44100}
            Their rate in Hz.

        Returns
        -------
        dict of str to Tensor [shape=(n, 351)]
            Differentiable.

        Raises
        ------
        ParameterError
            The rate is not one of the two.
        """
        return {"cues": torch.cat(list(self.named(clips, sample_rate).values()), 1)}

    def named(self, clips: Tensor, sample_rate: int) -> dict[str, Tensor]:
        """Return the cues of clips by what they are about, shape (n, k) each; `arrays` lines them up in this order."""
        tables = self._prepared(clips, sample_rate)
        heard = salience(magnitudes(tables.long(clips)), tables.atoms)
        return {**tables.tonality(heard), **tables.motion(relative_power(tables.short(clips)))}

    def backend(self, device: torch.device) -> str:
        """Return the backend used on that device."""
        return "torch" if self._backend == "auto" else self._backend

    def _prepared(self, clips: Tensor, sample_rate: int) -> _Tables:
        if sample_rate not in LONG_SIZES:
            raise ParameterError(f"Sample rate is {sample_rate} Hz; expected one of {sorted(LONG_SIZES)}: resample first.")
        key = (sample_rate, clips.device, clips.dtype)
        if key not in self._tables:
            # Made for gradients too, even if the first reading is asked for in inference mode.
            with torch.inference_mode(False):
                self._tables[key] = _tables(self.backend(clips.device), *key)
        return self._tables[key]


def relative_power(power: Tensor) -> Tensor:
    """Return powers, shape (n, bands, frames), relative to the clip's mean, shape (n, frames, bands)."""
    return (power / power.mean(dim=(1, 2), keepdim=True).clamp_min(_TINY)).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class _Tables:
    long: nn.Module
    short: nn.Module
    atoms: Tensor
    tonality: Tonality
    motion: Motion


def _tables(backend: str, sample_rate: int, device: torch.device, dtype: torch.dtype) -> _Tables:
    (long, long_hop), (short, short_hop) = LONG_SIZES[sample_rate], SHORT_SIZES[sample_rate]
    return _Tables(
        power_spectrum(backend, semitone_bank(long, sample_rate), long_hop, dtype, dtype).to(device),
        power_spectrum(backend, mel_bank(short, sample_rate, BANDS), short_hop, dtype, dtype).to(device),
        note_atoms().to(device, dtype),
        Tonality(device, dtype),
        Motion(BANDS, device, dtype),
    )
