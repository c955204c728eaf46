"""The prior `Independent`: entries that are independent, each with a law on the line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from array_api_compat import is_dask_array

from zalgebra.algebra._arrays import (
    as_latents,
    as_like,
    flatten,
    is_concrete,
    namespace,
    working_dtype,
)
from zalgebra.algebra.priors._draw import check_shape, draw
from zalgebra.algebra.priors._laws import as_law
from zalgebra.types import Array, BadInput

__all__ = ["Independent"]


class Independent:
    """Independent entries x, each with a law on the line: u = Φ⁻¹(F(x)).

    The distribution function F and its complement are taken in logarithms, on whichever side is
    small, so that the tails survive: an entry with |u| = 12 in float32, or 35 in float64, comes
    back to rounding, wherever an x of that dtype can lie so far out (not at the upper end of a
    bounded law). The plain route gives infinity from 5.4 on in float32.

    Parameters
    ----------
    dist
        The law of the entries, one of

        - a law of `zalgebra.algebra.priors.marginals` (``Uniform``, ``Laplace``, ``Logistic``,
          ``Gumbel``, ``Cauchy``, ``Exponential``, ``Normal``, the Gaussian ``Mixture``): closed
          forms on every array library, with derivatives, under ``jit`` and ``vmap``;
        - the same families as scipy or torch distributions, which become these;
        - any other continuous scipy distribution: computed by NumPy in float64, without a
          derivative, for u up to ±37.5; not under JAX's transformations;
        - any other torch distribution of one variable: the common families as scipy's; the rest
          by its own ``cdf`` and ``icdf``, so their upper tail ends at u = 8.2;
        - callables ``(cdf, ppf)`` of NumPy arrays, whose upper tail ends at u = 8.2, or
          ``(cdf, ppf, sf, isf)``, or an object with these four methods.

        Its parameters may be arrays that broadcast against the latent's shape.
    shape
        Shape of one latent; only `sample` needs it.

    Raises
    ------
    BadInput
        If ``dist`` is none of these, or its parameters do not fit ``shape``; on use, if entries lie
        outside the support. An entry exactly at an end of the support (uniform draws do give 0.0)
        is read as lying about half a rounding step inside, so that u is finite. Entries of a lazy
        or traced array are not read: those outside count as at the end.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> x = np.random.default_rng(0).uniform(0, 1, (2, 100_000))
    >>> prior = za.priors.Independent(za.priors.marginals.Uniform(0, 1))
    >>> z = za.combine([0.5, 0.5], x, prior=prior)
    >>> float(x.std().round(2)), float(z.std().round(2)), float(x.mean(axis=0).std().round(2))
    (0.29, 0.29, 0.2)
    """

    def __init__(self, dist: Any, shape: tuple[int, ...] | None = None) -> None:
        self.dist = as_law(dist)
        self.shape = shape if shape is None else tuple(shape)
        if self.shape is not None:
            self._check_parameters(self.shape)

    def to_normal(self, z: Array, /) -> Array:
        """Map latents ``(n, *shape)`` to standard normal ones: u = Φ⁻¹(F(z))."""
        return self._entrywise(self.dist.to_normal, self._inside(z))

    def from_normal(self, u: Array, /) -> Array:
        """Map standard normal arrays ``(n, *shape)`` to latents: z = F⁻¹(Φ(u))."""
        return self._entrywise(self.dist.from_normal, self._fitting(u))

    def tangent(self, z: Array, v: Array, /) -> Array:
        """The direction v at latents z in normal coordinates: v F'(z) / φ(u), entry by entry."""
        log_pdf, u = self._entrywise(self.dist.log_pdf, self._inside(z)), self.to_normal(z)
        return v * namespace(z).exp(log_pdf + 0.5 * u * u + 0.5 * math.log(2 * math.pi))

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        if self.shape is None:
            raise BadInput("`Independent` needs a shape to sample: Independent(dist, shape=(512,))")
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``: the sum over the entries' log densities."""
        terms = flatten(self._entrywise(self.dist.log_pdf, self._inside(z)))
        return namespace(z).sum(terms, axis=-1)

    def __repr__(self) -> str:
        return f"Independent({self.dist!r}{'' if self.shape is None else f', {self.shape}'})"

    def _entrywise(self, function: Callable[[Array], Array], x: Array) -> Array:
        """The function of each entry, at least in float32, in the dtype of ``x``."""
        if is_dask_array(x):  # lazily, block by block; whole latents, for parameters of each entry
            x = x.rechunk(dict.fromkeys(range(1, x.ndim), -1))
            return x.map_blocks(
                lambda block: self._entrywise(function, block), dtype=x.dtype, meta=x._meta
            )
        xp = namespace(x)
        value = function(xp.astype(x, working_dtype(x), copy=False))
        return xp.astype(value, x.dtype, copy=False)

    def _fitting(self, x: Array) -> Array:
        """The array, if the shape and the parameters of the prior fit it."""
        x = as_latents(x, "latents")
        check_shape(self.shape, x)
        self._check_parameters(tuple(x.shape[1:]))
        return x

    def _inside(self, z: Array) -> Array:
        """The latents, if they fit and no entry is seen outside the support."""
        z = self._fitting(z)
        low, high = map(np.asarray, self.dist.support)
        if is_concrete(z) and np.any(np.isfinite(low) | np.isfinite(high)):
            xp = namespace(z)
            outside = (z < as_like(low, z)) | (z > as_like(high, z))
            if bool(xp.any(outside)):
                raise BadInput(
                    f"latents of this prior lie in [{low.min():g}, {high.max():g}], got "
                    f"{int(xp.sum(xp.astype(outside, xp.int64)))} entries outside; rescale the "
                    f"latents, or give {self.dist!r} the parameters that fit them"
                )
        return z

    def _check_parameters(self, shape: tuple[int, ...]) -> None:
        """Raise `BadInput` unless the law's parameters broadcast to the latent's shape."""
        given = self.dist.shape
        if len(given) > len(shape) or any(
            g not in (1, s) for g, s in zip(reversed(given), reversed(shape), strict=False)
        ):
            raise BadInput(
                f"the parameters of the distribution have shape {given}, which must broadcast to "
                f"that of one latent, got {shape}"
            )
