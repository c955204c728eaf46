"""What an audit asks of: factors, out of label columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from zalgebra.types import BadInput

__all__ = ["Factor", "cells", "factors_of", "pairs_of"]

LEAST = 10  # items in either group of a factor
CLASSES = 12  # values of a column of words or whole numbers, above which it is no factor


@dataclass(frozen=True, eq=False)
class Factor:
    """One thing that an edit is to change.

    Parameters
    ----------
    name
        Its word.
    column
        The label column that it comes from; classes of one column exclude each other.
    values
        ``(n,)``: 0 and 1, or a quantity.
    high, low
        Masks ``(n,)`` of the two groups between which a direction leads: ones and zeros, or the
        upper and the lower third.
    discrete
        Whether it has two values.
    code
        Of a class, its index or word in the column.
    ends
        Entries of the column that stand for "low" and "high" when an item is drawn again; a class
        of many has no "low".
    """

    name: str
    column: str
    values: np.ndarray
    high: np.ndarray
    low: np.ndarray
    discrete: bool
    code: Any = None
    ends: tuple[Any, Any] = (0, 1)

    def take(self, rows: Any) -> Factor:
        """Of some items."""
        parts = {k: getattr(self, k)[rows] for k in ("values", "high", "low")}
        return replace(self, **parts)


def factors_of(
    labels: Mapping[str, Any], n: int, classes: Mapping[str, Sequence[str]] | None = None
) -> tuple[list[Factor], dict[str, str]]:
    """The factors that label columns ``(n,)`` hold, and why other columns are none.

    A column of two values is one factor, a column of numbers too; a column of words or of class
    indices is one factor for each class.
    """
    factors: list[Factor] = []
    skipped: dict[str, str] = {}
    for column, raw in labels.items():
        values = np.asarray(raw)
        if values.shape != (n,):
            raise BadInput(f"label {column!r} must have {n} values, got shape {values.shape}")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise BadInput(f"label {column!r} must be finite, got NaN or infinite values")
        found, reason = _factors(str(column), values, (classes or {}).get(column))
        factors += found
        if reason:
            skipped[str(column)] = reason
    return factors, skipped


def _factors(
    column: str, values: np.ndarray, words: Sequence[str] | None
) -> tuple[list[Factor], str]:
    distinct = np.unique(values)
    if len(distinct) < 2:
        return [], "it does not vary"
    if len(distinct) == 2 and words is None and values.dtype.kind != "U":
        return _enough([_two(column, column, values == distinct[1], distinct[1], tuple(distinct))])
    if words is not None or values.dtype.kind not in "f":
        if len(distinct) > CLASSES:
            return [], f"it has {len(distinct)} classes, more than {CLASSES}"
        named = [str(v) if words is None else words[int(v)] for v in distinct]
        return _enough(
            [_two(f"{column}={w}", column, values == v, v)
             for w, v in zip(named, distinct, strict=True)]
        )  # fmt: skip
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    if low == high:
        low, high = values.min(), values.max()
    up, down = values >= high, values <= low
    ends = np.median(values[down]), np.median(values[up])
    return _enough(
        [Factor(column, column, values.astype(float), up, down, False, ends=tuple(ends))]
    )


def _two(
    name: str, column: str, on: np.ndarray, code: Any, ends: tuple[Any, Any] | None = None
) -> Factor:
    return Factor(name, column, on.astype(float), on, ~on, True, code, ends or (None, code))


def _enough(found: list[Factor]) -> tuple[list[Factor], str]:
    kept = [f for f in found if min(f.high.sum(), f.low.sum()) >= LEAST]
    few = [f.name for f in found if f not in kept]
    return kept, f"fewer than {LEAST} items of {', '.join(few)}" if few else ""


def cells(one: Factor, other: Factor) -> list[np.ndarray] | None:
    """The items of the 2 x 2 table of two factors: neither, one, other, both; None if too few."""
    found = [
        np.flatnonzero(a & b)
        for b, a in (
            (other.low, one.low), (other.low, one.high), (other.high, one.low),
            (other.high, one.high),
        )
    ]  # fmt: skip
    return found if min(map(len, found)) >= LEAST else None


def pairs_of(factors: Sequence[Factor]) -> list[tuple[int, int]]:
    """Every two factors that may be changed together: not two classes of one column."""
    n = range(len(factors))
    return [(i, j) for i, j in combinations(n, 2) if factors[i].column != factors[j].column]
