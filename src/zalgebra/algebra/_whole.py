"""A check that half the house needs: a whole number that is large enough."""

from __future__ import annotations

import operator

from zalgebra.types import BadInput

__all__ = ["at_least"]


def at_least(name: str, value: int, least: int) -> int:
    """The whole number ``value``, if it is at least ``least``."""
    try:
        number = operator.index(value)
    except TypeError as error:
        raise BadInput(f"`{name}` must be a whole number, got {value!r}") from error
    if number < least:
        raise BadInput(f"`{name}` must be at least {least}, got {number}")
    return number
