"""An experiment's tables as Markdown, CSV and JSON, and what its figures share."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from _timing import table
from zalgebra.measures import Score

sys.path.append(str(Path(__file__).resolve().parents[1] / "docs" / "gallery"))
from palette import save

# Okabe and Ito's colours, which people who see no red or no green can tell apart; with marks.
INKS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")
MARKS = "osD^vPX*"

TICKS = (-10, 0, 10, 50, 100, 200, 400, 800)
Row = dict[str, Any]


@dataclass
class Found:
    """What an experiment found: tables by their titles, a figure, sentences."""

    tables: dict[str, list[Row]]
    figure: Figure
    notes: list[str] = field(default_factory=list)


def write(found: Found, folder: Path, name: str, head: str) -> str:
    """Write NAME.md, .csv, .json and .png into the folder; the Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [head, *found.notes]
    for title, rows in found.tables.items():
        parts += [f"**{title}**", markdown(rows)]
    text = "\n\n".join(parts) + "\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    plain = {t: [_plain(r) for r in rows] for t, rows in found.tables.items()}
    whole = {"head": head, "notes": found.notes, "tables": plain}
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1), encoding="utf-8")
    flat = [{"table": t, **_flat(r)} for t, rows in found.tables.items() for r in rows]
    columns = list(dict.fromkeys(c for row in flat for c in row))
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(flat)
    save(found.figure, folder / f"{name}.png", dpi=130)
    return text


def markdown(rows: Sequence[Row]) -> str:
    head = list(dict.fromkeys(column for row in rows for column in row))
    return table(head, [[shown(row.get(column)) for column in head] for row in rows])


def shown(value: Any) -> str:
    """A cell of a table: a score with its interval, a number in three figures, or words."""
    if isinstance(value, Score):
        return f"{value.value:.3g} [{value.low:.3g}, {value.high:.3g}]"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def axes(panels: int, *, height: float = 2.7) -> tuple[Figure, list[Axes]]:
    """A figure with panels under each other, so that a telephone shows it legibly."""
    figure = Figure(figsize=(5.6, height * panels), layout="constrained")
    made = list(figure.subplots(panels, 1, squeeze=False)[:, 0])
    for ax in made:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.25)
    return figure, made


def bars(ax: Axes, at: Any, scores: Sequence[Score], i: int, label: str, *, line: str = "") -> None:
    """Scores with their intervals at positions, in the i-th colour and mark."""
    value = [s.value for s in scores]
    error = [[max(0, s.value - s.low) for s in scores], [max(0, s.high - s.value) for s in scores]]
    ax.errorbar(
        at, value, yerr=error, fmt=MARKS[i % len(MARKS)] + line, ms=5, lw=1.2, label=label,
        color=INKS[i % len(INKS)],
    )  # fmt: skip


def by_root(ax: Axes, axis: str = "y") -> None:
    """Squared distances on the scale of their roots, which shows differences near 0 too."""
    roots = (lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda y: np.sign(y) * y**2)
    low, high = ax.get_ylim() if axis == "y" else ax.get_xlim()
    apart = (roots[0](high) - roots[0](low)) / 14
    ticks: list[int] = []
    for t in sorted(TICKS, key=abs):  # from 0 on, those that leave room for one another
        if low <= t <= high and all(abs(roots[0](t) - roots[0](u)) >= apart for u in ticks):
            ticks.append(t)
    if axis == "y":
        ax.set_yscale("function", functions=roots)
        ax.set_yticks(ticks, [str(t) for t in ticks])
    else:
        ax.set_xscale("function", functions=roots)
        ax.set_xticks(ticks, [str(t) for t in ticks])


def legend(figure: Figure, ax: Axes, columns: int = 4) -> None:
    """What the marks are, below all panels."""
    marks = ax.get_legend_handles_labels()
    place = "outside lower center"
    figure.legend(*marks, loc=place, ncols=columns, frameon=False, fontsize=9)


def _plain(row: Row) -> Row:
    return {k: v.to_dict() if isinstance(v, Score) else v for k, v in row.items()}


def _flat(row: Row) -> Row:
    flat: Row = {}
    for k, v in row.items():
        if isinstance(v, Score):
            flat |= {k: v.value, f"{k}, low": v.low, f"{k}, high": v.high}
        else:
            flat[k] = v
    return flat
