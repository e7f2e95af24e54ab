"""Whole-or-nothing writes."""

import os
import signal
import subprocess
import sys

import pytest

from orchestra_core.io.atomic import remove_leftovers, write_bytes, write_text, write_with


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path):
    write_text(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == "ä\nb\n".encode()


def test_a_write_replaces_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_write_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path, interruption):
    write_bytes(tmp_path / "a", b"old")

    def half(temporary):
        temporary.write_bytes(b"ne")
        raise interruption

    with pytest.raises(interruption):
        write_with(tmp_path / "a", half)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_write_killed_half_way_keeps_the_old_file_and_its_leftover_can_be_removed(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    program = (
        "import os, signal, sys; from pathlib import Path; from orchestra_core.io.atomic import write_with\n"
        "def half(path): path.write_bytes(b'ne'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_with(Path(sys.argv[1]), half)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2
    remove_leftovers(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_written_file_has_the_permissions_that_the_umask_grants(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_very_long_name_is_written(tmp_path):
    name = "x" * 250
    assert write_bytes(tmp_path / name, b"1").read_bytes() == b"1"


def test_a_missing_folder_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_bytes(tmp_path / "missing" / "a", b"")
