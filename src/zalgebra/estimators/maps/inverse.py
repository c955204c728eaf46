"""From places on a map back to latents, with the error to be expected at each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zalgebra.algebra.combine import combine
from zalgebra.estimators.maps.neighbours import nearest, smoothing
from zalgebra.estimators.maps.networks import regress
from zalgebra.estimators.maps.outside import Region
from zalgebra.estimators.maps.report import MapInverse
from zalgebra.estimators.maps.rules import Rule
from zalgebra.types import BadInput, Prior

__all__ = ["INVERSES", "Inverse", "Make", "Mix", "Rows", "learn"]

INVERSES = ("auto", "neighbours", "network")
MIXED = (5, 15, 45)  # neighbours on the map that are tried
STEPS = 1000  # of the network's training
HELD = 5  # one item in so many is held out
OWN_HELD = 500  # at most so many, where the library's own inverse takes long
AROUND = 20  # held-out items that tell the error at a point
BLOCK = 1 << 22  # entries of neighbours held at once

Rows = np.ndarray | slice
Make = Callable[[Rows], Rule]  # from the items that it may know


@dataclass(frozen=True, eq=False)
class Mix(Rule):
    """The combination of the k items that are nearest on the map.

    Weights as in `zalgebra.estimators.maps.neighbours.smoothing`; realised by `zalgebra.combine`
    with estimated correlations, since neighbours hang together.
    """

    places: np.ndarray
    latents: np.ndarray
    k: int

    def __call__(self, x: np.ndarray, /, prior: Prior | None = None) -> np.ndarray:
        """Latents ``(m, *shape)`` that follow the prior; None is N(0, 1)."""
        k = min(self.k, len(self.places) - 1)
        rows, apart = nearest(x, self.places, k + 1)
        w = smoothing(apart)
        step = max(1, BLOCK // (k * math.prod(self.latents.shape[1:])))
        found = np.empty((len(x), *self.latents.shape[1:]), self.latents.dtype)
        for i in range(0, len(x), step):
            part, seeds = slice(i, i + step), self.latents[rows[i : i + step, :-1]]
            found[part] = combine(w[part], seeds, prior=prior, correlation="estimate", axis=1)
        return found


@dataclass(frozen=True, eq=False)
class Inverse:
    """A rule from places to latents, and what its held-out items told.

    Parameters
    ----------
    rule
        A `Mix` or a `zalgebra.estimators.maps.networks.Network`.
    name
        Which candidate it is.
    scores
        The held-out error of each candidate, root mean square over items and entries.
    seen, missed
        Places ``(h, d)`` of the held-out items, and their squared errors ``(h,)``, mean over
        entries.
    spread
        Mean square over entries of how far an item is from another one.
    region
        Where the map knows something.
    shape
        Of one latent.
    prior
        What the latents are brought back to; None: nothing.
    """

    rule: Rule
    name: str
    scores: dict[str, float]
    seen: np.ndarray
    missed: np.ndarray
    spread: float
    region: Region
    shape: tuple[int, ...]
    prior: Prior | None

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """Latents ``(m, *shape)`` of places ``(m, d)``.

        A network is asked no farther than the box of the items, since its answers grow for ever.
        """
        x = x if isinstance(self.rule, Mix) else self.region.within(x, 0)
        return realised(self.rule, x, self.shape, self.prior)

    def report(self, x: np.ndarray, /) -> MapInverse:
        """What is to be expected at places ``(m, d)``."""
        distance = self.region(x)[:, 0]
        return MapInverse(
            error=self._error(x, distance),
            outside=self.region.is_outside(x),
            distance=distance,
            method=self.name,
            held_out=self.scores[self.name],
            reach=self.region.reach,
        )

    def _error(self, x: np.ndarray, distance: np.ndarray) -> np.ndarray:
        r"""The local error e, which goes over to that of any item with the distance d in reaches.

        $$\sqrt{(1 - s)\, e^2 + s\, \mathrm{spread}}, \qquad s = 1 - \exp(-\max(0, d - 1))$$
        """
        rows, apart = nearest(x, self.seen, min(AROUND, len(self.seen) - 1) + 1)
        local = (smoothing(apart) * self.missed[rows[:, :-1]]).sum(axis=1)
        s = -np.expm1(-np.maximum(0, distance - 1))
        return np.sqrt((1 - s) * local + s * np.maximum(self.spread, local))


def realised(rule: Rule, x: np.ndarray, shape: tuple[int, ...], prior: Prior | None) -> np.ndarray:
    """Latents ``(m, *shape)`` of a rule, brought back to the prior if there is one."""
    if isinstance(rule, Mix):
        return rule(x, prior)
    z = rule(x).reshape(len(x), *shape)
    if prior is None or not len(z):
        return z
    return combine(np.ones((len(z), 1)), z[:, None], prior=prior, method="norm", axis=1)


def learn(
    places: np.ndarray,
    latents: np.ndarray,
    region: Region,
    /,
    *,
    method: str,
    prior: Prior | None,
    random_state: int,
    own: Make | None = None,
) -> Inverse:
    """The candidate with the smallest held-out error, learned anew from all items.

    One item in five is held out from the inverse (the map has seen it), and the error is that of
    latents that have been brought back to the prior. The ``own`` inverse of the map's library, if
    it is given, is the only candidate.
    """
    order = np.random.default_rng(random_state).permutation(len(places))
    count = max(2, len(order) // HELD) if own is None else min(OWN_HELD, len(order) // HELD)
    held, kept = order[:count], order[count:]
    shape, missed = latents.shape[1:], {}
    n = len(kept)
    makers = _makers(places, latents, method, n, random_state) if own is None else {method: own}
    for name, make in makers.items():
        found = realised(make(kept), places[held], shape, prior)
        missed[name] = ((found - latents[held]) ** 2).reshape(len(held), -1).mean(axis=1)
    scores = {name: float(np.sqrt(m.mean())) for name, m in missed.items()}
    best = min(scores, key=lambda name: scores[name])
    flat = latents.reshape(len(latents), -1)
    return Inverse(
        rule=makers[best](slice(None)),
        name=best,
        scores=scores,
        seen=places[held],
        missed=missed[best],
        spread=2 * float(flat.var(axis=0).mean()),
        region=region,
        shape=shape,
        prior=prior,
    )


def _makers(
    places: np.ndarray, latents: np.ndarray, method: str, n: int, random_state: int
) -> dict[str, Make]:
    """The candidates that a method names, each from the items that it may know to a rule."""
    if method not in INVERSES:
        raise BadInput(f"`inverse` must be one of {', '.join(INVERSES)}, got {method!r}")

    def network(kept: Rows) -> Rule:
        flat = latents.reshape(len(latents), -1)[kept]
        return regress(places[kept], flat, width=128, steps=STEPS, random_state=random_state)

    def mix(k: int) -> Make:
        return lambda kept: Mix(places[kept], latents[kept], k)

    ks = [k for k in MIXED if k < n] or [n - 1]
    makers: dict[str, Make] = {f"neighbours, k = {k}": mix(k) for k in ks}
    return {
        name: make
        for name, make in {**makers, "network": network}.items()
        if method in ("auto", name.partition(",")[0])
    }
