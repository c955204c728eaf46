"""Points in the plane, with thumbnails where they cover no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zalgebra.studio.figures import _axes, _tiles
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["map"]


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
