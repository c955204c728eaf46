"""The law of one entry: what `Independent` asks of it, and what laws of a kind share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, namespace, to_numpy
from zalgebra.algebra._special import log1mexp, log_tail, tail_quantile
from zalgebra.types import Array, BadInput

__all__ = ["Marginal", "Standard", "Symmetric", "inside", "joint_shape", "parameter", "positive"]


class Marginal(ABC):
    """A law of one entry: give its five functions, and `to_normal` and `from_normal` follow.

    Attributes
    ----------
    shape
        Shape of the parameters, which broadcasts against that of the latent.
    support
        The lowest and the highest entry, numbers or arrays of ``shape``.
    """

    shape: tuple[int, ...] = ()
    support: tuple[ArrayLike, ArrayLike] = (-math.inf, math.inf)
    _fields: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""

    @abstractmethod
    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x), to rounding also where the probability is small."""

    @abstractmethod
    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        """The x with log P(X ≤ x) = log p, for log p ≤ -log 2."""

    @abstractmethod
    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p, for log p ≤ -log 2."""

    @abstractmethod
    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats."""

    def to_normal(self, x: Array, /) -> Array:
        """Standard normal u = Φ⁻¹(F(x)), from the smaller of the two tails."""
        xp = namespace(x)
        below, above = self.log_cdf(x), self.log_sf(x)
        y = tail_quantile(xp.where(above < below, above, below))
        return xp.where(above < below, y, -y)

    def from_normal(self, u: Array, /) -> Array:
        """Entries x = F⁻¹(Φ(u)), from the smaller of the two tails."""
        xp = namespace(u)
        above = u > 0
        log_p = log_tail(xp.where(above, u, -u))
        return xp.where(above, self.quantile_log_sf(log_p), self.quantile_log_cdf(log_p))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={_brief(getattr(self, name))}" for name in self._fields)
        return f"{type(self).__name__}({given})"


class Standard(Marginal):
    """x = loc + scale z, for a standard law of z with the functions ``_log_cdf``, ..."""

    _fields = ("loc", "scale")

    def __init__(self, loc: ArrayLike = 0.0, scale: ArrayLike = 1.0) -> None:
        self.loc, self.scale = parameter(loc, "loc"), positive(scale, "scale")
        self.shape = joint_shape(loc=self.loc, scale=self.scale)

    def log_cdf(self, x: Array, /) -> Array:
        """Log P(X ≤ x)."""
        return self._log_cdf(self._standard(x))

    def log_sf(self, x: Array, /) -> Array:
        """Log P(X > x)."""
        return self._log_sf(self._standard(x))

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        """The x with log P(X ≤ x) = log p."""
        return self._place(self._quantile_log_cdf(log_p))

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        """The x with log P(X > x) = log p."""
        return self._place(self._quantile_log_sf(log_p))

    def log_pdf(self, x: Array, /) -> Array:
        """Log density in nats."""
        return self._log_pdf(self._standard(x)) - as_like(np.log(self.scale), x)

    def _standard(self, x: Array) -> Array:
        return (x - as_like(self.loc, x)) / as_like(self.scale, x)

    def _place(self, z: Array) -> Array:
        return as_like(self.loc, z) + as_like(self.scale, z) * z

    @abstractmethod
    def _log_cdf(self, z: Array) -> Array:
        """Of z, as `log_cdf` is of x."""

    @abstractmethod
    def _log_sf(self, z: Array) -> Array:
        """Of z, as `log_sf` is of x."""

    @abstractmethod
    def _quantile_log_cdf(self, log_p: Array) -> Array:
        """Of z, as `quantile_log_cdf` is of x."""

    @abstractmethod
    def _quantile_log_sf(self, log_p: Array) -> Array:
        """Of z, as `quantile_log_sf` is of x."""

    @abstractmethod
    def _log_pdf(self, z: Array) -> Array:
        """Of z, as `log_pdf` is of x."""


class Symmetric(Standard):
    """A standard law with z and -z alike: the functions of one side, ``_tail`` and ``_beyond``."""

    @abstractmethod
    def _tail(self, y: Array) -> Array:
        """Log P(Z > y) for y ≥ 0."""

    @abstractmethod
    def _beyond(self, log_p: Array) -> Array:
        """The y ≥ 0 with log P(Z > y) = log p."""

    def to_normal(self, x: Array, /) -> Array:
        """Standard normal u = Φ⁻¹(F(x)), from the one tail."""
        xp, z = namespace(x), self._standard(x)
        y = tail_quantile(self._tail(xp.where(z > 0, z, -z)))
        return xp.where(z > 0, y, -y)

    def _log_cdf(self, z: Array) -> Array:
        xp = namespace(z)
        tail = self._tail(xp.where(z < 0, -z, z))
        return xp.where(z < 0, tail, log1mexp(tail))

    def _log_sf(self, z: Array) -> Array:
        return self._log_cdf(-z)

    def _quantile_log_cdf(self, log_p: Array) -> Array:
        return -self._beyond(log_p)

    def _quantile_log_sf(self, log_p: Array) -> Array:
        return self._beyond(log_p)


def parameter(value: ArrayLike, name: str) -> np.ndarray:
    """A constant array of finite numbers."""
    return np.array(to_numpy(as_latents(value, name)), dtype=float)


def positive(value: ArrayLike, name: str) -> np.ndarray:
    """A constant array of finite numbers above 0."""
    array = parameter(value, name)
    if not np.all(array > 0):
        raise BadInput(f"`{name}` must be positive, got {array.min():g}")
    return array


def joint_shape(**parameters: np.ndarray) -> tuple[int, ...]:
    """The shape that the parameters broadcast to."""
    try:
        return np.broadcast_shapes(*(p.shape for p in parameters.values()))
    except ValueError as error:
        shapes = ", ".join(f"`{name}` {p.shape}" for name, p in parameters.items())
        raise BadInput(f"parameters must broadcast to one shape, got {shapes}") from error


def inside(distance: Array, least: Array | float) -> Array:
    """Distances from an end of the support, those of entries on it (or past it) as ``least``."""
    xp = namespace(distance)
    return xp.where(distance > 0, distance, least + xp.zeros_like(distance))


def _brief(value: np.ndarray) -> str:
    """A parameter in a repr: its numbers where they are few, else its shape."""
    return str(value.tolist()) if value.size <= 8 else f"<{value.shape}>"
