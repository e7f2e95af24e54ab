"""The command line: exit codes, errors, subcommands of plugins, and what it does not import."""

import json
import logging
import os
import subprocess
import sys

import click
import pytest

from orchestra_core.cli import app, group
from orchestra_core.cli.app import run
from orchestra_core.descriptors import Command
from orchestra_core.errors import ConfigurationError, PluginError, RunError
from orchestra_core.hookspecs import hookimpl
from orchestra_core.registry import Registry

HEAVY = ("torch", "torchaudio", "nnAudio", "librosa", "numpy", "scipy", "pandas", "matplotlib", "pydantic", "rich", "soundfile")


@click.command()
@click.argument("error")
def fail(error):
    raise ERRORS[error]


@click.command()
@click.option("--loud", is_flag=True)
def sing(loud):
    click.echo("LA" if loud else "la")


@click.command()
def warn():
    logging.getLogger("orchestra").warning("The volume is low.")


ERRORS = {
    "run": RunError("The loss is NaN."),
    "usage": ConfigurationError("The file is no TOML."),
    "plugin": PluginError("The plugin is broken."),
    "click": click.BadParameter("no such seed"),
    "disk": OSError(28, "No space left on device"),
    "bug": ZeroDivisionError("division by zero"),
    "pipe": BrokenPipeError(),
    "interrupted": KeyboardInterrupt("Resume with: orchestra compose --resume out"),
}


def here(name):
    return f"{__name__}:{name}"


class Singer:
    """A plugin with commands."""

    @hookimpl
    def orchestra_commands(self):
        return [
            Command("sing", here("sing"), "Sing a note."),
            Command("warn", here("warn"), "Warn of something."),
            Command("fail", here("fail"), "Fail in one of many ways."),
            Command("doctor", here("sing"), "Takes the name of a command of the core."),
            Command("missing", "there.is.no:thing", "Cannot be imported."),
            Command("no_command", here("here"), "Is a function."),
        ]


@pytest.fixture
def registry(monkeypatch):
    registry = Registry([], strict=False)
    registry.register(Singer())
    monkeypatch.setattr(group, "get_registry", lambda: registry)
    monkeypatch.delenv("ORCHESTRA_DEBUG", raising=False)
    return registry


def test_a_command_of_a_plugin_runs_with_its_options(registry, capsys):
    assert run(["sing", "--loud"]) == 0
    assert capsys.readouterr() == ("LA\n", "")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("run", 1, "Error: The loss is NaN.\n"),
        ("usage", 2, "Error: The file is no TOML.\n"),
        ("plugin", 3, "Error: The plugin is broken.\n"),
        ("click", 2, "Error: Invalid value: no such seed\n"),
        ("disk", 1, "Error: [Errno 28] No space left on device\n"),
        ("bug", 1, "Error: ZeroDivisionError: division by zero\nThis is a bug in orchestra or in a plugin"),
        ("interrupted", 130, "Interrupted. Resume with: orchestra compose --resume out\n"),
    ],
)
def test_each_error_has_its_exit_code_and_one_message_without_traceback(registry, capsys, error, code, said):
    assert run(["fail", error]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("error", ["bug", "plugin"])
def test_the_traceback_is_shown_when_it_is_asked_for(registry, capsys, monkeypatch, error):
    monkeypatch.setenv("ORCHESTRA_DEBUG", "1")
    run(["fail", error])
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert "raise ERRORS[error]" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["snig"], "Unknown command 'snig'. Did you mean 'sing'? Known: cite, compose,"),
        (["--nonsense"], "No such option"),
        (["sing", "--laud"], "No such option"),
    ],
)
def test_a_mistyped_command_or_option_is_a_usage_error(registry, capsys, arguments, said):
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "The command 'missing' (plugin 'Singer' of in-code) cannot be loaded"),
        ("no_command", "is a function; expected"),
    ],
)
def test_a_command_that_cannot_be_loaded_is_the_plugins_problem(registry, capsys, name, said):
    assert run([name]) == 3
    assert said in capsys.readouterr().err


def test_the_help_lists_all_commands_by_their_summaries_even_those_that_cannot_be_imported(registry, capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert "Cannot be imported." in out
    places = [out.index(name) for name in ("compose", "listen", "judge", "plugins", "doctor", "fail")]
    assert places == sorted(places)


def test_a_command_of_the_core_keeps_its_name_and_the_plugins_has_its_qualified_one(registry, capsys):
    command = app.orchestra.get_command(click.Context(app.orchestra), "doctor")
    assert command.callback.__module__ == "orchestra_core.cli.doctor"
    assert run(["in-code:doctor"]) == 0
    assert capsys.readouterr().out == "la\n"


def test_two_commands_of_one_name_are_a_conflict_and_work_by_their_qualified_names(registry, capsys, monkeypatch):
    entries = registry.commands()
    monkeypatch.setattr(registry, "commands", lambda: [*entries, *entries])
    assert run(["sing"]) == 3
    assert "Several plugins provide the command 'sing'" in capsys.readouterr().err
    assert run(["in-code:sing"]) == 0


def test_warnings_are_shown_on_stderr_while_a_command_runs_and_the_logger_is_left_as_it_was(registry, capsys):
    before = logging.getLogger("orchestra").handlers[:]
    assert run(["warn"]) == 0
    assert capsys.readouterr().err == "Warning: The volume is low.\n"
    assert logging.getLogger("orchestra").handlers == before


def test_a_command_may_choose_its_exit_code(registry, monkeypatch):
    monkeypatch.setitem(ERRORS, "five", click.exceptions.Exit(5))
    assert run(["fail", "five"]) == 5


def test_a_broken_plugin_is_warned_of_and_everything_else_works(registry, capsys):
    class Broken:
        @hookimpl
        def orchestra_run_started(self):
            raise ValueError("cannot cope")

    registry.register(Broken())
    with app._warnings_on_stderr():
        registry.hooks.run_started(None)
        registry.hooks.run_started(None)
    assert run(["sing"]) == 0
    out, err = capsys.readouterr()
    assert out == "la\n"
    assert err.count("Warning: The plugin 'Broken' of in-code is switched off: ValueError: cannot cope.") == 1


# What follows runs in fresh interpreters, with the first-party plugins on hand.

LIST_HEAVY = f"""
import sys
from orchestra_core.cli.app import run
try:
    code = run(sys.argv[1:])
except SystemExit as error:
    code = error.code
sys.stderr.write("LOADED " + ",".join(name for name in {HEAVY!r} if name in sys.modules))
sys.exit(code)
"""


def fresh(*arguments, program=("-c", LIST_HEAVY), **environment):
    path = os.pathsep.join(filter(None, sys.path))
    settings = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run([sys.executable, *program, *arguments], capture_output=True, text=True, env=settings, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["plugins", "--help"],
        ["plugins", "list"],
        ["plugins", "list", "--json"],
        ["compose", "--help"],
        ["listen", "--help"],
        ["judge", "--help"],
        ["doctor", "--help"],
        ["no_such_command"],
    ],
    ids=" ".join,
)
def test_help_listing_and_mistakes_import_nothing_heavy(arguments):
    done = fresh(*arguments)
    assert done.returncode == (2 if arguments == ["no_such_command"] else 0), done.stderr
    assert done.stderr.endswith("LOADED ")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["orchestra", ""], {"compose", "listen", "judge", "plugins", "doctor"}),
        (["orchestra", "plug"], {"plugins"}),
        (["orchestra", "plugins", "list", "--kind", "or"], {"oracle"}),
        (["orchestra", "plugins", "show", "--j"], {"--json"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_shell_completion_offers_what_there_is_and_imports_nothing_heavy(words, expected):
    done = fresh(_ORCHESTRA_COMPLETE="bash_complete", COMP_WORDS=" ".join(words), COMP_CWORD=str(len(words) - 1))
    offered = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert expected <= offered
    assert done.stderr == "LOADED "


def test_completion_offers_the_names_of_components():
    done = fresh(_ORCHESTRA_COMPLETE="zsh_complete", COMP_WORDS="orchestra plugins show ", COMP_CWORD="3")
    listed = json.loads(fresh("plugins", "list", "--json", program=("-m", "orchestra_core.cli")).stdout)
    names = {one["name"] for one in listed["components"]}
    assert names
    assert names <= set(done.stdout.splitlines())


def test_the_version_names_python_and_torch():
    from importlib.metadata import version

    done = fresh("--version", program=("-m", "orchestra_core.cli"))
    assert done.stdout.startswith("orchestra ")
    assert f"Python {sys.version.split()[0]}, torch {version('torch')}" in done.stdout


def test_a_reader_that_closes_the_pipe_early_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "orchestra_core.cli", "plugins", "list"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=settings, check=False)
    os.close(writer)
    assert done.stderr == ""


def test_strict_mode_is_a_plugin_problem_and_names_the_broken_plugin(tmp_path):
    info = tmp_path / "fake_bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orchestra_core]\nbad = there_is_no_such_module\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from orchestra_core.cli import main; main()"
    lenient = fresh("plugins", "list", program=("-c", code), ORCHESTRA_STRICT="")
    assert lenient.returncode == 0
    assert lenient.stderr.count("Warning: The plugin 'bad' of fake-bad 1.0 is switched off: ModuleNotFoundError") == 1
    strict = fresh("plugins", "list", program=("-c", code), ORCHESTRA_STRICT="1")
    assert strict.returncode == 3
    assert "Error: The plugin 'bad' of fake-bad 1.0 is broken: ModuleNotFoundError" in strict.stderr
    assert fresh("--version", program=("-c", code), ORCHESTRA_STRICT="1").returncode == 0
