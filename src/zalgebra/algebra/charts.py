"""Charts of a subspace: coordinates for the directions of K numbers h, and the way back.

`za.combine` does not feel the length of h, so K numbers name K - 1 degrees of freedom; both charts
have that many coordinates.
"""

from __future__ import annotations

from zalgebra.algebra._arrays import namespace
from zalgebra.types import Array

__all__ = ["angles", "from_angles", "from_tangent", "tangent"]


def angles(h: Array, /) -> Array:
    """Longitude and latitudes ``(..., K - 1)`` in radians of points ``(..., K)``.

    θ_1 = atan2(h_2, h_1) in [-π, π], and θ_i = atan2(h_{i+1}, |(h_1, ..., h_i)|) in [-π/2, π/2]
    for i > 1: hyperspherical coordinates with 0 on the first axis, not at a pole.
    """
    xp, K = namespace(h), h.shape[-1]
    across = [h[..., 0], *(xp.linalg.vector_norm(h[..., :i], axis=-1) for i in range(2, K))]
    return xp.stack([xp.atan2(h[..., i], across[i - 1]) for i in range(1, K)], axis=-1)


def from_angles(theta: Array, /) -> Array:
    """Unit points ``(..., K)`` at longitude and latitudes ``(..., K - 1)``; any angle will do."""
    xp = namespace(theta)
    h = xp.ones_like(theta[..., :1])
    for i in range(theta.shape[-1]):
        turn = theta[..., i : i + 1]
        h = xp.concat([h * xp.cos(turn), xp.sin(turn)], axis=-1)
    return h


def tangent(h: Array, radius: Array, /) -> Array:
    """Where the rays of points ``(..., K)`` meet the plane h_1 = radius: ``(..., K - 1)``.

    The central (gnomonic) projection: c = radius (h_2, ..., h_K) / h_1. Rays with h_1 ≤ 0 never
    meet the plane; their coordinates are NaN.
    """
    xp = namespace(h)
    ahead = h[..., :1] > 0
    c = radius * h[..., 1:] / xp.where(ahead, h[..., :1], xp.ones_like(h[..., :1]))
    return xp.where(ahead, c, xp.full_like(c, xp.nan))


def from_tangent(c: Array, radius: Array, /) -> Array:
    """Points ``(..., K)`` of the plane h_1 = radius at coordinates ``(..., K - 1)``."""
    xp = namespace(c)
    return xp.concat([radius * xp.ones_like(c[..., :1]), c], axis=-1)
