"""Items: encoded data with labels, where expressions find their words."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import as_latents
from zalgebra.algebra.words import number_words, shortened
from zalgebra.types import Array, BadInput

__all__ = ["COMPARE", "Items", "Unmixed"]

NUMBERED = re.compile(r"img:(0|[1-9][0-9]{0,15})")
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt,
    ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


class Items:
    """Encoded items with their labels, as names for expressions.

    Parameters
    ----------
    latents
        Shape ``(n, *shape)``; item i is ``img:i``.
    labels
        Columns ``(n,)`` for conditions such as ``mean(smile=1)``.
    directions
        Further names: arrays, latents or directions.
    classes
        For an integer column, the word of each value, so that ``class=Sandal`` is understood.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> Z = np.random.default_rng(0).standard_normal((6, 4))
    >>> items = za.Items(Z, {"smile": np.array([0, 1, 0, 1, 0, 1])})
    >>> za.evaluate("img:0 + mean(smile=1) - mean(smile=0)", items)
    img:0 + mean(smile=1) - mean(smile=0)
    """

    def __init__(
        self,
        latents: Array,
        labels: Mapping[str, Array] | None = None,
        *,
        directions: Mapping[str, Any] | None = None,
        classes: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.latents = as_latents(latents, "latents")
        if self.latents.ndim == 0:
            raise BadInput("`latents` must have shape (n, *shape), got one number")
        self.labels = {k: _column(v) for k, v in (labels or {}).items()}
        self.directions = dict(directions or {})
        self.classes = {k: tuple(v) for k, v in (classes or {}).items()}
        for column, values in self.labels.items():
            if values.shape != (len(self),):
                raise BadInput(
                    f"label {column!r} must have {len(self)} values, one an item, "
                    f"got shape {values.shape}"
                )

    def __len__(self) -> int:
        return self.latents.shape[0]

    def __getitem__(self, name: str, /) -> Any:
        if name in self.directions:
            return self.directions[name]
        if numbered := NUMBERED.fullmatch(name):
            row = int(numbered[1])
            if row >= len(self):
                known = (
                    f"the items are img:0 to img:{len(self) - 1}"
                    if len(self)
                    else "there are no items"
                )
                raise BadInput(f"{name} does not exist: {known}")
            return self.latents[row, ...]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([*self.directions, "img:0"] if len(self) else self.directions)

    def origin(self, name: str, /) -> tuple[str, str]:
        """The kind of what a name stands for, and the SHA-256 it is known by if not its own."""
        item = name not in self.directions and NUMBERED.fullmatch(name)
        return ("item" if item else "array", "")

    def where(self, conditions: Iterable[tuple[str, str, float | str]], /) -> dict[str, Array]:
        """The latents whose labels meet every ``(label, comparison, value)``."""
        rows = np.flatnonzero(self.mask(conditions)).tolist()
        return {f"img:{i}": self.latents[i, ...] for i in rows}

    def mask(self, conditions: Iterable[tuple[str, str, float | str]], /) -> np.ndarray:
        """Which items meet every condition, ``(n,)`` of bool."""
        chosen = np.ones(len(self), dtype=bool)
        for column, compare, value in conditions:
            if column not in self.labels:
                known = ", ".join(self.labels) or "none"
                raise BadInput(f"unknown label {shortened(column)}; the labels are: {known}")
            chosen &= COMPARE[compare](self.labels[column], self._value(column, value))
        return chosen

    def _value(self, column: str, value: float | str) -> float | str:
        words, values = self.classes.get(column), self.labels[column]
        if isinstance(value, str) and words is not None:
            folded = [w.casefold() for w in words]
            if value.casefold() not in folded:
                raise BadInput(
                    f"{column} has no class {shortened(value)}; it has: {', '.join(words)}"
                )
            return folded.index(value.casefold())
        if isinstance(value, str) != (values.dtype.kind in "US"):
            shown = shortened(value) if isinstance(value, str) else number_words(value)
            kind = "words" if values.dtype.kind in "US" else "numbers"
            raise BadInput(f"label {column!r} holds {kind}, got {shown}")
        return value


class Unmixed:
    """Names without saved mixes: what a mix is made of, so that none is made of itself."""

    def __init__(self, names: Any) -> None:
        self._names = names

    def __getitem__(self, name: str, /) -> Any:
        found = self._names[name]
        if isinstance(found, Mapping):
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names if hasattr(self._names, "__iter__") else ())

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._names, attribute)


def _column(values: Any) -> np.ndarray:
    """Labels as an array of numbers or of words; pandas keeps words as objects."""
    column = np.asarray(values)
    return column.astype(str) if column.dtype.kind == "O" else column
