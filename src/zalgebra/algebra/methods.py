"""The ways to realise rows of weights over seeds: LOL, and the baselines it is compared with.

Each is a function of weights ``(..., k)``, which `combine` has scaled where the scale does not
matter, and of seeds ``(*b, k, *shape)``, b being empty unless every row has seeds of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import is_dask_array

from zalgebra.algebra._arrays import as_like, guarded, is_concrete, namespace, to_numpy
from zalgebra.algebra.correlation import estimated_beta, given_beta, independent_beta
from zalgebra.algebra.spherical import spherical_coefficients
from zalgebra.types import Array, BadInput, DegenerateWeights, Prior

__all__ = ["METHODS", "Seeds"]


class Seeds(NamedTuple):
    """Seeds ``(*b, k, *shape)``, where their axis lies, and what is known about them."""

    x: Array
    axis: int
    prior: Prior | None
    correlation: str | Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one latent."""
        return tuple(self.x.shape[self.axis + 1 :])

    @property
    def rows(self) -> Array:
        """The seeds flattened, ``(*b, k, D)``."""
        flat = (*self.x.shape[: self.axis + 1], math.prod(self.shape))
        return namespace(self.x).reshape(self.x, flat)

    def whitened(self) -> Seeds:
        """The same seeds in standard normal coordinates."""
        if self.prior is None:
            return self
        u = _each(self.prior.to_normal, self)
        sentence = f"{self.prior!r} gives these seeds no finite normal coordinates; check it"
        return self._replace(x=guarded(u, ~namespace(u).isfinite(u), BadInput(sentence)))

    def coloured(self, u: Array) -> Array:
        """Standard normal latents ``(..., *shape)`` as latents that follow the prior."""
        if self.prior is None:
            return u
        return _each(self.prior.from_normal, self._replace(x=u, axis=u.ndim - len(self.shape) - 1))


def _each(function: Callable[[Array], Array], seeds: Seeds) -> Array:
    """A prior's map on latents ``(n, *shape)`` for latents behind any number of axes."""
    xp, x = namespace(seeds.x), seeds.x
    count = math.prod(x.shape[: seeds.axis + 1])
    return xp.reshape(function(xp.reshape(x, (count, *seeds.shape))), x.shape)


def lol(w: Array, seeds: Seeds) -> Array:
    """LOL, z = (1 - α/√β) µ + W x / √β (arXiv 2408.08558, lemma 4), in normal coordinates."""
    mean = 0.0 if seeds.prior is None else getattr(seeds.prior, "gaussian_mean", None)
    if mean is None:  # not Gaussian
        return seeds.coloured(lol(w, seeds.whitened()._replace(prior=None)))
    root = _sqrt_beta(w, seeds)[..., None]
    if isinstance(mean, float):
        return _product(w / root, seeds)
    pull = 1 - namespace(w).sum(w, axis=-1, keepdims=True) / root
    return _product(w / root, seeds, pull, mean)


def _sqrt_beta(w: Array, seeds: Seeds) -> Array:
    """√β of each row, or `DegenerateWeights` where it is zero to rounding."""
    if not isinstance(seeds.correlation, str):
        beta = given_beta(w, seeds.correlation)
    elif seeds.correlation == "estimate":
        u = seeds.whitened().rows
        beta = estimated_beta(as_like(w, u, dtype=w.dtype), u)
    else:
        beta = independent_beta(w)
    sentence = (
        "these weights have no defined combination (all are zero, or equal seeds cancel); "
        "give at least one seed a weight of its own"
    )
    return namespace(beta).sqrt(guarded(beta, beta <= 0, DegenerateWeights(sentence)))


def linear(w: Array, seeds: Seeds) -> Array:
    """The plain weighted sum, LERP."""
    return _product(w, seeds)


def slerp(w: Array, seeds: Seeds) -> Array:
    """Along the arc between two seeds; the weighted spherical mean of more."""
    x = seeds.rows
    xp = namespace(x)
    x = xp.astype(x, xp.float32, copy=False) if xp.finfo(x.dtype).bits < 32 else x
    square = xp.sum(x * x, axis=-1, keepdims=True)
    sentence = "`slerp` needs seeds with a direction, got one that is all zeros"
    n = x / xp.sqrt(guarded(square, square == 0, DegenerateWeights(sentence)))
    gram = n @ xp.matrix_transpose(n)
    return _product(_spherical(w, gram), seeds)


def _spherical(w: Array, gram: Array) -> Array:
    if not is_dask_array(gram):
        return spherical_coefficients(w, gram)
    w = to_numpy(w)  # one small task on one block, instead of a graph of every step
    shape = (*np.broadcast_shapes(w.shape[:-1], gram.shape[:-2]), w.shape[-1])
    return gram.rechunk(-1).map_blocks(
        lambda g: np.broadcast_to(spherical_coefficients(w, g), shape),
        drop_axis=list(range(gram.ndim)),
        new_axis=list(range(len(shape))),
        chunks=shape,
        meta=np.empty((0,) * len(shape), dtype=w.dtype),
    )


def norm(w: Array, seeds: Seeds) -> Array:
    """The weighted sum, rescaled to the modal norm √(D - 1) in normal coordinates."""
    y, D = _whole(w, seeds, "norm")
    xp = namespace(y)
    square = xp.sum(y * y, axis=-1, keepdims=True)
    return _coloured(y * xp.sqrt((D - 1) / _nonzero(square, "norm")), w, seeds)


def standardize(w: Array, seeds: Seeds) -> Array:
    """The weighted sum with the entries of each latent brought to mean 0 and variance 1."""
    y, _ = _whole(w, seeds, "standardize")
    xp = namespace(y)
    y = y - xp.mean(y, axis=-1, keepdims=True)
    variance = xp.mean(y * y, axis=-1, keepdims=True)
    return _coloured(y / xp.sqrt(_nonzero(variance, "standardize")), w, seeds)


def _whole(w: Array, seeds: Seeds, method: str) -> tuple[Array, int]:
    """The weighted sums in normal coordinates, flattened ``(..., D)``."""
    D = math.prod(seeds.shape)
    if D < 2:
        raise BadInput(f"`{method}` needs latents of at least 2 entries, got {D}")
    y = _product(w, seeds.whitened())
    xp = namespace(y)
    y = xp.astype(y, w.dtype, copy=False)
    return xp.reshape(y, (*y.shape[: y.ndim - len(seeds.shape)], D)), D


def _nonzero(square: Array, method: str) -> Array:
    sentence = f"`{method}` needs a sum to rescale, and these weights give a constant one"
    return guarded(square, square == 0, DegenerateWeights(sentence))


def _coloured(y: Array, w: Array, seeds: Seeds) -> Array:
    xp = namespace(y)
    y = xp.reshape(y, (*y.shape[:-1], *seeds.shape))
    return seeds.coloured(xp.astype(y, seeds.x.dtype, copy=False))


def nao(w: Array, seeds: Seeds) -> Array:
    """Norm-aware optimisation (arXiv 2306.08687): paths and centroids that keep typical norms.

    The result carries no gradient.
    """
    from zalgebra.algebra.nao import nao_coefficients

    if not is_concrete(w, seeds.x):
        raise BadInput(
            "`nao` optimises step by step, so it cannot be traced or wait for Dask; use `lol`, or "
            "give it arrays that can be read"
        )
    if seeds.axis:
        raise BadInput("`nao` takes one set of seeds, (k, *shape); call it once for each row")
    white = seeds.whitened()
    white = white._replace(x=white.x.detach() if hasattr(white.x, "detach") else white.x)
    u = to_numpy(white.rows).astype(float)
    rows = to_numpy(w).astype(float).reshape(-1, w.shape[-1])
    c = nao_coefficients(rows, u @ u.T, u.shape[1]).reshape(w.shape)
    return seeds.coloured(_product(as_like(c, white.x, dtype=w.dtype), white))


METHODS: dict[str, Callable[[Array, Seeds], Array]] = {
    "lol": lol,
    "linear": linear,
    "slerp": slerp,
    "norm": norm,
    "standardize": standardize,
    "nao": nao,
}


def _product(w: Array, seeds: Seeds, pull: Array | None = None, mean: Any = None) -> Array:
    """W X, plus ``pull`` times the mean: one matrix product, and no array of size (n, k, D)."""
    W, X, shape = w, seeds.rows, seeds.shape
    if pull is not None and _more_rows_than_seeds(w, seeds):  # the mean as one more seed, which
        xp = namespace(w)  # makes no second array of the result's size
        W = xp.concat([w, xp.reshape(pull, (*w.shape[:-1], 1))], axis=-1)
        X = namespace(X).concat([X, as_like(mean.reshape(1, -1), X)], axis=0)
        pull = None
    W = as_like(W, X)
    if seeds.axis:
        z = (W[..., None, :] @ X)[..., 0, :]
    else:
        count = math.prod(w.shape[:-1])
        z = namespace(X).reshape(W, (count, W.shape[-1])) @ X
    batch = np.broadcast_shapes(w.shape[:-1], seeds.x.shape[: seeds.axis])
    z = namespace(X).reshape(z, (*batch, *shape))
    if pull is None:
        return z
    pull = namespace(pull).reshape(pull, (*pull.shape[:-1], *(1,) * len(shape)))
    return z + as_like(pull, z) * as_like(mean, z)


def _more_rows_than_seeds(w: Array, seeds: Seeds) -> bool:
    return not seeds.axis and math.prod(w.shape[:-1]) > w.shape[-1]
