"""Train the feature network of orchestra_style in its variants, and write ``docs/style_network.md`` with their marks.

Run it from the root of the checkout, with Emotify's folder::

    python docs/style_network_study.py --data emotify [--output out/style] [--only 5s 3s] [--ship | --shipped]

Every variant is trained in a folder of its own and can be interrupted; one that is there already is only read. ``--ship``
copies the weights for 5 s and 3 s into the plugin; ``--shipped`` trains nothing and describes those that are there.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from orchestra_style.features import default_cache
from orchestra_style.mel import MelPower, empty_bands
from orchestra_style.network import LAYERS, StyleNetwork, random_network
from orchestra_style.training import TrainingSettings
from orchestra_style.weights import Card, load_weights, shipped
from orchestra_style.workflow import Data, train_on

_AFTER = {"seconds": 3.0, "start": "emotify_5s", "epochs": 5}
VARIANTS = {
    "5s": TrainingSettings(seconds=5.0),
    "3s": TrainingSettings(**_AFTER),
    "3s_grid": TrainingSettings(**_AFTER, jitter=False),
    "3s_grid_leak": TrainingSettings(**_AFTER, jitter=False, split="segment"),
}
GIVEN = {"5s": "emotify_5s", "3s": "emotify_3s"}


def main() -> None:
    """Train what is missing, write the page, ship if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("emotify"))
    parser.add_argument("--output", type=Path, default=Path("out/style"))
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--only", nargs="*", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--page", type=Path, default=Path(__file__).parent / "style_network.md")
    parser.add_argument("--ship", action="store_true")
    parser.add_argument("--shipped", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.shipped:
        cards = {name: load_weights(shipped(given))[1] for name, given in GIVEN.items()}
    else:
        cards = {name: card_of(name, arguments) for name in arguments.only}
    arguments.page.write_text(page(cards), encoding="utf-8")
    if arguments.ship:
        ship(arguments.output)


def card_of(name: str, arguments: argparse.Namespace) -> Card:
    """Return the card of a variant, trained if it is not there."""
    folder = arguments.output / name
    weights = folder / "style_cnn.safetensors"
    if not weights.is_file():
        train_on(Data("emotify", arguments.data, arguments.cache), VARIANTS[name], folder, resume=True)
    return load_weights(weights)[1]


def ship(output: Path) -> None:
    """Copy the weights and cards that the plugin ships."""
    for name, given in GIVEN.items():
        for suffix in (".safetensors", ".json"):
            shutil.copyfile((output / name / "style_cnn").with_suffix(suffix), shipped(given).with_suffix(suffix))


def page(cards: dict[str, Card]) -> str:
    """Return the page."""
    parts = [INTRODUCTION, *marks_table(cards), "", *confusions(cards), *leak(cards), *speed()]
    return "\n".join(parts).rstrip() + "\n"


def marks_table(cards: dict[str, Card]) -> list[str]:
    """Return a line per variant: accuracies with intervals beside the majority baseline."""
    head = ("segments of", "epoch kept", "by segment", "n", "by song", "n", "majority")
    rows = []
    for name, card in cards.items():
        mark = card.metrics["test"]
        epochs = f"{card.training['epoch_kept']} of {card.training['epochs_run']}"
        segment, song = accuracy(mark["segments"]), accuracy(mark["songs"])
        baseline = f"{mark['baseline_segments']['accuracy']:.3f}"
        rows.append((title(name, card), epochs, segment, mark["segments"]["count"], song, mark["songs"]["count"], baseline))
    return ["## Marks on test songs", "", *table(head, rows)]


def title(name: str, card: Card) -> str:
    """Return what sets a variant apart, as its card says it."""
    parts = [f"{card.seconds:g} s, split by {card.split['unit']}"]
    parts += [] if card.training["jitter"] else ["fixed segments"]
    parts += [f"begun with the filters of `{card.training['start']}`"] if card.training["start"] else []
    parts += [f"shipped as `{GIVEN[name]}`"] if name in GIVEN else []
    return ", ".join(parts)


def confusions(cards: dict[str, Card]) -> list[str]:
    """Return the confusion of songs of the shipped weights."""
    lines: list[str] = []
    for name, given in GIVEN.items():
        if name in cards:
            card = cards[name]
            for unit in ("songs", "segments"):
                counts = card.metrics["test"][f"confusion_{unit}"]
                rows = [(genre, *row) for genre, row in zip(card.classes, counts, strict=True)]
                lines += [f"{unit.capitalize()} of `{given}`: a row for each genre as it is, a column for each answer.", ""]
                lines += [*table(("", *card.classes), rows), ""]
    return lines


def leak(cards: dict[str, Card]) -> list[str]:
    """Return the marks of the split by segment beside those of the same recipe split by song."""
    pair = [cards[name] for name in ("3s_grid", "3s_grid_leak") if name in cards]
    if len(pair) < 2:
        return []
    rows = []
    for card in pair:
        mark = card.metrics["test"]["segments"]
        shared = len(set(card.split["test"]) & set(card.split["validation"]))
        rows.append((card.split["unit"], accuracy(mark), mark["count"], f"{card.training['epoch_kept']} of 5", shared))
    head = ("dealt out by", "accuracy by segment", "n", "epoch kept", "songs both in validation and test")
    return ["## The published split", "", LEAK, "", *table(head, rows), ""]


def speed() -> list[str]:
    """Return milliseconds of processor time of a forward and backward pass over 5 s on one thread."""
    network, front_end = random_network(0), MelPower()
    rows = []
    for title, layers in (("conv1", LAYERS[:1]), ("conv1 .. conv4", LAYERS[:8:2]), ("conv1 .. conv8", LAYERS[::2])):
        rows.append((title, *(f"{1000 * value:.0f}" for value in fastest(network, front_end, layers))))
    head = ("layers", "forward, ms", "backward, ms")
    said = f"Processor time on one thread, least of twelve, torch {torch.__version__} on {platform.machine()}: 110,250 samples"
    return ["## Speed", "", said, "(5 s) to mel to activations, and back to the samples.", "", *table(head, rows)]


def fastest(network: StyleNetwork, front_end: MelPower, layers: tuple[str, ...]) -> tuple[float, float]:
    """Return the least processor time in s of twelve passes forward and back."""
    audio = torch.randn(1, 110_250, generator=torch.Generator().manual_seed(0)).requires_grad_()
    best = [1e9, 1e9]
    for _ in range(12):
        started = time.process_time()
        found = list(network.activations(front_end(audio), layers).values())
        heard = time.process_time()
        ones: list[Any] = [torch.ones_like(maps) for maps in found]
        back = time.process_time()
        torch.autograd.backward(found, ones)
        best = [min(best[0], heard - started), min(best[1], time.process_time() - back)]
    return best[0], best[1]


def accuracy(mark: dict[str, float]) -> str:
    """Return an accuracy with its interval."""
    return f"{mark['accuracy']:.3f} ({mark['low']:.3f} .. {mark['high']:.3f})"


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)]


LEAK = """\
The published study dealt out segments, whatever song they are of, so that segments of one song were learned from and marked
on. The same short recipe (3 s, fixed segments, five epochs from the filters of `emotify_5s`) with either way of dealing out. The
test songs differ, and both sets are small: read the difference beside the intervals. So short a training of so small a network
shows no gain from the leak; a longer one may."""

INTRODUCTION = f"""\
# The feature network

Written by `python docs/style_network_study.py --data emotify`; every number on this page is its output.

A small convolutional network that was trained to tell four genres apart, and whose layers are what style transfer compares.
Published layout: batch norm, eight times [convolution 32 of 2 x 2, ReLU, max pooling 2 (the last two with stride 1)], batch
norm, dropout 0.3, dense 64, softmax; 32,260 parameters. It hears mel spectrograms in linear power: 22,050 Hz, n_fft 1024,
hop 256, 384 bands. Without padding, 384 bands and 430 frames come out of the eighth block as one place.

What the published description leaves open, and what was chosen:

- *Scale.* Power is divided by the clip's mean power, so that gain changes nothing, and the first batch norm has mean and
  variance of each band, measured once on the training songs and then fixed. Power in the highest bands is a thousandth of
  that in the lowest: one scale for all would leave them unheard. Both steps are linear in power, and the same in training
  and transfer.
- *Empty bands.* {len(empty_bands())} of the 384 triangles are narrower than the distance of two bins and hold none; these
  bands are zero for every sound, as in librosa. They are kept.
- *Length.* Longer clips are averaged over places after the eighth block; where a map is narrower than a kernel (3 s, last
  blocks) its last frame is repeated.
- *Parts.* 70 % of the songs of every genre to learn from, 15 % to stop on, 15 % to mark on, by a hash of the song's name: no
  segment of a song is in two parts. Emotify does not name artists; songs by one artist may be in different parts.
- *Segments.* While training, a segment begins at a random place of its song each time; marks are of segments end to end.
- *Kept weights.* Those of the epoch with the lowest loss on the validation songs; the test songs were used for nothing else.
  Epochs were few (12 and 5) for want of processor time; more were not tried.

Intervals are 95 % bootstrap intervals over songs. By song, the mean share over a song's segments decides. The majority
baseline answers the most common genre of the training segments.
"""


if __name__ == "__main__":
    main()
