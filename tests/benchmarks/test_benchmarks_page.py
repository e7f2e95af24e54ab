"""Every script runs, in its smallest size, and the page is made of what they find; the page in docs holds what was asked for."""

import json
import re

import bench_commands
import bench_gpu
import bench_listen
import page
import pytest
from bench_torchsynth import note_seconds
from harness import Cost
from page import NAMES, all_figures, read, write
from run import run_here
from tables import Size
from work import Spread, piano, problem

PAGE = page.DOCS / "performance.md"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Run every script, whole commands left out, and return the folder of the results."""
    folder = tmp_path_factory.mktemp("benchmarks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_commands, "run_command", lambda command: bench_commands.Ended(Cost(2.0, 1.5), 900_000_000, 0))
        patch.setattr(bench_commands, "peak_of_tree", lambda command: 910_000_000)
        patch.setattr(bench_commands, "first_reading", lambda: Cost(0.5, 0.5))
        patch.setattr(bench_listen, "run_command", lambda command: bench_commands.Ended(Cost(2.0, 1.5), 1, 0))
        for name in NAMES:
            run_here(name, Size.SMOKE, folder)
    return folder


def test_every_script_leaves_its_result_with_machine_versions_and_time(measured):
    results = read(measured)
    assert list(results) == list(NAMES)
    for name, found in results.items():
        assert found["name"] == name and found["size"] == "smoke" and found["took"] > 0
        assert found["machine"]["cores"] and found["versions"]["torch"] and found["when"]


def test_every_timed_case_has_its_dispersion_and_processor_time(measured):
    def timings(found):
        if isinstance(found, dict):
            if {"wall", "cpu"} <= set(found):
                yield found
            for value in found.values():
                yield from timings(value)

    for name, record in read(measured).items():
        for timing in timings(record["result"]):
            for clock in ("wall", "cpu"):
                assert {"median", "low", "high", "least", "most", "n"} <= set(timing[clock]), name


def test_the_page_is_written_from_the_results_and_leaves_no_slot(measured, tmp_path):
    write(read(measured), tmp_path / "docs" / "performance.md")
    text = (tmp_path / "docs" / "performance.md").read_text(encoding="utf-8")
    assert not re.search(r"%\w+%", text) and "optimisation step" in text
    picture = (tmp_path / "docs" / "images" / "growth.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_a_page_without_all_results_is_refused(measured, tmp_path):
    results = read(measured)
    del results["step"]
    with pytest.raises(ValueError, match="run all scripts"):
        write(results, tmp_path / "performance.md")


def test_faked_figures_are_held_against_the_aims_of_the_commands(measured):
    figures = {figure.what: figure for figure in all_figures(read(measured))}
    assert figures["`orchestra --help`"].reached is False  # 2 s, as faked
    assert figures["peak memory of that"].measured.startswith("0.9 GB") and figures["peak memory of that"].reached
    assert figures["these import torch"].reached


def test_the_measurement_for_gpus_runs_on_whatever_device_it_is_given():
    found = bench_gpu.measure(Size.SMOKE, "cpu")
    assert found["targets"]["1"] > 0 and "steps of an item per second" in bench_gpu.tables(found)["gpu"]


def test_a_note_second_is_a_second_that_a_note_sounds_on_the_canvas():
    asked = problem(piano(1), 1, Spread(2, 0.4), duration=2.0)
    # Onsets at the margin of the range and at 1.4 s, held 0.4 s, released 0.3 s: the second is cut off by the end, at 2 s.
    assert note_seconds(asked) == pytest.approx(0.7 + 0.6, abs=0.02)


def test_a_song_is_written_in_stereo_at_its_length_and_rate(tmp_path):
    import soundfile

    for file, rate, _ in bench_listen.FORMATS:
        bench_listen.write_song(tmp_path / file, 3, rate)
        about = soundfile.info(tmp_path / file)
        assert (about.samplerate, about.channels) == (rate, 2) and about.duration == pytest.approx(3, abs=0.1)


@pytest.mark.skipif(not PAGE.exists(), reason="the page was not made in this checkout")
def test_the_page_in_docs_shows_every_figure_that_was_asked_for():
    text = PAGE.read_text(encoding="utf-8")
    asked = ("≥ 20x", "≥ 40x", "≤ 0.6x", "≤ 12 s", "≤ 1 GB", "≥ 100x real time", "≤ 0.3 s", "≥ 10x", "≤ 1 s", "| ≤ 1 |")
    assert [aim for aim in asked if aim not in text] == []
    assert not re.search(r"%\w+%", text)
    assert (PAGE.parent / "images" / "growth.png").stat().st_size < 300_000


def test_results_are_plain_json(measured):
    for name in NAMES:
        json.loads((measured / f"{name}.json").read_text(encoding="utf-8"))
