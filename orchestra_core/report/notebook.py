"""How a result shows itself in a notebook: a player, the emotion plane and the table of readings."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from orchestra_core.report.page import subtitle, title
from orchestra_core.report.plugins import CORE_SECTIONS, render_section

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result

_SHOWN = ("plane", "summary")
# The notebook's own text colour, in light and dark; the rest of the palette falls back to the light one.
_STYLE = (
    ".orchestra{max-width:30rem;--ink:currentColor;--paper:transparent}.orchestra h3{margin:0 0 .2rem}"
    ".orchestra figure{margin:.6rem 0;max-width:24rem}.orchestra figure svg{width:100%;height:auto}"
    ".orchestra audio{width:100%}.orchestra .number{text-align:right}.orchestra p{opacity:.75;margin:0 0 .5rem}"
    ".orchestra figcaption{opacity:.75;font-size:.85em}"
)


def notebook_html(result: Result) -> str:
    """Return a result as an HTML fragment that carries everything with it, the audio too.

    Parameters
    ----------
    result : Result
        What to show.

    Returns
    -------
    str
        HTML; the audio is embedded as 16-bit WAV.
    """
    parts = {section.name: render_section(section, result) for section in CORE_SECTIONS if section.name in _SHOWN}
    body = "".join(parts[name] or "" for name in _SHOWN)
    return (
        f'<div class="orchestra"><style>{_STYLE}</style><h3>{escape(title(result))}</h3><p>{escape(subtitle(result))}</p>'
        f'<audio controls src="data:audio/wav;base64,{_wav_base64(result)}"></audio>{body}</div>'
    )


def _wav_base64(result: Result) -> str:
    import soundfile

    wav = io.BytesIO()
    soundfile.write(wav, np.clip(result.audio, -1, 1), result.sample_rate, format="WAV", subtype="PCM_16")
    return base64.b64encode(wav.getvalue()).decode("ascii")
