"""What every transport map offers: items carried, the way there, the way back."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, namespace, working_dtype
from zalgebra.types import Array, BadInput

__all__ = ["TransportMap"]


class TransportMap(ABC):
    """A map T from a source group of latents to a target group; `transform` carries any item."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one latent."""

    @property
    @abstractmethod
    def distance(self) -> float:
        """The root of the mean squared length that the source group is carried."""

    @abstractmethod
    def inverse(self) -> TransportMap:
        """The map from the target group to the source group."""

    @abstractmethod
    def _carry(self, rows: Array, /) -> Array:
        """T of rows ``(n, D)``."""

    def transform(self, z: Array, /) -> Array:
        """T(z) for latents ``(..., *shape)``, in the library, dtype and device of ``z``."""
        z = as_latents(z, "z")
        xp, k = namespace(z), len(self.shape)
        if tuple(z.shape[z.ndim - k :]) != self.shape:
            raise BadInput(
                f"`z` must be latents of shape {self.shape}, as the map's groups are, "
                f"got shape {tuple(z.shape)}"
            )
        rows = xp.reshape(z, (-1, math.prod(self.shape)))
        moved = self._carry(xp.astype(rows, working_dtype(z), copy=False))
        return xp.reshape(xp.astype(moved, z.dtype, copy=False), z.shape)

    def __call__(self, z: Array, /) -> Array:
        """T(z); see `transform`."""
        return self.transform(z)

    def interpolate(self, z: Array, /, t: ArrayLike) -> Array:
        """(1 - t) z + t T(z), the displacement interpolation (McCann, 1997).

        At t in [0, 1] the source group follows the shortest path of distributions, at constant
        speed; beyond, each item goes on along its line. A number gives the shape of ``z``; t of
        shape ``(m,)`` gives ``(m, *z.shape)``.
        """
        z = as_latents(z, "z")
        t = as_like(as_latents(t, "t"), z)
        t = namespace(z).reshape(t, (*t.shape, *(1 for _ in z.shape)))
        return (1 - t) * z + t * self.transform(z)
