"""The comparison in pictures: scores by method and k, accuracy along the way, time, and sheets."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.studio.bench.cells import METHODS, TITLES, Cell, Kept
from zalgebra.studio.bench.scores import SCORES
from zalgebra.types import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["along", "blank", "percent", "scores_chart", "sheet", "times"]

COLOURS = dict(
    zip(
        METHODS,
        ("#8a8f98", "#d08a2e", "#b7a33c", "#7d9a5b", "#9a6fb0", "#2f6f8f", "#c2453a"),
        strict=True,
    )
)  # of one lightness, told apart by those who see no red or green by marks too
MARKS = dict(zip(METHODS, "osD^vPX", strict=True))
LINES = {  # where they coincide, one is seen on top of the other
    "items": {"color": "#c9ccd2", "lw": 5, "zorder": 0.9},
    "decoded": {"color": "black", "lw": 0.9, "ls": "--", "zorder": 1},
}


def scores_chart(cells: Sequence[Kept], source: str, /) -> Figure:
    """Each score over what is made, a mark a method; lines are the seeds themselves.

    Repeats stand side by side, in the order of their seeds, so that none hides another. The panels
    stand under each other, so that a telephone shows them legibly.
    """
    cells = [c for c in cells if c.cell.source == source]
    kinds = list(dict.fromkeys((c.cell.what, c.cell.k) for c in cells if c.cell.what != "seeds"))
    figure = blank(6, 14.4)
    shown = [name for name in SCORES if name != "variance"]
    for ax, name in zip(figure.subplots(4, 1), shown, strict=True):
        _score(ax, cells, kinds, name)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=10)
    return figure


def _score(ax: Any, cells: Sequence[Kept], kinds: Sequence[tuple[str, int]], name: str) -> None:
    used = [m for m in METHODS if any(c.cell.method == m for c in cells)]
    repeats = sorted({c.cell.seed for c in cells})
    for method in used:
        at, y, low, high = [], [], [], []
        for c in cells:
            given = c.figures[name]
            if c.cell.method == method and given is not None and given["low"] is not None:
                at.append(kinds.index((c.cell.what, c.cell.k)) + _beside(c.cell, used, repeats))
                y.append(given["value"])
                low.append(max(0, given["value"] - given["low"]))
                high.append(max(0, given["high"] - given["value"]))
        ax.errorbar(
            at, y, yerr=[low, high], fmt=MARKS[method], color=COLOURS[method],
            ms=5 if len(repeats) == 1 else 3.5, lw=1.2 if len(repeats) == 1 else 0.9,
            label=TITLES[method],
        )  # fmt: skip
    for method, style in LINES.items():
        of = [c.figures[name]["value"] for c in cells
              if c.cell.method == method and c.figures[name] is not None]  # fmt: skip
        if of:
            ax.axhline(np.mean(of), label=TITLES[method], **style)
    ax.set_title(SCORES[name][0], fontsize=11)
    ax.set_xticks(range(len(kinds)), [f"{k} seeds\n{what}" for what, k in kinds], fontsize=10)
    ax.set_xlim(-0.5, len(kinds) - 0.5)
    for i in range(1, len(kinds)):
        ax.axvline(i - 0.5, color="black", lw=0.6, alpha=0.25)
    if name in ("accuracy", "plausible"):
        ax.yaxis.set_major_formatter(percent())
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.25)


def _beside(cell: Cell, used: Sequence[str], repeats: Sequence[int]) -> float:
    """How far right of its kind's middle a mark stands: a place a method, its repeats in a row."""
    method, repeat = used.index(cell.method), repeats.index(cell.seed)
    place = method + 0.1 + 0.8 * (repeat + 0.5) / len(repeats)
    return 0.92 * (place / len(used) - 0.5)


def along(cells: Sequence[Kept], /) -> Figure:
    """Class accuracy at each position t of an interpolation, a mark a method."""
    ways = [c for c in cells if c.cell.what == "interpolation"]
    figure = blank(6.5, 4)
    ax = figure.subplots()
    used = [m for m in METHODS if any(c.cell.method == m for c in ways)]
    for i, method in enumerate(used):
        of = [c.figures["by_t"] for c in ways if c.cell.method == method]
        t = sorted(of[0], key=float)
        value, low, high = (
            np.array([np.mean([b[p][part] for b in of]) for p in t])
            for part in ("value", "low", "high")
        )
        ax.errorbar(
            np.array(t, dtype=float) + 0.1 * ((i + 0.5) / len(used) - 0.5), value,
            yerr=[value - low, high - value], fmt=MARKS[method], color=COLOURS[method],
            label=TITLES[method], lw=1.2, ms=5,
        )  # fmt: skip
    ax.set_xlabel("position t")
    ax.set_ylabel("class accuracy")
    ax.yaxis.set_major_formatter(percent())
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def times(cells: Sequence[Kept], /) -> Figure:
    """Seconds of one combination by k, on a logarithmic scale; the algebra only."""
    figure = blank(6.5, 4)
    ax = figure.subplots()
    for method in METHODS:
        of: dict[int, list[float]] = {}
        for c in cells:
            if c.cell.method == method and c.figures.get("seconds"):
                of.setdefault(c.cell.k, []).append(c.figures["seconds"])
        if of:
            k = sorted(of)
            ax.plot(
                k, [float(np.median(of[i])) for i in k], MARKS[method] + "-",
                color=COLOURS[method], label=TITLES[method], lw=1.3, ms=5,
            )  # fmt: skip
    every = sorted({c.cell.k for c in cells})
    ax.set_yscale("log")
    ax.set_xticks(every, [str(k) for k in every])
    ax.set_xlim(every[0] - 0.5, every[-1] + 0.5)
    ax.set_xlabel("seeds k")
    ax.set_ylabel("seconds of one combination")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def percent() -> Any:
    """Ticks in hundredths."""
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1)


def blank(width: float, height: float) -> Figure:
    """A figure without axes, of so many inches."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def sheet(rows: Sequence[np.ndarray], titles: Sequence[str], /) -> Figure:
    """Rows of pictures ``(columns, C, H, W)``, with the titles over the columns."""
    _, C, H, W = rows[0].shape
    gap, columns = max(1, W // 8), len(titles)
    whole = np.ones((len(rows) * (H + gap) - gap, columns * (W + gap) - gap, C))
    for i, line in enumerate(rows):
        for j, picture in enumerate(line):
            top, left = i * (H + gap), j * (W + gap)
            whole[top : top + H, left : left + W] = np.clip(np.moveaxis(picture, 0, -1), 0, 1)
    figure = blank(0.85 * columns, 0.85 * columns * whole.shape[0] / whole.shape[1] + 2.5)
    ax = figure.subplots()
    ax.imshow(whole[..., 0] if C == 1 else whole, cmap="gray", vmin=0, vmax=1)
    for j, title in enumerate(titles):
        ax.text(j * (W + gap) + W / 2 - 0.5, -0.5 - gap, textwrap.fill(title, 16), ha="center",
                va="bottom", rotation=90, fontsize=15)  # fmt: skip
    ax.set_axis_off()
    ax.set_anchor("S")  # room is left above, for the titles
    return figure
