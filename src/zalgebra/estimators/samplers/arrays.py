"""Rows of numbers, of any shape; and what holds for all columns of numbers."""

from __future__ import annotations

import numpy as np

from zalgebra.estimators.samplers.provenance import Provenance
from zalgebra.types import BadInput

__all__ = ["Arrays", "as_dtype", "check_finite", "empty", "missing", "spread"]


class Arrays:
    """Numbers of any shape ``(n, *shape)``: ``numbers`` are the array itself."""

    def __init__(self, X: np.ndarray) -> None:
        if X.dtype.kind not in "fiub":
            raise BadInput(f"`X` must hold numbers, got {X.dtype}")
        self.X = X
        self.numbers = X if X.dtype in (np.float32, np.float64) else X.astype(float)
        check_finite(self.numbers)

    def scale(self) -> np.ndarray | float:
        """What a unit is in each column; 1 for pictures, whose pixels share one already."""
        return spread(self.numbers) if self.X.ndim == 2 else 1.0

    def restore(self, numbers: np.ndarray, provenance: Provenance) -> np.ndarray:
        """New rows of the array's dtype; pictures stay within the range of the given ones."""
        new = numbers.reshape(len(numbers), *self.X.shape[1:])
        if self.X.ndim > 2:
            new = np.clip(new, self.numbers.min(), self.numbers.max())
        return as_dtype(new, self.X.dtype)

    def with_rows(self, new: np.ndarray) -> np.ndarray:
        """The given rows and then the new ones."""
        return np.concatenate([self.X, new])


def spread(numbers: np.ndarray) -> np.ndarray:
    """Standard deviations of columns; 1 where a column never changes."""
    sd = numbers.std(axis=0, dtype=float)
    return np.where(sd > 0, sd, 1.0)


def as_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Whole numbers are rounded and kept within what their dtype holds; truth is above a half."""
    if dtype.kind == "b":
        return values > 0.5
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
    return np.asarray(values, dtype=dtype)


def check_finite(numbers: np.ndarray) -> None:
    """`BadInput` if a value is missing or infinite."""
    if not np.all(np.isfinite(numbers)):
        raise missing("`X`")


def empty(shape: tuple[int, ...]) -> BadInput:
    """What to raise of data without columns, in scikit-learn's words."""
    return BadInput(f"`X` has 0 feature(s) (shape={shape}) while a minimum of 1 is required.")


def missing(where: str) -> BadInput:
    """What to raise where values are missing, and how to mend it."""
    return BadInput(
        f"{where} holds missing values (NaN) or infinite ones; fill them in first, in a pipeline "
        "for example by SimpleImputer"
    )
