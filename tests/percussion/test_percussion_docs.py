"""The page on drums says what the code does."""

import re
from pathlib import Path

from orchestra_percussion.controls import CONTROLS
from orchestra_percussion.pattern import STYLES

PAGE = (Path(__file__).parents[2] / "docs" / "percussion.md").read_text(encoding="utf-8")


def test_the_table_of_parameters_is_that_of_the_voice():
    table = PAGE.partition("<!-- controls -->")[2].partition("<!-- end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    layouts = {"linear": "even", "log": "ratios"}
    assert rows == [
        [
            f"`{c.name}`",
            c.group,
            f"{c.lower:g} to {c.upper:g} {'' if c.unit == '1' else c.unit}".strip(),
            layouts[c.scale],
            c.description,
        ]
        for c in CONTROLS
    ]


def test_every_style_is_named():
    assert all(re.search(rf"\b{style}\b", PAGE) for style in STYLES)
