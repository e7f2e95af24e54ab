"""The command group ``orchestra style``; each command stands in a module of its own."""

from __future__ import annotations

import click

from orchestra_style.cli_training import evaluate, train
from orchestra_style.cli_transfer import transfer


@click.group()
def style() -> None:
    """Lend music the sound of an ambience; train and evaluate the feature network."""


style.add_command(transfer)
style.add_command(train)
style.add_command(evaluate)
