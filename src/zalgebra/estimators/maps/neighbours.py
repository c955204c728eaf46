"""Nearest neighbours, exactly, and the weights that they are given."""

from __future__ import annotations

import numpy as np

__all__ = ["interpolating", "nearest", "nearest_others", "smoothing"]

FEW = 3  # axes up to which a tree is faster than all distances
BLOCK = 1 << 24  # distances held at once
SPARE = 4  # candidates more than asked: a matrix product orders ties by its rounding


def nearest(asked: np.ndarray, known: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and distances ``(m, k)`` of the k known points nearest to each point, the nearest first.

    Distances are differences and no products, so that a known point is at 0 from itself.
    """
    k = min(k, len(known))
    if known.shape[1] <= FEW:
        from scipy.spatial import KDTree

        apart, rows = KDTree(known).query(asked, k=np.arange(1, k + 1))
        return rows, apart
    square = np.einsum("ij,ij->i", known, known)
    step = max(1, BLOCK // max(len(known), k * known.shape[1]))
    parts = [_block(asked[i : i + step], known, square, k) for i in range(0, len(asked), step)]
    rows, apart = zip(*parts, strict=True) if parts else ([np.empty((0, k), int)], [_none(k)])
    return np.concatenate(rows), np.concatenate(apart)


def _none(k: int) -> np.ndarray:
    return np.empty((0, k))


def _block(
    asked: np.ndarray, known: np.ndarray, square: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    most = min(k + SPARE, len(known))
    rough = square - 2 * (asked @ known.T)
    rows = np.argpartition(rough, most - 1, axis=1)[:, :most]
    apart = np.linalg.norm(known[rows] - asked[:, None], axis=-1)
    order = np.lexsort((rows, apart), axis=-1)[:, :k]
    return np.take_along_axis(rows, order, 1), np.take_along_axis(apart, order, 1)


def nearest_others(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest` of the points themselves, without each point itself."""
    n = len(points)
    k = min(k, n - 1)
    rows, apart = nearest(points, points, k + 1)
    own = rows == np.arange(n)[:, None]
    own[~own.any(axis=1), -1] = True  # k of its doubles came first: they stand for it
    return rows[~own].reshape(n, k), apart[~own].reshape(n, k)


def interpolating(apart: np.ndarray) -> np.ndarray:
    r"""Weights ``(m, k)`` of sum 1 that meet every known point exactly, and change continuously.

    Of ascending distances ``(m, k + 1)``, with R the last of them (Franke and Nielson 1980),

    $$w_j \propto \left(\frac{R - d_j}{R\, d_j}\right)^2 .$$
    """
    reach, least = apart[:, -1:], apart[:, :1]
    d = apart[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        w = ((1 - d / reach) * np.where(d == least, 1, least / d)) ** 2
    return _normalised(w)


def smoothing(apart: np.ndarray) -> np.ndarray:
    r"""Weights ``(m, k)`` of sum 1 that fall smoothly to 0 at the (k + 1)-th neighbour.

    The biweight kernel of ascending distances ``(m, k + 1)``, with R the last of them,

    $$w_j \propto \left(1 - (d_j / R)^2\right)^2 .$$
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        w = (1 - (apart[:, :-1] / apart[:, -1:]) ** 2) ** 2
    return _normalised(w)


def _normalised(w: np.ndarray) -> np.ndarray:
    """Rows of sum 1; equal weights where all neighbours are equally far."""
    total = w.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        w = w / total
    return np.where(np.isfinite(w).all(axis=1, keepdims=True), w, 1 / w.shape[1])
