"""Plugins as they are found on disk: a dist-info folder and modules in a folder of the path."""

import sys
from importlib import metadata
from textwrap import dedent

import pytest

from orchestra_core.registry import Registry

HEADER = """
from dataclasses import dataclass
from orchestra_core.descriptors import Command, Descriptor, Preset, Ref, ReportSection
from orchestra_core.hookspecs import hookimpl
"""

GOOD = """
@hookimpl
def orchestra_envelopes():
    return [Descriptor("{name}", "{module}:Flat", "A flat envelope.")]
"""


class Site:
    """A folder of installed distributions, beside those of the environment."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def module(self, name, source, header=HEADER):
        (self.folder / f"{name}.py").write_text(header + dedent(source))
        return name

    def distribution(self, name, entry_points, version="1.0", text=None):
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = "\n".join(f"{plugin} = {value}" for plugin, value in entry_points.items())
        (info / "entry_points.txt").write_text(text or f"[orchestra_core]\n{lines}\n")
        return info

    def plugin(self, name, source, version="1.0"):
        """Install one plugin: the distribution fake-NAME with the module fake_NAME."""
        self.module(f"fake_{name}", source)
        self.distribution(f"fake-{name}", {name: f"fake_{name}"}, version)

    def good(self, name="good", provides="flat"):
        self.plugin(name, GOOD.format(name=provides, module=f"fake_{name}"))

    def points(self):
        found = [point for dist in metadata.distributions(path=[str(self.folder)]) for point in dist.entry_points]
        return sorted(found, key=lambda point: point.name)

    def registry(self, **options):
        return Registry(self.points(), **{"strict": False, **options})


@pytest.fixture
def new_site(tmp_path, monkeypatch):
    """Make further folders of the path, the last one first."""
    monkeypatch.delenv("ORCHESTRA_STRICT", raising=False)
    before = set(sys.modules)

    def make(name):
        site = Site(tmp_path / name)
        monkeypatch.syspath_prepend(site.folder)
        return site

    yield make
    for name in set(sys.modules) - before:
        if name.startswith("fake_"):
            del sys.modules[name]


@pytest.fixture
def site(new_site):
    return new_site("site")
