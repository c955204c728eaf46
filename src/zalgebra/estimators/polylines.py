"""A polyline at an even pace, its wiggles smoothed."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

__all__ = ["drawn", "even"]

FINE = 8  # points of the polyline for each point of the result, while it is smoothed


def drawn(way: np.ndarray, steps: int, smooth: float, /) -> np.ndarray:
    r"""A polyline ``(k, D)`` as ``(steps, D)`` at an even pace, its wiggles smoothed, ends kept.

    y minimises $|y - x|^2 + \lambda |\Delta^2 y|^2$ between fixed ends, which halves waves of
    $2\pi\lambda^{1/4}$ points.
    """
    m = FINE * (steps - 1) + 1
    x = even(way, m)
    if smooth > 0 and m > 3:
        lam = (smooth * (m - 1) / (2 * np.pi)) ** 4
        second = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(m - 2, m))
        H = sparse.csc_array(sparse.eye_array(m) + lam * second.T @ second)
        inner, ends = slice(1, -1), [0, -1]
        right = x[inner] - H[inner][:, ends] @ x[ends]
        x[inner] = splu(sparse.csc_array(H[inner][:, inner])).solve(right)
    return even(x, steps)


def even(x: np.ndarray, steps: int, /) -> np.ndarray:
    """Points at equal shares of the length of a polyline."""
    covered = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(x, axis=0), axis=1))])
    x, covered = x[np.concatenate([[True], np.diff(covered) > 0])], np.unique(covered)
    at = np.linspace(0, covered[-1], steps)
    return np.stack([np.interp(at, covered, column) for column in x.T], axis=1)
