"""Picture files to arrays and back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zalgebra.data._pillow import WRITERS, decode, encode, pillow, to_array, to_unit
from zalgebra.files import aside
from zalgebra.types import BadInput

__all__ = ["encode_picture", "fit_pictures", "read_picture", "read_pictures", "save_picture"]

GIBIBYTES = 4


def read_picture(
    source: str | os.PathLike[str] | bytes, /, *, size: int | None = None, mode: str = "RGB"
) -> np.ndarray:
    """One picture as a float32 array ``(C, H, W)`` in [0, 1].

    The camera's EXIF orientation is applied, transparency is laid on white, and of an animation
    the first frame is taken. 16-bit greys are scaled to [0, 1].

    Parameters
    ----------
    source
        Path of a PNG, JPEG, WebP, GIF or BMP file, or the file's bytes.
    size
        Side in pixels of the square to which the picture is cropped around its centre and then
        resized (Lanczos). ``None`` keeps the pixels as they are.
    mode
        ``"RGB"`` for three channels, ``"L"`` for one grey channel.

    Raises
    ------
    BadInput
        If the file is missing, no picture, damaged, or larger than 64 megapixels; the header is
        read first, so a decompression bomb takes no memory.
    MissingExtra
        If Pillow is not installed.

    Examples
    --------
    >>> dot = encode_picture(np.ones((1, 2, 3), dtype=np.float32))
    >>> read_picture(dot).shape, read_picture(dot, size=8, mode="L").shape
    ((3, 2, 3), (1, 8, 8))
    """
    check_options(size, mode)
    return decode(source, size, mode)


def read_pictures(
    paths: Sequence[str | os.PathLike[str]], /, *, size: int | None = None, mode: str = "RGB"
) -> np.ndarray:
    """Several picture files as one float32 array ``(n, C, H, W)`` in [0, 1].

    Parameters
    ----------
    paths
        Paths of n >= 1 picture files.
    size, mode
        As in `read_picture`.

    Raises
    ------
    BadInput
        If there is no path, the pictures differ in size and ``size`` is not given, together they
        would take more than 4 GiB, or one of them cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [save_picture(np.full((4, 4), g), f"{folder}/{g}.png") for g in (0.0, 1.0)]
    ...     read_pictures(paths, mode="L").mean(axis=(1, 2, 3))
    array([0., 1.], dtype=float32)
    """
    if len(paths) == 0:
        raise BadInput("`paths` must name at least one picture, got none")
    first = read_picture(paths[0], size=size, mode=mode)
    check_memory(len(paths), first.shape)
    pictures = np.empty((len(paths), *first.shape), dtype=np.float32)
    pictures[0] = first
    for i, path in enumerate(paths[1:], start=1):
        picture = read_picture(path, size=size, mode=mode)
        if picture.shape != first.shape:
            raise BadInput(
                f"pictures must be of one size, but `{os.fspath(paths[0])}` is {_area(first)} and "
                f"`{os.fspath(path)}` is {_area(picture)}: pass `size`, for example size=64, "
                "to crop and resize them"
            )
        pictures[i] = picture
    return pictures


def fit_pictures(
    pixels: np.ndarray, /, *, size: int | None = None, mode: str | None = None
) -> np.ndarray:
    """Pixels in memory, by the rules for files: float32 ``(n, C, H, W)`` in [0, 1].

    Parameters
    ----------
    pixels
        Array of uint8, shape ``(n, H, W)`` or ``(n, H, W, C)`` with C = 1, 3 or 4 (alpha).
    size
        As in `read_picture`.
    mode
        ``"RGB"``, ``"L"``, or ``None`` to follow the channels: one stays one, else three.

    Raises
    ------
    BadInput
        If the shape or type is another, or the result would take more than 4 GiB.

    Examples
    --------
    >>> fit_pictures(np.zeros((5, 8, 8, 3), dtype=np.uint8)).shape
    (5, 3, 8, 8)
    """
    pixels = pixels[..., None] if pixels.ndim == 3 else pixels
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or pixels.shape[3] not in (1, 3, 4):
        raise BadInput(
            "`images` must be uint8 of shape (n, H, W) or (n, H, W, C) with C = 1, 3 or 4, "
            f"got {pixels.dtype} of shape {pixels.shape}"
        )
    n, height, width, channels = pixels.shape
    mode = mode or ("L" if channels == 1 else "RGB")
    check_options(size, mode)
    side = (height, width) if size is None else (size, size)
    shape = (1 if mode == "L" else 3, *side)
    check_memory(n, shape)
    if (height, width) == side and channels == shape[0]:  # nothing to convert: no need of Pillow
        return to_unit(pixels.transpose(0, 3, 1, 2))
    image = pillow()
    fitted = np.empty((n, *shape), dtype=np.float32)
    for row, picture in zip(fitted, pixels.squeeze(3) if channels == 1 else pixels, strict=True):
        row[:] = to_array(image.fromarray(picture), size, mode)
    return fitted


def encode_picture(array: np.ndarray, /, suffix: str = ".png") -> bytes:
    """The bytes of a picture file.

    Parameters
    ----------
    array
        One picture, ``(C, H, W)`` with C = 1 or 3, or ``(H, W)``: floats in [0, 1], values
        beyond are clipped; or uint8 in 0 to 255.
    suffix
        ``".png"`` or ``".webp"`` (both lossless), ``".jpg"`` or ``".jpeg"`` (quality 95).

    Raises
    ------
    BadInput
        If the shape, the type or the suffix is another, or a value is NaN.

    Examples
    --------
    >>> encode_picture(np.zeros((3, 4, 4)))[1:4]
    b'PNG'
    """
    if suffix.lower() not in WRITERS:
        raise BadInput(f"a picture's suffix must be one of {', '.join(WRITERS)}, got {suffix!r}")
    return encode(_to_bytes(np.asarray(array)), suffix)


def save_picture(array: np.ndarray, /, path: str | os.PathLike[str]) -> Path:
    """Write one picture, and return its path.

    It is written aside and then renamed, so a reader never meets half a file.

    Parameters
    ----------
    array
        As in `encode_picture`.
    path
        Where to write; the suffix decides the format, missing folders are made.

    Raises
    ------
    BadInput
        If the array or the suffix is refused by `encode_picture`, or the place is not writable.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_picture(np.zeros((3, 4, 4)), f"{folder}/new/black.png").name
    'black.png'
    """
    path = Path(path)
    data = encode_picture(array, path.suffix)
    with aside(path) as temporary:
        temporary.write_bytes(data)
    return path


def check_options(size: int | None, mode: str) -> None:
    """Hold ``size`` and ``mode`` to their rules, else `BadInput`."""
    if mode not in ("RGB", "L"):
        raise BadInput(f'`mode` must be "RGB" or "L", got {mode!r}')
    if size is not None and (isinstance(size, bool) or not isinstance(size, int | np.integer)):
        raise BadInput(f"`size` must be a whole number of pixels, got {size!r}")
    if size is not None and not 1 <= size <= 8000:  # 8,000 squared is the 64 megapixels
        raise BadInput(f"`size` must be between 1 and 8000 pixels, got {size}")


def check_memory(n: int, shape: tuple[int, ...], itemsize: int = 4) -> None:
    """Refuse ``n`` arrays of this shape with `BadInput` if they take more than 4 GiB."""
    total = n * itemsize
    for length in shape:  # Python integers: a header may claim more than an int64 holds
        total *= int(length)
    if total > GIBIBYTES * 2**30:
        raise BadInput(
            f"pictures must fit {GIBIBYTES} GiB, but {n} of {' × '.join(map(str, shape))} take "
            f"{total / 2**30:.1f} GiB: pass a smaller `size`, or fewer pictures with `n`"
        )


def _to_bytes(array: np.ndarray) -> np.ndarray:
    shape = array.shape
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[0] not in (1, 3) or array.size == 0:
        raise BadInput(f"a picture must have the shape (1 or 3, H, W) or (H, W), got {shape}")
    array = array.transpose(1, 2, 0)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise BadInput(f"a picture must hold floats in [0, 1] or uint8, got {array.dtype}")
    if np.isnan(array).any():
        raise BadInput(f"a picture must hold no NaN, got {int(np.isnan(array).sum())} of them")
    return np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8, order="C")


def _area(picture: np.ndarray) -> str:
    _, height, width = picture.shape
    return f"{width} × {height}"
