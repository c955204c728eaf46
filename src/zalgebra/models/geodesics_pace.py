"""Constant perceptual speed: a path re-timed so that what is seen changes evenly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zalgebra.algebra._arrays import as_latents, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.combine import combine
from zalgebra.types import Array, BadInput

__all__ = ["EvenPath", "even_pace"]

ROUNDING = 100  # units in the last place: features that differ by no more stand still


@dataclass(frozen=True, eq=False)
class EvenPath:
    """A path at an even pace; made by `even_pace`.

    Parameters
    ----------
    path
        Latents ``(steps, *shape)`` in the library of the given path.
    t
        Where each lies on the given path ``(steps,)``, from 0 to 1.
    deviation
        Standard deviation of the steps in features, over their mean; that of the given path is
        ``before``.
    before
        The same of the path as it was given.
    """

    path: Array
    t: np.ndarray
    deviation: float
    before: float

    def __repr__(self) -> str:
        return (
            f"EvenPath({len(self.t)} points whose steps differ by {self.deviation:.1%}, "
            f"{self.before:.1%} before)"
        )


def even_pace(
    path: Array,
    features: Callable[[Array], Array],
    /,
    *,
    steps: int | None = None,
    tolerance: float = 0.01,
    rounds: int = 10,
) -> EvenPath:
    r"""The same way in steps that are equal to the eye: $|f_{i+1} - f_i|$ constant.

    Points move along the polygon of the given path until the steps of their features are equal:
    each round reads the lengths of the present steps and puts the points where equal shares of the
    whole length are covered. Ends stay. The way itself does not change, except that a corner may
    be cut by less than a step.

    Parameters
    ----------
    path
        Latents ``(m, *shape)``, m ≥ 3: from `zalgebra.path`, a geodesic, or anything.
    features
        Latents ``(m, *shape)`` to what counts as seen, ``(m, ...)``: decoded data, or features of
        them.
    steps
        Points of the result; by default as many as were given.
    tolerance, rounds
        Done where the standard deviation of the steps over their mean is at most ``tolerance``, or
        after so many rounds, each of which takes the features of one path; the best one is given.

    Raises
    ------
    BadInput
        If the path has fewer than 3 points, or nothing is seen to change on it.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.models.geodesics_pace import even_pace
    >>> late = even_pace(np.linspace(0, 1, 9)[:, None], lambda z: z**2, steps=6)
    >>> (late.path[:, 0] ** 2).round(1).tolist()
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> round(late.before, 2), late.deviation < 0.01
    (0.57, True)
    """
    z = as_latents(path, "path")
    at_least("points of `path`", z.shape[0] if z.ndim else 0, 3)
    steps = at_least("steps", z.shape[0] if steps is None else steps, 3)
    at_least("rounds", rounds, 1)
    lengths = _lengths(features(z), z.shape[0])
    before, t = _deviation(lengths), _even(np.linspace(0, 1, z.shape[0]), lengths, steps)
    best = EvenPath(z, t, np.inf, before)
    for _ in range(rounds):
        there = combine(_hats(t, z.shape[0]), z, method="linear")
        lengths = _lengths(features(there), steps)
        if _deviation(lengths) < best.deviation:
            best = EvenPath(there, t, _deviation(lengths), before)
        if best.deviation <= tolerance:
            break
        t = _even(t, lengths, steps)
    return best


def _lengths(features: Array, points: int) -> np.ndarray:
    """Steps of features ``(points, ...)``."""
    f = to_numpy(features)
    if f.ndim < 1 or len(f) != points:
        raise BadInput(f"`features` must give one row a point ({points}), got shape {f.shape}")
    fine = np.finfo(f.dtype).eps if f.dtype.kind == "f" else 0.0
    f = f.reshape(points, -1).astype(float)
    lengths, far = np.linalg.norm(np.diff(f, axis=0), axis=1), np.abs(f - f[0]).max()
    if not np.isfinite(lengths).all() or not far > ROUNDING * fine * np.abs(f).max():
        raise BadInput("`features` must be finite and change along the path by more than rounding")
    return lengths


def _even(t: np.ndarray, lengths: np.ndarray, steps: int) -> np.ndarray:
    """Positions at equal shares of the length, which grows evenly between the positions ``t``."""
    covered = np.concatenate([[0.0], np.cumsum(lengths)])
    moving = np.concatenate([[True], lengths > 0])  # np.interp wants them to increase
    even = np.interp(np.linspace(0, covered[-1], steps), covered[moving], t[moving])
    even[0], even[-1] = 0.0, 1.0
    return even


def _hats(t: np.ndarray, points: int) -> np.ndarray:
    """Weights ``(steps, points)`` of piecewise linear interpolation."""
    place = t * (points - 1)
    return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(points)))


def _deviation(lengths: np.ndarray) -> float:
    return float(lengths.std() / lengths.mean())
