"""The unit sphere: `Hypersphere`, the uniform prior on it, and how an array gets onto it.

One protocol (`zalgebra.types.Prior`): ``to_normal``, ``from_normal``, ``sample``, ``log_prob``.
"""

from __future__ import annotations

import math

from scipy.special import gammaln

from zalgebra.algebra._arrays import flatten, is_concrete, namespace, to_numpy, working_dtype
from zalgebra.algebra.priors._draw import check_shape, draw
from zalgebra.algebra.weights import at_least
from zalgebra.types import Array, BadInput, DegenerateWeights

__all__ = ["Hypersphere", "as_latents_like", "directions", "log_area", "on_sphere"]

OFF_SPHERE = 1e-3  # by which a norm may miss 1: rounding and careless storage, not another prior


class Hypersphere:
    r"""The uniform distribution on the unit sphere of R^d.

    Latents are combined in R^d and divided by their norm:

    $$u_k = \sqrt d\, x_k, \qquad z = \frac{\sum_k w_k u_k}{\lvert \sum_k w_k u_k \rvert}$$

    For independent latents the sum is rotation invariant whatever their radius, so its direction
    is uniform exactly. The sphere has no radius of its own, so it has no bijection to R^d;
    `to_normal` gives every latent the radius √d, about which the norms of normal vectors scatter
    by 1/√2. Such an array has mean 0 and covariance I as a standard normal one has, but not the
    chi law of the norm: a certificate of it puts every norm near the middle of that law.

    Parameters
    ----------
    dim
        The dimension d, at least 2, or the shape of a latent whose d entries lie on the sphere.

    Raises
    ------
    BadInput
        If d is less than 2.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> prior = za.priors.Hypersphere(512)
    >>> z = za.centroid(prior.sample(8, seed=0), prior=prior)
    >>> float(round(np.linalg.norm(z), 3))
    1.0
    """

    fixed_radius = True  # of normal coordinates: no law of the norm to judge them by

    def __init__(self, dim: int | tuple[int, ...]) -> None:
        shape = dim if isinstance(dim, tuple) else (dim,)
        self.shape: tuple[int, ...] = tuple(at_least("dim", size, 1) for size in shape)
        at_least("dim", math.prod(self.shape), 2)

    def to_normal(self, z: Array, /) -> Array:
        """Latents ``(n, *shape)`` at radius √d; `BadInput` if a norm is off 1 by over 0.001."""
        return as_latents_like(math.sqrt(math.prod(self.shape)) * on_sphere(z, self.shape), z)

    def from_normal(self, u: Array, /) -> Array:
        """Directions u / |u| of arrays ``(n, *shape)``; `DegenerateWeights` if one is zero."""
        return as_latents_like(directions(u, self.shape), u)

    def tangent(self, z: Array, v: Array, /) -> Array:
        """The direction v along the sphere at latents z, in normal ones: √d (v - z⟨z, v⟩)."""
        x, xp = on_sphere(z, self.shape), namespace(z)
        rows = xp.astype(flatten(v), x.dtype, copy=False)
        along = rows - x * xp.sum(x * rows, axis=-1, keepdims=True)
        return as_latents_like(math.sqrt(math.prod(self.shape)) * along, z)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density by surface measure in nats, ``(n,)``: -log area, the same everywhere."""
        level = 0 * on_sphere(z, self.shape)[:, 0] - log_area(math.prod(self.shape))
        return namespace(z).astype(level, z.dtype, copy=False)

    def __repr__(self) -> str:
        return f"Hypersphere({self.shape[0] if len(self.shape) == 1 else self.shape})"


def log_area(d: int, /) -> float:
    """Log area of the unit sphere of R^d: log(2 π^(d/2) / Γ(d/2)); of R^1, its two points."""
    return math.log(2) + d / 2 * math.log(math.pi) - float(gammaln(d / 2))


def on_sphere(z: Array, shape: tuple[int, ...], /) -> Array:
    """Latents ``(n, *shape)`` as rows ``(n, d)`` of norm 1, at least in single precision.

    Raises
    ------
    BadInput
        If a norm is off 1 by more than 0.001 (or the rounding of half precision).
    """
    rows, norms = _rows_and_norms(z, shape)
    xp = namespace(z)
    if is_concrete(norms) and norms.shape[0]:
        worst = float(to_numpy(xp.max(xp.abs(norms - 1))))
        if not worst <= max(OFF_SPHERE, float(xp.finfo(z.dtype).eps)):
            raise BadInput(
                f"latents of this prior have norm 1, got one that is off by {worst:.3g}; "
                "divide each by its norm"
            )
    return rows / norms


def directions(u: Array, shape: tuple[int, ...], /) -> Array:
    """Arrays ``(n, *shape)`` as rows ``(n, d)`` divided by their norms.

    Raises
    ------
    DegenerateWeights
        If an array is zero to rounding, at the radius √d that normal arrays have.
    """
    rows, norms = _rows_and_norms(u, shape)
    xp = namespace(u)
    least = 16 * float(xp.finfo(rows.dtype).eps) * math.sqrt(rows.shape[1])
    if is_concrete(norms) and bool(xp.any(norms < least)):
        raise DegenerateWeights(
            "a zero vector has no direction on the sphere (the seeds cancel under these weights); "
            "give at least one seed a weight of its own"
        )
    return rows / norms


def as_latents_like(rows: Array, z: Array, /) -> Array:
    """Rows ``(n, d)`` in the shape and dtype of latents ``z``."""
    xp = namespace(z)
    return xp.reshape(xp.astype(rows, z.dtype, copy=False), z.shape)


def _rows_and_norms(z: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Latents as rows ``(n, d)`` in a dtype for sums, and their norms ``(n, 1)``."""
    check_shape(shape, z)
    xp = namespace(z)
    rows = xp.astype(flatten(z), working_dtype(z), copy=False)
    return rows, xp.linalg.vector_norm(rows, axis=-1, keepdims=True)
