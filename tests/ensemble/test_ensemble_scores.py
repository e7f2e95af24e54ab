"""Who plays which notes, and scores that several sources write."""

import numpy as np
import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Part, Score, ScoreSource
from orchestra_core.errors import ParameterError
from orchestra_ensemble import BandScore
from orchestra_ensemble.routing import route
from orchestra_percussion import Percussion
from orchestra_piano import PianoAdsr

DRUM = Note(36, 0.0, 0.1, part=Part("any", drums=True))
KEY = Note(60, 0.0, 0.1, part=Part("any"))


def pitches(score, voices):
    return {name: [note.pitch for note in own.notes] for name, own in route(score, voices).items()}


def test_drums_go_to_the_first_voice_without_pitch_and_other_notes_to_the_first_pitched_one():
    voices = {"keys": PianoAdsr(), "kit": Percussion(), "more": PianoAdsr(), "other": Percussion()}
    assert pitches(Score((KEY, DRUM)), voices) == {"keys": [60], "kit": [36]}
    assert pitches(Score((KEY,)), voices) == {"keys": [60]}


def test_a_part_with_the_name_of_a_voice_goes_to_that_voice_only():
    voices = {"left": PianoAdsr(), "right": PianoAdsr(), "kit": Percussion()}
    left, right = Note(40, 0.0, 1.0, part=Part("left")), Note(70, 0.0, 1.0, part=Part("right"))
    assert pitches(Score((left, right, DRUM)), voices) == {"left": [40], "right": [70], "kit": [36]}
    assert pitches(Score((left, right, KEY)), voices) == {"left": [40, 60], "right": [70]}


def test_voices_that_double_play_along_with_the_first_of_their_kind():
    voices = {"left": PianoAdsr(), "right": PianoAdsr(), "far": PianoAdsr(), "kit": Percussion()}
    right = Note(40, 0.0, 1.0, part=Part("right"))
    played = {name: [note.pitch for note in own.notes] for name, own in route(Score((right, KEY)), voices, ("right",)).items()}
    assert played == {"left": [60], "right": [40, 60]}


def test_a_drum_part_is_nothing_for_a_piano_that_is_alone():
    assert pitches(Score((DRUM,)), {"keys": PianoAdsr()}) == {}


def test_a_routed_score_keeps_tempo_metre_and_key():
    score = Score((KEY, DRUM), tempo=77.0, metre=(3, 4), key="D minor")
    own = route(score, {"kit": Percussion()})["kit"]
    assert (own.tempo, own.metre, own.key) == (77.0, (3, 4), "D minor")


class Beat(ScoreSource):
    """Notes on every beat of its tempo, or of the score that is there; one random pitch each."""

    def __init__(self, tempo, draws=1):
        self.tempo = tempo
        self.draws = draws

    @property
    def choices(self):
        return {"octave": (0, 1)}

    def _write(self, brief, choice, generator):
        tempo = brief.scores[0].tempo if brief.scores else self.tempo
        pitch = 40 + 12 * choice["octave"] + int(generator.integers(12, size=self.draws)[-1])
        onsets = np.arange(0.0, brief.canvas.duration - 0.1, 60 / tempo)
        return Score(tuple(Note(pitch, float(onset), 0.1) for onset in onsets), tempo=tempo, key="A minor")


def write(band, choice=None):
    return band.write(Brief(Canvas(duration=2.0), {}, torch.tensor([1])), choice or {}, np.random.default_rng(5))


def test_a_band_lasts_as_long_as_the_longest_of_its_sources_asks():
    class Long(Beat):
        duration = 12.0

    assert BandScore(sources={"one": Beat(60.0), "two": Beat(60.0)}).duration is None
    assert BandScore(sources={"one": Beat(60.0), "two": Long(60.0)}).duration == 12.0


def test_the_first_source_leads_and_the_others_follow_its_tempo():
    score = write(BandScore(sources={"one": Beat(60.0), "two": Beat(200.0)}))
    assert (score.tempo, score.key) == (60.0, "A minor")
    assert [(note.part.name, note.onset) for note in score.notes if note.part.name == "two"] == [("two", 0.0), ("two", 1.0)]


def test_choices_have_the_name_of_the_voice_before_theirs():
    band = BandScore(sources={"one": Beat(60.0), "two": Beat(60.0)})
    assert dict(band.choices) == {"one.octave": (0, 1), "two.octave": (0, 1)}
    low, high = (write(band, {"two.octave": octave}).notes for octave in (0, 1))
    pitch = {name: [next(n.pitch for n in notes if n.part.name == name) for notes in (low, high)] for name in ("one", "two")}
    assert pitch["one"][0] == pitch["one"][1] and pitch["two"][1] == pitch["two"][0] + 12


def test_what_one_source_draws_does_not_change_what_another_writes():
    few, many = (write(BandScore(sources={"one": Beat(60.0, draws), "two": Beat(60.0)})) for draws in (1, 7))
    assert [n for n in few.notes if n.part.name == "two"] == [n for n in many.notes if n.part.name == "two"]


@pytest.mark.parametrize("names", [(), ("",), ("mix",), ("a.b",)])
def test_names_that_cannot_be_used_are_refused(names):
    with pytest.raises(ParameterError, match="voice"):
        BandScore(sources=dict.fromkeys(names, Beat(60.0)))
