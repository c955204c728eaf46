"""From recipes to latents: a synthetic row is a combination of its parents' latents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from zalgebra.algebra.combine import combine
from zalgebra.algebra.correlation import estimated_beta, independent_beta
from zalgebra.algebra.noise import noise
from zalgebra.estimators.samplers.draws import DRAWS, Knobs, Pool, evenly
from zalgebra.estimators.samplers.laws import Laws
from zalgebra.estimators.samplers.neighbours import nearest, neighbours
from zalgebra.estimators.samplers.provenance import Provenance, joined
from zalgebra.types import Prior

__all__ = ["Mixer"]

ENTRIES = 2**24  # of the parents' latents that are gathered at a time


class Mixer:
    """The latents of labelled items, and new ones made of them.

    Parameters
    ----------
    Z
        Latents ``(n, *shape)``.
    label
        Class ``(n,)`` of each, from 0.
    classes
        Their names.
    method
        One of `DRAWS`.
    prior
        The distribution that ``"lol"`` and ``"correlated"`` keep; ``None`` is that of the class.
    k
        How many neighbours.
    knobs
        How far the draws go.
    """

    def __init__(
        self,
        Z: np.ndarray,
        label: np.ndarray,
        classes: tuple,
        *,
        method: str,
        prior: Prior | None,
        k: int,
        knobs: Knobs,
    ) -> None:
        self.shape, self.Z = Z.shape[1:], Z.reshape(len(Z), -1)
        self.label, self.classes, self.method = label, classes, method
        self.prior, self.k, self.knobs = prior, k, knobs
        self.laws = Laws(self.Z, label)
        order, sizes = np.argsort(label, kind="stable"), np.bincount(label)
        self.members = np.split(order, np.cumsum(sizes)[:-1])  # the items of each class, in order
        self._pools: dict[int, Pool] = {}

    def pool(self, c: int) -> Pool:
        """What rows of a class are drawn from."""
        if c not in self._pools:
            rows = self.members[c]
            k = 0 if self.method in ("gaussian", "mixup") else self.k
            self._pools[c] = Pool(len(self.Z), rows, rows[neighbours(self.Z[rows], k)])
        return self._pools[c]

    def drawn(self, rng: np.random.Generator, c: int, base: np.ndarray, seed: int) -> Provenance:
        """Recipes of new rows of class c, one for each item of ``base`` ``(m,)``."""
        alone = len(self.members[c]) == 1 and self.method not in ("gaussian", "mixup")
        if alone:  # a single item has no neighbours, so its noise is all that can differ
            parents, weights = base[:, None], np.ones((len(base), 1))
        else:
            parents, weights = DRAWS[self.method](rng, base, self.pool(c), self.knobs)
        noisy = float(alone or self.method == "gaussian")
        return Provenance(
            label=np.full(len(base), c),
            parents=parents,
            weights=weights,
            noise=np.full(len(base), noisy),
            number=rng.integers(0, 2**64, len(base), dtype=np.uint64),
            method=self.method,
            seed=seed,
            classes=self.classes,
        )

    def filling(self, sizes: Mapping[Any, int], seed: int) -> Provenance:
        """Recipes of so many new rows of each class; what one gets does not depend on the others'.

        With no class to fill up they are none.
        """
        parts, place = [], {c: i for i, c in enumerate(self.classes)}
        for c, m in (sizes or {self.classes[0]: 0}).items():
            rng = np.random.default_rng([seed, place[c]])
            base = evenly(rng, self.members[place[c]], m)
            parts.append(self.drawn(rng, place[c], base, seed))
        return joined(parts)

    def shares(self, provenance: Provenance) -> np.ndarray:
        """How much of each class is in each new row, ``(m, classes)``: the weights, by class."""
        of_parents = np.eye(len(self.classes))[self.label[provenance.parents]]
        return np.sum(provenance.weights[:, :, None] * of_parents, axis=1)

    def mixed(self, provenance: Provenance) -> tuple[np.ndarray, Provenance]:
        """The latents ``(m, *shape)`` of recipes, and the recipes with all parents known."""
        z = np.empty((len(provenance), self.Z.shape[1]), dtype=self.Z.dtype)
        parents = provenance.parents.copy()
        for c in np.unique(provenance.label).tolist():
            rows = np.flatnonzero(provenance.label == c)
            for some in _batches(rows, parents.shape[1] * self.Z.shape[1]):
                recipe = provenance.take(some)
                z[some] = self._of_class(c, recipe)
            if self.method == "gaussian":  # whose categories come from the nearest item
                own = self.members[c]
                parents[rows, 0] = own[nearest(self.Z[own], z[rows])]
        return z.reshape(-1, *self.shape), replace(provenance, parents=parents)

    def _of_class(self, c: int, recipe: Provenance) -> np.ndarray:
        """Rows of one class: the combination of their parents, and their noise."""
        w = recipe.weights
        if self.method == "gaussian":
            z = np.broadcast_to(self.laws.of(c).mean, (len(w), self.Z.shape[1]))
        elif self.method in ("lol", "correlated") and not recipe.noise.any():
            z = self._kept(c, recipe)
        else:
            seeds = self.Z[recipe.parents]
            z = combine(w.astype(seeds.dtype), seeds, method="linear", axis=1)
        if not recipe.noise.any():
            return z
        law = self.laws.of(c)
        e = noise(recipe.number.tolist(), self.Z.shape[1]).astype(float)
        return z + recipe.noise[:, None] * (law.from_normal(e) - law.mean)

    def _kept(self, c: int, recipe: Provenance) -> np.ndarray:
        """Combinations that follow the prior again: in its normal coordinates, N(0, I).

        Correlations count as far as they add to β = wᵀ R w. Those that take from it are the shadow
        of a mean that was taken from the items themselves: two of them always oppose each other.
        """
        prior, shape = (self.laws.of(c), (-1,)) if self.prior is None else (self.prior, self.shape)
        used, place = np.unique(recipe.parents, return_inverse=True)
        u = prior.to_normal(self.Z[used].astype(float).reshape(len(used), *shape))
        seeds = u.reshape(len(used), -1)[place.reshape(recipe.parents.shape)]
        w = recipe.weights
        beta = independent_beta(w)
        if self.method == "correlated":
            beta = np.maximum(beta, estimated_beta(w, seeds))
        mix = combine(w, seeds, method="linear", axis=1) / np.sqrt(beta)[:, None]
        return prior.from_normal(mix.reshape(len(mix), *shape)).reshape(len(mix), -1)


def _batches(rows: np.ndarray, entries: int) -> Iterator[np.ndarray]:
    step = max(1, ENTRIES // max(entries, 1))
    return (rows[i : i + step] for i in range(0, len(rows), step))
