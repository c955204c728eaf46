"""Whiteness of latents in N(0, 1) coordinates: neighbours along each axis, balance of channels.

As in `zalgebra.algebra.goodness`, each function gives p-values and effects, ``(n,)`` each.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betainc, chdtr, chdtrc

from zalgebra.algebra.goodness import Figures, normal_p, smallest, two_sided

__all__ = ["channels", "cosine_p", "neighbours"]

LEAST = 16  # entries below which the law of a lag-one correlation is poor


def neighbours(u: np.ndarray, shape: tuple[int, ...]) -> Figures:
    """Correlation of neighbours along each axis of ``shape`` that has two entries or more.

    With c = u - ū and N pairs of neighbours along the axis, r = (Σ c c' / N) / (Σ c² / D). Its
    mean and variance under N(0, 1) are known exactly for any shape; a Beta law takes them on. The
    test ``"whiteness"`` is the smallest p-value over the axes, corrected for their number.
    """
    D = u.shape[1]
    c = u - u.mean(axis=1, keepdims=True)
    total = np.einsum("nd,nd->n", c, c)
    total = np.where(total > 0, total, np.inf)
    effects, least = {}, []
    for axis, length in enumerate(shape):
        if length < 2 or D < LEAST:
            continue
        after = math.prod(shape[axis + 1 :])
        lines = c.reshape(len(c), D // (length * after), length, after)
        share = np.einsum("nbla,nbla->n", lines[:, :, 1:], lines[:, :, :-1]) / total
        pairs = D // length * (length - 1)
        effects[f"lag_one_{axis}"] = share * D / pairs
        mean, variance = _law_of_share(D, length)
        least.append(np.where(np.isinf(total), 1, cosine_p(share - mean, 1 / variance)))
    p = {"whiteness": smallest(np.min(least, axis=0), len(least))} if least else {}
    return p, effects


def _law_of_share(D: int, length: int) -> tuple[float, float]:
    """Mean and variance of Σ c c' / Σ c² over the neighbours along an axis of this length.

    The share is cᵀAc / cᵀc, with A = ½ on neighbours, and is independent of cᵀc; so its moments are
    those of the quadratic form cᵀAc over those of χ²_(D-1), and the form's follow from tr A' and
    tr A'² for A' = A centred.
    """
    pairs = D // length * (length - 1)
    trace = -pairs / D
    square = pairs / 2 - 2 * D / length * (length - 1.5) / D + (pairs / D) ** 2
    mean = trace / (D - 1)
    return mean, (2 * square + trace**2) / ((D - 1) * (D + 1)) - mean**2


def cosine_p(r: np.ndarray, D: float) -> np.ndarray:
    """Two-sided p-value of the cosine of independent directions in D dimensions (variance 1/D)."""
    return betainc((D - 1) / 2, 0.5, np.clip(1 - np.square(r), 0, 1))


def channels(x: np.ndarray, *, free_radius: bool = True) -> Figures:
    """Mean and variance of each channel of x ``(n, C, M)`` against their laws.

    √M times the mean is N(0, 1), the centred sum of squares χ²_(M-1), all 2C independent: the
    smallest p-value, corrected for their number, is exact. The effects describe the channel that
    is farthest off: its number, its mean and its variance.
    """
    _, C, M = x.shape
    mean = x.mean(axis=2)
    spread = np.maximum(np.einsum("ncm,ncm->nc", x, x) - M * mean**2, 0)
    p, variance = normal_p(math.sqrt(M) * mean), spread / (M - 1)
    if free_radius:
        p = np.minimum(p, two_sided(chdtr(M - 1, spread), chdtrc(M - 1, spread)))
    worst = np.argmax(np.maximum(np.abs(mean), np.abs(variance - 1)), axis=1)[:, None]
    effects = {
        "channel": worst[:, 0],
        "channel_mean": np.take_along_axis(mean, worst, axis=1)[:, 0],
        "channel_variance": np.take_along_axis(variance, worst, axis=1)[:, 0],
    }
    return {"channels": smallest(p.min(axis=1), C * (1 + free_radius))}, effects
