"""The outside distribution, really installed: found by its entry point, listed, configured, composed with, tested."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

# One worker for all of them: they share what takes long to make.
pytestmark = pytest.mark.xdist_group("third_party")

SOURCE = Path(__file__).parents[2] / "examples" / "third_party_plugin"
Orchestra = Callable[..., subprocess.CompletedProcess[str]]

#: Few candidates, few generations, a short piece.
SHORT = """
[canvas]
duration = 0.8

[pipeline]
score = "melody"

[pipeline.schedule]
name = "cma_es"
config = { population = 4, steps = 3, scores = 3 }
"""

#: Everything that can be exchanged comes from outside, but the piano and the melody.
ALL = """
[canvas]
duration = 0.8

[pipeline]
score = "melody"

[pipeline.instrument]
name = "piano_adsr"
config = { envelope = { name = "percussive", config = { decay = 0.8 } } }

[pipeline.objective]
name = "match_with_prior"
config = { oracle = "librosa_features", weight = 0.5 }

[pipeline.schedule]
name = "cma_es"
config = { groups = ["timing", "envelope"], population = 4, steps = 3, scores = 2 }
"""
#: What the distribution provides, with a word of each description.
PROVIDED = {
    "plucked": "position",
    "percussive": "damping",
    "librosa_features": "flux",
    "match_with_prior": "tolerance",
    "cma_es": "covariance",
}


def run(command: list[str], folder: Path, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"PYTHONPATH": str(site)} if site else {})}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the distribution was built and installed into, from a copy: building leaves files behind."""
    if find_spec("setuptools") is None:
        pytest.skip("building without a network needs setuptools in this environment")
    folder = tmp_path_factory.mktemp("third_party")
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run([*pip, "--target", str(folder / "site"), str(folder / "source")], folder)
    return folder / "site"


@pytest.fixture
def orchestra(site: Path, tmp_path: Path) -> Orchestra:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run([sys.executable, "-m", "orchestra_core.cli", *arguments], tmp_path, site)

    return call


def test_only_its_package_is_installed(site):
    assert {path.name.split("-")[0] for path in site.iterdir()} == {"orchestra_plucked"}
    assert (site / "orchestra_plucked" / "py.typed").exists()


def test_it_is_listed_beside_what_orchestra_ships(orchestra):
    listed = orchestra("plugins", "list").stdout
    assert {"piano_adsr", "orchestra-plucked", *PROVIDED} <= set(listed.split())


@pytest.mark.parametrize("name", PROVIDED)
def test_each_component_is_described(orchestra, name):
    shown = orchestra("plugins", "show", name).stdout
    assert PROVIDED[name] in shown and "orchestra_plucked." in shown


def test_listing_it_imports_nothing_heavy(site, tmp_path):
    heavy = "{'torch', 'librosa', 'numpy', 'cmaes'} & {*sys.modules}"
    ask = f"import sys, orchestra_plucked.plugin as p; p.orchestra_schedules(); sys.exit(', '.join({heavy}) or 0)"
    run([sys.executable, "-c", ask], tmp_path, site)


def test_its_instrument_and_its_schedule_compose_a_piece_that_its_folder_makes_again(orchestra, tmp_path):
    (tmp_path / "short.toml").write_text(SHORT)
    orchestra("compose", "calm", "--instrument", "plucked", "--config", "short.toml", "-o", "calm")
    recipe = (tmp_path / "calm" / "run.json").read_text()
    assert '"plucked"' in recipe and '"cma_es"' in recipe and '"orchestra-plucked' in recipe
    orchestra("compose", "--config", "calm", "-o", "again")
    assert (tmp_path / "again" / "audio.wav").read_bytes() == (tmp_path / "calm" / "audio.wav").read_bytes()


def test_its_instrument_goes_with_the_gradient_of_orchestras_own_schedule(orchestra, tmp_path):
    schedule = '{ name = "staged", config = { search = 1, stages = [{ name = "short", steps = 4 }] } }'
    (tmp_path / "short.toml").write_text(f'pipeline = {{ score = "melody", schedule = {schedule} }}')
    orchestra("compose", "calm", "--instrument", "plucked", "--duration", "0.8", "--config", "short.toml", "-o", "calm")
    assert (tmp_path / "calm" / "audio.wav").exists()


def test_its_other_parts_go_with_orchestras_piano(orchestra, tmp_path):
    (tmp_path / "all.toml").write_text(ALL)
    orchestra("compose", "--target", "centroid=1.5", "--config", "all.toml", "-o", "bright")
    readings = json.loads((tmp_path / "bright" / "run.json").read_text())["item"]["readings"]
    assert 0.1 < readings["centroid"] < 11


def test_an_oracle_without_a_gradient_is_refused_before_any_work(site, tmp_path):
    command = ["compose", "--oracle", "librosa_features", "--target", "centroid=1.5", "-o", "no"]
    done = subprocess.run(
        [sys.executable, "-m", "orchestra_core.cli", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 2 and "LibrosaFeatures has none" in " ".join(done.stderr.split())
    assert not (tmp_path / "no").exists()


def test_it_passes_its_own_tests_as_installed(site, tmp_path):
    shutil.copytree(SOURCE / "tests", tmp_path / "tests")
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], tmp_path, site)
