"""Settings: a whole composition as plain values, from a file, a run folder or the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from orchestra_core.config import read_config, validate
from orchestra_core.contracts.canvas import Canvas, LoudnessName
from orchestra_core.errors import ParameterError
from orchestra_core.pipeline.likeness import with_tempo_like
from orchestra_core.pipeline.parts import Specs
from orchestra_core.pipeline.pipeline import Pipeline
from orchestra_core.pipeline.recipe import items_of, pipeline_of
from orchestra_core.pipeline.request import Request, Scale, make_request
from orchestra_core.pipeline.result import Result
from orchestra_core.registry import Registry
from orchestra_core.runs.folder import load_recipe

# What a recipe says beside the settings, for people.
_REMARKS = ("versions", "inputs", "made_by_hand")


@dataclass(frozen=True)
class Settings:
    """A composition as plain values.

    Parameters
    ----------
    pipeline : mapping
        Parts by name, or by name and configuration: instrument, oracle, objective, schedule, score.
    canvas : Canvas, or None
        The time grid; None for as long as the source, or what the objective hears at once.
    loudness : {"expressive", "matched", "peak"}, float, or None
        Level of the export, before the canvas'; None for the canvas'.
    loop : bool
        Whether pieces repeat seamlessly; a canvas may say so too.
    stems : bool
        Whether the parts are kept apart as well.
    scale : {"request", "reading"}
        What targets mean.
    items : tuple of Request
        What is asked: targets, seed and word of every piece.
    device : str
        Of torch.
    threads : int, or None
        Threads to compute with: so many pieces of a batch at once, each in one of them. None for as many as this process may
        use. No bit of a piece depends on it.
    budget : int, or None
        At most so many evaluations.
    """

    pipeline: Mapping[str, Any] = field(default_factory=dict)
    canvas: Canvas | None = None
    loudness: LoudnessName | float | None = None
    loop: bool = False
    stems: bool = False
    scale: Scale = "request"
    items: tuple[Request, ...] = ()
    device: str = "cpu"
    threads: int | None = None
    budget: int | None = None

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
            pipeline=_with_parts(self.pipeline, named),
            canvas=self.canvas if duration is None else replace(self.canvas or Canvas(), duration=duration),
            loudness=self.loudness if loudness is None else loudness,
            loop=loop or self.loop,
            stems=stems or self.stems,
            scale=scale or self.scale,
            items=items,
            device=device or self.device,
            threads=threads or self.threads,
        )

    def perform(self, registry: Registry, directory: Path | None = None, resume: bool = False) -> tuple[Result, ...]:
        """Compose what the settings say."""
        torch.set_num_threads(self.threads or usable_cores())
        pipeline = Pipeline(**vars(Specs().replaced(with_tempo_like(self.pipeline, self.items, registry))), registry=registry)
        return pipeline.compose_many(
            self.items,
            scale=self.scale,
            canvas=self.canvas,
            loudness=self.loudness,
            loop=self.loop,
            stems=self.stems,
            directory=directory,
            resume=resume,
            device=self.device,
            budget=self.budget,
        )

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


def load_settings(path: Path) -> Settings:
    """Return the settings in a .toml or .json file, or of a run folder.

    Raises
    ------
    ConfigurationError, RunFolderError
        The file or folder cannot be used.
    """
    is_run = path.is_dir() or path.name == "run.json"
    recipe = load_recipe(path) if is_run else read_config(path)
    if is_run:
        recipe = {**recipe, "pipeline": pipeline_of(recipe), "items": items_of(recipe)}
    kept = {key: value for key, value in recipe.items() if not (is_run and key in _REMARKS)}
    return validate(Settings, kept, str(path))


def _with_parts(pipeline: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(pipeline)
    if "oracle" in named and "objective" not in named and isinstance(kept.get("objective"), Mapping):
        # An oracle is short for the objective that holds it: keep the objective, and let the oracle replace its own.
        config = {key: value for key, value in kept["objective"].get("config", {}).items() if key != "oracle"}
        kept["objective"] = {**kept["objective"], "config": config}
    return {**kept, **named}
