"""The instrument ``piano_adsr``: notes of several partials under an envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from orchestra_core import Brief, Canvas, Envelope, Instrument, Parameter, Score, zero_where_finite
from orchestra_core.errors import ParameterError
from orchestra_piano.adsr import Adsr
from orchestra_piano.config import EdgeForm, PianoConfig, Renderer, Start
from orchestra_piano.contour import Contour, end_ramp
from orchestra_piano.exact import render_exact
from orchestra_piano.settings import check_piano
from orchestra_piano.start import note_parameters, played_scores, score_values, timbre_parameters, with_onsets
from orchestra_piano.tiles import render_tiles
from orchestra_piano.voice import String, gather_voices

_OWN = frozenset({"onset", "duration", "amplitude", "pitch", "mask", "brightness", "partial_decay"})
_END_RAMP = 0.010
_HEADROOM = 0.25


class PianoAdsr(Instrument):
    r"""Notes of fixed pitch with several partials, stiff strings, and high partials that fade faster.

    .. math::
        x(t) = g \sum_i a_i E_i(t - o_i) \sum_k w_{ik} e^{-c_{ik} (t - o_i)} \sin(2 \pi f_{ik} t + \varphi_k)

    with onset o, duration d and amplitude a per note, the envelope E, weights w (of squared sum 1, so that brightness moves
    the spectrum and not the level), fading c and frequencies f of the partials. The carrier runs with the canvas and not
    from the onset, as in the published equation: moving a note moves its envelope only, which keeps gradients smooth.
    With ``partials=1``, ``edges="literal"`` and the literal envelope it is exactly the published equation.

    Its parameters are ``onset``, ``duration`` (group timing) and ``amplitude`` (dynamics), shape (batch, notes); where notes stay
    near where they are written ``shift`` instead of the onset, and, fixed, ``reach`` and ``written``; those of the envelope;
    with several partials ``brightness`` and ``partial_decay`` (timbre), shape (batch,); and, fixed, ``pitch`` and ``mask``.

    Parameters
    ----------
    partials : int, in [1, 64]
        Partials per note; those that would come near the Nyquist frequency are faded out.
    envelope : Envelope or None
        The amplitude contour; None for the continuous `Adsr`.
    inharmonicity : float, in [0, 0.01]
        Stiffness of the string at middle C.
    brightness : float, in (-24, -2)
        Spectral tilt in dB per octave that the optimisation starts at; 6 more where arousal of 1 is asked, 4 more for
        a hint of 1 at a brighter spectrum (`orchestra_core.cue_hints`).
    partial_decay : float, in (0.05, 6)
        How much faster each further partial of middle C fades, per second, at the start.
    hardness : float
        Rise of the spectral tilt in dB per octave from amplitude 0 to 1.
    quietest : float, in [0, 0.9]
        Least amplitude of a note, so that no note of a score is optimised away; with ``start="published"`` it is 0.
    groove : float or None, in [0, 0.1]
        How far, in seconds, notes may be moved from where they are written; None for as far as their score allows
        (`Score.microtiming`), which is anywhere unless it says otherwise.
    edges : {"smooth", "literal"}
        Ramps of 5 ms at both ends of a note and 10 ms at the end of the canvas, or the published sigmoids.
    alpha : float, > 0
        Slope of the literal sigmoids, per second.
    start : {"score", "published"}
        Whether a score's onsets, durations and velocities are physical values or the published raw ones.
    gain : float or None
        Factor on the sum of all notes; None is 1 for literal edges and otherwise 0.25, headroom for four loud notes.
    renderer : {"fast", "exact"}
        ``fast`` agrees with ``exact`` within -60 dB.
    blind : bool
        Whether the brightness starts alike whatever is asked; the envelope has a setting of its own.

    Raises
    ------
    ParameterError
        A value lies outside its range.

    Examples
    --------
    >>> import torch
    >>> from orchestra_core import Brief, Canvas, Note, Score
    >>> canvas = Canvas(duration=1.0)
    >>> brief = Brief(canvas, {}, torch.tensor([7]), scores=(Score((Note(60, 0.1, 0.4),)),))
    >>> piano = PianoAdsr()
    >>> piano.render({p.name: p.initial for p in piano.parameters(brief)}, canvas).shape
    torch.Size([1, 44100])
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"differentiable", "notes", "pitched", "rate_free"})

    def __init__(
        self,
        *,
        partials: int = 8,
        envelope: Envelope | None = None,
        inharmonicity: float = 3e-4,
        brightness: float = -10.0,
        partial_decay: float = 0.8,
        hardness: float = 6.0,
        quietest: float = 0.2,
        groove: float | None = None,
        edges: EdgeForm = "smooth",
        alpha: float = 100.0,
        start: Start = "score",
        gain: float | None = None,
        renderer: Renderer = "fast",
        blind: bool = False,
    ) -> None:
        config = PianoConfig(
            partials=partials,
            inharmonicity=inharmonicity,
            brightness=brightness,
            partial_decay=partial_decay,
            hardness=hardness,
            quietest=quietest,
            groove=groove,
            edges=edges,
            alpha=alpha,
            start=start,
            gain=gain,
            renderer=renderer,
            blind=blind,
        )
        check_piano(config)
        self.envelope = Adsr() if envelope is None else envelope
        self._config = config
        self._gain = gain if gain is not None else (_HEADROOM if edges == "smooth" else 1.0)
        self._string = String(partials, inharmonicity, hardness)
        self._contour = Contour(self.envelope, edges == "smooth", alpha)

    def perform(self, score: Score, canvas: Canvas, start: float = 0.0, settings: Mapping[str, float] | None = None) -> Tensor:
        """Return the sound of a score as it is written, without gradients and without a ramp at the end.

        Parameters
        ----------
        score : Score
            Of any length; only notes that sound on the canvas cost time. Drums are left out.
        canvas : Canvas
            The part to render: its duration and rate.
        start : float
            Time in the score, in seconds, at which the canvas begins.
        settings : mapping of str to float
            Values of envelope and timbre parameters other than where an optimisation would start.

        Returns
        -------
        Tensor [shape=(canvas.samples,), dtype=float32]

        Raises
        ------
        ParameterError
            A setting has an unknown name.

        Examples
        --------
        >>> from orchestra_core import Canvas, Note, Score
        >>> score = Score(tuple(Note(60 + i, 0.5 * i, 0.4) for i in range(12)))
        >>> PianoAdsr().perform(score, Canvas(duration=2.0), start=3.0, settings={"brightness": -6.0}).shape
        torch.Size([88200])
        """
        values = score_values(score, start)
        brief = Brief(canvas, {}, torch.zeros(1, dtype=torch.int64))
        shared = (*self.envelope.parameters(brief), *timbre_parameters(self._config, brief))
        values |= {p.name: p.initial for p in shared}
        for name, setting in (settings or {}).items():
            if name not in {p.name for p in shared}:
                raise ParameterError(f"Unknown setting {name!r}; expected one of {', '.join(p.name for p in shared)}.")
            values[name] = torch.full_like(values[name], setting)
        span = self.envelope.span(values["duration"], values)
        values["mask"] = values["mask"] & (values["onset"] < canvas.duration) & (values["onset"] + span > 0)
        with torch.no_grad():
            return self._sum_of_notes(values, canvas)[0]

    def _parameters(self, brief: Brief) -> tuple[Parameter, ...]:
        notes = note_parameters(self._config, brief)
        return (*notes, *self.envelope.parameters(brief), *timbre_parameters(self._config, brief))

    def _render(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        audio = self._sum_of_notes(with_onsets(values), canvas)
        if self._config.edges == "literal":
            return audio
        return audio * end_ramp(canvas.samples, canvas.sample_rate, _END_RAMP, audio)

    def _stems(self, values: Mapping[str, Tensor], brief: Brief) -> Mapping[str, Tensor]:
        masks = {name: values["mask"].bool() & own for name, own in brief.parts().items()}
        return {name: self._finish({**values, "mask": mask}, brief.canvas) for name, mask in masks.items() if bool(mask.any())}

    def _notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> tuple[Score, ...]:
        return played_scores(with_onsets(values), canvas)

    def _sum_of_notes(self, values: Mapping[str, Tensor], canvas: Canvas) -> Tensor:
        envelope = {name: value for name, value in values.items() if name not in _OWN}
        voices = gather_voices(values, envelope, self._string, canvas.sample_rate)
        render = render_exact if self._config.renderer == "exact" else render_tiles
        audio = self._gain * render(voices, self._contour, canvas, len(values["onset"]))
        return audio + zero_where_finite(values)
