"""The names of a new plugin: what its component, package, class and distribution are called."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import re
from dataclasses import dataclass

import orchestra_core
from orchestra_core.contracts.component import KINDS
from orchestra_core.errors import ParameterError, UsageError
from orchestra_core.registry import Registry

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 24
_PREFIX = "orchestra"
#: Names that the written modules import, beside the public ones of orchestra_core.
_IMPORTED = frozenset({"Tensor", "Mapping", "Any", "Path"})


@dataclass(frozen=True)
class Names:
    """What the parts of a new plugin are called, all made from the name of its component.

    Parameters
    ----------
    component : str
        What users type: words of lower case letters and digits, a letter first, joined by single underscores.

    Raises
    ------
    ParameterError
        The name has another form, or would hide a name that the plugin's own code needs.

    Examples
    --------
    >>> names = Names("glass_bell")
    >>> names.class_name, names.package, names.distribution
    ('GlassBell', 'orchestra_glass_bell', 'orchestra-glass-bell')
    """

    component: str

    def __post_init__(self) -> None:
        name = self.component
        if name.lower().replace("-", "_").startswith(f"{_PREFIX}_"):
            raise ParameterError(
                f"The name is {name!r}; expected it without {_PREFIX!r}: the distribution is called orchestra-NAME anyway."
            )
        if not _NAME.fullmatch(name) or len(name) > _LONGEST:
            raise ParameterError(
                f"The name is {name!r}; expected at most {_LONGEST} lower case letters, digits and single underscores, a letter "
                f"first.{_suggestion(name)}"
            )
        self._check_class_name()

    @property
    def class_name(self) -> str:
        """The class of the component."""
        return "".join(word.capitalize() for word in self.component.split("_"))

    @property
    def package(self) -> str:
        """The package to import."""
        return f"{_PREFIX}_{self.component}"

    @property
    def distribution(self) -> str:
        """What is installed, and the folder that it is written to."""
        return self.package.replace("_", "-")

    def _check_class_name(self) -> None:
        taken = keyword.iskeyword(self.class_name) or hasattr(builtins, self.class_name)
        if taken or self.class_name in {*dir(orchestra_core), *_IMPORTED}:
            raise ParameterError(
                f"The name is {self.component!r}; its class would be called {self.class_name}, which hides a name that its own "
                "code needs. Choose another, such as one that says what it sounds like."
            )
        if self.component in KINDS or self.component.startswith("test"):
            raise ParameterError(
                f"The name is {self.component!r}; expected one that is no kind of component and does not begin with 'test', "
                "which pytest would take for a test."
            )


def check_free(names: Names, kind: str, registry: Registry) -> None:
    """Refuse names that something installed has already.

    Parameters
    ----------
    names : Names
        Of the new plugin.
    kind : str
        Kind of its component.
    registry : Registry
        What is installed.

    Raises
    ------
    UsageError
        A component of this kind has the name, or a package can be imported under that of the plugin.
    """
    for entry in registry.entries(kind):
        if entry.name == names.component:
            raise UsageError(
                f"There is a {kind} {names.component!r} already, from {entry.distribution} {entry.version}. Choose another name: "
                "of two components of one name, neither can be used by that name alone."
            )
    if importlib.util.find_spec(names.package) is not None:
        raise UsageError(
            f"A package {names.package!r} is installed already, and would hide the new one. Choose another name, or uninstall it."
        )


def _suggestion(name: str) -> str:
    words = "_".join(re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()))[:_LONGEST].strip(
        "_0123456789"
    )
    return f" For example {words!r}." if _NAME.fullmatch(words) and words != name else ""
