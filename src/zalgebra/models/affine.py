"""Two maps between rows, asked whether they are affine, and read off as matrices if they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Affine", "read_affine"]

Map = Callable[[np.ndarray], np.ndarray]
TOLERANCE = 1e-5  # relative departure that is still rounding


@dataclass(frozen=True)
class Affine:
    r"""The arrays of $z = A(x - m) + b$ and $\hat x = S z + m$, for rows from the left."""

    A: np.ndarray
    b: np.ndarray
    S: np.ndarray
    m: np.ndarray


def read_affine(forward: Map, backward: Map, Z: np.ndarray, size: int, /) -> Affine | None:
    """The matrices of two maps, or None if the maps are not affine.

    They are read off the values at 0 and at the unit vectors, and then held to those at other
    places: at latents Z ``(n, k)``, at the data of ``size`` entries that they stand for, and
    beside these. What the maps may refuse, as NMF refuses negative entries, no matrices can do.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # places that no user asks for
        try:
            X = backward(Z)
            m, S = _at_units(backward, Z.shape[1])
            if not _close(X, Z @ S + m):
                return None
            beside = X + X.std() * np.random.default_rng(0).standard_normal(X.shape)
            there = forward(beside)
            b, A = _at_units(lambda x: forward(x + m), size)
        except Exception:  # whatever somebody's maps may raise
            return None
        return Affine(A.T, b, S.T, m) if _close(there, (beside - m) @ A + b) else None


def _at_units(f: Map, size: int) -> tuple[np.ndarray, np.ndarray]:
    """``f(0)``, and the rows ``f(e_i) - f(0)``."""
    origin = f(np.zeros((1, size)))[0]
    return origin, f(np.eye(size)) - origin


def _close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(found - expected).max() <= TOLERANCE * np.abs(found).max())
