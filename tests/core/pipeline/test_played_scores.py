"""What was played gets the setting and the parts of what was written."""

from dataclasses import replace

from orchestra_core.contracts.score import Note, Part, Score
from orchestra_core.pipeline.played import as_written

HIGH, LOW, KIT = Part("melody", 73), Part("bass", 32), Part("drums", 8, True)
WRITTEN = Score(
    (Note(72, 0.0, 0.4, 0.8, HIGH), Note(72, 0.5, 0.4, 0.8, HIGH), Note(48, 0.0, 1.0, 0.6, LOW), Note(36, 0.0, 0.1, 0.9, KIT)),
    tempo=96.0,
    metre=(6, 8),
    key="E phrygian",
)


def forgotten(*notes):
    return Score(tuple(replace(note, part=Part()) for note in notes))


def parts(score):
    return [(note.pitch, note.onset, note.part) for note in score.notes]


def test_notes_of_an_instrument_get_their_parts_and_the_setting_back_in_their_order():
    played = forgotten(replace(WRITTEN.notes[1], onset=0.53), replace(WRITTEN.notes[0], onset=0.01), WRITTEN.notes[2])
    found = as_written(played, WRITTEN)
    assert parts(found) == [(72, 0.53, HIGH), (72, 0.01, HIGH), (48, 0.0, LOW)]
    assert (found.tempo, found.metre, found.key) == (96.0, (6, 8), "E phrygian")


def test_two_parts_in_unison_get_a_note_each():
    written = Score((Note(60, 0.0, 0.5, part=HIGH), Note(60, 0.02, 0.5, part=LOW)))
    found = as_written(forgotten(*written.notes), written)
    assert [note.part for note in found.notes] == [HIGH, LOW]


def test_voices_of_an_ensemble_keep_their_names_and_get_the_programs():
    voices = Score(
        (Note(72, 0.0, 0.4, part=Part("melody")), Note(48, 0.0, 1.0, part=Part("organ")), Note(36, 0.0, 0.1, part=KIT))
    )
    assert [note.part for note in as_written(voices, WRITTEN).notes] == [HIGH, Part("organ", 32), KIT]


def test_a_note_that_nobody_wrote_is_left_as_it_is_and_without_a_score_everything_is():
    played = Score((Note(61, 0.0, 0.4),), tempo=77.0)
    assert as_written(played, WRITTEN).notes == played.notes
    assert as_written(played, None) is played
