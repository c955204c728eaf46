"""The data set: pictures, label columns of the same length, and the rules that they keep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from zalgebra.types import BadInput

__all__ = ["Dataset"]

Columns = dict[str, np.ndarray]
Classes = dict[str, tuple[str, ...]]


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Pictures and what is known of each: n of them, and n entries in every label column.

    ``len(ds)`` is n; ``ds[rows]`` with a number, a slice, a mask ``(n,)`` or indices is the data
    set of those rows.

    Parameters
    ----------
    name
        A short name, for messages and figures.
    images
        float32 in [0, 1], shape ``(n, C, H, W)``.
    labels
        Columns of shape ``(n,)``: float32 for numbers and for binary attributes, int64 for the
        index of a class, or strings.
    names
        Name of each picture; default ``"0"`` to ``"n-1"``, for files the path.
    classes
        For columns of class indices, the names of the classes.
    source
        One sentence on origin and licence.

    Raises
    ------
    BadInput
        If a column does not match the images, or a value is out of its range.

    Examples
    --------
    >>> grey = np.full((3, 1, 4, 4), 0.5, dtype=np.float32)
    >>> ds = Dataset("greys", grey, {"age": np.array([1, 2, 3], dtype=np.float32)})
    >>> ds
    Dataset('greys', 3 pictures of 1 × 4 × 4, labels: age)
    >>> ds[ds.labels["age"] > 1].names
    ('1', '2')
    """

    name: str
    images: np.ndarray
    labels: Columns = field(default_factory=dict)
    names: tuple[str, ...] = ()
    classes: Classes = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        _check_images(self.images)
        n = len(self.images)
        if len(self.names) == 0:
            object.__setattr__(self, "names", tuple(map(str, range(n))))
        if len(self.names) != n:
            raise BadInput(f"`names` must be one for each of {n} images, got {len(self.names)}")
        for key, values in self.labels.items():
            _check_column(key, values, n)
        for key, names in self.classes.items():
            _check_classes(key, names, self.labels)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Any) -> Dataset:
        if not isinstance(rows, slice):
            rows = _row_indices(rows, len(self))
        return replace(
            self,
            images=self.images[rows],
            labels={key: values[rows] for key, values in self.labels.items()},
            # np.array of strings would cut trailing NULs; of objects it copies only references
            names=tuple(np.array(self.names, dtype=object)[rows]),
        )

    def __repr__(self) -> str:
        n, *shape = self.images.shape
        labels = [
            f"{key} ({len(self.classes[key])} classes)" if key in self.classes else key
            for key in self.labels
        ]
        return (
            f"Dataset({self.name!r}, {n} picture{'' if n == 1 else 's'} of "
            f"{' × '.join(map(str, shape))}, labels: {', '.join(labels) or 'none'})"
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of the images and labels, the same on every machine."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images, dtype="<f4").data)
        for key in sorted(self.labels):
            column = json.dumps(
                [key, self.labels[key].tolist(), self.classes.get(key)], ensure_ascii=True
            )
            digest.update(column.encode())
        return digest.hexdigest()


def _check_images(images: np.ndarray) -> None:
    if not isinstance(images, np.ndarray) or images.dtype != np.float32 or images.ndim != 4:
        kind = getattr(images, "dtype", type(images).__name__)
        shape = getattr(images, "shape", None)
        raise BadInput(f"`images` must be float32 of shape (n, C, H, W), got {kind} of {shape}")
    # A NaN fails both comparisons, so it is refused here too.
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise BadInput(
            f"`images` must lie in [0, 1], got values from {images.min()} to {images.max()}"
        )


def _check_column(key: str, values: np.ndarray, n: int) -> None:
    if not isinstance(values, np.ndarray) or values.shape != (n,):
        shape = getattr(values, "shape", type(values).__name__)
        raise BadInput(f"label column `{key}` must have the shape ({n},), got {shape}")
    if values.dtype not in (np.float32, np.int64) and values.dtype.kind != "U":
        raise BadInput(f"label column `{key}` must be float32, int64 or text, got {values.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise BadInput(
            f"label column `{key}` must be finite, got {values[row]} in row {row} (counted from 0)"
        )


def _check_classes(key: str, names: Sequence[str], labels: Mapping[str, np.ndarray]) -> None:
    values = labels.get(key)
    if values is None or values.dtype != np.int64:
        raise BadInput(f"`classes` must name a label column of int64, got {key!r}")
    if values.size and not (values.min() >= 0 and values.max() < len(names)):
        raise BadInput(
            f"label column `{key}` must lie in 0 to {len(names) - 1}, its {len(names)} classes, "
            f"got {values.min()} to {values.max()}"
        )


def _row_indices(rows: Any, n: int) -> np.ndarray:
    index = np.atleast_1d(np.asarray(rows))
    if index.size == 0 and index.dtype.kind == "f":  # np.asarray([]) is a float array
        index = index.astype(np.intp)
    if index.dtype.kind not in "biu" or index.ndim != 1:
        raise BadInput(f"rows must be a slice, a mask or whole numbers, got {rows!r}")
    if index.dtype.kind == "b" and len(index) != n:
        raise BadInput(f"a mask of rows must have the shape ({n},), got {index.shape}")
    return np.flatnonzero(index) if index.dtype.kind == "b" else index
