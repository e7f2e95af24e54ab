"""What made the piece: components, versions, seed, and how to make it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from orchestra_core.runs.plain import plain

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result

_SHOWN_ELSEWHERE = frozenset({"targets", "items", "inputs", "command", "format", "made_by_hand"})
_LONGEST = 400


def section(result: Result) -> str | None:
    """Return the recipe of the result as a table, its full text folded away, and the command that makes it again."""
    recipe = plain(result.recipe)
    rows = [("seed", str(result.seed)), *_choices(result), *_rows(recipe), *_inputs(result)]
    seen = dict(rows)  # the recipe may state the seed as well
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in seen.items())
    table = f'<table class="provenance"><tbody>{body}</tbody></table>'
    text = escape(json.dumps(recipe, indent=2, ensure_ascii=False))
    return f"{_again(recipe)}{table}<details><summary>The whole recipe</summary><pre>{text}</pre></details>"


def _again(recipe: Mapping[str, Any]) -> str:
    if not recipe:
        return ""
    by_hand = recipe.get("made_by_hand")
    if by_hand:
        parts = escape(", ".join(map(str, by_hand)))
        return f"<p>This piece cannot be made again from its folder: {parts} was made by hand in code.</p>"
    command = recipe.get("command") or "orchestra compose --config run.json -o again"
    return f"<p>Make it again, in this folder:</p><pre><code>{escape(str(command))}</code></pre>"


def _choices(result: Result) -> Iterator[tuple[str, str]]:
    for name, value in result.choice.items():
        yield f"choice of {name}", str(value)


def _inputs(result: Result) -> Iterator[tuple[str, str]]:
    for name, path in result.inputs.items():
        yield f"input {name}", path.name


def _rows(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in recipe.items():
        if name == "pipeline" and isinstance(value, dict):
            yield from ((part, _text(described)) for part, described in value.items() if described is not None)
        elif name not in _SHOWN_ELSEWHERE and value is not None:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        name, rest = value.get("name"), {key: item for key, item in value.items() if key not in ("name", "kind")}
        inner = ", ".join(
            _text(item) if key == "config" else f"{key} {_text(item)}"
            for key, item in rest.items()
            if item not in (None, "", {}, [])
        )
        text = f"{name} ({inner})" if name and inner else str(name or inner)
    elif isinstance(value, list):
        text = ", ".join(_text(item) for item in value)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
