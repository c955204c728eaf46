"""A fixed array of a prior, in whatever library, dtype and device it is met."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import device

from zalgebra.algebra._arrays import as_like, is_concrete, namespace
from zalgebra.types import Array

__all__ = ["Constant"]


class Constant:
    """A NumPy array that is converted once for many calls that are alike.

    The latest conversion is kept, and only that one: a factor of (4096, 4096) takes more than ten
    times as long to convert as to apply to one latent. What a tracer of JAX or torch's inference
    mode made belongs to that call alone, and is not kept.
    """

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self._latest: tuple[Any, Array] = (None, array)

    def like(self, x: Array, /) -> Array:
        """The array in the library, dtype and device of ``x``."""
        key = (namespace(x).__name__, str(x.dtype), str(device(x)))
        kept, array = self._latest
        if kept != key:
            array = as_like(self.array, x)
            if is_concrete(array) and not getattr(array, "is_inference", bool)():
                self._latest = (key, array)
        return array

    def __reduce__(self) -> tuple[type[Constant], tuple[np.ndarray]]:
        return Constant, (self.array,)
