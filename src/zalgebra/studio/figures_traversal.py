"""Traversals: what a latent becomes along each of several directions, strength by strength."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from zalgebra.algebra.latent import Latent
from zalgebra.studio.figures_sheet import sheet
from zalgebra.types import Array, BadInput, Prior

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zalgebra.estimators.directions import Direction

__all__ = ["signed", "traversals"]

STRENGTHS = (-60, -40, -20, 0, 20, 40, 60)


def traversals(
    z: Array,
    directions: Sequence[Direction],
    strengths: Sequence[float] = STRENGTHS,
    /,
    *,
    decode: Callable[[np.ndarray], np.ndarray],
    unit: str | None = "°",
    prior: Prior | None = None,
    ax: Axes | None = None,
) -> Figure:
    """A row of pictures for each direction, from its least strength to its largest.

    Each is the latent itself with one direction added at one strength; the column of strength 0,
    where there is one, is framed.

    Parameters
    ----------
    z
        One latent.
    directions
        One a row.
    strengths
        One a column; default -60 to 60.
    decode
        From latents ``(m, *shape)`` to pictures ``(m, C, H, W)``, as ``model.inverse_transform``.
    unit
        Of the strengths, as in `zalgebra.Direction.latent`: ``"°"`` (default), ``"sd"``, or
        ``None`` for multiples of δ.
    prior
        As in `zalgebra.combine`.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> Z = np.random.default_rng(0).standard_normal((400, 8))
    >>> smile = za.Direction.from_groups(Z[:200] + np.eye(8)[0], Z[200:], name="smile")
    >>> def decode(z):
    ...     return np.tanh(z).reshape(-1, 1, 2, 4) / 2 + 0.5
    >>> figure = za.figures.traversals(Z[0], [smile], [-1, 0, 1], unit="sd", decode=decode)
    >>> [t.get_text() for t in figure.axes[0].texts]
    ['−1 sd', '0', '+1 sd', 'smile']
    """
    if not directions or not len(strengths):
        raise BadInput("a traversal needs at least one direction and one strength")
    start = Latent(z, "start")
    recipes = [start + d.latent(float(s), unit) for d in directions for s in strengths]
    made = np.stack([np.asarray(recipe.array(prior=prior)) for recipe in recipes])
    pictures = np.asarray(decode(made))
    shape = (len(directions), len(strengths), *pictures.shape[1:])
    itself = [j for j, strength in enumerate(strengths) if strength == 0][:1]
    return sheet(
        pictures.reshape(shape),
        [direction.name for direction in directions],
        [signed(strength, unit) for strength in strengths],
        frames=[(i, j) for i in range(len(directions)) for j in itself],
        ax=ax,
    )


def signed(strength: float, unit: str | None) -> str:
    """A strength in words: ``+20°``, ``−1.5 sd``, ``×0.5`` for multiples of δ."""
    number = f"{strength:+.3g}".replace("-", "−") if strength else "0"
    suffix = {"°": "°", "sd": " sd", None: " δ"}.get(unit, "")
    return number + suffix if strength else number
