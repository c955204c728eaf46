"""What lies between two methods, over pairs of the same seeds and weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures import Score, frechet_difference
from zalgebra.measures.intervals import Z95, averaged
from zalgebra.studio.bench.cells import METHODS, Cell, Kept

__all__ = [
    "Gap",
    "Group",
    "References",
    "advantage",
    "baseline",
    "both",
    "farther",
    "gaps",
    "grouped",
    "known",
]

Group = Mapping[str, Sequence[Kept]]
"""Method to its repeats, of one kind of cell."""

References = Mapping[tuple[str, int], tuple[np.ndarray, np.ndarray]]
"""Source and seed to the features ``(m, d)`` and classes ``(m,)`` of real items."""


@dataclass(frozen=True)
class Gap:
    """A method less another one, on one kind of cell.

    Parameters
    ----------
    cell
        Which: its method is the one, its seed that of the first repeat.
    against
        The other method.
    seeds
        The repeats that both have.
    n
        Pairs of results, over all of these repeats.
    frechet
        Gap in Fréchet distance, below 0 if the one is nearer to real items; None where one of them
        has none.
    accuracy
        Gap in class accuracy, above 0 if the one keeps the class more often.
    """

    cell: Cell
    against: str
    seeds: tuple[int, ...]
    n: int
    frechet: Score | None
    accuracy: Score | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        c, scores = self.cell, {"frechet": self.frechet, "accuracy": self.accuracy}
        return {
            "source": c.source, "what": c.what, "k": c.k, "method": c.method,
            "against": self.against, "seeds": list(self.seeds), "n": self.n,
            **{name: None if s is None else s.to_dict() for name, s in scores.items()},
        }  # fmt: skip


def gaps(cells: Sequence[Kept], references: References, against: str, /) -> list[Gap]:
    """Every other method less ``against``, of every kind of cell that has both."""
    return [
        _gap(*pairs, references)
        for group in grouped(cells).values()
        for method in group
        if method != against and (pairs := both(group, method, against)) is not None
    ]


def _gap(one: Sequence[Kept], other: Sequence[Kept], references: References) -> Gap:
    return Gap(
        one[0].cell,
        other[0].cell.method,
        tuple(k.cell.seed for k in one),
        sum(len(np.intersect1d(a.at, b.at)) for a, b in zip(one, other, strict=True)),
        farther(one, other, references) if known("frechet", one, other) else None,
        advantage(one, other) if known("accuracy", one, other) else None,
    )


def baseline(cells: Sequence[Kept], /) -> str:
    """What gaps are taken to where nothing else is asked: LOL, or else the first method there is.

    It is not the best one: that would be chosen on the very results that it is compared on.
    """
    there = {kept.cell.method for kept in cells}
    return next((m for m in ("lol", *METHODS) if m in there), "lol")


def advantage(one: Iterable[Kept], other: Iterable[Kept], /) -> Score:
    """Class accuracy of one method less that of another, over pairs of the same seeds and weights.

    With b pairs in which only the one is right and c in which only the other is, the interval of a
    repeat is that of b + 1/2 and c + 1/2 among n + 2, which holds for small b and c too. Where one
    method made fewer, the pairs are those that both made.

    References
    ----------
    Agresti and Min, *Simple improved confidence intervals for comparing matched proportions*
    (2005).
    """
    return averaged([_more_often(a, b) for a, b in zip(one, other, strict=True)])


def _more_often(one: Kept, other: Kept) -> Score:
    _, i, j = np.intersect1d(one.at, other.at, return_indices=True)
    hits = [(x.read == x.wanted).astype(float) for x in (one, other)]
    gap = hits[0][i] - hits[1][j]
    n, total = len(gap), gap.sum()
    middle = total / (n + 2)
    half = Z95 * np.sqrt(np.abs(gap).sum() + 1 - total * middle) / (n + 2)
    question = "class accuracy of one less that of the other"
    return Score(float(total / n), float(middle - half), float(middle + half), n, question)


def farther(one: Iterable[Kept], other: Iterable[Kept], references: References, /) -> Score:
    """Fréchet distance of one method less that of another, over pairs of the same seeds."""
    found = []
    for a, b in zip(one, other, strict=True):
        _, i, j = np.intersect1d(a.at, b.at, return_indices=True)
        f, y = references[a.cell.source, a.cell.seed]
        real = f[np.isin(y, np.unique(a.wanted))]
        found.append(frechet_difference(real, a.features[i], b.features[j]))
    return averaged(found)


def grouped(cells: Sequence[Kept], /) -> dict[tuple[str, str, int], dict[str, list[Kept]]]:
    """Kind of cell to method to its repeats, by their seeds; the seeds themselves left out."""
    groups: dict[tuple[str, str, int], dict[str, list[Kept]]] = {}
    for kept in cells:
        cell = kept.cell
        if cell.what != "seeds":
            group = groups.setdefault((cell.source, cell.what, cell.k), {})
            group.setdefault(cell.method, []).append(kept)
    return groups


def both(group: Group, a: str, b: str, /) -> tuple[list[Kept], list[Kept]] | None:
    """The repeats that both methods have, in one order."""
    of = [{k.cell.seed: k for k in group.get(method, [])} for method in (a, b)]
    shared = sorted(of[0].keys() & of[1].keys())
    return ([of[0][s] for s in shared], [of[1][s] for s in shared]) if shared else None


def known(name: str, /, *sides: Sequence[Kept]) -> bool:
    """Whether every repeat of every side has this figure."""
    return all(k.figures[name] is not None for side in sides for k in side)
