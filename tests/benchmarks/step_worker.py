"""Worker: steps of optimisation in a process of its own. Arguments: STEPS:BATCH:PARTIALS ..., each the name of a case."""

import sys

import torch
from harness import Case, local, serve
from work import Steps, piano, problem

import orchestra_core


def case(name: str) -> Case:
    """Return so many steps of a batch; its unit is a step of one item."""
    steps, batch, partials = map(int, name.split(":"))
    return local(Steps(problem(piano(partials), batch), steps), steps * batch)


def main() -> None:
    serve({name: case(name) for name in sys.argv[1:]}, root=orchestra_core.__file__, threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
