"""The distribution that only listens, really installed: it provides nothing, hears every run, and passes its own tests."""

import csv
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("run_logger")

SOURCE = Path(__file__).parents[2] / "examples" / "run_logger_plugin"


def run(command, folder, site=None):
    path = os.pathsep.join(filter(None, [str(site) if site else "", os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return a folder that the distribution was installed into, from a copy: building leaves files behind."""
    if find_spec("setuptools") is None:
        pytest.skip("building without a network needs setuptools in this environment")
    folder = tmp_path_factory.mktemp("run_logger")
    shutil.copytree(SOURCE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-index"]
    run([*pip, "--target", str(folder / "site"), str(folder / "source")], folder)
    return folder / "site"


def test_it_is_no_component_and_nothing_is_wrong_with_it(site, tmp_path):
    listed = json.loads(run(["-m", "orchestra_core.cli", "plugins", "list", "--json"], tmp_path, site))
    assert listed["broken"] == []
    assert "orchestra-run-logger" not in {one["distribution"] for one in listed["components"]}
    assert "run_logger" in run(["-m", "orchestra_core.cli", "doctor"], tmp_path, site)


def test_a_piece_from_the_command_line_is_logged(site, tmp_path):
    (tmp_path / "short.toml").write_text("preset = 'reference'\nbudget = 3\n[canvas]\nduration = 0.5\n")
    run(["-m", "orchestra_core.cli", "compose", "calm", "--seed", "4", "--config", "short.toml", "-o", "calm"], tmp_path, site)
    with (tmp_path / "calm" / "run_log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["event"], rows[-1]["event"]) == ("started", "finished")
    assert {(row["word"], row["seed"], row["run"]) for row in rows} == {("calm", "4", "calm")}
    assert set(json.loads(rows[-1]["readings"])) == {"arousal", "valence"}


def test_listing_it_imports_no_torch(site, tmp_path):
    run(["-c", "import sys, orchestra_run_logger.plugin; sys.exit('torch' in sys.modules)"], tmp_path, site)


def test_it_passes_its_own_tests_as_installed(site, tmp_path):
    shutil.copytree(SOURCE / "tests", tmp_path / "tests")
    said = run(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], tmp_path, site)
    assert "5 passed" in said
