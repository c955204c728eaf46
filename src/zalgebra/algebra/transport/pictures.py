"""Barycentres of pictures themselves: their light is carried, not their meaning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, to_numpy
from zalgebra.algebra._pictures import as_unit
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.transport.discrete import _pot
from zalgebra.types import Array, BadInput

__all__ = ["picture_barycenter"]

UNDERFLOWS = 600.0  # 1/reg beyond which exp(-1/reg) is near the least number, so logarithms serve
SPREAD = 1e-9  # of a picture's light, laid on all pixels: a kernel's result is then nowhere 0
FLOOR = 1e-300  # POT's own, 1e-15, hides what is far away: distant pictures would only be blended
ASTRAY = 1e-4  # of the light may differ between the pictures' marginals
CHANNELS = 4  # at most, as a last axis that is no picture's width
ANGLES = 24  # directions in which slices are taken
PER_PIXEL = 8  # points of a sliced picture for each of its pixels
STEP = 0.02  # pixels that points move in a last round
ROUNDS = 60  # of the sliced method; its points have come to rest long before


def picture_barycenter(
    pictures: Array,
    /,
    weights: ArrayLike | None = None,
    *,
    method: str = "debiased",
    blur: float = 1 / 32,
    max_iterations: int = 1000,
) -> Array:
    r"""The Wasserstein barycentre of pictures: each pixel's light is mass, and mass moves.

    $$\operatorname{argmin}_p \sum_i w_i\, W_2^2(p, p_i)$$

    for the light of each channel by itself, brought to sum 1; the result has the light
    $\sum_i w_i m_i$ of the pictures' lights $m_i$. Where a blend of pixels shows both pictures at
    once, this one moves the one into the other; it knows nothing of what they show.

    Parameters
    ----------
    pictures
        ``(k, H, W)`` or ``(k, C, H, W)`` with values in [0, 1]; a little above 1 is taken.
    weights
        ``(..., k)``, at least 0; rows are divided by their sums. Equal ones by default.
    method
        ``"debiased"`` (default) or ``"convolutional"``: entropic, with a Gaussian kernel, by POT.
        The plain one is wider than the true barycentre by the kernel, the debiased one is not
        (for Gaussians it is exact). ``"sliced"``: the barycentre for the squared distance
        $\int W_2^2(\theta_\# p, \theta_\# q)\, d\theta$ over directions θ, of points that
        stand for the light; it needs no POT, blurs nothing, is grainy, and differs from the others
        where pictures are turned.
    blur
        Standard deviation of the kernel, as a share of the longer side (1/32). Below about 1/34
        the iteration is done in logarithms and takes minutes.
    max_iterations
        Of the entropic methods.

    Returns
    -------
    array
        ``(..., H, W)`` or ``(..., C, H, W)`` in the library and dtype of the pictures. Light of
        several places may meet in one pixel, so that values may pass 1. They are not clipped, as
        that would lose light: clip them where they are shown, ``result.clip(0, 1)``.

    Raises
    ------
    MissingExtra
        If POT is not installed.
    BadInput
        If shapes or values do not fit, or the iteration does not converge.

    References
    ----------
    Solomon et al., *Convolutional Wasserstein distances* (2015); Janati et al., *Debiased Sinkhorn
    barycenters* (2020); Bonneel et al., *Sliced and Radon Wasserstein barycenters of measures*
    (2015).

    Examples
    --------
    Between a square on the left and one on the right lies one in the middle:

    >>> import numpy as np
    >>> from zalgebra.algebra.transport.pictures import picture_barycenter
    >>> squares = np.zeros((2, 16, 16))
    >>> squares[0, 6:10, 1:5] = squares[1, 6:10, 11:15] = 1.0
    >>> middle = picture_barycenter(squares, method="sliced")
    >>> np.flatnonzero(middle.sum(axis=0) > 0.5).tolist()
    [6, 7, 8, 9]
    """
    if method not in ("debiased", "convolutional", "sliced"):
        raise BadInput(f"`method` must be 'debiased', 'convolutional' or 'sliced', got {method!r}")
    if not 0 < blur < 1:
        raise BadInput(f"`blur` must be a share of the side between 0 and 1, got {blur}")
    at_least("max_iterations", max_iterations, 1)
    given = as_latents(pictures, "pictures")
    x = to_numpy(given).astype(float)
    if x.ndim not in (3, 4) or 0 in x.shape or x.min() < 0:
        least = f" with values from {x.min():g}" if x.size else ""
        raise BadInput(
            "`pictures` must have shape (k, H, W) or (k, C, H, W) and values of at least 0, "
            f"got {x.shape}{least}"
        )
    if x.ndim == 4 and x.shape[3] <= CHANNELS < min(x.shape[1:3]):
        raise BadInput(
            f"`pictures` must have shape (k, C, H, W), channels before rows, got {x.shape}, which "
            "looks like (k, H, W, C): bring them there with np.moveaxis(pictures, -1, 1)"
        )
    x, w = as_unit(x), _shares(weights, len(x))
    channels = x.reshape(len(x), -1, *x.shape[-2:])
    rows = [
        [_barycenter(channels[:, c], row, method, blur, max_iterations)
         for c in range(channels.shape[1])]
        for row in w.reshape(-1, len(x))
    ]  # fmt: skip
    return as_like(np.array(rows).reshape(*w.shape[:-1], *x.shape[1:]), given)


def _shares(weights: ArrayLike | None, k: int) -> np.ndarray:
    w = np.ones(k) if weights is None else to_numpy(as_latents(weights, "weights")).astype(float)
    if w.ndim == 0 or w.shape[-1] != k or w.size == 0 or w.min() < 0 or w.sum(axis=-1).min() <= 0:
        raise BadInput(
            f"`weights` must have shape (..., {k}) and be at least 0, not all 0 in a row, "
            f"got shape {w.shape}"
        )
    return w / w.sum(axis=-1, keepdims=True)


def _barycenter(x: np.ndarray, w: np.ndarray, method: str, blur: float, most: int) -> np.ndarray:
    """Of one channel ``(k, H, W)``; dark pictures have no place, so they count as light only."""
    light = x.sum(axis=(1, 2))
    kept = (w > 0) & (light > 0)
    if kept.sum() == 0:
        return np.zeros(x.shape[1:])
    total, x, w = w @ light, x[kept] / light[kept, None, None], w[kept] / w[kept].sum()
    if len(x) == 1:
        return total * x[0]
    found = _sliced(x, w) if method == "sliced" else _entropic(x, w, method, blur, most)
    return total * found


def _entropic(x: np.ndarray, w: np.ndarray, method: str, blur: float, most: int) -> np.ndarray:
    """By POT, whose kernel exp(-d²/reg) is on a unit square: pictures are padded to be square."""
    bregman, (H, W) = _pot().bregman, x.shape[1:]
    side, reg = max(H, W), 2 * blur**2
    square = np.pad(x, [(0, 0), (0, side - H), (0, side - W)]) * (1 - SPREAD) + SPREAD / side**2
    solve = {
        "debiased": bregman.convolutional_barycenter2d_debiased,
        "convolutional": bregman.convolutional_barycenter2d,
    }[method]
    found, log = solve(
        square, reg, weights=w, method="sinkhorn_log" if 1 / reg > UNDERFLOWS else "sinkhorn",
        numItermax=most, stopThr=ASTRAY, stabThr=FLOOR, log=True, warn=False,
    )  # fmt: skip
    if not (log["err"] and log["err"][-1] <= ASTRAY and np.isfinite(found).all()):
        astray = log["err"][-1] if log["err"] else math.inf
        raise BadInput(
            f"the barycentre did not converge in {most} iterations: {astray:.2g} of the light is "
            "astray; raise `max_iterations` or `blur`"
        )
    found = found[:H, :W]
    return found / found.sum()


def _sliced(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Points move until, seen from every side, they lie where the average quantiles are.

    With directions θ and D = 2, y ← y + D · mean_θ (Σ_i w_i F_i⁻¹(rank of θᵀy) - θᵀy) θ, which for
    the Gaussian parts of the pictures is Newton's step.
    """
    H, W = x.shape[1:]
    angle = np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    theta = np.stack([np.sin(angle), np.cos(angle)])  # (2, ANGLES)
    clouds = [_points(p, PER_PIXEL * H * W) for p in x]
    quantiles = sum(share * np.sort(y @ theta, axis=0) for share, y in zip(w, clouds, strict=True))
    y = sum(share * y for share, y in zip(w, clouds, strict=True))
    for _ in range(ROUNDS):
        seen = y @ theta
        order = np.argsort(seen, axis=0)
        wanted = np.empty_like(seen)
        np.put_along_axis(wanted, order, quantiles, axis=0)
        step = 2 * (wanted - seen) @ theta.T / ANGLES
        y = y + step
        if np.sqrt(np.mean(step**2)) < STEP:
            break
    return _drawn(y, H, W)


def _points(p: np.ndarray, n: int) -> np.ndarray:
    """``n`` points of equal mass ``(n, 2)`` for a picture of sum 1, spread evenly in its pixels."""
    j = np.arange(n)
    pixel = np.searchsorted(np.cumsum(p.ravel()) / p.sum(), (j + 0.5) / n)
    pixel = np.minimum(pixel, p.size - 1)
    spread = (j[:, None] * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0  # Roberts' R2
    return np.stack(np.divmod(pixel, p.shape[1]), axis=1) + spread - 0.5


def _drawn(y: np.ndarray, H: int, W: int) -> np.ndarray:
    """A picture ``(H, W)`` of sum 1 of points, each in its pixel."""
    row, column = (np.clip(np.rint(y[:, i]).astype(int), 0, s - 1) for i, s in enumerate((H, W)))
    return np.bincount(row * W + column, minlength=H * W).reshape(H, W) / len(y)
