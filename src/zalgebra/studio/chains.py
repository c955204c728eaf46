"""Edits one after another: what each did, how far it went, and whether their order matters.

Changes are joined into one combination as long as that says the same: sums of latents and shifts
along directions do, whatever their order, for addition commutes and the prior is applied once. A
turn by an angle does not: what comes after it starts from the turned latent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import Certificate, check
from zalgebra.algebra.items import Items
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.paths import lengths
from zalgebra.types import Prior

__all__ = ["Order", "Reach", "Step", "beyond", "chained", "is_joined", "order_of", "steps_of"]

CENTRAL = 0.99  # of the items along a direction; what lies outside is beyond the data
ROUNDING = 1e-5  # of float32, a few operations long
FEWEST = 100  # items below which there is no telling where 99 % of them end

Realise = Callable[[Latent], np.ndarray]


@dataclass(frozen=True)
class Reach:
    """How far a change went along one of its directions, among ``n`` items.

    Parameters
    ----------
    direction
        Its name.
    before, after
        Per cent of the items that lie below the latent along the direction.
    beyond
        Whether it ended outside of the central 99 % of them.
    n
        How many items it was held against.
    """

    direction: str
    before: float
    after: float
    beyond: bool
    n: int


@dataclass(frozen=True)
class Step:
    """One change: its words, and what it made of what was there before it."""

    words: str
    latent: np.ndarray
    certificate: Certificate
    reach: tuple[Reach, ...] = ()

    def warnings(self) -> list[str]:
        """One sentence for each direction along which it left the data."""
        return [
            f"beyond 99 % of the {r.n} items along {r.direction}, where the model has seen little"
            for r in self.reach
            if r.beyond
        ]

    def sentence(self) -> str:
        """What it made, in words."""
        return "; ".join([f"{self.words}: {self.certificate.verdict}", *self.warnings()])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the latent."""
        return {
            "change": self.words,
            "beyond": any(r.beyond for r in self.reach),
            "reach": [asdict(r) for r in self.reach],
            "certificate": self.certificate.to_dict(),
        }


@dataclass(frozen=True)
class Order:
    """Whether changes commute, by what they make in order and in reversed order.

    Parameters
    ----------
    joined
        Whether they are one combination, so that they commute by construction.
    degrees
        Angle between both results, in the prior's standard normal coordinates.
    distance
        Length of their difference there, over the length of the first.
    pairs
        The angle for each two of the changes alone, ``"a | b"``, where there are more than two.
    """

    joined: bool
    degrees: float
    distance: float
    pairs: Mapping[str, float] = field(default_factory=dict)

    def sentence(self) -> str:
        """Whether the order matters, in words."""
        if self.joined:
            return "order: one combination, so the order of the changes makes no difference"
        if self.distance < ROUNDING:
            return "order: it makes no difference to these changes"
        found = f"{self.degrees:.2g}° and {self.distance:.2g} of the norm away"
        worst = max(self.pairs, key=lambda k: self.pairs[k], default="")
        more = f"; most between {worst.replace(' | ', ' and ')}" if worst else ""
        return f"order: it matters, reversed they end {found}{more}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "pairs": dict(self.pairs)}


def chained(item: Latent, changes: Sequence[Latent], realise: Realise) -> Iterator[Latent]:
    """The recipe after each change; what follows a turn starts from the turned latent."""
    latent = item
    for i, change in enumerate(changes):
        if _turns(latent):
            latent = Latent(realise(latent), f"what change {i} made")
        latent = latent + change
        yield latent


def is_joined(changes: Sequence[Latent]) -> bool:
    """Whether changes are one combination in this order: none comes after a turn."""
    return not any(_turns(change) for change in changes[:-1])


def _directions(change: Latent) -> list[str]:
    """The names of the directions that a change goes along."""
    parts = (part.name for part in change.provenance() if part.kind in ("shift", "turn"))
    return list(dict.fromkeys(parts))


def _turns(latent: Latent) -> bool:
    return any(part.kind == "turn" for part in latent.provenance())


def steps_of(
    item: Latent, changes: Sequence[Latent], realise: Realise, prior: Prior, items: Items
) -> list[Step]:
    """What each change made, and how far along its directions it went among the items."""
    steps, before = [], realise(item)
    for change, latent in zip(changes, chained(item, changes, realise), strict=True):
        z = realise(latent)
        names = _directions(change) if len(items) >= FEWEST else []
        axes = {name: getattr(items[name], "vector", None) for name in names}
        known = {name: axis for name, axis in axes.items() if axis is not None}
        reach = [_reach(name, axis, before, z, items.latents) for name, axis in known.items()]
        steps.append(Step(repr(change), z, check(z[None], prior), tuple(reach)))
        before = z
    return steps


def _reach(
    name: str, axis: np.ndarray, before: np.ndarray, after: np.ndarray, items: np.ndarray
) -> Reach:
    along = items.reshape(len(items), -1) @ axis.ravel()
    below = [float(100 * np.mean(along < z.ravel() @ axis.ravel())) for z in (before, after)]
    return Reach(name, *below, bool(beyond(after[None], items, axis)[0]), len(items))


def beyond(latents: np.ndarray, items: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Which latents ``(n, *shape)`` lie outside of the central 99 % of the items along an axis."""
    tail, axis = (1 - CENTRAL) / 2, axis.ravel()
    low, high = np.quantile(items.reshape(len(items), -1) @ axis, [tail, 1 - tail])
    along = latents.reshape(len(latents), -1) @ axis
    return (along < low) | (along > high)


def order_of(
    item: Latent, changes: Sequence[Latent], realise: Realise, prior: Prior
) -> Order | None:
    """Whether changes commute: the item after them in order, against in reversed order.

    None for a change along one direction, which has no order.
    """
    if len(changes) == 1 or not any(_turns(change) for change in changes):
        several = len(changes) > 1 or len(_directions(changes[0])) > 1
        return Order(joined=True, degrees=0.0, distance=0.0) if several else None
    pairs = {}
    if len(changes) > 2:
        for a, b in combinations(changes, 2):
            pairs[f"{a!r} | {b!r}"] = _apart(item, (a, b), realise, prior)[0]
    return Order(False, *_apart(item, changes, realise, prior), pairs)


def _apart(
    item: Latent, changes: Sequence[Latent], realise: Realise, prior: Prior
) -> tuple[float, float]:
    """Angle in degrees and relative distance between the results of both orders."""
    ends = [list(chained(item, order, realise))[-1] for order in (changes, changes[::-1])]
    z = np.stack([realise(end) for end in ends]).astype(float)
    u = prior.to_normal(z).reshape(2, -1)
    distance = np.linalg.norm(u[0] - u[1]) / np.linalg.norm(u[0])
    return float(np.degrees(lengths(z, prior=prior)[0])), float(distance)
