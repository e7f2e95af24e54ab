"""A new plugin of every kind: written, installed, found, checked by the kit, tested, typed and composed with, all at once."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from orchestra_core.cli.app import run as orchestra
from orchestra_core.contracts.component import KINDS

# The distributions are written and installed once, in one worker.
pytestmark = pytest.mark.xdist_group("scaffold")

ROOT = Path(__file__).parents[2]
NAMES = {kind: f"new_{kind}" for kind in KINDS}

#: Why rules of the kit are left out: by what the components say of themselves.
SKIPPED = {"it takes any length", "it declares differentiable", "it has no state_dict"}

#: Runs several command lines in one interpreter: importing torch takes longer than most of them.
EACH = """
import json, sys
from orchestra_core.cli.app import run
sys.exit(max(run(arguments) for arguments in json.loads(sys.argv[1])))
"""


def run(command, folder, site=None, **more):
    path = os.pathsep.join(filter(None, [str(site) if site else "", os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, **more}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a folder with a new distribution of every kind, each in a folder named after its kind."""
    folder = tmp_path_factory.mktemp("new")
    for kind, name in NAMES.items():
        assert orchestra(["plugins", "new", name, "--kind", kind, "-o", str(folder / kind)]) == 0
    return folder


@pytest.fixture(scope="module")
def site(written, tmp_path_factory):
    """Return a folder that all of them are installed into, and nothing else."""
    if find_spec("setuptools") is None:
        pytest.skip("building without a network needs setuptools in this environment")
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run([*pip, "--no-index", "--target", str(folder), *(str(written / kind) for kind in KINDS)], folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_is_complete(kind, written):
    name = NAMES[kind]
    files = {path.relative_to(written / kind).as_posix() for path in (written / kind).rglob("*") if path.is_file()}
    package = f"src/orchestra_{name}"
    assert {"pyproject.toml", "README.md", "LICENSE", ".gitignore", "compose.toml", ".github/workflows/test.yml"} <= files
    assert {f"{package}/{file}" for file in ("__init__.py", "plugin.py", "config.py", f"{kind}.py", "py.typed")} <= files
    assert f"tests/test_{name}.py" in files
    assert not any("{{" in (written / kind / file).read_text().replace("${{", "") for file in files - {"build"})
    project = tomllib.loads((written / kind / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["orchestra_core"] == {name: f"orchestra_{name}.plugin"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_workflow_runs_the_checks_that_the_readme_names(kind, written):
    workflow = yaml.safe_load((written / kind / ".github/workflows/test.yml").read_text())
    steps = "\n".join(step.get("run", "") for step in workflow["jobs"]["test"]["steps"])
    blocks = re.findall(r"```sh\n(.*?)```", (written / kind / "README.md").read_text(), re.DOTALL)
    checks = [line for line in blocks[-1].splitlines() if line]
    assert len(checks) == 3 and all(check in steps for check in checks)
    assert "orchestra compose --config compose.toml -o first" in steps and "matrix.python" in str(workflow)


def test_all_of_them_are_found_by_name(site, tmp_path):
    listed = json.loads(run([sys.executable, "-m", "orchestra_core.cli", "plugins", "list", "--json"], tmp_path, site))
    found = {(one["kind"], one["name"], one["distribution"], one["version"]) for one in listed["components"]}
    assert {(kind, name, f"orchestra-new-{kind}", "0.1.0") for kind, name in NAMES.items()} <= found
    assert listed["broken"] == []


def test_each_of_them_conforms_by_the_command(site, tmp_path):
    commands = [["plugins", "check", name, "--kind", kind, "--json"] for kind, name in NAMES.items()]
    said = run([sys.executable, "-c", EACH, json.dumps(commands)], tmp_path, site)
    reports = [json.loads(text) for text in re.split(r"(?<=^\})\n", said, flags=re.MULTILINE) if text]
    assert [report["component"] for report in reports] == [f"{kind} {name}" for kind, name in NAMES.items()]
    for report in reports:
        unhappy = [outcome for outcome in report["outcomes"] if outcome["status"] not in ("passed", "skipped")]
        assert report["ok"] and unhappy == []
        assert {outcome["message"] for outcome in report["outcomes"] if outcome["status"] == "skipped"} <= SKIPPED
        assert sum(outcome["status"] == "passed" for outcome in report["outcomes"]) > 20


def test_their_own_tests_pass_and_leave_out_nothing_else(site, written, tmp_path):
    tests = [str(written / kind / "tests") for kind in KINDS]
    said = run([sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", *tests], tmp_path, site)
    assert int(re.search(r"(\d+) passed", said)[1]) > 200
    assert set(re.findall(r"^SKIPPED \[\d+\] .*?: (.*)$", said, re.MULTILINE)) <= SKIPPED


def test_each_of_them_composes_what_its_compose_file_says(site, written, tmp_path):
    commands = []
    for kind in KINDS:
        short = "budget = 3\n" + (written / kind / "compose.toml").read_text() + "\n[canvas]\nduration = 0.5\n"
        (tmp_path / f"{kind}.toml").write_text(short)
        commands.append(["compose", "--config", f"{kind}.toml", "-o", kind])
    run([sys.executable, "-c", EACH, json.dumps(commands)], tmp_path, site)
    for kind, name in NAMES.items():
        record = json.loads((tmp_path / kind / "run.json").read_text())
        assert record["finished"]
        if kind == "judge":  # no run can be given one; it marks the piece
            said = json.loads(
                run([sys.executable, "-m", "orchestra_core.cli", "judge", kind, "--judge", name, "--json"], tmp_path, site)
            )
            assert set(said["pieces"][0]["judges"][0]["marks"]) == {"busyness", "level"}
        else:
            assert f'"{name}"' in json.dumps(record["recipe"]["pipeline"])
        assert (tmp_path / kind / "audio.wav").stat().st_size > 3 * 0.5 * 44_100


def test_their_code_is_clean_and_strictly_typed(written, tmp_path):
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        run([*ruff, *command, *(str(written / kind) for kind in KINDS)], tmp_path)
    path = os.pathsep.join([*(str(written / kind / "src") for kind in KINDS), str(ROOT), str(ROOT / "plugins")])
    packages = [part for name in NAMES.values() for part in ("-p", f"orchestra_{name}")]
    # From the root, so that what is known of torch from other checks of the same kind is used again.
    run([sys.executable, "-m", "mypy", "--strict", *packages], ROOT, MYPYPATH=path)


def test_the_longest_name_fits_into_the_lines_of_every_kind(tmp_path):
    name = "a_name_of_24_letters_abc"
    assert len(name) == 24
    for kind in KINDS:
        assert orchestra(["plugins", "new", name, "--kind", kind, "-o", str(tmp_path / kind)]) == 0
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        run([sys.executable, "-m", "ruff", *command, str(tmp_path)], tmp_path)
