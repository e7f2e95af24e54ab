"""Note-seconds rendered per second, forward and backward, against torchsynth's Voice.

A note-second is a second that a note sounds. For the piano that is from onset to the end of the release, on the canvas; for a
Voice, which is one monophonic sound of 4 s, from its first to its last sample above -80 dB re its peak. Beside this stands a
count that is in favour of torchsynth: all 4 s of a Voice, also where it is silent, and of the piano only what sounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from harness import Case, Worker, compare, environment, local, spread, summary
from tables import Figure, Size, at_least, digits, milliseconds, number, table
from work import Spread, piano, problem

from orchestra_core.problem import Problem

HERE = Path(__file__).parent
BATCHES = {Size.FULL: (1, 8, 32), Size.QUICK: (1, 8), Size.SMOKE: (1,)}
ROUNDS = {Size.FULL: 7, Size.QUICK: 3, Size.SMOKE: 1}

#: Partials, batch, seconds that a note is held, rate in Hz.
OURS = (
    (8, 1, 3.0, 44_100),
    (8, 1, 1.0, 44_100),
    (8, 1, 0.3, 44_100),
    (8, 8, 0.3, 44_100),
    (1, 1, 0.3, 44_100),
    (8, 1, 0.3, 22_050),
)
#: The one that the aim is held against: the default piano at torchsynth's rate, with notes about as long as its own; and, beside
#: it, with the short notes of the reference score, whose edges cost most of the time.
MARK = "8 partials, batch 1, notes held for 3 s, 44.1 kHz"
SHORT = "8 partials, batch 1, notes held for 0.3 s, 44.1 kHz"
BUFFER = 4.0


def measure(size: Size, python: Path | None = None) -> dict[str, Any]:
    torch.set_num_threads(1)
    works = {_name(*setting): _render(*setting) for setting in OURS if size is not Size.SMOKE or setting[1] == 1}
    cases: dict[str, Case] = {name: case for name, (case, _) in works.items()}
    sounding = {name: seconds for name, (_, seconds) in works.items()}
    worker = Worker([python, HERE / "torchsynth_worker.py", 1, *BATCHES[size]], environment(1)) if python else None
    if worker:
        heard: Any = worker.facts["sounding"]
        cases |= {_voice(batch): worker.case(str(batch)) for batch in BATCHES[size]}
        sounding |= {_voice(batch): heard[str(batch)] for batch in BATCHES[size]}
    times = compare(cases, ROUNDS[size])
    walls = {name: timing.wall for name, timing in times.items()}
    if worker:
        worker.close()
    whole = sounding | {_voice(batch): BUFFER * batch for batch in BATCHES[size] if worker}
    return {
        "seconds": {name: summary(timing) for name, timing in times.items()},
        "sounding": sounding,
        "whole": whole,
        "rates": {name: spread(sounding[name] / wall for wall in found) for name, found in walls.items()},
        "against": _against(MARK, walls, sounding),
        "against_whole": _against(MARK, walls, whole),
        "against_short": _against(SHORT, walls, sounding),
        "torch": worker.facts["torch"] if worker else None,
    }


def _name(partials: int, batch: int, held: float, rate: int) -> str:
    return f"{partials} partial{'s' * (partials > 1)}, batch {batch}, notes held for {held:g} s, {rate / 1000:g} kHz"


def _voice(batch: int) -> str:
    return f"torchsynth, batch {batch}"


def _render(partials: int, batch: int, held: float, rate: int) -> tuple[Case, float]:
    asked = problem(piano(partials), batch, Spread(48, held), sample_rate=rate)
    instrument, canvas = asked.evaluator.instrument, asked.brief.canvas
    moved = [p.name for p in asked.parameters if not p.fixed]

    def work() -> None:
        values = {name: v.detach().requires_grad_(name in moved) for name, v in asked.values.items()}
        instrument.render(values, canvas).square().sum().backward()

    return local(work), note_seconds(asked)


def note_seconds(asked: Problem) -> float:
    """Return for how many seconds the notes of a problem sound on its canvas, all together."""
    values = asked.values
    span = values["duration"] + values["release"][:, None]
    end = (values["onset"] + span).clamp_max(asked.brief.canvas.duration)
    return float(((end - values["onset"]) * values["mask"]).sum())


def _against(mark: str, walls: Mapping[str, list[float]], counted: Mapping[str, float]) -> dict[str, float] | None:
    """Return how many times more note-seconds per second than torchsynth at its best batch, round by round."""
    rates = {name: [counted[name] / wall for wall in found] for name, found in walls.items()}
    theirs = [found for name, found in rates.items() if name.startswith("torchsynth")]
    if not theirs:
        return None
    best = max(theirs, key=lambda found: spread(found)["median"])
    return spread(ours / other for ours, other in zip(rates[mark], best, strict=True))


def figures(result: Mapping[str, Any]) -> list[Figure]:
    what = "note-seconds rendered per second, forward and backward, against torchsynth's Voice"
    if result["against"] is None:
        return [Figure(what, "≥ 10x", "not measured: give `--torchsynth PYTHON`", None)]
    return [
        at_least(f"{what}, notes about as long as its own, seconds that sound", result["against"], 10),
        at_least("the same, the silence of the Voice counted too", result["against_whole"], 10),
        at_least("the same, notes of 0.3 s against its longer ones", result["against_short"], 10),
    ]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    rows = []
    for name, found in result["seconds"].items():
        counts = (digits(result["sounding"][name]), digits(result["whole"][name]))
        rows.append([name, milliseconds(found["wall"]), *counts, number(result["rates"][name])])
    head = [
        "forward and backward, one thread",
        "clock",
        "note-seconds that sound",
        "torchsynth's silence counted too",
        "per second",
    ]
    missing = "" if result["torch"] else "\n\ntorchsynth was not measured: its environment was not given."
    return {"torchsynth": table(head, rows) + missing}
