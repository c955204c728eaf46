"""Codes and the factors that made the items, checked and told apart: classes or quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.measures.features import rows
from zalgebra.types import Array, BadInput

__all__ = ["Factor", "codes_and_factors"]


@dataclass(frozen=True, eq=False)
class Factor:
    """One factor of variation.

    Parameters
    ----------
    name
        Its name.
    values
        ``(n,)``: class numbers from 0 on, or quantities.
    discrete
        Whether it has classes: words, truth values, or whole numbers.
    classes
        The values that were given for the class numbers; none of a quantity.
    """

    name: str
    values: np.ndarray
    discrete: bool
    classes: tuple[Any, ...] = ()


def codes_and_factors(
    codes: Array,
    factors: Mapping[str, Any] | Array,
    /,
    *,
    least: int = 1,
    codes_least: int = 1,
    still: bool = False,
) -> tuple[np.ndarray, list[Factor]]:
    """Codes ``(n, d)`` in float64, and their factors, at least so many.

    Factors are a mapping from names to columns ``(n,)``, or an array ``(n, K)``; a column of
    words, truth values or whole numbers is discrete, any other a quantity. Each must vary, and
    so must one of the codes unless all of them may be ``still``.
    """
    z = rows(codes, "codes", least=20)
    if z.shape[1] < codes_least:
        raise BadInput(f"there must be at least {codes_least} codes, got {z.shape[1]}")
    if not still and (z == z[0]).all():
        raise BadInput(
            f"no code varies: `codes` must differ between items, and all {len(z)} rows are the "
            "same; encode the items again, or look why the encoder gives one code to all"
        )
    found = [_factor(name, column, len(z)) for name, column in _columns(factors).items()]
    if len(found) < least:
        raise BadInput(f"there must be at least {least} factors, got {len(found)}")
    return z, found


def _columns(factors: Mapping[str, Any] | Array) -> dict[str, np.ndarray]:
    if isinstance(factors, Mapping):
        return {str(name): to_numpy(column) for name, column in factors.items()}
    table = to_numpy(factors)
    if table.ndim != 2:
        raise BadInput(f"`factors` must be a mapping or of shape (n, K), got shape {table.shape}")
    return {f"factor {j}": table[:, j] for j in range(table.shape[1])}


def _factor(name: str, column: np.ndarray, n: int) -> Factor:
    if column.shape != (n,):
        raise BadInput(f"factor {name!r} must have shape ({n},), one an item, got {column.shape}")
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        raise BadInput(f"factor {name!r} must be finite, got NaN or infinite values")
    discrete = column.dtype.kind != "f" or bool((column == np.round(column)).all())
    classes, values = np.unique(column, return_inverse=True)
    if len(classes) < 2:
        raise BadInput(f"factor {name!r} does not vary, so nothing can be said of it: leave it out")
    if not discrete:
        return Factor(name, column.astype(np.float64), False)
    return Factor(name, values, True, tuple(classes.tolist()))
