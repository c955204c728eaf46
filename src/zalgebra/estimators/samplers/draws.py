"""What is random about a synthetic row: which items it is made of, and with what weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from zalgebra.estimators.samplers.provenance import NONE

__all__ = ["DRAWS", "Knobs", "Pool", "evenly"]


class Pool(NamedTuple):
    """What rows of a class may be drawn from."""

    n: int  # items of all classes
    members: np.ndarray  # (m,) the items of the class, in order
    near: np.ndarray  # (m, k) their neighbours in it

    def of(self, base: np.ndarray) -> np.ndarray:
        """The neighbours ``(len(base), k)`` of some members."""
        return self.near[np.searchsorted(self.members, base)]


class Knobs(NamedTuple):
    """How far the draws go."""

    concentration: float
    reach: float


Draw = tuple[np.ndarray, np.ndarray]  # parents (m, k), weights (m, k)


def interpolate(rng: np.random.Generator, base: np.ndarray, pool: Pool, knobs: Knobs) -> Draw:
    """Between an item and one of its neighbours, w = (1 - t, t) with t from U(0, 1)."""
    t = rng.random(len(base))
    return _with_neighbour(rng, base, pool), np.stack([1 - t, t], axis=1)


def extrapolate(rng: np.random.Generator, base: np.ndarray, pool: Pool, knobs: Knobs) -> Draw:
    """Away from one of its neighbours, w = (1 + t, -t) with t from U(0, reach)."""
    t = knobs.reach * rng.random(len(base))
    return _with_neighbour(rng, base, pool), np.stack([1 + t, -t], axis=1)


def neighbourhood(rng: np.random.Generator, base: np.ndarray, pool: Pool, knobs: Knobs) -> Draw:
    """An item and all its neighbours, with weights from a Dirichlet distribution."""
    parents = np.concatenate([base[:, None], pool.of(base)], axis=1)
    w = rng.standard_gamma(knobs.concentration, parents.shape)
    return parents, w / w.sum(axis=1, keepdims=True)


def mixup(rng: np.random.Generator, base: np.ndarray, pool: Pool, knobs: Knobs) -> Draw:
    """An item and any other, of whatever class; the item has the larger share, from Beta(a, a)."""
    other = rng.integers(0, max(pool.n - 1, 1), len(base))
    other += other >= base
    share = rng.beta(knobs.concentration, knobs.concentration, len(base))
    share = np.maximum(share, 1 - share)
    return np.stack([base, other], axis=1), np.stack([share, 1 - share], axis=1)


def nothing(rng: np.random.Generator, base: np.ndarray, pool: Pool, knobs: Knobs) -> Draw:
    """No item at all: the row is a draw from the class's law."""
    return np.full((len(base), 1), NONE), np.zeros((len(base), 1))


def _with_neighbour(rng: np.random.Generator, base: np.ndarray, pool: Pool) -> np.ndarray:
    choice = rng.integers(0, pool.near.shape[1], (len(base), 1))
    other = np.take_along_axis(pool.of(base), choice, axis=1)
    return np.concatenate([base[:, None], other], axis=1)


def evenly(rng: np.random.Generator, members: np.ndarray, m: int) -> np.ndarray:
    """Some of the members ``(n,)``, m in all, each as often as the others to within one."""
    rounds = [rng.permutation(members) for _ in range(1 + m // len(members))]
    return np.concatenate(rounds)[:m]


DRAWS: dict[str, Callable[[np.random.Generator, np.ndarray, Pool, Knobs], Draw]] = {
    "interpolate": interpolate,
    "extrapolate": extrapolate,
    "lol": neighbourhood,
    "correlated": neighbourhood,
    "gaussian": nothing,
    "mixup": mixup,
}
