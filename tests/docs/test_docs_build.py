"""The documentation builds without a warning, and the pages hold what the code says."""

import html
import re
import subprocess
import sys

import click
import pytest
from doc_blocks import DOCS

from orchestra_core.cli.app import orchestra


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the documentation with every warning an error; return the folder of pages."""
    out = tmp_path_factory.mktemp("docs")
    build = ["sphinx", "-q", "-W", "--keep-going", "-d", str(out / "doctrees"), str(DOCS), str(out / "html")]
    process = subprocess.run([sys.executable, "-m", *build], capture_output=True, text=True, timeout=500, check=False)
    assert process.returncode == 0, process.stderr
    return out / "html"


def page(folder, name):
    """Return the words of a page without its markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", (folder / f"{name}.html").read_text(encoding="utf-8")))


def leaves(command, path):
    """Yield every subcommand that does something, with its full name."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from leaves(command.get_command(context, name), f"{path} {name}")


def test_every_option_of_every_command_is_in_the_reference(built):
    words = page(built, "cli")
    for path, command in leaves(orchestra, "orchestra"):
        section = words.partition(f"{path} [")[2] or words.partition(f"{path} ")[2]
        assert section, f"{path} is missing"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[-1] in section, f"{path} {parameter.opts[-1]} is missing"


def test_every_generated_table_is_shown(built):
    assert "piano_adsr" in page(built, "configuration") and "NonFiniteError" in page(built, "errors")
    assert "triumphant" in page(built, "emotion_words") and "orchestra_deam.plugin" in page(built, "hooks")
    assert "The corpus and the request scale" in page(built, "oracle")


def test_math_and_slots_leave_nothing_unfilled(built):
    assert "%reach%" not in page(built, "index") and "%performance%" not in page(built, "index")
