"""Pictures to a file that a person opens: a captioned strip, or a looping GIF."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zalgebra.files import aside
from zalgebra.studio import figures
from zalgebra.types import BadInput, MissingExtra

__all__ = ["draw"]

STILLS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
FRAME_SECONDS = 0.12
SMALLEST = 256  # pixels a side of a film's frame
WIDTH = 1600  # pixels that a strip is to have; few pictures are not larger than 400 dpi makes them


def draw(pictures: np.ndarray, output: Path, captions: Sequence[str]) -> Path:
    """Write pictures ``(n, C, H, W)`` as a captioned strip, or as a film if it ends in .gif."""
    suffix = output.suffix.lower()
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or len(pictures) == 0:
        raise BadInput(f"pictures must have shape (n, 1 or 3, H, W), got {pictures.shape}")
    if suffix == ".gif":
        _film(pictures, output)
    elif suffix in STILLS:
        figure = figures.strip(pictures, captions)
        dpi = float(np.clip(WIDTH / figure.get_figwidth(), 150, 400))
        with aside(output) as temporary, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a box stands for what the font lacks
            figure.savefig(temporary, format=suffix[1:].replace("jpg", "jpeg"), dpi=dpi)
    else:
        raise BadInput(f"{output} must end in one of {', '.join([*STILLS, '.gif'])}")
    return output


def _film(pictures: np.ndarray, output: Path) -> None:
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingExtra("pillow", "studio") from error
    scale = max(1, -(-SMALLEST // pictures.shape[-1]))
    size = (pictures.shape[-1] * scale, pictures.shape[-2] * scale)
    bytes_ = (np.clip(np.moveaxis(pictures, 1, -1), 0, 1) * 255).round().astype(np.uint8)
    frames = [
        Image.fromarray(b[..., 0] if b.shape[-1] == 1 else b).resize(size, Image.Resampling.BICUBIC)
        for b in bytes_
    ]
    with aside(output) as temporary:
        frames[0].save(
            temporary, format="GIF", save_all=True, append_images=frames[1:], loop=0,
            duration=int(FRAME_SECONDS * 1000),
        )  # fmt: skip
