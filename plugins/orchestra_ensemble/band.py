"""The score source ``band``: what several sources write, one for each voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from orchestra_core import Brief, Note, Score, ScoreSource
from orchestra_ensemble.names import check_names


class BandScore(ScoreSource):
    """What several score sources write, each for one voice, played together.

    The first source leads: the others are given its score in their brief, so that they can follow its tempo, and the whole
    has its tempo, metre and key. Choices have the name of the voice before theirs (``piano.density``).

    Parameters
    ----------
    sources : mapping of str to ScoreSource
        Score sources by the name of the voice that plays what they write; notes get a part of that name.

    Raises
    ------
    ParameterError
        There is no source, or a name cannot be used.

    Examples
    --------
    >>> from orchestra_core import Pipeline
    >>> band = {"name": "band", "config": {"sources": {"drums": "pattern", "piano": "scale"}}}
    >>> result = Pipeline(instrument="ensemble", score=band).compose("happy")  # doctest: +SKIP
    """

    def __init__(self, *, sources: Mapping[str, ScoreSource]) -> None:
        check_names(sources, "band")
        self.sources = dict(sources)

    @property
    def choices(self) -> Mapping[str, tuple[Any, ...]]:
        """The choices of all sources, with the name of the voice before theirs."""
        return {f"{name}.{key}": values for name, source in self.sources.items() for key, values in source.choices.items()}

    @property
    def duration(self) -> float | None:
        """Seconds that the longest of the sources asks for; None where none does."""
        return max((source.duration for source in self.sources.values() if source.duration is not None), default=None)

    def _write(self, brief: Brief, choice: Mapping[str, Any], generator: np.random.Generator) -> Score:
        written: list[Score] = []
        notes: list[Note] = []
        # A stream for each source: what one draws does not change what another writes.
        streams = generator.spawn(len(self.sources))
        for (name, source), stream in zip(self.sources.items(), streams, strict=True):
            own = {key.removeprefix(f"{name}."): value for key, value in choice.items() if key.startswith(f"{name}.")}
            heard = replace(brief, scores=(written[0],)) if written else brief
            written.append(source.write(heard, own, stream))
            notes += [replace(note, part=replace(note.part, name=name)) for note in written[-1].notes]
        notes.sort(key=lambda note: (note.onset, note.pitch, note.part.name))
        return replace(written[0], notes=tuple(notes))
