"""What orchestra_judges provides: judges of emotion that nothing is optimised against."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_judges.config import EEROLA, RESEARCH_ONLY, VGMIDI, JudgeConfig


@hookimpl
def orchestra_judges() -> Iterable[Descriptor]:
    """Return the judges."""
    return [
        Descriptor(
            name="notes_judge",
            target="orchestra_judges.notes_judge:NotesJudge",
            summary="Marks arousal and valence by features of the notes, with a forest.",
            config=JudgeConfig,
            license=RESEARCH_ONLY,
            citation=VGMIDI,
        ),
        Descriptor(
            name="cue_meter",
            target="orchestra_judges.cue_meter:CueMeter",
            summary="Marks arousal and valence by six musical cues of the notes, with coefficients from an experiment.",
            config=JudgeConfig,
            license="MIT; coefficients fitted to CC0 data",
            citation=EEROLA,
        ),
    ]
