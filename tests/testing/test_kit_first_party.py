"""Every component of this repository passes, and the literal forms of the piano fail as they are known to."""

import pytest

from orchestra_core import Canvas
from orchestra_core.testing import Setting, check_component
from orchestra_piano.config import published_envelope

COMPONENTS = [
    "piano_adsr",
    "adsr",
    "melody",
    "scale",
    "reference",
    "deam_cnn",
    "match",
    "consensus",
    "robust",
    "search",
    "staged",
    "percussion",
    "one_shot",
    "pattern",
    "bass",
    "pad",
    "ensemble",
    "band",
    "song",
    "rules",
    "timbre_cnn",
    "notes_judge",
    "cue_meter",
    "harmony_judge",
    "cochlear_judge",
    "recurrent_judge",
    "style",
    "waveform",
    "spectrogram",
]


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_first_party_component_passes_with_no_exceptions(name):
    # A preset has the name of a score source, too.
    report = check_component(name, "score" if name == "reference" else None)
    assert report.ok, str(report)
    assert not report.advice, str(report)
    assert not report.ids("expected")


def test_every_first_party_component_is_checked():
    from orchestra_core import get_registry
    from orchestra_core.contracts.component import KINDS

    entries = [entry for kind in KINDS for entry in get_registry().entries(kind)]
    assert {entry.name for entry in entries if entry.distribution == "orchestra-music"} == set(COMPONENTS)


def test_the_literal_envelope_fails_as_published():
    jumps = "published: the level jumps at d - R and is cut off at d"
    report = check_component(
        {"name": "adsr", "config": vars(published_envelope())},
        "envelope",
        {"envelope.continuity": jumps, "envelope.short": jumps},
    )
    assert report.ok, str(report)


def test_the_published_generator_fails_as_published():
    config = {
        "partials": 1,
        "envelope": {"name": "adsr", "config": vars(published_envelope())},
        "edges": "literal",
        "start": "published",
    }
    expected = {
        "instrument.silence": "published: onsets are remapped, and sigmoids of 100 per second begin before the onset",
        "instrument.range_gradients": "published: d - A - D - R reaches zero",
    }
    setting = Setting(canvas=Canvas(duration=2.0, sample_rate=22_050, level="as_is"))
    report = check_component({"name": "piano_adsr", "config": config}, "instrument", expected, setting=setting)
    assert report.ok, str(report)


def test_a_single_partial_with_the_default_envelope_passes():
    report = check_component({"name": "piano_adsr", "config": {"partials": 1}}, "instrument")
    assert report.ok, str(report)
