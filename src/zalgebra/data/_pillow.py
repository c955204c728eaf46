"""All that touches Pillow: files from strangers to arrays, and arrays to the bytes of files.

Pillow is imported by the functions that need it, so importing this module costs nothing.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.types import BadInput, MissingExtra

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")  # Pillow tries no other decoder
MEGAPIXELS = 64

# How each suffix is written: WebP without loss, JPEG with no visible one.
WRITERS: dict[str, dict[str, Any]] = {
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "lossless": True},
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
}


def pillow() -> Any:
    """Pillow's module of images."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("pillow", "data") from None
    return Image


def decode(source: str | os.PathLike[str] | bytes, size: int | None, mode: str) -> np.ndarray:
    """A picture file, or its bytes, as float32 ``(C, H, W)``; its header is checked first."""
    image_module = pillow()
    name = "the picture" if isinstance(source, bytes) else f"`{os.fspath(source)}`"
    stream = io.BytesIO(source) if isinstance(source, bytes) else Path(source)
    try:
        with image_module.open(stream, formats=FORMATS) as picture:
            _check_pixels(picture.size, name)
            return to_array(picture, size, mode)
    except BadInput:
        raise
    except FileNotFoundError:
        raise BadInput(f"{name} does not exist: check the path") from None
    except image_module.UnidentifiedImageError:
        raise BadInput(f"{name} must be a {', '.join(FORMATS)} picture, and is none") from None
    except (image_module.DecompressionBombError, image_module.DecompressionBombWarning):
        raise BadInput(f"{name} must have at most {MEGAPIXELS} megapixels, got more") from None
    except Exception as error:  # on damaged files decoders raise anything, struct.error included
        raise BadInput(
            f"{name} cannot be decoded, is it damaged or cut short? ({error})"
        ) from error


def _check_pixels(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MEGAPIXELS * 1_000_000:
        raise BadInput(
            f"{name} must have at most {MEGAPIXELS} megapixels, got {size[0]} × {size[1]} pixels"
        )


def to_array(picture: Any, size: int | None, mode: str) -> np.ndarray:
    """A picture of Pillow as float32 ``(C, H, W)``: upright, on white, cropped and resized."""
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    picture = picture.convert(mode)
    if size is not None and picture.size != (size, size):
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture)
    return to_unit(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


def to_unit(pixels: np.ndarray) -> np.ndarray:
    """Bytes as float32 in [0, 1]."""
    # In blocks inside the ufunc: no float64 copy of a large array.
    return np.divide(pixels, np.float32(255), dtype=np.float32, order="C")


def encode(pixels: np.ndarray, suffix: str) -> bytes:
    """Pixels of uint8, ``(H, W, C)`` with C = 1 or 3, as the bytes of a file of that suffix."""
    picture = pillow().fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    stream = io.BytesIO()
    try:
        picture.save(stream, **WRITERS[suffix.lower()])
    except (OSError, ValueError) as error:  # for example WebP's limit of 16,383 pixels
        width, height = picture.size
        raise BadInput(f"{width} × {height} pixels do not fit {suffix} ({error})") from error
    return stream.getvalue()
