"""A walk: a way through keyframes, at a pace, as latents that know where on it they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra import weights as rows
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.certificate import check
from zalgebra.algebra.methods import METHODS
from zalgebra.studio.result import BATCH, Result
from zalgebra.studio.way_curves import Stops, listed
from zalgebra.studio.ways import WAYS, Way, split, way_through
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.workspace import Workspace

__all__ = ["PACES", "Walk", "walk"]

PACES = ("time", "arc", "even")
FINE, MOST = 32, 1025  # places a segment that are measured for an even pace, and in all
ROUNDS = 20  # of them, at most: at corners it takes more than a few
STILL = 1e-5  # of a picture: what changes less, on the whole way, is rounding
ON = 1e-6  # of a segment: what is nearer to a keyframe is on it


@dataclass(frozen=True, repr=False)
class Walk(Result):
    """What `Workspace.walk` gives: a `Result` with the places and what is to say of the way.

    Parameters
    ----------
    places
        Where each latent lies ``(n,)``: 1.25 is a quarter of the way from the second keyframe to
        the third.
    notes
        What a person should know of the way and its pace, one sentence each.
    way
        The same and more as plain JSON values.
    """

    places: np.ndarray = field(default_factory=lambda: np.zeros(0))
    notes: Sequence[str] = ()
    way: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> np.ndarray:
        """Which latents are keyframes ``(n,)``."""
        return np.abs(self.places - np.round(self.places)) <= ON

    def lines(self) -> list[str]:
        """What there is to say of it, one sentence a line."""
        return [*super().lines(), *self.notes]

    def to_dict(self) -> dict[str, Any]:
        """Certificate and way as plain JSON values."""
        return {**super().to_dict(), "way": dict(self.way)}

    def __repr__(self) -> str:
        said = "; ".join(self.lines())
        return f"Walk({self.expression!r}, {len(self.latents)}: {said})"


def walk(
    space: Workspace, keyframes: Sequence[str], steps: int, *, method: str, closed: bool, pace: str
) -> Walk:
    """Latents on the way through expressions: see `Workspace.walk`."""
    for name, value, known in (("method", method, WAYS), ("pace", pace, PACES)):
        if value not in known:
            raise BadInput(f"`{name}` of a walk must be one of {', '.join(known)}, got {value!r}")
    at_least("keyframes", len(keyframes), 2)
    steps = at_least("steps", steps, 2)
    stops = _stops(space, keyframes, method, closed)
    arcs = _angles(space, stops) if pace == "arc" else None
    way, count = way_through(space, stops, method), steps + closed
    places = np.arange(count) * (len(stops) - 1) / (count - 1)
    facts, notes = dict(way.facts), list(way.notes)
    if arcs is not None:
        places = _by_angles(space, way, places, arcs if method in METHODS else None)
    elif pace == "even" and len(places) > 2:
        places, uneven = evenly(_pictures(space, way), places)
        facts["unevenness"] = uneven
        notes.append(
            f"the picture's steps differ by {uneven['after']:.1%}, at the pace of time by "
            f"{uneven['before']:.1%} (standard deviation over their mean)"
        )
    if between := _between(places, stops):
        one = "lies" if len(between) == 1 else "lie"
        notes.append(f"{listed(between)} {one} between two frames")
    places = places[:steps]
    z = way.at(places)
    return Walk(
        " → ".join(keyframes), z, check(z, space.prior), space.model.inverse_transform,
        captions=[_whereabouts(place, stops) for place in places],
        places=places, notes=notes, way={"method": method, "pace": pace, **facts},
    )  # fmt: skip


def _stops(space: Workspace, keyframes: Sequence[str], method: str, closed: bool) -> Stops:
    """The keyframes, each as it is by itself; a curve's are those of `Workspace.mix`."""
    names, keys = list(keyframes), [space.evaluate(key) for key in keyframes]
    if closed:
        names, keys = [*names, names[0]], [*keys, keys[0]]
    how = space._how(method if method in METHODS else "lol")
    met = [np.asarray(key.array(prior=space.prior, **how), dtype=np.float32) for key in keys]
    return Stops(names, keys, np.stack(met), closed)


def _angles(space: Workspace, stops: Stops) -> np.ndarray:
    """Angles from stop to stop."""
    arcs = rows.lengths(stops.met, prior=space.prior)
    for i in np.flatnonzero(arcs == 0):
        raise BadInput(
            f"{stops.names[i]!r} and {stops.names[i + 1]!r} are one place, with no arc between: "
            "leave one out"
        )
    return arcs


def _by_angles(
    space: Workspace, way: Way, places: np.ndarray, arcs: np.ndarray | None
) -> np.ndarray:
    """Places at one speed by the angles between stops; on a curve, by its length in the latent."""
    if arcs is not None:
        stops = len(arcs) + 1
        return rows.polyline(stops, len(places), pace=arcs) @ np.arange(stops)

    def coordinates(places: np.ndarray) -> Iterator[np.ndarray]:
        yield from np.asarray(space.prior.to_normal(way.at(places)), dtype=float)

    return evenly(coordinates, places)[0] if len(places) > 2 else places


def _pictures(space: Workspace, way: Way) -> Callable[[np.ndarray], Iterator[np.ndarray]]:
    """What the model decodes at places, a few at a time."""

    def pictures(places: np.ndarray) -> Iterator[np.ndarray]:
        z = way.at(places)
        for first in range(0, len(z), BATCH):
            yield from space.model.inverse_transform(z[first : first + BATCH])

    return pictures


def evenly(
    look: Callable[[np.ndarray], Iterator[np.ndarray]], places: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """As many places from the first to the last, with equal steps of what is seen there.

    Also the standard deviation of the steps over their mean, ``before`` and ``after``.
    """
    from zalgebra.models.geodesics_pace import even_pace

    def covered(at: np.ndarray) -> np.ndarray:
        """One number a place, so that a film's pictures need not be held together."""
        steps, far, size = [], 0.0, 0.0
        first = before = None
        for now in (seen.astype(float) for seen in look(at[:, 0])):
            first, before = (now, now) if first is None else (first, before)
            steps.append(float(np.linalg.norm(now - before)))
            far = max(far, float(np.linalg.norm(now - first)))
            size, before = max(size, float(np.linalg.norm(now))), now
        if not far > STILL * size:
            raise BadInput("nothing is seen to change on this walk, so no pace can be even")
        return np.cumsum(steps)[:, None]

    shown = np.linspace(places[0], places[-1], min(len(places), MOST))
    fine = max(len(shown), min(FINE * int(places[-1]) + 1, MOST))
    measured = np.linspace(places[0], places[-1], fine)
    found = even_pace(measured[:, None], covered, steps=len(shown), rounds=ROUNDS)
    before = found.before
    if fine > len(shown):
        steps = np.diff(covered(shown[:, None])[:, 0])
        before = float(steps.std() / steps.mean())
    share = np.linspace(0, 1, len(places)), np.linspace(0, 1, len(shown))
    even = np.interp(*share, np.asarray(found.path)[:, 0])
    return even, {"before": before, "after": found.deviation}


def _between(places: np.ndarray, stops: Stops) -> list[str]:
    """The keyframes that no frame is at."""
    on = [bool(np.abs(places - i).min() <= ON) for i in range(len(stops))]
    met = {name for name, is_on in zip(stops.names, on, strict=True) if is_on}
    return [name for name in dict.fromkeys(stops.names) if name not in met]


def _whereabouts(place: float, stops: Stops) -> str:
    """Where on the way a place is: ``img:1``, or ``37 % img:1 → img:2``."""
    if abs(place - round(place)) <= ON:
        return stops.names[round(place)]
    (i,), (t,) = split(np.array([place]), len(stops) - 1)
    return f"{100 * t:.0f} % {stops.segment(i)}"
