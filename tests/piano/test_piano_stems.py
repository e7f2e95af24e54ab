"""Stems of the piano: each part of the score as it sounds in the piece."""

import pytest
import torch

from orchestra_core import Brief, Canvas, Note, Part, Score
from orchestra_piano import PianoAdsr

CANVAS = Canvas(duration=1.0, sample_rate=22_050)
MELODY, BASS, DRUMS = Part("melody"), Part("bass", 32), Part("drums", drums=True)
FIRST = Score((Note(72, 0.1, 0.3, part=MELODY), Note(40, 0.1, 0.5, part=BASS), Note(36, 0.2, 0.1, part=DRUMS)))
SECOND = Score((Note(74, 0.3, 0.3, part=MELODY), Note(76, 0.5, 0.3, part=MELODY)))


@pytest.mark.parametrize("renderer", ["fast", "exact"])
def test_a_stem_is_the_piece_with_the_notes_of_its_part_alone(renderer):
    piano = PianoAdsr(renderer=renderer)
    brief = Brief(CANVAS, {}, torch.tensor([1, 2]), scores=(FIRST, SECOND))
    values = {p.name: p.initial for p in piano.parameters(brief)}
    stems = piano.stems(values, brief)
    assert list(stems) == ["melody", "bass"]  # a piano plays no drums
    assert not stems["bass"][1].any()
    torch.testing.assert_close(sum(stems.values()), piano.finish(values, CANVAS), rtol=0, atol=1e-5)
    alone = Brief(CANVAS, {}, torch.tensor([1]), scores=(Score((FIRST.notes[1],)),))
    bass = piano.finish({p.name: p.initial for p in piano.parameters(alone)}, CANVAS)
    torch.testing.assert_close(stems["bass"][:1], bass, rtol=0, atol=1e-4)
