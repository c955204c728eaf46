"""What the paper found on ImageNet, held against the cells of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from zalgebra.measures import Score, frechet_difference
from zalgebra.measures.intervals import Z95, averaged
from zalgebra.studio.bench.cells import TITLES, Cell, Kept

__all__ = ["ORIGINS", "Expectation", "References", "advantage", "expectations", "farther", "place"]

References = Mapping[tuple[str, int], tuple[np.ndarray, np.ndarray]]
"""Source and seed to the features ``(m, d)`` and classes ``(m,)`` of real items."""

ORIGINS = {"real": "real items", "prior": "draws from the prior"}
AHEAD, BEHIND, NEITHER = "holds", "the opposite holds", "no difference is seen"
TIMES = 10  # as long as LOL's, at least, of the paper's optimiser


@dataclass(frozen=True)
class Expectation:
    """One claim on one kind of cell, and what was found.

    Parameters
    ----------
    claim
        What the paper reports.
    place
        Which cells: seeds' source, what is made, and k.
    found
        The figure, with its interval.
    verdict
        ``"holds"``, ``"the opposite holds"`` or ``"no difference is seen"``.
    """

    claim: str
    place: str
    found: str
    verdict: str

    def to_dict(self) -> dict[str, str]:
        """Plain JSON values."""
        return asdict(self)


def expectations(cells: Sequence[Kept], references: References, /) -> list[Expectation]:
    """All that the cells can tell: of every kind of cell that has the methods concerned."""
    groups = _groups(cells).values()
    judged: tuple[Callable[[dict[str, list[Kept]]], Expectation | None], ...] = (
        _above_slerp,
        lambda group: _farther("slerp", group, references),
        _slow_nao,
        lambda group: _farther("linear", group, references),
    )
    return [one for judge in judged for group in groups if (one := judge(group)) is not None]


def place(cell: Cell, /) -> str:
    """Which kind of cell, in words."""
    origin = ORIGINS[cell.source]
    if cell.what == "seeds":
        return f"the seeds themselves ({origin})"
    return f"{cell.what} of {cell.k} ({origin})"


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
    return averaged([_gap(a, b) for a, b in zip(one, other, strict=True)])


def _gap(one: Kept, other: Kept) -> Score:
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
    gaps = []
    for a, b in zip(one, other, strict=True):
        _, i, j = np.intersect1d(a.at, b.at, return_indices=True)
        f, y = references[a.cell.source, a.cell.seed]
        real = f[np.isin(y, np.unique(a.wanted))]
        gaps.append(frechet_difference(real, a.features[i], b.features[j]))
    return averaged(gaps)


def _groups(cells: Sequence[Kept]) -> dict[tuple[str, str, int], dict[str, list[Kept]]]:
    """Kind of cell to method to its repeats, by their seeds."""
    groups: dict[tuple[str, str, int], dict[str, list[Kept]]] = {}
    for kept in cells:
        cell = kept.cell
        if cell.what != "seeds":
            group = groups.setdefault((cell.source, cell.what, cell.k), {})
            group.setdefault(cell.method, []).append(kept)
    return groups


def _both(group: dict[str, list[Kept]], a: str, b: str) -> tuple[list[Kept], list[Kept]] | None:
    """The repeats that both methods have."""
    of = [{k.cell.seed: k for k in group.get(method, [])} for method in (a, b)]
    shared = sorted(of[0].keys() & of[1].keys())
    return ([of[0][s] for s in shared], [of[1][s] for s in shared]) if shared else None


def _above_slerp(group: dict[str, list[Kept]]) -> Expectation | None:
    pairs = _both(group, "lol", "slerp")
    if pairs is None or any(k.figures["accuracy"] is None for side in pairs for k in side):
        return None
    gap, values = advantage(*pairs), [_mean(side, "accuracy") for side in pairs]
    return Expectation(
        "LOL keeps the class more often than SLERP (69.5 % against 61.8 %)",
        place(pairs[0][0].cell),
        f"{values[0]:.1%} against {values[1]:.1%}; the gap is {100 * gap.value:+.1f} points "
        f"[{100 * gap.low:+.1f}, {100 * gap.high:+.1f}], n = {gap.n}",
        _verdict(gap.low, gap.high),
    )


def _slow_nao(group: dict[str, list[Kept]]) -> Expectation | None:
    pairs = _both(group, "nao", "lol")
    if pairs is None:
        return None
    ratio = np.array(
        [a.figures["seconds"] / b.figures["seconds"] for a, b in zip(*pairs, strict=True)]
    )
    return Expectation(
        f"NAO takes at least {TIMES} times as long as LOL",
        place(pairs[0][0].cell),
        f"{np.median(ratio):,.0f} times, a call each",
        AHEAD if ratio.min() >= TIMES else BEHIND if ratio.max() < TIMES else NEITHER,
    )


def _farther(
    method: str, group: dict[str, list[Kept]], references: References
) -> Expectation | None:
    pairs = _both(group, method, "lol")
    if pairs is None or any(k.figures["frechet"] is None for side in pairs for k in side):
        return None
    gap, values = farther(*pairs, references), [_mean(side, "frechet") for side in pairs]
    right = advantage(*pairs)
    return Expectation(
        f"{TITLES[method]} is behind LOL in Fréchet distance",
        place(pairs[0][0].cell),
        f"{values[0]:.1f} against {values[1]:.1f}; the gap is {gap.value:+.1f} "
        f"[{gap.low:+.1f}, {gap.high:+.1f}] (class accuracy {100 * right.value:+.1f} points "
        f"[{100 * right.low:+.1f}, {100 * right.high:+.1f}])",
        _verdict(gap.low, gap.high),
    )


def _mean(side: Sequence[Kept], name: str) -> float:
    return float(np.mean([k.figures[name]["value"] for k in side]))


def _verdict(low: float, high: float) -> str:
    return AHEAD if low > 0 else BEHIND if high < 0 else NEITHER
