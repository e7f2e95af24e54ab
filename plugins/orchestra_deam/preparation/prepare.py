"""Prepares a corpus: features of all its clips on disk, a manifest, and a report of what could not be had."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestra_core import write_text
from orchestra_core.errors import OrchestraError, ParameterError
from orchestra_deam.corpora.partition import parts_of
from orchestra_deam.corpora.table import COLUMNS, Clip, Corpus, song_statistics
from orchestra_deam.preparation.decoding import LeftOut, Short, Window
from orchestra_deam.preparation.pool import run_jobs
from orchestra_deam.preparation.sources import VERSIONS, AudioFile, RenderedPiece, Source
from orchestra_deam.preparation.store import FORMAT, LEFT_OUT, MANIFEST, TABLE, Entry, FeatureWriter, Store

if TYPE_CHECKING:
    from orchestra_deam.preparation.computing import Features
    from orchestra_deam.rendering import Renderer

#: What can be kept of clips: what the front ends make of them, or the audio.
FEATURES = ("mel", "cues", "audio")

# Windows whose features are computed at a time.
_BATCH = 6


@dataclass(frozen=True)
class PreparationSettings:
    """How a corpus is prepared.

    Parameters
    ----------
    features : {"mel", "cues", "audio"}
        What a front end makes of the clips, by its name, or the audio at 22.05 kHz.
    short : {"shift", "pad", "drop"}
        What happens to a window that the audio ends in.
    variants, windows : int
        Of notes: renderings of a piece by each renderer, and most windows of a rendering.
    seed : int
        Of every draw.
    versions : bool
        Of notes: play every rendering of songs to learn from (the part ``oracle``) also a semitone higher and in the
        parallel mode, alike in everything else.

    Raises
    ------
    ParameterError
        There is no such way.
    """

    features: str = "mel"
    short: Short = "shift"
    variants: int = 3
    windows: int = 12
    seed: int = 0
    versions: bool = False

    def __post_init__(self) -> None:
        if self.features not in FEATURES:
            raise ParameterError(f"features is {self.features!r}; expected one of {', '.join(FEATURES)}.")
        if self.short not in ("shift", "pad", "drop"):
            raise ParameterError(f"short is {self.short!r}; expected 'shift', 'pad' or 'drop'.")


@dataclass(frozen=True)
class Missing:
    """What could not be prepared: a song, or one of its windows by start in s, of which file, and why."""

    song: str
    variant: str
    source: str
    start: float | None
    reason: str


@dataclass(frozen=True)
class Report:
    """What a preparation gave: songs and clips on disk, how many songs were there already, and what is missing."""

    folder: Path
    songs: int
    clips: int
    resumed: int
    missing: tuple[Missing, ...]


@dataclass(frozen=True)
class _Job:
    song: str
    variant: str
    version: str
    source: Source
    features: str
    writer: FeatureWriter


def prepare_corpus(
    corpus: Corpus,
    folder: Path,
    settings: PreparationSettings | None = None,
    *,
    renderers: Sequence[Renderer] = (),
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Compute the features that are missing in a folder, and write its table, manifest and report.

    Songs are read in `workers` processes of one thread each, each holding less than a minute of audio. Features are
    written as they are computed; a journal says what is done, so that an interrupted preparation goes on where it
    stopped. A song that cannot be read, even one that kills the process reading it, is reported and stops nothing.

    Parameters
    ----------
    corpus : Corpus
        What to prepare. Labels play no part in the features: with other labels of the same windows nothing is computed
        again.
    folder : Path
        Made if needed.
    settings : PreparationSettings, optional
        How.
    renderers : sequence of Renderer
        What plays a corpus of notes.
    workers : int
        Processes; 0 works in this one.
    progress : callable
        Told the number of songs done and their total, renderings counted singly.

    Returns
    -------
    Report

    Raises
    ------
    ConfigurationError
        The folder holds features made with other settings.
    ParameterError
        The corpus is of notes, and there is no renderer.
    """
    settings = settings or PreparationSettings()
    store = Store(folder, _fixed(corpus, settings))
    jobs = tuple(_jobs(corpus, store, settings, renderers))
    done = store.entries()
    waiting = [job for job in jobs if not _is_done(job, done)]
    progress(len(jobs) - len(waiting), len(jobs))
    with store.journal() as journal:
        for count, entry in enumerate(run_jobs(_work, waiting, workers, _died), start=len(jobs) - len(waiting) + 1):
            journal.add(entry)
            done[entry.song, entry.variant, entry.version] = entry
            progress(count, len(jobs))
    return _conclude(
        corpus, store, settings, [(job, done[job.song, job.variant, job.version]) for job in jobs], len(jobs) - len(waiting)
    )


def _fixed(corpus: Corpus, settings: PreparationSettings) -> dict[str, Any]:
    durations = sorted({clip.duration for clip in corpus.clips if clip.kind == "audio"})
    shared = {"corpus": corpus.card.name, "features": settings.features}
    if any(clip.kind == "midi" for clip in corpus.clips):  # more variants may be added
        return {**shared, "windows": settings.windows, "seed": settings.seed}
    return {**shared, "durations": durations, "short": settings.short}


def _jobs(corpus: Corpus, store: Store, settings: PreparationSettings, renderers: Sequence[Renderer]) -> Iterator[_Job]:
    parts = parts_of(corpus.card.name, {clip.song: clip.group for clip in corpus.clips}) if settings.versions else {}
    for song, clips in corpus.songs().items():
        versions = ("", *VERSIONS) if parts.get(song) == "oracle" else ("",)
        for variant, version, source in _sources(corpus, song, clips, settings, renderers, versions):
            writer = store.writer(store.file_of(song, variant, version))
            yield _Job(song, variant, version, source, settings.features, writer)


def _sources(
    corpus: Corpus,
    song: str,
    clips: Sequence[Clip],
    settings: PreparationSettings,
    renderers: Sequence[Renderer],
    versions: Sequence[str],
) -> Iterator[tuple[str, str, Source]]:
    path = corpus.folder / clips[0].source
    if clips[0].kind == "audio":
        yield "", "", AudioFile(path, tuple(clip.start for clip in clips), clips[0].duration, settings.short)
    if clips[0].kind == "midi":
        if not renderers:
            raise ParameterError(f"{corpus.card.title} is a corpus of notes; expected a renderer that plays them.")
        for renderer in renderers:
            for variant in range(settings.variants):
                for version in versions:
                    source = RenderedPiece(path, song, renderer, variant, settings.windows, settings.seed, version)
                    yield f"{renderer.name}-{variant}", version, source


def _is_done(job: _Job, done: dict[tuple[str, str, str], Entry]) -> bool:
    entry = done.get((job.song, job.variant, job.version))
    if entry is None or not isinstance(job.source, AudioFile):
        return entry is not None
    return set(job.source.starts) <= {*entry.starts, *(start for start, _ in entry.left_out)}


def _work(job: _Job) -> Entry:
    try:
        return _written(job)
    except (OrchestraError, OSError, ValueError, RuntimeError, MemoryError) as error:  # one bad song must not stop the rest
        job.writer.abandon()
        return Entry(
            job.song, job.variant, job.version, failure=str(error).removeprefix(f"{job.source.path} ") or type(error).__name__
        )


def _died(job: _Job) -> Entry:
    return Entry(
        job.song, job.variant, job.version, failure="the process that read it died: the file is damaged, or memory ran out"
    )


def _written(job: _Job) -> Entry:
    features, writer = _features(job.features), job.writer
    kept: list[Window] = []
    left_out: list[tuple[float, str]] = []
    batch: list[Window] = []
    for window in job.source.windows(features.rates):
        if isinstance(window, LeftOut):
            left_out.append((window.start, window.reason))
            continue
        batch.append(window)
        if len(batch) == _BATCH:
            _flush(batch, features, writer, kept)
    _flush(batch, features, writer, kept)
    sizes = writer.close()
    return Entry(
        song=job.song,
        variant=job.variant,
        version=job.version,
        file=writer.file if kept else "",
        sizes=sizes,
        rate=kept[0].rate if kept else 0,
        starts=tuple(window.start for window in kept),
        begins=tuple(window.begin for window in kept),
        modes=tuple(window.mode for window in kept),
        left_out=tuple(left_out),
    )


def _flush(batch: list[Window], features: Features, writer: FeatureWriter, kept: list[Window]) -> None:
    if batch:
        writer.append(features.compute([window.audio for window in batch], batch[0].rate))
        kept += [replace(window, audio=window.audio[:0]) for window in batch]
        batch.clear()


@lru_cache(maxsize=2)
def _features(name: str) -> Features:
    from orchestra_deam.preparation.computing import make_features

    return make_features(name)


def _conclude(
    corpus: Corpus, store: Store, settings: PreparationSettings, made: Sequence[tuple[_Job, Entry]], resumed: int
) -> Report:
    import pandas as pd

    songs = corpus.songs()
    rows = [row for job, entry in made for row in _rows(songs[job.song], entry)]
    missing = (*_missing(corpus, made), *_without_source(corpus))
    columns = [*COLUMNS, "variant", "version", "mode", "begin", "file", "row"]
    frame = pd.DataFrame(rows, columns=columns).assign(scale=corpus.card.scale)
    write_text(store.folder / TABLE, frame.to_csv(index=False, lineterminator="\n"))
    report = pd.DataFrame([asdict(one) for one in missing], columns=["song", "variant", "source", "start", "reason"])
    write_text(store.folder / LEFT_OUT, report.to_csv(index=False, lineterminator="\n"))
    prepared = frame["song"].nunique()
    write_text(store.folder / MANIFEST, json.dumps(_manifest(corpus, settings, frame, made, len(missing)), indent=1) + "\n")
    return Report(store.folder, int(prepared), len(frame), resumed, missing)


def _rows(clips: Sequence[Clip], entry: Entry) -> Iterator[dict[str, Any]]:
    by_start = {clip.start: clip for clip in clips}
    for row, (start, begin, mode) in enumerate(zip(entry.starts, entry.begins, entry.modes, strict=True)):
        if clips[0].kind == "midi":
            clip = replace(clips[0], start=start, duration=5.0)
        elif start in by_start:
            clip = by_start[start]
        else:  # prepared for other labels, which more windows have
            continue
        rendering = {"variant": entry.variant, "version": entry.version, "mode": mode}
        yield {**asdict(clip), **rendering, "begin": begin, "file": entry.file, "row": row}


def _missing(corpus: Corpus, made: Sequence[tuple[_Job, Entry]]) -> Iterator[Missing]:
    for job, entry in made:
        source = job.source.path.relative_to(corpus.folder).as_posix()
        if entry.failure:
            yield Missing(entry.song, entry.variant, source, None, entry.failure)
        wanted = set(job.source.starts) if isinstance(job.source, AudioFile) else None
        for start, reason in entry.left_out:
            if wanted is None or start in wanted:
                yield Missing(entry.song, entry.variant, source, start, reason)


def _without_source(corpus: Corpus) -> Iterator[Missing]:
    for song, clips in corpus.songs().items():
        if clips[0].kind == "none":
            yield Missing(song, "", "", None, "there is no audio file")


def _manifest(
    corpus: Corpus, settings: PreparationSettings, frame: Any, made: Sequence[tuple[_Job, Entry]], missing: int
) -> dict[str, Any]:
    prepared = [Clip(**{name: row[name] for name in COLUMNS}) for row in frame[list(COLUMNS)].to_dict("records")]
    return {
        "format": FORMAT,
        "corpus": asdict(corpus.card),
        "settings": asdict(settings),
        "songs": int(frame["song"].nunique()),
        "clips": len(frame),
        "left_out": missing,
        "arrays": sorted({name for _, entry in made for name in entry.sizes}),
        "labels": song_statistics(prepared),
        "versions": {name: metadata.version(name) for name in ("orchestra-music", "numpy", "torch", "soundfile")},
    }
