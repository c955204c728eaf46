"""Goodness of fit of rows of numbers to N(0, 1): statistics, their laws, vectorised over rows.

Each function takes u ``(n, D)`` in float64 and gives two dictionaries, p-values and effects, each
entry of shape ``(n,)``. A test that D entries cannot carry is left out.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TypeAlias

import numpy as np
from scipy.special import chdtr, chdtrc, kolmogorov, log_ndtr, ndtr, ndtri

__all__ = ["distances", "normal_p", "size", "smallest", "tails", "two_sided"]

Figures: TypeAlias = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]

SKEW_FROM, KURTOSIS_FROM = 8, 20  # entries below which the laws of these two are poor
# First-order corrections x + (a x² + b x + c)/D of the limiting laws: least-squares fits to
# Csörgő and Faraway (1996) and to Marsaglia and Marsaglia (2004), both right to 0.001 at D = 16.
# In this form the far tail stays right (to 20 % at p = 1e-5), where the latter's reaches 0.
CRAMER_VON_MISES = (0.7841, -0.1806, -0.0089)
ANDERSON_DARLING = (-0.0442, 0.0283, 0.0397)


def size(u: np.ndarray, *, free_radius: bool = True) -> Figures:
    """Norm, mean and variance: |u|² ~ χ²_D, √D ū ~ N(0, 1), Σ(u - ū)² ~ χ²_(D-1); all exact.

    ``free_radius=False`` leaves out the tests of norm and variance, for a prior that fixes both.
    """
    D = u.shape[1]
    square, mean = np.einsum("nd,nd->n", u, u), u.mean(axis=1)
    spread = np.maximum(square - D * mean**2, 0)
    below = chdtr(D, square)
    p = {"mean": normal_p(math.sqrt(D) * mean)}
    if free_radius:
        p["norm"] = two_sided(below, chdtrc(D, square))
        if D > 1:
            p["variance"] = two_sided(chdtr(D - 1, spread), chdtrc(D - 1, spread))
    effects = {
        "norm": np.sqrt(square / D),
        "norm_percentile": 100 * below,
        "mean": mean,
        "variance_ratio": spread / (D - 1) if D > 1 else square,
    }
    return p, effects


def tails(u: np.ndarray) -> Figures:
    """Skewness and excess kurtosis, after D'Agostino (1970) and Anscombe and Glynn (1983).

    A constant row has neither: its effects are 0 and its p-values 1.
    """
    D = u.shape[1]
    c = u - u.mean(axis=1, keepdims=True)
    c2 = c * c
    m2 = c2.mean(axis=1)
    m2 = np.where(m2 > 0, m2, np.inf)
    skew = np.einsum("nd,nd->n", c2, c) / D / m2**1.5
    kurtosis = np.where(np.isinf(m2), 3, np.einsum("nd,nd->n", c2, c2) / D / m2**2)
    p = {}
    if D >= SKEW_FROM:
        p["skew"] = np.where(np.isinf(m2), 1, normal_p(_skew_deviate(skew, D)))
    if D >= KURTOSIS_FROM:
        p["kurtosis"] = np.where(np.isinf(m2), 1, normal_p(_kurtosis_deviate(kurtosis, D)))
    return p, {"skew": skew, "kurtosis": kurtosis - 3}


def _skew_deviate(skew: np.ndarray, D: int) -> np.ndarray:
    """δ asinh(y/α), normal for the skewness of D normal entries: Johnson's S_U curve."""
    y = skew * math.sqrt((D + 1) * (D + 3) / (6 * (D - 2)))
    kurtosis = 3 * (D**2 + 27 * D - 70) * (D + 1) * (D + 3)
    kurtosis /= (D - 2) * (D + 5) * (D + 7) * (D + 9)
    w2 = math.sqrt(2 * (kurtosis - 1)) - 1
    return np.arcsinh(y * math.sqrt((w2 - 1) / 2)) / math.sqrt(math.log(w2) / 2)


def _kurtosis_deviate(kurtosis: np.ndarray, D: int) -> np.ndarray:
    """Normal for the kurtosis of D normal entries: a cube root, with its lower tail drawn in.

    Anscombe and Glynn's lower tail is too heavy at D from 30 to 1000 (D = 64: 3.5 times too many
    p-values below 1e-4), so negative deviates z become δ asinh(z/δ), δ fitted to 2 million rows.
    """
    x = kurtosis - 3 * (D - 1) / (D + 1)
    x *= (D + 1) * math.sqrt((D + 3) * (D + 5) / (24 * D * (D - 2) * (D - 3)))
    skew = 6 * (D**2 - 5 * D + 2) / ((D + 7) * (D + 9))
    skew *= math.sqrt(6 * (D + 3) * (D + 5) / (D * (D - 2) * (D - 3)))
    A = 6 + 8 / skew * (2 / skew + math.sqrt(1 + 4 / skew**2))
    with np.errstate(divide="ignore"):
        root = np.cbrt((1 - 2 / A) / (1 + x * math.sqrt(2 / (A - 4))))
    z = (1 - 2 / (9 * A) - root) / math.sqrt(2 / (9 * A))
    delta = math.sqrt(18 + D / 24)
    return np.where(z < 0, delta * np.arcsinh(z / delta), z)


def distances(u: np.ndarray) -> Figures:
    """Distances of each **sorted** row's distribution F_D from Φ.

    Kolmogorov-Smirnov sup |F_D - Φ| (p-value with the correction of Vrbik 2018, right to 0.001
    from D = 16 on), Cramér-von Mises W² = D ∫ (F_D - Φ)² dΦ and Anderson-Darling
    A² = D ∫ (F_D - Φ)² / (Φ (1 - Φ)) dΦ, and W1 = mean |u_(i) - Φ⁻¹((i - ½)/D)|. As effects W²
    and A² become √(W²/D) and √(A²/D), root mean square distances in probability.
    """
    D = u.shape[1]
    middle = (np.arange(D) + 0.5) / D
    gap = ndtr(u)
    gap -= middle
    ks = np.abs(gap).max(axis=1) + 0.5 / D
    W2 = np.einsum("nd,nd->n", gap, gap) + 1 / (12 * D)
    A2 = -D - 2 * (log_ndtr(u) @ middle + log_ndtr(-u) @ middle[::-1])
    A2 = np.maximum(A2, 0)  # rounding
    root = math.sqrt(D)
    # The second correction bends back far beyond D, where p is 0 anyway: it stops at D.
    p = {
        "ks": kolmogorov(root * ks + 1 / (6 * root) + (root * ks - 1) / (4 * D)),
        "cvm": _exceeds(W2 + np.polyval(CRAMER_VON_MISES, W2) / D, "cvm"),
        "ad": _exceeds(A2 + np.polyval(ANDERSON_DARLING, np.minimum(A2, D)) / D, "ad"),
    }
    np.subtract(u, ndtri(middle), out=gap)
    effects = {"w1": np.abs(gap, out=gap).mean(axis=1), "ks": ks}
    return p, effects | {"cvm": np.sqrt(W2 / D), "ad": np.sqrt(A2 / D)}


def _exceeds(x: np.ndarray, law: str) -> np.ndarray:
    """P(Q > x) of the limiting law: a sum of exponentials, exact to 1e-13 in the tail too."""
    y, weights = _smirnov(law)
    x = np.maximum(x, 40 / y.max())  # below it the terms left out count, and p is 1 to 1e-5
    return np.clip(np.exp(-np.multiply.outer(x, y) / 2) @ weights, 0, 1)


@cache
def _smirnov(law: str, terms: int = 10, nodes: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Nodes y and weights of Smirnov's formula for Q = Σ_j Z_j²/a_j, Z_j standard normal.

    P(Q > x) = (1/π) Σ_k (-1)^(k+1) ∫ e^(-xy/2) / (y √|d(y)|) dy over (a_(2k-1), a_2k), where
    d(y) = Π_j (1 - y/a_j); Gauss-Chebyshev, since the ends are inverse square roots. In the
    limit W² has a_j = (jπ)² and A² has a_j = j(j+1). Durbin and Knott (1972) give both.
    """
    k = np.arange(terms)[:, None]
    if law == "cvm":
        low, high = ((2 * k + 1) * np.pi) ** 2, ((2 * k + 2) * np.pi) ** 2
    else:
        low, high = (2 * k + 1) * (2 * k + 2.0), (2 * k + 2) * (2 * k + 3.0)
    y = (low + high) / 2 + (high - low) / 2 * np.cos((np.arange(nodes) + 0.5) * np.pi / nodes)
    if law == "cvm":
        d = np.sin(np.sqrt(y)) / np.sqrt(y)
    else:
        d = np.cos(np.pi / 2 * np.sqrt(1 + 4 * y)) / (np.pi * y)
    weights = np.sqrt((y - low) * (high - y) / np.abs(d)) / (nodes * y) * (-1.0) ** k
    return y.ravel(), weights.ravel()


def normal_p(z: np.ndarray) -> np.ndarray:
    """Two-sided p-values of standard normal deviates."""
    return 2 * ndtr(-np.abs(z))


def two_sided(below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Twice the smaller of the two tails."""
    return np.minimum(1.0, 2 * np.minimum(below, above))


def smallest(p: np.ndarray, count: float) -> np.ndarray:
    """The p-value of the smallest of ``count`` independent p-values: 1 - (1 - p)^count."""
    with np.errstate(divide="ignore"):
        return -np.expm1(count * np.log1p(-np.asarray(p)))
