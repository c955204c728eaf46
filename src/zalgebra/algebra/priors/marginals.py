"""Laws of one entry in closed form, for `Independent`: both tails, their inverses, the density.

Every law is written in standard operations, so it works on any array library, under JAX's jit and
vmap, and has a finite derivative with respect to the entries. Its parameters are constants:
numbers, or arrays that broadcast against the latent's shape (one law for each entry).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from functools import reduce
from typing import ClassVar

import numpy as np
from array_api_compat import is_jax_array
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, is_concrete, namespace, to_numpy
from zalgebra.algebra._special import (
    LOG_TWO,
    SQRT_TWO_PI,
    log1mexp,
    log_ndtr,
    log_tail,
    tail_quantile,
)
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


class Marginal:
    """A law of one entry: give its five functions, and `to_normal` and `from_normal` follow.

    Attributes
    ----------
    shape
        Shape of the parameters, which broadcasts against that of the latent.
    support
        The lowest and the highest entry, numbers or arrays of ``shape``.
    """

    shape: tuple[int, ...] = ()
    support: tuple[ArrayLike, ArrayLike] = (-math.inf, math.inf)
    _fields: ClassVar[tuple[str, ...]] = ()

    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""
        raise NotImplementedError

    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x), to rounding also where the probability is small."""
        raise NotImplementedError

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        """The x with log P(X ≤ x) = log p, for log p ≤ -log 2."""
        raise NotImplementedError

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p, for log p ≤ -log 2."""
        raise NotImplementedError

    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats."""
        raise NotImplementedError

    def to_normal(self, x: Array, /) -> Array:
        """Standard normal u = Φ⁻¹(F(x)), from the smaller of the two tails."""
        xp = namespace(x)
        below, above = self.log_cdf(x), self.log_sf(x)
        y = tail_quantile(xp.where(above < below, above, below))
        return xp.where(above < below, y, -y)

    def from_normal(self, u: Array, /) -> Array:
        """Entries x = F⁻¹(Φ(u)), from the smaller of the two tails."""
        xp = namespace(u)
        above = u > 0
        log_p = log_tail(xp.where(above, u, -u))
        return xp.where(above, self.quantile_log_sf(log_p), self.quantile_log_cdf(log_p))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={_brief(getattr(self, name))}" for name in self._fields)
        return f"{type(self).__name__}({given})"


class _Standard(Marginal):
    """x = loc + scale z, for a standard law of z with the functions ``_log_cdf``, ..."""

    _fields = ("loc", "scale")

    def __init__(self, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> None:
        self.loc, self.scale = _parameter(loc, "loc"), _positive(scale, "scale")
        self.shape = _joint_shape(loc=self.loc, scale=self.scale)

    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""
        return self._log_cdf(self._standard(x))

    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x)."""
        return self._log_sf(self._standard(x))

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        """The x with log P(X ≤ x) = log p."""
        return self._place(self._quantile_log_cdf(log_p))

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p."""
        return self._place(self._quantile_log_sf(log_p))

    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats."""
        return self._log_pdf(self._standard(x)) - as_like(np.log(self.scale), x)

    def _standard(self, x: Array) -> Array:
        return (x - as_like(self.loc, x)) / as_like(self.scale, x)

    def _place(self, z: Array) -> Array:
        return as_like(self.loc, z) + as_like(self.scale, z) * z

    def _log_cdf(self, z: Array) -> Array:
        raise NotImplementedError

    def _log_sf(self, z: Array) -> Array:
        raise NotImplementedError

    def _quantile_log_cdf(self, log_p: Array) -> Array:
        raise NotImplementedError

    def _quantile_log_sf(self, log_p: Array) -> Array:
        raise NotImplementedError

    def _log_pdf(self, z: Array) -> Array:
        raise NotImplementedError


class _Symmetric(_Standard):
    """A standard law with z and -z alike: the functions of one side, ``_tail`` and ``_beyond``."""

    def _tail(self, y: Array) -> Array:
        """Log P(Z > y) for y ≥ 0."""
        raise NotImplementedError

    def _beyond(self, log_p: Array) -> Array:
        """The y ≥ 0 with log P(Z > y) = log p."""
        raise NotImplementedError

    def to_normal(self, x: Array, /) -> Array:
        """Standard normal u = Φ⁻¹(F(x)), from the one tail."""
        xp, z = namespace(x), self._standard(x)
        y = tail_quantile(self._tail(xp.where(z > 0, z, -z)))
        return xp.where(z > 0, y, -y)

    def _log_cdf(self, z: Array) -> Array:
        xp = namespace(z)
        tail = self._tail(xp.where(z < 0, -z, z))
        return xp.where(z < 0, tail, log1mexp(tail))

    def _log_sf(self, z: Array) -> Array:
        return self._log_cdf(-z)

    def _quantile_log_cdf(self, log_p: Array) -> Array:
        return -self._beyond(log_p)

    def _quantile_log_sf(self, log_p: Array) -> Array:
        return self._beyond(log_p)


class Normal(_Symmetric):
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


class Laplace(_Symmetric):
    """Density exp(-|z|) / (2 scale), with z = (x - loc) / scale."""

    def _tail(self, y: Array) -> Array:
        return -y - LOG_TWO

    def _beyond(self, log_p: Array) -> Array:
        return -log_p - LOG_TWO

    def _log_pdf(self, z: Array) -> Array:
        return -namespace(z).abs(z) - LOG_TWO


class Logistic(_Symmetric):
    """F(x) = 1 / (1 + exp(-z)), with z = (x - loc) / scale."""

    def _tail(self, y: Array) -> Array:
        return -y - namespace(y).log1p(namespace(y).exp(-y))

    def _beyond(self, log_p: Array) -> Array:
        return log1mexp(log_p) - log_p

    def _log_pdf(self, z: Array) -> Array:
        y = namespace(z).where(z > 0, z, -z)
        return 2 * self._tail(y) + y


class Cauchy(_Symmetric):
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
        y = xp.where(z > 0, z, -z)
        inner = xp.where(y < 1, y, 1 / xp.where(y < 1, xp.ones_like(y), y))
        far = xp.where(y < 1, xp.zeros_like(y), 2 * xp.log(xp.where(y < 1, xp.ones_like(y), y)))
        return -math.log(math.pi) - xp.log1p(inner * inner) - far


class Gumbel(_Standard):
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


class Exponential(_Standard):
    """P(X > x) = exp(-z) for x ≥ loc, with z = (x - loc) / scale.

    An entry at ``loc`` is read as ``eps scale / 4`` above it, half a rounding step of a number of
    the law's size.
    """

    def __init__(self, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> None:
        super().__init__(loc, scale)
        self.support = (self.loc, math.inf)

    def _standard(self, x: Array) -> Array:
        return _inside(super()._standard(x), 0.25 * namespace(x).finfo(x.dtype).eps)

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
        self.low, self.high = _parameter(low, "low"), _parameter(high, "high")
        self.shape = _joint_shape(low=self.low, high=self.high)
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
        return as_like(self.low, log_p) + self._width(log_p) * namespace(log_p).exp(log_p)

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p."""
        return as_like(self.high, log_p) - self._width(log_p) * namespace(log_p).exp(log_p)

    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats, that of the law also at the ends."""
        return namespace(x).zeros_like(x) - namespace(x).log(self._width(x))

    def _log_share(self, distance: Array) -> Array:
        """The log of a distance from an end over the width."""
        xp = namespace(distance)
        size = as_like(np.maximum(np.abs(self.low), np.abs(self.high)), distance)
        inside = _inside(distance, 0.25 * xp.finfo(distance.dtype).eps * size)
        return xp.log(inside / self._width(distance))

    def _width(self, like: Array) -> Array:
        return as_like(self.high, like) - as_like(self.low, like)


class Mixture(Marginal):
    """A mixture of m Gaussians for each entry: density Σ_k w_k N(x; mean_k, sd_k²).

    Quantiles are found by Newton's method on √(-2 log P(X > x)), held in a bracket; the derivative
    of a quantile (the first one) is that of the implicit function.

    Parameters
    ----------
    weights, means, sds
        Shape ``(..., m)``: the last axis runs over the components, the others broadcast against
        the latent's shape. Weights are positive and are divided by their sum.
    """

    _fields = ("weights", "means", "sds")

    def __init__(self, weights: ArrayLike, means: ArrayLike, sds: ArrayLike) -> None:
        w = np.atleast_1d(_positive(weights, "weights"))
        self.weights = w / w.sum(axis=-1, keepdims=True)
        self.means = np.atleast_1d(_parameter(means, "means"))
        self.sds = np.atleast_1d(_positive(sds, "sds"))
        shape = _joint_shape(weights=self.weights, means=self.means, sds=self.sds)
        if self.weights.shape[-1] != shape[-1]:
            raise BadInput(
                f"`weights` must hold {shape[-1]}, one for each component, got {w.shape}"
            )
        self.shape = shape[:-1]

    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""
        return self._log_sum(log_w + log_ndtr((x - m) / s) for log_w, m, s in self._parts(x))

    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x)."""
        return self._log_sum(log_w + log_ndtr((m - x) / s) for log_w, m, s in self._parts(x))

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        """The x with log P(X ≤ x) = log p."""
        return -self._solve(log_p, -1)

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p."""
        return self._solve(log_p, 1)

    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats."""
        return self._log_sum(
            log_w - 0.5 * ((x - m) / s) ** 2 - namespace(x).log(SQRT_TWO_PI * s)
            for log_w, m, s in self._parts(x)
        )

    def from_normal(self, u: Array, /) -> Array:
        """Entries x = F⁻¹(Φ(u)), both sides in one search."""
        sign = namespace(u).where(u > 0, namespace(u).ones_like(u), -namespace(u).ones_like(u))
        return sign * self._solve(log_tail(sign * u), sign)

    def _parts(self, x: Array) -> Iterator[tuple[Array, Array, Array]]:
        """Log weight, mean and standard deviation of each component, in the library of ``x``."""
        for k in range(self.weights.shape[-1]):
            at = [a[..., min(k, a.shape[-1] - 1)] for a in (self.weights, self.means, self.sds)]
            log_w, mean, sd = np.log(at[0]), at[1], at[2]
            yield as_like(log_w, x), as_like(mean, x), as_like(sd, x)

    @staticmethod
    def _log_sum(terms: Iterator[Array]) -> Array:
        return reduce(lambda a, b: namespace(a).logaddexp(a, b), terms)

    def _solve(self, log_p: Array, sign: Array | int) -> Array:
        """The t with log P(sign X > t) = log p."""
        target = _frozen(log_p)
        t = self._search(target, sign)
        newton = self._newton(t, log_p, sign)
        return t + (newton - _frozen(newton))  # no change but the derivative dt / d log p

    def _search(self, log_p: Array, sign: Array | int) -> Array:
        """The same t by at most 40 steps: Newton's, or a halving of the bracket where it leaves it.

        P(sign X > t) is a mean of the components' tails, so t lies between their quantiles.
        """
        xp, y = namespace(log_p), tail_quantile(log_p)
        ends = [sign * m + s * y for _, m, s in self._parts(log_p)]
        low, high = reduce(xp.minimum, ends), reduce(xp.maximum, ends)
        tiny = 4 * xp.finfo(log_p.dtype).eps * (xp.abs(high) + xp.abs(low))

        def advance(t: Array, step: Array, low: Array, high: Array) -> tuple[Array, ...]:
            newton = self._newton(t, log_p, sign)
            low, high = xp.where(newton > 0, t, low), xp.where(newton > 0, high, t)
            fast = xp.abs(newton) <= xp.where(step > 2 * tiny, 0.5 * step, tiny)
            good = fast & (t + newton >= low) & (t + newton <= high)
            move = xp.where(good, newton, 0.5 * (low + high) - t)
            return t + move, xp.abs(move), low, high

        state = 0.5 * (low + high), high - low, low, high
        if is_jax_array(log_p) and not is_concrete(log_p):  # 40 copies take minutes to compile
            loop = sys.modules["jax"].lax.fori_loop
            return loop(0, 40, lambda _, state: advance(*state), state)[0]
        for _ in range(40):
            state = advance(*state)
            if is_concrete(state[1]) and not bool(xp.any(state[1] > tiny)):
                break
        return state[0]

    def _newton(self, t: Array, log_p: Array, sign: Array | int) -> Array:
        """Newton's step from t, on √(-2 log P(sign X > t)), which is nearly linear in t."""
        xp, parts = namespace(t), list(self._parts(t))
        log_t = self._log_sum(w + log_ndtr((sign * m - t) / s) for w, m, s in parts)
        hazard = xp.exp(self.log_pdf(sign * t) - log_t)
        root, goal = xp.sqrt(xp.where(log_t < 0, -log_t, xp.zeros_like(t))), xp.sqrt(-log_p)
        hazard = xp.where(hazard > 1e-30, hazard, xp.full_like(t, 1e-30))  # between far modes
        return (log_t - log_p) * 2 * root / ((root + goal) * hazard)


def _parameter(value: ArrayLike, name: str) -> np.ndarray:
    """A constant array of finite numbers."""
    return np.array(to_numpy(as_latents(value, name)), dtype=float)


def _positive(value: ArrayLike, name: str) -> np.ndarray:
    array = _parameter(value, name)
    if not np.all(array > 0):
        raise BadInput(f"`{name}` must be positive, got {array.min():g}")
    return array


def _joint_shape(**parameters: np.ndarray) -> tuple[int, ...]:
    """The shape that the parameters broadcast to."""
    try:
        return np.broadcast_shapes(*(p.shape for p in parameters.values()))
    except ValueError as error:
        shapes = ", ".join(f"`{name}` {p.shape}" for name, p in parameters.items())
        raise BadInput(f"parameters must broadcast to one shape, got {shapes}") from error


def _inside(distance: Array, least: Array | float) -> Array:
    """Distances from an end of the support, those of entries on it (or past it) as ``least``."""
    xp = namespace(distance)
    return xp.where(distance > 0, distance, least + xp.zeros_like(distance))


def _frozen(x: Array) -> Array:
    """The same numbers as a constant, for the derivative; the standard has no name for it."""
    if is_jax_array(x):
        return sys.modules["jax"].lax.stop_gradient(x)  # loaded already, since x is JAX's
    return x.detach() if hasattr(x, "detach") else x


def _brief(value: np.ndarray) -> str:
    """A parameter in a repr: its numbers where they are few, else its shape."""
    return str(value.tolist()) if value.size <= 8 else f"<{value.shape}>"
