"""The public methods of the contracts check what goes in and what an author's method gives back."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly

from orchestra_core import (
    Brief,
    Canvas,
    Dimension,
    Envelope,
    Evaluation,
    Instrument,
    Note,
    Objective,
    Oracle,
    Parameter,
    Schedule,
    Score,
    ScoreSource,
    Take,
)
from orchestra_core.contracts.component import CAPABILITIES
from orchestra_core.contracts.oracle import window_starts
from orchestra_core.errors import ContractError, IncompatibleError, ParameterError

CANVAS = Canvas(duration=0.1, sample_rate=8_000, level="as_is")
BRIEF = Brief(CANVAS, {}, torch.tensor([1, 2]))


class Tone(Instrument):
    """A sine whose amplitude is its only parameter; what it renders can be spoiled."""

    capabilities = frozenset({"differentiable"})

    def __init__(self, spoil=lambda audio: audio, parameters=None):
        self.spoil = spoil
        self.given = parameters

    def _parameters(self, brief):
        return self.given or (Parameter("level", "dynamics", torch.full((len(brief),), 0.5), "1", 0.0, 1.0),)

    def _render(self, values, canvas):
        time = torch.arange(canvas.samples) / canvas.sample_rate
        return self.spoil(values["level"][:, None] * torch.sin(2 * math.pi * 440 * time))


class Level(Oracle):
    """Root mean square and peak of clips of a tenth of a second at 8 kHz or 4 kHz."""

    capabilities = frozenset({"differentiable"})
    sample_rates = (4_000, 8_000)
    clip_duration = 0.1

    def __init__(self, spoil=lambda readings: readings):
        self.spoil = spoil
        self.seen = []

    @property
    def dimensions(self):
        return (Dimension("rms", 0.0, 1.0), Dimension("peak", 0.0, 1.0))

    def _read(self, clips, sample_rate):
        self.seen.append((tuple(clips.shape), sample_rate))
        return self.spoil({"rms": clips.square().mean(dim=1).sqrt(), "peak": clips.abs().amax(dim=1)})


class Distance(Objective):
    """The mean square of the audio."""

    def __init__(self, spoil=lambda evaluation: evaluation):
        self.spoil = spoil

    @property
    def terms(self):
        return ("power",)

    def _evaluate(self, take):
        power = take.audio.square().mean(dim=1)
        return self.spoil(Evaluation({"power": power}, {"power": power}))


class Ramp(Envelope):
    """A straight rise over the note."""

    def _parameters(self, brief):
        return (Parameter("slope", "envelope", torch.full((len(brief),), 0.5), "1", 0.0, 1.0),)

    def _levels(self, time, duration, values):
        return (time / duration[..., None] * values["slope"][:, None, None]).clamp(0, 1)

    def _span(self, duration, values):
        return duration


class OneNote(ScoreSource):
    """A note whose pitch is a choice."""

    def __init__(self, written=None):
        self.written = written

    @property
    def choices(self):
        return {"pitch": (60, 64), "long": (False, True)}

    def _write(self, brief, choice, generator):
        return self.written or Score((Note(choice["pitch"], 0.0, 2.0 if choice["long"] else 1.0),))


# Instrument


def test_an_instrument_renders_what_its_author_wrote():
    audio = Tone().render({"level": torch.tensor([0.2, 0.4])}, CANVAS)
    assert audio.shape == (2, 800)
    assert audio.abs().amax(dim=1).tolist() == pytest.approx([0.2, 0.4], rel=1e-2)
    assert Tone().notes({}, CANVAS) is None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a[:, :-1], r"Tone rendered audio of shape \(2, 799\); expected \(2, 800\)"),
        (lambda a: a[:1], r"Tone rendered audio of shape \(1, 800\)"),
        (lambda a: a[:, None], r"Tone rendered audio of shape \(2, 1, 800\)"),
        (lambda a: a / 0, "Tone rendered NaN or infinite samples"),
        (lambda a: a * math.nan, "Tone rendered NaN or infinite samples"),
    ],
)
def test_a_rendering_that_breaks_the_contract_names_the_instrument(spoil, message):
    with pytest.raises(ContractError, match=message):
        Tone(spoil).render({"level": torch.tensor([0.2, 0.4])}, CANVAS)


class Bell(Tone):
    """A tone that is exported an octave higher."""

    def _finish(self, values, canvas):
        time = torch.arange(canvas.samples) / canvas.sample_rate
        return self.spoil(values["level"][:, None] * torch.sin(2 * math.pi * 880 * time))


def test_what_is_exported_is_what_is_rendered_unless_the_author_finishes_it():
    values = {"level": torch.tensor([0.2, 0.4])}
    torch.testing.assert_close(Tone().finish(values, CANVAS), Tone().render(values, CANVAS))
    assert not torch.allclose(Bell().finish(values, CANVAS), Bell().render(values, CANVAS))


def test_what_is_finished_is_held_to_the_contract():
    with pytest.raises(ContractError, match=r"Bell rendered audio of shape \(2, 799\)"):
        Bell(lambda audio: audio[:, :-1]).finish({"level": torch.tensor([0.2, 0.4])}, CANVAS)
    with pytest.raises(ParameterError, match="Bell misses the value 'level'"):
        Bell().finish({"volume": torch.ones(2)}, CANVAS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"volume": torch.ones(2)}, "Tone misses the value 'level'; it was given: volume"),
        ({}, "Tone was given values of batch sizes no values"),
        ({"level": torch.ones(2), "x": torch.ones(3)}, "batch sizes level: 2, x: 3; expected one size for all"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_name(values, message):
    with pytest.raises(ParameterError, match=message):
        Tone().render(values, CANVAS)


def test_an_instrument_whose_own_table_lacks_a_key_is_not_blamed_on_the_values():
    def lookup(audio):
        return audio * {}["inside"]

    with pytest.raises(KeyError, match="inside"):
        Tone(lookup).render({"level": torch.ones(2), "inside": torch.ones(2)}, CANVAS)


def test_parameters_of_one_name_twice_are_refused():
    twice = [Parameter("x", "g", torch.ones(2)), Parameter("x", "h", torch.ones(2))]
    with pytest.raises(ContractError, match="Tone has several parameters named 'x'"):
        Tone(parameters=twice).parameters(BRIEF)


def test_a_parameter_of_the_wrong_batch_is_refused():
    with pytest.raises(ContractError, match="'x' starts with shape"):
        Tone(parameters=[Parameter("x", "g", torch.ones(3))]).parameters(BRIEF)


# Oracle


def noise(seconds, rate, batch=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, round(seconds * rate), generator=generator, dtype=torch.float64) * 0.1


@pytest.mark.parametrize(
    ("audio", "rate", "message"),
    [
        (torch.zeros(800), 8000, r"Level was given audio of shape \(800,\).*use audio\[None\]"),
        (torch.zeros(1, 2, 800), 8000, r"shape \(1, 2, 800\)"),
        (torch.zeros(0, 800), 8000, r"shape \(0, 800\); expected \(batch, samples\) with at least one of each"),
        (torch.zeros(2, 0), 8000, r"shape \(2, 0\)"),
        (torch.zeros(2, 800, dtype=torch.int16), 8000, "audio of type torch.int16; expected a floating-point tensor"),
        (np.zeros((2, 800)), 8000, "audio of type ndarray"),
        (torch.full((2, 800), math.nan), 8000, "NaN or infinite samples"),
        (torch.full((2, 800), math.inf), 8000, "NaN or infinite samples"),
        (torch.zeros(2, 800), 0, "sample rate of 0; expected a positive number of Hz"),
        (torch.zeros(2, 800), -1, "sample rate of -1"),
    ],
)
def test_audio_that_cannot_be_heard_is_refused(audio, rate, message):
    with pytest.raises(ParameterError, match=message):
        Level().read(audio, rate)
    with pytest.raises(ParameterError, match=message):
        Level().read_windows(audio, rate, 0.05)
    take = Take(audio, rate, {}, BRIEF, BRIEF.generator("x"))
    with pytest.raises(ParameterError, match=message.replace("Level", "Distance")):
        Distance().evaluate(take)


def test_longer_audio_is_the_mean_over_windows_side_by_side_of_which_the_last_ends_with_it():
    audio = noise(0.25, 8000)
    by_hand = torch.stack([audio[:, s : s + 800].square().mean(dim=1).sqrt() for s in (0, 800, 1200)]).mean(dim=0)
    torch.testing.assert_close(Level().read(audio, 8000)["rms"], by_hand)


def test_shorter_audio_is_lengthened_by_silence_or_refused_as_the_oracle_says():
    audio = noise(0.05, 8000)
    padded = torch.cat([audio, torch.zeros_like(audio)], dim=1)
    torch.testing.assert_close(Level().read(audio, 8000)["rms"], padded.square().mean(dim=1).sqrt())
    strict = Level()
    strict.short = "refuse"
    with pytest.raises(ParameterError, match=r"Level was given 0.05 s of audio; expected at least 0.1 s"):
        strict.read(audio, 8000)


def test_windows_start_every_hop_and_report_their_times():
    windows = Level().read_windows(noise(0.25, 8000), 8000, 0.04)
    assert windows.start.tolist() == pytest.approx([0, 0.04, 0.08, 0.12, 0.15])
    assert (windows.end - windows.start).tolist() == pytest.approx([0.1] * 5)
    audio = noise(0.25, 8000)
    torch.testing.assert_close(windows.values["peak"][:, 2], audio[:, 640:1440].abs().amax(dim=1))
    assert windows.values["rms"].shape == (2, 5)


@pytest.mark.parametrize("hop", [0.0, -1.0, math.nan])
def test_a_hop_that_goes_nowhere_is_refused(hop):
    with pytest.raises(ParameterError, match="expected a positive number of seconds"):
        Level().read_windows(noise(0.25, 8000), 8000, hop)


def test_windows_of_an_oracle_of_any_length_are_one():
    free = Level()
    free.clip_duration = None
    windows = free.read_windows(noise(0.25, 8000), 8000, 0.04)
    assert (windows.start.tolist(), windows.end.tolist()) == ([0.0], [0.25])


@pytest.mark.parametrize(
    ("total", "length", "hop", "starts"),
    [(10, 4, 4, [0, 4, 6]), (8, 4, 4, [0, 4]), (4, 4, 4, [0]), (3, 4, 4, [0]), (10, 4, 100, [0, 6]), (6, 4, 1, [0, 1, 2])],
)
def test_window_starts_cover_everything_once_more_at_the_end(total, length, hop, starts):
    assert window_starts(total, length, hop) == starts


@pytest.mark.parametrize(
    ("rate", "native"), [(8000, 8000), (4000, 4000), (44_100, 8000), (6000, 8000), (3000, 4000), (8001, 8000)]
)
def test_audio_is_read_at_its_rate_or_the_next_higher_native_or_the_highest(rate, native):
    assert Level().native_rate(rate) == native


def test_audio_at_another_rate_is_resampled_before_it_is_read():
    time = torch.arange(3200, dtype=torch.float64) / 32_000
    audio = 0.5 * torch.sin(2 * math.pi * 500 * time)[None]
    oracle = Level()
    reading = oracle.read(audio, 32_000)
    assert oracle.seen == [((1, 800), 8000)]
    independent = resample_poly(audio[0].numpy(), 1, 4)
    assert float(reading["rms"]) == pytest.approx(float(np.sqrt((independent**2).mean())), rel=5e-3)


def test_a_reading_has_a_gradient_through_resampling_and_windows():
    audio = noise(0.25, 16_000).requires_grad_()
    Level().read(audio, 16_000)["rms"].sum().backward()
    assert torch.isfinite(audio.grad).all()
    assert (audio.grad.abs().reshape(2, 10, 400).amax(dim=2) > 0).all()


def test_items_are_read_independently():
    audio = noise(0.25, 8000, batch=3)
    both = Level().read(audio, 8000)
    for i in range(3):
        torch.testing.assert_close(both["rms"][i : i + 1], Level().read(audio[i : i + 1], 8000)["rms"])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: {"rms": r["rms"]}, r"Level read \['rms'\]; expected its dimensions \['peak', 'rms'\]"),
        (lambda r: {**r, "x": r["rms"]}, r"Level read \['peak', 'rms', 'x'\]"),
        (lambda r: {**r, "rms": r["rms"][:, None]}, r"Level returned the reading 'rms' of shape \(2, 1\); expected \(2,\)"),
        (lambda r: {**r, "rms": r["rms"].mean()}, r"'rms' of shape \(\)"),
    ],
)
def test_a_reading_that_breaks_the_contract_names_the_oracle(spoil, message):
    with pytest.raises(ContractError, match=message):
        Level(spoil).read(noise(0.1, 8000), 8000)


# Objective


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda e: Evaluation({"other": e.terms["power"]}, {}), r"Distance returned the terms \['other'\]; expected \['power'\]"),
        (lambda e: Evaluation({}, {}), r"returned the terms \[\]"),
        (lambda e: Evaluation({"power": e.terms["power"].sum()}, {}), r"Distance returned the term 'power' of shape \(\)"),
        (lambda e: Evaluation(e.terms, {"r": torch.zeros(3)}), r"the reading 'r' of shape \(3,\); expected \(2,\)"),
    ],
)
def test_an_evaluation_that_breaks_the_contract_names_the_objective(spoil, message):
    take = Take(torch.zeros(2, 800), 8000, {}, BRIEF, BRIEF.generator("x"))
    assert Distance().evaluate(take).terms["power"].tolist() == [0, 0]
    with pytest.raises(ContractError, match=message):
        Distance(spoil).evaluate(take)


def test_an_objective_takes_no_targets_and_hears_any_rate_unless_it_says_so():
    assert Distance().dimensions == ()
    assert Distance().sample_rates == ()


# Envelope


def test_an_envelope_gives_levels_over_time_after_the_onset():
    values = {p.name: p.initial for p in Ramp().parameters(BRIEF)}
    time = torch.linspace(0, 1, 5).expand(2, 3, 5)
    duration = torch.full((2, 3), 2.0)
    assert Ramp().levels(time, duration, values)[1, 2].tolist() == pytest.approx([0, 0.0625, 0.125, 0.1875, 0.25])
    assert torch.equal(Ramp().span(duration, values), duration)


@pytest.mark.parametrize(
    ("time", "duration"),
    [(torch.zeros(2, 5), torch.ones(2, 3)), (torch.zeros(2, 3, 5), torch.ones(2, 4)), (torch.zeros(2, 3, 5), torch.ones(2))],
)
def test_an_envelope_refuses_shapes_that_disagree(time, duration):
    with pytest.raises(ParameterError, match=r"Ramp was given time of shape .*expected \(batch, notes, n\) and \(batch, notes\)"):
        Ramp().levels(time, duration, {"slope": torch.ones(2)})


def test_an_envelope_refuses_values_of_different_batch_sizes():
    with pytest.raises(ParameterError, match="Ramp was given values of batch sizes slope: 2, other: 3"):
        Ramp().levels(torch.zeros(2, 3, 5), torch.ones(2, 3), {"slope": torch.ones(2), "other": torch.ones(3)})


# Score source


def write(source, choice, seeds=(1,)):
    return source.write(Brief(CANVAS, {}, torch.tensor(seeds)), choice, np.random.default_rng(0))


def test_choices_left_out_take_their_first_value():
    assert OneNote().default_choice == {"pitch": 60, "long": False}
    assert write(OneNote(), {"long": True}).notes[0] == Note(60, 0.0, 2.0)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"pich": 60}, "Unknown choice of OneNote 'pich'. Did you mean 'pitch'. Known: long, pitch"),
        ({"pitch": 61}, r"Choice 'pitch' is 61; expected one of \[60, 64\]"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(choice, message):
    with pytest.raises(ParameterError, match=message):
        write(OneNote(), choice)


def test_a_score_is_written_for_one_item_and_is_a_score():
    with pytest.raises(ParameterError, match="written for one item; the brief has 2"):
        write(OneNote(), {}, seeds=(1, 2))
    with pytest.raises(ContractError, match="OneNote wrote a list; expected a Score"):
        write(OneNote(written=[Note(60, 0, 1)]), {})


# Schedule and the abstract parts


def test_a_schedule_checks_before_it_moves_anything():
    moved = []

    class Picky(Schedule):
        def check(self, groups, terms):
            if "timing" not in groups:
                raise IncompatibleError("no timing")

        def _optimize(self, problem):
            moved.append(problem)

    class Workshop:
        groups, terms = frozenset({"samples"}), frozenset()

    with pytest.raises(IncompatibleError, match="no timing"):
        Picky().optimize(Workshop())
    assert moved == []


@pytest.mark.parametrize("contract", [Instrument, Oracle, Objective, Schedule, ScoreSource, Envelope])
def test_a_contract_cannot_be_used_without_its_author_part(contract):
    with pytest.raises(TypeError, match="abstract"):
        contract()
    assert contract.capabilities <= CAPABILITIES


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"pitch": torch.tensor([math.nan])}, "'pitch' with NaN or infinite values"),
        ({"pitch": torch.tensor([math.inf])}, "'pitch' with NaN or infinite values"),
        ({"pitch": torch.zeros(0)}, "an empty batch"),
    ],
)
def test_an_instrument_refuses_values_that_are_not_finite_and_an_empty_batch(values, message):
    class Sine(Instrument):
        def _parameters(self, brief):
            return ()

        def _render(self, values, canvas):
            return values["pitch"][:, None].expand(-1, canvas.samples)

    with pytest.raises(ParameterError, match=message):
        Sine().render(values, Canvas(duration=0.01))
