"""A map beside the pictures of a film: the items as dots, the way, and where on it a frame is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.studio.map_items import map_items
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.workspace import Workspace

__all__ = ["MapPanel", "check_map", "map_panel"]

PAPER, ITEM, AHEAD = (255, 255, 255), (196, 200, 206), (140, 146, 154)
INKS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
# Corners and turn in degrees of the marks, told apart without colour; no corners is a dot.
SHAPES = ((0, 0), (4, 0), (3, 0), (4, 45), (3, 180), (3, 90), (3, 270))
MARGIN = 0.06  # of the panel's side, around everything
FINE = 2  # drawn so many times larger, then made small: smooth lines


class MapPanel:
    """Places of items and of one or more ways, drawn anew for each frame.

    Parameters
    ----------
    items
        Places ``(n, 2)``.
    ways
        Name to the places ``(m, 2)`` of a way's frames; names are written if there are several.
    side
        Width and height in pixels.
    """

    def __init__(
        self, items: np.ndarray, ways: Mapping[str, np.ndarray], side: tuple[int, int]
    ) -> None:
        self.side = side
        every = np.concatenate([items, *ways.values()])
        if not np.isfinite(every).all():
            raise BadInput("places on a map must be finite; choose another --map")
        low, span = every.min(axis=0), float(np.ptp(every, axis=0).max()) or 1.0
        room = np.array(side, dtype=float) * FINE
        scale = (1 - 2 * MARGIN) * room.min() / span
        middle = (low + every.max(axis=0)) / 2

        def pixels(places: np.ndarray) -> np.ndarray:
            return room / 2 + (places - middle) * scale * [1, -1]  # upwards is up

        self.items = pixels(items)
        self.ways = {name: pixels(places) for name, places in ways.items()}

    def picture(self, i: int, /) -> np.ndarray:
        """The panel ``(3, height, width)`` in [0, 1] of frame ``i``: walked, ahead, and the dot."""
        from PIL import Image, ImageDraw

        page = self._ground.copy()
        pen, unit = ImageDraw.Draw(page), max(1, min(page.size) // 100)
        for number, way in enumerate(self.ways.values()):
            walked = way[: i + 1]
            if len(walked) > 1:
                ink = INKS[number % len(INKS)]
                pen.line(_points(walked), fill=ink, width=unit, joint="curve")
        for number, way in enumerate(self.ways.values()):
            _mark(pen, way[i], 2.2 * unit, number, max(1, unit // 2))
        small = page.resize(self.side, Image.Resampling.LANCZOS)
        return np.moveaxis(np.asarray(small, dtype=np.float32) / 255, -1, 0)

    @cached_property
    def _ground(self) -> Any:
        """What all frames share: the items, and the whole of every way."""
        from PIL import Image, ImageDraw

        page = Image.new("RGB", (self.side[0] * FINE, self.side[1] * FINE), PAPER)
        pen, unit = ImageDraw.Draw(page), max(1, min(page.size) // 100)
        r = 0.6 * unit
        for x, y in self.items:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=ITEM)
        for way in self.ways.values():
            pen.line(_points(way), fill=AHEAD, width=max(1, unit // 2), joint="curve")
        if len(self.ways) > 1:  # which mark is whose, in the corner
            size = self._font.size
            for line, name in enumerate(self.ways):
                x, y = 2 * unit + size / 2, 2 * unit + (line + 0.6) * size * 1.25
                _mark(pen, np.array([x, y]), size * 0.4, line, max(1, unit // 2))
                ink = INKS[line % len(INKS)]
                pen.text((x + size * 0.8, y), name, fill=ink, font=self._font, anchor="lm",
                         stroke_width=unit // 2 + 1, stroke_fill=PAPER)  # fmt: skip
        return page

    @cached_property
    def _font(self) -> Any:
        from PIL import ImageFont

        from zalgebra.studio.frames import font_file

        return ImageFont.truetype(font_file(), max(12, min(self.side) * FINE // 18))


def check_map(method: str) -> None:
    """Refuse a map that there is not, before any work."""
    from zalgebra.estimators.maps import METHODS

    if method not in METHODS:
        raise BadInput(f"`map` must be one of {', '.join(METHODS)}, got {method!r}")


def map_panel(
    workspace: Workspace, ways: Mapping[str, np.ndarray], /, *, method: str, side: tuple[int, int]
) -> MapPanel:
    """A workspace's items on a map, with ways of latents ``(m, *shape)`` placed on it."""
    found = map_items(workspace, method=method)
    places = {name: found.fitted.transform(latents) for name, latents in ways.items()}
    return MapPanel(found.fitted.embedding_, places, side)


def _mark(pen: Any, at: np.ndarray, r: float, number: int, edge: int) -> None:
    """The mark of a way: each of the first seven has a shape of its own, and a colour."""
    (x, y), ink = at, INKS[number % len(INKS)]
    corners, turn = SHAPES[number % len(SHAPES)]
    if corners:
        pen.regular_polygon((x, y, 1.25 * r), corners, turn, fill=ink, outline=PAPER, width=edge)
    else:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=ink, outline=PAPER, width=edge)


def _points(places: np.ndarray) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in places]
