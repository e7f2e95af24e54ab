"""What orchestra_judges provides: judges of emotion that nothing is optimised against."""

from __future__ import annotations

from collections.abc import Iterable

from orchestra_core import Descriptor, hookimpl
from orchestra_judges.config import EEROLA, RESEARCH_ONLY, VGMIDI, JudgeConfig

_OF_SOUND = (
    ("harmony_judge", "HarmonyJudge", "Marks arousal and valence by spectral peaks and harmonic pitch classes, with a forest."),
    ("cochlear_judge", "CochlearJudge", "Marks by a gammatone filterbank and its modulations, with kernel regression."),
    ("recurrent_judge", "RecurrentJudge", "Marks arousal and valence by constant-Q frames, with recurrent networks."),
)


@hookimpl
def orchestra_judges() -> Iterable[Descriptor]:
    """Return the judges."""
    return [
        _learned("notes_judge", "notes_judge:NotesJudge", "Marks arousal and valence by features of the notes, with a forest."),
        Descriptor(
            name="cue_meter",
            target="orchestra_judges.cue_meter:CueMeter",
            summary="Marks arousal and valence by six musical cues of the notes, with coefficients from an experiment.",
            config=JudgeConfig,
            license="MIT; coefficients fitted to CC0 data",
            citation=EEROLA,
        ),
        *(_learned(name, f"audio_judges:{attribute}", summary) for name, attribute, summary in _OF_SOUND),
    ]


def _learned(name: str, target: str, summary: str) -> Descriptor:
    return Descriptor(
        name=name,
        target=f"orchestra_judges.{target}",
        summary=summary,
        config=JudgeConfig,
        license=RESEARCH_ONLY,
        citation=VGMIDI,
    )
