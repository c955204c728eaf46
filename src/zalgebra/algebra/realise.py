"""From a recipe to an array: the seeds under the prior, then the shifts, then the turns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from zalgebra.algebra._arrays import as_like, is_concrete, namespace
from zalgebra.algebra._whole import as_shape
from zalgebra.algebra.noise import noise
from zalgebra.algebra.terms import Coefficient, Given, Seed, Shift, Turn
from zalgebra.types import Array, BadInput, Prior

__all__ = ["arrays", "shifted", "turned"]


def arrays(
    seeds: Sequence[Seed],
    directions: Sequence[Shift | Turn],
    *,
    prior: Prior | None,
    shape: int | Sequence[int] | None,
    like: Array | None,
) -> list[Array]:
    """The seeds as arrays; numbered ones take shape and library from the others."""
    given = [seed.array for seed in seeds if isinstance(seed, Given)]
    vectors = [direction.array for direction in directions]
    told = None if shape is None else as_shape(shape)
    size = _shape(seeds[0], given, vectors, prior, told)
    like = next((x for x in [*given, like, *vectors] if x is not None), None)

    def array(seed: Seed) -> Array:
        if isinstance(seed, Given):
            return seed.array
        u = noise([seed.number], size, like=like)
        # One at a time, so that a seed is the same to the bit whatever stands beside it.
        return u[0, ...] if prior is None else prior.from_normal(u)[0, ...]

    return [array(seed) for seed in seeds]


def _shape(
    first: Seed, given: list, vectors: list, prior: Prior | None, told: tuple[int, ...] | None
) -> tuple[int, ...]:
    """The shape of one latent: that of an array seed, of the prior, as told, of a direction."""
    known = [tuple(x.shape) for x in given[:1]]
    known += [tuple(prior.shape)] if prior is not None and prior.shape is not None else []
    if told is not None and any(told != shape for shape in known):
        raise BadInput(f"these latents have shape {known[0]}, got `shape` {told}; leave it out")
    found = [*known, *([] if told is None else [told]), *(tuple(v.shape) for v in vectors)]
    if not found:
        raise BadInput(f"{first.words} has no shape of its own; give one: .array(shape=(4, 8, 8))")
    return found[0]


def shifted(
    z: Array,
    shifts: Sequence[tuple[Coefficient, Shift]],
    batch: tuple[int, ...],
    prior: Prior | None,
) -> Array:
    """The latents ``(*batch, *shape)`` with vectors added to them; on a sphere, along it."""
    shape = tuple(z.shape[len(batch) :])
    for c, shift in shifts:
        _check_direction(shift, shape)
        full = np.broadcast_to(np.asarray(c, dtype=float), batch)
        scale = full.reshape(*batch, *(1,) * (z.ndim - len(batch)))
        z = z + as_like(scale, z) * as_like(shift.array, z)
    if shifts and getattr(prior, "fixed_radius", False):  # back to the sphere
        xp = namespace(z)
        axes = tuple(range(len(batch), z.ndim))
        z = z / xp.sqrt(xp.sum(z * z, axis=axes, keepdims=True))
    return z


def turned(
    z: Array,
    turns: Sequence[tuple[Coefficient, Turn]],
    batch: tuple[int, ...],
    prior: Prior | None,
    method: str,
) -> Array:
    """The latents turned towards directions, all tangents together; see `Latent.array`."""
    if not turns:
        return z
    xp, shape = namespace(z), tuple(z.shape[len(batch) :])
    rows = xp.reshape(z, (-1, *shape))
    u = rows if prior is None else prior.to_normal(rows)
    total, square = u, 1.0
    for degrees, turn in turns:
        _check_direction(turn, shape)
        tangent = np.broadcast_to(_tangent(degrees), batch).reshape(-1, *(1,) * len(shape))
        t = as_like(tangent, z)
        total, square = total + t * _axis(turn.array, rows, u, prior), square + t * t
    total = total if method == "linear" else total / xp.sqrt(square)
    z = total if prior is None else prior.from_normal(total)
    return xp.reshape(z, (*batch, *shape))


def _tangent(degrees: Coefficient) -> np.ndarray:
    if np.any(np.abs(np.asarray(degrees)) >= 90):
        worst = np.max(np.abs(degrees))
        raise BadInput(f"an angle must lie between -90° and 90°, got {worst:g}°")
    return np.tan(np.radians(np.asarray(degrees, dtype=float)))


def _axis(vector: Array, rows: Array, u: Array, prior: Prior | None) -> Array:
    """The direction at each latent in normal coordinates, as long as a typical latent, √D."""
    xp, b = namespace(u), as_like(vector, u)[None, ...]
    b = b if prior is None else _carried(b, rows, u, prior)
    length = xp.sqrt(xp.sum(b * b, axis=tuple(range(1, b.ndim)), keepdims=True))
    if is_concrete(length) and bool(xp.any(length == 0)):
        raise BadInput("a turn needs a direction, got a vector that is all zeros")
    return b * (math.sqrt(math.prod(u.shape[1:])) / length)


def _carried(b: Array, rows: Array, u: Array, prior: Prior) -> Array:
    """The direction ``b`` at latents ``rows`` in normal coordinates: J b, J being the Jacobian.

    A Gaussian prior's is the same everywhere; others may know it (``tangent``), or else it is a
    central difference over a thousandth of a typical entry, whatever the length of ``b``.
    """
    if getattr(prior, "gaussian_mean", None) is not None:
        return prior.to_normal(rows + b) - u
    if (tangent := getattr(prior, "tangent", None)) is not None:
        return tangent(rows, b)
    xp = namespace(rows)
    size, length = (xp.sqrt(xp.mean(x * x)) for x in (rows, b))
    step = 1e-3 * size / xp.where(length > 0, length, xp.ones_like(length))
    return (prior.to_normal(rows + step * b) - prior.to_normal(rows - step * b)) / (2 * step)


def _check_direction(direction: Shift | Turn, shape: tuple[int, ...]) -> None:
    if tuple(direction.array.shape) != shape:
        raise BadInput(
            f"the direction {direction.name!r} must have the latents' shape {shape}, "
            f"got {tuple(direction.array.shape)}"
        )
