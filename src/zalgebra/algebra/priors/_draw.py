"""What all priors share: the shape that latents must have, and standard normal draws."""

from __future__ import annotations

import numpy as np

from zalgebra.algebra._arrays import as_like
from zalgebra.algebra.weights import at_least
from zalgebra.types import Array, BadInput

__all__ = ["check_shape", "draw"]


def check_shape(shape: tuple[int, ...] | None, z: Array) -> None:
    """Raise `BadInput` unless latents ``(n, *shape)`` have the prior's shape."""
    if shape is not None and tuple(z.shape[1:]) != tuple(shape):
        expected = ", ".join(map(str, ("n", *shape)))
        raise BadInput(f"latents of this prior have shape ({expected}), got {tuple(z.shape)}")


def draw(n: int, shape: tuple[int, ...], seed: int, like: Array | None) -> Array:
    """Standard normal ``(n, *shape)`` from NumPy's generator: float32, or as ``like`` is."""
    n = at_least("n", n, 0)
    u = np.random.default_rng(seed).standard_normal((n, *shape), dtype=np.float32)
    return u if like is None else as_like(u, like)
