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

#: Re each sound's peak, -80 dB: what is quieter at the beginning or the end is silence.
SILENCE = 1e-4


def make_voice(batch: int) -> Voice:
    """Return a batch of sounds of 4 s with random settings."""
    config = SynthConfig(batch_size=batch, reproducible=False)
    config.no_grad = False
    voice = Voice(config)
    voice.randomize(seed=1)
    return voice


def voice_case(voice: Voice) -> Case:
    """Return the rendering of a batch, and its gradient for all 78 settings."""
    parameters = list(voice.parameters())

    def work() -> None:
        for parameter in parameters:
            parameter.grad = None
        voice.output().square().sum().backward()

    return local(work)


@torch.no_grad()
def sounding_seconds(voice: Voice) -> float:
    """Return for how long the sounds of a batch are heard, all together."""
    audio = torch.Tensor(voice.output()).abs()
    heard = audio > SILENCE * audio.amax(1, keepdim=True)
    first, last = heard.int().argmax(1), audio.shape[1] - heard.flip(1).int().argmax(1)
    return float(torch.where(heard.any(1), last - first, 0).sum()) / float(voice.sample_rate)


def main() -> None:
    threads, *batches = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    voices = {str(batch): make_voice(batch) for batch in batches}
    sounding = {batch: sounding_seconds(voice) for batch, voice in voices.items()}
    serve({batch: voice_case(voice) for batch, voice in voices.items()}, torch=torch.__version__, sounding=sounding)


if __name__ == "__main__":
    main()
