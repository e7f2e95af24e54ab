"""The run folder: its life from the first step to the finished result, and reading it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestra_core.errors import RunFolderError
from orchestra_core.io.atomic import TEMPORARY, remove_leftovers, write_text
from orchestra_core.runs.files import item_record, write_item_files
from orchestra_core.runs.inputs import copy_input, file_inputs, input_record, verified_inputs
from orchestra_core.runs.plain import plain, sha256, to_json

if TYPE_CHECKING:
    from orchestra_core.pipeline.result import Result

__all__ = ["FORMAT", "RunFolder", "load_recipe", "sha256", "write_batch", "write_result"]

#: Format and version of run.json; a folder of a later version is refused.
FORMAT = "orchestra-run/1"

_RECORD = "run.json"
_CHECKPOINT = "checkpoint.pt"
# A run may go on after an update or with other threads; the record keeps those it began with. What a preset said is in the parts.
_MAY_DIFFER = frozenset({"versions", "threads", "inputs", "preset"})


def write_result(result: Result, directory: Path) -> Path:
    """Write everything that a run leaves for one item.

    ``audio.wav``, ``notes.mid`` (where there are notes), ``parameters.csv``, ``history.csv``, ``report.html`` and ``inputs/``
    come first; ``run.json`` says ``"finished": true`` only when all of them are there.

    Parameters
    ----------
    result : Result
        What to write.
    directory : Path
        A folder that is missing, empty, or holds an interrupted write of the same result.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    RunFolderError
        The folder holds something else, or cannot be written.
    """
    return _write_all([result], Path(directory), {**result.recipe, "inputs": dict(result.inputs)})


def write_batch(results: Sequence[Result], directory: Path, recipe: Mapping[str, Any] | None = None) -> Path:
    """Write one folder per item, ``000/``, ``001/``, ..., and ``index.html`` and ``run.json`` of the batch.

    Parameters
    ----------
    results : sequence of Result
        The items.
    directory : Path
        As for `write_result`.
    recipe : mapping, optional
        The recipe of the batch; by default that of its first item.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    RunFolderError
        The folder holds something else, or cannot be written.
    """
    if not results:
        raise RunFolderError("There are no results to write; expected at least one.")
    inputs = {name: path for result in results for name, path in result.inputs.items()}
    chosen = results[0].recipe if recipe is None else recipe
    return _write_all(results, Path(directory), {**chosen, "inputs": inputs}, batch=True)


def load_recipe(path: str | Path) -> dict[str, Any]:
    """Read the recipe of a run, finished or not.

    Parameters
    ----------
    path : str or Path
        A run folder or its ``run.json``.

    Returns
    -------
    dict
        The recipe; ``inputs`` maps names to the paths of the verified copies in the folder.

    Raises
    ------
    RunFolderError
        There is no run, run.json is damaged or of a later version, or an input is missing or was altered.
    """
    record = Path(path) if Path(path).suffix == ".json" else Path(path) / _RECORD
    content = _read_record(record)
    recipe = dict(content["recipe"])
    recipe["inputs"] = {name: str(file) for name, file in verified_inputs(record.parent, recipe.get("inputs", {})).items()}
    return recipe


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    path : Path
        The folder; see `open` for making one.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path, recipe: Mapping[str, Any], resume: bool = False) -> RunFolder:
        """Make the folder of a run, or take up the one that an interrupted run left.

        Parameters
        ----------
        path : str or Path
            A folder that is missing or empty; with `resume`, also one of a run with the same recipe.
        recipe : mapping
            Plain values; ``recipe["inputs"]`` maps names to files, which are copied into the folder.
        resume : bool
            Whether to take up a run that is there. Where there is none yet, it begins.

        Returns
        -------
        RunFolder
            Holding ``run.json`` with ``"finished": false``, unless a finished run was taken up: ask `is_finished`.

        Raises
        ------
        RunFolderError
            The folder holds something else, or another run, or cannot be written.
        """
        folder = cls(Path(path))
        try:
            return folder._take_up(recipe, resume)
        except OSError as error:
            raise RunFolderError(f"{path} cannot be written ({error.strerror or error}); choose another -o.") from error

    @property
    def checkpoint(self) -> Path:
        """Where the problem writes its checkpoint; the file is there only while a run is unfinished."""
        return self.path / _CHECKPOINT

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end and everything was written."""
        return bool(_read_record(self.path / _RECORD)["finished"])

    def recipe(self) -> dict[str, Any]:
        """Return the recipe with the paths of its verified inputs; see `load_recipe`."""
        return load_recipe(self.path)

    def copy_input(self, path: str | Path, name: str | None = None) -> Path:
        """Copy a file from outside into ``inputs/``, record its SHA-256 under a name, and return the copy's path.

        Raises
        ------
        RunFolderError
            The file cannot be read.
        """
        content = _read_record(self.path / _RECORD)
        entry = input_record(Path(path))
        content["recipe"].setdefault("inputs", {})[name or Path(path).name] = entry
        self._write_record(content)
        return copy_input(Path(path), self.path, entry)

    def finish(self, results: Sequence[Result], batch: bool | None = None) -> Path:
        """Write the results, say that the run is finished, and remove the checkpoint.

        Parameters
        ----------
        results : sequence of Result
            One is written into the folder itself, several into ``000/``, ``001/``, ...
        batch : bool, optional
            Write numbered folders even for one result.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        RunFolderError
            The folder cannot be written.
        """
        content = _read_record(self.path / _RECORD)
        try:
            items = self._write_items(results) if (len(results) > 1 if batch is None else batch) else self._write_item(results[0])
            self._write_record({**content, "finished": True, **items})
            self.checkpoint.unlink(missing_ok=True)
            remove_leftovers(self.path)
        except OSError as error:
            raise RunFolderError(
                f"{self.path} cannot be written ({error.strerror or error}); free space, then --resume."
            ) from error
        return self.path

    def _take_up(self, recipe: Mapping[str, Any], resume: bool) -> RunFolder:
        if self.path.exists() and _contents(self.path):
            self._check_own(recipe, resume)
        else:
            self._begin(recipe)
        self._copy_inputs(recipe)
        return self

    def _begin(self, recipe: Mapping[str, Any]) -> None:
        record = _new_record(recipe)
        self.path.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.path)
        self._write_record(record)

    def _copy_inputs(self, recipe: Mapping[str, Any]) -> None:
        # After the record, so that a folder with copies is always recognised; taken up again where a kill came between.
        records = _read_record(self.path / _RECORD)["recipe"].get("inputs", {})
        for name, path in file_inputs(recipe).items():
            copy_input(path, self.path, records[name])

    def _check_own(self, recipe: Mapping[str, Any], resume: bool) -> None:
        if not (self.path / _RECORD).exists():
            seen = ", ".join(_contents(self.path)[:5])
            raise RunFolderError(f"{self.path} is not empty and not a run: it holds {seen}. Choose another folder with -o.")
        content = _read_record(self.path / _RECORD)
        if not resume:
            state = "a finished run" if content["finished"] else "an unfinished run"
            advice = "Choose another folder with -o" + ("." if content["finished"] else ", or go on with --resume.")
            raise RunFolderError(f"{self.path} already holds {state}. {advice}")
        different = _differences(content["recipe"], recipe)
        if different:
            raise RunFolderError(
                f"{self.path} holds a run with another recipe: {'; '.join(different[:5])}. Ask for the same as then, or choose "
                "another folder with -o."
            )

    def _write_item(self, result: Result) -> dict[str, Any]:
        write_item_files(result, self.path)
        return {"item": item_record(result)}

    def _write_items(self, results: Sequence[Result]) -> dict[str, Any]:
        from orchestra_core.report.index import index_html

        names = [f"{index:03d}" for index in range(len(results))]
        for name, result in zip(names, results, strict=True):
            item = self.path / name
            if item.exists() and _contents(item) and not (item / _RECORD).exists():
                raise RunFolderError(f"{item} is not of this run; remove it, or choose another folder with -o.")
            _write_item_folder(result, item)
        write_text(self.path / "index.html", index_html(dict(zip(names, results, strict=True))))
        return {"items": names}

    def _write_record(self, content: Mapping[str, Any]) -> None:
        write_text(self.path / _RECORD, to_json(content))


def _write_all(results: Sequence[Result], directory: Path, recipe: Mapping[str, Any], batch: bool = False) -> Path:
    unfinished = (directory / _RECORD).exists() and not RunFolder(directory).is_finished
    return RunFolder.open(directory, recipe, resume=unfinished).finish(results, batch)


def _write_item_folder(result: Result, directory: Path) -> None:
    # An interrupted batch writes its items again: their bytes are the same.
    recipe = {**result.recipe, "inputs": dict(result.inputs)}
    folder = RunFolder(directory)
    folder._begin(recipe)
    folder._copy_inputs(recipe)
    folder.finish([result])


def _new_record(recipe: Mapping[str, Any]) -> dict[str, Any]:
    content = plain({key: value for key, value in recipe.items() if key != "inputs"})
    inputs = {name: input_record(path) for name, path in file_inputs(recipe).items()}
    return {"format": FORMAT, "finished": False, "recipe": {**content, "inputs": inputs}}


def _read_record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RunFolderError(f"{path} does not exist; expected a run folder, which holds {_RECORD}.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} is damaged ({error}); expected the JSON that a run wrote.") from error
    if not isinstance(content, dict) or not isinstance(content.get("recipe"), dict) or "finished" not in content:
        raise RunFolderError(f"{path} is not the record of a run: expected the keys format, finished and recipe.")
    if content.get("format") != FORMAT:
        raise RunFolderError(
            f"{path} has the format {content.get('format')!r}; expected {FORMAT!r}: use the version that wrote it."
        )
    return content


def _contents(path: Path) -> list[str]:
    if not path.is_dir():
        raise RunFolderError(f"{path} is a file; expected a folder. Choose another -o.")
    return sorted(entry.name for entry in path.iterdir() if not entry.name.endswith(TEMPORARY))


def _differences(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    before = {key: value for key, value in stored.items() if key not in _MAY_DIFFER}
    now = plain({key: value for key, value in asked.items() if key not in _MAY_DIFFER})
    before["inputs"] = {name: entry["sha256"] for name, entry in stored.get("inputs", {}).items()}
    now["inputs"] = {name: sha256(path) for name, path in file_inputs(asked).items()}
    return _compare(before, now, "")


def _compare(before: Any, now: Any, where: str) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [*before, *(key for key in now if key not in before)]
        return [line for key in keys for line in _compare(before.get(key), now.get(key), f"{where}.{key}" if where else key)]
    return [] if before == now else [f"{where} was {before!r}, now {now!r}"]
