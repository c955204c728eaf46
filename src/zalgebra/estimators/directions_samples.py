"""Labelled latents as rows: what a direction is learned from, its labels and what to hold still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from zalgebra.algebra._arrays import as_latents, flatten, is_concrete, to_numpy
from zalgebra.types import Array, BadInput

__all__ = ["Sample", "as_rows", "attributes_of"]

FOLDS = 20


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows Z ``(n, D)`` with the labels y ``(n,)`` and the columns C ``(n, k)`` to hold still.

    ``kind`` is ``"groups"`` (y is 0 or 1), ``"continuous"``, or ``"pairs"`` (all rows after the
    change, y = 1, then in the same order all rows before it, y = 0).
    """

    Z: np.ndarray
    y: np.ndarray
    C: np.ndarray
    shape: tuple[int, ...]
    kind: Literal["groups", "continuous", "pairs"]

    @classmethod
    def of_groups(cls, positive: Array, negative: Array, given: Mapping[str, Array]) -> Self:
        """Two groups of latents, the positive rows first."""
        (P, shape), (N, other) = _group(positive, "positive"), _group(negative, "negative")
        if shape != other:
            raise BadInput(f"latents of both groups must have one shape, got {shape} and {other}")
        y = np.repeat([1.0, 0.0], [len(P), len(N)])
        return cls(np.concatenate([P, N]), y, _given(given, len(y)), shape, "groups")

    @classmethod
    def of_pairs(cls, before: Array, after: Array) -> Self:
        """The same items before and after a change."""
        (B, shape), (A, other) = as_rows(before, "before"), as_rows(after, "after")
        if A.shape != B.shape or shape != other:
            raise BadInput(
                "`before` and `after` must hold the same items in the same order, got "
                f"{len(B)} of shape {shape} and {len(A)} of {other}"
            )
        if len(A) < 2:
            raise BadInput(f"a direction needs at least 2 pairs, got {len(A)}")
        y = np.repeat([1.0, 0.0], len(A))
        return cls(np.concatenate([A, B]), y, np.zeros((len(y), 0)), shape, "pairs")

    @classmethod
    def of_labels(cls, latents: Array, labels: Array, given: Mapping[str, Array]) -> Self:
        """Latents with one number each: two values are two groups, the higher the positive one."""
        Z, shape = as_rows(latents, "latents")
        y = _numbers("y", labels, len(Z))
        values = np.unique(y)
        if len(values) < 2:
            raise BadInput(f"`y` must take at least 2 values, got only {values.tolist()}")
        if len(values) > 2:
            return cls(Z, y, _given(given, len(Z)), shape, "continuous")
        y = (y == values[1]).astype(float)
        if min(y.sum(), len(y) - y.sum()) < 2:
            raise BadInput(
                f"each group must have at least 2 latents, got {int(y.sum())} "
                f"and {int(len(y) - y.sum())}"
            )
        return cls(Z, y, _given(given, len(Z)), shape, "groups")

    @property
    def items(self) -> int:
        """Items that are independent of one another: rows, or pairs of them."""
        return len(self.y) // 2 if self.kind == "pairs" else len(self.y)

    @property
    def n(self) -> tuple[int, int]:
        """Sizes of the positive and negative group; all and none for a continuous label."""
        positive = len(self.y) if self.kind == "continuous" else int(self.y.sum())
        return positive, len(self.y) - positive

    def take(self, items: np.ndarray) -> Self:
        """Some of the items."""
        rows = np.concatenate([items, items + self.items]) if self.kind == "pairs" else items
        return replace(self, Z=self.Z[rows], y=self.y[rows], C=self.C[rows])

    def folds(self, rng: np.random.Generator) -> np.ndarray:
        """The fold of each item ``(items,)``: at most 20, each with its share of both groups."""
        smallest = min(self.n) if self.kind == "groups" else self.items
        order = rng.permutation(self.items)
        if self.kind == "groups":
            order = order[np.argsort(self.y[order], kind="stable")]
        fold = np.empty(self.items, dtype=int)
        fold[order] = np.arange(self.items) % min(FOLDS, smallest)
        return fold


def as_rows(latents: Array, name: str) -> tuple[np.ndarray, tuple[int, ...]]:
    """Latents as rows ``(n, D)`` of float64, and the shape of one."""
    Z = as_latents(latents, name)
    if not is_concrete(Z):
        Z = as_latents(to_numpy(Z), name)  # Dask: computed, and then looked at
    Z = to_numpy(Z).astype(float)
    return (flatten(Z), Z.shape[1:]) if Z.ndim else (np.zeros((0, 1)), ())


def attributes_of(attributes: Mapping[str, Array], n: int) -> dict[str, np.ndarray]:
    """Columns ``(n,)`` of numbers by name; words become one column a word, ``"hair=blond"``."""
    found: dict[str, np.ndarray] = {}
    attributes = named(attributes)
    for name, values in attributes.items():
        column = np.asarray(to_numpy(values))
        if column.dtype.kind in "UO" and all(isinstance(v, str) for v in column.flat):
            words = _column(name, column, n).astype(str)
            found |= {f"{name}={word}": (words == word).astype(float) for word in np.unique(words)}
        else:
            found[name] = _numbers(name, column, n)
    return found


def named(attributes: Any) -> Mapping[str, Array]:
    """Attributes by name, a mapping or a data frame."""
    if not hasattr(attributes, "items"):
        raise BadInput(
            f"attributes come by name, as {{'woman': values}}, got {type(attributes).__name__}"
        )
    return dict(attributes.items())


def _given(given: Mapping[str, Array], n: int) -> np.ndarray:
    columns = list(attributes_of(given, n).values())
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0))


def _group(latents: Array, name: str) -> tuple[np.ndarray, tuple[int, ...]]:
    Z, shape = as_rows(latents, name)
    if len(Z) < 2:
        raise BadInput(f"the {name} group must have at least 2 latents, got {len(Z)}")
    return Z, shape


def _numbers(name: str, values: Array, n: int) -> np.ndarray:
    column = _column(name, np.asarray(to_numpy(values)), n)
    if column.dtype.kind not in "fiub" or not np.all(np.isfinite(column)):
        raise BadInput(f"the attribute {name!r} must hold finite numbers")
    return column.astype(float)


def _column(name: str, column: np.ndarray, n: int) -> np.ndarray:
    if column.shape != (n,):
        raise BadInput(
            f"the attribute {name!r} must have {n} values, one a latent, got shape {column.shape}"
        )
    return column
