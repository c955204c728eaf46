"""A sheet of pictures: rows and columns with a meaning each, and some pictures in frames."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.studio.figures import TILE, _axes, _bare, _both_ends, _tiles
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["sheet", "words"]

NAME = 1.1  # tiles that the names of rows take
LINE = 0.22  # tiles that a line of words above or below takes
LETTERS = 11  # of a line
AIR = 0.03  # of a tile, on each of its sides
FRAME = "#1f5fa8"


def sheet(
    pictures: np.ndarray,
    /,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    foot: Sequence[str] | None = None,
    frames: Sequence[tuple[int, int]] = (),
    ax: Axes | None = None,
) -> Figure:
    """Pictures ``(r, c, C, H, W)`` in [0, 1] in rows and columns that are named.

    Parameters
    ----------
    rows
        ``r`` words, at the left of each row; default none.
    columns, foot
        ``c`` words, above and below each column; default none.
    frames
        Row and column, counted from 0, of the pictures in a frame.

    Raises
    ------
    BadInput
        If shapes, numbers of words or places of frames do not fit.

    Examples
    --------
    >>> import zalgebra as za
    >>> faces = za.datasets.faces(6, seed=1).images.reshape(2, 3, 3, 64, 64)
    >>> figure = za.figures.sheet(faces, ["calm", "glad"], ["a", "b", "c"], frames=[(0, 1)])
    >>> [t.get_text() for t in figure.axes[0].texts]
    ['a', 'b', 'c', 'calm', 'glad']
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 5:
        raise BadInput(f"`pictures` must have shape (rows, columns, C, H, W), got {pictures.shape}")
    r, c = pictures.shape[:2]
    for name, found, count in (("rows", rows, r), ("columns", columns, c), ("foot", foot, c)):
        if found is not None and len(found) != count:
            raise BadInput(f"`{name}` must have one text each ({count}), got {len(found)}")
    if strays := [place for place in frames if not (0 <= place[0] < r and 0 <= place[1] < c)]:
        raise BadInput(f"`frames` must name places of the sheet, got {strays[0]}")
    tiles = _tiles(pictures.reshape(r * c, *pictures.shape[2:]))
    tall = tiles.shape[1] / tiles.shape[2]
    left = 0.0 if rows is None else NAME
    lines = [
        0 if t is None else max(_broken(w).count("\n") + 1 for w in t) for t in (columns, foot)
    ]
    head, below = (LINE * n + 0.05 * bool(n) for n in lines)
    figure, ax = _axes(ax, (left + c) * TILE, (head + r * tall + below) * TILE)
    for i, tile in enumerate(tiles):
        x, y = left + i % c, head + i // c * tall
        box = (x + AIR, x + 1 - AIR, y + (1 - AIR) * tall, y + AIR * tall)
        ax.imshow(tile, extent=box, cmap="gray", vmin=0, vmax=1)
    for at, text, va, air in (
        (head, columns, "bottom", -0.02),
        (head + r * tall, foot, "top", 0.04),
    ):
        for j, word in enumerate(text or ()):
            words(ax, left + j + 0.5, at + air, _broken(word), ha="center", va=va)
    for i, word in enumerate(rows or ()):
        words(ax, left - 0.08, head + (i + 0.5) * tall, _broken(word), ha="right")
    for i, j in frames:
        x, y = np.array([0, 1, 1, 0, 0]) + left + j, np.array([0, 0, 1, 1, 0]) * tall
        ax.plot(x, y + head + i * tall, color=FRAME, lw=1.8, clip_on=False, solid_joinstyle="miter")
    _bare(ax, left + c, head + r * tall + below)
    return figure


def words(ax: Any, x: float, y: float, text: str, *, size: float = 11, **how: Any) -> None:
    """Words as they are: a dollar sign begins no formula."""
    style = {"va": "center", "fontsize": size, "parse_math": False, **how}
    ax.text(x, y, text, **style)


def _broken(name: str) -> str:
    """A name in lines of at most 11 letters; of more than three lines, the first two and the last.

    So that of a way from here to there both ends are seen.
    """
    return "\n".join(_both_ends(textwrap.wrap(name.replace("_", " "), LETTERS)))
