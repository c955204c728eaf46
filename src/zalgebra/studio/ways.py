"""The ways that a walk can take through its keyframes: combined, geodesic, or through the items.

A way goes from stop to stop; its place 1.25 is a quarter of the way from the second to the third.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.methods import METHODS
from zalgebra.studio.way_curves import POINTS, Stops, shortest, through_items

if TYPE_CHECKING:
    from zalgebra.studio.workspace import Workspace

__all__ = ["WAYS", "Way", "split", "way_through"]

WAYS = (*METHODS, "geodesic", "geodesic-prior", "density")


@dataclass(frozen=True)
class Way:
    """Places to latents, and what there is to say of it.

    Parameters
    ----------
    at
        Places ``(m,)`` from 0 to ``len(stops) - 1`` to latents ``(m, *shape)``.
    facts
        Plain JSON values, one a segment.
    notes
        The same for a person.
    """

    at: Callable[[np.ndarray], np.ndarray]
    facts: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


def way_through(space: Workspace, stops: Stops, method: str) -> Way:
    """The way of this method."""
    if method in METHODS:
        return _combined(space, stops, method)
    apart = np.flatnonzero([np.any(a != b) for a, b in zip(stops.met, stops.met[1:], strict=False)])
    path = np.repeat(stops.met[:-1, None], POINTS, axis=1)  # a stop that is repeated is waited at
    if not len(apart):
        return Way(_along(path, space.prior))
    ends = stops.met[apart], stops.met[apart + 1]
    find = through_items if method == "density" else shortest
    path[apart], facts, notes = find(space, stops, apart, *ends, method)
    return Way(_along(path, space.prior), facts, notes)


def _combined(space: Workspace, stops: Stops, method: str) -> Way:
    """Blended recipes: what the keyframes share is known, and the prior is applied once."""
    keys = stops.keys[:-1] if stops.closed else stops.keys

    def at(places: np.ndarray) -> np.ndarray:
        w = _hats(places, len(stops))
        if stops.closed:
            w = np.concatenate([w[:, :1] + w[:, -1:], w[:, 1:-1]], axis=1)
        walk = reduce(add, (key * w[:, i] for i, key in enumerate(keys)))
        z = walk.array(prior=space.prior, **space._how(method))
        return np.asarray(z, dtype=np.float32)

    return Way(at)


def _hats(places: np.ndarray, stops: int) -> np.ndarray:
    """Weights ``(m, stops)`` of the two stops that a place is between: 1 - t and t."""
    segment, t = split(places, stops - 1)
    w, here = np.zeros((len(places), stops)), np.arange(len(places))
    w[here, segment], w[here, segment + 1] = 1 - t, t
    return w


def split(places: np.ndarray, segments: int) -> tuple[np.ndarray, np.ndarray]:
    """The segment of each place, and where in it from 0 to 1."""
    segment = np.clip(np.floor(places).astype(int), 0, segments - 1)
    return segment, places - segment


def _along(path: np.ndarray, prior: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Along curves ``(segments, POINTS, *shape)``, straight from point to point."""

    def at(places: np.ndarray) -> np.ndarray:
        segment, t = split(places, len(path))
        point, t = split(t * (POINTS - 1), POINTS - 1)
        t = t.reshape(-1, *(1,) * (path.ndim - 2))
        z = (1 - t) * path[segment, point] + t * path[segment, point + 1]
        if getattr(prior, "fixed_radius", False):  # back to the sphere
            z = z / np.sqrt(np.sum(z**2, axis=tuple(range(1, z.ndim)), keepdims=True))
        return z.astype(np.float32)

    return at
