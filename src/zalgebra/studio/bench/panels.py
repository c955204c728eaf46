"""Scores with their intervals side by side: a panel a score, a place a group, a mark a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.studio.bench.charts import blank, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["panels"]

COLOURS = ("#8a8f98", "#d08a2e", "#2f6f8f", "#c2453a", "#7d9a5b", "#9a6fb0", "#b7a33c", "#4d4d4d")
MARKS = "osD^vPX*"

Given = Mapping[str, Any] | None


def panels(
    titles: Mapping[str, str], groups: Sequence[str], series: Mapping[str, str],
    score: Callable[[str, str, str], tuple[Given, bool]], /, *, shares: Sequence[str] = (),
) -> Figure:  # fmt: skip
    """One panel for each of ``titles``, name to title.

    Parameters
    ----------
    groups
        Along the horizontal axis.
    series
        Name to its words in the legend.
    score
        From panel, group and series to a score as plain values or None, and whether its mark is
        full.
    shares
        Panels in percent.
    """
    figure = blank(max(6.5, 1.1 * len(groups) + 2), 2.2 * len(titles) + 0.8)
    axes = np.ravel(figure.subplots(len(titles), 1, sharex=True))
    looks = dict(zip(series, zip(cycle(COLOURS), cycle(MARKS)), strict=False))
    seen: dict[str, Any] = {}
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        given = {s: [score(name, g, s) for g in groups] for s in series}
        given = {s: of for s, of in given.items() if any(_known(one) for one, _ in of)}
        for i, (one, scores) in enumerate(given.items()):
            offset = 0.8 * ((i + 0.5) / len(given) - 0.5)
            seen.setdefault(series[one], _marks(ax, scores, offset, *looks[one]))
        ax.set_title(title, fontsize=11)
        ax.set_xticks(range(len(groups)), list(groups), fontsize=8)
        ax.tick_params(axis="x", labelrotation=30 if max(map(len, groups)) > 12 else 0)
        if name in shares:
            ax.yaxis.set_major_formatter(percent())
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.25)
    figure.legend(list(seen.values()), list(seen), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=8)  # fmt: skip
    return figure


def _known(given: Given) -> bool:
    return given is not None and given["value"] is not None


def _marks(
    ax: Any, scores: Sequence[tuple[Given, bool]], offset: float, colour: str, mark: str
) -> Any:
    """The marks of one series, hollow ones for what is not full; a mark for the legend."""
    for at, (given, full) in enumerate(scores):
        if given is None or given["value"] is None:
            continue
        value = given["value"]
        ends = [value if given[end] is None else given[end] for end in ("low", "high")]
        ax.errorbar(
            at + offset, value, yerr=[[max(0, value - ends[0])], [max(0, ends[1] - value)]],
            fmt=mark, color=colour, mfc=colour if full else "white", ms=5, lw=1.2,
        )  # fmt: skip
    return ax.plot([], [], mark, color=colour, ms=5)[0]
