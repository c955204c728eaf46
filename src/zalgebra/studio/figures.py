"""Figures: strips, grids, equations in pictures and maps, as matplotlib figures.

Each function draws into ``ax`` if it is given, else into a new figure, and returns the figure. Here
are the plain ones; `_MORE` names those that have a file of their own.
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

__all__ = ["equation", "grid", "map", "strip"]

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


def map(
    points: np.ndarray,
    /,
    pictures: np.ndarray | None = None,
    *,
    color: np.ndarray | None = None,
    label: str = "",
    thumbnails: int = 60,
    ax: Axes | None = None,
) -> Figure:
    """Points ``(n, 2)`` with thumbnails that do not overlap.

    Parameters
    ----------
    points
        Coordinates of the items.
    pictures
        Their pictures ``(n, C, H, W)``.
    color
        A number for each item ``(n,)``, shown by colour with a scale named ``label``.
    thumbnails
        At most this many pictures; each is drawn only where it covers no other.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> points = np.random.default_rng(0).standard_normal((50, 2))
    >>> figure = za.figures.map(points, za.datasets.digits().images[:50], thumbnails=10)
    >>> len(figure.axes)
    1
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise BadInput(f"`points` must have shape (n, 2), got {points.shape}")
    if not np.all(np.isfinite(points)):
        raise BadInput("`points` must be finite, got NaN or infinite entries")
    for name, column in (("pictures", pictures), ("color", color)):
        if column is not None and len(column) != len(points):
            raise BadInput(f"`{name}` must be one a point ({len(points)}), got {len(column)}")
    figure, ax = _axes(ax, 7.0, 6.0)
    scale = {} if color is None else {"c": color, "cmap": "viridis"}
    drawn = ax.scatter(*points.T, s=5, alpha=0.5, linewidths=0, **scale)
    if color is not None:
        figure.colorbar(drawn, ax=ax, label=label, shrink=0.7)
    if pictures is not None:
        _thumbnails(ax, points, _tiles(pictures), thumbnails)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("first principal axis" if not ax.get_xlabel() else ax.get_xlabel())
    ax.set_ylabel("second principal axis" if not ax.get_ylabel() else ax.get_ylabel())
    for spine in ax.spines.values():
        spine.set_visible(False)
    return figure


def _thumbnails(ax: Axes, points: np.ndarray, tiles: np.ndarray, most: int) -> None:
    """Greedily place thumbnails on the map's first points that are far enough from the placed."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    places, size = (points - low) / span, 0.07
    taken: list[np.ndarray] = []
    for i in range(len(points)):
        if len(taken) >= most:
            break
        if all(np.abs(places[i] - p).max() > size for p in taken):
            taken.append(places[i])
            (x, y), (w, h) = points[i], span * size / 2
            ax.imshow(
                tiles[i], extent=(x - w, x + w, y - h, y + h), aspect="auto", zorder=3, cmap="gray",
                vmin=0, vmax=1,
            )  # fmt: skip
    margin = span * size
    ax.set_xlim(low[0] - margin[0], high[0] + margin[0])
    ax.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _wrapped(caption: str, points: float, room: float = ROOM) -> str:
    """A caption in lines that are no wider than their room, in tiles, at a size of letters."""
    for letters in range(LETTERS, 0, -1):
        lines = textwrap.wrap(caption, letters, max_lines=LINES, placeholder="…")
        if all(_inches(line, points) <= room * TILE for line in lines):
            break
    return "\n".join(lines)


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
