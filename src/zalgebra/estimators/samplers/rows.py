"""Rows of data as numbers for a model: arrays, pictures, mixed tables, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.arrays import Arrays, empty
from zalgebra.estimators.samplers.columns import Columns
from zalgebra.types import BadInput

__all__ = ["Rows", "rows_of"]

Rows = Arrays | Columns


def rows_of(X: Any, categorical: str | Sequence[Any] = "auto", /) -> Rows:
    """The rows of an array, of pictures ``(n, C, H, W)``, of a pandas DataFrame or of lists."""
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return Columns.of_frame(X, categorical)
    if hasattr(X, "tocsr"):
        raise BadInput("`X` must be dense, got a sparse matrix: pass X.toarray()")
    array = X.detach().cpu().numpy() if hasattr(X, "detach") else np.asarray(X)
    if array.dtype.kind == "c":
        raise BadInput("`X` must hold real numbers. Complex data not supported")
    if array.ndim < 2:
        raise BadInput(
            f"`X` must have rows and columns, got shape {array.shape}. Reshape your data: "
            "one column is X.reshape(-1, 1)"
        )
    if 0 in array.shape[1:]:
        raise empty(array.shape)
    chosen = not isinstance(categorical, str) and len(categorical) > 0
    if array.ndim == 2 and (array.dtype.kind not in "fiub" or chosen):
        return Columns.of_array(array, categorical)
    return Arrays(array)
