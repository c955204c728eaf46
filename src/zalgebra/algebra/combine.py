"""Combine latents so that the result follows the prior again.

Everything here is one operation, `combine`, with other weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from array_api_compat import is_dask_array
from numpy.typing import ArrayLike

from zalgebra.algebra import weights as rows
from zalgebra.algebra._arrays import as_latents, as_like, namespace, working_dtype
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.methods import METHODS, Seeds
from zalgebra.algebra.priors import check_shape
from zalgebra.types import Array, BadInput, Prior

__all__ = ["METHODS", "centroid", "combine", "interpolate", "path"]


def combine(
    weights: Array | ArrayLike,
    seeds: Array | Sequence[Array],
    /,
    *,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
    axis: int = 0,
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
        ``"lol"`` (default), or a baseline: ``"linear"`` (the plain weighted sum, LERP), ``"slerp"``
        (two seeds: along the arc; more: the weighted spherical mean; weights are divided by their
        sum), ``"norm"`` (the sum rescaled to the prior's modal norm), ``"standardize"`` (the
        entries of each latent brought to mean 0 and variance 1), ``"nao"`` (norm-aware
        optimisation of paths and centroids, weights of 0 or more; NumPy inside, no gradient).
    correlation
        How the seeds hang together as random variables, used by ``"lol"``: ``"independent"``
        (default, the published method), ``"estimate"`` (from the seeds, shrunk: the choice for
        encoded data), or their correlation matrix ``(k, k)``.
    axis
        Where the k seeds lie in ``seeds``. The axes before it are a batch: ``(n, k, *shape)`` with
        ``axis=1`` gives every row seeds of its own, and ``weights`` ``(k,)`` or ``(n, k)``
        broadcast against that batch.

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
    x, w = _seeds(seeds, "seeds", axis), as_latents(weights, "weights")
    _check(w, x, axis, method, correlation)
    if prior is not None and not hasattr(prior, "to_normal"):
        raise BadInput(
            f"`prior` must be one of za.priors, got {type(prior).__name__}; "
            "za.priors.Independent(dist) makes one of a law of scipy or torch"
        )
    if prior is not None:
        check_shape(prior.shape, x[(*(0,) * axis, ...)])
    if method != "linear":
        w = _scaled(w)
    if is_dask_array(x) and not is_dask_array(w):  # small ones stay readable, and are checked now
        w = as_like(w, np.empty(0, dtype=working_dtype(x)))
    else:
        w = as_like(w, x, dtype=working_dtype(x))
    return METHODS[method](w, Seeds(x, axis, prior, correlation))


def _scaled(w: Array) -> Array:
    """Rows with a largest entry of 1: all but the plain sum ignore it, and no square overflows."""
    xp = namespace(w)
    peak = xp.max(xp.abs(w), axis=-1, keepdims=True)
    return w / xp.where(peak > 0, peak, xp.ones_like(peak))


def _check(w: Array, x: Array, axis: int, method: str, correlation: str | Array) -> None:
    k, batch = x.shape[axis], x.shape[:axis]
    if w.ndim == 0 or w.shape[-1] != k:
        raise BadInput(
            f"`weights` must have shape (..., {k}), one for each seed, got {tuple(w.shape)}"
        )
    try:
        np.broadcast_shapes(w.shape[:-1], batch)
    except ValueError as error:
        raise BadInput(
            f"`weights` {tuple(w.shape)} must broadcast against the batch {tuple(batch)} of seeds; "
            f"give (k,) or {(*batch, k)}"
        ) from error
    if method not in METHODS:
        hint = "; LERP is 'linear'" if str(method).lower() == "lerp" else ""
        raise BadInput(f"`method` must be one of {', '.join(METHODS)}, got {method!r}{hint}")
    if isinstance(correlation, str) and correlation not in ("independent", "estimate"):
        raise BadInput(
            "`correlation` must be 'independent', 'estimate' or a (k, k) matrix, "
            f"got {correlation!r}"
        )


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
    pace: str = "time",
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
) -> Array:
    """Latents ``(steps, *shape)`` on the way through the keyframes ``(k, *shape)`` in order.

    With ``pace="time"`` (default) each segment takes the same time, with ``"arc"`` the speed is
    constant along the whole way, by the angles between the keyframes (`zalgebra.weights.lengths`).
    With ``closed`` the path returns to its first keyframe and loops. ``prior``, ``method`` and
    ``correlation`` as in `combine`. A way without corners is `combine` with
    `zalgebra.weights.spline`.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> keyframes = np.random.default_rng(0).standard_normal((3, 16))
    >>> za.path(keyframes, 9).shape
    (9, 16)
    """
    x = _seeds(keyframes, "keyframes")
    if pace not in ("time", "arc"):
        raise BadInput(f"`pace` must be 'time' or 'arc', got {pace!r}")
    arcs = rows.lengths(x, closed=closed, prior=prior) if pace == "arc" else None
    w = rows.polyline(x.shape[0], steps, closed=closed, pace=arcs)
    return combine(w, x, prior=prior, method=method, correlation=correlation)


def centroid(
    seeds: Array | Sequence[Array],
    /,
    *,
    weights: ArrayLike | None = None,
    prior: Prior | None = None,
    method: str = "lol",
    correlation: str | Array = "independent",
    axis: int = 0,
) -> Array:
    """The average of ``k`` latents ``(k, *shape)``, with the prior kept.

    ``weights`` of shape ``(k,)`` default to equal ones; ``prior``, ``method``, ``correlation`` and
    ``axis`` as in `combine` (seeds that hang together, such as encoded data, want ``"estimate"``).

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> x = np.random.default_rng(0).standard_normal((8, 10_000))
    >>> float(round(za.centroid(x).std(), 2)), float(round(x.mean(axis=0).std(), 2))
    (1.0, 0.35)
    """
    x = _seeds(seeds, "seeds", axis)
    w = rows.uniform(x.shape[axis]) if weights is None else weights
    return combine(w, x, prior=prior, method=method, correlation=correlation, axis=axis)


def _seeds(seeds: Array | Sequence[Array], name: str, axis: int = 0) -> Array:
    """The seeds as one array ``(*b, k, *shape)``, k at least 1."""
    x, axis = as_latents(seeds, name), at_least("axis", axis, 0)
    if x.ndim and axis >= x.ndim:
        raise BadInput(
            f"`axis` must lie between 0 and {x.ndim - 1} for seeds {tuple(x.shape)}, got {axis}"
        )
    if x.ndim == 0 or x.shape[axis] == 0:
        shape = tuple(x.shape)
        raise BadInput(f"`{name}` must hold at least one latent (k, *shape), got shape {shape}")
    return x
