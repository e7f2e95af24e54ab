"""The judges of sound: what moves their marks, and what does not."""

import numpy as np
import pytest
import torch
from judges_music import MAJOR, MINOR, piece

from orchestra_core import Brief, Canvas, Performance, build
from orchestra_judges.audio import SAMPLE_RATE

JUDGES = ["harmony_judge", "cochlear_judge", "recurrent_judge"]
RATE = 22_050


@pytest.fixture(scope="module")
def played():
    """Return a function that plays a piece on this project's piano."""
    instrument = build("instrument", "piano_adsr").component
    canvas = Canvas(duration=5.0, sample_rate=RATE)

    def play(**options):
        score = piece(seconds=4.0, **options)
        parameters = instrument.parameters(Brief(canvas, {}, torch.tensor([1]), scores=(score,)))
        with torch.no_grad():
            return instrument.render({p.name: p.initial for p in parameters}, canvas)[0].float()

    return play


@pytest.fixture(params=JUDGES)
def judge(request):
    return build("judge", request.param).component


def mark(judge, audio, rate=RATE):
    return judge.mark(Performance(audio, rate))


def test_more_notes_per_second_read_as_more_arousal(judge, played):
    slow, fast = (mark(judge, played(rate=rate))["arousal"] for rate in (1.5, 8.0))
    assert fast > slow + 0.05


def test_major_reads_above_minor_on_average(judge, played):
    if "valence" not in judge.qualified:
        pytest.skip("it does not qualify on valence")
    pairs = [[mark(judge, played(scale=scale, tonic=tonic))["valence"] for scale in (MAJOR, MINOR)] for tonic in (57, 60, 63, 66)]
    assert np.mean([major - minor for major, minor in pairs]) > 0.02


@pytest.mark.parametrize("gain", [0.01, 3.0])
def test_marks_are_blind_to_gain(judge, played, gain):
    audio = 0.3 * played()
    for name, value in mark(judge, gain * audio).items():
        assert value == pytest.approx(mark(judge, audio)[name], abs=2e-3)


def test_longer_audio_is_the_mean_of_its_windows(judge, played):
    first, second = played(rate=2.0), played(rate=6.0)
    whole = mark(judge, torch.cat([first, second]))
    for name, value in whole.items():
        assert value == pytest.approx((mark(judge, first)[name] + mark(judge, second)[name]) / 2, abs=1e-6)


def test_the_rate_hardly_matters(judge, played):
    import soxr

    audio = played()
    double = torch.from_numpy(soxr.resample(audio.numpy(), RATE, 2 * RATE))
    for name, value in mark(judge, double, 2 * RATE).items():
        assert value == pytest.approx(mark(judge, audio)[name], abs=0.08)


def test_notes_that_come_along_change_nothing(judge, played):
    audio = played()
    assert judge.mark(Performance(audio, RATE, piece())) == mark(judge, audio)


def test_noise_of_one_sample_has_marks_in_range(judge):
    marks = mark(judge, torch.tensor([0.5]), SAMPLE_RATE)
    assert all(-1 <= value <= 1 for value in marks.values())


def test_every_judge_of_sound_says_what_it_hears(judge):
    heard = judge.hear(np.random.default_rng(0).standard_normal(110_250).astype(np.float32))
    assert heard.shape[-1] == len(judge.card.features)
    assert heard.dtype == np.float32
