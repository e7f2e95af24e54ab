"""The report of a transfer: players, spectrograms and loss curves, and how far the result went."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from orchestra_core import figure_html, new_figure, quiet_axes, series_colour, write_text
from orchestra_style.channels import resampled
from orchestra_style.measures import chroma_correlation, moved, onset_correlation, profile
from orchestra_style.mel import SAMPLE_RATE, MelPower
from orchestra_style.recordings import style_recording

if TYPE_CHECKING:
    from orchestra_style.transfer import Transfer, TransferSettings

# Measures and pictures are of at most so many seconds from the middle.
_LONGEST = 60.0
_COLUMNS, _FLOOR_DB = 900, -80.0
_TICKS = (100, 500, 1000, 2000, 4000, 8000)

_STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfe; --ink: #1c2128; --muted: #5b6470; --grid: #d9dde3; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181d; --ink: #e8ebef; --muted: #a2abb6; --grid: #3a414b;
          --series-0: #7fa8f0; --series-1: #e8a25a; --series-2: #5cc4a8; --series-3: #c79be6; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
       font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin-top: 2rem } p, figcaption { color: var(--muted) }
figure { margin: 1rem 0 } svg { width: 100%; height: auto } audio { width: 100% }
.players { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem }
table { border-collapse: collapse } th, td { text-align: left; padding: .2rem 1.5rem .2rem 0; border-top: 1px solid var(--grid) }
td { font-variant-numeric: tabular-nums }
"""


def write_report(done: Transfer, settings: TransferSettings, content: Tensor) -> Path:
    """Write ``report.html`` and copies of content and style for its players; return its path.

    Parameters
    ----------
    done : Transfer
        The result.
    settings : TransferSettings
        What was asked.
    content : Tensor [shape=(channels, samples)]
        At the result's rate.
    """
    folder = done.directory
    files = {name: _copied(path, folder, name) for name, path in (("content", settings.content), ("style", settings.style))}
    sounds = {
        "content": _heard(content, done.sample_rate),
        "style": style_recording(settings.style)[0].numpy(),
        "result": _heard(done.audio, done.sample_rate),
    }
    sections = [
        _players({**files, "result": "result.wav"}),
        f"<h2>How far it went</h2>{_measures(sounds)}",
        f"<h2>Spectrograms</h2>{_spectrograms(sounds)}",
        f"<h2>Loss</h2>{_losses(done.runs)}" if done.runs else "",
        "".join(f"<p>{escape(message)}</p>" for message in done.messages),
    ]
    return write_text(folder / "report.html", _page(settings, "\n".join(sections)))


def _page(settings: TransferSettings, body: str) -> str:
    title = f"{settings.content.stem} in the sound of {settings.style.stem}"
    facts = f"strength {settings.strength:g} · {settings.instrument} · features {settings.weights} · seed {settings.seed}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}</h1><p>{escape(facts)}</p>\n{body}</body></html>\n"
    )


def _copied(path: Path, folder: Path, name: str) -> str:
    copy = folder / f"{name}{path.suffix.lower()}"
    if copy.resolve() != path.resolve():
        shutil.copyfile(path, copy)
    return copy.name


def _heard(channels: Tensor, sample_rate: int) -> np.ndarray:
    longest = round(_LONGEST * sample_rate)
    start = max(channels.shape[1] - longest, 0) // 2
    mono = channels[:, start : start + longest].mean(dim=0)
    return np.asarray(resampled(mono, sample_rate, SAMPLE_RATE).numpy())


def _players(files: Mapping[str, str]) -> str:
    boxes = [
        f'<div><h2>{name.capitalize()}</h2><audio controls preload="metadata" src="{escape(file, quote=True)}" '
        f'aria-label="{name}"></audio></div>'
        for name, file in files.items()
    ]
    return f'<div class="players">{"".join(boxes)}</div>'


def _measures(sounds: Mapping[str, np.ndarray]) -> str:
    content, result = sounds["content"], sounds["result"]
    profiles = {name: profile(sound, SAMPLE_RATE) for name, sound in sounds.items()}
    went = moved(profiles["content"], profiles["result"], profiles["style"])
    kept = {
        "Harmony kept: correlation of chroma": chroma_correlation(content, result, SAMPLE_RATE),
        "Rhythm kept: correlation of onset strength": onset_correlation(content, result, SAMPLE_RATE),
    }
    rows = [(f"{name.capitalize()} moved", f"{share:.0%} of the way") for name, share in went.items()]
    rows += [(name, f"{value:.2f}") for name, value in kept.items()]
    cells = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{value}</td></tr>' for name, value in rows)
    return f"<table>{cells}</table><p>Of the mean of the channels, at most its middle {_LONGEST:g} s.</p>"


def _spectrograms(sounds: Mapping[str, np.ndarray]) -> str:
    seconds = len(sounds["content"]) / SAMPLE_RATE
    with new_figure(9.6, 7.2) as figure:
        axes = figure.subplots(len(sounds), 1)
        for axis, (name, sound) in zip(axes, sounds.items(), strict=True):
            quiet_axes(axis, "time (s)", "Hz")
            axis.grid(False)
            axis.set_title(name)
            levels, centres = _levels(sound)
            extent = (0, len(sound) / SAMPLE_RATE, 0, len(levels))
            axis.set_facecolor("none")
            axis.imshow(levels, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=_FLOOR_DB, vmax=0)
            axis.set_xlim(0, seconds)
            axis.set_yticks(np.interp(_TICKS, centres, np.arange(len(levels))), [str(tick) for tick in _TICKS])
        note = "dB re the loudest of each, to -80 dB, over the content's time: a longer style is cut, a shorter one ends early."
        return figure_html(figure, "Mel spectrograms of content, style and result.", note)


def _levels(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return levels, shape (128, frames), of three mel bands of the network each, dB re the largest, and their centres."""
    import torch
    from librosa import mel_frequencies

    power = MelPower()(torch.from_numpy(sound)[None])[0].unflatten(0, (128, 3)).sum(dim=1).numpy()
    apart = -(-power.shape[1] // _COLUMNS)
    power = power[:, ::apart]
    levels = 10 * np.log10(np.maximum(power, 1e-12) / max(float(power.max()), 1e-12))
    return np.maximum(levels, _FLOOR_DB), mel_frequencies(n_mels=386, fmax=SAMPLE_RATE / 2)[2:-1:3]


def _losses(runs: Sequence[Path]) -> str:
    import pandas as pd

    with new_figure(9.6, 3.0) as figure:
        axes = figure.subplots(1, 2)
        for axis, term in zip(axes, ("style", "content"), strict=True):
            quiet_axes(axis, "step", term)
            for number, run in enumerate(runs):
                column = pd.read_csv(run / "history.csv")[f"term.{term}"]
                axis.plot(column.clip(lower=1e-6), color=series_colour(number), label=f"window {number + 1}")
            axis.set_yscale("log")
        return figure_html(figure, "Loss terms of every window over the steps.", "One line per window; its run folder has all.")
