"""What a pipeline and its score source tell each other: how long a piece is, what is asked, and who plays what."""

import pytest
import torch
from small_pipeline import Tone

from orchestra_core import Canvas, Note, Part, Pipeline, Request, Score, ScoreSource

LEAD = Part("lead", 73)


class Bell(Tone):
    """A tone that says which notes it plays, and not in which parts."""

    capabilities = frozenset({"differentiable", "rate_free", "notes"})

    def _notes(self, values, canvas):
        return tuple(Score((Note(60.0, 0.0, 0.2), Note(64.0, 0.26, 0.2))) for _ in values["pitch"])


class Phrase(ScoreSource):
    """Two notes of a lead; keeps what it was asked."""

    def __init__(self, duration=0.75):
        self.asked = []
        self._duration = duration

    @property
    def duration(self):
        return self._duration

    def _write(self, brief, choice, generator):
        self.hints = {name: float(cue) for name, cue in brief.cues.items()}
        self.asked.append({name: round(float(request), 4) for name, request in brief.requests.items()})
        return Score((Note(60.0, 0.0, 0.2, part=LEAD), Note(64.0, 0.25, 0.2, part=LEAD)), 60.0, (3, 4), "C lydian")


def pipeline(registry, score):
    return Pipeline(instrument=Bell(), score=score, registry=registry)


def test_a_score_source_says_how_long_a_piece_is_unless_someone_asks(registry):
    once = {"targets": {"centroid": 0.4}, "budget": 1}
    assert pipeline(registry, Phrase()).compose(**once).canvas.duration == 0.75
    assert pipeline(registry, Phrase()).compose(**once, duration=0.5).canvas.duration == 0.5
    assert pipeline(registry, Phrase()).compose(**once, canvas=Canvas(duration=0.25)).canvas.duration == 0.25
    # 0.5 s is what the oracle hears at once
    assert pipeline(registry, Phrase(None)).compose(**once).canvas.duration == 0.5


@pytest.mark.parametrize(
    ("scale", "target", "asked"), [("request", 0.4, 0.4), ("reading", 550.0, -0.25), ("reading", 1200.0, 1.0)]
)
def test_a_score_source_is_told_what_is_asked_on_the_askedscale(registry, scale, target, asked):
    source = Phrase()
    pipeline(registry, source).compose(targets={"centroid": target}, scale=scale, budget=1)
    assert source.asked and all(told == {"centroid": asked} for told in source.asked)


def test_a_score_source_is_told_the_hints_of_a_word(registry):
    source = Phrase()
    for word, hints in (
        ("sad", {"rate": -0.5, "articulation": -0.5, "attack": -0.5, "brightness": -0.5}),
        ("", {}),
        ("mine", {}),
    ):
        pipeline(registry, source).compose_many([Request({"centroid": 0.0}, 1, word)], budget=1)
        assert source.hints == hints


def test_items_without_a_hint_have_0_beside_one_that_has_it(registry):
    class Hints(Phrase):
        told = {}

        def _write(self, brief, choice, generator):
            self.told[int(brief.seeds)] = {name: float(cue) for name, cue in brief.cues.items()}
            return super()._write(brief, choice, generator)

    source = Hints()
    pipeline(registry, source).compose_many([Request({"centroid": 0.0}, s, w) for s, w in ((1, "serene"), (2, ""))], budget=1)
    assert source.told == {1: {"level": -0.5, "register": 0.5}, 2: {"level": 0.0, "register": 0.0}}


def test_every_item_of_a_batch_is_told_its_own_request(registry):
    source = Phrase()
    pipeline(registry, source).compose_many([Request({"centroid": 0.5}, 1), Request({"centroid": -0.5}, 2)], budget=1)
    assert {asked["centroid"] for asked in source.asked} == {0.5, -0.5}


def test_the_notes_of_a_result_have_the_parts_and_the_setting_of_the_score_and_its_file_lies_on_the_grid(registry, tmp_path):
    import mido

    result = pipeline(registry, Phrase()).compose(targets={"centroid": 0.0}, budget=1, directory=tmp_path / "run")
    assert {note.part for note in result.notes.notes} == {LEAD}
    assert (result.notes.tempo, result.notes.metre, result.notes.key) == (60.0, (3, 4), "C lydian")
    assert [note.onset for note in result.notes.notes] == [0.0, 0.26]
    track = mido.MidiFile(tmp_path / "run" / "notes.mid").tracks[1]
    starts = torch.tensor([message.time for message in track]).cumsum(0)[[m.type == "note_on" for m in track]]
    assert (track.name, starts.tolist()) == ("lead", [0, 120])
