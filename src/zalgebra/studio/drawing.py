"""Pictures to a file that a person opens: a captioned strip or grid, or a looping GIF."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zalgebra.files import aside
from zalgebra.studio import figures
from zalgebra.studio.comments import exif, kept, png
from zalgebra.studio.film import shoot
from zalgebra.studio.frames import Layout
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STILLS", "bare", "check_still", "draw", "save"]

STILLS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
PIXELS = (".png", ".jpg", ".jpeg", ".webp")
FRAME_SECONDS = 0.12
WIDTH = 1600  # pixels that a strip is to have; few pictures are not larger than 400 dpi makes them


def draw(
    pictures: np.ndarray,
    output: Path,
    captions: Sequence[str],
    *,
    columns: int | None = None,
    comment: str = "",
) -> Path:
    """Write pictures ``(n, C, H, W)`` as a captioned strip, or as a film if it ends in .gif.

    ``columns`` makes rows of so many; ``comment`` is kept in the file.
    """
    suffix = output.suffix.lower()
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or len(pictures) == 0:
        raise BadInput(f"pictures must have shape (n, 1 or 3, H, W), got {pictures.shape}")
    if suffix == ".gif":
        layout = Layout(pictures.shape[1:])
        frames, n = layout.frames([p] for p in np.clip(pictures, 0, 1)), len(pictures)
        shoot(frames, output, n=n, size=layout.size, fps=1 / FRAME_SECONDS, comment=comment)
    elif suffix in STILLS:
        shown = np.clip(pictures, 0, 1)  # a model may overshoot as far as it likes
        figure = figures.grid(shown, columns=columns or len(pictures), captions=captions)
        save(figure, output, comment=comment)
    else:
        raise BadInput(f"{output} must end in one of {', '.join([*STILLS, '.gif'])}")
    return output


def check_still(output: Path, /) -> None:
    """Refuse a file whose suffix is no picture's, before any work."""
    if output.suffix.lower() not in STILLS:
        raise BadInput(f"{output} must end in one of {', '.join(STILLS)}")


def save(figure: Figure, output: Path, *, comment: str = "", dpi: float | None = None) -> Path:
    """Write a figure in the format of the file's suffix, whole or not at all."""
    check_still(output)
    dpi = float(np.clip(WIDTH / figure.get_figwidth(), 150, 400)) if dpi is None else dpi
    form = output.suffix.lower()[1:].replace("jpg", "jpeg")
    with aside(output) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a box stands for what the font lacks
        figure.savefig(temporary, format=form, dpi=dpi, **kept(form, comment))
    return output


def bare(picture: np.ndarray, output: Path, *, comment: str = "") -> Path:
    """Write one picture ``(C, H, W)`` alone, pixel by pixel: nothing around it, nothing below."""
    from PIL import Image

    if output.suffix.lower() not in PIXELS:
        raise BadInput(f"a bare picture must end in one of {', '.join(PIXELS)}, got {output}")
    tile = (np.clip(np.moveaxis(picture, 0, -1), 0, 1) * 255).round().astype(np.uint8)
    image = Image.fromarray(tile[..., 0] if tile.shape[-1] == 1 else tile)
    form = output.suffix.lower()[1:].replace("jpg", "jpeg")
    how = {"pnginfo": png(comment, sheet=False)} if form == "png" else {"exif": exif(comment)}
    with aside(output) as temporary, temporary.open("wb") as stream:
        image.save(stream, format=form.upper(), **how)
    return output
