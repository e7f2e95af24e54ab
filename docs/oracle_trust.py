"""Measure how far an emotion oracle can be trusted: whether it stays put where it should, hears mode, and follows single cues.

Writes ``docs/oracle_trust.md`` with its figure, and prints the goals beside what was measured. Run it from the root of the
checkout, with the folder that holds ``vgmidi`` and ``eerola2013``::

    python docs/oracle_trust.py ../shared/data --cache out/trust
    python docs/oracle_trust.py ../shared/data --oracle deam_cnn --set weights=mine.safetensors --label mine \\
        --oracle deam_cnn --set model=three_conv --label three_conv

Several oracles are shown beside each other; ``--set`` and ``--label`` belong to the ``--oracle`` before them. Clips are rendered
once and kept in the folder of ``--cache``. ``--quick`` uses the default piano and two melodies only and writes no page.

From code, ``measure(Ear("mine", oracle), data, Sounds(cache))`` returns everything, and its ``goals()`` the five figures.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

from trust.cues import MELODIES
from trust.ear import DIMENSIONS, Ear
from trust.page import GOALS, Trust, write_page
from trust.sounds import Sounds
from trust.studies import cues, held_out, modes, stability

from orchestra_core import build


def main() -> None:
    """Measure, write the page, print the goals."""
    arguments = _parser().parse_args()
    torch.set_num_threads(1)
    sounds = Sounds(arguments.cache, arguments.soundfont)
    if sounds.missing:
        print(f"FluidSynth is left out: {sounds.missing}.")
    trusts = []
    for spec in arguments.oracle or [Spec("deam_cnn")]:
        started = time.process_time()
        trusts.append(measure(spec.ear(), arguments.data, sounds, quick=arguments.quick))
        print(f"{trusts[-1].label}: measured in {time.process_time() - started:.0f} s of processor time")
    if not arguments.quick:
        write_page(trusts, arguments.page, _command(), sounds.missing)
    show(trusts)


def measure(ear: Ear, data: Path, sounds: Sounds, *, quick: bool = False) -> Trust:
    """Return everything that is measured of an oracle.

    Parameters
    ----------
    ear : Ear
        The oracle.
    data : Path
        Folder with ``vgmidi`` and ``eerola2013``.
    sounds : Sounds
        Renders the clips, and keeps them where it has a folder.
    quick : bool
        Whether to hear the default piano only, and two melodies of the cue settings.
    """
    pieces = held_out(data)
    renderers = ("piano",) if quick else sounds.renderers
    melodies = 2 if quick else len(MELODIES)
    return Trust(
        ear.label,
        _summary(ear),
        stability(ear, pieces, sounds),
        {renderer: modes(ear, pieces, sounds, renderer) for renderer in renderers},
        {renderer: cues(ear, data, sounds, renderer, melodies) for renderer in renderers},
    )


def show(trusts: Sequence[Trust]) -> None:
    """Print the goals beside what was measured."""
    measured = {f"{trust.label}, {renderer}": trust.goals(renderer) for trust in trusts for renderer in trust.modes}
    print(f"{'':66} {'goal':>6}  " + "  ".join(measured))
    for name, (goal, words) in GOALS.items():
        print(f"{words:66} {goal:6.2f}  " + "  ".join(f"{one[name]:{len(label)}.2f}" for label, one in measured.items()))


@dataclass
class Spec:
    """An oracle by name and configuration."""

    name: str
    config: dict[str, Any] = field(default_factory=dict)
    label: str = ""

    def ear(self) -> Ear:
        """Return the oracle, built."""
        return Ear(self.label or self.name, build("oracle", {"name": self.name, "config": self.config}).component)


class _Spec(argparse.Action):
    """Collects oracles; what comes after one belongs to it."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None) -> None:
        specs: list[Spec] = namespace.oracle or []
        if option == "--oracle" or not specs:
            specs.append(Spec(values if option == "--oracle" else "deam_cnn"))
        if option == "--label":
            specs[-1].label = values
        if option == "--set":
            key, _, text = values.partition("=")
            specs[-1].config[key] = _value(text)
        namespace.oracle = specs


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _summary(ear: Ear) -> str:
    license_of = getattr(getattr(ear.oracle, "card", None), "license", "")
    pairs = zip(DIMENSIONS, ear.scale, strict=True)
    scale = ", ".join(f"{name} {mean:+.2f} ± {sd:.2f}" for name, (mean, sd) in pairs)
    return f"ratings (mean ± SD): {scale}." + (f" {license_of}." if license_of else "")


def _command() -> str:
    # Folders of this machine are no part of the recipe.
    words = sys.argv[1:]
    for option in ("--cache", "--page", "--soundfont"):
        if option in words:
            place = words.index(option)
            words = words[:place] + words[place + 2 :]
    return shlex.join(["python", "docs/oracle_trust.py", *map(_elsewhere, words)])


def _elsewhere(word: str) -> str:
    if word.startswith("weights="):
        return f"weights={Path(word).name}"
    return "../shared/data" if Path(word).is_dir() else word


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with vgmidi and eerola2013")
    parser.add_argument("--oracle", action=_Spec, metavar="NAME", help="an emotion oracle; deam_cnn by default")
    parser.add_argument("--set", action=_Spec, dest="oracle", metavar="FIELD=VALUE", help="of the oracle's configuration")
    parser.add_argument("--label", action=_Spec, dest="oracle", metavar="WORDS", help="what the page calls the oracle")
    parser.add_argument("--cache", type=Path, help="folder to keep rendered clips in (about 1 GB)")
    parser.add_argument("--soundfont", type=Path, help="General MIDI soundfont for FluidSynth")
    parser.add_argument("--quick", action="store_true", help="default piano and two melodies only; write no page")
    parser.add_argument("--page", type=Path, default=Path(__file__).with_suffix(".md"))
    return parser


if __name__ == "__main__":
    main()
