"""The canvas that portraits are painted on: shapes with soft edges, laid over a chunk of images.

A shape is a signed distance, negative inside, that is turned into the share of each pixel it
covers.
"""

from __future__ import annotations

import numpy as np

Colour = np.ndarray | np.float32
Number = np.ndarray | float
Stops = tuple[tuple[float, float, float], ...]


class Canvas:
    """A chunk of images ``(n, 3, size, size)`` being painted.

    x and y run over [-1, 1] / ``zoom``, y downwards, with 0 at ``height`` above the middle.
    """

    def __init__(self, image: np.ndarray, zoom: float, height: float) -> None:
        self.image, size = image, image.shape[-1]
        self.pixel = 2 / (size * zoom)
        middle = ((np.arange(size) + 0.5) * (2 / size) - 1) / zoom
        self.columns, self.rows = middle.astype(np.float32), (middle + height).astype(np.float32)

    def window(
        self, x: Number, y: Number, rx: Number, ry: Number
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The part of the images that holds a shape, and coordinates from the shape's middle."""
        rim = self.pixel
        x0, x1 = np.searchsorted(self.columns, [np.min(x - rx) - rim, np.max(x + rx) + rim])
        y0, y1 = np.searchsorted(self.rows, [np.min(y - ry) - rim, np.max(y + ry) + rim])
        px, py = self.columns[None, None, x0:x1] - x, self.rows[None, y0:y1, None] - y
        return self.image[:, :, y0:y1, x0:x1], px, py

    def cover(self, distance: np.ndarray) -> np.ndarray:
        """How much of each pixel lies inside."""
        distance *= -1 / self.pixel
        distance += 0.5
        return np.clip(distance, 0, 1, out=distance)

    def blur(
        self, x: Number, y: Number, rx: Number, ry: Number, colour: Colour, alpha: Number
    ) -> None:
        """Paint one soft spot."""
        part, px, py = self.window(x, y, rx, ry)
        paint(part, glow(px, py, rx, ry) * alpha, colour)


def paint(part: np.ndarray, cover: np.ndarray, colour: Colour) -> None:
    """Lay a colour over a part of the images, as far as it is covered."""
    change = colour - part
    change *= cover[:, None]
    part += change


def rgb(*channels: float) -> np.ndarray:
    """One colour, ready to broadcast over images."""
    return np.array(channels, np.float32)[:, None, None]


def ramp(stops: Stops, t: np.ndarray) -> np.ndarray:
    """The colour at ``t`` in [0, 1] for each image, between evenly spaced stops."""
    at = np.linspace(0, 1, len(stops))
    channels = [np.interp(t.ravel(), at, channel) for channel in zip(*stops, strict=True)]
    return np.stack(channels, axis=1).astype(np.float32)[:, :, None, None]


def oval(x: np.ndarray, y: np.ndarray, rx: Number, ry: Number, square: float = 0.0) -> np.ndarray:
    """Signed distance, to first order, to an ellipse that ``square`` swells towards its box."""
    u, v = x / rx, y / ry
    uu, vv = u * u, v * v
    # Beyond its box the swelling stops: left to grow, it would draw the shape again far outside.
    corner_u, corner_v = square * np.minimum(uu, 1), np.minimum(vv, 1)
    slope = (u / rx * (1 - square * corner_v)) ** 2 + (v / ry * (1 - corner_u)) ** 2
    slope += 1e-6
    np.sqrt(slope, out=slope)
    distance = uu + vv
    distance -= corner_u * corner_v
    distance -= 1
    distance /= slope
    distance *= 0.5
    return distance


def band(
    x: np.ndarray, y: np.ndarray, width: Number, top: Number, bottom: Number, grow: Number
) -> np.ndarray:
    """Distance to what lies between two arches that meet at ``(±width, 0)``, plus a rim."""
    near = np.clip(x, -width, width)
    u = near / width
    arch, bend = (1 - u * u) * (1 + 0.5 * u * u), u * (1 + 2 * u * u) / width
    away = np.maximum(
        (top * arch - y) / np.sqrt(1 + (top * bend) ** 2),
        (y - bottom * arch) / np.sqrt(1 + (bottom * bend) ** 2),
    )
    inside = np.minimum(away, 0)
    np.maximum(away, 0, out=away)
    away *= away
    away += (x - near) ** 2
    np.sqrt(away, out=away)
    away += inside
    away -= grow * (1 - 0.4 * u**2)
    return away


def glow(x: np.ndarray, y: np.ndarray, rx: Number, ry: Number) -> np.ndarray:
    """A soft spot: 1 in the middle, falling smoothly to 0 at the rim."""
    q = 1 - ((x / rx) ** 2 + (y / ry) ** 2)
    np.maximum(q, 0, out=q)
    q *= q
    return q
