"""Items on two axes with a meaning each: x = smile, y = age, from any two directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.studio import map_figures
from zalgebra.studio.map_figures import Pictures
from zalgebra.types import Array, BadInput, MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zalgebra.estimators.directions import Direction

__all__ = ["between", "semantic", "semantic_places"]

SIDE, LEFT, FOOT, HEAD = 6.0, 0.62, 0.55, 0.32  # inches of the panel and of what is around it


def semantic_places(latents: Array, x: Direction, y: Direction, /) -> np.ndarray:
    r"""Places ``(n, 2)`` of latents along two directions, in standard deviations of these latents.

    $$t_i = \frac{(z_i - \bar z)^T δ}{|δ|\, \mathrm{sd}}$$

    for each direction δ. Directions that are not at right angles share what they have in common:
    the axes then are correlated, and moving an item along one moves it along the other too.
    """
    Z = to_numpy(latents).astype(float)
    if Z.ndim < 2 or len(Z) < 2:
        raise BadInput(f"`latents` must have shape (n, *shape) with n of at least 2, got {Z.shape}")
    rows = Z.reshape(len(Z), -1)
    return np.stack([_along(rows, d) for d in (x, y)], axis=1)


def semantic(
    latents: Array,
    x: Direction,
    y: Direction,
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
    """Items by two directions, with thumbnails of which none covers another.

    Parameters
    ----------
    latents
        ``(n, *shape)``.
    x, y
        The directions of the axes; `semantic_places` says how items are placed.
    pictures, groups, names, color, label, thumbnails
        As in `map_figures.scatter`.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> Z = np.random.default_rng(0).standard_normal((400, 8))
    >>> smile, age = (
    ...     za.Direction.from_labels(Z, Z[:, k] > 0, name=name)
    ...     for k, name in enumerate(["smile", "age"])
    ... )
    >>> figure = za.figures.semantic(Z, smile, age)
    >>> figure.axes[0].get_xlabel()
    'smile, in standard deviations →'
    """
    places = semantic_places(latents, x, y)
    ax = _panel() if ax is None else ax
    figure = map_figures.scatter(
        places, pictures, groups=groups, names=names, color=color, label=label,
        thumbnails=thumbnails, ax=ax,
    )  # fmt: skip
    for axis, direction in ((ax.xaxis, x), (ax.yaxis, y)):
        _named(axis, f"{direction.name.replace('_', ' ')}, in standard deviations →")
    ax.set_title(
        f"{len(places):,} items; the directions are at {between(x, y):.0f}°, "
        f"correlation of the axes {np.corrcoef(places.T)[0, 1]:+.2f}".replace("-", "−"),
        fontsize=10, loc="left",
    )  # fmt: skip
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(True)
        ax.spines[side].set_color("#8d93a3")
    ax.axhline(0, color="#c9cdd6", lw=0.8, zorder=0)
    ax.axvline(0, color="#c9cdd6", lw=0.8, zorder=0)
    return figure


def between(x: Direction, y: Direction, /) -> float:
    """The angle between two directions in degrees, from 0 to 180."""
    a, b = (np.asarray(d.vector, dtype=float).ravel() for d in (x, y))
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _along(rows: np.ndarray, direction: Direction) -> np.ndarray:
    vector = np.asarray(direction.vector, dtype=float).ravel()
    if vector.size != rows.shape[1]:
        raise BadInput(
            f"the direction {direction.name!r} has {vector.size} entries, the latents "
            f"{rows.shape[1]}"
        )
    length = np.linalg.norm(vector)
    along = (rows - rows.mean(axis=0)) @ (vector / (length if length > 0 else 1.0))
    if along.std() == 0:
        raise BadInput(f"the latents do not differ along {direction.name!r}, so it is no axis")
    return along / along.std()


def _named(axis: Any, text: str) -> None:
    """Whole numbers as ticks, and the axis's meaning."""
    low, high = axis.get_view_interval()
    ticks = [t for t in range(-12, 13) if low <= t <= high]
    axis.set_ticks(ticks, [f"{t:+d}".replace("-", "−") if t else "0" for t in ticks], fontsize=10)
    axis.set_label_text(text, fontsize=11, parse_math=False)


def _panel() -> Any:
    """Axes that nothing moves, with room for ticks and names."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    width, height = LEFT + SIDE + 0.1, FOOT + SIDE + HEAD
    figure = Figure(figsize=(width, height), dpi=150)
    return figure.add_axes((LEFT / width, FOOT / height, SIDE / width, SIDE / height))
