"""Cartoon portraits drawn from a table of factors: attribute arithmetic with a known truth.

A portrait is a pure function of its row of the table. Shapes are signed distances turned into
pixel coverage, so the same face can be drawn at any size without jagged edges.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.data._painter import Portrait
from zalgebra.types import BadInput

__all__ = ["FACTORS", "Factor", "draw_faces", "sample_factors"]


@dataclass(frozen=True)
class Factor:
    """One thing that varies between faces: its kind, its range and what its ends look like.

    With ``ends`` above 0, that share of the draws lies exactly at ``low``, the same share exactly
    at ``high``, and only the rest in between.
    """

    kind: str
    low: float
    high: float
    meaning: str
    ends: float = 0.0


FACTORS: dict[str, Factor] = {
    "smile": Factor("continuous", 0, 1, "0 a straight calm mouth, 1 a big grin", ends=0.3),
    "mouth_open": Factor("continuous", 0, 1, "0 closed, 1 wide open", ends=0.3),
    "glasses": Factor("binary", 0, 1, "1 wears bold frames with clear lenses"),
    "beard": Factor("binary", 0, 1, "1 wears a full beard and a moustache"),
    "hair_length": Factor("continuous", 0, 1, "0 a short crop, 1 down to the shoulders"),
    "hair_color": Factor("continuous", 0, 1, "black, brown, chestnut, ginger, blond"),
    "skin": Factor("continuous", 0, 1, "0 light, 1 deep"),
    "face_width": Factor("continuous", -1, 1, "-1 narrow, 1 wide"),
    "brow": Factor("continuous", -1, 1, "-1 lowered, 1 raised brows"),
    "gaze": Factor("continuous", -1, 1, "-1 looks to the left of the image, 1 to its right"),
    "turn": Factor("continuous", -1, 1, "-1 head turned to the left of the image, 1 to its right"),
    "light": Factor("continuous", -1, 1, "-1 light from the left of the image, 1 from its right"),
    "backdrop": Factor("continuous", 0, 1, "peach, butter, sage, sky, lavender behind the head"),
    "shirt": Factor("continuous", 0, 1, "coral, mustard, teal, navy shirt"),
}

_CHUNK_PIXELS = 1 << 17  # one float32 plane of a chunk stays within a core's cache


def sample_factors(n: int, *, seed: int = 0, **fixed: ArrayLike) -> dict[str, np.ndarray]:
    """Draw a table of independent factors for ``n`` faces.

    Every factor has a stream of its own, so fixing one leaves the others as they were, and the
    first rows of a longer table are the shorter table.

    Parameters
    ----------
    n
        How many faces, 0 or more.
    seed
        A whole number, 0 or more; the same seed gives the same table.
    **fixed
        A factor by name and what to set it to: one number, or an array of shape ``(n,)``.

    Returns
    -------
    dict of str to ndarray
        One float32 array of shape ``(n,)`` for each of `FACTORS`, within its range. Binary
        factors are 1 half of the time. Of ``smile`` and ``mouth_open`` 30 % are exactly 0 and
        30 % exactly 1; all else is uniform.

    Raises
    ------
    BadInput
        If ``n`` or ``seed`` is no whole number or negative, or a fixed factor is unknown, out of
        its range or of the wrong shape.

    Examples
    --------
    >>> table = sample_factors(3, seed=0, glasses=1)
    >>> table["glasses"]
    array([1., 1., 1.], dtype=float32)
    >>> bool((table["smile"] == sample_factors(3, seed=0)["smile"]).all())
    True
    """
    n, seed = _whole("n", n, 0), _whole("seed", seed, 0)
    _known(fixed)
    table = {}
    for name, factor in FACTORS.items():
        if name in fixed:
            value = np.asarray(fixed[name])
            value = np.full(n, value) if value.ndim == 0 else value
        else:
            stream = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
            u = np.random.Generator(np.random.Philox(stream)).random(n)
            u = np.clip((u - factor.ends) / (1 - 2 * factor.ends), 0, 1)
            u = u < 0.5 if factor.kind == "binary" else u
            value = factor.low + (factor.high - factor.low) * u
        table[name] = _column(name, value, n)
    return table


def draw_faces(factors: Mapping[str, ArrayLike], /, size: int = 64) -> np.ndarray:
    """Draw one colour portrait for each row of a factor table.

    Parameters
    ----------
    factors
        All of `FACTORS` by name, each an array of shape ``(n,)`` within its range.
    size
        Height and width of the images in pixels, 16 or more.

    Returns
    -------
    ndarray
        Images ``(n, 3, size, size)``, float32 in [0, 1]: red, green, blue; rows run downwards.

    Raises
    ------
    BadInput
        If a factor is unknown, missing, out of its range or of another length than the others,
        or ``size`` is no whole number or below 16.

    Examples
    --------
    >>> table = sample_factors(2, seed=0)
    >>> draw_faces(table, size=32).shape
    (2, 3, 32, 32)
    """
    size = _whole("size", size, 16)
    _known(factors)
    if missing := [name for name in FACTORS if name not in factors]:
        raise BadInput(
            f"a face needs every factor, but {', '.join(missing)} is missing: start from "
            "sample_factors(n), which gives them all"
        )
    n = np.size(factors["smile"])
    table = {name: _column(name, factors[name], n) for name in FACTORS}
    images = np.empty((n, 3, size, size), np.float32)
    step = max(1, _CHUNK_PIXELS // size**2)
    for start in range(0, n, step):
        rows = slice(start, start + step)
        Portrait({name: value[rows] for name, value in table.items()}, images[rows]).draw()
    return images


def _whole(name: str, value: int, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise BadInput(f"{name} must be a whole number of at least {least}, got {value!r}")
    return number


def _known(names: Iterable[str]) -> None:
    if unknown := [name for name in names if name not in FACTORS]:
        raise BadInput(f"there is no factor {unknown[0]!r}: choose from {', '.join(FACTORS)}")


def _column(name: str, value: ArrayLike, n: int) -> np.ndarray:
    factor, value = FACTORS[name], np.asarray(value)
    if value.shape != (n,) or value.dtype.kind not in "biuf":
        raise BadInput(
            f"factor {name} must be numbers of shape ({n},), one for each face, got shape "
            f"{value.shape} of {value.dtype}: give one number or an array of that shape"
        )
    good = (value >= factor.low) & (value <= factor.high)
    if factor.kind == "binary":
        good &= (value == factor.low) | (value == factor.high)
    if not good.all():
        rule = "0 or 1" if factor.kind == "binary" else f"within [{factor.low}, {factor.high}]"
        raise BadInput(f"factor {name} must be {rule}, got {value[~good][0]}: clip it to that")
    return value.astype(np.float32)
