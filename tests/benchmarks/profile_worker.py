"""Worker: profiles a checkout, that of the folders in PYTHONPATH, and prints what it found as a line of JSON.

Arguments: steps, batch.
"""

import json
import sys

import torch
from harness import compare as compared
from harness import local, summary
from work import Steps, piano, problem

import orchestra_core

PARTS = ("rendering, forward", "rendering, both ways", "reading, forward", "reading, both ways", "a whole step")


def main() -> None:
    steps, rounds = map(int, sys.argv[1:])
    torch.set_num_threads(1)
    print(json.dumps({"root": orchestra_core.__file__, "operators": operators(steps), "parts": parts(rounds)}))


def operators(steps: int) -> list[dict[str, object]]:
    """Return the operators of a step: processor time of their own in ms, share, and calls."""
    work = Steps(problem(piano()), steps)
    work()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        work()
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return [
        {
            "name": event.key,
            "ms": event.self_cpu_time_total / 1000 / steps,
            "share": event.self_cpu_time_total / total,
            "calls": event.count / steps,
        }
        for event in events
    ]


def parts(rounds: int) -> dict[str, object]:
    """Return the seconds that rendering, reading and a whole step take."""
    asked = problem(piano())
    instrument, canvas = asked.evaluator.instrument, asked.brief.canvas
    oracle = asked.evaluator.objective.oracle
    moved = [p.name for p in asked.parameters if not p.fixed]
    audio = instrument.render(asked.values, canvas).detach()

    def render() -> torch.Tensor:
        return instrument.render({name: v.detach().requires_grad_(name in moved) for name, v in asked.values.items()}, canvas)

    def read(heard: torch.Tensor) -> torch.Tensor:
        return torch.stack(list(oracle.read_unchecked(heard, canvas.sample_rate).values())).sum()

    def without_gradient(work: object) -> object:
        return torch.no_grad()(work)

    cases = {
        PARTS[0]: without_gradient(render),
        PARTS[1]: lambda: render().square().sum().backward(),
        PARTS[2]: without_gradient(lambda: read(audio)),
        PARTS[3]: lambda: read(audio.clone().requires_grad_()).backward(),
    }
    timed = {name: local(work) for name, work in cases.items()} | {PARTS[4]: local(Steps(asked, 4), 4)}
    return {name: summary(timing) for name, timing in compared(timed, rounds, warm_up=2).items()}


if __name__ == "__main__":
    main()
