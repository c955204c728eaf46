"""What a picture file keeps beside its pixels: the command that made it, and whether it is a sheet.

A sheet has captions, margins or several pictures, so it is no picture of the model's own.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

__all__ = ["exif", "is_sheet", "kept", "png"]

DESCRIPTION = 0x010E  # of Exif
LAYOUT, SHEET = "Layout", "sheet"  # a text of a .png


def kept(form: str, comment: str) -> dict[str, Any]:
    """How matplotlib is told to keep a sheet's comment, for each format."""
    if form in ("svg", "pdf"):
        return {"metadata": {"Description" if form == "svg" else "Subject": comment}}
    if form == "png":
        return {"pil_kwargs": {"pnginfo": png(comment, sheet=True)}}
    return {"pil_kwargs": {"exif": exif(comment).tobytes()}}


def png(comment: str, *, sheet: bool) -> Any:
    """The texts of a .png for Pillow."""
    from PIL import PngImagePlugin

    said = PngImagePlugin.PngInfo()
    said.add_itxt("Comment", comment)
    if sheet:
        said.add_itxt(LAYOUT, SHEET)
    return said


def exif(comment: str) -> Any:
    """The comment as Exif description, for Pillow."""
    from PIL import Image

    description = Image.Exif()
    description[DESCRIPTION] = comment.encode()
    return description


def is_sheet(path: str | Path, /) -> bool:
    """Whether a file is a sheet that zalgebra wrote, a .png.

    What is damaged, no picture or too large a one is none: who reads its pixels says so.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG",)) as picture:
                said = picture.info
    except Exception:  # Pillow's decoders raise anything on damaged headers
        return False
    return said.get(LAYOUT) == SHEET and str(said.get("Comment", "")).startswith("zalgebra ")
