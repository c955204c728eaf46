"""Rows of pictures under each other, each below its name: as wide as the page leaves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

import zalgebra as za

WIDTH, LINE = 7.2, 0.3  # inches: of the figure, and for a line of words
POINTS = 14


def strips(
    rows: Mapping[str, np.ndarray], /, *, columns: int = 0, captions: Sequence[str] = ()
) -> Figure:
    """Names above pictures ``(n, C, H, W)``, and captions of the columns below the last.

    ``columns`` are as many as the first row has pictures; where a row has more, it goes on below.
    """
    columns = columns or len(next(iter(rows.values())))
    high = [np.ceil(len(p) / columns) * WIDTH / columns * p.shape[2] / p.shape[3]
            for p in rows.values()]  # fmt: skip
    height = sum(high) + LINE * (len(rows) + bool(captions)) + 0.02
    figure, top = Figure(figsize=(WIDTH, height), dpi=100), height
    for (name, pictures), tall in zip(rows.items(), high, strict=True):
        figure.text(0.004, (top - LINE / 2) / height, name, va="center", fontsize=POINTS)
        top -= LINE + tall
        ax = figure.add_axes((0.003, top / height, 0.997, tall / height))
        za.figures.grid(np.clip(pictures, 0, 1), columns=columns, ax=ax)
    for i, caption in enumerate(captions):
        place = (i + 0.485) / columns, (top - LINE / 2) / height
        figure.text(*place, caption, ha="center", va="center", fontsize=POINTS)
    return figure
