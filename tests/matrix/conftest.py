"""The parts of the matrix: all that is installed, the outside distribution, and small ones that are unlike them."""

import importlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from orchestra_core.registry import Registry

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "systems"))  # its instruments and oracles are used here again


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return a folder that the outside distribution is installed into; it can be imported from there."""
    if find_spec("setuptools") is None:
        pytest.skip("building without a network needs setuptools in this environment")
    folder = tmp_path_factory.mktemp("matrix")
    source = folder / "source"
    shutil.copytree(
        ROOT / "examples" / "third_party_plugin", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-index", "--target", str(folder / "site"), str(source)], check=True, timeout=300, cwd=folder)
    return folder / "site"


@pytest.fixture(scope="session")
def registry(site):
    """Return a registry of all that is installed, the outside distribution, and the small parts."""
    import small_parts

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    sys.path.insert(0, str(site))
    importlib.invalidate_caches()
    found = Registry(strict=True)
    with found.registered(small_parts, "small"):
        yield found
    sys.path.remove(str(site))
    torch.set_num_threads(threads)
