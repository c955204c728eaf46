"""Weights of the ways through keyframes: straight, smooth, closed, at an even pace.

`zalgebra.algebra.weights` offers these builders beside its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from array_api_compat import is_dask_array
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import (
    as_latents,
    flatten,
    is_concrete,
    namespace,
    to_numpy,
    working_dtype,
)
from zalgebra.algebra._whole import at_least
from zalgebra.types import Array, BadInput, Prior

__all__ = ["lengths", "loop", "polyline", "spline"]


def polyline(
    k: int, steps: int, *, closed: bool = False, pace: ArrayLike | None = None
) -> np.ndarray:
    r"""Weights of ``steps`` positions through ``k`` keyframes in order.

    Both ends are keyframes, so an open path starts at weights (1, 0, ...) and ends at (..., 0, 1)
    exactly. A closed path returns to the first keyframe and leaves that repeated frame out, so that
    it loops without a stutter. Without ``pace`` every segment takes the same time, with weights
    $(1 - t, t)$. With it, a segment of length $\Omega$ takes time in proportion to $\Omega$, with

    $$w \propto (\sin((1 - t)\,\Omega),\; \sin(t\,\Omega)) ,$$

    so that `combine`'s result turns at one speed along the whole path, exactly so for keyframes
    of equal norm (in high dimension all have nearly the same).

    Parameters
    ----------
    k
        Number of keyframes, at least 2.
    steps
        Number of positions, at least 2.
    closed
        Whether the path returns from the last keyframe to the first.
    pace
        Length of each segment as an angle in radians, ``(k - 1,)``, or ``(k,)`` if closed,
        between 0 and π: see `lengths`.

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
    >>> weights.polyline(3, 4, pace=[1.0, 0.5]).round(2)
    array([[1. , 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0. , 1. , 0. ],
           [0. , 0. , 1. ]])
    """
    s, end = _times(k, steps, closed)
    omega = None if pace is None else _pace(pace, end)
    s = s if omega is None else _at_arc_length(s / end, omega)
    segment = np.minimum(np.floor(s).astype(int), end - 1)
    t = s - segment
    t = t if omega is None else _on_arc(t, omega[segment])
    w = np.zeros((len(s), k))
    rows = np.arange(len(s))
    w[rows, segment] = 1 - t
    w[rows, (segment + 1) % k] += t
    return w


def loop(k: int, steps: int, *, pace: ArrayLike | None = None) -> np.ndarray:
    """Weights ``(steps, k)`` of a closed `polyline` through ``k`` keyframes.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.loop(2, 4)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ],
           [0.5, 0.5]])
    """
    return polyline(k, steps, closed=True, pace=pace)


def lengths(
    seeds: Array | Sequence[Array], /, *, closed: bool = False, prior: Prior | None = None
) -> np.ndarray:
    """Angles in radians between consecutive seeds, for the ``pace`` of a path through them.

    They are taken in the prior's standard normal coordinates, where almost all latents lie on a
    shell of radius √D: an angle Ω is an arc of length √D Ω on it.

    Parameters
    ----------
    seeds
        ``k`` latents ``(k, *shape)``, at least 2, none of them the prior's centre.
    closed
        Whether the way back from the last seed to the first counts too.
    prior
        The distribution of the seeds; ``None`` is the standard normal N(0, 1).

    Returns
    -------
    numpy.ndarray
        Shape ``(k - 1,)``, or ``(k,)`` if closed.

    References
    ----------
    Kahan, *How futile are mindless assessments of roundoff in floating-point computation?* (2006),
    section 12, for an angle that is accurate near 0 and π.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.lengths([[1.0, 0.0], [0.0, 2.0], [-3.0, 3.0]]).round(4)
    array([1.5708, 0.7854])
    """
    x = as_latents(seeds, "seeds")
    at_least("seeds", x.shape[0] if x.ndim else 0, 2)
    if not is_concrete(x) and not is_dask_array(x):
        raise BadInput("`lengths` measures the seeds, which JAX is tracing; measure them outside")
    xp = namespace(x)
    u = xp.astype(flatten(x if prior is None else prior.to_normal(x)), working_dtype(x), copy=False)
    norms = xp.linalg.vector_norm(u, axis=-1, keepdims=True)
    if bool(xp.any(norms == 0)):
        raise BadInput("`seeds` must each have a direction, got one that is the prior's centre")
    a = u / norms
    b = xp.roll(a, -1, axis=0)
    near, far = (xp.linalg.vector_norm(c, axis=-1) for c in (a - b, a + b))
    angles = np.array(to_numpy(2 * xp.atan2(near, far)), dtype=float)
    return angles if closed else angles[:-1]


def spline(k: int, steps: int, *, closed: bool = False) -> np.ndarray:
    """Weights of a smooth path through ``k`` keyframes: a C² cubic spline, evenly timed.

    A spline is linear in its keyframes, so its weights are the cardinal splines: row t holds
    s_1(t), ..., s_k(t) with s_i(j) = δ_ij. The path meets every keyframe that a step falls on
    exactly, and turns there without a corner; between keyframes a few weights are negative.

    Parameters
    ----------
    k
        Number of keyframes, at least 2.
    steps
        Number of positions, at least 2.
    closed
        Whether the path returns from the last keyframe to the first, as smooth there as elsewhere
        (periodic; the repeated frame is left out); else both ends are natural (no curvature).

    Returns
    -------
    numpy.ndarray
        Shape ``(steps, k)``; each row sums to 1.

    References
    ----------
    de Boor, *A Practical Guide to Splines* (1978), chapter IV.

    Examples
    --------
    >>> from zalgebra.algebra import weights
    >>> weights.spline(3, 5)
    array([[ 1.     ,  0.     ,  0.     ],
           [ 0.40625,  0.6875 , -0.09375],
           [ 0.     ,  1.     ,  0.     ],
           [-0.09375,  0.6875 ,  0.40625],
           [ 0.     ,  0.     ,  1.     ]])
    """
    from scipy.interpolate import CubicSpline  # loads half of scipy, so only where it is used

    s, end = _times(k, steps, closed)
    knots = np.arange(end + 1)
    cardinal = CubicSpline(knots, np.eye(k)[knots % k], bc_type="periodic" if closed else "natural")
    w = cardinal(s)
    meets = s == np.floor(s)
    w[meets] = np.eye(k)[s[meets].astype(int) % k]
    return w


def _times(k: int, steps: int, closed: bool) -> tuple[np.ndarray, int]:
    """Evenly spaced times ``(steps,)`` from 0, one unit a segment, and the number of segments."""
    k, steps = at_least("keyframes", k, 2), at_least("steps", steps, 2)
    end = k if closed else k - 1
    return np.arange(steps) * end / (steps if closed else steps - 1), end  # whole ones are exact


def _pace(pace: ArrayLike, segments: int) -> np.ndarray:
    omega = np.array(to_numpy(as_latents(pace, "pace")), dtype=float)
    if omega.shape != (segments,):
        raise BadInput(f"`pace` must have shape ({segments},), one a segment, got {omega.shape}")
    if np.any(omega <= 0) or np.any(omega >= math.pi):
        raise BadInput(
            "`pace` must hold angles between 0 and π (leave repeated keyframes out), "
            f"got {omega.tolist()}"
        )
    return omega


def _at_arc_length(share: np.ndarray, omega: np.ndarray) -> np.ndarray:
    """Times at which these shares of the whole length are covered."""
    ends = np.concatenate([[0.0], np.cumsum(omega)])
    s = share * ends[-1]
    segment = np.clip(np.searchsorted(ends, s, side="right") - 1, 0, len(omega) - 1)
    return segment + (s - ends[segment]) / np.diff(ends)[segment]


def _on_arc(t: np.ndarray, omega: np.ndarray) -> np.ndarray:
    """The second weight, sin(t Ω) / (sin((1 - t) Ω) + sin(t Ω)), of a point at tΩ of an arc Ω."""
    a, b = np.sin((1 - t) * omega), np.sin(t * omega)
    return b / (a + b)
