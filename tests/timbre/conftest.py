"""Small data for the tests of orchestra_timbre."""

from __future__ import annotations

from pathlib import Path

import pytest
from timbre_data import write_folder


@pytest.fixture(scope="session")
def tones_folder(tmp_path_factory):
    """Forty labelled tones in the layout of the development data."""
    return write_folder(tmp_path_factory.mktemp("timbre") / "data")


@pytest.fixture(scope="session")
def shared_timbre():
    """The development data, beside the repository."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "timbre"
    if not folder.is_dir():
        pytest.skip("the development data ../shared/data/timbre is absent")
    return folder
