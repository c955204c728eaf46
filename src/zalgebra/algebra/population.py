"""A population of latents in N(0, 1) coordinates as one sample: the latents are its repeats.

As in `zalgebra.algebra.goodness`, p-values and effects, here of shape ``(1,)``.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import chdtr, chdtrc, ndtri

from zalgebra.algebra.goodness import Figures, distances, smallest, tails, two_sided
from zalgebra.algebra.whiteness import channels, cosine_p

__all__ = ["population"]

BLOCK = 2**22  # cosines held at once
FARTHEST = 8.0  # deviates beyond it are the same to a test of n norms


def population(u: np.ndarray, *, free_radius: bool = True) -> Figures:
    """Figures of u ``(n, D)`` whose rows are independent draws of N(0, I).

    Per entry over the latents: the mean vector by n|ū|² ~ χ²_D, the pooled variance by
    χ²_(D(n-1)), and the worst single entry. Over all nD entries, taken as independent: distances
    from Φ, skewness, kurtosis. Over the latents: their norms' law, and the cosines of all pairs.
    """
    n, D = u.shape
    mean = u.mean(axis=0)
    total = np.array([np.einsum("nd,nd->", u, u) - n * mean @ mean])
    p = {"mean": np.array([chdtrc(D, n * mean @ mean)])}
    if free_radius:
        p["variance"] = two_sided(chdtr(D * (n - 1), total), chdtrc(D * (n - 1), total))
    effects = {
        "mean": np.array([math.sqrt(max(0.0, mean @ mean / D - 1 / n))]),
        "variance_ratio": total / (D * (n - 1)),
    }
    pooled = np.sort(u, axis=None)[None]
    parts = [distances(pooled), tails(pooled), _entries(u, free_radius), _norms(u, free_radius)]
    if D > 1:
        parts.append(_pairs(u))
    for more_p, more_effects in parts:
        p |= more_p
        effects |= more_effects
    return p, effects


def _entries(u: np.ndarray, free_radius: bool) -> Figures:
    """Each entry over the latents, as `channels` does for the channels of one latent."""
    p, effects = channels(u.T[None], free_radius=free_radius)
    renamed = {name.replace("channel", "entry"): value for name, value in effects.items()}
    return {"entries": p["channels"]}, renamed


def _norms(u: np.ndarray, free_radius: bool) -> Figures:
    """The law of the norms: χ²_D percentiles of |u|² are uniform over the latents.

    The effects are the median norm in units of √D, and the spread of the norms relative to that
    of the chi law.
    """
    D = u.shape[1]
    square = np.einsum("nd,nd->n", u, u)
    norms = np.sqrt(square)
    spread = math.sqrt(D - 2 * math.exp(2 * (math.lgamma((D + 1) / 2) - math.lgamma(D / 2))))
    effects = {
        "norm": np.array([np.median(norms) / math.sqrt(D)]),
        "norm_spread": np.array([norms.std(ddof=1) / spread]),
    }
    if not free_radius:
        return {}, effects
    deviates = np.clip(ndtri(chdtr(D, square)), -FARTHEST, FARTHEST)
    return {"norm": distances(np.sort(deviates)[None])[0]["ks"]}, effects


def _pairs(u: np.ndarray) -> Figures:
    """Cosines c of all pairs: the largest |c| (copies), and their mean square (a subspace).

    D c² has mean 1; the sum over pairs is judged by a Pearson III law of its exact first three
    moments, to which pairs add and triangles of latents add in the third.
    """
    n, D = u.shape
    norms = np.sqrt(np.einsum("nd,nd->n", u, u))
    v = u / np.where(norms > 0, norms, np.inf)[:, None]
    largest = total = 0.0
    for start in range(0, n, max(1, BLOCK // n)):
        block = v[start : start + max(1, BLOCK // n)]
        c = block @ v.T
        c[np.arange(len(block)), start + np.arange(len(block))] = 0
        largest = max(largest, float(np.abs(c).max()))
        total += float(np.einsum("ij,ij->", c, c)) / 2
    pairs = n * (n - 1) / 2
    deviation, third = _law_of_squares(n, D)
    freedom = 8 * deviation**6 / third**2
    chi2 = np.array([freedom + (total - pairs / D) / deviation * math.sqrt(2 * freedom)])
    p = {
        "pairs": smallest(np.array([cosine_p(np.array(largest), D)]), pairs),
        "directions": two_sided(chdtr(freedom, chi2), chdtrc(freedom, chi2)),
    }
    rms = math.sqrt(D * total / pairs)
    return p, {"cosine_max": np.array([largest]), "cosine_rms": np.array([rms])}


def _law_of_squares(n: int, D: int) -> tuple[float, float]:
    """Standard deviation and third central moment of Σ c² over all pairs of n random directions."""
    pairs = n * (n - 1) / 2
    q = (D - 1) * (D + 2) / 2  # dimension of the traceless symmetric matrices v vᵀ - I/D
    pair = 15 / (D * (D + 2) * (D + 4)) - 9 / (D**2 * (D + 2)) + 2 / D**3
    triangle = (1 - 1 / D) ** 3 / q**2
    third = pairs * pair + n * (n - 1) * (n - 2) * triangle
    return math.sqrt(pairs * 2 * (D - 1) / (D + 2)) / D, third
