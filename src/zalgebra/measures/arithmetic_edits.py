"""Do edits hold in a model? Whether decoding and encoding keeps them, and whether they commute."""

from __future__ import annotations

import math

import numpy as np

from zalgebra.measures.accuracy import Score
from zalgebra.measures.features import rows
from zalgebra.measures.intervals import statistic_score
from zalgebra.measures.reconstruction import explained
from zalgebra.types import Array, BadInput

__all__ = ["commutation", "survival"]


def survival(before: Array, after: Array, asked: Array, /) -> Score:
    r"""Share of an edit that is still there after decoding and encoding; 1 is all of it.

    $$1 - \frac{\mathrm{mean}\,|z'_i - z_i - \delta|^2}{|\delta|^2}$$

    with z_i = f(g(u_i)) and z'_i = f(g(u_i + δ)), for encoder f and decoder g: what the model
    loses without an edit is not counted. 0 is as good as no move at all; below 0 the move is
    mostly in another direction, or far too long.

    Parameters
    ----------
    before, after
        Latents ``(n, *shape)``, decoded and encoded without the edit, and with it; at least 2.
    asked
        δ, of one latent's shape, or one for each item.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.arithmetic_edits import survival
    >>> Z, edit = np.random.default_rng(0).standard_normal((50, 4)), np.array([2.0, 0, 0, 0])
    >>> survival(Z, Z + edit, edit).value, survival(Z, Z + edit / 2, edit).value
    (1.0, 0.75)
    """
    u, v = rows(before, "before"), rows(after, "after")
    delta = np.asarray(asked, dtype=np.float64)
    delta = delta.reshape(len(delta), -1) if delta.size == u.size else delta.reshape(1, -1)
    if u.shape != v.shape or delta.shape[1] != u.shape[1]:
        raise BadInput(
            f"`before`, `after` and `asked` must have latents of one shape, got {u.shape}, "
            f"{v.shape} and {delta.shape}"
        )
    asked_square = np.broadcast_to((delta**2).sum(axis=1), len(u))
    missed = ((v - u - delta) ** 2).sum(axis=1)
    return explained(missed, asked_square, "share of an edit that decoding and encoding keep")


def commutation(start: Array, one_first: Array, other_first: Array, /, *, seed: int = 0) -> Score:
    r"""How far two edits in one order end from the same edits in the other; 0 if they commute.

    $$\sqrt{\frac{\sum_i |u_i - v_i|^2}{\tfrac12 \sum_i (|u_i - z_i|^2 + |v_i - z_i|^2)}}$$

    In latents alone a + b = b + a; what tells is to decode and encode after each edit. 1 means
    that both ends are as far from each other as the start; NaN that nothing moved. The interval is
    a jackknife over items.

    Parameters
    ----------
    start
        Latents z ``(n, *shape)`` without an edit, decoded and encoded as often as the others.
    one_first, other_first
        u and v, after both edits, in either order.
    seed
        Of the jackknife.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.arithmetic_edits import commutation
    >>> Z = np.zeros((20, 2))
    >>> commutation(Z, Z + [3, 4], Z + [3, 4]).value, commutation(Z, Z + [1, 0], Z - [1, 0]).value
    (0.0, 2.0)
    """
    z, u, v = rows(start, "start"), rows(one_first, "one_first"), rows(other_first, "other_first")
    if not z.shape == u.shape == v.shape:
        raise BadInput(
            "`start`, `one_first` and `other_first` must have one shape, "
            f"got {z.shape}, {u.shape} and {v.shape}"
        )
    apart = ((u - v) ** 2).sum(axis=1)
    moved = (((u - z) ** 2).sum(axis=1) + ((v - z) ** 2).sum(axis=1)) / 2

    def relative(kept: np.ndarray) -> float:
        total = float(moved[kept].sum())
        return math.sqrt(float(apart[kept].sum()) / total) if total > 0 else math.nan

    question = "distance between the ends of two orders, in the length of the way"
    return statistic_score(relative, len(z), question, seed=seed)
