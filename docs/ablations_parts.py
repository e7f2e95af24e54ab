"""The parts of ``docs/ablations.py`` that the project does not have: what its system would be without each of its ideas.

`render_lengths` and `optimise_lengths` are outside the contracts, because the shape of what they render follows from the values
of the parameters; `Gate`, `GatedSines` and `Distance` are ordinary parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from orchestra_core import Brief, Canvas, Envelope, Evaluation, Note, Oracle, Parameter, Score, Take
from orchestra_match.match import Match
from orchestra_piano import PianoAdsr
from orchestra_staged.optimizers import Descent

#: Slope of the published edges, per second, and how long before and after a note they are worth rendering (-100 dB).
ALPHA, TAIL = 100.0, 0.115
_NOTE = ("onset", "duration", "amplitude", "pitch")
_GROUP = 6


class Gate(Envelope):
    """No envelope: E(t) = 1 always, so that only the edges of the instrument begin and end a note."""

    capabilities = frozenset({"differentiable", "rate_free"})

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        return ()

    def _levels(self, time: Tensor, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        return torch.ones_like(time)

    def _span(self, duration: Tensor, values: Mapping[str, Tensor]) -> Tensor:
        return duration + TAIL


class GatedSines(PianoAdsr):
    """The published equation without its envelope: sines between two sigmoids, on a fixed canvas.

    `piano_adsr` renders a note from its onset on, where its envelopes are 0; here half of the first edge lies before.
    """

    def __init__(self) -> None:
        super().__init__(partials=1, envelope=Gate(), edges="literal", quietest=0.0)

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        item, note = values["mask"].bool().nonzero(as_tuple=True)
        audio = values["onset"].new_zeros(len(values["onset"]), canvas.samples)
        # Notes of about the same length together: all windows of a group are as long as its longest.
        for row in values["duration"][item, note].argsort().split(_GROUP):
            audio = audio + _sound({name: values[name][item[row], note[row]] for name in _NOTE}, item[row], len(audio), canvas)
        return audio


def _sound(note: Mapping[str, Tensor], item: Tensor, batch: int, canvas: Canvas) -> Tensor:
    place = _windows(note["onset"], note["duration"], canvas)
    time = place / canvas.sample_rate
    since = (time - note["onset"].detach().double()[:, None]).to(note["onset"].dtype)
    since = since - (note["onset"] - note["onset"].detach())[:, None]
    gate = torch.sigmoid(ALPHA * since) * torch.sigmoid(ALPHA * (note["duration"][:, None] - since))
    turns = time * frequency(note["pitch"])[:, None]
    carrier = note["amplitude"][:, None] * torch.sin((2 * math.pi * (turns - turns.floor())).to(since.dtype))
    # What lies before or after the canvas falls on a margin that is cut off.
    margin = place.shape[1]
    width = canvas.samples + 2 * margin
    at = item[:, None] * width + (place + margin).clamp(0, width - 1)
    audio = since.new_zeros(batch * width).index_add(0, at.flatten(), (gate * carrier).flatten())
    return audio.view(batch, width)[:, margin : margin + canvas.samples]


class Distance(Match):
    """The Euclidean distance of the reading to the target in the plane of arousal and valence, as one loss term.

    Its gradient is not finite where the distance is 0.
    """

    def __init__(self, oracle: Oracle) -> None:
        super().__init__(oracle, scale=1.0)

    @property
    def terms(self) -> tuple[str, ...]:
        """One."""
        return ("distance",)

    def _evaluate(self, take: Take) -> Evaluation:
        squares = super()._evaluate(take)
        return Evaluation({"distance": torch.stack(list(squares.terms.values())).sum(0).sqrt()}, squares.readings)


def frequency(pitch: Tensor) -> Tensor:
    """Return the frequencies in Hz of MIDI pitches, in double precision."""
    return 440.0 * 2 ** ((pitch.double() - 69) / 12)


def _windows(onset: Tensor, duration: Tensor, canvas: Canvas) -> Tensor:
    """Return the numbers of the samples that notes sound in, shape (notes, longest)."""
    first = ((onset.detach().double() - TAIL) * canvas.sample_rate).floor().long()
    longest = math.ceil((float(duration.detach().max()) + 2 * TAIL) * canvas.sample_rate) + 1
    return first[:, None] + torch.arange(longest)


@dataclass(frozen=True, eq=False)
class Lengths:
    """What became of notes of directly parameterised length.

    Parameters
    ----------
    length, amplitude : sequence of float
        Of each note, at the best step: seconds, and from 0 to 1.
    samples : sequence of int
        Length of the audio, by step.
    broke : int or None
        The step that could not be made; there are none after it.
    """

    length: Sequence[float]
    amplitude: Sequence[float]
    samples: Sequence[int]
    broke: int | None


def voices_of(score: Score) -> list[list[int]]:
    """Return which notes follow each other: every note goes to the first voice that is silent at its onset."""
    voices: list[list[int]] = []
    for index in sorted(range(len(score.notes)), key=lambda i: (score.notes[i].onset, score.notes[i].pitch)):
        onset = score.notes[index].onset
        free = (voice for voice in voices if _end(score.notes[voice[-1]]) <= onset + 1e-9)
        voice = next(free, None)
        if voice is None:
            voices.append([index])
        else:
            voice.append(index)
    return voices


def render_lengths(score: Score, length: Tensor, amplitude: Tensor, sample_rate: int) -> Tensor:
    """Return notes laid end to end, each of as many samples as its length amounts to, and the rests of the score between.

    Parameters
    ----------
    score : Score
        Pitches and rests.
    length : Tensor [shape=(notes,)]
        Seconds. A note has ``round(length * sample_rate)`` samples, at times that are spread evenly over its length: without
        that no gradient at all would reach it.
    amplitude : Tensor [shape=(notes,)]
        Of each note.
    sample_rate : int
        Hz.

    Returns
    -------
    Tensor [shape=(samples,)]
        As long as the longest voice turns out to be.

    Raises
    ------
    RuntimeError
        A length is below 0.
    """
    voices = []
    for voice in voices_of(score):
        end, pieces = 0.0, []
        for index in voice:
            note = score.notes[index]
            pieces.append(torch.zeros(round((note.onset - end) * sample_rate)))
            pieces.append(amplitude[index] * _tone(float(frequency(torch.tensor(note.pitch))), length[index], sample_rate))
            end = _end(note)
        voices.append(torch.cat(pieces))
    return pad_sequence(voices, batch_first=True).sum(0)


def played(score: Score, length: Sequence[float], amplitude: Sequence[float]) -> Score:
    """Return the notes that `render_lengths` makes: where each one begins follows from all before it in its voice."""
    notes = []
    for voice in voices_of(score):
        late = 0.0
        for index in voice:
            note = score.notes[index]
            if length[index] > 0:
                notes.append(Note(note.pitch, note.onset + late, length[index], amplitude[index]))
            late += length[index] - note.duration
    return Score(tuple(sorted(notes, key=lambda note: (note.onset, note.pitch))), score.tempo, score.metre, score.key)


def optimise_lengths(
    score: Score, oracle: Oracle, targets: Mapping[str, float], steps: int, rates: tuple[float, float]
) -> Lengths:
    """Move lengths and amplitudes of notes by the Euclidean distance, at most so many steps; the best values are kept.

    Parameters
    ----------
    score : Score
        Where it starts.
    oracle : Oracle
        What hears.
    targets : mapping of str to float
        Readings.
    steps : int
        At most.
    rates : (float, float)
        Learning rates of the lengths, in s, and of the logits of the amplitudes.

    Returns
    -------
    Lengths
        It breaks off where notes cannot be rendered, or loss or gradient are not finite: nothing guards it.
    """
    length = torch.tensor([note.duration for note in score.notes], requires_grad=True)
    loud = torch.logit(torch.tensor([note.velocity for note in score.notes])).requires_grad_()
    optimizers = [Descent("adam", [leaf], rate) for leaf, rate in zip((length, loud), rates, strict=True)]
    best, least = (length.tolist(), torch.sigmoid(loud).tolist()), math.inf
    samples: list[int] = []
    for step in range(steps):
        try:
            audio = render_lengths(score, length, torch.sigmoid(loud), min(oracle.sample_rates))
        except RuntimeError:
            return Lengths(*best, samples, step)
        samples.append(len(audio))
        loss = distance_of(audio, oracle, targets)
        length.grad = loud.grad = None
        loss.backward()
        if not all(bool(torch.isfinite(x).all()) for x in (loss, length.grad, loud.grad)):
            return Lengths(*best, samples, step)
        if loss.item() < least:
            best, least = (length.tolist(), torch.sigmoid(loud).tolist()), loss.item()
        torch.nn.utils.clip_grad_norm_([length, loud], 1.0)
        for optimizer in optimizers:
            optimizer.step()
    return Lengths(*best, samples, None)


def distance_of(audio: Tensor, oracle: Oracle, targets: Mapping[str, float]) -> Tensor:
    """Return the Euclidean distance of the reading of audio, shape (samples,), to targets, as a number with a gradient."""
    read = oracle.read_unchecked(audio[None], min(oracle.sample_rates))
    return torch.stack([(read[name][0] - target) ** 2 for name, target in targets.items()]).sum().sqrt()


def _tone(hertz: float, length: Tensor, sample_rate: int) -> Tensor:
    samples = round(float(length.detach()) * sample_rate)
    if samples < 0:
        raise RuntimeError(f"a note of {samples} samples")
    return torch.sin(2 * math.pi * hertz * torch.arange(samples) / max(samples, 1) * length)


def _end(note: Note) -> float:
    return note.onset + note.duration
