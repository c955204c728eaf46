"""The paper that maps are drawn on: figures of panels."""

from __future__ import annotations

from typing import Any

import numpy as np

from zalgebra.types import MissingExtra

__all__ = ["AXIS", "DPI", "panels"]

DPI = 150  # of a map as a picture
WIDTH, LOW, HIGH = 7.0, 3.0, 7.0  # inches of a panel, its height between two bounds
HEAD = 0.35  # inches above a panel
AXIS = 0.3  # inches left of a panel and below it, if its axes have names


def panels(count: int = 1, /, *, like: np.ndarray | None = None, edge: float = 0.0) -> list[Any]:
    """The axes of a new figure of so many panels, one below the other.

    Nothing moves them afterwards, so that what is laid out in inches stays so. Their height is that
    of the places ``like`` ``(n, 2)`` at full width, within bounds. Left of each and below it are
    ``edge`` inches for the names of its axes.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    w, h = np.ptp(np.eye(2) if like is None else like, axis=0)
    inner = float(np.clip(WIDTH * h / w if w else HIGH, LOW, HIGH))
    whole, each = WIDTH + edge, inner + HEAD + edge
    left, total = edge + 0.01 * WIDTH, count * each
    figure = Figure(figsize=(whole, total), dpi=DPI)
    return [
        figure.add_axes(
            (left / whole, (edge + (count - 1 - i) * each) / total, 0.98 * WIDTH / whole,
             inner / total)
        )
        for i in range(count)
    ]  # fmt: skip
