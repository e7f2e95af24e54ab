"""The pipeline: instrument, score source, objective and schedule, put together and asked for music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestra_core.contracts.canvas import Canvas, LoudnessName
from orchestra_core.contracts.checks import usable_device
from orchestra_core.errors import ParameterError, RunFolderError
from orchestra_core.pipeline.parts import Parts, PartsBuilder, ScoreSpec, Specs
from orchestra_core.pipeline.recipe import fingerprint, make_recipe
from orchestra_core.pipeline.recordings import readings_like, source_duration
from orchestra_core.pipeline.request import Request, Scale, make_request, to_readings
from orchestra_core.pipeline.result import Result
from orchestra_core.pipeline.run import Performance, Run
from orchestra_core.pipeline.setup import Setup, check_preset_parts, read_preset, without_unplayed
from orchestra_core.problem.checkpoint import CheckpointFile
from orchestra_core.problem.rows import one_thread_each
from orchestra_core.registry import Registry, get_registry
from orchestra_core.registry.build import Spec
from orchestra_core.runs.folder import RunFolder


class Pipeline:
    """An instrument, a score source, an objective and a schedule.

    Each part is given by name (``"piano_adsr"``), by name and configuration (``{"name": "piano_adsr", "config":
    {"partials": 4}}`` or a `Ref`), or as an object made by hand; None takes the default.

    Parameters
    ----------
    instrument : str, mapping, Ref, Component, or None
        What plays.
    oracle : str, mapping, Ref, Component, or None
        Short for an objective that holds this oracle.
    objective : str, mapping, Ref, Component, or None
        What the music has to meet.
    schedule : str, mapping, Ref, Component, or None
        What moves the parameters.
    score : str, mapping, Ref, ScoreSource, Score, path of a MIDI file, or None
        What is played, for instruments that play notes.
    registry : Registry, or None
        Where names are looked up; None for the installed plugins.

    Raises
    ------
    UnknownNameError, ConfigurationError, PluginError
        A part cannot be made.
    IncompatibleError
        The parts do not fit together.

    Examples
    --------
    >>> from orchestra_core import Pipeline
    >>> result = Pipeline().compose("calm", seed=7)  # doctest: +SKIP
    >>> result.save("calm")  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        instrument: Spec = None,
        oracle: Spec = None,
        objective: Spec = None,
        schedule: Spec = None,
        score: ScoreSpec = None,
        registry: Registry | None = None,
    ) -> None:
        self._specs = Specs(instrument, oracle, objective, schedule, score)
        self._registry = registry or get_registry()
        self._setup = Setup()
        self.parts: Parts = PartsBuilder(self._registry).build(self._specs)

    @classmethod
    def from_preset(cls, name: str, registry: Registry | None = None) -> Pipeline:
        """Return the pipeline of a preset; what else it says, such as a canvas, goes for pieces that do not say otherwise.

        Parameters
        ----------
        name : str
            Its name, or ``distribution:name``.
        registry : Registry, or None
            Where names are looked up; None for the installed plugins.

        Returns
        -------
        Pipeline
            To be used as it is, or with other parts: ``from_preset(...).replace(...)``.

        Raises
        ------
        UnknownNameError, ConflictError, PluginError
            The preset, or a part that it names, cannot be had.

        Examples
        --------
        >>> from orchestra_core import Pipeline
        >>> result = Pipeline.from_preset("reference").compose("calm", seed=7)  # doctest: +SKIP
        """
        found = registry or get_registry()
        return cls.from_setup(read_preset(name, found), found)

    @classmethod
    def from_setup(cls, setup: Setup, registry: Registry | None = None) -> Pipeline:
        """Return the pipeline of a setup, which holds for pieces that do not say otherwise; raises as `from_preset` does."""
        found = registry or get_registry()
        check_preset_parts(setup, found)
        setup = without_unplayed(setup, found)
        pipeline = cls(**vars(Specs().replaced(setup.pipeline)), registry=found)
        pipeline._setup = setup
        return pipeline

    def replace(self, **parts: Any) -> Pipeline:
        """Return a pipeline with some parts swapped.

        Parameters
        ----------
        **parts : str, mapping, Ref, Component, or None
            ``instrument``, ``oracle``, ``objective``, ``schedule`` or ``score``.

        Returns
        -------
        Pipeline
        """
        changed = Pipeline(**vars(self._specs.replaced(parts)), registry=self._registry)
        changed._setup = self._setup
        return changed

    def compose(
        self,
        word: str | None = None,
        *,
        valence: float | None = None,
        arousal: float | None = None,
        targets: Mapping[str, float] | None = None,
        seed: int = 0,
        scale: Scale | None = None,
        source: str | Path | None = None,
        like: str | Path | None = None,
        duration: float | None = None,
        canvas: Canvas | None = None,
        loudness: LoudnessName | float | None = None,
        loop: bool = False,
        stems: bool = False,
        directory: str | Path | None = None,
        resume: bool = False,
        device: str = "cpu",
        budget: int | None = None,
    ) -> Result:
        """Compose one piece.

        Parameters
        ----------
        word : str, or None
            An emotion word, such as ``"happy"``.
        valence, arousal : float, or None
            Short for targets of that name.
        targets : mapping of str to float, or None
            By dimension of the objective.
        seed : int, >= 0
            Everything random follows from it.
        scale : {"request", "reading"}, or None
            What targets mean: -1..1 over what the oracle's corpus holds (the default), or the oracle's own units.
        source : path, or None
            A recording that the instrument starts from or the objective measures against; see `Brief.source`.
        like : path, or None
            A recording whose readings are asked for, in the dimensions that nothing else asks for; a piece of which arousal is
            asked gets its loudness, too.
        duration : float, or None
            Length in seconds: short for a canvas of that length.
        canvas : Canvas, or None
            The time grid; None for the preset's, else 44 100 Hz and the length of `source`, else what the score source asks for,
            else of what the objective hears at once, else 5 s.
        loudness : {"expressive", "matched", "peak"}, float, or None
            Level of the export, before the canvas': the loudness that expresses the asked arousal (-20 LUFS and 8 dB per unit
            of the request scale), the same for all (-20 LUFS), the same peak, or so many LUFS; see `Canvas`.
        loop : bool
            Wrap the tail of the piece onto its beginning, so that it repeats seamlessly; short for a canvas that loops.
        stems : bool
            Keep the parts apart as well: `Result.stems`, and a file for each in the run folder.
        directory : path, or None
            The run folder, written to while the run goes on, so that it can be resumed.
        resume : bool
            Go on with the unfinished run in `directory`.
        device : str
            Of torch.
        budget : int, >= 1, or None
            At most so many evaluations.

        Returns
        -------
        Result

        Raises
        ------
        TargetError, UnknownNameError, ParameterError
            The request cannot be understood.
        AudioFileError
            A recording cannot be read.
        IncompatibleError
            The parts do not fit together.
        RunError
            The optimisation could not go on.
        """
        request = make_request(word, valence, arousal, targets, seed, source=source, like=like)
        return self.compose_many(
            [request],
            scale=scale,
            duration=duration,
            canvas=canvas,
            loudness=loudness,
            loop=loop,
            stems=stems,
            directory=directory,
            resume=resume,
            device=device,
            budget=budget,
        )[0]

    def compose_many(
        self,
        requests: Sequence[Request],
        *,
        scale: Scale | None = None,
        duration: float | None = None,
        canvas: Canvas | None = None,
        loudness: LoudnessName | float | None = None,
        loop: bool = False,
        stems: bool = False,
        directory: str | Path | None = None,
        resume: bool = False,
        device: str = "cpu",
        budget: int | None = None,
    ) -> tuple[Result, ...]:
        """Compose a batch of pieces, each by itself but computed together.

        Parameters
        ----------
        requests : sequence of Request
            One per piece; all ask for the same dimensions.
        scale, duration, canvas, loudness, loop, stems, directory, resume, device, budget
            As for `compose`. The folder of a batch holds one folder per item.

        Returns
        -------
        tuple of Result
        """
        dimensions = self.parts.objective.dimensions
        requests = _same_dimensions(requests, [dimension.name for dimension in dimensions])
        canvas, torch_device = self._canvas(canvas, duration, loudness, loop, requests), usable_device(device)
        scale, stems = scale or self._setup.scale, stems or self._setup.stems
        budget = self._budget(budget)
        targets = tuple(self._targets(request, scale) for request in requests)
        recipe = make_recipe(self.parts, canvas, requests, scale, torch_device, budget, stems, self._setup.preset)
        run = Run(tuple(requests), targets, dimensions, recipe, Path(directory) if directory else None)
        performance = Performance(self.parts, run, canvas, torch_device, stems)
        performance.check()
        folder = RunFolder.open(directory, recipe, resume=resume) if directory else None
        if folder and folder.is_finished:
            raise RunFolderError(f"The run in {folder.path} is finished; there is nothing to resume. Choose another folder.")
        checkpoint = CheckpointFile(folder.checkpoint, fingerprint(recipe)) if folder else None
        problem = performance.optimize(self._registry.hooks, checkpoint, budget)
        results = performance.results(problem)
        if folder:
            with one_thread_each():  # pictures are small, and threads that wait for each other stand still beside other work
                folder.finish(results)
        self._registry.hooks.run_finished(run, results)
        return results

    def _canvas(
        self,
        canvas: Canvas | None,
        duration: float | None,
        loudness: LoudnessName | float | None,
        loop: bool,
        requests: Sequence[Request],
    ) -> Canvas:
        if canvas is not None and not isinstance(canvas, Canvas):
            raise ParameterError(f"canvas is {canvas!r}; expected a Canvas, such as Canvas(duration=5.0).")
        # A canvas says all of itself: what a preset says of canvas, loudness and loops is for pieces without one.
        setup = self._setup if canvas is None else Setup()
        canvas, loudness = canvas or setup.canvas, setup.loudness if loudness is None else loudness
        if canvas is None and duration is None:
            written = self.parts.score.duration if self.parts.score else None
            duration = source_duration(requests) or written or self.parts.objective.clip_duration
        canvas = canvas or Canvas()
        canvas = canvas if duration is None else replace(canvas, duration=duration)
        canvas = canvas if loudness is None else canvas.with_loudness(loudness)
        return replace(canvas, loop=True) if loop or setup.loop else canvas

    def _budget(self, budget: int | None) -> int | None:
        budget = self._setup.budget if budget is None else budget
        if budget is not None and budget < 1:
            raise ParameterError(f"budget is {budget}; expected 1 evaluation of each piece or more, or none named for no limit.")
        return budget

    def _targets(self, request: Request, scale: Scale) -> dict[str, float]:
        objective = self.parts.objective
        return {**readings_like(request, objective), **to_readings(request, objective.dimensions, scale)}


def _same_dimensions(requests: Sequence[Request], names: Sequence[str]) -> Sequence[Request]:
    if not requests:
        raise ParameterError("There are no requests; expected at least one.")
    for request in requests:
        if not isinstance(request, Request):
            raise ParameterError(
                f"A request is {request!r}, of type {type(request).__name__}; expected a Request(targets, seed)."
            )
    asked = {tuple(sorted({*request.targets, *(names if request.like is not None else ())})) for request in requests}
    if len(asked) > 1:
        raise ParameterError(f"The requests of a batch ask for different dimensions: {sorted(asked)}; expected the same for all.")
    return requests
