"""Writes the page of ``docs/ablations.py``."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from trust.page import paragraph, table

from orchestra_battery.comparison import Difference, compare
from orchestra_battery.markers import ORACLE, Marker
from orchestra_battery.marking import Record
from orchestra_battery.statistics import Estimate
from orchestra_battery.summary import Mark, summarise_marker
from orchestra_core import Dimension

DIMENSIONS = ("arousal", "valence")
#: Gradient steps of every ablation, a fifteenth of the published ones.
STEPS = 46
#: Learning rates of lengths that are parameters, in s (about what the others first move a note of 0.3 s by), and of the rest.
RATES = (0.02, 0.1)
#: What each system is, by name.
SYSTEMS: Mapping[str, str] = {
    "A": "notes of directly parameterised length, laid end to end in their voices: no canvas, no envelope",
    "B": "a fixed canvas; every note between two sigmoids; all parameters at once, by one Euclidean distance",
    "C": "B and the published (literal) ADSR",
    "C continuous": "C with the envelope of this project in its place, which is finite everywhere",
    "D": "C in the published stages, with a squared error for each dimension",
    "D continuous": "D with the envelope of this project",
    "D as published": "D with the published notes (48 of twelve pitches in random order) and the published start",
    "present": "the default instrument and `staged` as they are: eight partials, a search over 24 scores, at most 120 steps",
}
#: Networks that differ in what they do to time, by model.
NETWORKS: Mapping[str, str] = {
    "two_conv": "pooled: maxima over time and frequency",
    "two_conv_time": "time-keeping: maxima over frequency only",
}
#: Which systems are held beside which, each with what it was made from.
CHANGES = (("A", "B"), ("B", "C"), ("B", "C continuous"), ("C continuous", "D continuous"), ("D continuous", "present"))
COMMAND = "python docs/ablations.py --store prepared/vgmidi"


@dataclass(frozen=True)
class Measured:
    """Everything that the page is made of: rows by system, other rows, and who marks."""

    pieces: Mapping[str, Sequence[Mapping[str, Any]]]
    lengths: Sequence[Mapping[str, Any]]
    networks: Sequence[Mapping[str, Any]]
    judges: Sequence[Marker]
    seeds: int


def write_page(path: Path, rows: Sequence[Mapping[str, Any]], judges: Sequence[Marker], seeds: int) -> None:
    """Write the page of some rows."""
    names = [name for name in (*SYSTEMS, *NETWORKS) if any(row.get("system") == name for row in rows)]
    measured = Measured(
        pieces={name: [row for row in rows if row.get("system") == name] for name in names},
        lengths=[row for row in rows if "A" in row],
        networks=[row for row in rows if "network" in row],
        judges=judges,
        seeds=seeds,
    )
    path.write_text("\n".join(page(measured)).rstrip() + "\n", encoding="utf-8")


def page(measured: Measured) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from introduction(measured)
    yield from ("## What the tables show", "", *itertools.chain(*((bullet(text), "") for text in _FINDINGS)))
    own = [name for name in SYSTEMS if name in measured.pieces]
    yield from ("## What breaks", "", *table(_HEAD, [failures(name, measured.pieces[name]) for name in own]), "")
    yield paragraph(_ABOUT_FAILURES.format(a=endings(measured.pieces.get("A", ()))))
    yield ""
    if measured.lengths:
        yield from directions(measured.lengths)
    yield from ("## Errors of the oracle", "")
    yield from table(
        ["system", *(f"{name}, {what}" for what in ("error", "r", "slope") for name in DIMENSIONS)],
        [heard(name, measured.pieces[name]) for name in own],
    )
    yield from ("", paragraph(_ABOUT_ERRORS), "")
    yield from ("## What judges make of it", "", paragraph(_ABOUT_JUDGES), "")
    yield from judged(measured, own)
    yield from ("## Change by change", "", paragraph(_ABOUT_CHANGES), "")
    yield from changes(measured, [pair for pair in CHANGES if set(pair) <= set(own)])
    if any(name in measured.pieces for name in NETWORKS):
        yield from networks(measured)


def bullet(text: str) -> str:
    """Return text as an item of a list, in lines of at most 128 characters."""
    return textwrap.fill(" ".join(text.split()), 128, initial_indent="- ", subsequent_indent="  ")


def introduction(measured: Measured) -> Iterator[str]:
    """Yield what was done."""
    yield from ("# Ablations", "")
    yield paragraph(
        f"""What each idea of the system is worth: the same melody of 5 s (mode, register and density fixed, pitches never
        moved), the same [default oracle](oracle.md), requests of -0.6, 0 and 0.6 in both dimensions (request scale),
        {measured.seeds} seeds: {9 * measured.seeds} pieces by each system. The ablations make {STEPS} gradient steps of Adam, a
        fifteenth of the published 690: D in its three stages, with their published shares (8, 17, 21) and rates; the others in
        one, at a rate of 0.1 and with a clip of 1, as in the last of the three. Made by:"""
    )
    prepare = "orchestra deam prepare path/to/vgmidi -o prepared/vgmidi --features mel --soundfont gm.sf2"
    yield from ("", "```sh", prepare, COMMAND, "```", "")
    yield from (*table(["system", "what it is"], [[f"**{name}**", what] for name, what in SYSTEMS.items()]), "")
    yield paragraph(
        """Notes start as they are written; in *D as published* as the published generator starts them. All pieces are exported
        at one loudness: the default export is louder where more arousal is asked, and would tell judges the answer. Brackets
        hold 95 % bootstrap intervals over cells, whose pieces are drawn together. *present* is what the preset `reference`
        composes: five seconds of `melody` under `staged`. Pieces in bars under `search`, which are the default, are in [the
        battery](battery.md)."""
    )
    yield ""


_HEAD = [
    "system",
    "runs with a lost step",
    "first one, median",
    "steps made",
    "of these lost",
    "length of the piece, s",
    "s per piece",
]


def failures(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a row of the table of what breaks."""
    first = [row["lost"][0] + 1 for row in rows if row["lost"]]
    lengths = [row["duration"] for row in rows]
    spread = f"{min(lengths):.2f} to {max(lengths):.2f}" if max(lengths) - min(lengths) > 1e-6 else f"{lengths[0]:g}"
    return [
        f"**{name}**",
        f"{len(first)} of {len(rows)}",
        f"{np.median(first):g}" if first else "",
        f"{np.mean([row['steps'] for row in rows]):.0f}",
        f"{np.mean([len(row['lost']) for row in rows]):.1f}",
        spread,
        f"{np.mean([row['seconds'] for row in rows]):.1f}",
    ]


def endings(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return why runs of A ended: a step that cannot be rendered comes after the last length of the sound that is known."""
    ended = [row for row in rows if row["lost"]]
    refused = sum(row["lost"][0] == len(row["samples"]) for row in ended)
    return (
        f"Of the {len(ended)} runs that ended so, {refused} had a note of a length below 0, which is no number of samples, and "
        f"{len(ended) - refused} a loss or gradient that was not finite; in the others the sound changed its shape "
        f"{_changes(rows):.0f} times in {STEPS} steps."
    )


def _changes(rows: Sequence[Mapping[str, Any]]) -> float:
    whole = [row["samples"] for row in rows if not row["lost"]]
    return float(np.mean([np.count_nonzero(np.diff(samples)) for samples in whole])) if whole else 0.0


def directions(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what torch says of lengths, beside what is."""
    yield from ("## Which way a length should move", "")
    found = []
    for name in ("A", "B"):
        said, true = (np.concatenate([row[name][key] for row in rows]) for key in ("torch", "differences"))
        alike = np.mean(np.sign(said) == np.sign(true))
        r = np.corrcoef(said, true)[0, 1]
        found.append(
            [
                f"**{name}**",
                f"{len(said)}",
                f"{r:+.3f}",
                f"{alike:.0%}",
                f"{np.abs(said).mean():.3g}",
                f"{np.abs(true).mean():.3g}",
            ]
        )
    head = ["system", "notes", "r", "same sign", "mean size, torch", "mean size, differences"]
    yield from (*table(head, found), "", paragraph(_ABOUT_LENGTHS), "")


def heard(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a row of the table of the oracle."""
    marks = marked(rows, oracle_of(rows))
    error = [f"{marks[d].error.value:.2f}" for d in DIMENSIONS]
    return [f"**{name}**", *error, *(shown(marks[d].r) for d in DIMENSIONS), *(shown(marks[d].slope) for d in DIMENSIONS)]


def judged(measured: Measured, systems: Sequence[str]) -> Iterator[str]:
    """Yield the tables of judges."""
    for what in ("r", "slope"):
        rows = []
        for judge in measured.judges:
            marks = {name: marked(measured.pieces[name], judge) for name in systems}
            for dimension in DIMENSIONS:
                if all(dimension in marks[name] for name in systems):
                    values = [shown(getattr(marks[name][dimension], what)) for name in systems]
                    rows.append([f"`{judge.name}`, {dimension}", *values])
        yield from table([what, *systems], rows)
        yield ""


def changes(measured: Measured, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield how systems differ from each other, pieces of one cell and seed beside each other."""
    rows = []
    for before, after in pairs:
        oracle = differences(measured, before, after, oracle_of(measured.pieces[after]))
        judges = [one.r for judge in measured.judges for one in differences(measured, before, after, judge).values()]
        higher, lower = sum(r.low > 0 for r in judges), sum(r.high < 0 for r in judges)
        name = f"`{after}` after `{before}`" if after in NETWORKS else f"**{after}** after **{before}**"
        rows.append(
            [name, *(shown(oracle[d].error, "+") for d in DIMENSIONS), f"{higher} of {len(judges)}", f"{lower} of {len(judges)}"]
        )
    head = ["", "error of the oracle, arousal", "error of the oracle, valence", "r of judges higher", "lower"]
    yield from (*table(head, rows), "")


def differences(measured: Measured, before: str, after: str, marker: Marker) -> Mapping[str, Difference]:
    """Return what the pieces of one system have more than those of another, by dimension."""
    first, second = (records(measured.pieces[name]) for name in (after, before))
    return compare(marker, first, second, DIMENSIONS, oracle_of(measured.pieces[after]).dimensions)


def networks(measured: Measured) -> Iterator[str]:
    """Yield what is known of networks that pool over time or keep it."""
    yield from ("## Pooled against time-keeping features", "", paragraph(_ABOUT_NETWORKS), "")
    yield from ("```sh", *(_TRAIN.format(model=name) for name in NETWORKS), "```", "")
    names = [name for name in NETWORKS if name in measured.pieces]
    rows = []
    for name in names:
        r = np.array([row["r"] for row in measured.networks if row["network"] == name])
        seconds = np.mean([row["seconds"] for row in measured.networks if row["network"] == name])
        cells = [f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})" for values in r.T]
        rows.append([f"`{name}`", NETWORKS[name], f"{len(r)}", *cells, f"{seconds:.0f}"])
    yield from table(["network", "", "trained", "held-out r, arousal", "held-out r, valence", "s to train"], rows)
    yield from ("", paragraph(_ABOUT_HELD_OUT), "")
    seeds = {row["seed"] for name in names for row in measured.pieces[name]}
    alike = [row for row in measured.pieces["present"] if row["seed"] in seeds]
    measured = replace(measured, pieces={**measured.pieces, "present": alike})
    systems = ["present", *names]
    head = ["oracle", *(f"{name}, {what}" for what in ("error", "r", "slope") for name in DIMENSIONS), "s per piece"]
    taken = {name: f"{np.mean([row['seconds'] for row in measured.pieces[name]]):.1f}" for name in systems}
    yield from table(head, [[*heard(name, measured.pieces[name]), taken[name]] for name in systems])
    yield ""
    yield from judged(measured, systems)
    yield from changes(measured, [("two_conv", "two_conv_time"), ("two_conv_time", "present")])
    yield paragraph(_ABOUT_POOLING)


def marked(rows: Sequence[Mapping[str, Any]], marker: Marker) -> Mapping[str, Mark]:
    """Return what a marker makes of the pieces of a system, by dimension."""
    return summarise_marker(marker, records(rows), DIMENSIONS, oracle_of(rows).dimensions).marks


def oracle_of(rows: Sequence[Mapping[str, Any]]) -> Marker:
    """Return the oracle that the pieces of some rows were composed for."""
    dimensions = tuple(Dimension(name, -1.0, 1.0, "1", *rows[0]["scale"][name]) for name in DIMENSIONS)
    return Marker(ORACLE, ORACLE, dimensions, frozenset({"audio"}), lambda performance: {})


def shown(value: Estimate, sign: str = "") -> str:
    """Return an estimate with its interval, in few letters."""
    number, low, high = (f"{x:{sign}.2f}" for x in (value.value, value.low, value.high))
    return f"{number} ({low} to {high})" if np.isfinite(value.value) else ""


def records(rows: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return rows as the records of an evaluation."""
    kept = ("cell", "seed", "requests", "targets", "marks")
    return [Record(number=i, folder="", sha256="", **{key: row[key] for key in kept}) for i, row in enumerate(rows)]


_ABOUT_FAILURES = """A step is lost when notes cannot be rendered or loss or gradient are not finite; steps made are those
evaluated, in *present* those of the search too. In A nothing follows a lost step: the piece is what was best until then. {a}
From B on the project's workshop guards the optimisation: it takes a piece back to its best values, halves its steps, and ends
the stage at the ninth time. Without it the first lost step would be the last in C and D as well: what is NaN once stays NaN.
They lose steps by the published envelope, wherever a note is about as long as A + D + R: the quotient in its exponent
overflows, and a branch that is not taken has a gradient of 0 times infinity. The published start lies 35 ms from there.
Seconds are those of a processor, on one thread and beside other work."""
_ABOUT_LENGTHS = """The distance to the request of 0.6 in both, for the notes as they are written: its gradient by the length
of each note as torch has it, and central differences of 2 ms. In A, the number of samples is a rounded number and has no
gradient, and neither has the delay of all notes that follow in the voice. What is left is the time axis that stretches within
the note, which is its pitch and not its length; without it there would be nothing at all. On a canvas the two are the same."""
_ABOUT_ERRORS = """Errors are mean absolute ones in units of the reading, of the exported sound (an SD of the labels is 0.25
in arousal and 0.22 in valence); r is with the request; slopes are in SD of the labels for each SD that is asked, so that 1 is
right."""
_ABOUT_JUDGES = """No run was optimised for a [judge](judges.md), and judges mark the dimensions that they qualify on; the cue
meter is one of them. r with the request, then slopes in SD of the judge's labels for each SD that is asked, the other
dimension held. On human ratings that they had not learned from their slopes are 0.26 to 0.46."""
_ABOUT_CHANGES = """Paired differences, over the pieces of the same request and seed: of the error, in SD of the labels (below
0 is nearer), and how many of the judges' r are clearly higher or lower, that is, with an interval that leaves out 0."""
_ABOUT_NETWORKS = """Two published networks of the same 4,866 weights: two convolutions, each followed by maxima, and a linear
head. `two_conv` takes maxima over two bands and two frames at a time, `two_conv_time` over two bands only, so that its head
reads every frame. Both average over all frames in the end: neither knows what came first. The script trains them, briefly, as
these commands do, with `--seed` 0 and 1, and composes the pieces of a seed for the network of that seed:"""
_TRAIN = (
    "orchestra deam train prepared/vgmidi -o {model} --preset three_conv --model {model} "
    "--epochs 10 --windows 8 --frames 108 --batch 16"
)
_ABOUT_HELD_OUT = """r of mean readings with ratings, over the pieces of the part `judges`: mean, lowest and highest of the
trainings. Below: pieces by the present system with each network as its oracle, and the pieces of the same seeds with the
default one."""
_ABOUT_POOLING = """With two trainings each, hardly anything tells the two apart. On what was held out the time-keeping
network reads valence better in both trainings, and arousal worse in one. As oracles they leave the same errors, and no judge
follows either clearly more, though all four that mark valence lean to the time-keeping one. It takes 1.6 times as long to
train and 1.2 times as long to compose with. Both are followed less in valence than the default oracle by all judges but
`recurrent_judge`; with so few pieces no difference is clear. The default oracle reads pieces by the lines of its card, the
networks clips as they are, nearer to the mean: their errors and slopes are not those of one scale."""
#: What the tables of the committed page show.
_FINDINGS = (
    """**A canvas is what gives lengths a gradient.** Notes laid end to end make sound of another shape at nearly every step;
    what torch takes for the gradient of a length has the right sign for half of the notes, as a coin has; some runs end at a
    length below 0. That losses become NaN was not seen: the front end bears silence and notes of a single sample. On a canvas
    nothing breaks and the oracle's errors are smaller; judges hear no clear difference.""",
    """**The published envelope breaks every run**, in C, in D and as published, at step 5, 8 and 2 by the median, and with
    the guard of the workshop little is reached besides. With the continuous one in its place none breaks. It is no gain over
    B in these figures either: what an envelope does for the ear is not among them.""",
    """**Stages buy nothing here.** *D continuous* is a little further from its targets than *C continuous*, clearly so in
    both dimensions, and no judge follows either clearly more. Each of its stages has few steps; what they would do in 690 was
    not measured.""",
    """**With the notes given, arousal is out of reach** by any distance, envelope or schedule: the oracle follows half the
    way at best, and judges hardly. Valence moves, with levels and timing alone; judges follow it, at a small slope.""",
    """**The present system reaches its targets**, and four of five judges follow it clearly more in arousal. It searches
    among scores, has a richer sound and an envelope that holds; this study does not part these from each other.""",
    """**Pooled or time-keeping** makes hardly a difference that could be told with two trainings of each (below).""",
)
