"""The harness: turns, warm-up, ratios by round, workers. No test looks at how long anything takes."""

import sys
from pathlib import Path

import pytest
from bench_commands import imports_torch, peak_of_tree, run_command
from bench_growth import slope
from checkout import worker
from harness import Cost, Timing, Worker, compare, environment, local, machine, ratio, spread, threads_in
from tables import at_least, at_most, digits, number, table

SERVER = """
import sys
sys.path.insert(0, {folder!r})
from harness import Cost, serve
print("a library greets the world")
serve({{"a": lambda: Cost(1.0, 2.0), "b": lambda: Cost(3.0, 4.0)}}, fact=7)
"""


def test_cases_take_turns_and_the_warm_up_does_not_count():
    order = []

    def case(name):
        def run():
            order.append(name)
            return Cost(len(order), 0.0)

        return run

    times = compare({"a": case("a"), "b": case("b")}, rounds=3, warm_up=1)
    assert "".join(order) == "ba" + "ab" + "ba" + "ab"
    assert times["a"].wall == [3, 6, 7] and times["b"].wall == [4, 5, 8]


def test_local_work_is_divided_by_its_units(monkeypatch):
    ticks = iter([10.0, 16.0])
    monkeypatch.setattr("harness.time.perf_counter", lambda: next(ticks))
    monkeypatch.setattr("harness.time.process_time", lambda: 0.0)
    done = []
    assert local(lambda: done.append(1), units=3)() == Cost(2.0, 0.0)
    assert done == [1]


def test_a_ratio_is_the_median_of_the_rounds():
    slow, fast = (Timing([Cost(wall, 0.0) for wall in walls]) for walls in ((10, 40, 90), (1, 2, 3)))
    assert ratio(slow, fast) == {"median": 20, "low": 15, "high": 25, "least": 10, "most": 30, "n": 3}


def test_a_spread_of_one_is_that_one():
    assert spread([4.0]) == {"median": 4, "low": 4, "high": 4, "least": 4, "most": 4, "n": 1}


def test_a_worker_answers_by_the_name_of_the_case():
    one = Worker([sys.executable, "-c", SERVER.format(folder=str(Path(__file__).parent))])
    try:
        assert one.facts == {"fact": 7}
        assert one.case("b")() == Cost(3.0, 4.0) and one("a") == Cost(1.0, 2.0)
    finally:
        one.close()


def test_a_worker_that_ends_early_is_an_error():
    with pytest.raises(RuntimeError, match="ended early, with code 3"):
        Worker([sys.executable, "-c", "import sys; sys.exit(3)"])


def test_a_worker_begins_with_the_threads_it_is_given_and_imports_this_checkout():
    one = worker("step_worker.py", threads=2)
    try:
        assert one.facts["threads"] == 2
        assert Path(str(one.facts["root"])).is_relative_to(Path(__file__).parents[2])
    finally:
        one.close()


def test_environments_say_how_many_threads_and_nothing_where_none_are_asked():
    assert threads_in({"OMP_NUM_THREADS": "5", "HOME": "x"}, None) == {"HOME": "x"}
    assert threads_in({"OMP_NUM_THREADS": "5"}, 2)["OMP_NUM_THREADS"] == "2"
    assert environment(1, Path("a"), Path("b"))["PYTHONPATH"].split(":") == ["a", "b"]


def test_the_machine_is_described():
    about = machine()
    assert about["cores"] >= 1 and about["memory_gb"] > 0 and about["processor"] and about["commit"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process file system")
def test_memory_is_that_of_the_process_and_of_its_children():
    hold = "import subprocess, sys, time; block = bytearray(60_000_000); time.sleep(0.5)"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    assert peak_of_tree([sys.executable, "-c", nested]) > 60e6
    assert run_command([sys.executable, "-c", hold]).peak > 60e6


def test_exit_codes_and_torch_are_seen():
    assert run_command([sys.executable, "-c", "import sys; sys.exit(4)"]).code == 4
    assert imports_torch(("--help",)) is False


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found(power):
    assert slope([(x, 3 * x**power) for x in (2.0, 5.0, 11.0)]) == pytest.approx(power)


def test_figures_are_held_against_their_aims():
    found = spread([19.0, 21.0, 30.0])
    assert at_least("what", found, 20).reached and not at_most("what", found, 20, "x").reached
    assert at_least("what", found, 20).measured == "21x (19 to 30)"


def test_tables_are_markdown_and_numbers_have_three_digits():
    assert table(["a", "b"], [[1, 2]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert [digits(value) for value in (0.012345, 1.2345, 12.345, 123.45, 12345.6)] == ["0.0123", "1.23", "12.3", "123", "12346"]
    assert number(spread([0.5]), " s") == "0.5 s"
