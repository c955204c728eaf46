"""Rows of data as numbers for a model, and numbers back as rows: arrays, pictures, mixed tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.provenance import NONE, Provenance
from zalgebra.types import BadInput

__all__ = ["Arrays", "Columns", "rows_of"]

MANY = 256  # distinct values beyond which a column names things, and says nothing of nearness


def rows_of(X: Any, categorical: str | Sequence[Any] = "auto", /) -> Arrays | Columns:
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
        raise _empty(array.shape)
    chosen = not isinstance(categorical, str) and len(categorical) > 0
    if array.ndim == 2 and (array.dtype.kind not in "fiub" or chosen):
        return Columns.of_array(array, categorical)
    return Arrays(array)


class NoValue(BadInput, TypeError):
    """An entry is neither a number nor a category; scikit-learn expects a TypeError of it."""


class Arrays:
    """Numbers of any shape ``(n, *shape)``: ``numbers`` are the array itself."""

    def __init__(self, X: np.ndarray) -> None:
        if X.dtype.kind not in "fiub":
            raise BadInput(f"`X` must hold numbers, got {X.dtype}")
        self.X = X
        self.numbers = X if X.dtype in (np.float32, np.float64) else X.astype(float)
        _check_finite(self.numbers)

    def scale(self) -> np.ndarray | float:
        """What a unit is in each column; 1 for pictures, whose pixels share one already."""
        return _spread(self.numbers) if self.X.ndim == 2 else 1.0

    def restore(self, numbers: np.ndarray, provenance: Provenance) -> np.ndarray:
        """New rows of the array's dtype; pictures stay within the range of the given ones."""
        new = numbers.reshape(len(numbers), *self.X.shape[1:])
        if self.X.ndim > 2:
            new = np.clip(new, self.numbers.min(), self.numbers.max())
        return _as_dtype(new, self.X.dtype)

    def with_rows(self, new: np.ndarray) -> np.ndarray:
        """The given rows and then the new ones."""
        return np.concatenate([self.X, new])


class Columns:
    """A table of columns, some categorical.

    ``numbers`` ``(n, p)`` holds the numeric columns and then an indicator of each category. Two
    rows that differ in one category are as far apart as rows that differ by the median standard
    deviation of the numeric columns (Chawla et al. 2002, section 6.1, SMOTE-NC).
    """

    def __init__(self, given: Any, columns: list[np.ndarray], categorical: np.ndarray) -> None:
        self.given, self.columns, self.categorical = given, columns, categorical
        numeric = [self._real(j) for j in np.flatnonzero(~categorical)]
        self.codes = {j: _codes(columns[j]) for j in np.flatnonzero(categorical).tolist()}
        n = len(columns[0])
        numbers = np.stack(numeric, axis=1) if numeric else np.zeros((n, 0))
        self.unit = float(np.median(_spread(numbers))) if numeric else 1.0
        flags = [
            (codes[:, None] == np.arange(count)) * (self.unit / math.sqrt(2))
            for codes in self.codes.values()
            if (count := codes.max(initial=-1) + 1) <= MANY
        ]
        self.numbers = np.concatenate([numbers, *flags], axis=1)
        self._width = numbers.shape[1]
        if not self.numbers.shape[1]:
            raise BadInput(
                f"`X` must hold numbers or categories of at most {MANY} values, got neither"
            )

    @classmethod
    def of_frame(cls, X: Any, categorical: str | Sequence[Any]) -> Columns:
        """A pandas DataFrame: by default every column that holds no numbers is categorical."""
        names, missing = list(X.columns), np.asarray(X.isna().any())
        if not names:
            raise _empty(X.shape)
        if missing.any():
            raise _missing(f"column {names[int(missing.argmax())]!r}")
        columns = [X.iloc[:, j].to_numpy() for j in range(len(names))]
        kinds = [getattr(dtype, "numpy_dtype", dtype) for dtype in X.dtypes]  # of Int64, int64
        kinds = [getattr(kind, "subtype", kind) for kind in kinds]  # of Sparse[float], float
        plain = np.array([getattr(kind, "kind", "O") not in "fiu" for kind in kinds])
        return cls(X, columns, _chosen(categorical, names, plain))

    @classmethod
    def of_array(cls, X: np.ndarray, categorical: str | Sequence[Any]) -> Columns:
        """A NumPy array ``(n, d)``: by default the columns that are no numbers are categorical."""
        columns = [X[:, j] for j in range(X.shape[1])]
        plain = np.array([not _is_real(column) for column in columns])
        return cls(X, columns, _chosen(categorical, list(range(X.shape[1])), plain))

    def _real(self, j: int) -> np.ndarray:
        try:
            column = np.asarray(self.columns[j], dtype=float)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"column {j} of `X` holds no numbers; name it in `categorical_features`"
            ) from error
        _check_finite(column)
        return column

    def scale(self) -> np.ndarray:
        """What a unit is in each column of ``numbers``."""
        sd = np.full(self.numbers.shape[1], self.unit)
        sd[: self._width] = _spread(self.numbers[:, : self._width])
        return sd

    def restore(self, numbers: np.ndarray, provenance: Provenance) -> Any:
        """New rows: numbers by the columns' dtypes, categories by the vote of the parents."""
        new: list[Any] = [None] * len(self.columns)
        for place, j in enumerate(np.flatnonzero(~self.categorical)):
            new[j] = numbers[:, place]
        for j, codes in self.codes.items():
            new[j] = elected(codes, provenance)
        return self._frame(new) if hasattr(self.given, "iloc") else self._array(new)

    def _array(self, new: list[np.ndarray]) -> np.ndarray:
        out = np.empty((len(new[0]), len(new)), dtype=self.given.dtype)
        for j, column in enumerate(new):
            out[:, j] = (
                self.columns[j][column]
                if self.categorical[j]
                else _as_dtype(column, self.given.dtype)
            )
        return out

    def _frame(self, new: list[np.ndarray]) -> Any:
        import pandas as pd

        X, columns = self.given, []
        for j, column in enumerate(new):
            old = X.iloc[:, j]
            if self.categorical[j]:
                columns.append(old.iloc[column].reset_index(drop=True))
                continue
            kind = getattr(old.dtype, "numpy_dtype", getattr(old.dtype, "subtype", old.dtype))
            columns.append(pd.Series(_as_dtype(column, np.dtype(kind))).astype(old.dtype))
        return pd.concat(columns, axis=1).set_axis(X.columns, axis=1)

    def with_rows(self, new: Any) -> Any:
        """The given rows and then the new ones, counted anew."""
        if not hasattr(self.given, "iloc"):
            return np.concatenate([self.given, new])
        import pandas as pd

        return pd.concat([self.given, new], ignore_index=True)


def elected(codes: np.ndarray, provenance: Provenance, /) -> np.ndarray:
    """For each new row, the parent whose category has the largest sum of weights ``(m,)``."""
    parents, w = provenance.parents, provenance.weights
    there = parents != NONE
    value = np.where(there, codes[parents], -1)
    votes = np.sum((value[:, :, None] == value[:, None, :]) * w[:, None, :], axis=2)
    winner = np.where(there, votes, -np.inf).argmax(axis=1)
    return parents[np.arange(len(parents)), winner]


def _chosen(categorical: str | Sequence[Any], names: list[Any], plain: np.ndarray) -> np.ndarray:
    """A mask over the columns, from names, numbers or a mask."""
    if isinstance(categorical, str):
        if categorical != "auto":
            raise BadInput(
                f"`categorical_features` must be 'auto' or a list of columns, got {categorical!r}"
            )
        return plain
    wanted = list(categorical)
    if wanted and all(isinstance(w, bool | np.bool_) for w in wanted):
        if len(wanted) != len(names):
            raise BadInput(
                f"`categorical_features` as a mask must have {len(names)} entries, "
                f"got {len(wanted)}"
            )
        return np.array(wanted) | plain
    places = {name: j for j, name in enumerate(names)}
    mask = plain.copy()
    for w in wanted:
        j = places.get(w, w)
        if isinstance(j, bool) or not isinstance(j, int | np.integer) or not 0 <= j < len(names):
            raise BadInput(f"`categorical_features` names {w!r}, which is no column of `X`")
        mask[j] = True
    return mask


def _codes(column: np.ndarray) -> np.ndarray:
    """The number of each entry's value, counted as they come."""
    if column.dtype.kind == "f" and not np.all(np.isfinite(column)):
        raise _missing("a categorical column")
    values: dict[Any, int] = {}
    try:
        found = [values.setdefault(v, len(values)) for v in column.tolist()]
    except TypeError as error:
        raise NoValue(
            f"`X` holds an entry that is no value ({error}); an argument must be a string or a "
            "number"
        ) from error
    if None in values or any(v != v for v in values):
        raise _missing("a categorical column")
    return np.array(found, dtype=np.int64)


def _is_real(column: Iterable[Any]) -> bool:
    entries = column if getattr(column, "dtype", np.dtype(object)).kind == "O" else []
    if getattr(column, "dtype", np.dtype(object)).kind in "US":
        return False
    return all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in entries)


def _spread(numbers: np.ndarray) -> np.ndarray:
    """Standard deviations of columns; 1 where a column never changes."""
    sd = numbers.std(axis=0, dtype=float)
    return np.where(sd > 0, sd, 1.0)


def _as_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Whole numbers are rounded and kept within what their dtype holds; truth is above a half."""
    if dtype.kind == "b":
        return values > 0.5
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
    return np.asarray(values, dtype=dtype)


def _check_finite(numbers: np.ndarray) -> None:
    if not np.all(np.isfinite(numbers)):
        raise _missing("`X`")


def _empty(shape: tuple[int, ...]) -> BadInput:
    return BadInput(f"`X` has 0 feature(s) (shape={shape}) while a minimum of 1 is required.")


def _missing(where: str) -> BadInput:
    return BadInput(
        f"{where} holds missing values (NaN) or infinite ones; fill them in first, in a pipeline "
        "for example by SimpleImputer"
    )
