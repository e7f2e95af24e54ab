"""Ratings of a listening test: reliability, agreement with what was asked, and a mixed model. Runs by itself, too.

A copy of this file lies in every pack that ``orchestra stimuli pack`` writes, and needs numpy, pandas and scipy alone::

    python analyse.py results/lss.csv key.csv
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

#: The scales, in the order in which they stand on the page.
SCALES = ("valence", "arousal")
MAIN, REPEAT, PRACTICE = "main", "repeat", "practice"
# Logarithms of variance ratios beyond which nothing changes.
_FAR = 15.0


@dataclass(frozen=True)
class Reliability:
    """Agreement of listeners.

    Parameters
    ----------
    single, average : float
        ICC(2,1) and ICC(2,k): of one listener's rating, and of the mean over all.
    listeners, stimuli : int
        How many of each; listeners with gaps are left out.
    """

    single: float
    average: float
    listeners: int
    stimuli: int


@dataclass(frozen=True)
class MixedModel:
    """Fixed effects with standard errors, and variances of the random intercepts.

    Parameters
    ----------
    coefficients, errors : dict of str to float
        By name of the effect; the first is the intercept.
    listeners, stimuli, residual : float
        Variances.
    """

    coefficients: dict[str, float]
    errors: dict[str, float]
    listeners: float
    stimuli: float
    residual: float


def read_ratings(results: Path, key: Path) -> pd.DataFrame:
    """Return a row for each rating that is no practice.

    Parameters
    ----------
    results : Path
        ``lss.csv`` of webMUSHRA, with the columns ``participant``, ``stimuli`` and ``stimuli_rating1``, ``stimuli_rating2``.
    key : Path
        ``key.csv`` of the pack.

    Returns
    -------
    pandas.DataFrame
        ``participant``, ``stimulus``, ``kind``, `SCALES`, and the other columns of the key.

    Raises
    ------
    ValueError
        A column is missing, or a file was rated that the key does not have.
    """
    rated, known = pd.read_csv(results, dtype={"participant": str}), pd.read_csv(key)
    columns = {"stimuli": "code", **{f"stimuli_rating{place + 1}": scale for place, scale in enumerate(SCALES)}}
    missing = [column for column in ("participant", *columns) if column not in rated]
    if missing:
        raise ValueError(
            f"{results} has no column {missing[0]!r}; expected lss.csv with a questionnaire that asks for participant."
        )
    rated = rated.rename(columns=columns)[["participant", "code", *SCALES]]
    unknown = sorted(set(rated["code"]) - set(known["code"]))
    if unknown:
        raise ValueError(f"{results} rates {unknown[0]!r}, which {key} does not have; expected the key of the same pack.")
    for scale in SCALES:
        rated[scale] = pd.to_numeric(rated[scale], errors="coerce")
    merged = rated.merge(known, on="code")
    return merged[merged["kind"] != PRACTICE].reset_index(drop=True)


def reliability(ratings: pd.DataFrame, scale: str) -> Reliability:
    """Return the intraclass correlations of a scale over the main stimuli.

    Two-way random effects, absolute agreement.

    References
    ----------
    .. [1] P. E. Shrout, J. L. Fleiss (1979): Intraclass correlations: uses in assessing rater reliability. Psychological
       Bulletin 86(2).
    """
    main = ratings[ratings["kind"] == MAIN]
    table = main.pivot_table(index="stimulus", columns="participant", values=scale).dropna(axis=1)
    single, average = icc(table.to_numpy(dtype=float))
    return Reliability(single, average, table.shape[1], table.shape[0])


def icc(table: np.ndarray) -> tuple[float, float]:
    """Return ICC(2,1) and ICC(2,k) of a table of stimuli by listeners; NaN for less than two of either."""
    count, raters = table.shape
    if count < 2 or raters < 2:
        return float("nan"), float("nan")
    grand = table.mean()
    between = raters * ((table.mean(axis=1) - grand) ** 2).sum() / (count - 1)
    judges = count * ((table.mean(axis=0) - grand) ** 2).sum() / (raters - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + grand
    error = (rest**2).sum() / ((count - 1) * (raters - 1))
    single = (between - error) / (between + (raters - 1) * error + raters * (judges - error) / count)
    return float(single), float((between - error) / (between + (judges - error) / count))


def retest(ratings: pd.DataFrame, scale: str) -> float:
    """Return Pearson's r of the first and the repeated rating of the same stimulus by the same listener; NaN without any."""
    first, again = (ratings[ratings["kind"] == kind].set_index(["participant", "stimulus"])[scale] for kind in (MAIN, REPEAT))
    both = pd.concat([first, again], axis=1, join="inner", keys=["first", "again"]).dropna()
    return float(both["first"].corr(both["again"])) if len(both) > 2 else float("nan")


def mixed_model(ratings: pd.DataFrame, scale: str, effects: Sequence[str]) -> MixedModel:
    """Return a linear mixed model of a scale: fixed effects, and intercepts that vary by listener and by stimulus.

    Parameters
    ----------
    ratings : pandas.DataFrame
        See `read_ratings`.
    scale : str
        What is explained.
    effects : sequence of str
        Columns with numbers.

    Returns
    -------
    MixedModel
        By restricted maximum likelihood.

    References
    ----------
    .. [1] R. H. Baayen, D. J. Davidson, D. M. Bates (2008): Mixed-effects modeling with crossed random effects for subjects and
       items. Journal of Memory and Language 59(4).
    """
    used = ratings.dropna(subset=[scale, *effects])
    outcome = used[scale].to_numpy(dtype=float)
    fixed = np.column_stack([np.ones(len(used)), used[list(effects)].to_numpy(dtype=float)])
    same = [_same(used[column]) for column in ("participant", "stimulus")]

    def height(logs: np.ndarray) -> float:
        return _restricted(logs, outcome, fixed, same)[0]

    best = np.asarray(minimize(height, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8}).x)
    _, coefficients, covariance, residual = _restricted(best, outcome, fixed, same)
    names, errors = ["intercept", *effects], np.sqrt(np.diag(covariance))
    listeners, stimuli = residual * np.exp(np.clip(best, -_FAR, _FAR))
    return MixedModel(
        {name: float(value) for name, value in zip(names, coefficients, strict=True)},
        {name: float(value) for name, value in zip(names, errors, strict=True)},
        float(listeners),
        float(stimuli),
        float(residual),
    )


def _same(column: pd.Series[str]) -> np.ndarray:
    values = column.to_numpy()
    return np.asarray(values[:, None] == values[None, :], dtype=float)


def _restricted(
    logs: np.ndarray, outcome: np.ndarray, fixed: np.ndarray, same: Sequence[np.ndarray]
) -> tuple[float, np.ndarray, np.ndarray, float]:
    """Return minus twice the profiled restricted log likelihood, coefficients, their covariance and the residual variance."""
    ratios = np.exp(np.clip(logs, -_FAR, _FAR))
    shape = np.eye(len(outcome)) + ratios[0] * same[0] + ratios[1] * same[1]
    factor = cho_factor(shape, lower=True)
    weighted = cho_solve(factor, fixed)
    information = fixed.T @ weighted
    coefficients = np.linalg.solve(information, weighted.T @ outcome)
    rest = outcome - fixed @ coefficients
    freedom = len(outcome) - fixed.shape[1]
    residual = float(rest @ cho_solve(factor, rest)) / freedom
    determinant = 2 * np.log(np.diag(factor[0])).sum() + np.linalg.slogdet(information)[1]
    return freedom * np.log(residual) + determinant, coefficients, residual * np.linalg.inv(information), residual


def report(ratings: pd.DataFrame) -> str:
    """Return the analysis as plain text."""
    asked = _independent(ratings, [str(column) for column in ratings if str(column).startswith("target.")])
    lines = [f"{ratings['participant'].nunique()} listeners, {ratings['stimulus'].nunique()} stimuli"]
    for scale in SCALES:
        agreement = reliability(ratings, scale)
        lines.append(f"\n{scale}: ICC(2,1) {agreement.single:.2f}, ICC(2,{agreement.listeners}) {agreement.average:.2f}, ")
        lines[-1] += f"repeated r {retest(ratings, scale):.2f}"
        means = ratings[ratings["kind"] == MAIN].groupby("stimulus")[[scale, *asked]].mean()
        lines += [f"  r of the mean rating with {name}: {means[scale].corr(means[name]):+.2f}" for name in asked]
        model = mixed_model(ratings, scale, asked)
        for name, value in model.coefficients.items():
            error = model.errors[name]
            lines.append(f"  {name:20} {value:+.3f}  standard error {error:.3f}  z {value / error:+.2f}")
        lines.append(f"  variances: listeners {model.listeners:.3f}, stimuli {model.stimuli:.3f}, residual {model.residual:.3f}")
    return "\n".join(lines) + "\n"


def _independent(ratings: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that vary and do not follow from those before them."""
    kept: list[str] = []
    for column in columns:
        table = np.column_stack([np.ones(len(ratings)), ratings[[*kept, column]].to_numpy(dtype=float)])
        if np.linalg.matrix_rank(table) == table.shape[1]:
            kept.append(column)
    return kept


def main(arguments: Sequence[str]) -> int:
    """Write the analysis of a results file with its key to the standard output; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("Usage: python analyse.py results/lss.csv key.csv\n")
        return 2
    sys.stdout.write(report(read_ratings(Path(arguments[0]), Path(arguments[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
