"""Rows of weights: every interpolation, path, average and grid is a choice of these.

Each builder gives an array of shape ``(..., k)`` for `zalgebra.combine`; `lengths` measures the
way that a path has to go.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, namespace
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.paths import lengths, loop, polyline, spline
from zalgebra.types import Array, BadInput

__all__ = [
    "corner_grid",
    "lengths",
    "line",
    "loop",
    "polyline",
    "simplex_grid",
    "spline",
    "subspace_grid",
    "uniform",
]

MOST_ROWS = 10_000_000  # of a simplex grid: 80 MB a seed


def line(t: Array | ArrayLike, /) -> Array:
    """Weights ``(1 - t, t)`` of two seeds.

    Parameters
    ----------
    t
        Position between the first seed (0) and the second (1), a number or an array ``(n,)``;
        values outside [0, 1] extrapolate.

    Returns
    -------
    array
        Shape ``(2,)`` for a number, ``(n, 2)`` for an array; in the library of ``t`` and with its
        gradient, in NumPy for plain numbers.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.line([0, 0.25, 1])
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.  , 1.  ]])
    """
    s = as_latents(t, "t")
    if s.ndim > 1:
        raise BadInput(f"`t` must be a number or a vector of numbers, got shape {tuple(s.shape)}")
    return namespace(s).stack([1 - s, s], axis=-1)


def uniform(k: int) -> np.ndarray:
    """Weights ``(1/k, ..., 1/k)`` of the centroid of ``k`` seeds.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.uniform(4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    return np.full(at_least("seeds", k, 1), 1 / k)


def simplex_grid(k: int, n: int) -> np.ndarray:
    """All weights of ``k`` seeds that are multiples of 1/n, none negative, with sum 1.

    Parameters
    ----------
    k
        Number of seeds, at least 1.
    n
        Steps along each edge of the simplex, at least 1.

    Returns
    -------
    numpy.ndarray
        Shape ``(C(n + k - 1, k - 1), k)``, in falling lexicographic order: from (1, 0, ..., 0),
        the first weight falls slowest, to (0, ..., 0, 1).

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.simplex_grid(3, 2)
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 1. , 0. ],
           [0. , 0.5, 0.5],
           [0. , 0. , 1. ]])
    """
    k, n = at_least("k", k, 1), at_least("n", n, 1)
    count = math.comb(n + k - 1, k - 1)
    if count > MOST_ROWS:
        raise BadInput(
            f"a simplex grid of {k} seeds in {n} steps has {count:,} rows, over {MOST_ROWS:,}; "
            "take fewer steps, or draw Dirichlet weights"
        )
    # n stars and k - 1 bars between them; the stars between two bars are one weight.
    bars = np.array(list(itertools.combinations(range(n + k - 1), k - 1)), dtype=int)
    bars = np.pad(bars.reshape(count, k - 1)[::-1], ((0, 0), (1, 1)), constant_values=-1)
    bars[:, -1] = n + k - 1
    return (np.diff(bars, axis=1) - 1) / n


def subspace_grid(
    k: int,
    n: int | Sequence[int],
    *,
    extent: float = 1.0,
    axes: Sequence[int] = (0, 1),
    at: ArrayLike | None = None,
) -> np.ndarray:
    """Rows of a regular grid in the space of ``k`` weights, around the centroid.

    Weights ``at`` + a e_i + b e_j for a and b from -extent to extent. `zalgebra.Subspace.grid`
    lays the same grid in the coordinates of a subspace.

    Parameters
    ----------
    k
        Number of seeds, or of coordinates.
    n
        Points along each axis, or one number for each.
    extent
        Half the grid's width.
    axes
        The weights that vary, counted from 0; all others stay as in ``at``.
    at
        The grid's middle ``(k,)``; default `uniform` weights.

    Returns
    -------
    numpy.ndarray
        Shape ``(n, n, k)`` for two axes; entry [i, j] is i steps along the first of ``axes`` and j
        along the second.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.subspace_grid(3, (2, 3), at=[0, 0, 1])[..., :2].tolist()
    [[[-1.0, -1.0], [-1.0, 0.0], [-1.0, 1.0]], [[1.0, -1.0], [1.0, 0.0], [1.0, 1.0]]]
    """
    middle = uniform(k) if at is None else np.asarray(as_latents(at, "at"), dtype=float)
    axes = tuple(operator.index(a) for a in axes)
    if middle.shape != (k,):
        raise BadInput(f"`at` must have shape ({k},), got {middle.shape}")
    if not axes or len(set(axes)) < len(axes) or not set(axes) <= set(range(k)):
        raise BadInput(f"`axes` must be different numbers from 0 to {k - 1}, got {axes}")
    sizes = _sizes(n, len(axes), 1)
    points = np.broadcast_to(middle, (*sizes, k)).copy()
    for axis, offsets in zip(
        axes, np.meshgrid(*map(_symmetric, sizes), indexing="ij"), strict=True
    ):
        points[..., axis] += extent * offsets
    return points


def corner_grid(k: int, n: int | Sequence[int], *, beyond: int = 0) -> np.ndarray:
    """Rows of a lattice between the corners of a square, which are the seeds themselves.

    With s from 0 at the left to 1 at the right and t from 0 above to 1 below, four seeds have the
    bilinear weights ((1 - s)(1 - t), s (1 - t), (1 - s) t, s t). Three have (1 - s - t, s, t), the
    plane that they span, so that the fourth corner is their analogy: the second and the third
    without the first.

    Parameters
    ----------
    k
        Number of seeds, 3 or 4: upper left, upper right, lower left and, of four, lower right.
    n
        Places along each side, both corners included, at least 2; or one number for the rows and
        one for the columns.
    beyond
        Places more at each end, of the same step; weights may be negative there.

    Returns
    -------
    numpy.ndarray
        Shape ``(rows, columns, k)``; each row of weights has sum 1.

    Raises
    ------
    BadInput
        If k is neither 3 nor 4, a side has fewer than 2 places, or ``beyond`` is below 0.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.corner_grid(3, 2).tolist()
    [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0], [-1.0, 1.0, 1.0]]]
    >>> weights.corner_grid(4, 3)[1, 1]
    array([0.25, 0.25, 0.25, 0.25])
    """
    if k not in (3, 4):
        raise BadInput(f"a lattice has 3 or 4 corners, got `k` = {k}")
    beyond = at_least("beyond", beyond, 0)
    t, s = np.meshgrid(
        *(np.arange(-beyond, size + beyond) / (size - 1) for size in _sizes(n, 2, 2)),
        indexing="ij",
    )
    if k == 3:
        return np.stack([1 - s - t, s, t], axis=-1)
    return np.stack([(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t], axis=-1)


def _sizes(n: int | Sequence[int], k: int, least: int) -> tuple[int, ...]:
    """How many places there are along each of ``k`` axes."""
    sizes = tuple(n) if isinstance(n, Sequence) else (n,) * k
    if len(sizes) != k:
        raise BadInput(f"`n` must be one number, or one for each of {k} axes, got {n}")
    return tuple(at_least("n", size, least) for size in sizes)


def _symmetric(n: int) -> np.ndarray:
    """``n`` numbers from -1 to 1, mirrored exactly; 0 for one."""
    return (2 * np.arange(n) - (n - 1)) / max(n - 1, 1)
