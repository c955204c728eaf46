"""Ways through the data: shortest paths in the graph of nearest neighbours, smoothed."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestNeighbors

from zalgebra.algebra._arrays import as_latents, as_like, flatten, namespace, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.estimators.neighbour_graph import TINY, joined, powered
from zalgebra.estimators.polylines import drawn
from zalgebra.types import Array, BadInput, Prior

__all__ = ["DensityPath", "DensityPaths"]

FAR = 25.0  # median edges of a step that leaves the data


@dataclass(frozen=True, eq=False)
class DensityPath:
    """Paths of n pairs through the data; made by `DensityPaths.path`.

    Parameters
    ----------
    path
        Latents ``(n, steps, *shape)`` in the library of the given ones, at an even pace; both ends
        are the given ones exactly.
    nodes
        For each pair the rows of the fitted latents that it goes by, in order.
    cost
        Of the way through the graph, Σ |step|^power, ``(n,)``.
    length
        Of the smoothed path ``(n,)``, in the coordinates of the graph.
    longest_step
        The longest step of the way through the graph, over the median length of its edges,
        ``(n,)``. A few within the data; above 25 it has left them, and `DensityPaths.path` warns.
    """

    path: Array
    nodes: list[np.ndarray]
    cost: np.ndarray
    length: np.ndarray
    longest_step: np.ndarray

    def __repr__(self) -> str:
        n, steps = self.path.shape[:2]
        longest = self.longest_step.max(initial=0)
        return f"DensityPath({n} of {steps} points, longest step {longest:.3g} median edges)"


class DensityPaths(BaseEstimator):
    r"""Paths that keep to where the data are.

    The graph joins each latent to its nearest neighbours. The way from a to b is

    $$\operatorname{argmin} \sum_i |x_{i+1} - x_i|^p$$

    over ways by the graph's edges. With ``power`` p = 1 these are the distances of Isomap: as
    short as possible within the data. With p > 1 (Fermat distances) two short steps cost less than
    one long step, so the way follows dense data: for n → ∞ it is a geodesic of the metric
    $f^{-2(p-1)/D}$ of the data's density f. Then the polyline is drawn at an even pace, its
    wiggles are smoothed, and its ends are kept.

    Parameters
    ----------
    n_neighbors
        Edges from each latent (10). Parts that this leaves apart are joined by their shortest
        edges; a path over a long one is given with a warning.
    power
        p, from 1; 2 by default.
    smooth
        Waves shorter than this share of the way are damped (0.25); 0 gives the polyline itself.
    prior
        If given, distances are those of its standard normal coordinates.

    Attributes
    ----------
    latents_ : numpy.ndarray
        The rows of the graph ``(N, D)``, in its coordinates.
    graph_ : scipy.sparse.csr_array
        Costs of its edges ``(N, N)``.
    joined_ : int
        Edges that had to be added to make it one part.
    edge_ : float
        Median length of the edges between neighbours that differ.

    References
    ----------
    Tenenbaum, de Silva and Langford, *A global geometric framework for nonlinear dimensionality
    reduction*, Science 290 (2000); Hwang, Damelin and Hero, *Shortest path through random points*,
    Annals of Applied Probability 26 (2016).

    Examples
    --------
    From the left of a ring to its right, along it instead of across:

    >>> import numpy as np
    >>> from zalgebra.estimators.density_paths import DensityPaths
    >>> angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 500)
    >>> ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    >>> way = DensityPaths().fit(ring).path([[-1.0, 0.0]], [[1.0, 0.0]], steps=9)
    >>> np.linalg.norm(way.path[0], axis=1).round(1).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        n_neighbors: int = 10,
        *,
        power: float = 2.0,
        smooth: float = 0.25,
        prior: Prior | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.power = power
        self.smooth = smooth
        self.prior = prior

    def fit(self, Z: Array, y: object = None) -> Self:
        """Build the graph of latents ``(N, *shape)``, N above ``n_neighbors``."""
        k = at_least("n_neighbors", self.n_neighbors, 1)
        if not (math.isfinite(self.power) and self.power >= 1):
            raise BadInput(f"`power` must be at least 1, got {self.power}")
        if not (math.isfinite(self.smooth) and self.smooth >= 0):
            raise BadInput(f"`smooth` must be at least 0, got {self.smooth}")
        Z = as_latents(Z, "Z")
        if Z.ndim < 2 or Z.shape[0] <= k:
            raise BadInput(
                f"`Z` must be more than {k} latents (n, *shape) for {k} neighbours, "
                f"got shape {tuple(Z.shape)}"
            )
        self.shape_ = tuple(Z.shape[1:])
        self.latents_ = self._coordinates(Z)
        self._near = NearestNeighbors(n_neighbors=k).fit(self.latents_)
        distances = self._near.kneighbors_graph(mode="distance")
        distances.data = np.maximum(distances.data, TINY)
        apart = distances.data[distances.data > TINY]
        self.edge_ = float(np.median(apart)) if apart.size else 1.0
        distances, self.joined_ = joined(self.latents_, distances.maximum(distances.T))
        self.graph_ = powered(distances, self.power)
        return self

    def path(self, a: Array, b: Array, /, *, steps: int = 16) -> DensityPath:
        """Paths of ``steps`` points from latents ``a`` to ``b``, ``(n, *shape)`` each.

        The given latents need not be among the fitted ones: each is joined to its nearest
        neighbours there, and directly to its partner if that is nearer than they are. Where a way
        has a step of more than 25 times the graph's median edge, a warning says so: there are no
        data in between, and the path is a straight line there.

        Raises
        ------
        BadInput
            If nothing is fitted, or shapes do not fit.
        """
        steps = at_least("steps", steps, 2)
        if not hasattr(self, "graph_"):
            raise BadInput("this DensityPaths is not fitted yet: call fit(Z) first")
        given, target = as_latents(a, "a"), as_latents(b, "b")
        if tuple(given.shape[1:]) != self.shape_ or given.shape != target.shape or given.ndim < 2:
            expected = ", ".join(map(str, ("n", *self.shape_)))
            raise BadInput(
                f"`a` and `b` must have shape ({expected}), "
                f"got {tuple(given.shape)} and {tuple(target.shape)}"
            )
        start, end = self._coordinates(given), self._coordinates(target)
        nodes, cost = self._ways(start, end)
        ways = [
            np.vstack([one, self.latents_[rows], other])
            for one, rows, other in zip(start, nodes, end, strict=True)
        ]
        u = np.empty((len(ways), steps, self.latents_.shape[1]))
        for i, way in enumerate(ways):
            u[i] = drawn(way, steps, self.smooth)
        length = np.linalg.norm(np.diff(u, axis=1), axis=2).sum(axis=1)
        return DensityPath(
            self._latents(u, given, target), nodes, cost, length, self._longest_steps(ways)
        )

    def _longest_steps(self, ways: list[np.ndarray]) -> np.ndarray:
        """Of each way, in median edges; those that leave the data are told."""
        steps = [np.linalg.norm(np.diff(way, axis=0), axis=1).max() for way in ways]
        longest = np.array(steps, dtype=float) / self.edge_
        if far := np.flatnonzero(longest > FAR).tolist():
            warnings.warn(
                f"path {far[0]} of {len(ways)} ({len(far)} such) has a step {longest[far[0]]:.3g} "
                "times the graph's median edge, with no data between: its islands are joined by "
                "a straight line; see `longest_step`",
                stacklevel=3,
            )
        return longest

    def _ways(self, start: np.ndarray, end: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Rows of the graph between each pair, and what the way costs."""
        n, N = len(start), len(self.latents_)
        if n == 0:
            return [], np.empty(0)
        edges = self._with_ends(start, end)
        cost, before = dijkstra(edges, indices=N + np.arange(n), return_predecessors=True)
        nodes = []
        for i in range(n):
            node, way = before[i, N + n + i], []
            while node != N + i:
                way.append(int(node))
                node = before[i, node]
            nodes.append(np.array(way[::-1], dtype=int))
        return nodes, cost[np.arange(n), N + n + np.arange(n)]

    def _with_ends(self, start: np.ndarray, end: np.ndarray) -> sparse.csr_array:
        """The graph with edges out of each start, into each end, and between close partners."""
        n, N = len(start), len(self.latents_)
        rows, columns, values = [], [], []
        for i, (z, first) in enumerate([*((s, True) for s in start), *((e, False) for e in end)]):
            far, near = (found[0] for found in self._near.kneighbors(z[None]))
            here = np.full(len(near), N + i)
            rows.append(here if first else near)
            columns.append(near if first else here)
            values.append(far)
            if first and (direct := np.linalg.norm(end[i] - z)) <= far[-1]:
                rows.append([N + i])
                columns.append([N + n + i])
                values.append([direct])
        where, size = (np.concatenate(rows), np.concatenate(columns)), N + 2 * n
        lengths = sparse.csr_array((np.concatenate(values), where), shape=(size, size))
        inner = sparse.block_diag([self.graph_, sparse.csr_array((2 * n, 2 * n))], format="csr")
        return sparse.csr_array(inner + powered(lengths, self.power))

    def _coordinates(self, z: Array) -> np.ndarray:
        u = z if self.prior is None else self.prior.to_normal(z)
        return to_numpy(flatten(u)).astype(float)

    def _latents(self, u: np.ndarray, start: Array, end: Array) -> Array:
        """Latents ``(n, steps, *shape)`` of coordinates, with the ends as they were given."""
        xp, n, steps = namespace(start), *u.shape[:2]
        z = as_like(u.reshape(n * steps, *self.shape_), start)
        z = xp.reshape(
            z if self.prior is None else self.prior.from_normal(z), (n, steps, *self.shape_)
        )
        ends = start[:, None, ...], as_like(end, start)[:, None, ...]
        return xp.concat([ends[0], z[:, 1:-1, ...], ends[1]], axis=1)
