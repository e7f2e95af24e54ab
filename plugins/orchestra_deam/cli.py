"""The command group ``orchestra deam``: prepare data, train the oracle and mark it."""

from __future__ import annotations

import click

from orchestra_deam.cli_evaluate import evaluate
from orchestra_deam.cli_prepare import prepare
from orchestra_deam.cli_train import train


@click.group()
def deam() -> None:
    """Prepare rated music for the oracle deam_cnn, train it and mark it."""


deam.add_command(prepare)
deam.add_command(train)
deam.add_command(evaluate)
