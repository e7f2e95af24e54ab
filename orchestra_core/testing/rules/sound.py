"""Rules for what instruments sound like: level, silence, decay, pitch, aliasing, rates, longer canvases, stems."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.testing.rule import NotApplicable, expect, rule
from orchestra_core.testing.signals import level, share_below, strongest
from orchestra_core.testing.subject import Subject

_FAINTEST, _LOUDEST = 1e-4, 4.0
_SILENT_BEFORE = -50.0  # dB re peak
_SILENT_AFTER = -50.0
_CENTS = 5.0
_ALIASES = -50.0  # dB re everything
_RATES = (22_050, 44_100)
_END = 0.05  # s that an instrument may fade at the end of a canvas
_SAME = 1e-4  # re the peak, -80 dB
_RATE_DIFFERENCE = -30.0  # dB, between two rates, below 7 kHz


def played(subject: Subject, *scores: Score, duration: float, sample_rate: int | None = None) -> Tensor:
    """Return the audio of scores, one item each, on a canvas of another length, shape (scores, samples)."""
    brief = subject.setting.play(*scores, duration=duration, sample_rate=sample_rate)
    values = {p.name: p.initial.detach() for p in subject.component.parameters(brief)}
    audio: Tensor = subject.component.render(values, brief.canvas).detach()
    return audio


@rule(
    "instrument.amplitude",
    reason="Full scale is 1: what is far above clips or drowns everything, what is far below is lost in rounding.",
    fix="Scale the sum of all voices so that usual notes peak between 0.01 and 1.",
)
def amplitude(subject: Subject) -> None:
    """The audio of initial values is finite, and its peak is sane."""
    brief = subject.brief()
    values = {p.name: p.initial for p in subject.component.parameters(brief)}
    audio = subject.component._render(values, brief.canvas).detach()
    bad = int((~torch.isfinite(audio)).sum())
    expect(bad == 0, f"{bad} of {audio.numel()} samples are NaN or infinite; expected finite ones.")
    for peak in audio.abs().amax(dim=1).tolist():
        expect(_FAINTEST <= peak <= _LOUDEST, f"The audio peaks at {peak:.3g}; expected {_FAINTEST:g} to {_LOUDEST:g}.")


@rule(
    "instrument.offset",
    level="should",
    reason="A constant offset is not heard, eats headroom, and clicks at both ends.",
    fix="Take the mean out of waveforms, or of noise before it is shaped.",
)
def offset(subject: Subject) -> None:
    """The audio has no constant offset."""
    brief = subject.brief()
    values = {p.name: p.initial for p in subject.component.parameters(brief)}
    audio = subject.component.render(values, brief.canvas).detach()
    share = float((audio.mean(dim=1).abs() / audio.abs().amax(dim=1).clamp_min(1e-9)).max())
    expect(share < 0.02, f"The mean is {100 * share:.2g} % of the peak; expected less than 2 %.")


@rule(
    "instrument.silence",
    needs=("notes",),
    reason="What sounds before the first onset smears every attack, and is heard as a wrong rhythm.",
    fix="Let the contour be 0 before the onset; of two sigmoids, sharpen or shift the first.",
)
def silence(subject: Subject) -> None:
    """Nothing sounds before the first onset, up to 10 ms."""
    audio = played(subject, Score((Note(64, 0.3, 0.15),)), duration=0.5)[0]
    before = audio[: round(0.29 * subject.canvas.sample_rate)]
    found = 20 * math.log10(max(float(before.abs().max()), 1e-12) / max(float(audio.abs().max()), 1e-12))
    expect(found <= _SILENT_BEFORE, f"{found:.1f} dB re the peak sound before the onset; expected at most {_SILENT_BEFORE:g} dB.")


@rule(
    "instrument.decay",
    needs=("notes",),
    reason="A note that never ends fills the rest of the piece, and ends with a click.",
    fix="Release or fade every note; within 2.5 s of its end nothing of it should be left.",
)
def decay(subject: Subject) -> None:
    """Some time after the last note there is silence."""
    audio = played(subject, Score((Note(64, 0.1, 0.3),)), duration=3.0)[0]
    tail = level(audio[-audio.shape[0] // 20 :]) - 20 * math.log10(max(float(audio.abs().max()), 1e-12))
    expect(
        tail <= _SILENT_AFTER,
        f"{tail:.1f} dB re the peak sound 2.5 s after the last note; expected at most {_SILENT_AFTER:g} dB.",
    )


@rule(
    "instrument.pitch",
    needs=("notes", "pitched"),
    reason="Notes written as C are heard, exported and analysed as C.",
    fix="Use 440 * 2**((pitch - 69) / 12) Hz, and the rate of the canvas; take `pitched` away from noises.",
)
def pitch(subject: Subject) -> None:
    """The fundamental lies within 5 cents of the note."""
    pitches = (48, 60, 69, 84)
    audio = played(subject, *(Score((Note(pitch, 0.05, 0.9, 0.8),)) for pitch in pitches), duration=1.0)
    rate = subject.canvas.sample_rate
    for number, row in zip(pitches, audio, strict=True):
        nominal = 440.0 * 2 ** ((number - 69) / 12)
        steady = row[round(0.12 * rate) : round(0.9 * rate)]
        found, relative = strongest(steady, rate, 0.89 * nominal, 1.12 * nominal)
        cents = 1200 * math.log2(found / nominal)
        where = (
            f"The component next to note {number} ({nominal:.2f} Hz) is at {found:.2f} Hz, {cents:+.1f} cents, {relative:.0f} dB"
        )
        expect(abs(cents) <= _CENTS and relative > -30, f"{where}; expected within {_CENTS:g} cents and above -30 dB.")
        _, below = strongest(steady, rate, 0.45 * nominal, 0.55 * nominal)
        expect(below < -20, f"Half the frequency of note {number} sounds at {below:.0f} dB; expected nothing an octave below.")


@rule(
    "instrument.aliasing",
    needs=("notes", "pitched"),
    reason="Partials above half the sampling rate come back as wrong notes.",
    fix="Fade out partials before they reach half the canvas' rate; make sharp waveforms by summing partials.",
)
def aliasing(subject: Subject) -> None:
    """A very high note has no energy below its fundamental."""
    rate = 22_050
    audio = played(subject, Score((Note(120, 0.05, 0.4, 0.9),)), duration=0.5, sample_rate=rate)[0]
    nominal = 440.0 * 2 ** ((120 - 69) / 12)  # 8372 Hz: the partials 2 and 3 would come back at 5306 and 3066 Hz
    if float(audio.abs().max()) < _FAINTEST:
        raise NotApplicable("so high a note does not sound")
    found = share_below(audio[round(0.08 * rate) : round(0.42 * rate)], rate, 0.9 * nominal)
    expect(
        found <= _ALIASES, f"{found:.1f} dB of note 120's energy lie below 0.9 of its pitch; expected at most {_ALIASES:g} dB."
    )


@rule(
    "instrument.rate_free",
    needs=("rate_free",),
    reason="The problem optimises at the lowest rate that the objective hears, and renders the result at the canvas' rate.",
    fix="Write time as samples / rate, filter coefficients in Hz and s; or take `rate_free` away.",
)
def rates(subject: Subject) -> None:
    """The sound is the same at 22.05 and at 44.1 kHz."""
    duration = subject.canvas.duration
    low, high = (_rendered(subject, rate) for rate in _RATES)
    bins = round(7_000 * duration)
    one, other = (torch.fft.rfft(audio.double(), dim=1)[:, :bins] / audio.shape[1] for audio in (low, high))
    share = float((one - other).abs().square().sum() / one.abs().square().sum().clamp_min(1e-24))
    found = 10 * math.log10(share + 1e-24)
    expect(
        found <= _RATE_DIFFERENCE, f"Below 7 kHz two rates differ by {found:.1f} dB; expected at most {_RATE_DIFFERENCE:g} dB."
    )


@rule(
    "instrument.longer",
    needs=("notes",),
    level="should",
    reason="A loop is rendered beyond its end, and what rings there is heard at its beginning.",
    fix="Let notes sound from their own times; of the canvas, use its length for the number of samples and a ramp at the end.",
)
def longer(subject: Subject) -> None:
    """The same values sound the same on a longer canvas, but for the last 50 ms of the shorter one."""
    brief = subject.brief()
    values = {p.name: p.initial.detach() for p in subject.component.parameters(brief)}
    canvas = brief.canvas
    short, long = (
        subject.component.render(values, one).detach() for one in (canvas, replace(canvas, duration=canvas.duration + 1))
    )
    end = canvas.samples - round(_END * canvas.sample_rate)
    off = float((short - long[:, : canvas.samples])[:, :end].abs().max() / short.abs().max().clamp_min(1e-9))
    expect(
        off < _SAME, f"On a canvas that is 1 s longer the sound differs by {off:.2g} of its peak; expected less than {_SAME:g}."
    )


@rule(
    "instrument.stems",
    reason="Who mixes the stems of a piece has to get the piece back.",
    fix="Return sounds that sum to what `_finish` gives, one for each part; without parts to tell apart leave `_stems` out.",
)
def stems(subject: Subject) -> None:
    """The stems sum to what is exported, and are the same the second time."""
    end = subject.canvas.duration
    upper, lower = Part("melody"), Part("bass", 32)
    notes = (Note(67, 0.1 * end, 0.3 * end, part=upper), Note(48, 0.2 * end, 0.4 * end, part=lower))
    brief = subject.setting.play(Score(notes), Score(notes[::-1]), duration=end)
    values = {p.name: p.initial.detach() for p in subject.component.parameters(brief)}
    whole = subject.component.finish(values, brief.canvas).detach()
    parts, again = (subject.component.stems(values, brief) for _ in range(2))
    off = float((torch.stack(list(parts.values())).sum(dim=0) - whole).abs().max() / whole.abs().max().clamp_min(1e-9))
    expect(off < _SAME, f"The stems {', '.join(parts)} sum to {off:.2g} of the peak away from the whole; expected {_SAME:g}.")
    same = parts.keys() == again.keys() and all(torch.equal(stem, again[name]) for name, stem in parts.items())
    expect(same, "The stems differ the second time; expected the same samples.")


def _rendered(subject: Subject, rate: int) -> Tensor:
    brief = subject.brief(canvas=subject.canvas.at(rate))
    values = {p.name: p.initial.detach() for p in subject.component.parameters(brief)}
    audio: Tensor = subject.component.render(values, brief.canvas).detach()
    return audio


RULES = (amplitude, offset, silence, decay, pitch, aliasing, rates, longer, stems)
