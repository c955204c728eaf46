"""Paired comparisons of ways to augment: means, differences with intervals, wins and losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import wilcoxon

from _timing import table

RIVALS = ("none", "SMOTE", "mixup", "interpolate")
LEVEL = 0.05
DRAWS = 5000  # of the bootstrap


def p_value(difference: np.ndarray) -> float:
    """Wilcoxon's signed-rank test, two-sided; 1 if nothing differs."""
    difference = np.where(np.abs(difference) < 1e-12, 0, difference)
    return float(wilcoxon(difference).pvalue) if difference.any() else 1.0


def holm(p: np.ndarray) -> np.ndarray:
    """The p-values adjusted for their number (Holm 1979)."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty_like(p)
    out[order] = np.minimum(steps, 1)
    return out


def outcome(difference: np.ndarray) -> int:
    """1 won, -1 lost, 0 neither, of one set's differences over the seeds, tested at 5 %.

    Fewer than six seeds cannot reach that level: then the sign of their mean decides.
    """
    mean = difference.mean()
    if abs(mean) < 1e-12 or (len(difference) >= 6 and p_value(difference) >= LEVEL):
        return 0
    return 1 if mean > 0 else -1


def interval(difference: np.ndarray) -> str:
    """The mean in points with its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    again = difference[rng.integers(0, len(difference), (DRAWS, len(difference)))].mean(axis=1)
    low, high = 100 * np.quantile(again, [0.025, 0.975])
    return f"{100 * difference.mean():+.1f} [{low:+.1f}, {high:+.1f}]"


def summary(values: np.ndarray, ways: Sequence[str], rivals: Sequence[str] = RIVALS) -> str:
    """Each way against each rival, of ``(sets, seeds, ways)``.

    Over several sets a comparison is one of sets: the difference of a set is its mean over the
    seeds. Of one set alone, it is one of seeds.
    """
    several = len(values) > 1
    units = values.mean(axis=1) if several else values[0]  # (units, ways)
    cells: dict[str, list[str]] = {way: [] for way in ways}
    for rival in rivals:
        j = ways.index(rival)
        others = [i for i in range(len(ways)) if i != j]
        raw = np.array([p_value(units[:, i] - units[:, j]) for i in others])
        p = dict(zip(others, holm(raw), strict=True))
        for i, way in enumerate(ways):
            parts = values[:, :, i] - values[:, :, j]
            won = [outcome(d) for d in parts] if several else np.sign(parts[0].round(12)).tolist()
            counts = " : ".join(str(won.count(sign)) for sign in (1, 0, -1))
            cells[way].append("" if i == j else f"{counts}, {told(p[i])}")
    smote = ways.index("SMOTE")
    order = np.argsort(-units.mean(axis=0), kind="stable")
    rows = [
        [
            ways[i],
            f"{100 * units[:, i].mean():.1f}",
            "" if i == smote else interval(units[:, i] - units[:, smote]),
            *cells[ways[i]],
        ]
        for i in order
    ]
    head = ["way", "mean, %", "to SMOTE [95 %]", *(f"against {rival}" for rival in rivals)]
    return table(head, rows)


def told(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def every(
    values: np.ndarray, ways: Sequence[str], listed: Sequence[str], facts: Mapping[str, list[str]]
) -> str:
    """A row for each set: means over the seeds, the best bold, + or - where it beats SMOTE."""
    places, smote, rows = [ways.index(way) for way in listed], ways.index("SMOTE"), []
    for (name, of), scored in zip(facts.items(), values, strict=True):
        means = 100 * scored[:, places].mean(axis=0)
        marks = {1: " +", 0: "", -1: " −"}
        shown = [f"**{m:.1f}**" if m > means.max() - 0.05 else f"{m:.1f}" for m in means]
        against = [marks[outcome(scored[:, i] - scored[:, smote])] for i in places]
        rows.append([name, *of, *(a + b for a, b in zip(shown, against, strict=True))])
    return table(["table", "rows", "rare", *listed], rows)
