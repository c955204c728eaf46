"""Where labels and thumbnails go on a map, so that none covers another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LETTERS", "Box", "Sheet", "label_places", "thumbnail_rows"]

LETTERS = 12  # points: of a sheet seven inches wide, nine pixels on a telephone
PAD = 0.06  # inches around a label
AIR = 0.03  # inches between thumbnails
MARGIN = 0.3  # inches between the items and the edge
RINGS = np.arange(0, 3.0, 0.12)  # inches from its anchor at which a place for a label is sought

Box = tuple[float, float, float, float]  # centre x, y, half width, half height, in inches


@dataclass(frozen=True, eq=False)
class Sheet:
    """The paper of a map: its size in inches, and the scale, the same along both axes.

    Parameters
    ----------
    low
        The map's coordinates in the lower left corner.
    unit
        Coordinates an inch.
    size
        Inches, width and height.
    """

    low: np.ndarray
    unit: float
    size: np.ndarray

    @classmethod
    def of(cls, ax: Axes, points: np.ndarray, /) -> Sheet:
        """The largest scale at which all points lie on these axes, centred."""
        figure: Any = ax.get_figure(root=True)
        inches = figure.dpi_scale_trans.inverted()
        box = ax.get_window_extent().transformed(inches)
        size = np.array([box.width, box.height])
        low, high = points.min(axis=0), points.max(axis=0)
        unit = float(((high - low) / np.maximum(size - 2 * MARGIN, 0.1)).max()) or 1.0
        return cls((low + high) / 2 - unit * size / 2, unit, size)

    def inches(self, points: np.ndarray, /) -> np.ndarray:
        """Points in inches from the lower left corner."""
        return (points - self.low) / self.unit

    def frame(self, ax: Axes, /) -> None:
        """Give the axes these limits, and no ticks: a map's coordinates mean nothing."""
        (x, y), (w, h) = self.low, self.unit * self.size
        ax.set(xlim=(x, x + w), ylim=(y, y + h), xticks=[], yticks=[], autoscale_on=False)
        for spine in ax.spines.values():
            spine.set_visible(False)

    def anchor(self, group: np.ndarray, /) -> tuple[float, float]:
        """The point of a group that is nearest to its median."""
        x, y = group[np.abs(group - np.median(group, axis=0)).sum(axis=1).argmin()]
        return float(x), float(y)

    def holds(self, box: Box, /) -> bool:
        """Whether a box lies on the paper."""
        x, y, w, h = box
        return w <= x <= self.size[0] - w and h <= y <= self.size[1] - h


def label_places(
    sheet: Sheet, points: np.ndarray, groups: np.ndarray | None, names: Mapping[int, str], /
) -> Iterator[tuple[int, tuple[float, float], Box]]:
    """Group, place and box of each label, the largest group's first.

    A label lies as near to its group's middle as the labels before it leave room; one for which
    there is no room is left out.
    """
    if groups is None:
        return
    taken: list[Box] = []
    for g in sorted(names, key=lambda g: (-int((groups == g).sum()), g)):
        at = sheet.inches(np.array(sheet.anchor(points[groups == g])))
        box = next((b for b in _around(at, _half(names[g])) if _free(sheet, b, taken)), None)
        if box is not None:
            taken.append(box)
            x, y = sheet.low + sheet.unit * np.array(box[:2])
            yield g, (float(x), float(y)), box


def _around(at: np.ndarray, half: np.ndarray) -> Iterator[Box]:
    """Boxes of one size on rings around a place, the nearest first."""
    for r in RINGS:
        count = 1 if r == 0 else 16
        for a in 2 * np.pi * np.arange(count) / count:
            x, y = at + r * np.array([np.cos(a), np.sin(a)])
            yield float(x), float(y), float(half[0]), float(half[1])


def _half(text: str) -> np.ndarray:
    """Half the width and height of a label in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    drawn = TextPath((0, 0), text.replace("$", r"\$") or " ", prop=FontProperties(size=LETTERS))
    return np.array([drawn.get_extents().width / 72 / 2 + PAD, 1.3 * LETTERS / 72 / 2 + PAD / 2])


def _free(sheet: Sheet, box: Box, taken: list[Box]) -> bool:
    return sheet.holds(box) and not _covers(box, taken)


def _covers(box: Box, taken: list[Box], air: float = 0.0) -> bool:
    """Whether a box covers a part of any of those that are there."""
    if not taken:
        return False
    x, y, w, h = np.array(taken).T
    apart = (np.abs(x - box[0]) >= w + box[2] + air) | (np.abs(y - box[1]) >= h + box[3] + air)
    return not bool(apart.all())


def thumbnail_rows(
    sheet: Sheet, points: np.ndarray, taken: list[Box], /, *, size: float, most: int
) -> np.ndarray:
    """Rows of items whose thumbnails cover neither a label nor each other, spread by chance.

    Items are met in an order that is always the same.
    """
    boxes, rows, half = list(taken), [], size / 2
    for row in np.random.default_rng(0).permutation(len(points)):
        if len(rows) == most:
            break
        x, y = sheet.inches(points[row])
        box = float(x), float(y), half, half
        if sheet.holds(box) and not _covers(box, boxes, AIR):
            boxes.append(box)
            rows.append(int(row))
    return np.array(sorted(rows), dtype=int)
