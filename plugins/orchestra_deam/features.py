"""The feature cache: every piece rendered several times and reduced to mel windows, once, in parallel, on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from orchestra_core import write_text
from orchestra_core.errors import ConfigurationError, OrchestraError, UsageError
from orchestra_deam.front_end import BANDS, CLIP_DURATION, FRAMES, FrontEnd
from orchestra_deam.midi import NoteTable, read_notes
from orchestra_deam.preparation.pool import run_jobs
from orchestra_deam.rendering import Renderer, vary_notes
from orchestra_deam.vgmidi import Piece

_QUIETEST = 1e-5


@dataclass(frozen=True)
class Preparation:
    """What the features depend on besides pieces and renderers.

    Parameters
    ----------
    variants : int
        Renderings of a piece by each renderer. The first is plain: as written, default sound. The others are
        transposed, a little faster or slower, and sound different.
    windows : int
        Most windows of 5 s taken from a rendering.
    seed : int
        Of every draw.
    """

    variants: int = 3
    windows: int = 12
    seed: int = 0


@dataclass(frozen=True)
class Rendering:
    """One cached rendering of a piece: ``path`` holds float16 dB of shape (windows, 128, 431)."""

    piece: Piece
    renderer: str
    variant: int
    path: Path

    def load(self) -> np.ndarray:
        """Return the windows, memory-mapped, shape (windows, 128, 431), float16, dB in [-80, 0].

        Raises
        ------
        UsageError
            The file is damaged.
        """
        try:
            windows: np.ndarray = np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UsageError(f"Cached features {self.path} are damaged ({error}); delete the file and prepare again.") from error
        return windows


@dataclass(frozen=True)
class Prepared:
    """Renderings in the cache, and the pieces that could not be prepared with the reason."""

    renderings: tuple[Rendering, ...]
    failures: tuple[tuple[str, str], ...]


def prepare(
    pieces: Sequence[Piece],
    renderers: Sequence[Renderer],
    folder: Path,
    settings: Preparation,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Make the features that are missing in the cache, and return all of them.

    Rendering and reduction run in `workers` processes, each holding one piece at a time. Files are written under
    another name and moved into place, so that an interrupted preparation goes on where it stopped.

    Parameters
    ----------
    pieces : sequence of Piece
        What to render.
    renderers : sequence of Renderer
        What renders it.
    folder : Path
        The cache; made if needed.
    settings : Preparation
        Number of variants and windows, seed.
    workers : int
        Processes; 0 renders in this one.
    progress : callable
        Told the number of renderings done and their total.

    Returns
    -------
    Prepared

    Raises
    ------
    ConfigurationError
        The folder holds features made with other settings.
    """
    _claim(folder, settings)
    wanted = [_rendering(folder, piece, r.name, v) for piece in pieces for r in renderers for v in range(settings.variants)]
    by_name = {renderer.name: renderer for renderer in renderers}
    missing = [rendering for rendering in wanted if not rendering.path.is_file()]
    jobs = [(rendering, by_name[rendering.renderer], settings) for rendering in missing]
    failures = {}
    for done, (rendering, failure) in enumerate(run_jobs(_make_job, jobs, workers, _died), start=len(wanted) - len(missing) + 1):
        if failure:
            failures[rendering.path] = (rendering.piece.name, failure)
        progress(done, len(wanted))
    return Prepared(tuple(r for r in wanted if r.path not in failures), tuple(failures.values()))


_Job = tuple[Rendering, Renderer, Preparation]


def _make_job(job: _Job) -> tuple[Rendering, str]:
    return _make(*job)


def _died(job: _Job) -> tuple[Rendering, str]:
    return job[0], "the process that rendered it died, perhaps because memory ran out"


def _make(rendering: Rendering, renderer: Renderer, settings: Preparation) -> tuple[Rendering, str]:
    try:
        windows = _windows(rendering, renderer, settings)
    except (OrchestraError, OSError, ValueError, RuntimeError) as error:  # one bad piece must not stop the rest
        return rendering, str(error)
    rendering.path.parent.mkdir(parents=True, exist_ok=True)
    part = rendering.path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, windows)
    part.replace(rendering.path)
    return rendering, ""


def _windows(rendering: Rendering, renderer: Renderer, settings: Preparation) -> np.ndarray:
    generator = _generator(rendering, settings.seed)
    varied = rendering.variant > 0
    notes = read_notes(rendering.piece.midi)
    notes = vary_notes(notes, generator) if varied else notes
    clips = renderer.clips(notes, _starts(notes, settings.windows, generator), generator, varied)
    clips = clips[clips.abs().amax(dim=1) > _QUIETEST]
    if not len(clips):
        raise UsageError(f"{rendering.piece.name} gave no audible window by {renderer.name}.")
    front_end = FrontEnd("torchaudio")
    rows = [front_end.decibels(clip[None], renderer.sample_rate)[0].numpy().astype(np.float16) for clip in clips]
    return np.stack(rows).reshape(-1, BANDS, FRAMES)


def _starts(notes: NoteTable, most: int, generator: np.random.Generator) -> np.ndarray:
    # One window at random in each of equal parts of the piece.
    last = max(notes.end - CLIP_DURATION, 0.0)
    count = int(np.clip(notes.end // CLIP_DURATION, 1, most))
    return (np.arange(count) + generator.random(count)) * (last / count)


def _generator(rendering: Rendering, seed: int) -> np.random.Generator:
    text = f"{seed}/{rendering.piece.name}/{rendering.renderer}/{rendering.variant}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _rendering(folder: Path, piece: Piece, renderer: str, variant: int) -> Rendering:
    return Rendering(piece, renderer, variant, folder / f"{renderer}-{variant}" / f"{piece.name}.npy")


def _claim(folder: Path, settings: Preparation) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.json"
    # More variants may be added to a cache; windows and seed shape every file in it.
    fixed = {name: value for name, value in asdict(settings).items() if name != "variants"}
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != fixed:
        raise ConfigurationError(
            f"{folder} holds features made with {path.read_text(encoding='utf-8')}, not {fixed}; use another folder."
        )
    write_text(path, json.dumps(fixed))
