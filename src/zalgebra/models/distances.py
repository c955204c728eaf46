"""Signed distances of shapes: the network that says them, where they are looked at, the surface."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.types import BadInput, MissingExtra

__all__ = ["Distances", "as_rows", "cells", "compared", "encoded", "seeded", "surface"]

DRAWN = 256  # points of each shape that a step of the encoding looks at
ENCODE_RATE = 0.02  # its first learning rate; a code's entries are about 0.2


class Distances(nn.Module):
    """Codes, and distances ``(n, m)`` of codes ``(n, d)`` at points; the code enters each layer.

    Parameters
    ----------
    shapes, latent_dim
        How many codes there are, and their entries.
    width, depth
        Units a layer, and hidden layers.
    """

    def __init__(self, shapes: int, latent_dim: int, width: int, depth: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(0.1 * torch.randn(shapes, latent_dim))
        self.by_code = nn.ModuleList(nn.Linear(latent_dim, width) for _ in range(depth))
        self.by_point = nn.ModuleList(
            nn.Linear(width if i else 3, width, bias=False) for i in range(depth)
        )
        self.out = nn.Linear(width, 1)

    def forward(self, z: Tensor, points: Tensor) -> Tensor:
        """Distances of codes ``(n, d)`` at points ``(m, 3)`` or ``(n, m, 3)``."""
        h = points.expand(len(z), *points.shape[-2:])
        for code, point in zip(self.by_code, self.by_point, strict=True):
            h = F.relu(point(h) + code(z)[:, None])
        return 0.1 * self.out(h)[..., 0].float()  # distances that matter are of this size

    def clamped(self, z: Tensor, rows: Tensor, clamp: float) -> tuple[Tensor, Tensor]:
        """Clamped distances ``(n, m)``, said and true, of codes and rows ``(n, m, 4)``.

        What is said is clamped only where the truth is, so that no point is without a gradient.
        """
        f, s = self(z, rows[..., :3]), rows[..., 3]
        f = torch.where(s >= clamp, f.clamp(max=clamp), f)
        f = torch.where(s <= -clamp, f.clamp(min=-clamp), f)
        return f, s.clamp(-clamp, clamp)


def encoded(
    network: Distances,
    rows: Tensor,
    start: Tensor,
    *,
    clamp: float,
    penalty: float,
    steps: int,
    seed: int,
) -> Tensor:
    r"""Codes ``(n, d)`` of shapes, given as rows ``(n, m, 4)``; the network stays as it is.

    $$\arg\min_z\; \operatorname{mean}_j \big|[f(z, p_j)]_\delta - [s_j]_\delta\big|
      + \lambda \|z\|^2$$

    by Adam from ``start``, ``(1, d)``, with a learning rate that falls to 0 in ``steps`` steps; δ
    is ``clamp``, λ is ``penalty``.
    """
    pick = seeded(seed)
    with torch.enable_grad():
        z = start.repeat(len(rows), 1).requires_grad_()
        adam = torch.optim.Adam([z], lr=ENCODE_RATE)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
        for _ in range(steps):
            seen = rows[:, torch.randperm(rows.shape[1], generator=pick)[:DRAWN]]
            f, s = network.clamped(z, seen, clamp)
            error = (f - s).abs().mean(dim=1) + penalty * z.square().sum(dim=1)
            (z.grad,) = torch.autograd.grad(error.sum(), z)
            adam.step()
            falling.step()
    return z.detach()


def cells(resolution: int) -> Tensor:
    """Centres ``(r³, 3)`` of the cells of [-1, 1]³, by x, y and z."""
    line = (2 * torch.arange(resolution) + 1) / resolution - 1
    return torch.cartesian_prod(line, line, line)


@torch.no_grad()
def compared(
    network: Distances, Z: np.ndarray, rows: np.ndarray, clamp: float
) -> tuple[np.ndarray, np.ndarray]:
    """`Distances.clamped` of codes ``(n, d)`` and rows ``(n, m, 4)``, a shape at a time."""
    out = np.empty((2, *rows.shape[:2]), np.float32)
    for i, (z, x) in enumerate(zip(torch.from_numpy(Z), torch.from_numpy(rows), strict=True)):
        out[:, i] = torch.cat(network.clamped(z[None], x[None], clamp))
    return out[0], out[1]


def as_rows(X: np.ndarray, *, points: int, near: float, seed: int) -> np.ndarray:
    """Rows ``(n, m, 4)`` of shapes: as they are, or of ``points`` cells of each grid.

    Four fifths of the cells are nearer than ``near`` to the surface.
    """
    if X.ndim == 3 and X.shape[2] == 4 and X.shape[1] > 0:
        return X
    if X.ndim == 4 and len(set(X.shape[1:])) == 1 and X.shape[1] > 1:
        return _thinned(X, points, near, seed)
    raise BadInput(
        "shapes must be rows of x, y, z and distance (n, m, 4), or grids of distances "
        f"(n, r, r, r), got {X.shape}"
    )


def _thinned(grids: np.ndarray, points: int, near: float, seed: int) -> np.ndarray:
    places, rng = cells(grids.shape[1]).numpy(), np.random.default_rng(seed)
    m, distances = min(points, len(places)), grids.reshape(len(grids), -1)
    rows = np.empty((len(grids), m, 4), np.float32)
    for row, s in zip(rows, distances, strict=True):
        order = rng.random(len(s)) + (abs(s) >= near)
        order[rng.permutation(len(s))[: m // 5]] = -1  # these are taken wherever they are
        chosen = np.argsort(order)[:m]
        row[:, :3], row[:, 3] = places[chosen], s[chosen]
    return rows


def surface(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices ``(v, 3)`` and triangles ``(f, 3)`` where distances ``(r, r, r)`` pass 0.

    They are found by marching cubes among the centres of the cells.

    Raises
    ------
    BadInput
        If no distance is below 0.
    MissingExtra
        If scikit-image is not installed.
    """
    try:
        from skimage.measure import marching_cubes
    except ImportError:
        raise MissingExtra("scikit-image", "shapes") from None
    if not grid.min() < 0:
        raise BadInput(f"this code has no surface: its least distance is {grid.min():.3g}")
    cell = 2 / len(grid)
    outside = np.pad(grid, 1, constant_values=cell)  # so that the surface is closed
    vertices, faces, _, _ = marching_cubes(outside, 0.0, spacing=(cell, cell, cell))
    return (vertices - 1 - cell / 2).astype(np.float32), faces.astype(np.int64)


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)
