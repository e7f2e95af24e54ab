"""Measure the layers of an ensemble: how loud they lie beside the piano, what judges make of them, and what they cost.

    python docs/voices_study.py [--rounds 9] [--seeds 1] [--rows rows.jsonl]

Writes docs/voices_study.md. Nothing is optimised: pieces are played as they are written, from where the parameters start.
Every piece that is judged is a row in the file of rows when it is done, and not judged again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyloudnorm
import torch
from song_study import AS_WRITTEN, ORACLE, marks_of, one

from orchestra_core import Brief, Canvas, Pipeline, Score, build, get_registry

HERE = Path(__file__).resolve().parent
REQUESTS = (-0.8, 0.0, 0.8)
SEEDS = (1, 2)
PARTS = ("melody", "harmony", "bass", "pad", "drums")
SECONDS = 16.0
RATES = (22_050, 44_100)
#: What is timed, by name: instrument and the parts that it plays.
TIMED: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "piano: melody, harmony": ("piano_adsr", PARTS[:2]),
    "piano: bass": ("piano_adsr", ("bass",)),
    "bass: bass": ("bass", ("bass",)),
    "piano: pad": ("piano_adsr", ("pad",)),
    "pad: pad": ("pad", ("pad",)),
    "percussion: drums": ("percussion", ("drums",)),
    "piano: melody, harmony, bass": ("piano_adsr", PARTS[:3]),
    "ensemble: melody, harmony, bass": ("ensemble", PARTS[:3]),
    "ensemble: melody, harmony, bass, pad": ("ensemble", PARTS[:4]),
    "ensemble: all five": ("ensemble", PARTS),
}


#: What is judged, by name: instrument and the parts that it plays.
JUDGED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "piano": ("piano_adsr", PARTS[:3]),
    "piano, bass": ("ensemble", PARTS[:3]),
    "piano, with the pad's part": ("piano_adsr", PARTS[:4]),
    "piano, bass, pad": ("ensemble", PARTS[:4]),
    "piano, bass, pad, drums": ("ensemble", PARTS),
}
ASKED = (-0.8, -0.4, 0.0, 0.4, 0.8)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--rows", type=Path, default=Path(tempfile.gettempdir()) / "voices_study.jsonl")
    asked = options.parse_args()
    torch.set_num_threads(1)
    text = [*levels_text(), "", *judged_text(list(judged(asked.rows, asked.seeds)), asked.seeds), "", *times_text(asked.rounds)]
    (HERE / "voices_study.md").write_text("\n".join(text) + "\n", encoding="utf-8")


def levels_text() -> Iterator[str]:
    yield "# Levels and cost of layers"
    yield ""
    yield (
        f"`python docs/voices_study.py` made this page. Levels are integrated loudness (BS.1770) of each layer re the piano, "
        f"with every level of the mix at 0 dB: {len(REQUESTS) ** 2 * len(SEEDS)} pieces that `rules` writes for requests of "
        f"{', '.join(f'{size:g}' for size in REQUESTS)} in valence and arousal, {len(SEEDS)} seeds each."
    )
    yield ""
    yield "| layer | median (LU) | least | most |"
    yield "|---|---|---|---|"
    found = [loudness(valence, arousal, seed) for valence in REQUESTS for arousal in REQUESTS for seed in SEEDS]
    for name in ("bass", "pad", "drums"):
        apart = [levels[name] - levels["piano"] for levels in found]
        yield f"| {name} | {median(apart):+.1f} | {min(apart):+.1f} | {max(apart):+.1f} |"


def loudness(valence: float, arousal: float, seed: int) -> dict[str, float]:
    """Return the loudness in LUFS of each voice of a piece."""
    canvas = Canvas(duration=SECONDS, level="as_is")
    requests = {"valence": torch.tensor([valence]), "arousal": torch.tensor([arousal])}
    brief = Brief(canvas, {}, torch.tensor([seed]), requests=requests)
    score = made("score", {"name": "rules", "config": {"parts": list(PARTS)}}).write(brief, {}, np.random.default_rng(seed))
    brief = Brief(canvas, {}, torch.tensor([seed]), (score,))
    ensemble = made("instrument", "ensemble")
    stems = ensemble.stems({p.name: p.initial for p in ensemble.parameters(brief)}, brief)
    voices: dict[str, np.ndarray] = {}
    for name, sound in stems.items():
        voice = name.split()[0]
        voices[voice] = voices.get(voice, 0.0) + sound[0].double().numpy()
    meter = pyloudnorm.Meter(canvas.sample_rate)
    return {name: float(meter.integrated_loudness(sound)) for name, sound in voices.items()}


def judged(path: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for every piece, those of the file first."""
    known = {row["piece"]: row for row in map(json.loads, path.read_text().splitlines())} if path.exists() else {}
    judges = {entry.name: build("judge", entry.name).component for entry in get_registry().entries("judge")}
    for name, (instrument, parts) in JUDGED.items():
        score = {"name": "rules", "config": {"parts": list(parts)}}
        pipeline = Pipeline(instrument=instrument, score=score, oracle=ORACLE, schedule=AS_WRITTEN)
        cells = [(v, a, seed) for v in ASKED for a in ASKED for seed in range(seeds)]
        for valence, arousal, seed in cells:
            piece = f"{name} {valence:+.1f} {arousal:+.1f} {seed}"
            if piece not in known:
                known[piece] = {"piece": piece, "system": name, **one(pipeline, valence, arousal, seed, judges)}
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(known[piece]) + "\n")
            yield known[piece]


def judged_text(rows: list[dict[str, Any]], seeds: int) -> Iterator[str]:
    yield (
        f"What oracle and judges make of them: {len(ASKED) ** 2 * seeds} pieces of `rules` for each, requests of "
        f"{', '.join(f'{size:g}' for size in ASKED)} in valence and arousal; r is the correlation of a mark with the request, "
        "slope its change per unit of request, and cross the change per unit of the *other* request, with its sign (that of "
        "[the battery](battery.md) is a share of the slope, without one). With so few pieces an r of 0.8 is hardly told from one "
        "of 0.7. Empty where a judge does not qualify."
    )
    yield ""
    yield "| layers | marked by | arousal r | slope | cross | valence r | slope | cross |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in JUDGED:
        own = [row for row in rows if row["system"] == name]
        for judge in sorted(own[0]["marks"]):
            yield f"| {name} | {judge} | {' | '.join(marks_of(own, judge))} |"


def made(kind: str, spec: Any) -> Any:
    """Return a component."""
    return build(kind, spec).component


def times_text(rounds: int) -> Iterator[str]:
    yield (
        f"Processor time of an evaluation of a piece of {SECONDS:g} s that `song` writes (8 bars, default choices), on one "
        "thread: rendering alone, and with the gradient of its power in every parameter. "
        f"Cases take turns; the median of {rounds} rounds, in milliseconds."
    )
    yield ""
    yield "| instrument: parts | notes | " + " | ".join(f"{rate / 1000:g} kHz | and gradient" for rate in RATES) + " |"
    yield "|---|---|" + "---|---|" * len(RATES)
    cases = {(name, rate): case(*TIMED[name], rate) for name in TIMED for rate in RATES}
    taken: dict[Any, list[float]] = {}
    for _ in range(rounds + 1):
        for key, (_, *calls) in cases.items():
            for kind, call in enumerate(calls):
                began = time.process_time()
                call()
                taken.setdefault((*key, kind), []).append(1000 * (time.process_time() - began))
    for name in TIMED:
        cells = [f"{median(taken[name, rate, kind][1:]):.0f}" for rate in RATES for kind in (0, 1)]  # the first round warms up
        yield f"| {name} | {cases[name, RATES[0]][0]} | " + " | ".join(cells) + " |"


def case(instrument: str, parts: tuple[str, ...], rate: int) -> tuple[int, Callable[[], object], Callable[[], object]]:
    """Return the number of notes, and what renders them without and with a gradient."""
    canvas = Canvas(duration=SECONDS, sample_rate=rate, level="as_is")
    source = made("score", {"name": "song", "config": {"key": "D", "parts": list(PARTS)}})
    whole = source.write(Brief(canvas, {}, torch.tensor([7])), {}, np.random.default_rng(7))
    score = Score(tuple(note for note in whole.notes if note.part.name in parts), whole.tempo, whole.metre, whole.key)
    player = made("instrument", instrument)
    parameters = player.parameters(Brief(canvas, {}, torch.tensor([7]), (score,)))
    values = {p.name: p.initial for p in parameters}
    free = [p.name for p in parameters if not p.fixed]

    def rendered() -> object:
        with torch.no_grad():
            return player._render(values, canvas)

    def descended() -> object:
        leaves = {name: value.clone().requires_grad_(name in free) for name, value in values.items()}
        return player._render(leaves, canvas).square().sum().backward()

    return len(score.notes), rendered, descended


if __name__ == "__main__":
    main()
