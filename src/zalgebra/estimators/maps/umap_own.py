"""umap-learn's own way back from its map, held to the same account as the others."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.estimators.maps.inverse import Rows
from zalgebra.estimators.maps.neighbours import nearest
from zalgebra.estimators.maps.rules import Rule

__all__ = ["Own", "own"]


@dataclass(frozen=True, eq=False)
class Own(Rule):
    """umap-learn's inverse inside the triangulated hull of its items, the nearest item off it.

    Off the hull umap-learn starts from an arbitrary triangle and says nothing of it.

    Parameters
    ----------
    fitted
        A fitted ``umap.UMAP``.
    """

    fitted: Any

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """The rows ``(m, D)`` of places ``(m, d)``."""
        from scipy.spatial import Delaunay

        places, rows = self.fitted.embedding_, self.fitted._raw_data
        z = rows[nearest(x, places, 1)[0][:, 0]]
        inside = Delaunay(places, qhull_options="QJ").find_simplex(x) >= 0
        if inside.any():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                z[inside] = self.fitted.inverse_transform(x[inside])
        return z


def own(fitted: Any, kept: Rows, /) -> Own:
    """The inverse that knows only the items ``kept``: all that umap-learn looks up of an item."""
    some = copy.copy(fitted)
    for name in ("_raw_data", "embedding_", "_sigmas", "_rhos"):
        setattr(some, name, np.ascontiguousarray(getattr(fitted, name)[kept]))
    return Own(some)
