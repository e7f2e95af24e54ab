"""The files that a run leaves for one item, beside its record."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestra_core.io.atomic import write_bytes, write_text
from orchestra_core.io.audio import write_wav
from orchestra_core.io.midi_writing import write_midi
from orchestra_core.runs.plain import finite, plain

if TYPE_CHECKING:
    from orchestra_core.contracts.score import Score
    from orchestra_core.pipeline.result import ParameterValue, Result

AUDIO, NOTES, HISTORY, PARAMETERS, ARRAYS, REPORT, INPUTS, STEMS = (
    "audio.wav",
    "notes.mid",
    "history.csv",
    "parameters.csv",
    "parameters.npz",
    "report.html",
    "inputs",
    "stems",
)

# Parameters of more values than this are arrays that nobody reads in a table.
_LONGEST = 10_000


def write_item_files(result: Result, directory: Path) -> None:
    """Write audio, notes, history, parameters and report of one item into a folder, each whole or not at all."""
    from orchestra_core.report.page import report_html

    write_wav(directory / AUDIO, result.audio, result.sample_rate, loop=result.canvas.loop)
    _write_stems(result, directory)
    if result.notes is not None:
        write_midi(directory / NOTES, result.notes, quantize=True)
    write_text(directory / HISTORY, result.history.to_csv(index=False, lineterminator="\n"))
    write_text(directory / PARAMETERS, parameters_csv(result.parameters))
    _write_arrays(result.parameters, directory / ARRAYS)
    write_text(directory / REPORT, report_html(result))


def item_record(result: Result) -> dict[str, Any]:
    """Return what ``run.json`` says of one item: what was asked, what was reached, and how."""
    return {
        "word": result.word,
        "seed": int(result.seed),
        "canvas": asdict(result.canvas),
        "targets": _numbers(result.targets),
        "readings": _numbers(result.readings),
        "errors": _numbers(result.errors),
        "dimensions": [{key: _number(value) for key, value in asdict(dimension).items()} for dimension in result.dimensions],
        "gain": finite(result.gain),
        "loudness": {
            "asked": None if result.asked_loudness is None else finite(result.asked_loudness),
            "integrated": finite(result.loudness.integrated),
            "true_peak": finite(result.loudness.true_peak),
        },
        "stems": stem_files(result.stems),
        "choice": plain(result.choice, "choice"),
        "setting": _setting(result.notes),
        "messages": list(result.messages),
    }


def _setting(notes: Score | None) -> dict[str, Any] | None:
    # MIDI has major and minor keys only; the record has the key as the score source named it.
    return None if notes is None else {"tempo": notes.tempo, "metre": list(notes.metre), "key": notes.key}


def stem_files(names: Iterable[str]) -> dict[str, str]:
    """Return the file in a run folder of every stem, by the name of its part.

    Examples
    --------
    >>> stem_files(["melody", "Bass (low)"])
    {'melody': 'stems/melody.wav', 'Bass (low)': 'stems/Bass_low.wav'}
    """
    files: dict[str, str] = {}
    # File systems that do not tell capitals apart must not lose a part.
    taken: set[str] = set()
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "part"
        free = next(one for one in chain([stem], (f"{stem}_{n}" for n in count(2))) if one.lower() not in taken)
        taken.add(free.lower())
        files[name] = f"{STEMS}/{free}.wav"
    return files


def parameters_csv(parameters: tuple[ParameterValue, ...]) -> str:
    """Return every value of every parameter as CSV, one row each: name, group, unit, bounds, index, initial, final.

    A parameter of more than 10,000 values has a single row without values, which says where they are.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["name", "group", "unit", "fixed", "lower", "upper", "index", "initial", "final"])
    for parameter in parameters:
        table.writerows(_rows(parameter))
    return text.getvalue()


def _write_stems(result: Result, directory: Path) -> None:
    for name, file in stem_files(result.stems).items():
        (directory / STEMS).mkdir(exist_ok=True)
        write_wav(directory / file, result.stems[name], result.sample_rate, loop=result.canvas.loop)


def _rows(parameter: ParameterValue) -> Iterator[tuple[object, ...]]:
    initial, final = np.asarray(parameter.initial), np.asarray(parameter.final)
    head = (parameter.name, parameter.group, parameter.unit, parameter.fixed, parameter.lower, parameter.upper)
    if initial.size > _LONGEST:
        yield (*head, f"see {ARRAYS}", "", "")
        return
    for index in np.ndindex(initial.shape):
        yield (*head, " ".join(map(str, index)), initial[index].item(), final[index].item())


def _write_arrays(parameters: tuple[ParameterValue, ...], path: Path) -> None:
    """Write long parameters as arrays: ``NAME.initial`` and ``NAME.final``; of fixed ones, which are the same, the first."""
    arrays = {}
    for parameter in parameters:
        if np.asarray(parameter.initial).size > _LONGEST:
            arrays[f"{parameter.name}.initial"] = np.asarray(parameter.initial)
            if not parameter.fixed:
                arrays[f"{parameter.name}.final"] = np.asarray(parameter.final)
    if arrays:
        content = io.BytesIO()
        np.savez_compressed(content, allow_pickle=False, **arrays)
        write_bytes(path, content.getvalue())


def _numbers(values: Any) -> dict[str, float | None]:
    return {name: finite(value) for name, value in values.items()}


def _number(value: Any) -> Any:
    return finite(value) if isinstance(value, float) else value
