"""Installed plugins whose preset breaks one rule each: what their module says, and the settings of the preset."""

from __future__ import annotations

GOOD = """
from orchestra_core.descriptors import Preset
from orchestra_core.hookspecs import hookimpl

{top}

@hookimpl
def orchestra_presets():
    {before}
    return [Preset("{module}", "A preset.", {settings})]
"""

#: By rule: what stands at the top of the plugin's module and in its hook, and the settings.
BROKEN = {
    "preset.discovered": ("", "if 'pytest' not in sys.modules: return []", {}),
    "preset.import_light": ("import scipy", "pass", {}),
    "preset.settings": ("", "pass", {"canvas": {"duration": "long"}}),
    "preset.parts": ("", "pass", {"pipeline": {"score": {"name": "scale", "config": {"no_such_key": 1}}}}),
    "preset.fit": ("", "pass", {"pipeline": {"instrument": "waveform", "score": "scale"}}),
}
