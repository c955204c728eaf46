"""Labels as they come: arrays, lists, Series, a column, or an indicator of each class."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.rows import Rows, rows_of
from zalgebra.types import BadInput

__all__ = ["Target", "labelled"]


class Target:
    """The classes, sorted, and each row's index among them.

    Examples
    --------
    >>> target = Target(["bee", "ant", "bee"])
    >>> target.classes.tolist(), target.label.tolist()
    (['ant', 'bee'], [1, 0, 1])
    >>> target.with_rows(np.array([0]))
    ['bee', 'ant', 'bee', 'ant']
    """

    def __init__(self, y: Any) -> None:
        self.given, values = y, _values(y)
        self.indicators = _are_indicators(values)
        if self.indicators:
            self.dtype = values.dtype
            self.width, values = values.shape[1], values.argmax(axis=1)
        else:
            values = _one_column(values)
        self.values = values
        self.classes, self.label = np.unique(values, return_inverse=True)

    def with_rows(self, new: np.ndarray, /) -> Any:
        """The given labels and then those of the classes ``new`` ``(m,)``, as they were given."""
        values = np.concatenate([self.values, self.classes[new]])
        if self.indicators:
            values = np.eye(self.width, dtype=self.dtype)[values]
        if isinstance(self.given, list):
            return values.tolist()
        if hasattr(self.given, "iloc"):
            return self._pandas(values)
        return values

    def _pandas(self, values: np.ndarray) -> Any:
        pd = importlib.import_module("pandas")

        given = self.given
        if hasattr(given, "columns"):
            return pd.DataFrame(values, columns=given.columns).astype(given.dtypes)
        return pd.Series(values, name=given.name).astype(given.dtype)


def _values(y: Any) -> np.ndarray:
    from sklearn.utils.multiclass import check_classification_targets

    if y is None:
        raise BadInput("this requires y to be passed, but the target y is None: give the labels")
    values = y.to_numpy() if hasattr(y, "iloc") else np.asarray(y)
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise BadInput("`y` must hold a label for each row, got NaN or infinity")
    if values.dtype.kind == "O" and any(v is None or v != v for v in values.ravel()):
        raise BadInput("`y` must hold a label for each row, got missing ones (NaN)")
    try:
        check_classification_targets(values)
    except ValueError as error:
        raise BadInput(f"`y` must hold classes: {error}") from error
    return values


def _are_indicators(values: np.ndarray) -> bool:
    """Whether y is a matrix of 0 and 1, one column a class."""
    if values.ndim != 2 or values.shape[1] < 2:
        return False
    binary = values.dtype.kind in "biuf" and np.all((values == 0) | (values == 1))
    if binary and np.all(values.sum(axis=1) == 1):
        return True
    raise BadInput(
        "`y` must have one class for each row. "
        "Multilabel and multioutput targets are not supported."
    )


def _one_column(values: np.ndarray) -> np.ndarray:
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise BadInput(f"`y` must have shape (n,), got {values.shape}")
    return values


def labelled(X: Any, y: Any, categorical: str | Sequence[Any], /) -> tuple[Rows, Target]:
    """Rows and as many labels, both read; `BadInput` if one has more than the other."""
    rows, target = rows_of(X, categorical), Target(y)
    if len(rows.numbers) != len(target.label):
        raise BadInput(
            f"`X` and `y` must have as many rows, got {len(rows.numbers)} and {len(target.label)}"
        )
    return rows, target
