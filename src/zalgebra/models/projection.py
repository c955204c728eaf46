"""Projection off directions: what is left of latents without a meaning, in arrays and recipes."""

from __future__ import annotations

from typing import Any

import numpy as np

from zalgebra.algebra._arrays import as_latents, as_like, namespace, to_numpy
from zalgebra.algebra.latent import Latent
from zalgebra.types import BadInput

__all__ = ["basis", "project_off"]


def project_off(z: Any, directions: Any, /, *, name: str = "direction") -> Any:
    r"""Latents without their part along directions, which may be skew to one another.

    With an orthonormal basis U of the directions' span,

    $$P z = (I - U U^\top) z.$$

    P is linear, so that the projection of a recipe is the same recipe of projected seeds:
    $P(w_1 z_1 + w_2 z_2) = w_1 P z_1 + w_2 P z_2$.

    Parameters
    ----------
    z
        Latents ``(..., d)``, of any array library, or a `zalgebra.Latent`.
    directions
        One direction ``(d,)`` or several ``(k, d)``; a `zalgebra.Direction` is taken by its
        ``vector``.
    name
        What is taken out: the seeds of a recipe become ``"king without gender"``.

    Raises
    ------
    BadInput
        If shapes differ, a direction is zero, or a recipe holds numbered seeds, shifts or turns.

    References
    ----------
    Bolukbasi, Chang, Zou, Saligrama and Kalai, *Man is to computer programmer as woman is to
    homemaker? Debiasing word embeddings* (2016), step "neutralise"; Gonen and Goldberg, *Lipstick
    on a pig* (2019), on how much of a bias it leaves.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.models.projection import project_off
    >>> project_off(np.array([[3.0, 1, 2], [0, 4, 4]]), np.array([1.0, 0, 0])).tolist()
    [[0.0, 1.0, 2.0], [0.0, 4.0, 4.0]]
    >>> import zalgebra as za
    >>> king = za.Latent(np.array([3.0, 1, 2]), "king")
    >>> project_off(2 * king, np.array([1.0, 0, 0]), name="gender")
    2*"king without gender"
    """
    if isinstance(z, Latent):
        return _recipe(z, directions, name)
    x = as_latents(z, "latents")
    xp, U = namespace(x), basis(directions)
    if x.ndim == 0 or x.shape[-1] != U.shape[0]:
        raise BadInput(f"latents must have shape (..., {U.shape[0]}), got {tuple(x.shape)}")
    U = as_like(U, x)
    return x - xp.matmul(xp.matmul(x, U), U.T)


def basis(directions: Any, /) -> np.ndarray:
    """An orthonormal basis ``(d, r)``, float64, of the span of one or several directions."""
    given = getattr(directions, "vector", directions)
    D = np.atleast_2d(to_numpy(as_latents(given, "directions"))).astype(float)
    if D.ndim != 2 or 0 in D.shape or not np.all(np.isfinite(D)):
        raise BadInput(f"directions must be finite, of shape (d,) or (k, d), got {D.shape}")
    lengths = np.linalg.norm(D, axis=1, keepdims=True)
    if not lengths.all():
        raise BadInput(f"direction {int(lengths.argmin())} is zero; leave it out")
    _, sizes, axes = np.linalg.svd(D / lengths, full_matrices=False)
    return axes[sizes > 1e-6 * sizes[0]].T  # a direction that is given twice counts once


def _recipe(latent: Latent, directions: Any, name: str) -> Latent:
    kinds = {origin.kind for origin in latent.provenance()}
    if odd := kinds & {"number", "shift", "turn"}:
        raise BadInput(
            f"a recipe of arrays alone can be projected, but {latent!r} holds a {min(odd)}; "
            "project latent.array(...) instead"
        )
    weights = latent.weights
    parts = [
        Latent(project_off(array, directions), f"{seed} without {name}") * weights[seed]
        for seed, array in latent.seeds.items()
    ]
    return sum(parts[1:], start=parts[0])
