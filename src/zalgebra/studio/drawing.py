"""Pictures to a file that a person opens: a captioned strip or grid, or a looping GIF."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.files import aside
from zalgebra.studio import figures
from zalgebra.studio.film import DESCRIPTION, shoot
from zalgebra.studio.frames import Layout
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STILLS", "check_still", "draw", "save"]

STILLS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
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


def save(figure: Figure, output: Path, *, comment: str = "") -> Path:
    """Write a figure in the format of the file's suffix, whole or not at all."""
    check_still(output)
    dpi = float(np.clip(WIDTH / figure.get_figwidth(), 150, 400))
    form = output.suffix.lower()[1:].replace("jpg", "jpeg")
    with aside(output) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a box stands for what the font lacks
        figure.savefig(temporary, format=form, dpi=dpi, **_kept(form, comment))
    return output


def _kept(form: str, comment: str) -> dict[str, Any]:
    """How a comment is given to matplotlib, for each format."""
    if not comment:
        return {}
    if form in ("svg", "pdf"):
        return {"metadata": {"Description" if form == "svg" else "Subject": comment}}
    from PIL import Image, PngImagePlugin

    if form == "png":
        said = PngImagePlugin.PngInfo()
        said.add_itxt("Comment", comment)
        return {"pil_kwargs": {"pnginfo": said}}
    description = Image.Exif()
    description[DESCRIPTION] = comment.encode()
    return {"pil_kwargs": {"exif": description.tobytes()}}
