"""Make components out of names and configurations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, overload

from orchestra_core.contracts.component import KINDS, Component, Kind
from orchestra_core.descriptors import Ref
from orchestra_core.errors import ConfigurationError, IncompatibleError, OrchestraError, ParameterError, PluginError
from orchestra_core.names import one_of
from orchestra_core.registry.collection import Entry
from orchestra_core.registry.registry import Registry, get_registry
from orchestra_core.registry.targets import load_target

if TYPE_CHECKING:
    from orchestra_core.contracts.envelope import Envelope
    from orchestra_core.contracts.instrument import Instrument
    from orchestra_core.contracts.judge import Judge
    from orchestra_core.contracts.objective import Objective
    from orchestra_core.contracts.oracle import Oracle
    from orchestra_core.contracts.schedule import Schedule
    from orchestra_core.contracts.score_source import ScoreSource

C_co = TypeVar("C_co", bound=Component, covariant=True)

#: How a component may be given: its name, a mapping with ``name`` and ``config``, a `Ref`, the object itself, or None for
#: the default of its kind.
Spec: TypeAlias = str | Mapping[str, Any] | Ref | Component | None


@dataclass(frozen=True)
class Built(Generic[C_co]):
    """A component and how to make it again.

    Parameters
    ----------
    component : Component
        The component.
    ref : Ref or None
        Its name and complete configuration, the defaults and the components inside it included; `build` makes an equal
        component out of it. None when it, or a component inside it, was built by hand.
    entries : tuple of Entry
        Who provides it and the components inside it.
    by_hand : tuple of str
        What was built by hand, in words.
    files : tuple of Path
        Files from outside that their configurations name, in fields of type `pathlib.Path`.
    """

    component: C_co
    ref: Ref | None
    entries: tuple[Entry, ...] = ()
    by_hand: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


@overload
def build(kind: Literal["instrument"], spec: Spec = None, registry: Registry | None = None) -> Built[Instrument]: ...
@overload
def build(kind: Literal["envelope"], spec: Spec = None, registry: Registry | None = None) -> Built[Envelope]: ...
@overload
def build(kind: Literal["oracle"], spec: Spec = None, registry: Registry | None = None) -> Built[Oracle]: ...
@overload
def build(kind: Literal["objective"], spec: Spec = None, registry: Registry | None = None) -> Built[Objective]: ...
@overload
def build(kind: Literal["schedule"], spec: Spec = None, registry: Registry | None = None) -> Built[Schedule]: ...
@overload
def build(kind: Literal["score"], spec: Spec = None, registry: Registry | None = None) -> Built[ScoreSource]: ...
@overload
def build(kind: Literal["judge"], spec: Spec = None, registry: Registry | None = None) -> Built[Judge]: ...
@overload
def build(kind: Kind, spec: Spec = None, registry: Registry | None = None) -> Built[Component]: ...
def build(kind: Kind, spec: Spec = None, registry: Registry | None = None) -> Built[Any]:
    """Make a component.

    Parameters
    ----------
    kind : str
        Kind of the component.
    spec : str, mapping, Ref, Component or None
        Its name, a mapping ``{"name": ..., "config": {...}}``, a `Ref`, the object itself, or None for the default of its
        kind. Inside a configuration, other components are given in the same ways.
    registry : Registry, optional
        Where to look for it; by default the installed plugins.

    Returns
    -------
    Built
        The component and what is needed to make it again.

    Raises
    ------
    UnknownNameError
        No plugin provides it.
    ConflictError
        Several do.
    ConfigurationError
        Its configuration is not valid.
    PluginError
        It cannot be imported or made, or is not what its descriptor says.
    """
    if isinstance(spec, Component):
        return _by_hand(kind, spec)
    return _Builder(registry or get_registry()).build(_as_ref(kind, spec, registry or get_registry()))


def is_contract(kind: Kind, component: object) -> bool:
    """Return whether an object implements the contract of a kind."""
    module, name = _CONTRACTS[kind]
    return isinstance(component, getattr(import_module(module), name))


_CONTRACTS: Mapping[str, tuple[str, str]] = {
    "instrument": ("orchestra_core.contracts.instrument", "Instrument"),
    "envelope": ("orchestra_core.contracts.envelope", "Envelope"),
    "oracle": ("orchestra_core.contracts.oracle", "Oracle"),
    "objective": ("orchestra_core.contracts.objective", "Objective"),
    "schedule": ("orchestra_core.contracts.schedule", "Schedule"),
    "score": ("orchestra_core.contracts.score_source", "ScoreSource"),
    "judge": ("orchestra_core.contracts.judge", "Judge"),
}


def _by_hand(kind: Kind, component: Component) -> Built[Component]:
    if not is_contract(kind, component):
        article = getattr(component, "kind", "something else")
        raise IncompatibleError(f"{_named(component)} is of kind {article!r}; expected a component of kind {kind!r}.")
    return Built(component, None, (), (f"{kind} {_named(component)}",))


def _named(component: Component) -> str:
    return f"{type(component).__module__}.{type(component).__qualname__}"


def _as_ref(kind: Kind, spec: str | Mapping[str, Any] | Ref | None, registry: Registry) -> Ref:
    if kind not in KINDS:
        raise ParameterError(one_of(kind, KINDS, "kind of component"))
    if isinstance(spec, str):
        return Ref(kind, spec)
    if isinstance(spec, Ref):
        given: Mapping[str, Any] = {"kind": spec.kind, "name": spec.name, "config": spec.config}
    else:
        given = {} if spec is None else _mapping(kind, spec)
    if given.get("kind", kind) != kind:
        raise ConfigurationError(f"The {kind} is given as a component of kind {given['kind']!r}; expected {kind!r}.")
    name: str = given["name"] if "name" in given else registry.clear_name(registry.default(kind))
    return Ref(kind, name, given.get("config", {}))


def _mapping(kind: Kind, spec: object) -> Mapping[str, Any]:
    if not isinstance(spec, Mapping):
        raise ConfigurationError(
            f"The {kind} is given as an object of type {type(spec).__name__}; expected a name, a table with 'name' and "
            f"'config', or a component of kind {kind!r}. Wrap an object of your own, such as a torch module, in a class that "
            f"derives from orchestra_core.{_CONTRACTS[kind][1]}."
        )
    types: dict[str, type] = {"kind": str, "name": str, "config": Mapping}
    for key, value in spec.items():
        if key not in types:
            raise ConfigurationError(one_of(str(key), types, f"key of the {kind}"))
        if not isinstance(value, types[key]):
            expected = "a table" if key == "config" else "a string"
            raise ConfigurationError(f"{key!r} of the {kind} is {value!r}; expected {expected}.")
    return spec


class _Builder:
    """Makes one component with all those inside it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        #: Objects built by hand, by the placeholder that stands for each inside configurations.
        self.objects: dict[str, Component] = {}

    def build(self, ref: Ref) -> Built[Component]:
        """Return the component that a reference names."""
        if ref.name in self.objects:
            return _by_hand(ref.kind, self.objects[ref.name])
        entry = self._registry.find(ref.kind, ref.name) if ref.name else self._registry.default(ref.kind)
        parts = _Parts(self)
        config = _validated(entry, ref.config, self.objects)
        component = _make(entry, _arguments(config, parts))
        _check_made(entry, component)
        complete = None if parts.by_hand else Ref(ref.kind, ref.name or entry.name, _complete(config, parts))
        entries = tuple(dict.fromkeys((entry, *parts.entries)))
        return Built(component, complete, entries, tuple(parts.by_hand), (*_files(config), *parts.files))


class _Parts:
    """The components inside one that is being made."""

    def __init__(self, builder: _Builder) -> None:
        self.entries: list[Entry] = []
        self.by_hand: list[str] = []
        self.files: list[Path] = []
        self._builder = builder
        self._built: dict[int, tuple[Ref, Built[Component]]] = {}

    def component(self, ref: Ref) -> Component:
        """Make the component that a field refers to, and remember how."""
        built = self._builder.build(ref)
        # The reference is kept beside it: its identity is the key, and must not be used again while this lives.
        self._built[id(ref)] = (ref, built)
        self.entries.extend(built.entries)
        self.by_hand.extend(built.by_hand)
        self.files.extend(built.files)
        return built.component

    def complete(self, ref: Ref) -> Ref:
        """Return the complete reference of a component that was made."""
        found = self._built[id(ref)][1].ref
        return found if found is not None else ref


def _validated(entry: Entry, given: Mapping[str, Any], objects: dict[str, Component]) -> Any:
    who = f"the {entry.kind} {entry.name!r}"
    config = entry.descriptor.config
    if config is None:
        if given:
            raise ConfigurationError(f"{who.capitalize()} takes no configuration; it was given {', '.join(map(repr, given))}.")
        return None
    from orchestra_core.config.references import References
    from orchestra_core.config.validation import check_config_type, validate

    check_config_type(config, who)
    return validate(config, References(who, objects).plain(config, given), who)


def _arguments(config: Any, parts: _Parts) -> dict[str, Any]:
    from orchestra_core.config.references import replace_refs

    if config is None:
        return {}
    return {field.name: replace_refs(getattr(config, field.name), parts.component) for field in dataclasses.fields(config)}


def _complete(config: Any, parts: _Parts) -> dict[str, Any]:
    from orchestra_core.config.plain import to_plain
    from orchestra_core.config.references import replace_refs

    if config is None:
        return {}
    plain: dict[str, Any] = to_plain(replace_refs(config, parts.complete))
    return plain


def _files(value: Any) -> tuple[Path, ...]:
    if isinstance(value, Path):
        return (value,)
    if dataclasses.is_dataclass(value) and not isinstance(value, Ref):
        return tuple(path for field in dataclasses.fields(value) for path in _files(getattr(value, field.name)))
    if isinstance(value, Mapping):
        return tuple(path for item in value.values() for path in _files(item))
    return tuple(path for item in value for path in _files(item)) if isinstance(value, list | tuple) else ()


def _make(entry: Entry, arguments: dict[str, Any]) -> Any:
    target = load_target(entry.descriptor.target, str(entry))
    try:
        return target(**arguments)
    except OrchestraError:
        raise
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}".rstrip(": ")
        raise PluginError(f"The {entry} cannot be made by {entry.descriptor.target}: {cause}") from error


def _check_made(entry: Entry, component: Any) -> None:
    if not is_contract(entry.kind, component):
        contract = _CONTRACTS[entry.kind][1]
        raise PluginError(f"The {entry} made a {type(component).__name__}; expected an implementation of {contract}.")
    # One that is made of other parts may be able to do less than its class: an ensemble of drums has no pitch.
    missing = entry.descriptor.capabilities - (type(component).capabilities | component.capabilities)
    if missing:
        raise PluginError(
            f"The {entry} declares {', '.join(sorted(missing))}, which the {type(component).__name__} that it makes has not; "
            "its descriptor and its class have to say the same."
        )
