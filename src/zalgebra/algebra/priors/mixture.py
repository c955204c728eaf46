"""A Gaussian mixture as the law of one entry: its quantiles have no closed form."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import reduce

import numpy as np
from array_api_compat import is_jax_array
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_like, is_concrete, namespace
from zalgebra.algebra._special import SQRT_TWO_PI, log_ndtr, log_tail, tail_quantile
from zalgebra.algebra.priors._marginal import Marginal, joint_shape, parameter, positive
from zalgebra.types import Array, BadInput

__all__ = ["Mixture"]


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
        w = np.atleast_1d(positive(weights, "weights"))
        self.weights = w / w.sum(axis=-1, keepdims=True)
        self.means = np.atleast_1d(parameter(means, "means"))
        self.sds = np.atleast_1d(positive(sds, "sds"))
        shape = joint_shape(weights=self.weights, means=self.means, sds=self.sds)
        if self.weights.shape[-1] != shape[-1]:
            raise BadInput(
                f"`weights` must hold {shape[-1]}, one for each component, got {w.shape}"
            )
        self.shape = shape[:-1]

    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""
        return self._log_tail(-x, -1)

    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x)."""
        return self._log_tail(x, 1)

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

    def _log_tail(self, t: Array, sign: Array | int) -> Array:
        """Log P(sign X > t)."""
        return self._log_sum(log_w + log_ndtr((sign * m - t) / s) for log_w, m, s in self._parts(t))

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
        xp, log_t = namespace(t), self._log_tail(t, sign)
        hazard = xp.exp(self.log_pdf(sign * t) - log_t)
        root, goal = xp.sqrt(xp.where(log_t < 0, -log_t, xp.zeros_like(t))), xp.sqrt(-log_p)
        hazard = xp.where(hazard > 1e-30, hazard, xp.full_like(t, 1e-30))  # between far modes
        return (log_t - log_p) * 2 * root / ((root + goal) * hazard)


def _frozen(x: Array) -> Array:
    """The same numbers as a constant, for the derivative; the standard has no name for it."""
    if is_jax_array(x):
        return sys.modules["jax"].lax.stop_gradient(x)  # loaded already, since x is JAX's
    return x.detach() if hasattr(x, "detach") else x
