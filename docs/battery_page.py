"""Put evaluations of the battery on one page.

Writes ``docs/battery.md`` and ``docs/images/battery.png`` from finished evaluations::

    orchestra evaluate docs/battery.toml -o out/battery
    orchestra evaluate docs/battery_reference.toml -o out/reference
    orchestra evaluate docs/battery_controls.toml --control "controls/*.safetensors" -o out/controls
    orchestra evaluate docs/battery_shuffled.toml -o out/shuffled
    python docs/battery_page.py out/battery --reference out/reference --controls out/controls --shuffled out/shuffled
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from trust.page import paragraph, table

from orchestra_battery.comparison import Difference
from orchestra_battery.plain import read_record
from orchestra_battery.stored import compare_records
from orchestra_battery.tables import number, with_interval

matplotlib.use("agg")
HERE = Path(__file__).resolve().parent
Stored = Mapping[str, Any]
DASH = "-"


def main() -> None:
    """Read, write the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("battery", type=Path)
    for name in ("reference", "controls", "shuffled"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--remarks", type=Path, default=HERE / "battery_remarks.md")
    asked = parser.parse_args()
    folders = {name: folder for name, folder in vars(asked).items() if name != "remarks" and folder is not None}
    records = {name: read_record(folder) for name, folder in folders.items()}
    draw(records["battery"], HERE / "images" / "battery.png")
    lines = [*head(records["battery"]), *goals(records["battery"]), *marks(records["battery"], "## Marks")]
    lines += better(records["battery"])
    if "reference" in records:
        lines += marks(records["reference"], "## The preset `reference`", REFERENCE)
    if "controls" in records:
        lines += controls(records["controls"])
    if "shuffled" in records:
        lines += shuffled(records["battery"], records["shuffled"])
    lines += [*cues(records["battery"]), *moved(records["battery"]), *gates(records["battery"])]
    text = "\n".join(lines) + "\n" + asked.remarks.read_text(encoding="utf-8")
    (HERE / "battery.md").write_text(text, encoding="utf-8")


REFERENCE = """Five seconds of melody on a canvas, without bars: all 24 combinations of mode, register and density, then the
gradient stages of `staged`. The same grid and seeds; the goals are for the pieces above."""


def head(record: Stored) -> list[str]:
    """Return the beginning of the page."""
    settings, tuned = record["settings"], ", ".join(f"`{name}`" for name in record["settings"]["tuned_on"])
    untouched = ", ".join(f"`{one['name']}`" for one in record["markers"] if one.get("untouched") and one["role"] == "judge")
    levels = ", ".join(f"{level:g}" for level in settings["levels"])
    return [
        "# What the music carries",
        "",
        paragraph(
            f"""The battery: `orchestra evaluate docs/battery.toml`, the default pipeline asked for every combination of
            {levels} in arousal and valence (request scale), {settings["seeds"]} pieces each, {len(record["pieces"])} in
            all, of {record["duration"]:g} s. All marks are of the saved files. [Evaluation](evaluation.md) says what the
            numbers are. Made by `python docs/battery_page.py`; intervals are 95 %, by a bootstrap over cells."""
        ),
        "",
        paragraph(
            f"""Choices (where an instrument starts, the weight of the prior, the calibration of the oracle) were made with
            {tuned} in view, on other seeds. {untouched} were not looked at until everything stood. A piece took
            {record["seconds_per_piece"]:.1f} s to compose on one busy processor, {
                record["seconds_per_piece"] * 5 / record["duration"]:.1f} s per 5 s of music."""
        ),
        "",
        "![What oracle and judges mark over what was asked](images/battery.png)",
        "",
    ]


def goals(record: Stored) -> list[str]:
    """Return the goals, and which are met."""
    found = record["findings"]["goals"]
    rows = [
        [
            one["marker"],
            one["dimension"],
            one["measure"].replace("_", " "),
            one["limit"],
            DASH if one["value"] is None else f"{one['value']:.2f}".replace("0.00", f"{one['value']:.3f}"),
            {True: "yes", False: "**no**", None: "unknown"}[one["met"]],
        ]
        for one in found
    ]
    count = sum(one["met"] is True for one in found)
    return [
        "## Goals",
        "",
        f"{count} of {len(found)} are met.",
        "",
        *table(["marked by", "dimension", "measure", "to reach", "found", "met"], rows),
        "",
    ]


def marks(record: Stored, title: str, text: str = "") -> list[str]:
    """Return what every marker says."""
    rows = []
    for name, summary in record["findings"]["marks"].items():
        for dimension, mark in summary["marks"].items():
            plain = [_value(mark["slope_ratio"]), _share(mark["cross"]), f"{mark['error']['value']:.3f}"]
            rows.append([name, dimension, _estimate(mark["r"]), *plain, _share(summary["quadrant"])])
    columns = ["marked by", "dimension", "r", "slope ratio", "cross", "error", "quadrant"]
    return [title, "", *([paragraph(text), ""] if text else []), *table(columns, rows), ""]


def better(record: Stored) -> list[str]:
    """Return the comparison with the rules."""
    rows = list(_differences(record["findings"]["differences"], record["findings"]["baseline_marks"]))
    return [
        "## Against the rules",
        "",
        paragraph(
            """The page of rules composes the same design on the same instrument, which starts as bright and sharp as for the
            pieces above, and nothing is searched or moved. Differences are those of r, and of the distance to what was asked (in
            SD of the labels; below 0 is nearer), paired by cell and seed."""
        ),
        "",
        *table(["marked by", "dimension", "r of the rules", "r more", "better", "error more", "nearer"], rows),
        "",
    ]


def controls(record: Stored) -> list[str]:
    """Return what oracles that know nothing make of it."""
    found = record["controls"]
    rows = [
        [judge, dimension, f"{abs(one['real']):.2f}", f"{one['percentile']:.2f}", "yes" if one["above"] else "**no**"]
        for judge, each in found["judges"].items()
        for dimension, one in each.items()
    ]
    names = [name.split("-", 1)[1] for name in found["names"]]
    kinds = {kind: sum(name.startswith(kind) for name in names) for kind in ("shuffled", "untrained")}
    return [
        "## Does the oracle matter?",
        "",
        paragraph(
            f"""The same search, but blind: every choice as likely as another, and an instrument that starts alike whatever is
            asked, so that everything the pieces follow comes from the oracle. Beside the real one, {kinds["shuffled"]}
            oracles that learned shuffled ratings and {kinds["untrained"]} of random weights compose 9 cells each. |r| of
            judges' marks with the request, and the 95th percentile of the controls' |r|."""
        ),
        "",
        *table(["marked by", "dimension", "real", "95 % of controls", "above"], rows),
        "",
    ]


def shuffled(record: Stored, other: Stored) -> list[str]:
    """Return what the oracle adds to its prior."""
    differences = compare_records(record, other)
    rows = [
        [judge, dimension, *_of(one)]
        for judge, each in differences.items()
        for dimension, one in each.items()
        if judge != "oracle"
    ]
    return [
        "## What the oracle adds to the rules",
        "",
        paragraph(
            f"""The default pipeline, whose prior is the rules, under its oracle and under one that learned shuffled ratings,
            piece by piece ({len(other["pieces"])} of each)."""
        ),
        "",
        *table(["marked by", "dimension", "r more", "better", "error more", "nearer"], rows),
        "",
    ]


def cues(record: Stored) -> list[str]:
    """Return the cues by level."""
    rows = []
    for name, each in record["findings"]["cues"].items():
        for dimension, found in each.items():
            sign = {1: "+", -1: "-", 0: ""}[found["expected"]]
            levels = " ".join(f"{value:.3g}" for value in _means(found["levels"]))
            met = DASH if not found["expected"] else "yes" if found["met"] else "**no**"
            clear = "yes" if found["clear"] else "no"
            rows.append([name.replace("_", " "), dimension, levels, _value(found["r"]), clear, sign, met])
    return [
        "## Cues",
        "",
        paragraph(
            """Means from the lowest level asked to the highest, r with the request, whether it is clear (its interval leaves out
            0), and whether its sign is that of the literature."""
        ),
        "",
        *table(["cue", "dimension", "by level", "r", "clear", "expected", "met"], rows),
        "",
    ]


def moved(record: Stored) -> list[str]:
    """Return how far irrelevant changes move marks."""
    rows = [
        [name, transform, dimension, f"{found['absolute']:.2f}"]
        for name, each in record["findings"]["moved"].items()
        for transform, by in each.items()
        for dimension, found in by.items()
    ]
    text = "Mean absolute change of marks when the sound changes and the emotion does not, in SD of the labels."
    return ["## Irrelevant changes", "", text, "", *table(["marked by", "change", "dimension", "moves"], rows), ""]


def gates(record: Stored) -> list[str]:
    """Return how many pieces pass each gate."""
    rows = [
        [name, f"{gate['passed']} of {gate['pieces']}", f"{gate['worst']:.3g}", f"{gate['limit']:.3g}"]
        for name, gate in record["findings"]["gates"].items()
    ]
    return ["## Gates", "", *table(["gate", "passed", "worst", "limit"], rows), ""]


def draw(record: Stored, path: Path) -> None:
    """Draw marks over requests, in SD of each marker's labels about their mean."""
    import matplotlib.pyplot as plt

    markers = record["markers"]
    figure, axes = plt.subplots(
        2, len(markers), figsize=(2.3 * len(markers), 4.6), sharex=True, sharey=True, layout="constrained"
    )
    for column, marker in enumerate(markers):
        for row, dimension in enumerate(("arousal", "valence")):
            own = next((one for one in marker["dimensions"] if one["name"] == dimension), None)
            axis = axes[row, column]
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=7)
            if row == 0:
                axis.set_title(marker["name"], fontsize=8)
            if own is None:
                axis.text(0, 0, "does not qualify", ha="center", fontsize=7, color="#888888")
                continue
            _scatter(axis, record, marker["name"], own)
    for row, dimension in enumerate(("arousal", "valence")):
        axes[row, 0].set_ylabel(f"{dimension} marked (SD)", fontsize=8)
        for axis in axes[-1]:
            axis.set_xlabel("asked", fontsize=8)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _scatter(axis: Any, record: Stored, marker: str, own: Stored) -> None:
    pieces = [piece for piece in record["pieces"] if marker in piece["marks"]]
    name = own["name"]
    asked = np.array([piece["requests"][name] for piece in pieces])
    marked = np.array([(piece["marks"][marker][name] - own["mean"]) / own["sd"] for piece in pieces])
    generator = np.random.default_rng(1)
    axis.scatter(asked + generator.uniform(-0.05, 0.05, len(asked)), marked, s=7, alpha=0.6, color="#3274a8", linewidths=0)
    levels = np.unique(asked)
    axis.plot(levels, [marked[asked == level].mean() for level in levels], color="#b5332a", linewidth=1.2)
    axis.axhline(0, color="#dddddd", linewidth=0.6, zorder=0)


def _differences(found: Stored, rules: Stored) -> Iterator[list[str]]:
    for name, each in found.items():
        for dimension, one in each.items():
            baseline = rules.get(name, {}).get("marks", {}).get(dimension)
            yield [
                name,
                dimension,
                _value(baseline["r"]) if baseline else DASH,
                _estimate(one["r"]),
                "yes" if one["better"] else "**no**",
                _estimate(one["error"]),
                "yes" if one["nearer"] else "**no**",
            ]


def _of(one: Difference) -> list[str]:
    return [with_interval(one.r), "yes" if one.better else "**no**", with_interval(one.error), "yes" if one.nearer else "**no**"]


def _means(levels: Any) -> Sequence[float]:
    values = levels.values() if isinstance(levels, Mapping) else levels
    return [value["mean"] if isinstance(value, Mapping) else value for value in values if value is not None]


def _estimate(stored: Stored) -> str:
    return DASH if stored["value"] is None else f"{number(stored['value'])} [{number(stored['low'])}, {number(stored['high'])}]"


def _value(stored: Stored) -> str:
    return DASH if stored["value"] is None else number(stored["value"])


def _share(stored: Stored) -> str:
    return DASH if stored["value"] is None else f"{abs(stored['value']):.2f}"


if __name__ == "__main__":
    main()
