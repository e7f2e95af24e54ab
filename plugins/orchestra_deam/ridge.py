"""Fits a head of the model ``cues`` in closed form: ridge regression on ratings, and on pairs that differ in mode alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from orchestra_core.errors import ParameterError
from orchestra_deam.models import CueReader, Cues

# Below this standard deviation a cue is constant and would only be blown up.
_FLAT = 1e-4


@dataclass(frozen=True)
class RidgeSettings:
    """How a head is fitted.

    Parameters
    ----------
    penalty : tuple of two floats, > 0
        Of arousal and of valence: ridge penalty per cue, as a share of the number of clips.
    mode, still : float, >= 0
        Weights, per pair, of the difference that pairs shall have in valence, and of what a semitone shall not change,
        against a rating.
    effect : float
        Wanted difference in valence between major and its parallel minor, in standard deviations of the ratings. The
        penalties shrink it: asked for 1.1, pairs that were held out differ by about 0.7, as for listeners, whose main effect
        of mode was 0.68 (Eerola et al. 2013).
    clearest : float
        Least contrast of a pair that counts (`orchestra_deam.parallel.mode_contrast`).
    unmoved : float, >= 0
        Weight, per pair, of what mode shall not change: arousal.

    References
    ----------
    .. [1] T. Eerola, A. Friberg, R. Bresin (2013): Emotional expression in music: contribution, linearity, and additivity of
       primary musical cues. Frontiers in Psychology 4:487.
    """

    penalty: tuple[float, float] = (0.15, 2.5)
    mode: float = 0.5
    still: float = 0.3
    effect: float = 1.1
    clearest: float = 0.1
    unmoved: float = 1.0


@dataclass(frozen=True, eq=False)
class RatedCues:
    """Clips with ratings.

    Parameters
    ----------
    cues : Tensor [shape=(n, 351)]
        As `orchestra_deam.cues.CueFrontEnd` hears them.
    labels : Tensor [shape=(n, 2)]
        Arousal and valence, in the units of their corpus.
    weights : Tensor [shape=(n,)]
        How much each clip counts; only their ratios matter.
    """

    cues: Tensor
    labels: Tensor
    weights: Tensor


@dataclass(frozen=True, eq=False)
class CuePairs:
    """Clips beside their versions in the parallel mode and a semitone away, played alike.

    Parameters
    ----------
    plain, parallel, semitone : Tensor [shape=(n, 351)]
        Cues of the three, row by row.
    contrast : Tensor [shape=(n,)]
        `orchestra_deam.parallel.mode_contrast` of the clip's notes.
    """

    plain: Tensor
    parallel: Tensor
    semitone: Tensor
    contrast: Tensor


def fit_head(
    model: Cues, head: str, rated: RatedCues, pairs: CuePairs | None = None, settings: RidgeSettings | None = None
) -> None:
    """Fit one head of a model in place; the others stay as they are.

    The squared error on standardised ratings, plus `mode` times that on the difference that pairs shall have in valence
    (and shall not have in arousal), plus `still` times the squared change under a semitone, plus the ridge.

    Parameters
    ----------
    model : Cues
        The model.
    head : {"vgmidi", "emotify"}
        Which of its heads.
    rated : RatedCues
        Clips to learn from.
    pairs : CuePairs or None
        Pairs of them, where there are any.
    settings : RidgeSettings or None
        The recipe; None for the default one.

    Raises
    ------
    ParameterError
        The model has no such head.
    """
    reader = model.readers[head] if head in model.heads else None
    if not isinstance(reader, CueReader):
        raise ParameterError(f"Head is {head!r}; expected one of {', '.join(model.heads)}.")
    _fit(reader, rated, pairs, settings or RidgeSettings())


def _fit(reader: CueReader, rated: RatedCues, pairs: CuePairs | None, settings: RidgeSettings) -> None:
    cues, labels = rated.cues.double(), rated.labels.double()
    weights = (rated.weights / rated.weights.sum()).double()[:, None]
    reader.centre, width = _moments(cues, weights)
    reader.width = width.clamp_min(_FLAT)
    reader.double()
    mean, sd = _moments(labels, weights)
    heard = reader.bounded(cues)
    # The mean of what is heard after the bound goes into the intercept.
    middle = (heard * weights).sum(0)
    heard = heard - middle
    products = heard.T @ (heard * weights)
    wanted = heard.T @ ((labels - mean) / sd * weights)
    nothing = (torch.zeros_like(products), torch.zeros_like(middle))
    terms = (nothing, nothing) if pairs is None else _pair_terms(reader, pairs, settings)
    identity = torch.eye(len(products), dtype=products.dtype)
    solved = [
        torch.linalg.solve(products + squares + penalty * identity, wanted[:, column] + towards)
        for column, (penalty, (squares, towards)) in enumerate(zip(settings.penalty, terms, strict=True))
    ]
    slopes = torch.stack(solved) * sd[:, None]
    with torch.no_grad():
        reader.linear.weight.copy_(slopes)
        reader.linear.bias.copy_(mean - slopes @ middle)
    reader.float()


def _pair_terms(reader: CueReader, pairs: CuePairs, settings: RidgeSettings) -> tuple[tuple[Tensor, Tensor], ...]:
    """Return for arousal and valence what pairs add to the normal equations: to the products, and to the right side."""
    clear = pairs.contrast.abs() >= settings.clearest
    plain, parallel, semitone = (reader.bounded(cues[clear].double()) for cues in (pairs.plain, pairs.parallel, pairs.semitone))
    count = max(int(clear.sum()), 1)
    turned, moved = plain - parallel, plain - semitone
    modes, steps = turned.T @ turned / count, settings.still * moved.T @ moved / count
    towards = settings.mode * settings.effect * (turned * pairs.contrast[clear].sign().double()[:, None]).sum(0) / count
    return (settings.unmoved * modes + steps, torch.zeros_like(towards)), (settings.mode * modes + steps, towards)


def joined(first: CuePairs, second: CuePairs) -> CuePairs:
    """Return the pairs of both."""
    names = ("plain", "parallel", "semitone", "contrast")
    return CuePairs(*(torch.cat([getattr(first, name), getattr(second, name)]) for name in names))


def _moments(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    mean = (values * weights).sum(0)
    return mean, ((values - mean).square() * weights).sum(0).sqrt()
