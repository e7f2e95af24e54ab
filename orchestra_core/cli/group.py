"""A group of subcommands that are imported when they are run, not when they are listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from orchestra_core.errors import ConflictError, PluginError
from orchestra_core.names import one_of
from orchestra_core.registry import CommandEntry, get_registry, load_target

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@dataclass(frozen=True)
class LazyCommand:
    """A subcommand that is known by name and summary: ``target`` is ``"package.module:attribute"`` of a `click.Command`."""

    name: str
    target: str
    summary: str
    provider: str = "the core"


class LazyGroup(click.Group):
    """The core's subcommands, followed by those of plugins.

    Parameters
    ----------
    core : sequence of LazyCommand
        In the order in which the help lists them. A plugin's command of the same name is reached as ``distribution:name``.
    """

    def __init__(self, *arguments: Any, core: Sequence[LazyCommand], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._core = tuple(core)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return [command.name for command in self._all()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand and return it, or None if there is none of that name.

        Raises
        ------
        PluginError
            It cannot be imported, or is no command.
        ConflictError
            Several plugins provide it.
        """
        # Without the plugins first: the core's commands work whatever is installed, and start faster.
        found = _named(self._core, cmd_name) or _named(self._all(), cmd_name)
        if found is None:
            _refuse_conflict(cmd_name, get_registry().commands())
            return None
        command = load_target(found.target, f"command {cmd_name!r} ({found.provider})")
        if not isinstance(command, click.Command):
            raise PluginError(
                f"The command {cmd_name!r} ({found.provider}) is a {type(command).__name__}; expected a click.Command."
            )
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the subcommand that arguments begin with; an unknown one gets close matches."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            raise click.UsageError(one_of(name, self.list_commands(ctx), "command"), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> None:
        """Run the subcommand; what it returns is no exit code."""
        super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries; click's own way imports every command to ask for its help."""
        with formatter.section("Commands"):
            formatter.write_dl([(command.name, command.summary) for command in self._all()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the subcommands and options that begin like this, without importing the commands."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(one.name, help=one.summary) for one in self._all() if one.name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def _all(self) -> list[LazyCommand]:
        entries = get_registry().commands()
        counts = Counter([command.name for command in self._core] + [entry.command.name for entry in entries])
        return [*self._core, *(_lazy(entry, clear=counts[entry.command.name] == 1) for entry in entries)]


def _lazy(entry: CommandEntry, *, clear: bool) -> LazyCommand:
    command = entry.command
    name = command.name if clear else f"{entry.provider.distribution}:{command.name}"
    return LazyCommand(name, command.target, command.summary, str(entry.provider))


def _named(commands: Sequence[LazyCommand], name: str) -> LazyCommand | None:
    return next((command for command in commands if command.name == name), None)


def _refuse_conflict(name: str, entries: Sequence[CommandEntry]) -> None:
    same = [entry.provider for entry in entries if entry.command.name == name]
    if same:
        raise ConflictError(
            f"Several plugins provide the command {name!r}: {' and '.join(map(str, same))}. "
            f"Write {' or '.join(f'{provider.distribution}:{name}' for provider in same)} instead."
        )
