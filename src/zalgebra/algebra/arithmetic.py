"""The arithmetic of recipes: a vector space of weighted terms, batched over its weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, Self

import numpy as np
from array_api_compat import is_array_api_obj

from zalgebra.algebra._arrays import to_numpy
from zalgebra.algebra.terms import Coefficient, Key, Term, check_same, written
from zalgebra.types import BadInput

__all__ = ["Recipe", "coefficient", "plus"]


class Recipe:
    """A sum of weighted terms: ``+ - * /``, equality, slices of a batch, and its words."""

    _terms: dict[Key, tuple[Coefficient, Term]]

    __hash__ = None  # equality compares recipes; a recipe is no dictionary key
    __array_ufunc__ = None  # so that NumPy scalars leave ``2 * latent`` to us

    _batch: tuple[int, ...]

    @classmethod
    def _of(cls, term: Term) -> Self:
        return cls._from({term.key: (1.0, term)}, ())

    @classmethod
    def _from(cls, terms: dict[Key, tuple[Coefficient, Term]], batch: tuple[int, ...]) -> Self:
        recipe = cls.__new__(cls)
        recipe._set(terms, batch)
        return recipe

    def _set(self, terms: dict[Key, tuple[Coefficient, Term]], batch: tuple[int, ...]) -> None:
        self._terms, self._batch = terms, batch

    # Arithmetic on the recipe.

    def __add__(self, other: Any) -> Self:
        if _is_zero(other):
            return self  # so that sum([a, b]) is a + b
        other = _as_recipe(other)
        if other is None:
            return NotImplemented
        batch = _shared_batch(self, other)
        terms = dict(self._terms)
        for key, (c, term) in other._terms.items():
            before, first = terms.get(key, (0.0, term))
            check_same(first, term)
            if not terms.keys().isdisjoint(term.rivals):
                raise BadInput(f"{term.name!r} names both a latent and a direction; rename one")
            terms[key] = _finite(plus(before, c), first), first
        return self._from(terms, batch)

    __radd__ = __add__

    def __neg__(self) -> Self:
        return -1.0 * self

    def __pos__(self) -> Self:
        return self

    def __sub__(self, other: Any) -> Self:
        if _is_zero(other):
            return self
        other = _as_recipe(other)
        return NotImplemented if other is None else self + -other

    def __rsub__(self, other: Any) -> Self:
        return -self + other

    def __mul__(self, number: Coefficient) -> Self:
        factor = coefficient(number)
        if factor is None:
            return NotImplemented
        batch = _shared_batch(self, factor)
        with np.errstate(over="ignore"):  # an overflow is refused by its sentence
            terms = {key: (_finite(c * factor, t), t) for key, (c, t) in self._terms.items()}
        return self._from(terms, batch)

    __rmul__ = __mul__

    def __truediv__(self, number: Coefficient) -> Self:
        divisor = coefficient(number)
        if divisor is None:
            return NotImplemented
        if np.any(np.asarray(divisor) == 0):
            raise BadInput(f"cannot divide {self!r} by 0")
        with np.errstate(over="ignore"):
            return self * (1.0 / divisor)

    # Batches.

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the batch that the weights span; () for one latent."""
        return self._batch

    def __getitem__(self, index: Any) -> Self:
        """Pick from a batch of recipes (weights made from an array of positions)."""
        picked = {
            key: (np.broadcast_to(np.asarray(c), self._batch)[index], t)
            for key, (c, t) in self._terms.items()
        }
        terms = {k: (float(c) if c.ndim == 0 else c, t) for k, (c, t) in picked.items()}
        return self._from(terms, np.broadcast_to(0, self._batch)[index].shape)

    def __len__(self) -> int:
        if not self._batch:
            raise TypeError(f"{self!r} is one latent, not a batch, so it has no length")
        return self._batch[0]

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return True  # a recipe is there, be it of a batch or not

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise BadInput(f"{self!r} is a recipe, not an array; .array(prior=...) realises it")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recipe):
            return NotImplemented
        mine, theirs = self._nonzero(), other._nonzero()
        return (
            self._batch == other._batch
            and mine.keys() == theirs.keys()
            and all(
                bool(np.all(np.equal(c, theirs[key][0]))) and _is_same(term, theirs[key][1])
                for key, (c, term) in mine.items()
            )
        )

    def __repr__(self) -> str:
        text = "".join(written(c, term) for c, term in self._nonzero().values())
        return (text[3:] if text.startswith(" + ") else "-" + text[3:]) if text else "0"

    def _nonzero(self) -> dict[Key, tuple[Coefficient, Term]]:
        return {key: (c, t) for key, (c, t) in self._terms.items() if np.any(np.asarray(c) != 0)}


def _as_recipe(other: Any) -> Recipe | None:
    if isinstance(other, Recipe):
        return other
    if hasattr(other, "latent"):  # a Direction
        return other.latent()
    if is_array_api_obj(other) or isinstance(other, int | float | complex):
        raise BadInput(
            f"a recipe adds to recipes and directions, got {type(other).__name__}; "
            "za.Latent(array) makes one of an array"
        )
    return None


def _is_zero(other: Any) -> bool:
    return isinstance(other, int | float) and other == 0


def coefficient(number: Any) -> Coefficient | None:
    """The factor as a float or a NumPy array of floats; None if it is no number."""
    if isinstance(number, Recipe):
        return None
    try:
        c = to_numpy(number) if is_array_api_obj(number) else np.asarray(number)
    except (TypeError, ValueError):
        return None
    if c.dtype.kind not in "iuf":
        return None
    if not np.all(np.isfinite(c)):
        raise BadInput(f"a weight must be finite, got {number}")
    return float(c) if c.ndim == 0 else c.astype(float)


def plus(a: Coefficient, b: Coefficient) -> Coefficient:
    """The sum, 0 where it is mere rounding, of which LOL would make a whole latent."""
    with np.errstate(over="ignore"):  # an overflow is refused by its sentence
        total = np.asarray(a + b)
    rounding = 8 * np.finfo(float).eps * np.maximum(np.abs(a), np.abs(b))
    total = np.where(np.abs(total) > rounding, total, 0.0)
    return float(total) if total.ndim == 0 else total


def _finite(c: Coefficient, term: Term) -> Coefficient:
    if not np.all(np.isfinite(c)):
        raise BadInput(f"the weight of {term.name!r} must be finite, got {c}")
    return c


def _shared_batch(a: Recipe, b: Recipe | Coefficient) -> tuple[int, ...]:
    """The batch shape that a recipe and another, or weights, span together."""
    shapes = a._batch, b._batch if isinstance(b, Recipe) else np.shape(b)
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise BadInput(f"batches of shape {shapes[0]} and {shapes[1]} do not fit") from error


def _is_same(a: Term, b: Term) -> bool:
    try:
        check_same(a, b)
    except BadInput:
        return False
    return True
