"""Barycentres of weighted clouds whose points are free to move, in NumPy's float64.

Two clouds have theirs in closed form (`displaced`); more, or a given number of points, are a
descent (`descend`) from where `starts` says.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial.distance import cdist

from zalgebra.algebra.transport.discrete import LARGEST_EXPONENT, MASS_ASTRAY, _pot
from zalgebra.types import BadInput

__all__ = ["Clouds", "descend", "displaced", "plan", "starts"]

NO_MASS = 1e-13  # of a plan of sum 1: what is below is rounding
SINKHORN, ASTRAY = 2000, 1e-6  # iterations for an entropic plan, and what its masses may miss


@dataclass(frozen=True, eq=False)
class Clouds:
    """Points ``(n_i, D)`` and masses ``(n_i,)`` of each cloud; ``reg`` blurs the plans to them."""

    points: list[np.ndarray]
    masses: list[np.ndarray]
    reg: float = 0.0

    @cached_property
    def spread(self) -> float:
        """The root of the mean squared distance of their points from the mean of their means."""
        means = [a @ y for y, a in zip(self.points, self.masses, strict=True)]
        apart = [np.sum((y - np.mean(means, axis=0)) ** 2, axis=1) for y in self.points]
        return float(np.mean([a @ d for a, d in zip(self.masses, apart, strict=True)])) ** 0.5

    def seen_from(self, X: np.ndarray, which: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """For each cloud: the cost ``(k,)`` of the plan to it from X, and where that carries X."""
        costs, carried, epsilon = [], [], 2 * self.reg * self.spread**2
        for y, a in ((self.points[i], self.masses[i]) for i in which):
            C = cdist(X, y, "sqeuclidean")
            P = plan(C, _equal(len(X)), a, epsilon)
            costs.append(np.sum(P * C))
            carried.append(P @ y / P.sum(axis=1, keepdims=True))
        return np.array(costs), np.array(carried)


def displaced(clouds: Clouds, w: np.ndarray, /) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of one or two clouds, for weights ``(r, k)``: points ``(r, n, D)``, masses, costs ``(r,)``.

    The points that the plan joins, in their shares: with the weight t on the second cloud its
    squared distances are t² W2² and (1 - t)² W2², so the cost is t (1 - t) W2².
    """
    if len(clouds.points) == 1:
        return np.array([clouds.points[0]] * len(w)), clouds.masses[0], np.zeros(len(w))
    (x, y), (a, b) = clouds.points, clouds.masses
    P = plan(cdist(x, y, "sqeuclidean"), a, b)
    i, j = np.nonzero(P > NO_MASS)
    mass = P[i, j] / P[i, j].sum()
    squared = mass @ np.sum((x[i] - y[j]) ** 2, axis=1)
    return np.tensordot(w, [x[i], y[j]], axes=1), mass, w[:, 0] * w[:, 1] * squared


def starts(
    clouds: Clouds, which: Iterable[int], n: int, rng: np.random.Generator, /
) -> list[np.ndarray]:
    """Clouds as n points of equal mass ``(n, D)`` each.

    A cloud of n equal masses is itself; of another its points are drawn, each as often as its mass
    says, give or take one.
    """
    drawn = []
    for y, a in ((clouds.points[i], clouds.masses[i]) for i in which):
        order = rng.permutation(len(y))
        at = np.searchsorted(np.cumsum(a[order]), (np.arange(n) + 0.5) / n)
        drawn.append(y[np.sort(order[np.minimum(at, len(y) - 1)])])
    return drawn


def descend(
    clouds: Clouds, w: np.ndarray, begin: list[np.ndarray], /, *, tol: float, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """For weights ``(r, k)``: points ``(r, n, D)`` of equal mass at rest, and costs ``(r,)``.

    x ← Σ_i w_i T_i(x), where T_i(x) is the mean of what the plan to cloud i gives x. With
    |T(x) - x|² for the mean squared step, the cost falls by at least that much a round.

    Parameters
    ----------
    clouds, w
        What is averaged.
    begin
        Points ``(n, D)``: one start for all rows, or one for each cloud. Of those, a row takes the
        one of least cost among its clouds of most points, and in the end its points are numbered as
        the optimal plan from the row before says.
    tol, most
        The step at rest as a share of the clouds' spread, and the greatest number of rounds.

    Raises
    ------
    BadInput
        If a row has not come to rest.
    """
    everything, seen, ends = range(len(clouds.points)), {}, []
    for row in w:
        kept = np.flatnonzero(row)
        largest = max(len(clouds.points[i]) for i in kept)
        choice = [i for i in kept if len(clouds.points[i]) == largest] if len(begin) > 1 else [0]
        for i in choice:
            if i not in seen:
                seen[i] = clouds.seen_from(begin[i], everything)
        best = min(choice, key=lambda i: row @ seen[i][0])
        X, cost = _rest(clouds, row, begin[best], seen[best], tol * clouds.spread, most)
        if ends and len(begin) > 1:
            P = plan(cdist(ends[-1][0], X, "sqeuclidean"), _equal(len(X)), _equal(len(X)))
            X = X[P.argmax(axis=1)]
        ends.append((X, cost))
    points, costs = zip(*ends, strict=True)
    return np.array(points), np.array(costs)


def _rest(
    clouds: Clouds, w: np.ndarray, X: np.ndarray, seen: tuple[np.ndarray, np.ndarray],
    rest: float, most: int,
) -> tuple[np.ndarray, float]:  # fmt: skip
    kept = np.flatnonzero(w)
    (costs, carried), w = (part[kept] for part in seen), w[kept]
    for _ in range(most):
        target = np.tensordot(w, carried, axes=1)
        step = float(np.mean(np.sum((target - X) ** 2, axis=1))) ** 0.5
        if step <= rest:
            return X, float(w @ costs)
        X = target
        costs, carried = clouds.seen_from(X, kept)
    raise BadInput(
        f"the barycentre did not converge in {most} iterations: the last step was {step:.2g} and "
        f"{rest:.2g} is at rest; raise `max_iterations` or `tol`"
    )


def plan(C: np.ndarray, a: np.ndarray, b: np.ndarray, epsilon: float = 0.0, /) -> np.ndarray:
    """The plan ``(n, m)`` of least Σ P C + ε Σ P log P from masses ``a`` to ``b``, by POT."""
    ot = _pot()
    with warnings.catch_warnings():  # POT warns where it fails; what it gave is judged below
        warnings.simplefilter("ignore")
        if epsilon == 0:
            P, log = ot.emd(a, b, C / (C.mean() or 1.0), numItermax=10**9, log=True)
            assert log["warning"] is None, log["warning"]
            return P
        C = C / epsilon
        method = "sinkhorn" if C.max() < LARGEST_EXPONENT else "sinkhorn_log"
        P = ot.sinkhorn(a, b, C, 1.0, method=method, numItermax=SINKHORN, stopThr=ASTRAY)
    astray = float(np.abs(P.sum(axis=1) - a).sum() + np.abs(P.sum(axis=0) - b).sum())
    if not astray <= MASS_ASTRAY:
        raise BadInput(
            f"Sinkhorn did not converge in {SINKHORN} iterations: {astray:.2g} of the mass is "
            "astray; raise `reg`, or take the exact reg=0"
        )
    return P


def _equal(n: int) -> np.ndarray:
    return np.full(n, 1 / n)
