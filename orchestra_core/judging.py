"""Judging: performances out of files, and what every judge that can mark them says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestra_core.contracts.judge import Judge, Marks, Performance
from orchestra_core.errors import OrchestraError, UsageError
from orchestra_core.io.audio import read_audio
from orchestra_core.io.midi import read_midi

_MIDI = (".mid", ".midi")
_AUDIO_NAME, _NOTES_NAME = "audio.wav", "notes.mid"
# What a style transfer leaves, beside what it was made from.
_RESULT_NAME = "result.wav"


@dataclass(frozen=True)
class Verdict:
    """What one judge says of one performance.

    Parameters
    ----------
    judge : str
        Its name.
    marks : mapping of str to float
        By dimension, those it qualifies on; empty where it cannot mark.
    missing : tuple of str
        What the performance lacks for it: ``audio``, ``notes`` or both.
    reason : str
        Why it cannot mark what has all that it needs, such as notes of drums alone; empty where it can.
    """

    judge: str
    marks: Marks
    missing: tuple[str, ...] = ()
    reason: str = ""


def read_performance(path: str | Path) -> Performance:
    """Return the performance in a recording, a MIDI file or a run folder.

    Parameters
    ----------
    path : str or Path
        An audio file, of which there is only the sound; a MIDI file, of which there are only the notes; or a run folder,
        which has both.

    Returns
    -------
    Performance

    Raises
    ------
    UsageError
        There is no such file, or the folder holds no finished run. `AudioFileError` and `ScoreError` tell what is wrong with a
        file.

    Examples
    --------
    >>> read_performance("no_such_folder/")
    Traceback (most recent call last):
        ...
    orchestra_core.errors.UsageError: no_such_folder does not exist; expected an audio file, a MIDI file or a run folder.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist; expected an audio file, a MIDI file or a run folder.")
    if path.is_dir():
        return _of_run(path)
    if path.suffix.lower() in _MIDI:
        return Performance(score=read_midi(path))
    return _with_audio(path)


def verdicts(performance: Performance, judges: Mapping[str, Judge] | Iterable[tuple[str, Judge]]) -> tuple[Verdict, ...]:
    """Return what each judge says of a performance.

    Parameters
    ----------
    performance : Performance
        What is judged.
    judges : mapping of str to Judge, or pairs
        The judges by name.

    Returns
    -------
    tuple of Verdict
        In the order of the judges; one that lacks something it needs, or that raises an `OrchestraError`, marks nothing and
        says what or why.
    """
    pairs = judges.items() if isinstance(judges, Mapping) else judges
    return tuple(_verdict(name, judge, performance) for name, judge in pairs)


def _verdict(name: str, judge: Judge, performance: Performance) -> Verdict:
    missing = tuple(sorted(judge.needs - performance.offers))
    if missing:
        return Verdict(name, {}, missing)
    try:
        return Verdict(name, judge.mark(performance))
    except OrchestraError as error:
        # One judge that can make nothing of a piece takes no other's mark away.
        return Verdict(name, {}, reason=str(error))


def _of_run(folder: Path) -> Performance:
    audio, notes = folder / _AUDIO_NAME, folder / _NOTES_NAME
    if not audio.is_file():
        items = sorted(item.name for item in folder.iterdir() if (item / _AUDIO_NAME).is_file())
        hint = f" It holds several pieces: give them one by one, such as {folder / items[0]}." if items else ""
        if (folder / _RESULT_NAME).is_file():
            hint = f" Its sound is {folder / _RESULT_NAME}: give that file."
        raise UsageError(f"{folder} has no {_AUDIO_NAME}; expected the folder of a finished run.{hint}")
    return _with_audio(audio, notes if notes.is_file() else None)


def _with_audio(path: Path, notes: Path | None = None) -> Performance:
    audio, rate = read_audio(path)
    return Performance(audio[0], rate, None if notes is None else read_midi(notes))
