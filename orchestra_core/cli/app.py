"""The command ``orchestra``: its subcommands, its exit codes, and how it speaks of errors."""

from __future__ import annotations

import logging
import os
import platform
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata

import click

from orchestra_core.cli.group import LazyCommand, LazyGroup
from orchestra_core.errors import OrchestraError

#: The distribution that this package is installed from.
DISTRIBUTION = "orchestra-music"
INTERRUPTED = 130
_COMPLETION = "_ORCHESTRA_COMPLETE"

#: The core's own commands, in the order of the help.
CORE = (
    LazyCommand("compose", "orchestra_core.cli.compose:compose", "Write and play music that carries an emotion."),
    LazyCommand("listen", "orchestra_core.cli.listen:listen", "Read the emotion of audio files over time."),
    LazyCommand("judge", "orchestra_core.cli.judge:judge", "Let judges mark finished pieces."),
    LazyCommand("cite", "orchestra_core.cli.cite:cite", "Say how to cite a run."),
    LazyCommand("plugins", "orchestra_core.cli.plugins:plugins", "List, show, check and write plugins."),
    LazyCommand("doctor", "orchestra_core.cli.doctor:doctor", "Check the installation and every plugin."),
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run ``orchestra`` and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of this process.

    Returns
    -------
    int
        0 ok, 1 the run failed, 2 usage, 3 a problem with a plugin, 130 interrupted.
    """
    with _warnings_on_stderr():
        try:
            code = orchestra.main(
                args=None if arguments is None else list(arguments), prog_name="orchestra", standalone_mode=False
            )
            sys.stdout.flush()
        except Exception as error:
            return _failed(error)
        except KeyboardInterrupt as error:
            return _interrupted(error)
    return code if isinstance(code, int) else 0


def version_text() -> str:
    """Return the versions of orchestra, Python and torch in one line, without importing torch."""
    return f"orchestra {_version(DISTRIBUTION)} (Python {platform.python_version()}, torch {_version('torch')})"


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(version_text())
        ctx.exit()


@click.group(cls=LazyGroup, core=CORE, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show versions and exit."
)
def orchestra() -> None:
    """Name an emotion: orchestra writes and plays music that carries it, and shows why.

    orchestra compose happy -o happy
    """


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _failed(error: Exception) -> int:
    """Say what went wrong and return the exit code."""
    if isinstance(error, click.Abort):  # what click makes of an interruption
        return _interrupted(error.__cause__ or error)
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has seen enough; keep the interpreter from flushing into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if os.environ.get("ORCHESTRA_DEBUG") == "1":
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, OrchestraError | OSError):  # the disk is full, a folder is not ours: no bug either
        click.echo(f"Error: {error}", err=True)
        return error.exit_code if isinstance(error, OrchestraError) else OrchestraError.exit_code
    click.echo(
        f"Error: {type(error).__name__}: {error}\nThis is a bug in orchestra or in a plugin, not a mistake of yours. "
        "ORCHESTRA_DEBUG=1 shows where it happened.",
        err=True,
    )
    return OrchestraError.exit_code


def _interrupted(error: BaseException) -> int:
    """Say that the program was interrupted; what a command has to add travels in the exception."""
    click.echo(f"Interrupted. {error}".strip(), err=True)
    return INTERRUPTED


@contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """Show warnings on the standard error; none while the shell completes a line, where they would garble it."""
    handler: logging.Handler = logging.NullHandler() if _COMPLETION in os.environ else logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("Warning: %(message)s"))
    logger = logging.getLogger("orchestra")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
