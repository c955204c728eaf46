"""Combine latents so that the result follows the prior again.

Everything here is one operation, `combine`, with other weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from numpy.typing import ArrayLike

from zalgebra.algebra import weights as rows
from zalgebra.algebra._arrays import as_latents, as_like, flatten, is_concrete, namespace, working_dtype
from zalgebra.algebra.correlation import estimated_beta, given_beta, independent_beta
from zalgebra.algebra.priors import Gaussian, Normal, check_shape
from zalgebra.algebra.spherical import spherical_coefficients
from zalgebra.types import Array, BadInput, DegenerateWeights, Prior

__all__ = ["METHODS", "centroid", "combine", "interpolate", "path"]


def combine(
    weights: Array | ArrayLike,
    seeds: Array | Sequence[Array],
    /,
    *,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
) -> Array:
    r"""Combine seed latents with rows of weights into latents that follow the prior.

    With $y = \sum_k w_k x_k$, $\alpha = \sum_k w_k$ and $\beta = w^\top R\, w$, the method
    ``"lol"`` gives

    $$z = (1 - \alpha/\sqrt\beta)\,\mu + y/\sqrt\beta \sim N(\mu, \Sigma)$$

    for seeds from $N(\mu, \Sigma)$ with correlation $R$ among them. A prior that is not Gaussian
    is combined in its standard normal coordinates.

    Parameters
    ----------
    weights
        Shape ``(..., k)``: any real numbers, any sum, any sign. Numbers, lists, or an array.
    seeds
        ``k`` latents ``(k, *shape)``, an array of any Array API library or a list of arrays.
        Integers are read as real numbers.
    prior
        The distribution of the seeds; ``None`` is the standard normal N(0, 1).
    method
        ``"lol"`` (default), ``"linear"`` (the plain weighted sum, LERP), or ``"slerp"`` (two seeds:
        along the arc; more: the weighted spherical mean; weights are divided by their sum).
    correlation
        How the seeds hang together as random variables, used by ``"lol"``: ``"independent"``
        (default, the published method), ``"estimate"`` (from the seeds, shrunk: the choice for
        encoded data), or their correlation matrix ``(k, k)``.

    Returns
    -------
    array
        Latents ``(..., *shape)`` in the seeds' library, dtype and device.

    Raises
    ------
    DegenerateWeights
        If β vanishes: all weights are zero, or equal seeds cancel. Seeds that are called
        independent never cancel, not even equal ones: their difference is then a zero latent.
    BadInput
        If shapes do not fit, or weights or seeds are NaN or infinite.

    References
    ----------
    Bodin et al., *Linear combinations of latents in generative models: subspaces and beyond*,
    arXiv 2408.08558, lemmas 4 and 5.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> x = np.random.default_rng(0).standard_normal((2, 100_000))
    >>> z = za.combine([0.5, 0.5], x)
    >>> float(round(z.std(), 2)), float(round((0.5 * x[0] + 0.5 * x[1]).std(), 2))
    (1.0, 0.71)
    """
    x, w = _seeds(seeds, "seeds"), as_latents(weights, "weights")
    if w.ndim == 0 or w.shape[-1] != x.shape[0]:
        k = x.shape[0]
        raise BadInput(
            f"`weights` must have shape (..., {k}), one for each seed, got {tuple(w.shape)}"
        )
    if method not in METHODS:
        raise BadInput(f"`method` must be one of {', '.join(METHODS)}, got {method!r}")
    if isinstance(correlation, str) and correlation not in ("independent", "estimate"):
        raise BadInput(
            "`correlation` must be 'independent', 'estimate' or a (k, k) matrix, "
            f"got {correlation!r}"
        )
    if prior is not None:
        check_shape(prior.shape, x)
    return METHODS[method](as_like(w, x, dtype=working_dtype(x)), x, prior, correlation)


def interpolate(
    a: Array,
    b: Array,
    /,
    t: Array | ArrayLike,
    *,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
) -> Array:
    """Latents between ``a`` and ``b``: `combine` with weights ``(1 - t, t)``.

    Parameters
    ----------
    a, b
        Latents of one shape.
    t
        Position: 0 is ``a``, 1 is ``b``, beyond extrapolates. A number gives one latent, ``(n,)``
        gives ``n``.
    prior, method, correlation
        As in `combine`.

    Returns
    -------
    array
        ``shape`` or ``(n, *shape)``.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> a, b = np.random.default_rng(0).standard_normal((2, 4, 8, 8))
    >>> za.interpolate(a, b, np.linspace(0, 1, 5)).shape
    (5, 4, 8, 8)
    """
    w = rows.line(t)
    return combine(w, [a, b], prior=prior, method=method, correlation=correlation)


def path(
    keyframes: Array | Sequence[Array],
    /,
    steps: int,
    *,
    closed: bool = False,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
) -> Array:
    """Latents ``(steps, *shape)`` on the way through the keyframes ``(k, *shape)`` in order.

    Each segment takes the same time. With ``closed`` the path returns to its first keyframe and
    loops. ``prior``, ``method`` and ``correlation`` as in `combine`.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> keyframes = np.random.default_rng(0).standard_normal((3, 16))
    >>> za.path(keyframes, 9).shape
    (9, 16)
    """
    x = _seeds(keyframes, "keyframes")
    w = rows.polyline(x.shape[0], steps, closed=closed)
    return combine(w, x, prior=prior, method=method, correlation=correlation)


def centroid(
    seeds: Array | Sequence[Array],
    /,
    *,
    weights: ArrayLike | None = None,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
) -> Array:
    """The average of ``k`` latents ``(k, *shape)``, with the prior kept.

    ``weights`` of shape ``(k,)`` default to equal ones; ``prior``, ``method`` and ``correlation``
    as in `combine` (seeds that hang together, such as encoded data, want ``"estimate"``).

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> x = np.random.default_rng(0).standard_normal((8, 10_000))
    >>> float(round(za.centroid(x).std(), 2)), float(round(x.mean(axis=0).std(), 2))
    (1.0, 0.35)
    """
    x = _seeds(seeds, "seeds")
    w = rows.uniform(x.shape[0]) if weights is None else weights
    return combine(w, x, prior=prior, method=method, correlation=correlation)


def _seeds(seeds: Array | Sequence[Array], name: str) -> Array:
    """The seeds as one array ``(k, *shape)``, k at least 1."""
    x = as_latents(seeds, name)
    if x.ndim == 0 or x.shape[0] == 0:
        shape = tuple(x.shape)
        raise BadInput(f"`{name}` must hold at least one latent (k, *shape), got shape {shape}")
    return x


def _lol(w: Array, x: Array, prior: Prior | None, correlation: str | Array) -> Array:
    xp = namespace(x)
    if not (prior is None or isinstance(prior, (Normal, Gaussian))):
        u = _lol(w, prior.to_normal(x), None, correlation)
        batch = xp.reshape(u, (math.prod(w.shape[:-1]), *x.shape[1:]))
        return xp.reshape(prior.from_normal(batch), u.shape)
    w = _scaled(w)
    root = _sqrt_beta(w, x, prior, correlation)[..., None]
    z = _product(w / root, x)
    if isinstance(prior, Gaussian):
        pull = 1 - xp.sum(w, axis=-1, keepdims=True) / root
        pull = xp.reshape(pull, (*w.shape[:-1], *(1,) * (x.ndim - 1)))
        z = z + xp.astype(pull, x.dtype, copy=False) * as_like(prior.mean, x)
    return z


def _scaled(w: Array) -> Array:
    """Weights with a largest entry of 1: LOL is the same, and no square over- or underflows."""
    xp = namespace(w)
    peak = xp.max(xp.abs(w), axis=-1, keepdims=True)
    return w / xp.where(peak > 0, peak, xp.ones_like(peak))


def _linear(w: Array, x: Array, prior: Prior | None, correlation: str | Array) -> Array:
    return _product(w, x)


def _slerp(w: Array, x: Array, prior: Prior | None, correlation: str | Array) -> Array:
    xp = namespace(x)
    flat = xp.astype(flatten(x), w.dtype, copy=False)
    norms = xp.linalg.vector_norm(flat, axis=-1)
    if is_concrete(x) and bool(xp.any(norms == 0)):
        raise DegenerateWeights("`slerp` needs seeds with a direction, got one that is all zeros")
    gram = (flat @ flat.T) / (norms[:, None] * norms[None, :])
    return _product(spherical_coefficients(w, gram), x)


METHODS: dict[str, Callable[[Array, Array, Prior | None, str | Array], Array]] = {
    "lol": _lol,
    "linear": _linear,
    "slerp": _slerp,
}


def _product(w: Array, x: Array) -> Array:
    """W X for weights ``(..., k)`` and seeds ``(k, *shape)``: one matrix product."""
    xp = namespace(x)
    rows = xp.reshape(xp.astype(w, x.dtype, copy=False), (-1, x.shape[0]))
    return xp.reshape(rows @ flatten(x), (*w.shape[:-1], *x.shape[1:]))


def _sqrt_beta(w: Array, x: Array, prior: Prior | None, correlation: str | Array) -> Array:
    """√β of each row, or `DegenerateWeights` where it is zero to rounding."""
    xp = namespace(x)
    if not isinstance(correlation, str):
        beta = given_beta(w, correlation)
    elif correlation == "estimate":
        beta = estimated_beta(w, flatten(x if prior is None else prior.to_normal(x)))
    else:
        beta = independent_beta(w)
    if is_concrete(beta) and bool(xp.any(beta <= 0)):
        raise DegenerateWeights(
            "these weights have no defined combination (all are zero, or equal seeds cancel); "
            "give at least one seed a weight of its own"
        )
    return xp.sqrt(beta)
