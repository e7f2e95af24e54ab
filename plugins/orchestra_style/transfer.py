"""Style transfer of whole recordings: windows through the pipeline, joined, in every channel at the content's rate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from orchestra_core import Canvas, Pipeline, Row, get_registry, hookimpl, read_audio, write_text, write_wav
from orchestra_core.errors import ParameterError, RunFolderError
from orchestra_style.channels import reference, resampled, spread
from orchestra_style.mel import SAMPLE_RATE
from orchestra_style.recordings import check_sound, is_audible, read_channels, style_recording, write_channels
from orchestra_style.spectrogram import LEARNING_RATE as SPECTROGRAM_RATE
from orchestra_style.transfer_config import transfer_schedule
from orchestra_style.waveform import LEARNING_RATE as WAVEFORM_RATE
from orchestra_style.windows import join_windows, plan_windows

#: Names in the output folder.
RESULT, RECORD, REPORT, WINDOWS = "result.wav", "transfer.json", "report.html", "windows"
#: Samples beyond this are scaled down together.
_CEILING = 0.999
_PEAK = 0.9
# What a recording is continued by at either end while it is changed, s.
_BEYOND = 0.25
_RATES = {"waveform": WAVEFORM_RATE, "spectrogram": SPECTROGRAM_RATE}

#: Called with the window, the number of windows, the step and the number of steps.
Progress = Callable[[int, int, int, int], None]


@dataclass(frozen=True)
class TransferSettings:
    """What is asked of a transfer.

    Parameters
    ----------
    content, style : Path
        The music, and the recording that lends its sound.
    strength : float, in [0, 1]
        How far from the content's sound to the style's; at 0 the content is returned as it is.
    instrument : {"waveform", "spectrogram"}
        What is moved.
    weights : str
        The feature network: trained weights by name or path, or ``random``.
    seed : int, >= 0
        Everything random follows from it.
    steps : int, >= 1
        Steps of each window.
    window, overlap : float
        Longest window in s, and what neighbours share.

    Raises
    ------
    ParameterError
        A value lies outside its range.
    """

    content: Path
    style: Path
    strength: float = 1.0
    instrument: str = "waveform"
    weights: str = "random"
    seed: int = 0
    steps: int = 200
    window: float = 10.0
    overlap: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ParameterError(f"strength is {self.strength!r}; expected a value in [0, 1].")
        if self.instrument not in _RATES:
            raise ParameterError(f"instrument is {self.instrument!r}; expected one of {', '.join(_RATES)}.")
        if self.window < 2 or not 0 <= 2 * self.overlap < self.window:
            raise ParameterError(
                f"window is {self.window!r} s and overlap {self.overlap!r} s; expected a window of at least 2 s and an overlap "
                "of less than half of it."
            )
        if self.seed < 0 or self.steps < 1:
            raise ParameterError(f"seed is {self.seed!r} and steps {self.steps!r}; expected at least 0 and 1.")


@dataclass(frozen=True, eq=False)
class Transfer:
    """What a transfer leaves.

    Parameters
    ----------
    directory : Path
        The folder: ``result.wav``, ``report.html``, ``transfer.json`` and a run folder for each window.
    audio : Tensor [shape=(channels, samples), dtype=float32]
        The result, at the content's rate and length.
    sample_rate : int
        In Hz.
    runs : tuple of Path
        Run folders of the windows that were moved; silent windows have none.
    messages : tuple of str
        What a user has to know.
    """

    directory: Path
    audio: Tensor
    sample_rate: int
    runs: tuple[Path, ...]
    messages: tuple[str, ...] = ()


def transfer(
    settings: TransferSettings, directory: str | Path, *, resume: bool = False, progress: Progress | None = None
) -> Transfer:
    """Lend music the sound of a recording, and write the result, its runs and a report into a folder.

    Parameters
    ----------
    settings : TransferSettings
        What is asked.
    directory : path
        A folder that is missing or empty; with `resume`, that of an interrupted transfer of the same settings. Windows that
        are finished are not computed again.
    resume : bool
        Whether to go on.
    progress : callable, optional
        Called with the window, the number of windows, the step and the number of steps.

    Returns
    -------
    Transfer

    Raises
    ------
    AudioFileError
        A recording cannot be read, is silent or too short.
    RunFolderError
        The folder holds something else.
    RunError
        The optimisation could not go on.
    """
    from orchestra_style.transfer_report import write_report

    channels, rate = content_channels(settings.content)
    style_recording(settings.style)  # refuses what cannot be used, before anything is written
    if resume and (finished := _finished_before(Path(directory), settings)) is not None:
        return finished
    pipeline = window_pipeline(settings)  # and weights that are not there
    folder = _opened(Path(directory), settings, resume)
    audio, runs = channels, list[Path]()
    if settings.strength > 0 and not _is_same(settings):
        before = resampled(reference(channels), rate, SAMPLE_RATE)
        after, runs = _changed(before, settings, pipeline, folder, progress)
        audio = spread(channels, rate, before, after)
    audio, messages = _within_full_scale(audio)
    write_channels(folder / RESULT, audio, rate)
    done = Transfer(folder, audio, rate, tuple(runs), messages)
    write_report(done, settings, channels)
    _write_record(folder, settings, finished=True, messages=messages)
    return done


def _finished_before(folder: Path, settings: TransferSettings) -> Transfer | None:
    """Return the transfer that the folder already holds, if it is this one and all of it is there."""
    if not (folder / RECORD).exists() or not all((folder / name).exists() for name in (RESULT, REPORT)):
        return None
    _check_own(folder, settings, resume=True)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if not record["finished"]:
        return None
    audio, rate = read_channels(folder / RESULT)
    runs = tuple(sorted(run for run in (folder / WINDOWS).glob("*") if _is_finished(run)))
    return Transfer(folder, audio, rate, runs, (*record["messages"], "This transfer was already finished; nothing was computed."))


def _is_same(settings: TransferSettings) -> bool:
    """Return whether content and style are one recording, which has nothing to lend itself."""
    return settings.content.read_bytes() == settings.style.read_bytes()


def content_channels(path: Path) -> tuple[Tensor, int]:
    """Return the channels of the content, shape (channels, samples), and their rate in Hz.

    Raises
    ------
    AudioFileError
        It cannot be read, is silent or too short.
    """
    channels, rate = read_channels(path)
    return check_sound(channels, rate, f"The content {path}"), rate


def window_pipeline(settings: TransferSettings) -> Pipeline:
    """Return the pipeline that every window goes through: an ordinary one, made of names and values."""
    objective = {
        "style": str(settings.style),
        "strength": settings.strength,
        "weights": settings.weights,
        "seed": settings.seed,
    }
    lent = {"texture": str(settings.style)} if settings.instrument == "waveform" else {}
    return Pipeline(
        instrument={"name": settings.instrument, "config": lent},
        objective={"name": "style", "config": objective},
        schedule=transfer_schedule(_RATES[settings.instrument], settings.steps),
    )


def _changed(
    before: Tensor, settings: TransferSettings, pipeline: Pipeline, folder: Path, progress: Progress | None
) -> tuple[Tensor, list[Path]]:
    """Return the whole mono recording after the transfer, and the run folders."""
    # Statistics over time hear the ends of a recording least: it is continued there by its mirror, which is cut off again.
    beyond = min(round(_BEYOND * SAMPLE_RATE), len(before) - 1)
    before = functional.pad(before[None, None], (beyond, beyond), mode="reflect")[0, 0]
    windows = plan_windows(len(before), *(round(s * SAMPLE_RATE) for s in (settings.window, settings.overlap)))
    parts, runs = [], []
    for number, window in enumerate(windows):
        part = before[window.start : window.stop]
        if is_audible(part):
            run = folder / WINDOWS / f"{number:03d}"
            with _listening(progress, number, len(windows), settings.steps):
                part = _perform(pipeline, part, run, settings.seed)
            runs.append(run)
        parts.append(part)
    return join_windows(parts, windows)[beyond:-beyond], runs


def _perform(pipeline: Pipeline, part: Tensor, run: Path, seed: int) -> Tensor:
    """Return what the pipeline makes of a window, as loud as it was; a finished run is read."""
    if not _is_finished(run):
        run.parent.mkdir(parents=True, exist_ok=True)
        source = run.with_suffix(".wav")
        write_wav(source, part * (_PEAK / float(part.abs().max())), SAMPLE_RATE)
        canvas = Canvas(duration=len(part) / SAMPLE_RATE, sample_rate=SAMPLE_RATE)
        pipeline.compose(source=source, seed=seed, canvas=canvas, directory=run, resume=True)
        source.unlink()  # the run folder has a copy
    heard = read_audio(run / "audio.wav")[0][0]
    # What lies at 0 Hz is raised with the lowest cell and cannot be heard: the content's own offset stays.
    heard, still = heard - heard.mean(), part - part.mean()
    return heard * (still.square().mean().sqrt() / heard.square().mean().sqrt().clamp_min(1e-9)) + part.mean()


def _is_finished(run: Path) -> bool:
    try:
        return bool(json.loads((run / "run.json").read_text(encoding="utf-8"))["finished"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def _listening(progress: Progress | None, number: int, count: int, steps: int) -> Iterator[None]:
    """Tell `progress` of the steps of a window."""
    if progress is None:
        yield
        return
    progress(number, count, 0, steps)
    with get_registry().registered(_Steps(lambda done: progress(number, count, done, steps)), "style-progress"):
        yield
    progress(number, count, steps, steps)


class _Steps:
    """Passes the steps of a run on, counted over its stages."""

    def __init__(self, done: Callable[[int], None]) -> None:
        self._done = done
        self._stages: dict[str, int] = {}

    @hookimpl
    def orchestra_steps_finished(self, rows: Sequence[Row]) -> None:
        """Tell how many steps are done."""
        for row in rows:
            self._stages[row.stage] = max(self._stages.get(row.stage, 0), row.step + 1)
        self._done(sum(self._stages.values()))


def _within_full_scale(audio: Tensor) -> tuple[Tensor, tuple[str, ...]]:
    peak = float(audio.abs().max())
    if peak <= 1.0:
        return audio, ()
    lower = 20 * float(torch.log10(torch.tensor(peak / _CEILING)))
    return audio * (_CEILING / peak), (f"The result was lowered by {lower:.1f} dB, so that no sample exceeds full scale.",)


def _opened(folder: Path, settings: TransferSettings, resume: bool) -> Path:
    """Return the folder, with the record of what is asked.

    Raises
    ------
    RunFolderError
        It holds something else, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            _check_own(folder, settings, resume)
        folder.mkdir(parents=True, exist_ok=True)
        _write_record(folder, settings, finished=False)
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written ({error.strerror or error}); choose another -o.") from error
    return folder


def _check_own(folder: Path, settings: TransferSettings, resume: bool) -> None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{folder} is not empty and holds no transfer; choose another folder with -o.") from error
    if not resume:
        raise RunFolderError(f"{folder} already holds a transfer; choose another folder with -o, or go on with --resume.")
    asked = _plain(settings)
    different = [name for name, value in asked.items() if record.get("settings", {}).get(name) != value]
    if different:
        before, now = record.get("settings", {}).get(different[0]), asked[different[0]]
        raise RunFolderError(
            f"{folder} holds a transfer of other settings: {different[0]} was {before!r} and is now {now!r}. Ask for the same as "
            "then, or choose another folder with -o."
        )


def _plain(settings: TransferSettings) -> dict[str, Any]:
    """Return the settings as plain values; a recording is what is in it, wherever it lies."""
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(settings).items()}
    for name in ("content", "style"):
        path = Path(plain[name])
        plain[name] = {"name": path.name, "sha256": sha256(path.read_bytes()).hexdigest()}
    return plain


def _write_record(folder: Path, settings: TransferSettings, *, finished: bool, messages: Sequence[str] = ()) -> None:
    record: Mapping[str, Any] = {"finished": finished, "settings": _plain(settings), "messages": list(messages)}
    write_text(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
