"""One step of the optimisation against the straightforward implementation of the same equations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import torch
from checkout import earlier, worker
from harness import compare, local, ratio, summary
from straightforward import Ear, Optimisation, Piano
from tables import Figure, Size, at_least, milliseconds, number, table
from torch import Tensor
from work import TARGETS, Steps, evaluation, literal_piano, piano, problem, weights

from orchestra_core import Instrument
from orchestra_core.problem import Problem
from orchestra_deam.weights import load_weights
from orchestra_piano import PianoAdsr

#: Partials, whether the equations are the published ones, and what the work is called.
WORKS = ((1, False, "1 partial"), (8, False, "8 partials"), (1, True, "the published equations"))
ROUNDS = {Size.FULL: {1: 7, 8: 5}, Size.QUICK: {1: 3, 8: 3}, Size.SMOKE: {1: 1, 8: 1}}
STEPS = {Size.FULL: 20, Size.QUICK: 10, Size.SMOKE: 1}
SECONDS = {Size.FULL: 5.0, Size.QUICK: 5.0, Size.SMOKE: 0.5}


def measure(size: Size) -> dict[str, Any]:
    torch.set_num_threads(1)
    with ExitStack() as stack:
        root = stack.enter_context(earlier()) if size is not Size.SMOKE else None
        before = worker("step_worker.py", *(f"{STEPS[size]}:1:{partials}" for partials in (1, 8)), root=root) if root else None
        works = {name: _measure(partials, literal, size, before) for partials, literal, name in WORKS}
        if before:
            before.close()
    return {"works": works, "agreement": agreement(SECONDS[size]), "steps": STEPS[size]}


def _measure(partials: int, literal: bool, size: Size, before: Any) -> dict[str, Any]:
    asked = problem(instrument(partials, literal), duration=SECONDS[size])
    cases = {
        "straightforward": local(plain_optimisation(asked, partials, literal).step),
        "fast": local(Steps(asked, STEPS[size]), STEPS[size]),
    }
    if not literal and partials == 1:
        cases["nnaudio"] = local(plain_optimisation(asked, partials, literal, "nnaudio").step)
    if before and not literal:
        cases["before"] = before.case(f"{STEPS[size]}:1:{partials}")
    times = compare(cases, ROUNDS[size][partials])
    costs: dict[str, Any] = {name: summary(timing) for name, timing in times.items()}
    ratios = {name: ratio(timing, times["fast"]) for name, timing in times.items() if name != "fast"}
    return {"seconds": costs, "ratios": ratios}


def instrument(partials: int, literal: bool) -> Instrument:
    return literal_piano() if literal else piano(partials)


def plain_optimisation(asked: Problem, partials: int, literal: bool, front_end: str = "torchaudio") -> Optimisation:
    """Return the straightforward optimisation from where a problem stands."""
    network, _ = load_weights(weights(), "three_conv")
    moved = {p.name: (p.lower, p.upper) for p in asked.parameters if not p.fixed}
    target = torch.tensor([[TARGETS["arousal"], TARGETS["valence"]]])
    return Optimisation(
        Piano(partials, literal, asked.brief.canvas.duration), Ear(network, front_end=front_end), asked.values, moved, target
    )


def agreement(duration: float, partials: int = 8) -> dict[str, dict[str, float]]:
    """Return how far everything lies from the straightforward implementation in double precision."""
    true = _plain(partials, duration, torch.float64)
    forms = {
        "straightforward, single precision": _plain(partials, duration, torch.float32),
        "exact renderer, double precision": _ours(partials, duration, "exact", torch.float64, 44_100),
        "fast renderer, double precision": _ours(partials, duration, "fast", torch.float64, 44_100),
        "as the final result is read: fast, 44.1 kHz": _ours(partials, duration, "fast", torch.float32, 44_100),
        "as optimised: fast, 22.05 kHz": _ours(partials, duration, "fast", torch.float32, 22_050),
    }
    return {name: _difference(form, true) for name, form in forms.items()}


Outcome = tuple[dict[str, Tensor], dict[str, Tensor], Tensor]


def _ours(partials: int, duration: float, renderer: Any, dtype: torch.dtype, rate: int) -> Outcome:
    asked = problem(PianoAdsr(partials=partials, renderer=renderer), duration=duration, sample_rate=rate)
    asked.values = {name: v.to(dtype) if v.is_floating_point() else v for name, v in asked.values.items()}
    return evaluation(asked)


def _plain(partials: int, duration: float, dtype: torch.dtype) -> Outcome:
    asked = problem(piano(partials), duration=duration)
    moved = {p.name for p in asked.parameters if not p.fixed}
    values = {name: v.to(dtype).clone().requires_grad_(name in moved) for name, v in asked.values.items()}
    audio = Piano(partials, duration=duration, dtype=dtype)(values)
    audio = 0.9 * audio / audio.abs().amax(dim=1, keepdim=True)
    network, _ = load_weights(weights(), "three_conv")
    read = Ear(network).to(dtype)(audio)
    (10 * (read - torch.tensor([[TARGETS["arousal"], TARGETS["valence"]]], dtype=dtype))).square().sum().backward()
    return values, {"arousal": read[:, 0], "valence": read[:, 1]}, audio.detach()


def _difference(form: Outcome, true: Outcome) -> dict[str, float]:
    values, readings, audio = form
    moved = [name for name, value in true[0].items() if value.requires_grad]
    grad, expected = (torch.cat([found[name].grad.double().flatten() for name in moved]) for found in (values, true[0]))
    same_rate = audio.shape == true[2].shape
    error = float((audio.double() - true[2]).norm() / true[2].norm()) if same_rate else math.nan
    return {
        "audio_db": 20 * math.log10(max(error, 1e-20)) if same_rate else math.nan,
        "reading": max(float((readings[name].detach() - true[1][name].detach()).abs().max()) for name in true[1]),
        "gradient": float((grad - expected).norm() / expected.norm()),
        "cosine": float(torch.nn.functional.cosine_similarity(grad, expected, dim=0)),
    }


def figures(result: Mapping[str, Any]) -> list[Figure]:
    name = "optimisation step against the straightforward one, 48 notes, 5 s, one thread"
    ratios = {work: found["ratios"]["straightforward"] for work, found in result["works"].items()}
    return [
        at_least(f"{name}, 1 partial", ratios["1 partial"], 20),
        at_least(f"{name}, 8 partials", ratios["8 partials"], 40),
    ]


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    rows = []
    for work, found in result["works"].items():
        seconds, ratios = found["seconds"], found["ratios"]
        rows.append(
            [
                work,
                milliseconds(seconds["straightforward"]["wall"]),
                milliseconds(seconds["nnaudio"]["wall"]) if "nnaudio" in seconds else "",
                milliseconds(seconds["before"]["wall"]) if "before" in seconds else "",
                milliseconds(seconds["fast"]["wall"]),
                milliseconds(seconds["fast"]["cpu"]),
                number(ratios["straightforward"], "x"),
            ]
        )
    head = ["work", "straightforward", "the same with nnAudio", "before", "now", "now, processor", "straightforward / now"]
    agreed = [
        [
            name,
            "" if math.isnan(found["audio_db"]) else f"{found['audio_db']:.0f} dB",
            f"{found['reading']:.0e}",
            f"{found['gradient']:.1e}",
            f"{found['cosine']:.4f}",
        ]
        for name, found in result["agreement"].items()
    ]
    titles = ["against the straightforward one in double precision", "audio", "reading", "gradient", "cosine of the gradients"]
    return {"step": table(head, rows), "agreement": table(titles, agreed)}
