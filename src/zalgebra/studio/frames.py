"""The frames of a film: pictures side by side, enlarged, with words below, as bytes of colour.

The same pictures and words give the same bytes: letters are those of the font that comes with
matplotlib, and nothing depends on the machine's own fonts or on what was drawn before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.algebra._pictures import as_unit
from zalgebra.types import BadInput, MissingExtra

__all__ = ["Layout", "font_file"]

SMALLEST = 256  # pixels a side of a picture, at least, if no size is asked for
PAPER, INK = 255, (40, 40, 40)


@dataclass(frozen=True)
class Layout:
    """Where things lie on a frame.

    Parameters
    ----------
    shape
        Of one picture, ``(1 or 3, H, W)``.
    columns
        A name for each picture of a frame, from left to right; a single empty one shows no name.
    side
        Width of a picture in pixels; by default the smallest whole multiple of its own width that
        is at least 256.
    words
        Whether there is a line of words below the pictures.
    """

    shape: tuple[int, ...]
    columns: Sequence[str] = ("",)
    side: int | None = None
    words: bool = False

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or self.shape[0] not in (1, 3):
            raise BadInput(
                f"a frame shows pictures (1 or 3, H, W), this model's data are {self.shape}"
            )
        if self.side is not None and not 16 <= self.side <= 4096:
            raise BadInput(f"`size` must be between 16 and 4096 pixels, got {self.side}")

    @property
    def tile(self) -> tuple[int, int]:
        """Width and height of a picture."""
        _, H, W = self.shape
        side = W * -(-SMALLEST // W) if self.side is None else self.side
        return side, max(1, round(side * H / W))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame: even, as films want them, by a row of paper at the edge."""
        (w, h), n = self.tile, len(self.columns)
        width = n * w + (n - 1) * self._gap
        height = h + self._line * (self._named + self.words)
        return width + width % 2, height + height % 2

    @property
    def _named(self) -> bool:
        return any(self.columns)

    @property
    def _gap(self) -> int:
        return max(2, self.tile[0] // 32)

    @property
    def _line(self) -> int:
        return max(18, self.tile[0] // 12)

    def frames(
        self, pictures: Iterable[Sequence[np.ndarray]], words: Sequence[str | Sequence[str]] = ()
    ) -> Iterator[np.ndarray]:
        """Frames ``(height, width, 3)`` of bytes, from the pictures and the words of each frame."""
        for i, row in enumerate(pictures):
            yield self.frame(row, words[i] if self.words else "")

    def frame(self, row: Sequence[np.ndarray], words: str | Sequence[str] = "") -> np.ndarray:
        """One frame from its pictures ``(C, H, W)`` in [0, 1], one a column.

        ``words`` are one line below all of them, or one for each. Values a little beyond [0, 1]
        are clipped.

        Raises
        ------
        BadInput
            If a picture holds bytes, or what is not finite.
        """
        Image, ImageDraw = _pillow()
        (w, h), (width, height) = self.tile, self.size
        page = Image.new("RGB", (width, height), (PAPER,) * 3)
        pen, top = ImageDraw.Draw(page), h + self._line * self._named
        for i, (picture, name) in enumerate(zip(row, self.columns, strict=True)):
            left = i * (w + self._gap)
            page.paste(_enlarged(picture, w, h), (left, 0))
            if self._named:
                self._write(pen, name, left + w // 2, h, w)
            if not isinstance(words, str) and words[i]:
                self._write(pen, words[i], left + w // 2, top, w)
        if isinstance(words, str) and words:
            self._write(pen, words, width // 2, top, width)
        return np.asarray(page)

    def _write(self, pen: Any, text: str, middle: int, top: int, room: int) -> None:
        """A line of words; what it has no room for is left out of its middle."""
        font, kept, line = self._font, len(text), text
        while line and pen.textlength(line, font=font) > room:
            kept -= 1
            line = _ends(text, kept)
        pen.text((middle, top + self._line // 2), line, fill=INK, font=font, anchor="mm")

    @cached_property
    def _font(self) -> Any:
        from PIL import ImageFont

        return ImageFont.truetype(font_file(), max(11, round(self._line * 0.62)))


def _ends(text: str, letters: int) -> str:
    """So many letters of a text, half from each end: where a walk comes from and where it goes."""
    head, tail = text[: letters // 2], text[len(text) - (letters - letters // 2) :]
    return f"{head.rstrip()}…{tail.lstrip()}" if letters > 0 else ""


def font_file() -> str:
    """The font that comes with matplotlib: the same letters on every machine."""
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "studio") from error
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def _enlarged(picture: np.ndarray, width: int, height: int) -> Any:
    Image, _ = _pillow()
    picture = as_unit(picture, "a frame's pictures")
    if picture.ndim != 3 or picture.shape[0] not in (1, 3):
        raise BadInput(f"a frame's pictures must have shape (1 or 3, H, W), got {picture.shape}")
    if not np.isfinite(picture).all():
        raise BadInput("a frame's pictures must be finite, got NaN: the model fails there")
    tile = (np.clip(np.moveaxis(picture, 0, -1), 0, 1) * 255).round().astype(np.uint8)
    image = Image.fromarray(tile[..., 0] if tile.shape[-1] == 1 else tile).convert("RGB")
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageDraw
    except ModuleNotFoundError as error:
        raise MissingExtra("pillow", "studio") from error
    return Image, ImageDraw
