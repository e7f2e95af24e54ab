"""Writes the page and the figure of ``docs/oracle_trust.py``."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from trust.cues import CUES
from trust.ear import DIMENSIONS
from trust.modes import Pair
from trust.studies import Cues, Modes, Stability

matplotlib.use("agg")


@dataclass(frozen=True)
class Trust:
    """Everything measured of one oracle; modes and cues by renderer."""

    label: str
    summary: str
    stability: Stability
    modes: Mapping[str, Modes]
    cues: Mapping[str, Cues]

    def goals(self, renderer: str = "piano") -> dict[str, float]:
        """Return the measured figures of `GOALS`, by name, as one renderer plays."""
        marks, cues = self.modes[renderer].marks(), self.cues[renderer]
        figures = {name: marks[name] for name in ("share", "mean", "ratio")}
        return figures | {name: float(cues.correlation(i).mean()) for i, name in enumerate(DIMENSIONS)}


#: What is asked of the default oracle.
GOALS = {
    "share": (0.90, "parallel major read above minor, share of pairs"),
    "mean": (0.50, "... by how many label SD on average"),
    "ratio": (3.0, "... over the median shift under a semitone of transposition"),
    "arousal": (0.55, "200 cue settings, mean within-melody r with the ratings, arousal"),
    "valence": (0.65, "200 cue settings, mean within-melody r with the ratings, valence"),
}
_KINDS: Mapping[str, Callable[[Pair], bool]] = {
    "all pairs": lambda pair: True,
    "by rule": lambda pair: pair.kind == "by rule",
    "real, major made minor": lambda pair: pair.kind == "real, from major",
    "real, minor made major": lambda pair: pair.kind == "real, from minor",
}


def write_page(trusts: Sequence[Trust], path: Path, command: str, missing: str) -> str:
    """Write the page, and its figure into ``images`` beside it; return the page."""
    picture = path.parent / "images" / f"{path.stem}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(trusts, picture)
    text = "\n".join(_page(trusts, command, missing, picture.name)) + "\n"
    path.write_text(text, encoding="utf-8")
    return text


def draw(trusts: Sequence[Trust], path: Path) -> None:
    """Draw, for each oracle, the pairs' differences and the slopes on the cues beside the human ones."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(trusts), 3, figsize=(12, 3.2 * len(trusts)), squeeze=False, layout="constrained")
    for row, trust in zip(axes, trusts, strict=True):
        _draw_pairs(row[0], trust)
        for axis, dimension in zip(row[1:], (0, 1), strict=True):
            _draw_slopes(axis, trust, dimension)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _draw_pairs(axis: matplotlib.axes.Axes, trust: Trust) -> None:
    modes = trust.modes["piano"]
    shift = modes.marks()["shift"]
    for kind, colour in (("by rule", "tab:blue"), ("real", "tab:orange")):
        chosen = np.array([pair.kind.startswith(kind) for pair in modes.pairs])
        values = np.sort(modes.difference()[chosen])
        axis.plot(np.linspace(0, 1, len(values)), values, ".", color=colour, label=kind)
    axis.axhline(0, color="black", linewidth=0.8)
    axis.axhspan(-shift, shift, color="0.9", zorder=0, label="one semitone")
    axis.set(title=f"{trust.label}: major minus minor", xlabel="share of pairs", ylabel="valence, label SD")
    axis.legend(fontsize="small")


def _draw_slopes(axis: matplotlib.axes.Axes, trust: Trust, dimension: int) -> None:
    cues = trust.cues["piano"]
    place = np.arange(len(CUES))
    axis.bar(place - 0.2, cues.human_slopes(dimension), 0.4, label="listeners", color="0.6")
    axis.bar(place + 0.2, cues.slopes(dimension), 0.4, label=trust.label, color="tab:green")
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set(title=f"{trust.label}: {DIMENSIONS[dimension]}", ylabel="standardised slope", ylim=(-0.6, 1.0))
    axis.set_xticks(place, list(CUES), rotation=30)
    axis.legend(fontsize="small")


def _page(trusts: Sequence[Trust], command: str, missing: str, picture: str) -> Iterator[str]:
    yield from (
        "# How far the oracle can be trusted",
        "",
        paragraph(
            """Whether readings stay where they should, follow mode, and follow single cues as listeners do; for any emotion
            oracle, in some minutes of one core. All figures are in standard deviations of the ratings that an oracle was trained
            on (label SD), so that oracles compare. The data are described in [The data and the oracle](oracle.md). Made by:"""
        ),
        "",
        "```sh",
        command.replace(" --oracle", " \\\n    --oracle"),
        "```",
        "",
        *(f"- **{trust.label}**: {trust.summary}" for trust in trusts),
        "",
        "## Goals",
        "",
    )
    measured = {f"{trust.label}, {renderer}": trust.goals(renderer) for trust in trusts for renderer in trust.modes}
    rows = [[words, f"{goal:g}", *(_mark(one[name], goal) for one in measured.values())] for name, (goal, words) in GOALS.items()]
    yield from table(["", "goal", *measured], rows)
    yield ""
    yield paragraph(
        """Bold figures reach their goal. The recipe of the default oracle was chosen with these figures, as the piano plays, in
        view; it was fitted to no piece, setting or rating of this page. It reads here as it does by default, on the lines of
        whole songs that it was calibrated by afterwards (`reads="pieces"`): they multiply differences in arousal by 1.38 and in
        valence by 2.04, those that should not be there too, and leave shares, ratios and r as they were. Off them
        (`reads="clips"`) the mode moves valence by 0.73 SD, as the piano plays."""
    )
    yield from ("", f"![Pairs and cues](images/{picture})", "", "The picture shows what the default piano plays.", "")
    if missing:
        yield from (f"Not measured: what FluidSynth plays, because {missing}.", "")
    yield from _stability(trusts)
    yield from _modes(trusts)
    yield from _cues(trusts)


def _mark(value: float, goal: float) -> str:
    return f"**{value:.2f}**" if value >= goal else f"{value:.2f}"


def _stability(trusts: Sequence[Trust]) -> Iterator[str]:
    clips = len(trusts[0].stability.plain)
    yield from _section(
        "How readings move",
        f"""{clips} excerpts of {clips // 2} pieces of VGMIDI's part `judges` (games that no shipped oracle learnt from), played
        by the default piano at 44.1 kHz. Absolute change of the reading when the sound changes and the emotion does not: median,
        and 95th percentile in brackets.""",
    )
    tables = [trust.stability.table() for trust in trusts]
    head = ["", *(f"{trust.label}, {name}" for trust in trusts for name in DIMENSIONS)]
    rows = [
        [name, *(f"{t.loc[name, (d, 'median')]:.2f} ({t.loc[name, (d, '95 %')]:.2f})" for t in tables for d in DIMENSIONS)]
        for name in tables[0].index
    ]
    spread = [f"{trust.stability.plain[:, i].std():.2f}" for trust in trusts for i in range(2)]
    related = [f"{trust.stability.correlation[i]:.2f}" for trust in trusts for i in range(2)]
    rows += [["for scale: SD of the readings over the excerpts", *spread]]
    rows += [["r with the ratings, two excerpts a piece", *related]]
    yield from table(head, rows)
    yield ""


def _modes(trusts: Sequence[Trust]) -> Iterator[str]:
    yield from _section(
        "Major and minor",
        """Pairs of the same music in parallel major and minor: simple pieces by rule (eight progressions, four textures, all
        keys, three registers, one to six notes per second), and real excerpts of the held-out pieces with 3rd, 6th and 7th degree
        of the estimated key altered, where the notes of the excerpt carry its mode. The shift is the median absolute change of
        valence when either form is transposed up by a semitone. Listeners' ratings of the cue settings below differ by about 1.5
        SD between the modes.""",
    )
    rows = []
    for trust in trusts:
        for renderer, modes in trust.modes.items():
            for kind, keep in _KINDS.items():
                m = modes.marks(keep)
                figures = (f"{m['share']:.0%}", f"{m['mean']:+.2f}", f"{m['shift']:.2f}", f"{m['ratio']:.1f}")
                rows.append([trust.label, renderer, kind, str(m["pairs"]), *figures])
    yield from table(["oracle", "played by", "pairs", "number", "major higher", "mean difference", "shift", "ratio"], rows)
    yield ""


def _cues(trusts: Sequence[Trust]) -> Iterator[str]:
    melodies = len(next(iter(trusts[0].cues.values())).readings)
    yield from _section(
        "Single cues",
        f"""The 200 settings of six cues of Eerola, Friberg and Bresin (2013), on {melodies} melodies of this project in major and
        natural minor, not on those of the study, which are not part of its data; 10 s each. FluidSynth plays trumpet, flute and
        horn as in the study; the default piano has three stand-ins for them. The level is a plain gain, which an oracle that is
        blind to gain cannot hear. The study asked for emotions: arousal stands for half of happy + scary - sad - peaceful,
        valence for half of happy + peaceful - sad - scary. r is taken within the settings of each original melody, whose own
        character these melodies do not have, and averaged; in brackets the lowest and highest of the melodies.""",
    )
    rows = []
    for trust in trusts:
        for renderer, cues in trust.cues.items():
            each = [cues.correlation(i) for i in range(2)]
            figures = [f"{one.mean():.2f} ({one.min():.2f} .. {one.max():.2f})" for one in each]
            rows.append([trust.label, renderer, *figures, *(f"{cues.spread(i):.2f}" for i in range(2))])
    yield from table(["oracle", "played by", "arousal r", "valence r", "SD of arousal read", "SD of valence read"], rows)
    yield ""
    yield paragraph(
        """Standardised slopes of a regression on all cues at once, within melodies: which cues a reading follows, beside what
        listeners follow. Register, density, level and staccato are numbers (density in octaves of notes per second, staccato the
        silent share of a note); mode is major against minor; trumpet and horn are against the flute."""
    )
    yield ""
    for dimension, name in enumerate(DIMENSIONS):
        first = next(iter(trusts[0].cues.values()))
        rows = [[f"listeners, {name}", "", *_signed(first.human_slopes(dimension))]]
        rows += [[f"{t.label}, {name}", r, *_signed(c.slopes(dimension))] for t in trusts for r, c in t.cues.items()]
        yield from table(["", "played by", *CUES], rows)
        yield ""
    yield paragraph(
        """Reference: T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and
        additivity of primary musical cues. *Frontiers in Psychology* 4:487."""
    )


def _section(title: str, text: str) -> tuple[str, ...]:
    return (f"## {title}", "", paragraph(text), "")


def paragraph(text: str) -> str:
    """Return text in lines of at most 128 characters."""
    return textwrap.fill(" ".join(text.split()), 128)


def _signed(values: pd.Series) -> list[str]:
    return [f"{value:+.2f}" for value in values]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
