"""Write the pages that follow from the code: configuration, errors, emotion words, the oracle's card, hook users.

Run by ``conf.py`` at every build; by hand: ``python docs/generate.py FOLDER``.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module, resources
from pathlib import Path
from typing import Any, get_args, get_type_hints

from numpydoc.docscrape import NumpyDocString

from orchestra_core import __version__, errors
from orchestra_core.config import to_plain
from orchestra_core.contracts.component import KINDS
from orchestra_core.descriptors import Ref
from orchestra_core.emotions.cues import CueHints
from orchestra_core.emotions.words import SYNONYMS, WORDS
from orchestra_core.testing import Rule, table
from orchestra_deam.config import DeamCNNConfig
from orchestra_deam.oracle import WIDEST
from orchestra_staged.config import PRESETS

ROOT = Path(__file__).parent.parent

_HOOKS = {
    "instrument": "orchestra_instruments",
    "envelope": "orchestra_envelopes",
    "oracle": "orchestra_oracles",
    "objective": "orchestra_objectives",
    "schedule": "orchestra_schedules",
    "score": "orchestra_scores",
    "judge": "orchestra_judges",
}
_LONG_LIST = 20
_EXIT_CODES = {1: "the run failed", 2: "the request cannot be carried out as worded", 3: "a problem with a plugin"}


def write_pages(folder: Path) -> None:
    """Write every generated page; files that would not change are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "configuration.md": configuration_page(),
        "errors.md": errors_page(),
        "emotion_words.md": words_page(),
        "oracle_card.md": card_page(),
        "hook_users.md": hook_users_page(),
        "rules.md": rules_page(),
    }
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def version() -> str:
    """Return the version of the package."""
    return __version__


def first_party() -> dict[str, Any]:
    """Return the plugin modules of this distribution by the name of their entry point."""
    return {name: import_module(target) for name, target in sorted(_project()["entry-points"]["orchestra_core"].items())}


def configuration_page() -> str:
    """Return every configuration field of every first-party component, with its default."""
    lines: list[str] = []
    for kind in KINDS:
        found = [descriptor for module in first_party().values() for descriptor in _provided(module, kind)]
        lines += ["", f"## {kind.capitalize()}s", ""]
        for descriptor in sorted(found, key=lambda one: one.name):
            lines += list(_component(kind, descriptor))
    lines += ["", "## The presets of this repository", "", *_settings_with_names()]
    lines += ["", "## Presets of `staged`", "", *_presets()]
    return "\n".join(lines).strip() + "\n"


def errors_page() -> str:
    """Return every error class: what it means, its exit code and what it derives from."""
    lines: list[str] = []
    for error in error_classes():
        base = error.__mro__[1].__name__
        code = error.exit_code
        lines += [
            f"## {error.__name__}",
            "",
            f"Exit code {code} ({_EXIT_CODES[code]}). Derives from `{base}`.",
            "",
            inspect.getdoc(error) or "",
            "",
        ]
        lines += [f"**What to do.** {WHAT_TO_DO[error.__name__]}", ""]
    return "\n".join(lines)


def error_classes() -> list[type[errors.OrchestraError]]:
    """Return the error classes in the order of the source."""
    found = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.OrchestraError)]
    return sorted(found, key=lambda one: inspect.getsourcelines(one)[1])


def words_page() -> str:
    """Return the emotion words with what they ask for, and their synonyms."""
    synonyms: dict[str, list[str]] = {}
    for synonym, word in SYNONYMS.items():
        synonyms.setdefault(word, []).append(synonym)
    rows = [
        (w.word, f"{w.valence:+.2f}", f"{w.arousal:+.2f}", _hints(w.cues), ", ".join(sorted(synonyms.get(w.word, ()))))
        for w in WORDS
    ]
    return _table(("word", "valence", "arousal", "and", "also"), rows)


def _hints(cues: CueHints) -> str:
    return ", ".join(f"{name} {size:+g}" for name, size in cues.given().items())


def card_page() -> str:
    """Return the card of the shipped weights, or a sentence where this copy has none."""
    card = resources.files("orchestra_deam").joinpath("weights", f"{DeamCNNConfig().model}.json")
    if not card.is_file():
        return "This copy of the project holds no trained weights, so there is no card to show.\n"
    return card_text(json.loads(card.read_text(encoding="utf-8")))


def card_text(card: Mapping[str, Any]) -> str:
    """Return a weights card as tables."""
    facts = [
        (name.replace("_", " "), _value(card[name]))
        for name in ("architecture", "front_end", "dimensions", "data", "license", "citation")
        if card.get(name)
    ]
    scales = [
        (name, f"{card['mean'][name]:+.3f}", f"{card['sd'][name]:.3f}", _span(name, card["mean"][name], card["sd"][name]))
        for name in card.get("mean", {})
    ]
    lines = [_table(("item", "value"), facts)]
    if card.get("note"):
        lines += [card["note"], ""]
    head = ("dimension", "mean", "SD", "requests -1 to 1 mean readings")
    lines += ["### The corpus and the request scale", "", _table(head, scales)]
    lines += ["### Marks on held-out pieces", "", _marks(card.get("metrics", {}))]
    lines += ["### How it was trained", "", _table(("setting", "value"), list(_flat(card.get("training", {}))))]
    split = {name.replace("_", " "): value for name, value in card.get("split", {}).items()}
    lines += ["### The split", "", _table(("part", "what"), list(_flat(split)))]
    return "\n".join(lines)


def hook_users_page() -> str:
    """Return which first-party plugin implements which hook."""
    rows = [
        (f"`{hook}`", ", ".join(f"`{user}`" for user in users) or "no plugin here yet") for hook, users in hook_users().items()
    ]
    return _table(("hook", "implemented in"), rows)


def rules_page() -> str:
    """Return every rule of the conformance kit: what must hold, why, and what to do."""
    lines: list[str] = []
    for kind in ("any", *KINDS, "preset"):
        rules = [rule for rule in table() if rule.kind == kind]
        lines += [f"## {'All plugins' if kind == 'any' else f'{kind.capitalize()}s'}", ""] if rules else []
        for rule in rules:
            lines += [f'<a id="{rule.id}"></a>', "", f"### {rule.id}", "", *_rule(rule), ""]
    return "\n".join(lines)


def _rule(rule: Rule) -> Iterator[str]:
    needs = f" Applies to what declares {', '.join(f'`{one}`' for one in sorted(rule.needs))}." if rule.needs else ""
    kinds = "" if rule.kind != "any" or len(rule.kinds) == len(KINDS) else f" About: {', '.join(rule.kinds)}."
    yield from (f"*{rule.level.capitalize()}.* {rule.summary}{needs}{kinds}", "")
    yield from (f"**Why.** {rule.reason}", "", f"**What to do.** {rule.fix}")


def hook_users() -> dict[str, list[str]]:
    """Return the modules of this repository that implement each hook, found in the source without importing it."""
    users: dict[str, list[str]] = {hook: [] for hook in _hook_names()}
    for folder in (ROOT / "plugins", ROOT / "orchestra_core", ROOT / "examples"):
        for file in sorted(folder.rglob("*.py")):
            for hook in _implemented(file):
                users[hook].append(".".join(file.relative_to(ROOT).with_suffix("").parts).removeprefix("plugins."))
    return users


def _hook_names() -> list[str]:
    tree = ast.parse((ROOT / "orchestra_core" / "hookspecs.py").read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _is_decorated(node, "hookspec")]


def _implemented(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_decorated(node, "hookimpl"):
            yield node.name


def _is_decorated(node: ast.FunctionDef, name: str) -> bool:
    return any(isinstance(decorator, ast.Name) and decorator.id == name for decorator in node.decorator_list)


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def _provided(module: Any, kind: str) -> list[Any]:
    hook = getattr(module, _HOOKS[kind], None)
    return list(hook()) if hook else []


def _component(kind: str, descriptor: Any) -> Iterator[str]:
    default = " It is taken where none is named." if descriptor.default else ""
    capabilities = ", ".join(f"`{one}`" for one in sorted(descriptor.capabilities)) or "none"
    yield from (f"### {kind} `{descriptor.name}`", "", f"{descriptor.summary.rstrip('.')}.{default}", "")
    yield from (f"Capabilities: {capabilities}. Licence: {descriptor.license or 'not stated'}.", "")
    if descriptor.citation:
        yield from (f"Cite: {descriptor.citation.rstrip('.')}.", "")
    if descriptor.config is None:
        yield from ("It has no configuration.", "")
        return
    yield from (_fields(descriptor.config), "")
    for nested in _nested(descriptor.config):
        yield from (f"Each `{nested.__name__}` has these fields; one without a default must be given:", "", _fields(nested), "")


def _fields(config: type) -> str:
    documented = {
        name.strip(): (entry.type, " ".join(entry.desc))
        for entry in NumpyDocString(inspect.getdoc(config) or "")["Parameters"]
        for name in entry.name.split(",")
    }
    rows = [(f"`{f.name}`", documented[f.name][0], _default(f), documented[f.name][1]) for f in dataclasses.fields(config)]
    return _table(("field", "type", "default", "meaning"), rows)


def _settings_with_names() -> Iterator[str]:
    handed_in = [preset for module in first_party().values() for preset in getattr(module, "orchestra_presets", tuple)()]
    for preset in sorted(handed_in, key=lambda one: one.name):
        settings = json.dumps(to_plain(preset.settings), indent=2)
        yield from (f"### preset `{preset.name}`", "", f"{preset.summary.rstrip('.')}:", "", "```json", settings, "```", "")


def _presets() -> Iterator[str]:
    for name, preset in PRESETS.items():
        yield from (f"### stages `{name}`", "", f"Tries at most {preset.search} score choices first. Then these stages:", "")
        stages = [{key: to_plain(value) for key, value in vars(stage).items()} for stage in preset.stages]
        rows = [(f"`{key}`", *(f"`{json.dumps(stage[key])}`" for stage in stages)) for key in stages[0] if key != "name"]
        yield from (_table(("field", *(stage["name"] for stage in stages)), rows), "")


def _default(field: dataclasses.Field[Any]) -> str:
    if _has_no_default(field):
        return ""
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return f"`{json.dumps(to_plain(default))}`"


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _nested(config: type) -> list[type]:
    """Return the dataclasses inside the types of a configuration's fields, other than references to components."""
    inside = [one for hint in get_type_hints(config).values() for one in (hint, *get_args(hint))]
    return [one for one in inside if dataclasses.is_dataclass(one) and isinstance(one, type) and one is not Ref]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return "None.\n"
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: object) -> str:
    return str(text).replace("``", "`").replace("|", "\\|").replace("\n", " ")


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _count_or_list(value: Any) -> Any:
    return f"{len(value)}, named in the card" if isinstance(value, list) and len(value) > _LONG_LIST else value


def _span(name: str, mean: float, sd: float) -> str:
    # Dimensions of a further head have its name before theirs; the main one reads VGMIDI's scale.
    widest = WIDEST[name.split("/", maxsplit=1)[0] if "/" in name else "vgmidi"]
    return f"{max(mean - 2 * sd, -widest):+.2f} to {min(mean + 2 * sd, widest):+.2f}"


def _marks(metrics: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = []
    for number, (renderings, evaluation) in enumerate(metrics.items()):
        for unit in ("baseline", "pieces", "clips") if number == 0 else ("pieces", "clips"):
            name = "mean baseline" if unit == "baseline" else renderings
            per = "pieces" if unit == "baseline" else unit
            rows += [(name, dimension, per, *_marked(marks)) for dimension, marks in evaluation.get(unit, {}).items()]
    return _table(("reading of", "dimension", "per", "R²", "r", "CCC", "RMSE"), rows)


def _marked(marks: Mapping[str, float]) -> tuple[str, ...]:
    # Adding 0 makes a negative zero positive.
    return tuple(f"{round(marks[key], 3) + 0:.3f}" if key in marks else "" for key in ("r2", "r", "ccc", "rmse"))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _value(_count_or_list(value))


#: What a person who meets the error does about it.
WHAT_TO_DO = {
    "OrchestraError": "Catch this one to catch them all; the command line prints its message and returns its exit code.",
    "UsageError": "Read the message: it names the value and what was expected. Change the request and run again.",
    "ParameterError": "Give the value in the type, shape, unit and range that the message states.",
    "ConfigurationError": (
        "Correct the key or value that the message names. `orchestra plugins show NAME` lists the fields of a component; "
        "the [configuration reference](configuration.md) has those of this repository."
    ),
    "UnknownNameError": (
        "Take one of the names in the message; close matches come first. If the plugin should be there, look at "
        "`orchestra plugins list`, and at `orchestra doctor` for plugins that are installed but broken."
    ),
    "TargetError": (
        "Ask for a dimension that the objective has, within its range. On the request scale every range is -1 to 1; with "
        "`--scale reading` it is the oracle's own."
    ),
    "IncompatibleError": (
        "Swap one of the two parts that the message names: for instance a schedule that needs no gradient for an instrument "
        "that has none."
    ),
    "AudioFileError": "Check the path, or convert the file to WAV, FLAC, OGG, MP3 or AIFF. The message has the decoder's reason.",
    "ScoreError": (
        "Check the MIDI file, or the notes made in code. A canvas shorter than the first onset has nothing to play: choose a "
        "longer `--duration`."
    ),
    "RunFolderError": (
        "Choose another folder with `-o`; or `--resume` for an unfinished run, with the same request as then. A run that holds "
        "a part made by hand in code is made again by that code only."
    ),
    "PluginError": "Run `orchestra doctor`: it shows which plugin, and its traceback. Update, uninstall or fix that plugin.",
    "ConflictError": (
        "Write the qualified name `distribution:name` that the message offers, name the component instead of taking the "
        "default, or uninstall one of the providers."
    ),
    "ContractError": (
        "A fault of the plugin named in the message: it returned a shape, name or value that its contract does not allow. "
        "Report it to its author; in your own plugin, compare with the [contracts](api.md)."
    ),
    "WeightsError": (
        "Get the file again, from its source; or train your own: `orchestra deam train`. A foreign `.pt` must hold tensors only, "
        "in the layout of the chosen model."
    ),
    "RunError": "Read the message for stage and step; lower the learning rate, or start from another seed or score.",
    "NonFiniteError": (
        "The very first evaluation was NaN or infinite. Check the instrument's starting values and the objective that the "
        "message names; the equations at the edge of a range are the usual cause."
    ),
}


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
