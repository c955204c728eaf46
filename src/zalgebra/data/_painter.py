"""The painter of portraits: where each part of a face lies, and how its factors move it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zalgebra.data._canvas import Canvas, band, oval, paint, ramp, rgb

_HAIR = ((0.10, 0.08, 0.10), (0.29, 0.17, 0.12), (0.52, 0.27, 0.14), (0.82, 0.46, 0.20),
         (0.97, 0.81, 0.48))  # fmt: skip
_SKIN = ((1.00, 0.87, 0.78), (0.96, 0.77, 0.63), (0.84, 0.61, 0.45), (0.64, 0.43, 0.31),
         (0.46, 0.29, 0.22))  # fmt: skip
_BACKDROP = ((0.98, 0.83, 0.75), (0.97, 0.90, 0.72), (0.78, 0.89, 0.78), (0.73, 0.86, 0.94),
             (0.84, 0.80, 0.94))  # fmt: skip
_SHIRT = ((0.91, 0.45, 0.41), (0.94, 0.72, 0.35), (0.27, 0.60, 0.58), (0.25, 0.34, 0.57))
ZOOM, HEIGHT = 1.12, 0.03  # the head fills the picture; its middle is above the shoulders


class Portrait(Canvas):
    """A chunk of n faces; each factor of the table is an attribute of shape ``(n, 1, 1)``."""

    smile: np.ndarray
    mouth_open: np.ndarray
    glasses: np.ndarray
    beard: np.ndarray
    hair_length: np.ndarray
    hair_color: np.ndarray
    skin: np.ndarray
    face_width: np.ndarray
    brow: np.ndarray
    gaze: np.ndarray
    turn: np.ndarray
    light: np.ndarray
    backdrop: np.ndarray
    shirt: np.ndarray

    def __init__(self, table: Mapping[str, np.ndarray], image: np.ndarray) -> None:
        super().__init__(image, ZOOM, HEIGHT)
        for name, value in table.items():
            setattr(self, name, value[:, None, None])
        self.width = 0.47 * (1 + 0.15 * self.face_width)
        self.skin_tone, self.hair_tone = ramp(_SKIN, self.skin), ramp(_HAIR, self.hair_color)
        self.shade_tone = self.skin_tone * rgb(0.80, 0.66, 0.64)
        self.lip_tone = 0.35 * self.skin_tone + 0.65 * rgb(0.78, 0.26, 0.30)
        # A beard or brow no darker than its skin would vanish, so fair hair darkens with the skin.
        fur = 0.6 * self.hair_tone + 0.4 * rgb(0.45, 0.20, 0.09)
        limit = 0.60 * self.skin_tone.mean(1, keepdims=True) / fur.mean(1, keepdims=True)
        self.beard_tone = fur * np.minimum(0.88, limit)

    def draw(self) -> None:
        """Paint from back to front."""
        self.background()
        self.hair_back()
        self.shirt_front()
        self.neck()
        self.ears()
        self.head()
        self.nose()
        if self.beard.any():
            self.beard_and_moustache()
        self.mouth()
        for side in (-1, 1):
            self.eye(side)
        self.hair_front()
        for side in (-1, 1):
            self.brow_arc(side)
        if self.glasses.any():
            self.frames()
        np.clip(self.image, 0, 1, out=self.image)

    def lit(self, x: np.ndarray, strength: float) -> np.ndarray:
        """Brightness across a form of half width 1 under the light from the side."""
        return (1 + strength * self.light * np.clip(x, -1.3, 1.3))[:, None]

    def on_head(self, u: np.ndarray | float, depth: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Where a point of the face appears when the head is turned, and how much narrower."""
        angle = np.arcsin(u) + 0.30 * self.turn
        return depth * self.width * np.sin(angle), np.cos(angle) / np.cos(np.arcsin(u))

    def background(self) -> None:
        tone = ramp(_BACKDROP, self.backdrop)
        x, y = self.columns[None, None], self.rows[:, None]
        self.image[:] = tone * self.lit(x, 0.11) * (0.95 - 0.04 * y)
        self.blur(0.25 * self.light, -0.1, 1.1, 1.1, 0.45 * tone + 0.55, 0.6)

    def shirt_front(self) -> None:
        tone = ramp(_SHIRT, self.shirt)
        part, x, y = self.window(0, 1.22, 0.92, 0.50)
        cover = self.cover(oval(x, y, 0.92, 0.50, 0.3))
        paint(part, cover, tone * self.lit(x / 0.92, 0.14))

    def neck(self) -> None:
        part, x, y = self.window(0.03 * self.turn, 0.62, 0.30, 0.34)
        collar = self.cover(oval(x, y - 0.10, 0.285, 0.20))
        paint(part, collar, ramp(_SHIRT, self.shirt) * 0.80)
        throat = np.minimum(oval(x, y + 0.08, 0.165, 0.26, 0.5), oval(x, y - 0.10, 0.235, 0.155))
        cover = self.cover(throat)
        paint(part, cover, self.skin_tone * self.lit(x / 0.2, 0.10))
        cover *= np.clip((0.16 - y) / 0.22, 0, 1)
        paint(part, cover, self.shade_tone)

    def ears(self) -> None:
        for side in (-1, 1):
            x = side * (self.width + 0.015) - 0.05 * self.turn
            part, px, py = self.window(x, 0.02, 0.085, 0.13)
            paint(part, self.cover(oval(px, py, 0.085, 0.125)), self.skin_tone * 0.94)
            inner = self.cover(oval(px - 0.012 * side, py, 0.045, 0.075))
            paint(part, inner * 0.6, self.shade_tone)

    def head(self) -> None:
        width = self.width
        part, x, y = self.window(0.02 * self.turn, -0.03, width * 1.1, 0.63)
        across = width * (1 - 0.11 * y / 0.63)
        cover = self.cover(oval(x, y, across, 0.63, 0.30))
        paint(part, cover, self.skin_tone * self.lit(x / width, 0.10))
        away = np.clip(-self.light * x / width - 0.25 * (1 - (y / 0.63) ** 2), 0, 1)
        paint(part, cover * away * 0.9, self.shade_tone)
        for side in (-1, 1):
            cheek, narrow = self.on_head(0.58 * side)
            blush = rgb(0.93, 0.36, 0.33)
            y = 0.20 - 0.03 * self.smile
            self.blur(cheek, y, 0.16 * narrow, 0.12, blush, 0.18 + 0.30 * self.smile)

    def nose(self) -> None:
        x, _ = self.on_head(0, 1.22)
        self.blur(x, 0.085, 0.10, 0.085, self.shade_tone, 0.55)
        part, px, py = self.window(x, 0.105, 0.07, 0.07)
        line = self.cover(band(px, py, 0.045, 0.032, 0.032, 0.012))
        paint(part, line, self.shade_tone * 0.88)
        self.blur(x + 0.015 * self.light, 0.065, 0.05, 0.04, 0.4 * self.skin_tone + 0.6, 0.4)

    def eye_at(self, side: int, depth: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        return self.on_head(side * (0.205 + 0.012 * self.face_width) / self.width, depth)

    def eye(self, side: int) -> None:
        x, narrow = self.eye_at(side)
        rx, ry, y = 0.125 * narrow, 0.125, -0.075
        part, px, py = self.window(x, y, rx, 0.2)
        lower = oval(px, py, rx, ry)
        # A real smile also lifts the lower lids.
        lid = py - (0.118 - 0.045 * self.smile) - 0.03 * self.smile * (px / rx) ** 2
        ball = self.cover(np.maximum(lower, lid))
        paint(part, ball, rgb(0.99, 0.985, 0.97))
        look = 0.058 * self.gaze * narrow
        ix, iy = px - look, py - 0.008
        for radius, colour in ((0.088, (0.42, 0.26, 0.17)), (0.055, (0.10, 0.07, 0.08))):
            disc = self.cover(oval(ix, iy, radius * (0.4 + 0.6 * narrow), radius))
            paint(part, disc * ball, rgb(*colour))
        for gx, gy, radius in ((1, -0.034, 0.029), (-1, 0.034, 0.015)):
            glint = self.cover(oval(ix - gx * 0.03 * self.light, iy - gy, radius, radius))
            paint(part, glint * ball, np.float32(1))
        lash = self.cover(band(px, py + 0.03, rx, -0.095, -0.088, 0.019))
        paint(part, lash, rgb(0.16, 0.10, 0.11))

    def brow_arc(self, side: int) -> None:
        x, narrow = self.on_head(side * 0.21 / self.width)
        y = -0.305 - 0.055 * self.brow
        part, px, py = self.window(x, y, 0.17, 0.12)
        outward = side * px / 0.13
        tilt = (0.012 * self.brow + 0.008) * outward
        sag = -0.028 - 0.016 * self.brow
        thick = 0.026 - 0.008 * outward
        cover = self.cover(band(px, py - tilt, 0.115 * narrow, sag, sag, thick))
        paint(part, cover, self.beard_tone * 0.85)

    def mouth(self) -> None:
        x, narrow = self.on_head(0, 1.05)
        # Sums, no products: a smile does the same to an open mouth as to a closed one.
        width = (0.145 + 0.10 * self.smile - 0.01 * self.mouth_open) * narrow
        y = 0.305 - 0.055 * self.smile - 0.02 * self.mouth_open
        top = 0.115 * self.smile - 0.025 * self.mouth_open
        bottom = 0.115 * self.smile + 0.17 * self.mouth_open
        part, px, py = self.window(x, y, 0.29, 0.37)
        lips = self.cover(band(px, py, width, top - 0.012, bottom + 0.03, 0.032))
        paint(part, lips, self.lip_tone)
        hole = self.cover(band(px, py, width * 0.97, top, bottom, 0.014))
        paint(part, hole, rgb(0.36, 0.10, 0.13))
        gap = bottom - top
        tongue = self.cover(oval(px, py - bottom, width * 0.62, 0.50 * gap + 1e-3))
        paint(part, tongue * hole, rgb(0.90, 0.42, 0.42))
        teeth = self.cover(band(px, py, width * 0.90, top + 0.005, top + 0.40 * gap, 0.0))
        paint(part, teeth * hole * np.clip(8 * self.mouth_open, 0, 1), rgb(0.99, 0.98, 0.95))

    def beard_and_moustache(self) -> None:
        width = self.width
        part, x, y = self.window(0.02 * self.turn, -0.03, width * 1.1, 0.68)
        across = (width + 0.012) * (1 - 0.11 * y / 0.63)
        jaw = oval(x, y, across, 0.665, 0.30)
        middle, _ = self.on_head(0)
        cheek_line = oval(x - 0.8 * middle, y + 0.10, width * 0.95, 0.37, 0.3)
        cover = self.cover(np.maximum(jaw, -cheek_line))
        cover *= np.clip((y + 0.10) / 0.25, 0, 1)
        cover *= self.beard
        paint(part, cover, self.beard_tone * self.lit(x / width, 0.12))
        x, narrow = self.on_head(0, 1.08)
        part, px, py = self.window(x, 0.235, 0.30, 0.12)
        reach = 0.20 * narrow
        drop = 0.005
        lip = band(px, py - drop, reach, -0.065 - drop, -0.015 - drop, 0.018)
        paint(part, self.cover(lip) * self.beard, self.beard_tone * 0.92)

    def frames(self) -> None:
        tone = rgb(0.17, 0.13, 0.18)
        on = self.glasses
        for side in (-1, 1):
            x, narrow = self.eye_at(side, 1.02)
            part, px, py = self.window(x, -0.065, 0.21, 0.20)
            glass = oval(px, py, 0.163 * narrow, 0.152, 0.45)
            ring = self.cover(np.abs(glass) - 0.017)
            paint(part, self.cover(glass) * (0.06 * on), np.float32(1))
            paint(part, ring * on, tone)
        x, _ = self.on_head(0, 1.05)
        part, px, py = self.window(x, -0.09, 0.08, 0.06)
        paint(part, self.cover(band(px, py, 0.04, -0.02, -0.02, 0.016)) * on, tone)

    def crown(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Distance to the outline of the hair above the ears."""
        puff = 0.055 + 0.055 * self.hair_length
        dome = oval(x, y + 0.14, self.width * 1.01 + puff, 0.54 + puff)
        high = 0.125 - 0.03 * self.hair_length
        quiff = oval(x - 0.13 * self.width, y + 0.63, 0.60 * self.width, high)
        blend = np.maximum(0.12 - np.abs(dome - quiff), 0)
        return np.minimum(dome, quiff) - blend * blend / 0.48

    def fall(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Distance to the outline of the hair beside the face, down to its ends."""
        length = self.hair_length
        turning = -0.10 + 0.68 * length
        flare = self.width * 1.01 + 0.05 + 0.06 * length + 0.09 * length * (y + 0.15)
        ends = oval(x, np.maximum(y - turning, 0), flare, 0.12 + 0.22 * length, 0.6)
        return np.maximum(ends, -0.2 - y)

    def hair_back(self) -> None:
        part, x, y = self.window(-0.02 * self.turn, 0.0, 0.90, 0.98)
        # Drawn a little smaller than the hair in front, or its dark rim would show around it.
        cover = self.cover(np.minimum(self.crown(x, y), self.fall(x, y)) + 0.015)
        paint(part, cover, self.hair_tone * 0.72 * self.lit(x / 0.6, 0.12))

    def hair_front(self) -> None:
        length, width = self.hair_length, self.width
        part, x, y = self.window(-0.02 * self.turn, 0.0, 0.90, 0.98)
        middle, _ = self.on_head(0)
        fx = x - 0.40 * middle
        swept = np.abs((fx + 0.15) / width)
        fringe = -0.575 + 0.06 * swept + 0.085 * swept * swept - y
        inner = width * (1.0 - 0.05 * length) - 0.22 * np.maximum(y - 0.10, 0)
        temple = oval(fx, np.minimum(y - 0.10, 0), inner, 0.72, 0.3)
        opening = np.maximum(fringe, temple)
        crown = self.crown(x, y)
        hair = np.maximum(np.minimum(np.maximum(crown, y + 0.1), self.fall(x, y)), -opening)
        shadow = np.clip(1 - hair / 0.09, 0, 1) * self.cover(opening)
        shadow *= np.clip((0.15 - y) / 0.3, 0, 0.22)
        part *= 1 - shadow[:, None]
        cover = self.cover(hair)
        paint(part, cover, self.hair_tone * self.lit(x / 0.6, 0.16))
        ring = np.maximum(1 - ((crown + 0.10) / 0.05) ** 2, 0)
        ring *= np.maximum(1 - ((x - 0.08 - 0.22 * self.light) / 0.36) ** 2, 0)
        ring *= np.clip((-0.2 - y) / 0.2, 0, 1)
        ring *= cover
        paint(part, ring * 0.55, 0.72 * self.hair_tone + 0.28)
