"""Rows picked, and label columns: chosen by name, then turned into numbers or classes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from zalgebra.data.dataset import Classes, Columns
from zalgebra.types import BadInput

T = TypeVar("T")


def choose_rows(total: int, n: int | None, seed: int) -> np.ndarray:
    """Indices, in order, of ``n`` of the rows picked at random; ``None`` is all of them."""
    if n is None:
        return np.arange(total)
    if not isinstance(n, int | np.integer) or not 1 <= n <= total:
        raise BadInput(f"`n` must be between 1 and the {total} pictures there are, got {n!r}")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise BadInput(f"`seed` must be a whole number, 0 or more, got {seed!r}")
    return np.sort(np.random.default_rng(seed).choice(total, n, replace=False))


def choose_columns(columns: dict[str, T], labels: Sequence[str] | None) -> dict[str, T]:
    """The columns of these names; ``None`` is all of them."""
    if labels is None:
        return columns
    for key in labels:
        if key not in columns:
            has = ", ".join(columns) or "none"
            raise BadInput(f"`labels` must name label columns ({has}), got {key!r}")
    return {key: columns[key] for key in labels}


def numbers_or_text(cells: Sequence[str]) -> np.ndarray:
    """A column of a table: numbers if every cell is one or empty, else text."""
    with contextlib.suppress(ValueError):
        if any(cells) and not any("_" in cell for cell in cells):  # float() would take "1_000"
            return np.array([float(cell or "nan") for cell in cells])
    return np.array(cells, dtype=str)


def to_labels(columns: Columns, row: Callable[[int], str]) -> tuple[Columns, Classes]:
    """Columns as a data set holds them: numbers as float32, text as the index of its class.

    ``row`` names the row of an index in messages.
    """
    labels: Columns = {}
    classes: Classes = {}
    for key, values in columns.items():
        if values.dtype.kind == "U":
            texts, index = np.unique(values, return_inverse=True)
            labels[key], classes[key] = index.astype(np.int64), tuple(texts.tolist())
            continue
        if values.dtype.kind not in "biuf":
            raise BadInput(f"label column `{key}` must hold numbers or text, got {values.dtype}")
        with np.errstate(over="ignore"):
            labels[key] = values.astype(np.float32)
        bad = np.flatnonzero(~np.isfinite(labels[key]))
        if bad.size:
            raise BadInput(
                f"label column `{key}` must be finite, got {values[bad[0]]} in row {row(bad[0])}: "
                "fill it in, drop the row, or name the columns to read with `labels`"
            )
    return labels, classes
