"""Masked edits: latents blended entry by entry, the prior kept at every entry.

`blend` takes a mask, `zalgebra.algebra.layers.mix_layers` a choice for each layer; both are
`blended`, which is LOL with weights that differ from entry to entry.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, guarded, namespace, working_dtype
from zalgebra.algebra._whole import as_shape
from zalgebra.algebra.correlation import given_beta, independent_beta
from zalgebra.algebra.methods import Seeds
from zalgebra.algebra.priors import Independent, check_shape
from zalgebra.types import Array, BadInput, DegenerateWeights, Prior

__all__ = ["blend", "blended", "box", "shrink"]


def blend(
    a: Array,
    b: Array,
    mask: Array | ArrayLike,
    /,
    *,
    prior: Prior | None = None,
    correlation: str | float | Array = "independent",
) -> Array:
    r"""The latent that is ``a`` where the mask is 0 and ``b`` where it is 1, the prior kept.

    With the mask $m$, the mean $\mu$ and the correlation $r$ of the two latents, at every entry

    $$z = \mu + \frac{(1 - m)(a - \mu) + m\,(b - \mu)}{\sqrt{(1 - m)^2 + m^2 + 2\,m\,(1 - m)\,r}}$$

    Without the root, entries under a soft mask have too little variance: half of it at m = 1/2.
    What is kept depends on the prior:

    - independent entries (`Normal`, `Independent`, a diagonal `Gaussian`): the law, exactly;
    - a `Gaussian` with correlated entries: the law of each entry, and of each region of constant
      m. Between entries with θ = atan2(m, 1 - m) the covariance is Σ_ij cos(θ_i - θ_j) for r = 0,
      so none across the edge of a hard mask; `zalgebra.check` tells what that amounts to;
    - any other prior is blended in its standard normal coordinates, where its law is kept (on a
      sphere but for O(1/d)); one of these may reach over the whole latent, and then the mask marks
      no place and copies nothing.

    Parameters
    ----------
    a, b
        Latents of one shape. With a prior that has a shape, the axes before it are a batch.
    mask
        Numbers in [0, 1], or bools, that broadcast to ``a``, such as ``(H, W)`` for ``(C, H, W)``;
        `box` makes one, `shrink` brings one of a picture's size to the latent's. Entries where it
        is 0 or 1 are copied to the bit.
    prior
        The law of the latents; ``None`` is N(0, 1).
    correlation
        ``"independent"`` (default), ``"estimate"`` (from the latents, shrunk: the choice for
        encoded data), the correlation r as a number, or a matrix ``(2, 2)``.

    Returns
    -------
    array
        Of the shape, library, dtype and device of ``a``.

    Raises
    ------
    DegenerateWeights
        If the two cancel: each other's negative, at m = 1/2.
    BadInput
        If shapes do not fit, or the mask leaves [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.algebra.masks import blend, box
    >>> a, b = np.random.default_rng(1).standard_normal((2, 4, 128, 128))
    >>> z = blend(a, b, box(a.shape, columns=(0.5, 1), feather=0.2))
    >>> bool((z[..., 0] == a[..., 0]).all()), bool((z[..., -1] == b[..., -1]).all())
    (True, True)
    >>> float(blend(a, b, 0.5).std().round(2)), float((0.5 * a + 0.5 * b).std().round(2))
    (1.0, 0.71)
    """
    x = as_latents([a, b], "latents")
    m = _mask(mask, x[0, ...])
    return blended(namespace(m).stack([1 - m, m]), x, prior, correlation)


def blended(w: Array, x: Array, prior: Prior | None, correlation: str | float | Array) -> Array:
    """LOL at every entry: weights ``(k, *entries)`` over latents ``(k, *b, *shape)``.

    Where one seed has weight 1 and the others 0 it is copied, to the bit unless the prior's map
    reaches from entry to entry.
    """
    xp, seeds = namespace(x), _seeds(x, prior)
    mean = 0.0 if prior is None else getattr(prior, "gaussian_mean", None)
    estimated = isinstance(correlation, str) and correlation != "independent"
    white = seeds.whitened() if estimated or mean is None else seeds
    beta = _estimated_beta(w, white, correlation) if estimated else _beta(w, correlation)
    sentence = "these latents cancel where the weights meet in the middle; blend others"
    w = w / namespace(w).sqrt(guarded(beta, beta <= 0, DegenerateWeights(sentence)))
    if mean is None:
        z = xp.sum(as_like(w, x) * white.x, axis=0)
        z = white.coloured(z)
        return _copied(w, x, z) if isinstance(prior, Independent) else z
    z = xp.sum(as_like(w, x) * x, axis=0)
    if isinstance(mean, float):
        return z
    return z + as_like(1 - namespace(w).sum(w, axis=0), x) * as_like(mean, x)


def _seeds(x: Array, prior: Prior | None) -> Seeds:
    """The latents with what is known of them: all axes before the prior's shape are a batch."""
    if prior is not None and not hasattr(prior, "to_normal"):
        raise BadInput(f"`prior` must be one of za.priors, got {type(prior).__name__}")
    if prior is None or prior.shape is None:
        return Seeds(x, 0, prior, "")
    axis = x.ndim - len(prior.shape) - 1
    check_shape(prior.shape, x[(*(0,) * max(axis, 0), ...)])
    return Seeds(x, axis, prior, "")


def _copied(w: Array, x: Array, z: Array) -> Array:
    """Entries of one seed alone as they are, without the rounding of the way there and back."""
    for i in range(x.shape[0]):
        z = namespace(z).where(as_like(w[i, ...], x) == 1, x[i, ...], z)
    return z


def _beta(w: Array, correlation: str | float | Array) -> Array:
    """β = wᵀ R w of every entry, R being known."""
    xp, k = namespace(w), w.shape[0]
    rows = xp.moveaxis(w, 0, -1)
    if isinstance(correlation, str):
        return independent_beta(rows)
    R = as_latents(correlation, "correlation")
    if R.ndim == 0:
        eye = namespace(R).eye(k, dtype=R.dtype)
        R = R + (1 - R) * eye
    return given_beta(rows, R)


def _estimated_beta(w: Array, white: Seeds, how: Any) -> Array:
    """β of every entry, its correlations ĉ = ⟨u_i, u_j⟩ / |u_i||u_j| shrunk by one factor.

    It is max(0, 1 - s²/Σ ĉ²) with s² = Σ (1 - ĉ²)/D, the part that D entries have by chance; for
    two latents what `zalgebra.combine` takes for them.
    """
    if how != "estimate":
        raise BadInput(
            "`correlation` must be 'independent', 'estimate', a number or a (k, k) matrix, "
            f"got {how!r}"
        )
    xp, u = namespace(w), as_like(white.rows, w)
    n = u / xp.sqrt(_positive(xp.sum(u * u, axis=-1, keepdims=True)))
    pairs = list(itertools.combinations(range(w.shape[0]), 2))
    cosines = [xp.sum(n[i, ...] * n[j, ...], axis=-1) for i, j in pairs]
    square = sum((c * c for c in cosines), start=0 * cosines[0])
    chance = (len(pairs) - square) / u.shape[-1]
    factor = xp.where(square > chance, 1 - chance / _positive(square), xp.zeros_like(square))
    own = beta = xp.sum(w * w, axis=0)
    for (i, j), c in zip(pairs, cosines, strict=True):
        r = xp.reshape(factor * c, (*c.shape, *(1,) * len(white.shape)))
        beta = beta + 2 * w[i, ...] * w[j, ...] * r
    rounding = 32 * xp.finfo(w.dtype).eps
    return xp.where(beta <= rounding * own, xp.zeros_like(beta), beta)


def _positive(x: Array) -> Array:
    """The array with 1 for 0, to divide by."""
    return namespace(x).where(x > 0, x, namespace(x).ones_like(x))


def _numbers(mask: Any) -> Array:
    """A mask of numbers, finite, from one that may be of bools."""
    m: Array = mask if is_array_api_obj(mask) else np.asarray(mask)
    xp = namespace(m)
    return as_latents(xp.astype(m, xp.float32) if xp.isdtype(m.dtype, "bool") else m, "mask")


def _mask(mask: Any, x: Array) -> Array:
    """The mask in the library of the latents, if it fits them and lies in [0, 1]."""
    m = _numbers(mask)
    try:
        fits = np.broadcast_shapes(m.shape, x.shape) == tuple(x.shape)
    except ValueError:
        fits = False
    if not fits:
        raise BadInput(
            f"`mask` must broadcast to the latents' shape {tuple(x.shape)}, got {tuple(m.shape)}; "
            "`masks.shrink(mask, shape)` brings a picture's mask to a latent's"
        )
    outside = (m < 0) | (m > 1)
    m = guarded(m, outside, BadInput("`mask` must lie in [0, 1]; divide 8-bit masks by 255"))
    m = namespace(m).reshape(m, (*(1,) * (x.ndim - m.ndim), *m.shape))
    return as_like(m, x, dtype=working_dtype(x))


def box(
    shape: int | Sequence[int],
    /,
    *,
    rows: tuple[float, float] = (0.0, 1.0),
    columns: tuple[float, float] = (0.0, 1.0),
    feather: float = 0.0,
) -> np.ndarray:
    """A mask ``(H, W)`` that is 1 in a box and 0 outside, for latents whose last axes are (H, W).

    Parameters
    ----------
    shape
        Of a latent, or ``(H, W)``.
    rows, columns
        From where to where, as shares of height and width, from the top and from the left.
    feather
        Width of the ramp from 0 to 1 that is centred on each edge inside the picture, as a share
        of the side.

    Examples
    --------
    >>> from zalgebra.algebra.masks import box
    >>> box((1, 6), columns=(0.5, 1), feather=0.5).round(2).tolist()
    [[0.0, 0.0, 0.33, 0.67, 1.0, 1.0]]
    """
    H, W = (1, 1, *as_shape(shape))[-2:]
    if not (math.isfinite(feather) and feather >= 0):
        raise BadInput(f"`feather` must be a share of 0 or more, got {feather}")
    sides = [_side(H, "rows", rows, feather), _side(W, "columns", columns, feather)]
    return np.minimum(sides[0][:, None], sides[1][None, :])


def _side(n: int, name: str, span: tuple[float, float], feather: float) -> np.ndarray:
    """The box along one axis: each of n cells by the place of its middle."""
    low, high = map(float, span)
    if not 0 <= low < high <= 1:
        raise BadInput(f"`{name}` must be two shares 0 ≤ from < to ≤ 1, got {span}")
    middle = (np.arange(n) + 0.5) / n
    inside = np.full(n, np.inf)  # how far inside the nearest edge that is not the picture's own
    if low > 0:
        inside = np.minimum(inside, middle - low)
    if high < 1:
        inside = np.minimum(inside, high - middle)
    if feather == 0:
        return (inside >= 0).astype(np.float32)
    return np.clip(inside / feather + 0.5, 0, 1).astype(np.float32)


def shrink(mask: Array, shape: int | Sequence[int], /) -> Array:
    """A picture's mask ``(..., H, W)`` at the size of a latent, ``(..., h, w)``: means of blocks.

    Parameters
    ----------
    mask
        Numbers or bools; H and W are multiples of h and w.
    shape
        Of a latent, ``(..., h, w)``.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.algebra.masks import shrink
    >>> shrink(np.eye(4), (8, 2, 2)).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    m = _numbers(mask)
    size, (h, w) = tuple(m.shape), (1, 1, *as_shape(shape))[-2:]
    if len(size) < 2 or 0 in (h, w) or size[-2] % h or size[-1] % w:
        raise BadInput(f"`mask` must have sides that are multiples of {(h, w)}, got {size}")
    blocks = namespace(m).reshape(m, (*size[:-2], h, size[-2] // h, w, size[-1] // w))
    return namespace(m).mean(blocks, axis=(-3, -1))
