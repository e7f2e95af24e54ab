"""The three parts of a step by themselves, forward and backward: what each trick saves, and what it costs in accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from harness import Case, compare, local, ratio, summary
from straightforward import Piano, mel_spectrogram, standardised_decibels
from tables import Figure, Size, milliseconds, number, table
from torch import Tensor
from work import piano, problem, weights

from orchestra_deam.front_end import FrontEnd
from orchestra_deam.models import frozen
from orchestra_deam.oracle import DeamCNN
from orchestra_deam.weights import load_weights

ROUNDS = {Size.FULL: 9, Size.QUICK: 3, Size.SMOKE: 1}
SECONDS = {Size.FULL: 5.0, Size.QUICK: 5.0, Size.SMOKE: 0.5}


def measure(size: Size) -> dict[str, Any]:
    torch.set_num_threads(1)
    parts = {
        "rendering": (_rendering(SECONDS[size]), _exact(SECONDS[size])),
        "mel spectrogram": (_front_ends(), None),
        "network": (_networks(), None),
        "whole oracle": (_oracles(), None),
    }
    return {part: _measure(part, ways, ROUNDS[size], true) for part, (ways, true) in parts.items()}


def _measure(part: str, ways: Mapping[str, Callable[[], Tensor]], rounds: int, true: Tensor | None) -> dict[str, Any]:
    outcomes = {name: way().detach() for name, way in ways.items()}
    cases: dict[str, Case] = {name: local(_both_ways(way)) for name, way in ways.items()}
    times = compare(cases, rounds)
    first = next(iter(ways))
    compared = {name: outcome for name, outcome in outcomes.items() if true is not None or name != first}
    true = outcomes[first] if true is None else true
    return {
        "seconds": {name: summary(timing) for name, timing in times.items()},
        "ratios": {name: ratio(times[first], timing) for name, timing in times.items()},
        "error": {name: _ERRORS[part](outcome, true) for name, outcome in compared.items()},
    }


def _both_ways(way: Callable[[], Tensor]) -> Callable[[], None]:
    return lambda: way().square().sum().backward()


def _rendering(duration: float) -> dict[str, Callable[[], Tensor]]:
    def ours(rate: int) -> Callable[[], Tensor]:
        asked = problem(piano(), duration=duration, sample_rate=rate)
        instrument, canvas = asked.evaluator.instrument, asked.brief.canvas
        return lambda: instrument._render(_leaves(asked), canvas)  # as in the inner loop: nothing is checked

    plain, start = Piano(duration=duration), problem(piano(), duration=duration)
    return {
        "straightforward, 44.1 kHz": lambda: plain(_leaves(start)),
        "tiles, 44.1 kHz": ours(44_100),
        "tiles, 22.05 kHz": ours(22_050),
    }


def _exact(duration: float) -> Tensor:
    """Return the straightforward rendering in double precision."""
    values = problem(piano(), duration=duration).values
    double = {name: v.double() if v.is_floating_point() else v for name, v in values.items()}
    return Piano(duration=duration, dtype=torch.float64)(double)


def _leaves(asked: Any) -> dict[str, Tensor]:
    moved = {p.name for p in asked.parameters if not p.fixed}
    return {name: v.detach().requires_grad_(name in moved) for name, v in asked.values.items()}


def _front_ends() -> dict[str, Callable[[], Tensor]]:
    audio = {rate: _clip(rate) for rate in (44_100, 22_050)}
    ours = FrontEnd()

    def plain(name: str) -> Callable[[], Tensor]:
        mel = mel_spectrogram(44_100, name)
        return lambda: standardised_decibels(mel(audio[44_100].requires_grad_()))

    return {
        "nnAudio, 44.1 kHz": plain("nnaudio"),
        "torchaudio, 44.1 kHz": plain("torchaudio"),
        "backward by hand, 44.1 kHz": lambda: ours(audio[44_100].requires_grad_(), 44_100)[:, 0],
        "backward by hand, 22.05 kHz": lambda: ours(audio[22_050].requires_grad_(), 22_050)[:, 0],
    }


def _clip(rate: int) -> Tensor:
    """Return a clip that has the same spectrum below 8 kHz at both rates."""
    asked = problem(piano(), sample_rate=rate)
    return asked.evaluator.instrument.render(asked.values, asked.brief.canvas).detach()


def _networks() -> dict[str, Callable[[], Tensor]]:
    features = FrontEnd()(_clip(22_050), 22_050).detach()

    def read(trained: bool, fast: bool) -> Callable[[], Tensor]:
        network, _ = load_weights(weights(), "three_conv")
        network = network.eval().requires_grad_(trained)
        seen = features.clone()
        if fast:
            network = frozen(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            seen = seen.contiguous(memory_format=torch.channels_last)
        return lambda: network(seen.requires_grad_())

    return {
        "as trained, gradients of the weights too": read(trained=True, fast=False),
        "as trained, weights frozen": read(trained=False, fast=False),
        "folded, channels last": read(trained=False, fast=True),
    }


def _oracles() -> dict[str, Callable[[], Tensor]]:
    def read(model: str) -> Callable[[], Tensor]:
        oracle, audio = DeamCNN(model), _clip(22_050)
        return lambda: torch.stack(list(oracle.read_unchecked(audio.requires_grad_(), 22_050).values()))

    return {"three_conv, on mel bands": read("three_conv"), "cues, the default": read("cues")}


def _audio_error(outcome: Tensor, first: Tensor) -> str:
    if outcome.shape != first.shape:
        return ""
    return f"{20 * math.log10(float((outcome - first).norm() / first.norm())):.0f} dB re double precision"


def _feature_error(outcome: Tensor, first: Tensor) -> str:
    # Standardised features have a standard deviation of 1.
    return f"{float((outcome - first).abs().mean()):.0e} sd on average"


def _reading_error(outcome: Tensor, first: Tensor) -> str:
    return f"{float((outcome - first).abs().max()):.0e}"


def _no_error(outcome: Tensor, first: Tensor) -> str:
    return ""  # two oracles are meant to differ


_ERRORS = {
    "rendering": _audio_error,
    "mel spectrogram": _feature_error,
    "network": _reading_error,
    "whole oracle": _no_error,
}


def figures(result: Mapping[str, Any]) -> list[Figure]:
    return []


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    rows = []
    for part, found in result.items():
        for name, seconds in found["seconds"].items():
            rows.append(
                [
                    part,
                    name,
                    milliseconds(seconds["wall"]),
                    milliseconds(seconds["cpu"]),
                    number(found["ratios"][name], "x"),
                    found["error"].get(name, ""),
                ]
            )
    return {"ways": table(["part", "how", "clock", "processor", "times as fast", "difference, from the first unless said"], rows)}
