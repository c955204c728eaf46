"""Cards of directions as figures: the data along δ, and what else it moves.

Each function returns a figure. `along` and `matrix` draw into ``ax`` if it is given; `card` always
makes a figure of its own, for it may have two panels.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.types import BadInput, MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zalgebra.estimators.directions import Direction
    from zalgebra.estimators.directions_leakage import LeakageMatrix

__all__ = ["along", "card", "matrix"]

WITH, WITHOUT, LINE = "#d1495b", "#00798c", "#2b2d42"


def card(direction: Direction, /) -> Figure:
    """The whole card: its verdict and figures, the data along δ, and the leakage if it is known.

    It is always a figure of its own, with a panel for each of the two; `along` takes ``ax``.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.studio import cards
    >>> Z = np.random.default_rng(0).standard_normal((400, 8))
    >>> figure = cards.card(za.Direction.from_groups(Z[:200] + 1, Z[200:], name="smile"))
    >>> len(figure.axes)
    1
    """
    found = _card(direction)
    leaks = len(direction.leakage)
    below = [0.8 + 0.2 * leaks] if leaks else []  # inches: a bar a line
    figure = _figure(6.0, 4.7 + sum(below))
    axes = np.atleast_1d(figure.subplots(1 + len(below), 1, height_ratios=[3.4, *below]))
    along(direction, ax=axes[0])
    if leaks:
        _bars(axes[1], direction.leakage)
    low, high = direction.angle_interval
    angle = "unknown" if math.isnan(low) else f"{low:.1f}° to {high:.1f}°"
    lines = [
        direction.verdict,
        f"Cohen's d {direction.effect_size:.2f}    angle to the true one {angle} (95 %)    "
        + "    ".join(f"{name} {value}" for name, value in found.rows()[:2]),
        f"{found.how}    n = {direction.n[0]:,}"
        + (f" + {direction.n[1]:,}" if found.kind == "groups" else "")
        + f"    data {found.data_hash[:12]}    model {direction.fingerprint[:12] or 'not named'}",
    ]
    every = [*lines, found.note] if found.note else lines
    texts = "\n".join(textwrap.fill(line, 86) for line in every)
    figure.suptitle(texts, fontsize=9, x=0.01, ha="left", parse_math=False)
    return figure


def along(direction: Direction, /, *, ax: Axes | None = None) -> Figure:
    """The data along δ: both groups, the reading, and the strengths that the data support."""
    found = _card(direction)
    profile = found.profile
    figure, ax = _axes(ax, 6.0, 3.6)
    low, high = found.support
    ax.axvspan(low, high, color="#f1f2f6", zorder=0, label="99 % of the data")
    names = {"groups": ("with", "without"), "pairs": ("after", "before"), "continuous": ("all", "")}
    edges = np.array(profile.edges)
    parts = (profile.positive, WITH), (profile.negative, WITHOUT)
    for (counts, colour), name in zip(parts, names[found.kind], strict=True):
        if name:
            height = np.array(counts) / max(1, max(counts))
            ax.stairs(height, edges, fill=True, alpha=0.35, color=colour, label=name)
            ax.stairs(height, edges, color=colour, linewidth=1)
    reading = np.array(profile.reading)
    if found.kind == "continuous":
        reading = (reading - reading[0]) / max(reading[-1] - reading[0], 1e-300)
    words = {"groups": "share with it", "pairs": "share after", "continuous": "its value"}
    ax.plot(profile.at, reading, color=LINE, linewidth=1.8, marker=".", label=words[found.kind])
    if found.saturates is not None:
        ax.axvline(found.saturates, color=LINE, linestyle=":", linewidth=1, label="complete")
    ax.set_xlabel(f"strength, in δ of {direction.name}", parse_math=False)
    ax.set_ylabel("share")
    ax.set_ylim(0, 1.05)
    ax.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(0, -0.18), ncols=5)
    _clean(ax)
    return figure


def matrix(found: LeakageMatrix, /, *, ax: Axes | None = None) -> Figure:
    """A leakage matrix: what one δ of each direction moves, in standard deviations."""
    rows, columns = found.values.shape
    figure, ax = _axes(ax, 1.6 + 0.62 * columns, 1.2 + 0.42 * rows)
    most = max(float(np.abs(found.values).max()), 1e-12)
    ax.imshow(found.values, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    for (i, j), value in np.ndenumerate(found.values):
        white = abs(value) > 0.6 * most
        ax.text(
            j, i, f"{round(value, 2) + 0.0:+.2f}", ha="center", va="center", fontsize=7,
            color="white" if white else LINE,
        )  # fmt: skip
    ax.set_xticks(range(columns), found.attributes, rotation=35, ha="right", fontsize=8)
    ax.set_yticks(range(rows), found.directions, fontsize=8)
    for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]:
        label.set_parse_math(False)
    ax.set_title("what one δ moves, in sd", fontsize=9, loc="left")
    return figure


def _bars(ax: Any, leakage: dict[str, float]) -> None:
    names = sorted(leakage, key=lambda k: abs(leakage[k]))
    moved = [leakage[k] for k in names]
    ax.barh(range(len(names)), moved, color=[WITH if m > 0 else WITHOUT for m in moved], height=0.7)
    ax.set_yticks(range(len(names)), names, fontsize=9)
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.axvline(0, color=LINE, linewidth=0.8)
    most = max(0.25, 1.1 * float(np.abs(moved).max()))
    ax.set_xlim(-most, most)
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel("leakage of one δ, in sd")
    _clean(ax)


def _card(direction: Direction) -> Any:
    if direction.card is None:
        raise BadInput(
            f"the direction {direction.name!r} came without data, so it has no card to draw"
        )
    return direction.card


def _axes(ax: Axes | None, width: float, height: float) -> tuple[Figure, Any]:
    if ax is not None:
        return ax.figure, ax  # ty: ignore[invalid-explicit-return]
    figure = _figure(width, height)
    return figure, figure.add_subplot()


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def _clean(ax: Any) -> None:
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
