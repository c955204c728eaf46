"""The law of each entry of data, as a piecewise linear bijection to its normal scores."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from array_api_compat import is_dask_array
from scipy.special import ndtr, ndtri

from zalgebra.algebra._arrays import namespace, working_dtype
from zalgebra.algebra.priors._constant import Constant
from zalgebra.algebra.priors.shrinkage import spread
from zalgebra.types import Array

__all__ = ["Quantiles"]

FLAT = 1e-3  # standard deviations that a tied value rises by, each unit of its normal score
BLOCK = 4096  # entries that are fitted at once, so that fitting needs little memory


class Quantiles:
    """u = Φ⁻¹(F_j(z)) for each entry j, where F_j is the distribution of data.

    The scores u_k = u_0 + k Δ are one grid for all entries; x_kj is entry j's quantile at Φ(u_k).
    Between neighbours the map is linear: z lies at the position p = k + t of the grid, with
    t = (z - x_k) / (x_{k+1} - x_k), and u = u_0 + p Δ. The first and the last segment go on for
    ever: a Gaussian tail, with the slope of the data over the outermost unit of score.

    Parameters
    ----------
    rows
        Data ``(n, D)``.
    knots
        How many quantiles an entry keeps at most; 8 · knots · D bytes in all.
    """

    def __init__(self, rows: np.ndarray, knots: int) -> None:
        n, D = rows.shape
        K = min(n, knots)
        scores = ndtri(0.5 / n) * np.linspace(1, -1, K)
        centre = np.median(rows, axis=0)
        flat = FLAT * spread(rows - rows.mean(axis=0))
        x = np.empty((K + 2, D))
        for j in range(0, D, BLOCK):
            entries = slice(j, j + BLOCK)
            Z = rows[:, entries] - centre[entries]
            x[:, entries] = _knots(Z, scores, flat[entries])
        self.step = float(scores[1] - scores[0])
        self.start = float(scores[0]) - self.step
        self._x, self._centre = Constant(x), Constant(centre)

    def to_normal(self, rows: Array, /) -> Array:
        """Normal scores of rows ``(n, D)``."""
        return _by_block(lambda z: self.start + self.step * self._position(z), rows)

    def from_normal(self, scores: Array, /) -> Array:
        """Rows ``(n, D)`` of normal scores."""
        return _by_block(lambda u: self._value((u - self.start) / self.step), scores)

    def log_slope(self, rows: Array, /) -> Array:
        """Log du/dz of each entry of rows ``(n, D)``."""
        return _by_block(self._log_slope, rows)

    def _position(self, z: Array) -> Array:
        xp, z = namespace(z), z - self._centre.like(z)
        k = _segment(z, self._x.like(z))
        x, gap = self._ends(z, k)
        return xp.astype(k, z.dtype) + (z - x) / gap

    def _value(self, p: Array) -> Array:
        xp = namespace(p)
        last = float(len(self._x.array) - 2)
        k = xp.astype(xp.floor(xp.clip(p, 0.0, last)), _integers(xp))
        x, gap = self._ends(p, k)
        return x + (p - xp.astype(k, p.dtype)) * gap + self._centre.like(p)

    def _log_slope(self, z: Array) -> Array:
        z = z - self._centre.like(z)
        _, gap = self._ends(z, _segment(z, self._x.like(z)))
        return math.log(self.step) - namespace(z).log(gap)

    def _ends(self, like: Array, k: Array) -> tuple[Array, Array]:
        """The lower end and the length of segment k; lengths below rounding are called 1."""
        xp, x = namespace(like), self._x.like(like)
        low = xp.take_along_axis(x, k, axis=0)
        gap = xp.take_along_axis(x, k + 1, axis=0) - low
        return low, xp.where(gap > 0, gap, xp.ones_like(gap))


def _segment(z: Array, x: Array) -> Array:
    """The k with x_k ≤ z < x_{k+1}, the first or last segment beyond: a binary search per entry."""
    xp = namespace(z)
    last = x.shape[0] - 2
    k = xp.zeros_like(z, dtype=_integers(xp))
    for power in reversed(range(last.bit_length())):
        ahead = xp.clip(k + 2**power, 0, last)
        k = xp.where(xp.take_along_axis(x, ahead, axis=0) <= z, ahead, k)
    return k


def _integers(xp: object) -> object:
    """The library's dtype of indices."""
    return xp.__array_namespace_info__().default_dtypes()["indexing"]  # ty: ignore


def _by_block(f: Callable[[Array], Array], rows: Array) -> Array:
    """Rows ``(n, D)`` through f in their working precision; Dask cannot gather: by blocks."""
    if is_dask_array(rows):
        whole = rows.rechunk({1: -1})
        return whole.map_blocks(
            lambda block: _by_block(f, block), dtype=rows.dtype, meta=rows._meta
        )
    xp = namespace(rows)
    y = f(xp.astype(rows, working_dtype(rows), copy=False))
    return xp.astype(y, rows.dtype, copy=False)


def _knots(Z: np.ndarray, scores: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Quantiles ``(K + 2, D)`` at the scores and one step beyond them, strictly ascending."""
    n, Z = len(Z), np.sort(Z, axis=0)
    rank = np.clip(n * ndtr(scores) - 0.5, 0, n - 1)[:, None]  # (Hazen's) among 0 ... n - 1
    i = np.minimum(rank[:, 0].astype(int), n - 2)
    x = _untied(Z[i] + (rank - i[:, None]) * (Z[i + 1] - Z[i]), scores[:, None], flat)
    step = scores[1] - scores[0]
    reach = min(max(round(1 / step), 1), len(scores) - 1)  # knots in one unit of score
    low, high = (x[reach] - x[0]) / reach, (x[-1] - x[-1 - reach]) / reach
    return np.concatenate([[x[0] - low], x, [x[-1] + high]])


def _untied(x: np.ndarray, scores: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Knots ``(K, D)`` where tied ones rise a little around their middle rank.

    A value that takes the ranks from p to q has the score Φ⁻¹((p + q)/2) itself, and its knots rise
    by ``flat`` a unit of score, or by a third of the gap to the next value in all.
    """
    K, D = x.shape
    k, gaps, edge = np.arange(K)[:, None], np.diff(x, axis=0), np.full((1, D), np.inf)
    below, above = np.concatenate([edge, gaps]), np.concatenate([gaps, edge])
    first = np.maximum.accumulate(np.where(below > 0, k, 0), axis=0)
    last = np.minimum.accumulate(np.where(above > 0, k, K - 1)[::-1], axis=0)[::-1]
    p, q = scores[first, 0], scores[last, 0]
    room = np.minimum(np.take_along_axis(below, first, 0), np.take_along_axis(above, last, 0)) / 3
    slope = np.minimum(flat, room / np.where(q > p, q - p, np.inf))
    slope = np.where(q > p, slope, 0.0)
    return x + slope * (scores - ndtri((ndtr(p) + ndtr(q)) / 2))
