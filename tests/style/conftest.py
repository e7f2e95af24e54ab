"""Small data for the tests of orchestra_style."""

from __future__ import annotations

from pathlib import Path

import pytest
from style_genres import write_emotify


@pytest.fixture(scope="session")
def emotify_folder(tmp_path_factory):
    """Sixteen songs of 3 s of two genres that a small network tells apart."""
    return write_emotify(tmp_path_factory.mktemp("emotify"))


@pytest.fixture(scope="session")
def shared_data():
    """The development data, beside the repository."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data ../shared/data is absent")
    return folder
