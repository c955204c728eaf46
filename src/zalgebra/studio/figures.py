"""Figures: strips, grids, equations in pictures and maps, as matplotlib figures.

Each function draws into ``ax`` if it is given, else into a new figure, and returns the figure; only
`zalgebra.studio.cards.card` always makes its own. Here are the plain ones; `_MORE` names those that
have a file of their own.
"""

from __future__ import annotations

import importlib
import textwrap
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra._pictures import as_unit
from zalgebra.types import BadInput, MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["equation", "grid", "strip"]

TILE = 1.1  # inches a picture
LINE = 0.11  # of a tile's width, for a line of its caption; as much again is air
LETTERS = 20  # of a caption in a line at most: what fits under a picture at 7 points
ROOM = 0.86  # of a tile's width, for a line of a caption
LINES = 3  # of a caption, then it is cut

_MORE = {
    "along": "zalgebra.studio.cards",
    "card": "zalgebra.studio.cards",
    "certificate": "zalgebra.studio.figures_certificate",
    "inverse_grid": "zalgebra.studio.map_figures",
    "matrix": "zalgebra.studio.cards",
    "scatter": "zalgebra.studio.map_figures",
    "semantic": "zalgebra.studio.figures_semantic",
    "sheet": "zalgebra.studio.figures_sheet",
    "spelt": "zalgebra.studio.figures_mixes",
    "traversals": "zalgebra.studio.figures_traversal",
    "tree": "zalgebra.studio.figures_mixes",
}


def __getattr__(name: str) -> Any:
    if name not in _MORE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MORE[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_MORE])


def strip(
    pictures: np.ndarray, /, captions: Sequence[str] | None = None, *, ax: Axes | None = None
) -> Figure:
    """Pictures ``(n, C, H, W)`` in [0, 1] in one row, with a caption under each.

    Examples
    --------
    >>> import zalgebra as za
    >>> figure = za.figures.strip(za.datasets.faces(5, seed=1).images)
    >>> len(figure.axes)
    1
    """
    return grid(pictures, columns=len(pictures), captions=captions, ax=ax)


def grid(
    pictures: np.ndarray,
    /,
    *,
    columns: int | None = None,
    captions: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Pictures ``(n, C, H, W)`` in rows of ``columns`` (default: about a square).

    ``captions`` are one a picture.

    Examples
    --------
    >>> import zalgebra as za
    >>> figure = za.figures.grid(za.datasets.digits().images[:6], columns=3)
    >>> len(figure.axes)
    1
    """
    tiles = _tiles(pictures)
    n, H, W = tiles.shape[:3]
    columns = int(np.ceil(np.sqrt(n))) if columns is None else columns
    if columns < 1:
        raise BadInput(f"`columns` must be at least 1, got {columns}")
    rows = int(np.ceil(n / columns))
    if captions is not None and len(captions) != n:
        raise BadInput(f"`captions` must have one text a picture ({n}), got {len(captions)}")
    texts = None if captions is None else [_wrapped(c, 7) for c in captions]
    line = 0.0 if texts is None else _height(texts)
    figure, ax = _axes(ax, columns * TILE, rows * TILE * (H / W + line))
    for i, tile in enumerate(tiles):
        left, top = i % columns, (i // columns) * (H / W + line)
        ax.imshow(
            tile, extent=(left, left + 0.97, top + 0.97 * H / W, top), cmap="gray", vmin=0, vmax=1
        )
        if texts is not None:
            ax.text(
                left + 0.485, top + H / W + 0.02, texts[i], ha="center", va="top", fontsize=7,
                parse_math=False, in_layout=False,
            )  # fmt: skip
    _bare(ax, columns, rows * (H / W + line))
    return figure


def equation(
    pictures: np.ndarray,
    signs: Sequence[str],
    /,
    captions: Sequence[str],
    *,
    ax: Axes | None = None,
) -> Figure:
    """An equation in pictures: ``n`` pictures and the ``n - 1`` signs between them.

    Examples
    --------
    >>> import zalgebra as za
    >>> faces = za.datasets.faces(4, seed=1).images
    >>> words = ["neutral man", "smile", "neutral", "smiling man"]
    >>> figure = za.figures.equation(faces, ["+", "-", "="], words)
    >>> [t.get_text() for t in figure.axes[0].texts][:2]
    ['neutral man', '+']
    """
    tiles = _tiles(pictures)
    n, H, W = tiles.shape[:3]
    if len(signs) != n - 1 or len(captions) != n:
        raise BadInput(
            f"{n} pictures need {n - 1} signs and {n} captions, "
            f"got {len(signs)} and {len(captions)}"
        )
    gap, texts = 0.35, [_wrapped(c, 8, 1.1) for c in captions]
    line = _height(texts) + 0.03
    figure, ax = _axes(ax, (n + gap * (n - 1)) * TILE, TILE * (H / W + line))
    for i, tile in enumerate(tiles):
        left = i * (1 + gap)
        ax.imshow(tile, extent=(left, left + 1, H / W, 0), cmap="gray", vmin=0, vmax=1)
        ax.text(
            left + 0.5, H / W + 0.04, texts[i], ha="center", va="top", fontsize=8,
            parse_math=False, in_layout=False,
        )  # fmt: skip
        if i < n - 1:
            middle = left + 1 + gap / 2
            ax.text(
                middle, H / W / 2, signs[i], ha="center", va="center", fontsize=16, parse_math=False
            )
    _bare(ax, n + gap * (n - 1), H / W + line)
    return figure


def _wrapped(caption: str, points: float, room: float = ROOM) -> str:
    """A caption in lines that are no wider than their room, in tiles, at a size of letters."""
    for letters in range(LETTERS, 0, -1):
        lines = _both_ends(textwrap.wrap(caption, letters))
        if all(_inches(line, points) <= room * TILE for line in lines):
            break
    return "\n".join(lines)


def _both_ends(lines: list[str]) -> list[str]:
    """At most `LINES` lines: the first ones and the last, so that of a way both ends are seen."""
    if len(lines) <= LINES:
        return lines
    return [*lines[: LINES - 2], f"{lines[LINES - 2]} …", lines[-1]]


def _inches(line: str, points: float) -> float:
    """How wide a line of a caption is; what the font lacks is a box, without a warning here."""
    try:
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        font = FontProperties(size=points)
        return text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] / 72


def _height(texts: Sequence[str]) -> float:
    """What the longest caption takes, of a tile's width."""
    return LINE * (2 + max((t.count("\n") for t in texts), default=0))


def _tiles(pictures: np.ndarray) -> np.ndarray:
    """Pictures ``(n, C, H, W)`` as matplotlib takes them: ``(n, H, W[, 3])`` in [0, 1]."""
    pictures = as_unit(pictures)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or len(pictures) == 0:
        raise BadInput(f"pictures must have shape (n, 1 or 3, H, W), got {pictures.shape}")
    tiles = np.clip(np.moveaxis(pictures, 1, -1), 0, 1)
    return tiles[..., 0] if tiles.shape[-1] == 1 else tiles


def _axes(ax: Axes | None, width: float, height: float) -> tuple[Figure, Any]:
    if ax is not None:
        return ax.figure, ax  # ty: ignore[invalid-explicit-return]
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    return figure, figure.add_subplot()


def _bare(ax: Any, width: float, height: float) -> None:
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_aspect("equal")
    ax.set_axis_off()
