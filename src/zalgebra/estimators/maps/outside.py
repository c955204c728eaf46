"""Where a map knows something: inside the hull of its items, and near to one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zalgebra.estimators.maps.neighbours import nearest, nearest_others
from zalgebra.estimators.maps.rules import Rule

__all__ = ["FAR", "Region", "region"]

FAR = 0.01  # of the items' own kind that may be called far
BEYOND = 1e6  # sizes of the map: a point farther off is taken to lie there


@dataclass(frozen=True, eq=False)
class Region(Rule):
    """The hull of the items, as half-spaces, and how far from an item is still near.

    Parameters
    ----------
    places
        The items ``(n, d)``.
    faces
        ``(m, d + 1)``: a point x is in the hull if faces[:, :-1] x + faces[:, -1] ≤ 0.
    reach
        A distance that the next of the items' own kind exceeds with a probability of about `FAR`.
    """

    places: np.ndarray
    faces: np.ndarray
    reach: float

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """Distances ``(m, 1)`` from the nearest item, in units of the reach."""
        return nearest(x, self.places, 1)[1] / self.reach

    def within(self, x: np.ndarray, sizes: float = BEYOND, /) -> np.ndarray:
        """Points ``(m, d)``, none farther from the box of the items than so many sizes of the map.

        With the default every finite point can be reckoned with, and stays outside.
        """
        low, high = self.places.min(axis=0), self.places.max(axis=0)
        room = sizes * max(float((high - low).max()), self.reach)
        return np.clip(x, low - room, high + room)

    def in_hull(self, x: np.ndarray, /) -> np.ndarray:
        """Which points ``(m,)`` lie in the hull, to rounding."""
        slack = 1e-6 * np.abs(self.places).max()
        return np.all(x @ self.faces[:, :-1].T + self.faces[:, -1] <= slack, axis=1)

    def is_outside(self, x: np.ndarray, /) -> np.ndarray:
        """Which points ``(m,)`` lie outside the hull, or farther than the reach from any item."""
        return ~self.in_hull(x) | (self(x)[:, 0] > 1)


def region(places: np.ndarray, /) -> Region:
    r"""The hull of places ``(n, d)``, and how far from an item is near, by leaving each item out.

    The reach is the ⌈(1 - α)(n + 1)⌉-th smallest of the distances from each item to the nearest
    other, α = `FAR`: one more item drawn like these lies farther with a probability of about α.
    """
    n, apart = len(places), np.sort(nearest_others(places, 1)[1][:, 0])
    rank = min(n, math.ceil((1 - FAR) * (n + 1)))
    reach = float(apart[rank - 1]) or float(apart[-1]) or 1.0
    return Region(places, _faces(places), reach)


def _faces(places: np.ndarray) -> np.ndarray:
    from scipy.spatial import ConvexHull, QhullError

    try:
        return ConvexHull(places).equations
    except QhullError:  # all on one line: a hull of no width, which joggling gives a little of
        return ConvexHull(places, qhull_options="QJ").equations
