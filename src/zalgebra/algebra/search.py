"""Search in a subspace by asking for latents and telling how good they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.types import Array, BadInput, MissingExtra

if TYPE_CHECKING:
    from zalgebra.algebra.subspace import Subspace

__all__ = ["Best", "Search"]


@dataclass(frozen=True)
class Best:
    """The best latent so far: what it is, where it is, and how good.

    Parameters
    ----------
    latent
        Shape ``shape``.
    coords
        Its coordinates in the subspace's chart, ``(dim,)``; NaN where a centred plane does not
        reach.
    weights
        Its weights over the seeds, ``(K,)``.
    score
        What was told of it; ``None`` for a favourite.
    """

    latent: Array
    coords: Array
    weights: Array
    score: float | None


class Search:
    """Black-box search for a direction in a subspace, by CMA-ES, one population at a time.

    It looks for the *least* score unless ``maximize`` is true. The strategy moves in the K
    Cartesian coordinates h, where no chart has a seam or a pole; the length of h does not matter to
    the latents, and neither does its drift. Only the order of the scores in one population counts.

    Made by `Subspace.search`. All of its randomness comes from ``seed``: the same seed and the same
    answers give the same latents, and NumPy's global generator is left alone.

    Parameters
    ----------
    subspace
        A fitted Cartesian `Subspace`, not centred, to search in.
    coordinates
        What gives the coordinates of latents that `coords` and `best` report; default that
        subspace's own.
    seed
        Seed of all draws.
    sigma
        First standard deviation of the search around the seeds' centroid, in each coordinate, as a
        share of the distance to it: 0.5 looks about half a radian away along each axis.
    maximize
        Whether the largest score is best.
    population
        Latents to ask for at a time, at least 4; default 4 + ⌊3 ln K⌋.

    Raises
    ------
    MissingExtra
        If the package cma is not installed.

    References
    ----------
    Hansen, *The CMA evolution strategy: a tutorial*, arXiv 1604.00772.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.algebra.subspace import Subspace
    >>> rng = np.random.default_rng(0)
    >>> seeds, wanted = rng.standard_normal((3, 64)), rng.standard_normal(64)
    >>> search = Subspace().fit(seeds).search(maximize=True)
    >>> for _ in range(30):
    ...     z = search.ask()
    ...     search.tell(z @ wanted / np.linalg.norm(z, axis=1))
    >>> attainable = np.linalg.norm(np.linalg.qr(seeds.T)[0].T @ wanted)
    >>> bool(search.best.score > 0.999 * attainable)
    True
    """

    def __init__(
        self,
        subspace: Subspace,
        /,
        *,
        coordinates: Callable[[Array], Array] | None = None,
        seed: int = 0,
        sigma: float = 0.5,
        maximize: bool = False,
        population: int | None = None,
    ) -> None:
        if not (math.isfinite(sigma) and sigma > 0):
            raise BadInput(f"`sigma` must be a positive number, got {sigma}")
        K = subspace.seeds_.shape[0]
        size = 4 + int(3 * math.log(K)) if population is None else population
        self.population = at_least("population", size, 4)
        self.maximize = maximize
        self._subspace = subspace
        self._coordinates = subspace.transform if coordinates is None else coordinates
        start = np.array(to_numpy(subspace.centroid_), dtype=float)
        self._strategy = _strategy(start / np.linalg.norm(start), sigma, self.population, seed)
        self._points: list[np.ndarray] = []
        self._latents: Array | None = None
        self._best: Best | None = None

    def ask(self, n: int | None = None, /) -> Array:
        """Latents ``(n, *shape)`` to be judged next; ``n`` is ``population`` unless given.

        At least half a population is needed to learn from. Asking again before telling gives other
        latents and forgets the former.
        """
        n = at_least("n", self.population if n is None else n, self._least)
        self._points = self._strategy.ask(n)
        self._latents = self._subspace.inverse_transform(np.stack(self._points))
        return self._latents

    def tell(
        self,
        scores: Array | ArrayLike | None = None,
        /,
        latents: Array | None = None,
        *,
        chosen: Sequence[int] | None = None,
    ) -> None:
        """Learn how good latents are: those last asked for, in their order, or others.

        Parameters
        ----------
        scores
            One number for each, ``(n,)``, finite; also ranks, or stars. Smaller is better unless
            the search maximises.
        latents
            Latents ``(n, *shape)`` that the scores are of, such as items that were rated before; at
            least half a population. Default: those last asked for.
        chosen
            In place of scores: which of the latents are favourites, the best first, counted from 0.
            The first favourite becomes `best`.
        """
        z = self._asked() if latents is None else as_latents(latents, "latents")
        cost, values = self._costs(z.shape[0], scores, chosen)
        points = self._points if latents is None else self._foreign(z)
        self._strategy.tell(points, cost)
        self._keep(int(np.argmin(cost)), points, values)
        self._points, self._latents = [], None

    @property
    def best(self) -> Best:
        """The best latent of all that were told; after a choice, the latest favourite."""
        if self._best is None:
            raise BadInput("nothing was told yet: ask(), judge the latents, then tell(scores)")
        return self._best

    @property
    def coords(self) -> Array:
        """Coordinates ``(n, dim)`` of the latents that wait for their scores."""
        return self._coordinates(self._asked())

    @property
    def stopped(self) -> tuple[str, ...]:
        """Why there is little left to find, in pycma's words (``"tolfun"``, ...); else empty.

        It only informs: asking and telling can go on.
        """
        return tuple(self._strategy.stop())

    @property
    def _least(self) -> int:
        """So many are needed in a population: those that the strategy learns from."""
        return max(4, self.population // 2)

    def _asked(self) -> Array:
        if self._latents is None:
            raise BadInput("no latents wait for scores: call ask() first, or tell(scores, latents)")
        return self._latents

    def _costs(
        self, n: int, scores: Any, chosen: Sequence[int] | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """What is minimised, one number for each of ``n`` latents, and the scores as told."""
        if (scores is None) == (chosen is None):
            raise BadInput("give either scores or `chosen`, one of the two")
        if n < self._least:
            raise BadInput(f"at least {self._least} latents are needed to learn from, got {n}")
        if chosen is not None:
            return _preference(n, chosen), None
        values = np.array(to_numpy(as_latents(scores, "scores")), dtype=float)
        if values.shape != (n,):
            raise BadInput(f"`scores` must have shape ({n},), one a latent, got {values.shape}")
        return (-values if self.maximize else values), values

    def _foreign(self, z: Array) -> list[np.ndarray]:
        """Points of latents that were not asked for, as far out as the search is now.

        Their length says nothing, and a point far out would be clipped by the strategy.
        """
        h = np.array(to_numpy(self._subspace.transform(z)), dtype=float).reshape(len(z), -1)
        norms = np.linalg.norm(h, axis=1, keepdims=True)
        if np.any(norms == 0):
            raise BadInput("`latents` must each have a direction in the subspace, got one at 0")
        if not self._points:
            self._strategy.ask()  # it takes answers only after a question
        return list(h / norms * np.linalg.norm(self._strategy.mean))

    def _keep(self, i: int, points: list[np.ndarray], values: np.ndarray | None) -> None:
        """Remember the best of this population if it is the best so far."""
        score = None if values is None else float(values[i])
        if self._best is not None and score is not None and self._best.score is not None:
            worse = score < self._best.score if self.maximize else score > self._best.score
            if worse:
                return
        point = points[i][None]
        z, weights = self._subspace.inverse_transform(point), self._subspace.weights(point)
        self._best = Best(z[0, ...], self._coordinates(z)[0, :], weights[0, :], score)


def _preference(n: int, chosen: Sequence[int]) -> np.ndarray:
    """Costs by which the chosen come first, in their order, and all others tie behind them."""
    picks = [int(i) for i in chosen]
    if not picks or len(set(picks)) < len(picks) or not set(picks) <= set(range(n)):
        raise BadInput(f"`chosen` must be different numbers from 0 to {n - 1}, got {picks}")
    costs = np.full(n, float(len(picks)))
    costs[picks] = np.arange(len(picks))
    return costs


def _strategy(start: np.ndarray, sigma: float, population: int, seed: int) -> Any:
    """A silent pycma strategy that writes no files and draws from a generator of its own."""
    try:
        import cma
    except ModuleNotFoundError as error:
        raise MissingExtra("cma", "search") from error
    rng = np.random.default_rng(seed)
    options = {
        "popsize": population,
        "randn": lambda *size: rng.standard_normal(size),  # else the global generator, reseeded
        "verbose": -9,
        "verb_log": 0,
    }
    return cma.CMAEvolutionStrategy(start, sigma, options)
