"""Style mixing: each layer of a latent taken, or mixed, from latents of its own choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from array_api_compat import is_array_api_obj
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, to_numpy, working_dtype
from zalgebra.algebra.masks import blended
from zalgebra.types import Array, BadInput, Prior

__all__ = ["mix_layers"]


def mix_layers(
    latents: Array | Sequence[Any],
    choice: ArrayLike,
    /,
    *,
    axis: int = -2,
    prior: Prior | None = None,
    correlation: str | float | Array = "independent",
) -> Any:
    r"""Style mixing: a latent whose layers come from several latents.

    Layer $l$ is `zalgebra.combine` with its own weights $w_{l1}, \dots, w_{lk}$: with
    $\beta_l = w_l^\top R\, w_l$,

    $$z_l = \mu_l + \frac{1}{\sqrt{\beta_l}} \sum_k w_{lk} (x_{kl} - \mu_l)$$

    Whole numbers choose: layer $l$ is that of latent ``choice[l]``, to the bit. As in
    `zalgebra.algebra.masks.blend`, a Gaussian prior keeps the law of each layer, and a prior whose
    layers hang together loses what binds layers of different sources.

    Parameters
    ----------
    latents
        The k sources, each ``(..., L, d)`` such as W+ of StyleGAN, with or without a batch; or each
        a list of L arrays of any shapes, such as the levels of a U-Net (coarse to fine, say).
    choice
        ``(L,)`` whole numbers from 0 to k - 1, or real weights ``(L, k)``.
    axis
        Where the layers lie in a latent; -2 (default) for ``(..., L, d)``. Not for lists.
    prior
        The law of a latent, or of one layer (its shape tells); ``None`` is N(0, 1). For lists one
        prior a level, in a list. W+ of a mapping network is far from N(0, 1): fit one, for soft
        weights (`zalgebra.priors.Gaussian.fit`).
    correlation
        As in `zalgebra.combine`, between the k sources; or one number for all pairs.

    Returns
    -------
    array or list
        One latent, of the shape (or shapes) and library of each source.

    Raises
    ------
    DegenerateWeights
        If a layer's weights are all zero, or cancel.
    BadInput
        If shapes do not fit, or a choice is no source.

    References
    ----------
    Karras et al., *A style-based generator architecture for generative adversarial networks*,
    arXiv 1812.04948, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.algebra.layers import mix_layers
    >>> pose, colours = np.random.default_rng(0).standard_normal((2, 18, 512))
    >>> z = mix_layers([pose, colours], [0] * 8 + [1] * 10)
    >>> bool((z[:8] == pose[:8]).all()), bool((z[8:] == colours[8:]).all())
    (True, True)
    """
    if not is_array_api_obj(latents) and any(isinstance(x, list | tuple) for x in latents):
        return _levels([list(x) for x in latents], choice, prior, correlation)
    x = as_latents(latents, "latents")
    if x.shape[:1] == (0,):
        raise BadInput("`latents` must hold at least one source, got none")
    if x.ndim < 2 or not -x.ndim < axis < x.ndim - 1:
        raise BadInput(f"`axis` must be one of a latent of shape {tuple(x.shape[1:])}, got {axis}")
    place = axis % (x.ndim - 1) + 1
    w = _weights(choice, x.shape[place], x.shape[0])
    w = np.reshape(w.T, (x.shape[0], *(1,) * (place - 1), -1, *(1,) * (x.ndim - 1 - place)))
    return blended(as_like(w, x, dtype=working_dtype(x)), x, prior, correlation)


def _levels(latents: list[list[Any]], choice: ArrayLike, prior: Any, correlation: Any) -> list:
    """Layers of different shapes, one by one."""
    L = len(latents[0])
    if any(len(levels) != L for levels in latents):
        raise BadInput(f"latents must have one number of levels, got {[len(x) for x in latents]}")
    priors = [None] * L if prior is None else prior
    if not isinstance(priors, list | tuple) or len(priors) != L:
        raise BadInput(f"latents in levels need a list of {L} priors, one a level, got {prior!r}")
    w = _weights(choice, L, len(latents))
    mixed = []
    for row, law, *level in zip(w, priors, *latents, strict=True):
        x = as_latents(level, "latents")
        column = np.reshape(row, (-1, *(1,) * (x.ndim - 1)))
        mixed.append(blended(as_like(column, x, dtype=working_dtype(x)), x, law, correlation))
    return mixed


def _weights(choice: ArrayLike, L: int, k: int) -> np.ndarray:
    """Weights ``(L, k)``, each row's largest 1: LOL has no use for its scale."""
    c = np.asarray(to_numpy(choice) if is_array_api_obj(choice) else choice)
    if c.shape == (L,) and c.dtype.kind in "iu":
        if np.any((c < 0) | (c >= k)):
            raise BadInput(f"`choice` must name latents 0 to {k - 1}, got {c.tolist()}")
        return np.eye(k)[c]
    if c.shape != (L, k) or c.dtype.kind not in "fiu" or not np.all(np.isfinite(c)):
        raise BadInput(
            f"`choice` must be {L} whole numbers, one a layer, or finite weights ({L}, {k}), "
            f"got {c.dtype} of shape {c.shape}"
        )
    peak = np.abs(c).max(axis=1, keepdims=True)
    return c / np.where(peak > 0, peak, 1.0)
