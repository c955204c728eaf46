"""Laws of one entry in closed form, for `Independent`: both tails, their inverses, the density.

Every law is written in standard operations, so it works on any array library, under JAX's jit and
vmap, and has a finite derivative with respect to the entries. Its parameters are constants:
numbers, or arrays that broadcast against the latent's shape (one law for each entry).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_like, namespace
from zalgebra.algebra._special import LOG_TWO, SQRT_TWO_PI, log1mexp, log_tail, tail_quantile
from zalgebra.algebra.priors._marginal import (
    Marginal,
    Standard,
    Symmetric,
    inside,
    joint_shape,
    parameter,
)
from zalgebra.algebra.priors.mixture import Mixture
from zalgebra.types import Array, BadInput

__all__ = [
    "Cauchy",
    "Exponential",
    "Gumbel",
    "Laplace",
    "Logistic",
    "Marginal",
    "Mixture",
    "Normal",
    "Uniform",
]


class Normal(Symmetric):
    """N(loc, scale²): u = (x - loc) / scale, with no distribution function."""

    def to_normal(self, x: Array, /) -> Array:
        """Standard normal u = (x - loc) / scale."""
        return self._standard(x)

    def from_normal(self, u: Array, /) -> Array:
        """Entries x = loc + scale u."""
        return self._place(u)

    def _tail(self, y: Array) -> Array:
        return log_tail(y)

    def _beyond(self, log_p: Array) -> Array:
        return tail_quantile(log_p)

    def _log_pdf(self, z: Array) -> Array:
        return -0.5 * z * z - math.log(SQRT_TWO_PI)


class Laplace(Symmetric):
    """Density exp(-|z|) / (2 scale), with z = (x - loc) / scale."""

    def _tail(self, y: Array) -> Array:
        return -y - LOG_TWO

    def _beyond(self, log_p: Array) -> Array:
        return -log_p - LOG_TWO

    def _log_pdf(self, z: Array) -> Array:
        return -namespace(z).abs(z) - LOG_TWO


class Logistic(Symmetric):
    """F(x) = 1 / (1 + exp(-z)), with z = (x - loc) / scale."""

    def _tail(self, y: Array) -> Array:
        return -y - namespace(y).log1p(namespace(y).exp(-y))

    def _beyond(self, log_p: Array) -> Array:
        return log1mexp(log_p) - log_p

    def _log_pdf(self, z: Array) -> Array:
        y = namespace(z).abs(z)
        return 2 * self._tail(y) + y


class Cauchy(Symmetric):
    """Density 1 / (π scale (1 + z²)), with z = (x - loc) / scale.

    At u = 13 an entry is as large as float32 holds.
    """

    def _tail(self, y: Array) -> Array:
        xp = namespace(y)
        return xp.log(xp.atan2(xp.ones_like(y), y) / math.pi)

    def _beyond(self, log_p: Array) -> Array:
        xp = namespace(log_p)
        deepest = -math.log(xp.finfo(log_p.dtype).max) + 1  # y = exp(-log p) / π is still finite
        log_p = xp.where(log_p > deepest, log_p, xp.full_like(log_p, deepest))
        p, small = xp.exp(log_p), log_p < math.log(xp.finfo(log_p.dtype).eps)
        cotangent = 1 / xp.tan(math.pi * xp.where(small, xp.full_like(p, 0.25), p))
        return xp.where(small, xp.exp(-log_p) / math.pi, cotangent)

    def _log_pdf(self, z: Array) -> Array:
        xp = namespace(z)
        y = xp.abs(z)
        outer = xp.where(y > 1, y, xp.ones_like(y))  # 1 + y² would overflow far out
        inner = xp.where(y > 1, 1 / outer, y)
        return -math.log(math.pi) - xp.log1p(inner * inner) - 2 * xp.log(outer)


class Gumbel(Standard):
    """F(x) = exp(-exp(-z)), the law of the largest of many, with z = (x - loc) / scale."""

    def _log_cdf(self, z: Array) -> Array:
        return -namespace(z).exp(-self._bounded(z))

    def _log_sf(self, z: Array) -> Array:
        xp = namespace(z)
        far = z > -math.log(xp.finfo(z.dtype).eps)  # 1 - exp(-w) is w = exp(-z) to rounding there
        near = self._log_cdf(xp.where(far, xp.zeros_like(z), z))
        return xp.where(far, -z, log1mexp(near))

    def _quantile_log_cdf(self, log_p: Array) -> Array:
        return -namespace(log_p).log(-log_p)

    def _quantile_log_sf(self, log_p: Array) -> Array:
        xp = namespace(log_p)
        far = log_p < math.log(xp.finfo(log_p.dtype).eps)
        near = xp.where(far, xp.full_like(log_p, -LOG_TWO), log_p)
        return xp.where(far, -log_p, -xp.log(-log1mexp(near)))

    def _log_pdf(self, z: Array) -> Array:
        return -z - namespace(z).exp(-self._bounded(z))

    def _bounded(self, z: Array) -> Array:
        """No entry falls below z = -60 (its probability is exp(-e⁶⁰)); exp(-z) stays finite."""
        xp = namespace(z)
        return xp.where(z > -60, z, xp.full_like(z, -60.0))


class Exponential(Standard):
    """P(X > x) = exp(-z) for x ≥ loc, with z = (x - loc) / scale.

    An entry at ``loc`` is read as ``eps scale / 4`` above it, half a rounding step of a number of
    the law's size.
    """

    def __init__(self, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> None:
        super().__init__(loc, scale)
        self.support = (self.loc, math.inf)

    def _standard(self, x: Array) -> Array:
        return inside(super()._standard(x), 0.25 * namespace(x).finfo(x.dtype).eps)

    def _log_cdf(self, z: Array) -> Array:
        return log1mexp(-z)

    def _log_sf(self, z: Array) -> Array:
        return -z

    def _quantile_log_cdf(self, log_p: Array) -> Array:
        return -log1mexp(log_p)

    def _quantile_log_sf(self, log_p: Array) -> Array:
        return -log_p

    def _log_pdf(self, z: Array) -> Array:
        return -z


class Uniform(Marginal):
    """The uniform law on [low, high].

    An entry at an end is read as half a rounding step inside, where numbers have the size of the
    larger end: 2⁻⁵⁴ in float64 for the 0.0 that a generator of [0, 1) gives now and then.
    """

    _fields = ("low", "high")

    def __init__(self, low: ArrayLike = 0.0, high: ArrayLike = 1.0) -> None:
        self.low, self.high = parameter(low, "low"), parameter(high, "high")
        self.shape = joint_shape(low=self.low, high=self.high)
        if not np.all(self.low < self.high):
            raise BadInput(f"`low` must be below `high`, got {self!r}")
        self.support = (self.low, self.high)

    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""
        return self._log_share(x - as_like(self.low, x))

    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x)."""
        return self._log_share(as_like(self.high, x) - x)

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        """The x with log P(X ≤ x) = log p."""
        return as_like(self.low, log_p) + self._distance(log_p)

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p."""
        return as_like(self.high, log_p) - self._distance(log_p)

    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats, that of the law also at the ends."""
        return namespace(x).zeros_like(x) - namespace(x).log(self._width(x))

    def _log_share(self, distance: Array) -> Array:
        """The log of a distance from an end over the width."""
        xp = namespace(distance)
        size = as_like(np.maximum(np.abs(self.low), np.abs(self.high)), distance)
        least = 0.25 * xp.finfo(distance.dtype).eps * size
        return xp.log(inside(distance, least) / self._width(distance))

    def _distance(self, log_share: Array) -> Array:
        """The distance from an end whose log share of the width is given."""
        return self._width(log_share) * namespace(log_share).exp(log_share)

    def _width(self, like: Array) -> Array:
        return as_like(self.high, like) - as_like(self.low, like)
