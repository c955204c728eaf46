"""Rows of weights: every interpolation, path and average is a choice of these.

Each function gives an array of shape ``(..., k)`` for `zalgebra.combine`.
"""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, namespace
from zalgebra.types import Array, BadInput

__all__ = ["line", "polyline", "uniform"]


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


def polyline(k: int, steps: int, *, closed: bool = False) -> np.ndarray:
    """Weights of ``steps`` evenly timed positions through ``k`` keyframes in order.

    Every segment takes the same time; both ends are keyframes, so an open path starts at weights
    (1, 0, ...) and ends at (..., 0, 1) exactly. A closed path returns to the first keyframe and
    leaves that repeated frame out, so that it loops without a stutter.

    Parameters
    ----------
    k
        Number of keyframes, at least 2.
    steps
        Number of positions, at least 2.
    closed
        Whether the path returns from the last keyframe to the first.

    Returns
    -------
    numpy.ndarray
        Shape ``(steps, k)``; each row sums to 1.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.polyline(3, 5)
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0. , 1. , 0. ],
           [0. , 0.5, 0.5],
           [0. , 0. , 1. ]])
    """
    k, steps = at_least("keyframes", k, 2), at_least("steps", steps, 2)
    end = k if closed else k - 1
    s = np.arange(steps) * end / (steps if closed else steps - 1)  # whole numbers come out exact
    segment = np.minimum(np.floor(s).astype(int), end - 1)
    t = s - segment
    w = np.zeros((steps, k))
    rows = np.arange(steps)
    w[rows, segment] = 1 - t
    w[rows, (segment + 1) % k] += t
    return w


def uniform(k: int) -> np.ndarray:
    """Weights ``(1/k, ..., 1/k)`` of a centroid of ``k`` seeds.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.uniform(4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    return np.full(at_least("seeds", k, 1), 1 / k)


def at_least(name: str, value: int, least: int) -> int:
    """The whole number ``value``, if it is at least ``least``."""
    try:
        number = operator.index(value)
    except TypeError as error:
        raise BadInput(f"`{name}` must be a whole number, got {value!r}") from error
    if number < least:
        raise BadInput(f"`{name}` must be at least {least}, got {number}")
    return number
