"""Thumbnails of many items as a few sheets, within a budget of megabytes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zalgebra.algebra._pictures import as_unit
from zalgebra.types import BadInput, MissingExtra

__all__ = ["EDGE", "TILES", "Sheets", "curve", "sheets_of"]

TILES = 16  # along a sheet: 256 thumbnails, so that one hover decodes little
LARGEST = 64  # pixels along the longer side; pictures that are smaller are kept as they are
SIDES = (46, 30, 22, 14)  # what is tried next if the budget does not allow that
BLOCK = 16  # WebP codes blocks of so many pixels: a cell of whole blocks keeps its neighbours out
EDGE = 1  # pixels around a thumbnail that repeat its edge, for decoders smooth colours across it
QUALITY = 70
SAMPLED = 6  # sheets by which the size of all is estimated
MARGIN = 0.9  # of the budget that an estimate may fill
BASE64 = 4 / 3  # bytes in the page for a byte of a picture


@dataclass(frozen=True, eq=False)
class Sheets:
    """Thumbnails in rows of `TILES` on sheets of ``TILES * TILES``, as base64 of WebP.

    Parameters
    ----------
    sheets
        The sheets.
    order
        ``(m,)``: the rows of the items, in the order of their thumbnails.
    tile
        Width and height of a thumbnail in pixels.
    cell
        Width and height of the cell that it lies in, `EDGE` from its upper left corner.
    """

    sheets: tuple[str, ...]
    order: np.ndarray
    tile: tuple[int, int]
    cell: tuple[int, int]

    @property
    def megabytes(self) -> float:
        """What they take in the page."""
        return sum(map(len, self.sheets)) / 1e6


def sheets_of(
    pictures: Callable[[np.ndarray], np.ndarray], order: np.ndarray, /, *, megabytes: float
) -> Sheets:
    """The thumbnails of the rows ``order``, as large as the budget allows.

    The sides are tried by a few sheets from all over the order. If not even the smallest
    fits, as many items as do, spread evenly over the order, have thumbnails.

    Parameters
    ----------
    pictures
        From rows to pictures ``(m, C, H, W)`` in [0, 1]; called for a sheet at a time.
    order
        Rows ``(n,)``; neighbours in it lie on one sheet.
    megabytes
        What the sheets may take in the page, in millions of bytes.
    """
    if not (math.isfinite(megabytes) and megabytes > 0):
        raise BadInput(f"`megabytes` must be a positive number, got {megabytes}")
    budget = megabytes * 1e6
    probes = [_assembled(pictures(rows)) for rows in _sample(order)]
    natural = max(probes[0].shape[1:3])
    largest = min(natural, LARGEST)
    sides = [largest, *(s for s in SIDES if s < largest)]
    for side in sides:
        each = _bytes_each(probes, side)
        if each * len(order) > MARGIN * budget and side != sides[-1]:
            continue
        fit = int(MARGIN * budget / each)
        kept = order if fit >= len(order) else order[:: math.ceil(len(order) / max(fit, 1))]
        made = _made(pictures, kept, side, budget)
        if made is not None:
            return made
    raise BadInput(
        f"{megabytes:g} megabytes are too few for thumbnails of {len(order)} items; "
        "allow more, or leave the pictures out"
    )


def curve(points: np.ndarray, /) -> np.ndarray:
    """Rows of points ``(n, 2)`` along a Z-order curve, so that neighbours on a map come together.

    G. M. Morton, *A computer oriented geodetic data base*, IBM 1966.
    """
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    grid = ((points - low) / np.where(span > 0, span, 1) * 0xFFFF).astype(np.uint64)
    return np.argsort(_spread(grid[:, 0]) | _spread(grid[:, 1]) << np.uint64(1), kind="stable")


def _spread(x: np.ndarray) -> np.ndarray:
    """The 16 bits of each number, with a zero between each two."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        x = (x | x << np.uint64(shift)) & np.uint64(mask)
    return x


def _parts(order: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(order), TILES**2):
        yield order[first : first + TILES**2]


def _sample(order: np.ndarray) -> list[np.ndarray]:
    parts = list(_parts(order))
    return [parts[i] for i in np.unique(np.linspace(0, len(parts) - 1, SAMPLED).astype(int))]


def _bytes_each(probes: list[np.ndarray], side: int) -> float:
    """Bytes that one thumbnail takes in the page."""
    return BASE64 * sum(len(_sheet(p, side)) for p in probes) / sum(map(len, probes))


def _made(
    pictures: Callable[[np.ndarray], np.ndarray], order: np.ndarray, side: int, budget: float
) -> Sheets | None:
    """All sheets; None if they turn out larger than the budget."""
    found, total, tile = [], 0, (0, 0)
    for rows in _parts(order):
        tiles = _assembled(pictures(rows))
        tile = _tile(tiles, side)
        found.append(base64.b64encode(_sheet(tiles, side)).decode())
        total += len(found[-1])
        if total > budget:
            return None
    return Sheets(tuple(found), order, tile, _cell(tile))


def _assembled(pictures: np.ndarray) -> np.ndarray:
    """Pictures ``(m, C, H, W)`` as bytes ``(m, H, W, 3)``."""
    pictures = as_unit(pictures)
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or 0 in pictures.shape:
        raise BadInput(f"pictures must have shape (n, 1 or 3, H, W), got {pictures.shape}")
    pixels = np.rint(np.clip(np.nan_to_num(pictures), 0, 1) * 255).astype(np.uint8)
    m, _, H, W = pictures.shape
    return np.broadcast_to(np.moveaxis(pixels, 1, -1), (m, H, W, 3))


def _tile(tiles: np.ndarray, side: int) -> tuple[int, int]:
    """Width and height of a thumbnail whose longer side is ``side``."""
    _, H, W, _ = tiles.shape
    scale = side / max(H, W)
    return max(1, round(W * scale)), max(1, round(H * scale))


def _cell(tile: tuple[int, int]) -> tuple[int, int]:
    w, h = (BLOCK * math.ceil((length + 2 * EDGE) / BLOCK) for length in tile)
    return w, h


def _sheet(tiles: np.ndarray, side: int) -> bytes:
    """Up to `TILES` squared pictures ``(m, H, W, 3)`` as one WebP, each shrunk to the side.

    The whole row of pictures is resized at once, by the mean of the pixels that each new one
    covers: none of them reaches into a neighbour.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingExtra("pillow", "studio") from error
    (w, h), (W, H) = _tile(tiles, side), _cell(_tile(tiles, side))
    m, height, width, _ = tiles.shape
    tall = Image.fromarray(np.ascontiguousarray(tiles).reshape(m * height, width, 3))
    small = np.asarray(tall.resize((w, m * h), Image.Resampling.BOX)).reshape(m, h, w, 3)
    rows = math.ceil(m / TILES)
    room = ((0, rows * TILES - m), (EDGE, H - h - EDGE), (EDGE, W - w - EDGE), (0, 0))
    cells = np.pad(small, room, mode="edge").reshape(rows, TILES, H, W, 3)
    image = Image.fromarray(
        np.ascontiguousarray(cells.transpose(0, 2, 1, 3, 4)).reshape(rows * H, TILES * W, 3)
    )
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()
