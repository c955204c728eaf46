"""Drawn faces of which some factors vary and the others are held at one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zalgebra.data import datasets
from zalgebra.data.portraits import FACTORS
from zalgebra.types import BadInput

__all__ = ["VARIED", "drawn", "held", "people"]

Table = dict[str, np.ndarray]

VARIED = ("smile", "glasses", "beard", "hair_length", "hair_color", "skin", "light")
_AJAR = 0.3  # of `mouth_open`, so that a small model draws the mouth at all


def held(varied: Sequence[str] = VARIED, /) -> dict[str, float]:
    """What the other factors are held at: absent, or the middle of their range."""
    if unknown := [name for name in varied if name not in FACTORS]:
        raise BadInput(f"there is no factor {unknown[0]!r}; there are: {', '.join(FACTORS)}")
    middle = {
        name: f.low if f.kind == "binary" else (f.low + f.high) / 2 for name, f in FACTORS.items()
    }
    return {k: v for k, v in (middle | {"mouth_open": _AJAR}).items() if k not in varied}


def people(n: int, seed: int, varied: Sequence[str] = VARIED, /, **fixed: float) -> Table:
    """The factors that vary, for ``n`` faces; ``fixed`` sets some of them to one value."""
    table = datasets.sample_factors(n, seed=seed, **(held(varied) | fixed))
    return {name: table[name] for name in FACTORS if name in varied}


def drawn(factors: Table, size: int, /) -> np.ndarray:
    """Pictures ``(n, 3, size, size)`` of such a table."""
    n = len(next(iter(factors.values())))
    others = {name: np.full(n, value) for name, value in held(tuple(factors)).items()}
    return datasets.draw_faces({**factors, **others}, size=size)
