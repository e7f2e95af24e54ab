"""Import the heavy libraries in a process of its own, and say in JSON how each fared; it imports nothing of orchestra.

``orchestra doctor`` runs this file by its path: a library that crashes the interpreter then takes only this process with it.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

LIBRARIES = ("torch", "torchaudio", "nnAudio.features", "librosa", "soundfile", "pandas", "matplotlib", "mido", "safetensors")


def probe() -> None:
    """Write one JSON object per line: a library and the error of its import, or a fact about the machine."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
            _say({"library": name.partition(".")[0], "error": None})
        except (Exception, SystemExit) as error:
            _say({"library": name.partition(".")[0], "error": f"{type(error).__name__}: {error}"})
    for fact, value in _facts().items():
        _say({"fact": fact, "value": value})


def _facts() -> dict[str, Any]:
    """Return what the libraries that could be imported know of this machine."""
    facts: dict[str, Any] = {}
    torch, soundfile = sys.modules.get("torch"), sys.modules.get("soundfile")
    if torch is not None:
        facts["torch threads"] = torch.get_num_threads()
        facts["devices"] = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if soundfile is not None:
        formats = soundfile.available_formats()
        facts["audio formats"] = sorted(name.lower() for name in formats if name in {"WAV", "FLAC", "OGG", "MP3", "AIFF"})
    return facts


def _say(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    probe()
