"""Fields of a configuration that hold other components: find them, and bring what users write into the form of a `Ref`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

from orchestra_core.config.plain import join, to_plain
from orchestra_core.contracts.component import Component
from orchestra_core.descriptors import Ref
from orchestra_core.errors import ConfigurationError, PluginError
from orchestra_core.names import one_of

T = TypeVar("T")
_KEYS = ("kind", "name", "config")


class References:
    """Brings the component fields of one configuration into plain form, and keeps the objects built by hand among them.

    Parameters
    ----------
    who : str
        Whose configuration it is, for the messages.
    by_hand : dict of str to Component
        Receives the objects, by the placeholder that stands for each in the plain form: a name that no plugin can have.
    """

    def __init__(self, who: str, by_hand: dict[str, Component]) -> None:
        self._who = who
        self._by_hand = by_hand

    def plain(self, config: type, data: Mapping[str, Any], path: str = "") -> dict[str, Any]:
        """Return the values of a configuration in plain form, with ``{kind, name, config}`` for every component.

        Raises
        ------
        ConfigurationError
            A component field holds something that names no component, or a value has no plain form.
        """
        defaults = {field.name: field for field in dataclasses.fields(config)}
        hints = get_type_hints(config)
        plain = {}
        for name, value in data.items():
            field = defaults.get(name)
            below = join(path, name)
            plain[name] = to_plain(value, below) if field is None else self._value(hints[name], _Slot(field), value, below)
        return plain

    def _value(self, annotation: Any, slot: _Slot, value: Any, path: str) -> Any:
        if not _holds_refs(annotation):
            return to_plain(value, path)
        if isinstance(value, list | tuple):
            return [self._value(annotation, slot, item, f"{path}[{index}]") for index, item in enumerate(value)]
        nested = _nested_config(annotation)
        if nested is not None and isinstance(value, nested | Mapping):
            return self.plain(nested, value if isinstance(value, Mapping) else shallow(value), path)
        if isinstance(value, Mapping) and not set(value) <= set(_KEYS) and _is_mapping(annotation):
            return {str(key): self._value(annotation, slot, item, join(path, str(key))) for key, item in value.items()}
        return self._reference(slot, value, path)

    def _reference(self, slot: _Slot, value: Any, path: str) -> Any:
        if isinstance(value, Component):
            return self._checked_kind(slot, self._placeholder(value), path)
        if isinstance(value, Ref):
            return self._checked_kind(slot, self._with_placeholders(value, path), path)
        if isinstance(value, str):
            return {"kind": slot.kind(path, self._who), "name": value, "config": {}}
        if isinstance(value, Mapping):
            return self._mapping(slot, value, path)
        if value is None:
            return None
        raise ConfigurationError(
            f"The configuration of {self._who}: {path} is an object of type {type(value).__name__}; expected a component: its "
            "name, a table with 'name' and 'config', or an object of a class that derives from the component's contract."
        )

    def _placeholder(self, component: Component) -> dict[str, Any]:
        name = f"<{len(self._by_hand)}>"
        self._by_hand[name] = component
        return {"kind": component.kind, "name": name, "config": {}}

    def _with_placeholders(self, value: Any, path: str) -> Any:
        """Return the configuration of a component inside this one in plain form; it is validated when its turn comes."""
        if isinstance(value, Component):
            return self._placeholder(value)
        if isinstance(value, Mapping | Ref):
            items = (shallow(value) if isinstance(value, Ref) else value).items()
            return {str(key): self._with_placeholders(item, join(path, str(key))) for key, item in items}
        if isinstance(value, list | tuple):
            return [self._with_placeholders(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return to_plain(value, path)

    def _mapping(self, slot: _Slot, value: Mapping[str, Any], path: str) -> dict[str, Any]:
        for key in value:
            if key not in _KEYS:
                raise ConfigurationError(f"The configuration of {self._who}: {one_of(str(key), _KEYS, f'key in {path}')}")
        plain: dict[str, Any] = {"kind": value["kind"] if "kind" in value else slot.kind(path, self._who)}
        config = self._with_placeholders(value.get("config", {}), join(path, "config"))
        if "name" in value:
            return self._checked_kind(slot, {**plain, "name": value["name"], "config": config}, path)
        if not isinstance(config, dict):
            raise ConfigurationError(f"The configuration of {self._who}: {path}.config is {config!r}; expected a table.")
        if slot.ref is None:
            raise ConfigurationError(f"The configuration of {self._who}: {path} names no component; expected a 'name' in it.")
        # Without a name it changes the component that is there by default.
        default = self._with_placeholders(slot.ref.config, path)
        return self._checked_kind(slot, {**plain, "name": slot.ref.name, "config": {**default, **config}}, path)

    def _checked_kind(self, slot: _Slot, plain: dict[str, Any], path: str) -> dict[str, Any]:
        if slot.known_kind not in (None, plain["kind"]):
            raise ConfigurationError(
                f"The configuration of {self._who}: {path} is of kind {plain['kind']!r}; expected {slot.known_kind!r}."
            )
        return plain


@dataclasses.dataclass(frozen=True)
class _Slot:
    """A field that holds components: its kind is that of its default, or is stated in its metadata."""

    field: dataclasses.Field[Any]

    @property
    def ref(self) -> Ref | None:
        """The component that is there by default."""
        default = self._default()
        return default if isinstance(default, Ref) else None

    @property
    def known_kind(self) -> str | None:
        """The kind of component, if it can be known."""
        stated = self.field.metadata.get("kind")
        if stated is not None:
            return str(stated)
        default = self._default()
        items = list(default.values()) if isinstance(default, Mapping) else default
        first = items[0] if isinstance(items, list | tuple) and items else items
        return first.kind if isinstance(first, Ref) else None

    def kind(self, path: str, who: str) -> str:
        """Return the kind; raises `PluginError` where the plugin does not say."""
        if self.known_kind is None:
            raise PluginError(
                f"{path} in the configuration of {who} does not say which kind of component it holds; expected a default Ref or "
                "metadata={'kind': ...} in the field"
            )
        return self.known_kind

    def _default(self) -> Any:
        if self.field.default_factory is not dataclasses.MISSING:
            return self.field.default_factory()
        return self.field.default


def shallow(config: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as a dictionary, with the values as they are."""
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}


def replace_refs(value: T, replacement: Callable[[Ref], Any]) -> T:
    """Return a value in which every `Ref`, at any depth of dataclasses, tuples, lists and mappings, is replaced."""
    replaced: Any = value
    if isinstance(value, Ref):
        replaced = replacement(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: replace_refs(getattr(value, field.name), replacement) for field in dataclasses.fields(value)}
        different = {name: new for name, new in changed.items() if new is not getattr(value, name)}
        replaced = dataclasses.replace(value, **different) if different else value
    elif isinstance(value, tuple | list):
        items = [replace_refs(item, replacement) for item in value]
        replaced = type(value)(items) if _differ(items, value) else value
    elif isinstance(value, Mapping):
        items = [replace_refs(item, replacement) for item in value.values()]
        replaced = dict(zip(value, items, strict=True)) if _differ(items, value.values()) else value
    result: T = replaced
    return result


def _differ(new: Any, old: Any) -> bool:
    return any(one is not other for one, other in zip(new, old, strict=True))


def _holds_refs(annotation: Any) -> bool:
    """Return whether values of a type may contain components."""
    if annotation is Ref:
        return True
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return any(_holds_refs(hint) for hint in get_type_hints(annotation).values())
    return any(_holds_refs(argument) for argument in get_args(annotation))


def _nested_config(annotation: Any) -> type | None:
    """Return the dataclass with component fields of its own inside an annotation such as ``tuple[Layer, ...]``."""
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return None if annotation is Ref else annotation
    return next((found for found in map(_nested_config, get_args(annotation)) if found is not None), None)


def _is_mapping(annotation: Any) -> bool:
    origin = getattr(annotation, "__origin__", None)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return True
    return any(_is_mapping(argument) for argument in get_args(annotation))
