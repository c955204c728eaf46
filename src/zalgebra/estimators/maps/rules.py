"""Rules from rows to rows, as arrays and numbers: what a map does with what it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from zalgebra.estimators.maps.neighbours import interpolating, nearest
from zalgebra.types import BadInput

__all__ = ["Among", "Kernel", "Line", "Rule", "pack", "unpack"]


@dataclass(frozen=True, eq=False)
class Rule:
    """A function of rows ``(m, d)`` that is nothing but its fields: arrays and plain numbers."""

    kinds: ClassVar[dict[str, type[Rule]]] = {}

    def __init_subclass__(cls) -> None:
        Rule.kinds[cls.__name__] = cls

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """The rows ``(m, e)`` of rows ``(m, d)``."""
        raise TypeError(f"{type(self).__name__} does not say what it does with rows")


@dataclass(frozen=True, eq=False)
class Line(Rule):
    """An affine map, (x - mean) axes."""

    mean: np.ndarray
    axes: np.ndarray

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """Coordinates along the axes."""
        return (x - self.mean) @ self.axes


@dataclass(frozen=True, eq=False)
class Kernel(Rule):
    """(k(x, landmarks) - shift) axes, of the kernel exp(-gamma |x - y|²)."""

    landmarks: np.ndarray
    shift: np.ndarray
    axes: np.ndarray
    gamma: float

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """Coordinates along the axes, a block of rows at a time."""
        steps = range(0, len(x), 4096)
        parts = [self._block(x[i : i + 4096]) for i in steps] or [np.empty((0, self.axes.shape[1]))]
        return np.concatenate(parts)

    def _block(self, x: np.ndarray) -> np.ndarray:
        return (kernel(x, self.landmarks, self.gamma) - self.shift) @ self.axes


def kernel(x: np.ndarray, y: np.ndarray, gamma: float) -> np.ndarray:
    """exp(-gamma |x_i - y_j|²), ``(m, n)``."""
    squares = (x * x).sum(axis=1)[:, None] - 2 * (x @ y.T) + (y * y).sum(axis=1)
    return np.exp(-gamma * np.maximum(squares, 0))


@dataclass(frozen=True, eq=False)
class Among(Rule):
    """The place among the places of the k nearest known rows, which themselves stay where they are.

    Weights as in `zalgebra.estimators.maps.neighbours.interpolating`.
    """

    known: np.ndarray
    places: np.ndarray
    k: int

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """The weighted mean of the places, a block of rows at a time."""
        steps = range(0, len(x), 4096)
        parts = [self._block(x[i : i + 4096]) for i in steps]
        return np.concatenate(parts or [np.empty((0, self.places.shape[1]))])

    def _block(self, x: np.ndarray) -> np.ndarray:
        rows, apart = nearest(x, self.known, self.k + 1)
        if rows.shape[1] == 1:
            return self.places[rows[:, 0]]
        return np.einsum("mk,mkd->md", interpolating(apart), self.places[rows[:, :-1]])


def pack(rule: Rule, name: str, /) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a rule, their names begun by its name, and all else as plain JSON values."""
    tensors: dict[str, np.ndarray] = {}
    facts: dict[str, Any] = {"kind": type(rule).__name__}
    for field in fields(rule):
        value = getattr(rule, field.name)
        if isinstance(value, np.ndarray):
            tensors[f"{name}.{field.name}"] = value
        elif isinstance(value, tuple):
            tensors |= {f"{name}.{field.name}.{i}": part for i, part in enumerate(value)}
            facts[field.name] = len(value)
        else:
            facts[field.name] = value
    return tensors, facts


def unpack(tensors: dict[str, np.ndarray], facts: dict[str, Any], name: str, /) -> Any:
    """The rule that `pack` took apart."""
    if facts["kind"] not in Rule.kinds:
        raise BadInput(f"a map's rule of kind {facts['kind']!r} is not known; upgrade zalgebra")
    kind, values = Rule.kinds[facts["kind"]], {}
    for field in fields(kind):
        key = f"{name}.{field.name}"
        if key in tensors:
            values[field.name] = tensors[key]
        elif f"{key}.0" in tensors:
            values[field.name] = tuple(tensors[f"{key}.{i}"] for i in range(facts[field.name]))
        else:
            values[field.name] = facts[field.name]
    return kind(**values)
