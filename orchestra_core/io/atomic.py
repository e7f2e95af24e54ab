"""Whole-or-nothing file writes: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

#: Ending of the temporary files; those left by a killed process can be deleted.
TEMPORARY = ".orchestra-part"


def write_with(path: Path, writer: Callable[[Path], object]) -> Path:
    """Let `writer` write a temporary file beside `path`, then move it there in one step.

    Parameters
    ----------
    path : Path
        Where the file shall be; its folder exists.
    writer : callable
        Called with the temporary path, an empty file in the same folder.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OSError
        The folder is missing or cannot be written, or the disk is full; the old file is then untouched.
    """
    temporary = _create_beside(path)
    try:
        writer(temporary)
        _flush(temporary)
        temporary.replace(path)
    except BaseException:  # Ctrl-C included: leave nothing half-written behind
        temporary.unlink(missing_ok=True)
        raise
    _flush(path.parent)
    return path


def write_bytes(path: Path, data: bytes) -> Path:
    """Write bytes whole or not at all; see `write_with`."""
    return write_with(path, lambda temporary: temporary.write_bytes(data))


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text with line feeds as given, whole or not at all; see `write_with`."""
    return write_bytes(path, text.encode("utf-8"))


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files that a killed process left in a folder."""
    for leftover in folder.glob(f".*{TEMPORARY}"):
        leftover.unlink(missing_ok=True)


def _create_beside(path: Path) -> Path:
    # tempfile would make the file readable by its owner only; os.open respects the user's umask.
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}{TEMPORARY}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return temporary


def _flush(path: Path) -> None:
    # Without it a power cut can leave the new name with no content. Some systems refuse it for folders.
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
