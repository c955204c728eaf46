"""What the laws are judged by: equality to rounding, and tests of distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import namespace, to_numpy
from zalgebra.types import Array

__all__ = [
    "ALPHA",
    "DRAWS",
    "MIXED",
    "BrokenLaw",
    "Make",
    "alike",
    "close",
    "demand",
    "follows",
    "rows",
    "same_kind",
]

ALPHA = 1e-4
DRAWS = 1000  # of a distributional law
MIXED = np.array([0.8, -0.5, 1.3])  # weights of both signs, whose sum is not 1
Make = Callable[[np.ndarray], Array]


class BrokenLaw(AssertionError):
    """A law does not hold; the message says which, by how much, and for what."""

    __module__ = "zalgebra.testing"  # where it is imported from


def rows(z: Array) -> np.ndarray:
    """Latents as ``(n, D)`` in float64."""
    flat = to_numpy(z).astype(float)
    return flat.reshape(len(flat), -1)


def demand(holds: bool, sentence: str) -> None:
    """Raise `BrokenLaw` unless it holds."""
    if not holds:
        raise BrokenLaw(sentence)


def same_kind(a: Array, b: Array, who: Any) -> None:
    """Of one library, dtype and shape."""
    same = namespace(a) is namespace(b) and a.dtype == b.dtype and a.shape == b.shape
    words = f"{type(a).__name__} {a.dtype} {tuple(a.shape)}"
    demand(same, f"{who!r}: got {words} for {type(b).__name__} {b.dtype} {tuple(b.shape)}")


def close(a: Array, b: Array, law: str, like: Array | None = None) -> None:
    """Equal to rounding, by the dtype of what was mapped."""
    kind = b if like is None else like
    eps = float(namespace(kind).finfo(kind.dtype).eps)
    a, b = rows(a), rows(b)
    scale = 1 + np.abs(b)
    off, most = np.max(np.abs(a - b) / scale, initial=0), max(2000 * eps, 1e-10)
    demand(off < most, f"{law}: off by {off:.1e}, more than the rounding of {kind.dtype}")


def follows(p: np.ndarray, law: str) -> None:
    """The probabilities are uniform, by Kolmogorov and Smirnov's test at `ALPHA`."""
    from scipy.stats import kstest

    found = kstest(p, "uniform").pvalue
    demand(found > ALPHA, f"{law}: Kolmogorov-Smirnov p = {found:.1e} on {len(p)} draws")


def alike(a: np.ndarray, b: np.ndarray, law: str) -> None:
    """Both are of one distribution, by the test of two samples."""
    from scipy.stats import ks_2samp

    found = ks_2samp(a, b).pvalue
    demand(found > ALPHA, f"{law}: two-sample Kolmogorov-Smirnov p = {found:.1e}")
