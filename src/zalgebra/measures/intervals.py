"""Intervals: of a mean, of an estimate with a known variance, of any statistic by jackknife."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from zalgebra.measures.score import Score

__all__ = [
    "Z95",
    "averaged",
    "deal",
    "limited",
    "mean_score",
    "repeats_score",
    "score",
    "statistic_score",
]

Z95 = 1.959963984540054  # of the normal law
GROUPS = 20


def score(value: float, variance: float, n: int, question: str, *, df: float = math.inf) -> Score:
    """A value with the 95 % interval of Student's law, ``df`` degrees of freedom, around it."""
    times = Z95 if math.isinf(df) else float(stdtrit(df, 0.975)) if df > 0 else math.nan
    half = times * math.sqrt(variance)
    return Score(float(value), float(value - half), float(value + half), n, question)


def mean_score(values: np.ndarray, question: str, /) -> Score:
    """Mean of independent values ``(n,)`` with Student's interval; NaN bounds for one value."""
    n = len(values)
    variance = float(np.var(values, ddof=1)) / n if n > 1 else math.nan
    return score(float(np.mean(values)), variance, n, question, df=n - 1)


def averaged(scores: Sequence[Score], /) -> Score:
    """The mean over repeats, each of which has an interval for its own seeds.

    Its ends are the means of theirs: the deviation of a mean is at most the mean of the deviations,
    whatever the repeats share. That is an interval for these seeds; other seeds vary besides, so
    from three repeats on it is widened to Student's interval of the values where that is wider.
    """
    value, low, high = (
        float(np.mean([getattr(s, part) for s in scores])) for part in ("value", "low", "high")
    )
    n, question = sum(s.n for s in scores), scores[0].question
    if len(scores) < 3:
        return Score(value, low, high, n, question)
    wide = mean_score(np.array([s.value for s in scores]), question)
    return Score(value, min(low, wide.low), max(high, wide.high), n, question)


def limited(found: Score, /, *, low: float = 0.0, high: float = 1.0) -> Score:
    """The score with its interval cut off at the least and the largest value that it can have."""
    return replace(found, low=max(low, found.low), high=min(high, found.high))


def repeats_score(values: np.ndarray, share: float, n: int, question: str, /) -> Score:
    """Mean over repeated random splits of the same ``n`` items, ``share`` of them for testing.

    Repeats share their items, so the variance of the mean is (1/J + share/(1 - share)) s² rather
    than s²/J.

    References
    ----------
    Nadeau and Bengio, *Inference for the generalization error* (2003).
    """
    J = len(values)
    spread = float(np.var(values, ddof=1)) if J > 1 else math.nan
    return score(
        float(np.mean(values)), (1 / J + share / (1 - share)) * spread, n, question, df=J - 1
    )


def deal(n: int, groups: int, rng: np.random.Generator, /) -> np.ndarray:
    """The group ``(n,)`` of each item, at random, of sizes that differ by one at most."""
    return rng.permutation(n) % groups


def statistic_score(
    statistic: Callable[[np.ndarray], float], n: int, question: str, /, *, seed: int = 0
) -> Score:
    """A statistic of ``n`` items with an interval from the jackknife over 20 groups.

    With θ of all items and θ_j without group j, the interval is Student's around the value with
    its bias of order 1/n taken off, g θ - (g - 1) mean θ_j; where that bias is large the interval
    is widened to hold θ too.

    Parameters
    ----------
    statistic
        From the indices of the items that count to the figure.
    n
        Number of items.
    question
        What the figure answers.
    seed
        Of the deal into groups.
    """
    g = min(GROUPS, n)
    group = deal(n, g, np.random.default_rng(seed))
    whole = statistic(np.arange(n))
    without = np.array([statistic(np.flatnonzero(group != j)) for j in range(g)])
    centre = g * whole - (g - 1) * without.mean()
    variance = (g - 1) / g * float(((without - without.mean()) ** 2).sum())
    found = score(centre, variance, n, question, df=g - 1)
    return Score(float(whole), min(found.low, float(whole)), max(found.high, float(whole)), n,
                 question)  # fmt: skip
