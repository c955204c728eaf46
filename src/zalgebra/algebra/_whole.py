"""Checks that half the house needs: whole numbers that are large enough, and shapes of them."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from zalgebra.types import BadInput

__all__ = ["as_shape", "at_least"]


def at_least(name: str, value: int, least: int) -> int:
    """The whole number ``value``, if it is at least ``least``."""
    try:
        number = operator.index(value)
    except TypeError as error:
        raise BadInput(f"`{name}` must be a whole number, got {value!r}") from error
    if number < least:
        raise BadInput(f"`{name}` must be at least {least}, got {number}")
    return number


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape given as a number or a sequence of numbers."""
    try:
        sizes = tuple(map(operator.index, shape if isinstance(shape, Sequence) else (shape,)))
    except TypeError:
        sizes = (-1,)
    if min(sizes, default=0) < 0:
        raise BadInput(f"`shape` must be whole numbers of at least 0, got {shape!r}")
    return sizes
