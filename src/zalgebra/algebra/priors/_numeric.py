"""Laws of one entry that NumPy computes, from functions that scipy, torch or a caller wrote."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_like, is_concrete, to_numpy
from zalgebra.algebra.priors._marginal import Marginal
from zalgebra.types import Array, BadInput

__all__ = ["Numeric", "from_functions"]

LEAST = math.log(np.finfo(float).tiny)  # log of the smallest probability that NumPy's laws see


@dataclass(repr=False)
class Numeric(Marginal):
    """A law given by functions of float64 NumPy arrays; ``quantiles`` are ppf and isf."""

    name: str
    log_tails: tuple[Callable, Callable]
    quantiles: tuple[Callable, Callable]
    density: Callable | None
    support: tuple[ArrayLike, ArrayLike]
    shape: tuple[int, ...] = ()
    least_above: float = LEAST  # log of the smallest upper tail that the functions can tell from 0

    def to_normal(self, x: Array, /) -> Array:
        return self._by_numpy(super().to_normal, x, inside=True)

    def from_normal(self, u: Array, /) -> Array:
        return self._by_numpy(super().from_normal, u)

    def log_pdf(self, x: Array, /) -> Array:
        if self.density is None:
            raise BadInput(
                f"{self.name} has no density, so no `log_prob`; give an object with `logpdf`"
            )
        return self._by_numpy(self.density, x, inside=True)

    def log_cdf(self, x: Array, /) -> Array:
        return np.maximum(self.log_tails[0](x), LEAST)

    def log_sf(self, x: Array, /) -> Array:
        return np.maximum(self.log_tails[1](x), self.least_above)

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        log_p = np.maximum(log_p, LEAST)
        return self._polished(self.quantiles[0](np.exp(log_p)), log_p, self.log_cdf, -1)

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        log_p = np.maximum(log_p, self.least_above)
        return self._polished(self.quantiles[1](np.exp(log_p)), log_p, self.log_sf, 1)

    def _polished(self, x: Array, log_p: Array, log_tail: Callable, sign: int) -> Array:
        """Quantiles after a Newton step on the log tail where that helps: scipy's can be coarse."""
        gap = (tail := log_tail(x)) - log_p
        exact = self.density is not None and self.least_above == LEAST  # 1 - cdf is too coarse
        if not exact or not np.any(np.abs(gap) > 1e-12 * (1 + np.abs(log_p))):
            return x
        moved = x + sign * gap * np.exp(tail - self.log_pdf(x))
        moved = np.where((moved > self.support[0]) & (moved < self.support[1]), moved, x)
        return np.where(np.abs(log_tail(moved) - log_p) < np.abs(gap), moved, x)

    def __repr__(self) -> str:
        return self.name

    def _by_numpy(self, function: Callable, x: Array, inside: bool = False) -> Array:
        """The function on the CPU in float64, and back into the library of ``x``."""
        if not is_concrete(x):
            raise BadInput(
                f"{self.name} is computed by NumPy, which JAX cannot trace; call it outside jit, "
                "vmap and grad, or use a closed form of zalgebra.algebra.priors.marginals"
            )
        entries = to_numpy(x)
        with np.errstate(all="ignore"):
            value = function(self._moved_inside(entries) if inside else entries.astype(float))
        return as_like(np.asarray(value), x)

    def _moved_inside(self, x: np.ndarray) -> np.ndarray:
        """The entries in float64, those at an end moved inside."""
        low, high = self.support
        lowest, highest = _inside_of(low, np.inf, x.dtype), _inside_of(high, -np.inf, x.dtype)
        return np.clip(x.astype(float), lowest, highest)


def from_functions(
    cdf: Callable,
    ppf: Callable,
    sf: Callable | None = None,
    isf: Callable | None = None,
    *,
    name: str = "a law given by functions",
    density: Callable | None = None,
) -> Marginal:
    """The law of callables; without ``sf`` and ``isf`` the upper tail is 1 - cdf, at least 2⁻⁵³."""
    upper = sf or (lambda x: 1 - cdf(x))
    low, high = (np.asarray(ppf(np.asarray(p)), dtype=float) for p in (0.0, 1.0))
    return Numeric(
        name,
        log_tails=(lambda x: np.log(cdf(x)), lambda x: np.log(upper(x))),
        quantiles=(ppf, isf or (lambda q: ppf(1 - q))),
        density=density,
        support=(low, high),
        shape=low.shape,
        least_above=LEAST if sf else math.log(2.0**-53),
    )


def _inside_of(end: ArrayLike, towards: float, dtype: np.dtype) -> np.ndarray:
    """Half a rounding step of the dtype inside an end of the support; in float64 a whole one."""
    near = np.asarray(end, dtype=dtype)
    half = 0.5 * near.astype(float) + 0.5 * np.nextafter(near, dtype.type(towards)).astype(float)
    step = np.nextafter(np.asarray(end, dtype=float), towards)
    return np.maximum(half, step) if towards > 0 else np.minimum(half, step)
