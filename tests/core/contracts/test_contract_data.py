"""The data of the contracts: canvas, brief, scores and padding, parameters and their free coordinates, random streams."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestra_core import Brief, Canvas, Dimension, Note, Parameter, Part, Score, zero_where_finite
from orchestra_core.contracts.parameter import MARGIN, check_parameter
from orchestra_core.contracts.randomness import ItemGenerator, score_generator, stream_seed
from orchestra_core.contracts.score import pad_scores
from orchestra_core.errors import ContractError, ParameterError, ScoreError, UsageError


def brief(batch=2, **changes):
    return Brief(**{"canvas": Canvas(), "targets": {}, "seeds": torch.arange(batch), **changes})


def melody(count, start=0.0):
    return Score(tuple(Note(60 + i, start + 0.1 * i, 0.1, 0.5) for i in range(count)))


# Canvas


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration": 0.0}, r"duration is 0.0 s; expected a value in \[0.001, 3600\] s"),
        ({"duration": 3601.0}, "duration is 3601.0 s"),
        ({"duration": math.nan}, "duration is nan s"),
        ({"sample_rate": 3999}, r"sample_rate is 3999 Hz; expected a value in \[4000, 192000\] Hz"),
        ({"sample_rate": 192_001}, "sample_rate is 192001 Hz"),
        ({"peak": 0.0}, "peak is 0.0"),
        ({"peak": 1.01}, "peak is 1.01 re full scale"),
        ({"loudness": -61.0}, r"loudness is -61.0 LUFS; expected a value in \[-60, 0\]"),
        ({"loudness": 0.5}, "loudness is 0.5 LUFS"),
        ({"level": "loud"}, "level is 'loud'; expected one of auto, peak, loudness, expressive, as_is"),
        ({"level": "loudness", "duration": 0.3}, "0.3 s has no loudness; expected at least 0.4 s"),
    ],
)
def test_a_canvas_out_of_range_names_the_value_and_the_range(changes, message):
    with pytest.raises(ParameterError, match=message):
        Canvas(**changes)


@pytest.mark.parametrize(("duration", "rate"), [(0.001, 4000), (3600.0, 192_000), (5.0, 44_100), (1 / 3, 48_000)])
def test_a_canvas_counts_whole_samples_and_changes_only_its_rate(duration, rate):
    canvas = Canvas(duration=duration, sample_rate=rate, level="as_is")
    assert abs(canvas.samples - duration * rate) <= 0.5
    assert canvas.at(8000) == Canvas(duration=duration, sample_rate=8000, level="as_is")


# Brief


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": {"valence": torch.zeros(3)}}, r"Target 'valence' has shape \(3,\); expected \(2,\)"),
        ({"targets": {"valence": torch.tensor(0.0)}}, r"Target 'valence' has shape \(\)"),
        ({"cues": {"level": torch.zeros(3)}}, r"Cue 'level' has shape \(3,\); expected \(2,\)"),
        ({"requests": {"arousal": torch.zeros(1)}}, r"Request 'arousal' has shape \(1,\); expected \(2,\)"),
        ({"scores": (melody(1),)}, "1 scores for 2 seeds"),
        ({"source": torch.zeros(100)}, r"Source audio has shape \(100,\); expected \(2, samples\)"),
        ({"source": torch.zeros(3, 100)}, r"Source audio has shape \(3, 100\)"),
        ({"seeds": torch.zeros(0, dtype=torch.int64)}, "at least one"),
        ({"seeds": torch.tensor(7)}, r"seeds .*shape \(\)"),
        ({"seeds": torch.tensor([0.5, 1.0])}, "float32"),
    ],
)
def test_a_brief_whose_parts_disagree_is_refused(changes, message):
    with pytest.raises(ParameterError, match=message):
        brief(**changes)


def test_rows_of_a_brief_take_everything_of_an_item_along_any_number_of_times():
    asked = {"targets": {"x": torch.tensor([1.0, 2.0])}, "requests": {"x": torch.tensor([0.1, 0.2])}}
    asked["cues"] = {"level": torch.tensor([0.5, -0.5])}
    whole = brief(**asked, scores=(melody(1), melody(2)), source=torch.arange(6.0).view(2, 3))
    rows = whole.rows(torch.tensor([1, 1, 0]))
    assert rows.targets["x"].tolist() == [2, 2, 1]
    assert rows.requests["x"].tolist() == pytest.approx([0.2, 0.2, 0.1])
    assert rows.cues["level"].tolist() == [-0.5, -0.5, 0.5]
    assert rows.seeds.tolist() == [1, 1, 0]
    assert [len(score.notes) for score in rows.scores] == [2, 2, 1]
    assert rows.source[:, 0].tolist() == [3, 3, 0]
    assert len(rows) == 3
    assert len(whole) == 2


def test_a_brief_without_scores_has_no_notes_and_says_what_to_name():
    with pytest.raises(ScoreError, match="has no score; name a score source"):
        brief().notes()


# Scores


def test_a_score_without_notes_is_refused():
    with pytest.raises(ScoreError, match="no notes; expected at least one"):
        Score(())


@pytest.mark.parametrize(
    ("note", "name"),
    [
        (Note(128, 0, 1), "pitch"),
        (Note(-0.1, 0, 1), "pitch"),
        (Note(60, -0.1, 1), "onset"),
        (Note(60, 0, 0), "duration"),
        (Note(60, 0, 1, 1.1), "velocity"),
        (Note(math.nan, 0, 1), "pitch"),
        (Note(60, 0, math.inf), "duration"),
    ],
)
def test_a_note_outside_its_ranges_is_named(note, name):
    with pytest.raises(ScoreError, match=f"A note's {name} is {getattr(note, name)!r}; expected a value in"):
        Score((note,))


def test_the_end_of_a_score_is_where_its_last_note_ends_not_starts():
    assert Score((Note(60, 0.0, 9.0), Note(62, 5.0, 0.5))).end == 9.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_padding_comes_last_and_is_masked_and_harmless(counts):
    padded = pad_scores([melody(count) for count in counts], dtype=torch.float64)
    assert padded.mask.sum(dim=1).tolist() == counts
    assert padded.pitch.shape == (len(counts), max(counts))
    for row, count in enumerate(counts):
        assert padded.mask[row, :count].all()
        assert padded.pitch[row, :count].tolist() == [60 + i for i in range(count)]
        Score(
            tuple(
                Note(float(p), float(o), float(d))
                for p, o, d in zip(*(getattr(padded, k)[row] for k in ("pitch", "onset", "duration")), strict=True)
            )
        )


# Parameters

RANGES = {"interval": (-3.0, 7.0), "tiny interval": (0.001, 0.002), "half-line": (0.1, math.inf), "line": (-math.inf, math.inf)}


def parameter(initial=(0.5, 0.5), **changes):
    return Parameter("p", "g", torch.as_tensor(initial), **changes)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(RANGES)), st.floats(0.001, 0.999))
def test_a_value_survives_the_way_to_its_coordinate_and_back(name, share):
    lower, upper = RANGES[name]
    below = lower if math.isfinite(lower) else -5.0
    value = torch.tensor([below + share * ((upper if math.isfinite(upper) else below + 100) - below)], dtype=torch.float64)
    p = parameter(value, lower=lower, upper=upper)
    torch.testing.assert_close(p.to_value(p.to_coordinate(value)), value, rtol=1e-9, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(RANGES)), st.floats(-1e4, 1e4, width=32), st.sampled_from([torch.float32, torch.float64]))
def test_every_coordinate_is_a_finite_value_in_bounds_with_a_finite_gradient(name, number, dtype):
    lower, upper = RANGES[name]
    p = parameter(torch.full((2,), 0.5, dtype=dtype), lower=lower, upper=upper)
    coordinate = torch.tensor([number], dtype=torch.float64, requires_grad=True)
    value = p.to_value(coordinate)
    value.sum().backward()
    low, high = torch.tensor([lower, upper], dtype=dtype)
    slack = 2 * torch.finfo(dtype).eps * max(abs(b) for b in (lower, upper, 0.0) if math.isfinite(b))
    assert torch.isfinite(value) and torch.isfinite(coordinate.grad)
    assert low - slack <= value <= high + slack


def test_coordinates_are_double_and_values_have_the_type_of_the_start():
    single = parameter(lower=0.0, upper=1.0)
    assert single.to_coordinate(single.initial).dtype == torch.float64
    assert single.to_value(single.to_coordinate(single.initial)).dtype == torch.float32


@pytest.mark.parametrize("name", RANGES)
def test_the_map_is_the_documented_one(name):
    lower, upper = RANGES[name]
    x = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    by_hand = {
        "line": lambda c: c,
        "half-line": lambda c: lower + math.log1p(math.exp(c)),
    }.get(name, lambda c: lower + (upper - lower) / (1 + math.exp(-c)))
    expected = torch.tensor([by_hand(float(c)) for c in x], dtype=torch.float64)
    start = torch.ones(2, dtype=torch.float64)
    torch.testing.assert_close(parameter(start, lower=lower, upper=upper).to_value(x), expected)


@pytest.mark.parametrize("name", ["interval", "tiny interval", "half-line"])
def test_a_value_on_a_bound_gets_a_finite_coordinate_inside(name):
    lower, upper = RANGES[name]
    p = parameter(torch.full((2,), 0.5, dtype=torch.float64), lower=lower, upper=upper)
    ends = torch.tensor([b for b in (lower, upper) if math.isfinite(b)], dtype=torch.float64)
    coordinate = p.to_coordinate(ends)
    assert torch.isfinite(coordinate).all()
    value = p.to_value(coordinate)
    assert ((value > lower) & (value < upper)).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (parameter([0.5]), r"'p' starts with shape \(1,\); expected the batch first: \(2, ...\)"),
        (parameter(0.5), r"'p' starts with shape \(\)"),
        (parameter([0.5, math.nan]), "'p' starts with NaN or infinite"),
        (parameter([0.5, math.inf]), "'p' starts with NaN or infinite"),
        (parameter(lower=1.0, upper=0.0), r"'p' has bounds \[1, 0\]; expected lower < upper"),
        (parameter(lower=0.5, upper=0.5), "expected lower < upper"),
        (parameter(lower=math.nan), "expected lower < upper"),
        (parameter(upper=1.0), r"bounds \[-inf, 1\].*a finite lower bound with a finite upper one"),
        (
            parameter([0.0, 0.5], lower=0.0, upper=1.0),
            r"starts between 0 and 0.5 .*in \[0.0001, 0.9999\].*a start on a bound",
        ),
        (parameter([0.5, 1.0], lower=0.0, upper=1.0), "'p' starts between 0.5 and 1 "),
        (parameter([0.5, 1.5], lower=0.0, upper=1.0), "'p' starts between 0.5 and 1.5 "),
        (parameter([0.0, 0.5], lower=0.0), r"in \[0.0001, inf\]"),
        (parameter(lower=0.0, upper=1.0, scale="log"), r"log scale and the bounds \[0, 1\]; expected two positive, finite ones"),
        (parameter(lower=0.1, scale="log"), r"log scale and the bounds \[0.1, inf\]"),
        (parameter([0.1, 0.5], lower=0.1, upper=1.0, scale="log"), r"starts between 0.1 and 0.5 .*in \[0.100023, 0.99977\]"),
        (parameter(lower=0.1, upper=1.0, scale="mel"), "has the scale 'mel'; expected linear or log"),
        (parameter([1, 2]), "int64; expected floating point"),
    ],
)
def test_a_parameter_that_cannot_be_moved_is_refused_by_name(bad, message):
    with pytest.raises(ContractError, match=message):
        check_parameter(bad, 2)


def test_a_start_just_inside_the_margin_passes_and_a_fixed_parameter_may_hold_anything():
    check_parameter(parameter([10 * 1.01 * MARGIN, 9.99], lower=0.0, upper=10.0), 2)
    check_parameter(parameter([1.01 * MARGIN, 1e6], lower=0.0), 2)
    check_parameter(parameter([True, False], fixed=True), 2)
    check_parameter(parameter([math.nan, 2.0], lower=0.0, upper=1.0, fixed=True), 2)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.001, 0.999), st.floats(-1e4, 1e4))
def test_on_a_log_scale_equal_steps_are_equal_ratios(share, number):
    p = parameter(torch.full((2,), 100.0, dtype=torch.float64), lower=20.0, upper=20_000.0, scale="log")
    value = torch.tensor([20.0 * 1000.0**share], dtype=torch.float64)
    torch.testing.assert_close(p.to_coordinate(value), torch.logit(torch.tensor([share], dtype=torch.float64)))
    torch.testing.assert_close(p.to_value(p.to_coordinate(value)), value)
    coordinate = torch.tensor([number], dtype=torch.float64, requires_grad=True)
    moved = p.to_value(coordinate)
    moved.sum().backward()
    assert 20.0 - 1e-9 <= float(moved.detach()) <= 20_000.0 + 1e-6 and torch.isfinite(coordinate.grad)


def test_values_on_or_beyond_the_bounds_of_a_log_scale_get_finite_coordinates_inside():
    p = parameter(lower=20.0, upper=20_000.0, scale="log")
    coordinate = p.to_coordinate(torch.tensor([-5.0, 0.0, 20.0, 20_000.0, 1e6]))
    assert torch.isfinite(coordinate).all()
    assert (p.to_value(coordinate) > 20.0).all() and (p.to_value(coordinate) < 20_000.0).all()


# Dimension


def test_a_request_is_the_mean_and_two_standard_deviations_within_the_scale():
    rated = Dimension("valence", -1.0, 1.0, mean=0.1, sd=0.3)
    assert [rated.reading(w) for w in (-1, 0, 1)] == pytest.approx([-0.5, 0.1, 0.7])
    assert Dimension("valence", -1.0, 1.0, mean=0.5, sd=0.4).reading(1.0) == 1.0
    assert Dimension("brightness", 0.0, 100.0).reading(0.3) == 0.3


# Random streams


def test_an_item_draws_the_same_alone_as_beside_others():
    batch = ItemGenerator([5, 6, 7], "noise")
    alone = ItemGenerator([6], "noise")
    for shape in [(), (4,), (2, 3), (100,)]:
        assert torch.equal(batch.randn(*shape)[1], alone.randn(*shape)[0])
        assert torch.equal(batch.rand(*shape)[1], alone.rand(*shape)[0])


def test_candidates_of_one_item_draw_common_random_numbers_and_move_its_stream_once():
    batch, single = ItemGenerator([5, 6], "noise"), ItemGenerator([5, 6], "noise")
    rows = batch.rows(torch.tensor([1, 0, 1, 1])).randn(3)
    once = single.randn(3)
    assert torch.equal(rows, once[[1, 0, 1, 1]])
    assert torch.equal(batch.randn(3), single.randn(3))


def test_rows_of_rows_are_rows_of_the_same_streams():
    generator = ItemGenerator([5, 6, 7], "noise")
    view = generator.rows(torch.tensor([2, 1])).rows(torch.tensor([0, 0]))
    assert torch.equal(view.randn(4), ItemGenerator([7, 7], "noise").randn(4))


def test_streams_that_are_split_and_joined_go_on_as_if_they_had_not_been():
    whole, parted = ItemGenerator([5, 6], "noise"), ItemGenerator([5, 6], "noise")
    parts = parted.split()
    assert torch.equal(torch.cat([part.randn(3) for part in parts]), whole.randn(3))
    parted.join(parts)
    assert torch.equal(parted.randn(3), whole.randn(3))


def test_streams_differ_by_name_and_by_seed_and_equal_seeds_agree():
    drawn = ItemGenerator([5, 6, 5], "a").randn(8)
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], ItemGenerator([5], "b").randn(8)[0])


def test_a_restored_stream_goes_on_where_it_was_saved():
    generator = ItemGenerator([5, 6], "noise")
    generator.randn(7)
    state = generator.state()
    first = generator.randn(5)
    generator.restore(state)
    assert torch.equal(generator.randn(5), first)
    with pytest.raises(ValueError):
        generator.restore(state[:1])


def test_the_brief_gives_fresh_streams_that_follow_from_the_seeds():
    two = brief(seeds=torch.tensor([5, 6]))
    assert torch.equal(two.generator("x").randn(3), two.generator("x").randn(3))
    assert torch.equal(two.generator("x").randn(3), ItemGenerator([5, 6], "x").randn(3))


@given(st.integers(0, 2**62), st.text(max_size=5))
def test_stream_seeds_are_non_negative_63_bit_numbers(seed, name):
    assert 0 <= stream_seed(seed, name) < 2**63


def test_a_score_generator_is_the_same_for_the_same_seed_only():
    assert score_generator(3).integers(0, 1 << 60) == score_generator(3).integers(0, 1 << 60)
    assert score_generator(3).integers(0, 1 << 60) != score_generator(4).integers(0, 1 << 60)


def test_usage_errors_and_plugin_errors_have_their_exit_codes():
    assert issubclass(ParameterError, UsageError)
    assert (UsageError.exit_code, ContractError.exit_code) == (2, 3)


def test_drums_are_told_from_pitched_notes_and_padding_is_neither():
    kit, melody = Part("drums", 0, drums=True), Part("melody")
    one = Score((Note(36, 0.0, 0.1, part=kit), Note(60, 0.0, 0.5, part=melody), Note(38, 0.5, 0.1, part=kit)))
    other = Score((Note(60, 0.0, 0.5, part=melody),))
    brief = Brief(Canvas(duration=1.0), {}, torch.tensor([1, 2]), scores=(one, other))
    assert brief.drums().tolist() == [[True, False, True], [False, False, False]]
    with pytest.raises(ScoreError, match="no score"):
        Brief(Canvas(duration=1.0), {}, torch.tensor([1])).drums()


def test_a_value_that_is_not_finite_comes_to_light_in_its_own_item():
    values = {
        "onset": torch.tensor([[0.1, 1e38, 1e38], [0.1, torch.inf, 0.2], [0.0, 0.0, torch.nan]], requires_grad=True),
        "mask": torch.ones(3, 3, dtype=torch.bool),
    }
    found = zero_where_finite(values)
    assert found.shape == (3, 1) and not found.requires_grad
    assert found[:, 0].isfinite().tolist() == [True, False, False]
    assert float(found[0, 0]) == 0.0
