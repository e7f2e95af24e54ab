"""What is being checked: a component, what is known of it, and how one of its kind is tried out."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from orchestra_core.contracts.brief import Brief
from orchestra_core.contracts.canvas import Canvas
from orchestra_core.contracts.component import Kind
from orchestra_core.descriptors import Ref
from orchestra_core.registry import Registry, get_registry
from orchestra_core.registry.collection import Entry
from orchestra_core.testing.benches import BENCHES, Bench
from orchestra_core.testing.rule import NotApplicable
from orchestra_core.testing.setting import Setting


@dataclass(frozen=True, eq=False)
class Subject:
    """A component under check.

    Parameters
    ----------
    component : Component or PresetEntry
        The component; or a preset, which is no component but is checked likewise.
    kind : str
        Its kind, or ``preset``.
    setting : Setting
        What it is tried with.
    entry : Entry, or None
        Who provides it; None for an object made by hand, which has no descriptor to check.
    ref : Ref, or None
        Its name and complete configuration, where it has one.
    registry : Registry, or None
        Where it was found.
    """

    component: Any
    kind: Kind | Literal["preset"]
    setting: Setting = field(default_factory=Setting)
    entry: Entry | None = None
    ref: Ref | None = None
    registry: Registry | None = None

    @property
    def name(self) -> str:
        """The name of its class, for messages; of a preset, its own."""
        return str(self.component) if self.kind == "preset" else type(self.component).__name__

    @property
    def found(self) -> Registry:
        """Where it was found."""
        return self.registry or get_registry()

    @cached_property
    def bench(self) -> Bench:
        """How a component of this kind is tried out."""
        return BENCHES[self.kind](self.setting, self.component)

    @property
    def canvas(self) -> Canvas:
        """The canvas of the setting."""
        return self.setting.canvas

    def brief(self, *arguments: Any, **options: Any) -> Brief:
        """Return a brief of the setting; see `Setting.brief`."""
        return self.setting.brief(*arguments, **options)

    def fresh(self) -> Any:
        """Return a copy of the component that has not been used since; the component itself where it cannot be copied."""
        try:
            return copy.deepcopy(self.component)
        except Exception:  # the rule about copies says so
            return self.component

    def provided(self) -> Entry:
        """Return who provides the component; raises `NotApplicable` for an object made by hand."""
        if self.entry is None:
            raise NotApplicable("it was given as an object; check it by its name to include its plugin")
        return self.entry
