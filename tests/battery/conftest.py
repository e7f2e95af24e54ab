"""The small system as an installed plugin, and one evaluation of it that the tests share."""

from contextlib import contextmanager

import battery_parts
import pytest
import torch

from orchestra_core import get_registry

PIPELINE = {"instrument": "sines", "oracle": "pulse", "schedule": "still", "score": "follows"}


@contextmanager
def small_system():
    """Install the small system, where it is not installed already."""
    if any(entry.name == "sines" for entry in get_registry().entries("instrument")):
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    # The pictures of every run take longer than all that is tried here, and are tried elsewhere.
    with pytest.MonkeyPatch.context() as patch, get_registry().registered(battery_parts, "battery_parts"):
        patch.setattr("orchestra_core.report.page.report_html", lambda result, audio="audio.wav": "<p>a report</p>")
        patch.setattr("orchestra_core.report.index.index_html", lambda results: "<p>an index</p>")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def installed():
    # No longer than a module: tests of other folders run in the same process.
    with small_system():
        yield


@pytest.fixture(scope="session")
def settings():
    from orchestra_battery.settings import Controls, Goals, Settings

    deaf = ({"name": "pulse", "config": {"deaf": True}}, "pulse")
    return Settings(
        pipeline=PIPELINE,
        levels=(-0.8, 0.8),
        seeds=2,
        duration=1.5,
        judges=("note_judge", "loudness_judge"),
        tuned_on=("loudness_judge",),
        baseline="blind",
        controls=Controls(oracles=deaf, levels=(-0.8, 0.8)),
        goals={"valence": Goals(oracle_error=0.0, notes_r=0.9, cross=1 / 3)},
        batch=5,
    )


@pytest.fixture(scope="session")
def evaluated(settings, tmp_path_factory):
    """The evaluation of the small system, its findings, and its folder with record and report."""
    from orchestra_battery.evaluation import evaluate
    from orchestra_battery.findings import find, write_record
    from orchestra_battery.report import write_report

    folder = tmp_path_factory.mktemp("evaluation") / "out"
    with small_system():  # before `installed`, whose scope is narrower
        evaluation = evaluate(settings, folder)
    findings = find(evaluation)
    write_record(evaluation, findings)
    write_report(evaluation, findings)
    return evaluation, findings
