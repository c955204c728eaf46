"""What the paper found on ImageNet, held against the cells of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from zalgebra.studio.bench.cells import TITLES, Cell, Kept
from zalgebra.studio.bench.gaps import Group, References, advantage, both, farther, grouped, known

__all__ = ["ORIGINS", "Expectation", "References", "advantage", "expectations", "farther", "place"]

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
    groups = grouped(cells).values()
    judged: tuple[Callable[[Group], Expectation | None], ...] = (
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


def _above_slerp(group: Group) -> Expectation | None:
    pairs = both(group, "lol", "slerp")
    if pairs is None or not known("accuracy", *pairs):
        return None
    gap, values = advantage(*pairs), [_mean(side, "accuracy") for side in pairs]
    return Expectation(
        "LOL keeps the class more often than SLERP (69.5 % against 61.8 %)",
        place(pairs[0][0].cell),
        f"{values[0]:.1%} against {values[1]:.1%}; the gap is {100 * gap.value:+.1f} points "
        f"[{100 * gap.low:+.1f}, {100 * gap.high:+.1f}], n = {gap.n}",
        _verdict(gap.low, gap.high),
    )


def _slow_nao(group: Group) -> Expectation | None:
    pairs = both(group, "nao", "lol")
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


def _farther(method: str, group: Group, references: References) -> Expectation | None:
    pairs = both(group, method, "lol")
    if pairs is None or not known("frechet", *pairs):
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
