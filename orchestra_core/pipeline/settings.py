"""Settings: a whole composition as plain values, from a file, a run folder or the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from orchestra_core.config import read_config, validate
from orchestra_core.contracts.canvas import Canvas, LoudnessName
from orchestra_core.errors import ParameterError, UsageError
from orchestra_core.pipeline.likeness import with_tempo_like
from orchestra_core.pipeline.pipeline import Pipeline
from orchestra_core.pipeline.recipe import items_of, pipeline_of
from orchestra_core.pipeline.request import Request, Scale, make_request
from orchestra_core.pipeline.result import Result
from orchestra_core.pipeline.setup import Setup, layered, preset_settings, with_parts
from orchestra_core.registry import Registry, get_registry
from orchestra_core.runs.folder import load_recipe

# What a recipe says beside the settings, for people.
_REMARKS = ("versions", "inputs", "made_by_hand")


@dataclass(frozen=True)
class Settings(Setup):
    """A composition as plain values: how pieces are made, what is asked of them, and where it is computed.

    Parameters
    ----------
    pipeline, canvas, loudness, loop, stems, scale, budget, preset
        As in a `Setup`.
    items : tuple of Request
        What is asked: targets, seed and word of every piece.
    device : str
        Of torch.
    threads : int, or None
        Threads to compute with: so many pieces of a batch at once, each in one of them. None for as many as this process may
        use. No bit of a piece depends on it.
    """

    items: tuple[Request, ...] = ()
    device: str = "cpu"
    threads: int | None = None

    @property
    def folder_name(self) -> str:
        """A name for the run folder: the word and the seed."""
        first = self.items[0]
        return f"{first.word or 'composition'}-{first.seed}"

    def with_options(
        self,
        *,
        word: str | None = None,
        valence: float | None = None,
        arousal: float | None = None,
        targets: Mapping[str, float] | None = None,
        seed: int | None = None,
        seeds: int | None = None,
        variations: int | None = None,
        scale: Scale | None = None,
        source: Path | None = None,
        like: Path | None = None,
        duration: float | None = None,
        loudness: LoudnessName | float | None = None,
        loop: bool = False,
        stems: bool = False,
        budget: int | None = None,
        device: str | None = None,
        threads: int | None = None,
        **parts: Any,
    ) -> Settings:
        """Return the settings with some of them changed; None leaves what is there."""
        named = {name: part for name, part in parts.items() if part is not None}
        if seeds is not None and variations is not None:
            raise ParameterError(f"{seeds} seeds and {variations} variations were asked; expected one of the two.")
        items = self._items(word, valence, arousal, targets or {}, like, seed, seeds)
        if variations is not None:
            items = (items or (Request(),))[0].variations(variations)
        if source is not None:
            items = tuple(replace(item, source=source) for item in items)
        return replace(
            self,
            pipeline=with_parts(self.pipeline, named),
            canvas=self.canvas if duration is None else replace(self.canvas or Canvas(), duration=duration),
            loudness=self.loudness if loudness is None else loudness,
            loop=loop or self.loop,
            stems=stems or self.stems,
            scale=scale or self.scale,
            items=items,
            budget=self.budget if budget is None else budget,
            device=device or self.device,
            threads=threads or self.threads,
        )

    def perform(self, registry: Registry, directory: Path | None = None, resume: bool = False) -> tuple[Result, ...]:
        """Compose what the settings say."""
        torch.set_num_threads(self.threads or usable_cores())
        pipeline = self._with_tempo_like(Pipeline.from_setup(self, registry), registry)
        return pipeline.compose_many(self.items, directory=directory, resume=resume, device=self.device)

    def _with_tempo_like(self, pipeline: Pipeline, registry: Registry) -> Pipeline:
        """Return the pipeline with the tempo of the recording to be like, also where it chose its score source itself."""
        chosen = pipeline.parts.plain.get("score")
        named = {"score": chosen["name"] if isinstance(chosen, Mapping) else None, **self.pipeline}
        score = with_tempo_like(named, self.items, registry)["score"]
        return pipeline if score == named["score"] else pipeline.replace(score=score)

    def _items(
        self,
        word: str | None,
        valence: float | None,
        arousal: float | None,
        targets: Mapping[str, float],
        like: Path | None,
        seed: int | None,
        seeds: int | None,
    ) -> tuple[Request, ...]:
        asks = bool(word or targets) or any(given is not None for given in (valence, arousal, like))
        if not asks and seed is None and seeds is None and self.items:
            return self.items
        base = self.items[0] if self.items else Request()
        first = base.seed if seed is None else seed
        numbers = range(first, first + (seeds or 1))
        if not asks:
            return tuple(replace(base, seed=number) for number in numbers)
        asked = make_request(word, valence, arousal, targets, first, source=base.source, like=like)
        return tuple(replace(asked, seed=number) for number in numbers)


def usable_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_settings(path: Path | None, preset: str | None = None, registry: Registry | None = None) -> Settings:
    """Return the settings in a .toml or .json file, or of a run folder.

    Parameters
    ----------
    path : Path, or None
        A file or folder; None for none.
    preset : str, or None
        A preset that lies under what the file says, instead of the one that the file names.
    registry : Registry, or None
        Knows the presets; None for the installed plugins.

    Raises
    ------
    ConfigurationError, RunFolderError
        The file or folder cannot be used.
    UnknownNameError, ConflictError, PluginError
        The preset cannot be used.
    UsageError
        A preset is named beside a run, which says everything itself.
    """
    if path is not None and (path.is_dir() or path.name == "run.json"):
        return _settings_of_run(path, preset)
    given = read_config(path) if path is not None else {}
    settings = validate(Settings, given, str(path))
    name = settings.preset if preset is None else preset
    if not name and preset is None:
        return settings
    found = registry or get_registry()
    under = preset_settings(found.find_preset(name), found)
    both = layered(under, {**given, "preset": under["preset"]})
    return validate(Settings, both, f"{path or 'the request'} over the preset {name!r}")


def _settings_of_run(path: Path, preset: str | None) -> Settings:
    if preset is not None:
        raise UsageError(
            f"{path} is a run, which says everything itself; the preset {preset!r} would change nothing. Name one of the two."
        )
    recipe = load_recipe(path)
    recipe = {**recipe, "pipeline": pipeline_of(recipe), "items": items_of(recipe)}
    return validate(Settings, {key: value for key, value in recipe.items() if key not in _REMARKS}, str(path))
