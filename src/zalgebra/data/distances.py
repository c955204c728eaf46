"""Signed distances of shapes: boxes, the grid they are read on, the points they are learned from.

A signed distance is negative inside; all shapes lie in the cube [-1, 1]³, y up.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from zalgebra.algebra._whole import at_least

__all__ = ["Shapes", "cell_centres", "interpolated", "rounded_box"]

SPREADS = (0.05, 0.0158)  # of the points near a surface: variances 0.0025 and 0.00025 in DeepSDF


def rounded_box(
    points: np.ndarray, low: np.ndarray, high: np.ndarray, radius: np.ndarray, /
) -> np.ndarray:
    r"""Exact signed distances ``(..., m)`` to boxes whose edges are rounded.

    With the centre $c$, the half extents $h$ and $q = |p - c| - h + r$,

    $$d(p) = \|\max(q, 0)\| + \min(\max_i q_i, 0) - r .$$

    A radius as large as the smallest half extent makes a capsule of a rod.

    Parameters
    ----------
    points
        ``(..., m, 3)``.
    low, high
        Opposite corners of each box, ``(..., 3)``.
    radius
        Of the rounding, ``(...)``, from 0 to the smallest half extent.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[2.0, 0, 0], [0, 0, 0], [2, 2, 0]])
    >>> rounded_box(points, -np.ones(3), np.ones(3), np.array(0.0)).round(3)
    array([ 1.   , -1.   ,  1.414])
    """
    r = radius[..., None]
    centre, half = (low + high)[..., None, :] / 2, (high - low)[..., None, :] / 2
    q = abs(points - centre) - half + r[..., None]
    outside = np.sqrt(np.sum(np.maximum(q, 0) ** 2, axis=-1))
    return outside + np.minimum(q.max(axis=-1), 0) - r


def cell_centres(resolution: int, /) -> np.ndarray:
    """Centres ``(r, r, r, 3)``, float32, of the cells of the cube [-1, 1]³, by x, y and z."""
    r = at_least("resolution", resolution, 2)
    line = ((2 * np.arange(r) + 1) / r - 1).astype(np.float32)
    return np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1)


def interpolated(grids: np.ndarray, points: np.ndarray, /) -> np.ndarray:
    """Distances ``(n, m)`` at points ``(m, 3)`` or ``(n, m, 3)``, trilinear in ``(n, r, r, r)``.

    Beyond the outermost centres they are those of the nearest place within.
    """
    n, r = grids.shape[:2]
    u = np.clip((np.broadcast_to(points, (n, *points.shape[-2:])) + 1) * r / 2 - 0.5, 0, r - 1)
    first = np.minimum(u.astype(int), r - 2)
    t, rows, total = u - first, np.arange(n)[:, None], 0.0
    for corner in np.ndindex(2, 2, 2):
        i, j, k = np.moveaxis(first + corner, -1, 0)
        share = np.prod(np.where(corner, t, 1 - t), axis=-1)
        total = total + share * grids[rows, i, j, k]
    return np.asarray(total, dtype=np.float32)


class Shapes:
    """Shapes by their signed distances; a subclass says `sdf`, its length and its rows."""

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} does not say how many it holds")

    def __getitem__(self, rows: Any) -> Self:
        raise TypeError(f"{type(self).__name__} does not say what its rows are")

    def sdf(self, points: np.ndarray, /) -> np.ndarray:
        """Signed distances ``(n, m)`` of points ``(m, 3)`` or ``(n, m, 3)``."""
        raise TypeError(f"{type(self).__name__} does not say how far a point is")

    def sdf_grid(self, resolution: int = 48) -> np.ndarray:
        """Signed distances ``(n, r, r, r)``, float32, at the centres of r³ cells, by x, y and z."""
        points = cell_centres(resolution).reshape(-1, 3)
        rows = [self[i : i + 1].sdf(points) for i in range(len(self))]
        return np.asarray(rows, np.float32).reshape(len(self), *3 * (resolution,))

    def sdf_samples(self, m: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Points ``(n, m, 3)`` in the cube and their distances ``(n, m)``, as DeepSDF learns from.

        One fifth is uniform in the cube. The others start on the surface, spread by its area, and
        are moved by normal noise, half of them by 0.05 and half by 0.016 along each axis. The
        order is shuffled, so that the first points are a fair sample of all.

        Parameters
        ----------
        m
            Points for each shape, at least 5.
        seed
            Each shape has a stream of its own, so that fewer shapes are the first of more.
        """
        m, seed = at_least("m", m, 5), at_least("seed", seed, 0)
        points = np.empty((len(self), m, 3), np.float32)
        for i in range(len(self)):
            points[i] = self[i : i + 1]._near(m, np.random.default_rng([seed, i]))
        return points, self._all(points)

    def sdf_rows(self, m: int, *, seed: int = 0) -> np.ndarray:
        """The same as rows of x, y, z and distance, ``(n, m, 4)``: what `DeepSDF.fit` takes."""
        points, distances = self.sdf_samples(m, seed=seed)
        return np.concatenate([points, distances[..., None]], axis=-1)

    def _all(self, points: np.ndarray) -> np.ndarray:
        """Distances shape by shape, so that memory stays bounded."""
        rows = [self[i : i + 1].sdf(points[i : i + 1])[0] for i in range(len(self))]
        return np.asarray(rows, np.float32).reshape(points.shape[:2])

    def _near(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """Points ``(m, 3)`` about the surface of the only shape, and some anywhere."""
        near = m - m // 5
        points = rng.uniform(-1, 1, (5 * near, 3))
        distances = self.sdf(points)[0]
        # The nearest twentieth fills a thin shell about the surface, so it is spread by area; each
        # of its feet serves four times.
        chosen = np.argsort(abs(distances))[: -(-near // 4)]
        feet = points[chosen] - distances[chosen, None] * self._slope(points[chosen])
        noise = rng.standard_normal((near, 3)) * np.resize(SPREADS, (near, 1))
        moved = np.tile(feet, (4, 1))[:near] + noise
        everywhere = rng.uniform(-1, 1, (m - near, 3))
        return rng.permutation(np.concatenate([np.clip(moved, -1, 1), everywhere]))

    def _slope(self, points: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Unit gradients ``(m, 3)`` of the only shape's distance, by central differences."""
        moves = step * np.eye(3)
        slope = np.stack(
            [self.sdf(points + move)[0] - self.sdf(points - move)[0] for move in moves], axis=-1
        )
        return slope / np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-12)
