"""Which items of a map are meant: by their numbers, or by a mask over the points."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from zalgebra.algebra.items import Items
from zalgebra.algebra.words import shortened
from zalgebra.types import BadInput

__all__ = ["chosen", "numbered"]


def numbered(numbers: Any, n: int, items: Items | None, /) -> np.ndarray:
    """The items' own numbers ``(n,)``, if they fit the points and the items.

    Without ``numbers`` the items are one a point.
    """
    if numbers is None:
        if items is not None and len(items) != n:
            raise BadInput(
                f"`items` must be one a point ({n}), got {len(items)}; if the points are some of "
                "them, `numbers` says which"
            )
        return np.arange(n)
    found = np.asarray(numbers)
    if found.shape != (n,) or found.dtype.kind not in "iu" or len(np.unique(found)) < n:
        raise BadInput(
            f"`numbers` must be {n} different whole numbers, one a point, got {found.dtype} of "
            f"shape {found.shape} in which {len(np.unique(found))} differ"
        )
    if items is not None and (found.min() < 0 or found.max() >= len(items)):
        raise BadInput(
            f"`numbers` must be of `items`, from 0 to {len(items) - 1}, got {found.min()} to "
            f"{found.max()}"
        )
    return found


def chosen(selection: Any, numbers: np.ndarray, /) -> np.ndarray:
    """The rows of the points that a selection means, each once, in rising order.

    Parameters
    ----------
    selection
        One number of an item, several, or a mask ``(n,)`` with a value a point.
    numbers
        The number of each point's item ``(n,)``.
    """
    wanted = _column(selection)
    if wanted.dtype == bool:
        if wanted.shape != numbers.shape:
            raise BadInput(
                f"a mask must have one value a point ({len(numbers)}), got {len(wanted)}"
            )
        return np.flatnonzero(wanted)
    if len(unknown := np.setdiff1d(wanted, numbers)):
        raise BadInput(f"item {unknown[0]} is not on this map, which has {len(numbers)} items")
    return np.flatnonzero(np.isin(numbers, wanted))


def _column(selection: Any) -> np.ndarray:
    """Whole numbers or a mask as one column; a number alone is a column of one."""
    with contextlib.suppress(ValueError):  # rows of several lengths are no column
        column = np.atleast_1d(selection)
        if column.shape == (0,):
            return column.astype(int)
        if column.ndim == 1 and column.dtype.kind in "iub":
            return column
    raise BadInput(
        "a selection must be whole numbers of items, or a mask with a value a point, got "
        f"{shortened(str(selection))}"
    )
