"""Which seeds are combined with which weights: the same for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zalgebra.types import BadInput

__all__ = ["POSITIONS", "WHATS", "Draws", "draw"]

WHATS = ("interpolation", "centroid")
POSITIONS = (0.1, 0.3, 0.5, 0.7, 0.9)  # t of an interpolation, in turn


@dataclass(frozen=True)
class Draws:
    """n combinations of k seeds each.

    Parameters
    ----------
    rows
        Seeds of each combination, as rows of the pool ``(n, k)``, all of one class.
    weights
        ``(n, k)``.
    wanted
        The class of the seeds ``(n,)``.
    """

    rows: np.ndarray
    weights: np.ndarray
    wanted: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: slice | np.ndarray) -> Draws:
        return Draws(self.rows[at], self.weights[at], self.wanted[at])


def draw(
    y: np.ndarray, shares: dict[int, int], what: str, k: int, n: int, /, *, seed: int
) -> Draws:
    """N combinations, each of k different seeds of one class, independent given the pool.

    The class is drawn by its share in the data, then its seeds; any first part of the draws is
    such a draw too. A seed may serve in many combinations.

    Parameters
    ----------
    y
        The class of each seed of the pool.
    shares
        Class to its number of pictures in the data; those with fewer than k seeds are left out.
    what
        ``"interpolation"``: weights (1 - t, t), t in turn one of `POSITIONS`; ``"centroid"``:
        equal weights.

    Raises
    ------
    BadInput
        If no class has k seeds.
    """
    members = {c: np.flatnonzero(y == c) for c in shares}
    classes = [c for c, rows in members.items() if len(rows) >= k and shares[c] > 0]
    if not classes:
        most = max(len(rows) for rows in members.values())
        raise BadInput(f"no class has {k} seeds, the largest has {most}; ask for a smaller --k")
    p = np.array([shares[c] for c in classes], dtype=float)
    rng = np.random.default_rng([seed, k, WHATS.index(what)])
    wanted = rng.choice(classes, n, p=p / p.sum())
    rows = np.stack([rng.permutation(members[c])[:k] for c in wanted])
    if what == "centroid":
        return Draws(rows, np.full((n, k), 1 / k), wanted)
    t = np.resize(POSITIONS, n)
    return Draws(rows, np.stack([1 - t, t], axis=1), wanted)
