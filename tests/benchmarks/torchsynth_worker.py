"""Worker: torchsynth's Voice, forward and backward, in an environment of its own.

Needs torchsynth and the standard library. Its last release asks for PyTorch Lightning as it was before 1.9; with that it runs
beside today's torch, so that both sides are computed by the same library::

    python3.11 -m venv torchsynth-environment
    torchsynth-environment/bin/pip install "torch==2.12.*" "numpy<2" "setuptools<70" "pytorch-lightning==1.8.6" torchsynth==1.0.2
    python tests/benchmarks/run.py --torchsynth torchsynth-environment/bin/python

Gradients: version 1.0 refuses ``no_grad=False`` in its configuration ("not explicitly tested"), and its reproducible mode wants
batches of 32; so the mode is off, and gradients are switched on after the check.

Arguments: threads, batch ...
"""

import sys
import warnings

warnings.simplefilter("ignore")

import torch  # noqa: E402
from harness import Case, local, serve  # noqa: E402
from torchsynth.config import SynthConfig  # noqa: E402
from torchsynth.synth import Voice  # noqa: E402


def voice_case(batch: int) -> Case:
    """Return the rendering of a batch of sounds of 4 s with random settings, and its gradient for all 78 of them."""
    config = SynthConfig(batch_size=batch, reproducible=False)
    config.no_grad = False
    voice = Voice(config)
    voice.randomize(seed=1)
    parameters = list(voice.parameters())

    def work() -> None:
        for parameter in parameters:
            parameter.grad = None
        voice.output().square().sum().backward()

    return local(work)


def main() -> None:
    threads, *batches = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    serve({str(batch): voice_case(batch) for batch in batches}, torch=torch.__version__, seconds=4.0)


if __name__ == "__main__":
    main()
