"""The latitude of von Mises-Fisher points, and the map of its law onto that of uniform points.

The latitude is ξ = atanh t for t = ⟨m, x⟩, with the density p(ξ) ∝ exp(κ tanh ξ) / cosh(ξ)^n and
n = d - 1. Its distribution function F is never taken alone, but as the Mills ratio F/p, whose
logarithm is exact however small F is.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit

from zalgebra.algebra._arrays import as_like, namespace
from zalgebra.types import Array

__all__ = ["Quintic", "dilations", "fitted_concentration", "log_total"]


class Quintic:
    """A function from its values and two derivatives at knots; constant beyond the knots."""

    def __init__(self, knots: np.ndarray, f: np.ndarray, df: np.ndarray, ddf: np.ndarray) -> None:
        h = np.diff(knots)
        start = np.stack([f[:-1], h * df[:-1], h**2 * ddf[:-1] / 2])
        end = np.stack([f[1:], h * df[1:], h**2 * ddf[1:]])
        rest = np.linalg.solve(AT_ONE[:, 3:], end - AT_ONE[:, :3] @ start)
        self.knots = knots
        self.pieces = np.stack([knots[:-1], 1 / h, *start, *rest], axis=-1)

    def __call__(self, x: Array, /) -> Array:
        xp = namespace(x)
        x = xp.clip(x, float(self.knots[0]), float(self.knots[-1]))
        inner = as_like(self.knots[1:-1], x)
        piece = xp.take(as_like(self.pieces, x), xp.searchsorted(inner, x), axis=0)
        s = (x - piece[:, 0]) * piece[:, 1]
        value = piece[:, 7]
        for power in range(6, 1, -1):
            value = value * s + piece[:, power]
        return value


# The value and two derivatives at 1 of the powers 0 to 5.
AT_ONE = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5], [0, 0, 2, 6, 12, 20]], dtype=float)
KNOTS = 16  # a standard deviation of the uniform law's latitude
DEEPEST = 800.0  # the log probability to which the laws are matched, 40 standard deviations
WIDEST = 20.0  # or the latitude: a distance from the pole of 4e-9, near rounding


def dilations(k: float, n: int) -> tuple[Quintic, Quintic]:
    """The log factors ξ - η(ξ) and η - ξ(η) for the matched latitudes, with n = d - 1.

    With F_κ(ξ) = F₀(η) and the Mills ratios M = F/F', dξ/dη = M_κ(ξ) / M₀(η).
    """
    widest = np.arccosh(np.exp(min(DEEPEST / n, WIDEST)))
    south = np.linspace(-widest, 0, math.ceil(KNOTS * widest * math.sqrt(n)) + 2)
    lower, upper = _matched(south, k, n), _matched(south, -k, n)
    eta = np.concatenate([south, -south[-2::-1]])
    xi = np.concatenate([lower[0], -upper[0][-2::-1]])
    slope = np.concatenate([lower[1], upper[1][-2::-1]])
    bend = slope * (_slope(eta, 0, n) - slope * _slope(xi, k, n))
    forward = Quintic(xi, xi - eta, 1 - 1 / slope, bend / slope**3)
    return forward, Quintic(eta, eta - xi, 1 - slope, -bend)


def _matched(eta: np.ndarray, k: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes ξ with F_κ(ξ) = F₀(η) for η ≤ 0, and dξ/dη; by Newton's steps and bisection.

    The upper halves of the laws are the lower ones of -κ.
    """
    mode, M0 = _mode(k, n), _mills(eta, 0, n)
    sd = 1 / math.sqrt(-float(_bend(mode, k, n)))
    target = np.log(M0) - n * _log_cosh(eta) - log_total(0, n) + log_total(k, n)
    low, high = np.full_like(eta, -100.0), np.full_like(eta, mode + 3 * sd)
    xi, ratio = mode + math.sqrt(n) * sd * eta, np.ones_like(eta)
    left = np.arange(eta.size)
    for step in range(100):
        x = xi[left]
        M = _mills(x, k, n)
        ratio[left] = M / M0[left]
        excess = np.log(M) + k * np.tanh(x) - n * _log_cosh(x) - target[left]
        low[left], high[left] = np.where(excess > 0, (low[left], x), (x, high[left]))
        new, done = x - excess * M, np.abs(excess * M) <= 1e-12 * (1 + np.abs(x))
        inside = (low[left] <= new) & (new <= high[left]) & (step % 4 < 3)  # else it may cycle
        xi[left] = np.where(done | inside, new, (low[left] + high[left]) / 2)
        left = left[~done]
        if not left.size:
            break
    return xi, ratio


_V = np.arange(-3.5, 7.5, 0.05)
NODES = np.exp(_V - np.exp(-_V))
WEIGHTS = 0.05 * NODES * (1 + np.exp(-_V))


def _mills(x: np.ndarray, k: float, n: int) -> np.ndarray:
    """The Mills ratio F/F' at latitudes ``x``: ∫ p(ξ - s) / p(ξ) ds over s > 0."""
    return _below(x, k, n)[1].sum(axis=-1)


def _below(x: np.ndarray, k: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes y = ξ - s below each of ``x``, and weights that integrate over p(y) / p(ξ).

    The double exponential rule of Takahasi and Mori (1974), s = h exp(v - e^-v): good to 1e-12,
    also where the length h of the decay is known only roughly.
    """
    h = (1 / np.sqrt(_slope(x, k, n) ** 2 + np.abs(_bend(x, k, n))))[:, None]
    s, x = h * NODES, x[:, None]
    y = x - s
    # tanh x - tanh y = sinh s / (cosh x cosh y), with no difference of numbers near 1
    tanhs = np.exp(s + np.log(-np.expm1(-2 * s) / 2) - _log_cosh(x) - _log_cosh(y))
    return y, h * WEIGHTS * np.exp(n * (_log_cosh(x) - _log_cosh(y)) - k * tanhs)


def log_total(k: float, n: int) -> float:
    """The log of ∫ exp(κ tanh ξ) / cosh(ξ)^n dξ, which is ∫ exp(κ t) (1 - t²)^(n/2 - 1) dt."""
    mode = _mode(k, n)
    peak = k * math.tanh(mode) - n * float(_log_cosh(mode))
    return peak + math.log(_around_mode(k, n)[1].sum())


def _around_mode(k: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes on both sides of the mode, and weights that integrate over p(y) / p(mode)."""
    mode = np.array([_mode(k, n)])
    (south, w_south), (north, w_north) = _below(mode, k, n), _below(-mode, -k, n)
    return np.concatenate([south, -north], axis=1), np.concatenate([w_south, w_north], axis=1)


def _mode(k: float, n: int) -> float:
    """The latitude where p is greatest: sinh 2ξ = 2κ/n."""
    return math.asinh(2 * k / n) / 2


def _slope(x: np.ndarray | float, k: float, n: int) -> np.ndarray:
    """The derivative of log p."""
    return k / np.cosh(x) ** 2 - n * np.tanh(x)


def _bend(x: np.ndarray | float, k: float, n: int) -> np.ndarray:
    """The second derivative of log p."""
    return -(n + 2 * k * np.tanh(x)) / np.cosh(x) ** 2


def _log_cosh(x: np.ndarray | float) -> np.ndarray:
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2)


def fitted_concentration(R: float, d: int) -> float:
    """The κ at which the mean of t is R: Newton's steps on A_d(κ) = R, with A' the variance."""
    k = R * (d - R**2) / (1 - R**2)
    for _ in range(10):
        y, w = _around_mode(k, d - 1)
        south, w = 2 * expit(-2 * y), w / w.sum()  # 1 - t, exact near the pole
        mean = float(np.sum(w * south))
        k += (mean - (1 - R)) / float(np.sum(w * (south - mean) ** 2))
    return k
