"""Pictures of maps: items with thumbnails and labels of which none covers another, and the inverse.

Each function draws into ``ax`` if it is given, else into a new figure, and returns the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.estimators.maps import LatentMap
from zalgebra.studio.figures import _tiles
from zalgebra.studio.map_layout import LETTERS, Sheet, label_places, thumbnail_rows
from zalgebra.studio.map_paper import panels
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLORS", "Pictures", "inverse_grid", "opacity", "scatter"]

# Petroff, arXiv 2107.02270: told apart by readers of every kind of colour vision.
COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
MARKS = "o^sDvPX"  # in turn as the colours: seventy groups differ, and few without colour
THUMBNAIL = 0.4  # inches
UNKNOWN = "#c9cdd6"  # of an item whose number is not known
NAMED = 30  # groups at most, the largest: more names would hide the items
COLUMNS = 64  # of an inverse grid at most: each of its tiles is decoded and drawn
FAINTEST = 0.12  # opacity of a decoded place about which nothing is known

Pictures = np.ndarray | Callable[[np.ndarray], np.ndarray]


def scatter(
    points: np.ndarray,
    /,
    pictures: Pictures | None = None,
    *,
    groups: np.ndarray | None = None,
    names: Sequence[str] | None = None,
    color: np.ndarray | None = None,
    label: str = "",
    thumbnails: int = 80,
    ax: Axes | None = None,
) -> Figure:
    """Items at their places, with labels and thumbnails of which none covers another.

    Parameters
    ----------
    points
        Places ``(n, 2)``.
    pictures
        The items' pictures ``(n, C, H, W)`` in [0, 1]; or a function from rows to their pictures,
        which is called once, with the rows that are shown.
    groups
        Whole numbers ``(n,)``: each group has a colour, the thirty largest their names on the map.
    names
        The groups' names; group i is ``names[i]``. By default their numbers.
    color
        Numbers ``(n,)``, shown by colour with a scale named ``label``; not both with ``groups``.
    thumbnails
        At most this many.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.studio.map_figures import scatter
    >>> digits = za.datasets.digits()[:200]
    >>> places = digits.images.reshape(200, 64)[:, [20, 43]]
    >>> figure = scatter(places, digits.images, groups=digits.labels["class"])
    >>> len(figure.axes[0].texts)
    10
    """
    points = _places(points)
    if pictures is not None and not callable(pictures) and len(pictures) != len(points):
        raise BadInput(f"`pictures` must be one a point ({len(points)}), got {len(pictures)}")
    group_of, words = _groups(points, groups, names, color)
    ax = panels(like=points)[0] if ax is None else ax
    tint = _draw_items(ax, points, group_of, color, label)
    sheet = Sheet.of(ax, points)
    sheet.frame(ax)
    taken = []
    for g, place, box in label_places(sheet, points, group_of, words):
        taken.append(box)
        ax.annotate(
            words[g], sheet.anchor(points[group_of == g]), place, ha="center", va="center",
            fontsize=LETTERS, zorder=6, parse_math=False, bbox=_backing(tint(g)),
            arrowprops={"arrowstyle": "-", "color": tint(g), "lw": 0.8, "shrinkA": 0},
        )  # fmt: skip
    if pictures is not None and thumbnails > 0:
        rows = thumbnail_rows(sheet, points, taken, size=THUMBNAIL, most=thumbnails)
        shown: Any = pictures(rows) if callable(pictures) else np.asarray(pictures)[rows]
        for row, tile in zip(rows, _as_many(shown, len(rows)), strict=True):
            edge = "#888888" if group_of is None else tint(group_of[row])
            _tile(ax, tile, points[row], sheet.unit * THUMBNAIL, edge=edge)
    return ax.figure  # ty: ignore[invalid-explicit-return]


def inverse_grid(
    fitted: LatentMap,
    decode: Callable[[np.ndarray], np.ndarray],
    /,
    *,
    columns: int = 16,
    ax: Axes | None = None,
) -> Figure:
    """A lattice over a map of two axes, decoded; a tile is the fainter the larger its error.

    A tile of the smallest error on the lattice is opaque, one whose error is that of an item drawn
    at random nearly gone; where the map says that a point is outside the data there is none. The
    items are small dots.

    Parameters
    ----------
    fitted
        A fitted map.
    decode
        From latents ``(m, *shape)`` to pictures ``(m, C, H, W)`` in [0, 1], for example
        ``model.inverse_transform``.
    columns
        Tiles along the longer side, at most 64 (default 16).
    """
    fitted._check_fitted()
    points = _places(fitted.embedding_)
    if not 2 <= columns <= COLUMNS:
        raise BadInput(f"`columns` must be from 2 to {COLUMNS}, got {columns}")
    ax = panels(like=points)[0] if ax is None else ax
    sheet = Sheet.of(ax, points)
    sheet.frame(ax)
    ax.scatter(*points.T, s=2, c="#999999", alpha=0.5, linewidths=0, zorder=1)
    places, side = _lattice(points, columns)
    z, report = fitted.inverse_transform(places, report=True)
    inside = ~report.outside
    if inside.any():
        fade = opacity(report.error[inside], fitted.inverse_.spread)
        tiles = _as_many(decode(z[inside]), len(fade))
        for place, tile, alpha in zip(places[inside], tiles, fade, strict=True):
            _tile(ax, tile, place, 0.96 * side, alpha=float(alpha))
    ax.set_title(
        f"decoded; fainter is less sure ({report.method}, held-out error {report.held_out:.2g})",
        fontsize=LETTERS, loc="left",
    )  # fmt: skip
    return ax.figure  # ty: ignore[invalid-explicit-return]


def opacity(error: np.ndarray, spread: float) -> np.ndarray:
    """1 at the smallest error, nearly 0 at that of an item drawn at random."""
    least, most = float(error.min()), max(float(np.sqrt(spread)), float(error.max()))
    if most == least:
        return np.ones(len(error))
    return 1 - (1 - FAINTEST) * (error - least) / (most - least)


def _lattice(points: np.ndarray, columns: int) -> tuple[np.ndarray, float]:
    """Centres of square tiles over all points, and the side of one."""
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    side = float(span.max()) / columns
    counts = np.maximum(1, np.ceil(span / side - 1e-9)).astype(int)
    start = low + (span - counts * side) / 2 + side / 2
    x, y = (start[i] + side * np.arange(counts[i]) for i in range(2))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2), side


def _places(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise BadInput(f"`points` must have shape (n, 2), got {points.shape}")
    if not np.all(np.isfinite(points)):
        raise BadInput("`points` must be finite, got NaN or infinite entries")
    return points


def _groups(
    points: np.ndarray,
    groups: np.ndarray | None,
    names: Sequence[str] | None,
    color: np.ndarray | None,
) -> tuple[np.ndarray | None, dict[int, str]]:
    """The group of each item from 0 on, and the names of those that have one on the map."""
    for name, column in (("groups", groups), ("color", color)):
        if column is not None and len(column) != len(points):
            raise BadInput(f"`{name}` must be one a point ({len(points)}), got {len(column)}")
    if groups is None:
        return None, {}
    if color is not None:
        raise BadInput("give `groups` or `color`, not both: a point has one colour")
    groups = np.asarray(groups)
    if groups.dtype.kind not in "biu" or groups.min() < 0:
        raise BadInput(f"`groups` must be whole numbers of at least 0, got {groups.dtype}")
    there, counts = np.unique(groups, return_counts=True)
    if names is not None and there[-1] >= len(names):
        raise BadInput(f"`names` must have a name for group {there[-1]}, got {len(names)} names")
    most = there[np.argsort(-counts, kind="stable")[:NAMED]].tolist()
    return groups.astype(int), {g: str(g if names is None else names[g]) for g in most}


def _draw_items(
    ax: Axes, points: np.ndarray, groups: np.ndarray | None, color: np.ndarray | None, label: str
) -> Callable[[int], str]:
    """Draw the dots; return the colour of each group."""
    size = float(np.clip(9000 / len(points), 2, 14))
    style: dict[str, Any] = {"s": size, "alpha": 0.6, "linewidths": 0, "zorder": 1}
    if groups is None:
        if color is None:
            ax.scatter(*points.T, c="#717581", **style)
        else:
            known, shades = np.isfinite(color), np.asarray(color, dtype=float)
            ax.scatter(*points[~known].T, c=UNKNOWN, **style)
            drawn = ax.scatter(*points[known].T, c=shades[known], cmap="viridis", **style)
            ax.figure.colorbar(drawn, ax=ax, label=label, shrink=0.6, pad=0.01)
        return lambda _: "#717581"
    order = np.unique(groups).tolist()
    for i, g in enumerate(order):
        mark = MARKS[i % len(MARKS)]
        dots = points[groups == g]
        ax.scatter(*dots.T, c=COLORS[i % len(COLORS)], marker=mark, **style)
    return lambda g: COLORS[order.index(int(g)) % len(COLORS)]


def _backing(color: str) -> dict[str, Any]:
    return {"boxstyle": "square,pad=0.15", "fc": "white", "ec": color, "lw": 1, "alpha": 0.9}


def _tile(
    ax: Axes, tile: np.ndarray, at: np.ndarray, side: float, *, alpha: float = 1, edge: str = ""
) -> None:
    """A picture centred at a place, in a square of this side, with its own proportions."""
    H, W = tile.shape[:2]
    w, h = np.array([W, H]) / max(H, W) * side / 2
    x, y = at
    box = x - w, x + w, y - h, y + h
    limits = ax.get_xlim(), ax.get_ylim()
    how: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1, "aspect": "auto"}
    ax.imshow(tile, extent=box, alpha=alpha, zorder=3, **how)
    if edge:
        ax.plot(x + w * np.array([-1, 1, 1, -1, -1]), y + h * np.array([-1, -1, 1, 1, -1]),
                color=edge, lw=1, zorder=4)  # fmt: skip
    ax.set(xlim=limits[0], ylim=limits[1])


def _as_many(pictures: np.ndarray, n: int) -> np.ndarray:
    """Pictures as matplotlib takes them, if there are ``n``, which may be none."""
    if len(pictures) != n:
        raise BadInput(f"the function was asked for {n} pictures, and gave {len(pictures)}")
    return _tiles(pictures) if n else pictures
