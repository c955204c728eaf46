"""Tables of mixed columns as numbers for a model, and numbers back as columns."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.arrays import as_dtype, check_finite, empty, missing, spread
from zalgebra.estimators.samplers.provenance import NONE, Provenance
from zalgebra.types import BadInput

__all__ = ["Columns", "elected"]

MANY = 256  # distinct values beyond which a column names things, and says nothing of nearness


class NoValue(BadInput, TypeError):
    """An entry is neither a number nor a category; scikit-learn expects a TypeError of it."""


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
        self.unit = float(np.median(spread(numbers))) if numeric else 1.0
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
        names, absent = list(X.columns), np.asarray(X.isna().any())
        if not names:
            raise empty(X.shape)
        if absent.any():
            raise missing(f"column {names[int(absent.argmax())]!r}")
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
        check_finite(column)
        return column

    def scale(self) -> np.ndarray:
        """What a unit is in each column of ``numbers``."""
        sd = np.full(self.numbers.shape[1], self.unit)
        sd[: self._width] = spread(self.numbers[:, : self._width])
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
                else as_dtype(column, self.given.dtype)
            )
        return out

    def _frame(self, new: list[np.ndarray]) -> Any:
        pd = importlib.import_module("pandas")

        X, columns = self.given, []
        for j, column in enumerate(new):
            old = X.iloc[:, j]
            if self.categorical[j]:
                columns.append(old.iloc[column].reset_index(drop=True))
                continue
            kind = getattr(old.dtype, "numpy_dtype", getattr(old.dtype, "subtype", old.dtype))
            columns.append(pd.Series(as_dtype(column, np.dtype(kind))).astype(old.dtype))
        return pd.concat(columns, axis=1).set_axis(X.columns, axis=1)

    def with_rows(self, new: Any) -> Any:
        """The given rows and then the new ones, counted anew."""
        if not hasattr(self.given, "iloc"):
            return np.concatenate([self.given, new])
        pd = importlib.import_module("pandas")

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
        raise missing("a categorical column")
    values: dict[Any, int] = {}
    try:
        found = [values.setdefault(v, len(values)) for v in column.tolist()]
    except TypeError as error:
        raise NoValue(
            f"`X` holds an entry that is no value ({error}); an argument must be a string or a "
            "number"
        ) from error
    if None in values or any(v != v for v in values):
        raise missing("a categorical column")
    return np.array(found, dtype=np.int64)


def _is_real(column: Iterable[Any]) -> bool:
    entries = column if getattr(column, "dtype", np.dtype(object)).kind == "O" else []
    if getattr(column, "dtype", np.dtype(object)).kind in "US":
        return False
    return all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in entries)
