"""How smooth a path looks: its length, its pace, and its jumps, in the features of its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.measures.features import Features
from zalgebra.measures.intervals import mean_score
from zalgebra.measures.score import Score, proportion
from zalgebra.types import Array, BadInput

__all__ = ["Jumps", "jumps", "path_length", "perceptual_path_length", "speed_deviation"]

WINDOW = 3  # steps on either side that a step is compared with


@dataclass(frozen=True, eq=False)
class Jumps:
    """Where paths jump.

    Parameters
    ----------
    share
        Share of steps that are jumps, with Wilson's interval.
    where
        The jumps, rows of (path, step) ``(j, 2)``; step i leads from frame i to frame i + 1.
    ratio
        Each step's length over the median of its neighbours' ``(paths, steps)``.
    times
        The ratio from which on a step is a jump.
    """

    share: Score
    where: np.ndarray
    ratio: np.ndarray
    times: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "share": self.share.to_dict(),
            "where": self.where.tolist(),
            "times": self.times,
            "largest": float(self.ratio.max()),
        }

    def __str__(self) -> str:
        return (
            f"{len(self.where)} jumps in {self.share.n} steps, the largest step "
            f"{self.ratio.max():.3g} times its neighbours (a jump from {self.times:g} on)"
        )


def path_length(frames: Array, /, *, features: Features | None = None) -> Score:
    r"""The mean length of paths, $\sum_i |f_{i+1} - f_i|$, in the units of the features.

    A polygon is never longer than the curve through its corners: with too few frames the length
    is too small. The interval is over paths; one path has none.

    Parameters
    ----------
    frames
        Features of the frames of one path ``(m, D)`` or of several ``(paths, m, D)``, m ≥ 2; with
        ``features``, frames ``(m, *shape)`` of one path.
    features
        From frames to features ``(m, D)``.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import path_length
    >>> t = np.linspace(0, np.pi / 2, 50)
    >>> round(path_length(np.stack([np.cos(t), np.sin(t)], axis=1)).value, 3)  # π/2
    1.571
    """
    return mean_score(_steps(frames, features, 2).sum(axis=1), "length of a path in features")


def perceptual_path_length(
    frames: Array, /, *, t: Array | None = None, features: Features | None = None
) -> Score:
    r"""The mean squared speed along *this* path (Karras' perceptual path length).

    $$\frac{1}{m - 1} \sum_i |f_{i+1} - f_i|^2 / (t_{i+1} - t_i)^2$$

    Of all paces along one curve the constant one has the least, the squared length of the curve.
    It takes the frames of your own path, at its own positions t in [0, 1]; the published figure
    is this of random pairs of latents and one step of 1e-4.

    Parameters
    ----------
    frames
        Features of the frames ``(m, D)`` or ``(paths, m, D)``, m ≥ 2; see `path_length`.
    t
        Positions of the frames ``(m,)``, increasing; by default m even ones from 0 to 1.
    features
        From frames to features ``(m, D)``.

    References
    ----------
    Karras, Laine and Aila, *A style-based generator architecture*, arXiv 1812.04948, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import perceptual_path_length
    >>> t = np.linspace(0, 1, 50)
    >>> even, late = (perceptual_path_length(3 * s[:, None]).value for s in (t, t**2))
    >>> round(even, 2), round(late, 2)  # 9 and 9 · 4/3
    (9.0, 12.0)
    """
    squared = _speeds(frames, t, features) ** 2
    return mean_score(squared.mean(axis=1), "mean squared speed of a path in features")


def speed_deviation(
    frames: Array, /, *, t: Array | None = None, features: Features | None = None
) -> Score:
    """The standard deviation of the speed along a path over its mean; 0 for a constant speed.

    Parameters
    ----------
    frames, t, features
        As in `perceptual_path_length`; m ≥ 3. A path that stands still counts as 0.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import speed_deviation
    >>> t = np.linspace(0, 1, 1000)
    >>> round(speed_deviation(t[:, None] ** 2).value, 3)  # 1/√3
    0.577
    """
    speed = _speeds(frames, t, features, least=3)
    mean = speed.mean(axis=1)
    found = np.divide(speed.std(axis=1), mean, out=np.zeros_like(mean), where=mean > 0)
    return mean_score(found, "standard deviation of a path's speed, over its mean")


def jumps(frames: Array, /, *, times: float = 4.0, features: Features | None = None) -> Jumps:
    """Steps that are far longer than their neighbours.

    A step is compared with the median of the three before and the three after it, so a path may
    change its pace gradually, and two jumps side by side are both found. Where the neighbours
    stand still, 1 % of the path's mean step stands in for them. A curve sampled too sparsely
    jumps too: a true jump stays as long when the path is sampled more finely.

    Parameters
    ----------
    frames
        Features of the frames ``(m, D)`` or ``(paths, m, D)``, m ≥ 5; see `path_length`.
    times
        How many times its neighbours' median a jump is, above 1 (default 4).
    features
        From frames to features ``(m, D)``.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import jumps
    >>> path = np.linspace(0, 1, 20)[:, None]
    >>> path[12:] += 2
    >>> found = jumps(path)
    >>> found.where.tolist()
    [[0, 11]]
    """
    if not times > 1:
        raise BadInput(f"`times` must be above 1, got {times}")
    steps = _steps(frames, features, 5)
    around = np.pad(steps, ((0, 0), (WINDOW, WINDOW)), constant_values=np.nan)
    views = np.lib.stride_tricks.sliding_window_view(around, 2 * WINDOW + 1, axis=1)
    beside = np.nanmedian(np.delete(views, WINDOW, axis=2), axis=2)
    floor = np.maximum(0.01 * steps.mean(axis=1, keepdims=True), np.finfo(float).tiny)
    ratio = steps / np.maximum(beside, floor)
    share = proportion((ratio >= times).ravel(), f"share of steps over {times:g} times as long")
    return Jumps(share, np.argwhere(ratio >= times), ratio, times)


def _steps(frames: Array, features: Features | None, least: int) -> np.ndarray:
    """Lengths of the steps ``(paths, m - 1)``."""
    f = to_numpy(frames if features is None else features(frames))
    if f.ndim not in (2, 3) or f.dtype.kind not in "fiub" or f.shape[-2] < least or 0 in f.shape:
        raise BadInput(
            f"`frames` must have features of shape (m, D) or (paths, m, D) with at least {least} "
            f"frames, got {f.shape}"
        )
    f = f.astype(np.float64)
    if not np.isfinite(f).all():
        raise BadInput("`frames` must be finite, got NaN or infinite features")
    return np.linalg.norm(np.diff(f if f.ndim == 3 else f[None], axis=1), axis=2)


def _speeds(
    frames: Array, t: Array | None, features: Features | None, least: int = 2
) -> np.ndarray:
    """Step over time ``(paths, m - 1)``."""
    steps = _steps(frames, features, least)
    m = steps.shape[1] + 1
    at = np.linspace(0, 1, m) if t is None else to_numpy(t).astype(np.float64)
    if at.shape != (m,) or not (np.diff(at) > 0).all():
        raise BadInput(f"`t` must be {m} increasing positions, one a frame, got shape {at.shape}")
    return steps / np.diff(at)
