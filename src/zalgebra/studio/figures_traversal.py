"""Traversals: what a latent becomes along each of several directions, strength by strength."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.latent import Latent
from zalgebra.studio.figures import TILE, _axes, _bare, _tiles
from zalgebra.types import Array, BadInput, Prior

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zalgebra.estimators.directions import Direction

__all__ = ["traversals"]

NAME = 1.1  # tiles that the directions' names take
HEAD = 0.27  # tiles that the strengths take
FRAME = "#1f5fa8"  # about the column of the latent itself
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
    tiles = _tiles(decode(made))
    rows, columns, (H, W) = len(directions), len(strengths), tiles.shape[1:3]
    figure, ax = _axes(ax, (NAME + columns) * TILE, (HEAD + rows * H / W) * TILE)
    for i, tile in enumerate(tiles):
        left, top = NAME + i % columns, HEAD + i // columns * H / W
        box = (left + 0.03, left + 0.97, top + (1 - 0.03) * H / W, top + 0.03 * H / W)
        ax.imshow(tile, extent=box, cmap="gray", vmin=0, vmax=1)
    for j, strength in enumerate(strengths):
        words(ax, NAME + j + 0.5, HEAD - 0.05, signed(strength, unit), ha="center", va="bottom")
    for i, direction in enumerate(directions):
        words(ax, NAME - 0.08, HEAD + (i + 0.5) * H / W, _broken(direction.name), ha="right")
    if 0 in strengths:
        left = NAME + list(strengths).index(0)
        x, y = np.array([0, 1, 1, 0, 0]) + left, np.array([0, 0, 1, 1, 0]) * rows * H / W + HEAD
        ax.plot(x, y, color=FRAME, lw=1.5, clip_on=False)
    _bare(ax, NAME + columns, HEAD + rows * H / W)
    return figure


def signed(strength: float, unit: str | None) -> str:
    """A strength in words: ``+20°``, ``−1.5 sd``, ``×0.5`` for multiples of δ."""
    number = f"{strength:+.3g}".replace("-", "−") if strength else "0"
    suffix = {"°": "°", "sd": " sd", None: " δ"}.get(unit, "")
    return number + suffix if strength else number


def words(ax: Any, x: float, y: float, text: str, *, size: float = 11, **how: Any) -> None:
    """Words as they are: a dollar sign begins no formula."""
    style = {"va": "center", "fontsize": size, "parse_math": False, **how}
    ax.text(x, y, text, **style)


def _broken(name: str) -> str:
    """A name in lines of at most 11 letters."""
    import textwrap

    text = textwrap.wrap(name.replace("_", " "), 11, max_lines=3, placeholder=" …")
    return "\n".join(text)
