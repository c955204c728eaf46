"""Precision and recall, density and coverage: how two sets share their supports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures.features import Features, blocks, two_sets
from zalgebra.measures.intervals import mean_score
from zalgebra.measures.score import Score, proportion
from zalgebra.types import Array, BadInput

__all__ = ["Support", "squared_distances", "support"]


@dataclass(frozen=True)
class Support:
    """How real and generated items share their supports, each figure with its interval.

    Parameters
    ----------
    precision
        Share of generated items inside the real support (Kynkäänniemi).
    recall
        Share of real items inside the generated support (Kynkäänniemi).
    density
        Mean number of real neighbourhoods that a generated item lies in, over k; 1 where both
        distributions are one, and it may exceed 1 (Naeem).
    coverage
        Share of real items whose neighbourhood holds a generated item (Naeem).
    k
        The number of neighbours that makes a neighbourhood.
    """

    precision: Score
    recall: Score
    density: Score
    coverage: Score
    k: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {k: v.to_dict() if isinstance(v, Score) else v for k, v in vars(self).items()}

    def __str__(self) -> str:
        figures = (f"{k} {v}" for k, v in vars(self).items() if isinstance(v, Score))
        return f"{', '.join(figures)}; k = {self.k}"


def support(
    real: Array, generated: Array, /, *, k: int = 5, features: Features | None = None
) -> Support:
    """Precision, recall, density and coverage from balls around items.

    The ball of an item reaches to its k-th nearest neighbour in its own set; the support of a set
    is the union of its balls. Balls shrink as sets grow, so the figures depend on n: compare sets
    of one size. Each interval is over the items that are judged, with the balls held fixed.

    Parameters
    ----------
    real, generated
        Items ``(n, *shape)``, or features ``(n, D)``, more than ``k`` each; any array library.
    k
        Neighbours (default 5; Kynkäänniemi takes 3).
    features
        From items to features ``(n, D)``; by default the items are features already.

    References
    ----------
    Kynkäänniemi et al., *Improved precision and recall metric*, arXiv 1904.06991. Naeem et al.,
    *Reliable fidelity and diversity metrics*, arXiv 2002.09797.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import support
    >>> x, y = np.random.default_rng(0).standard_normal((2, 400, 4))
    >>> found = support(x, y / 3)  # timid: all of it plausible, most of the real items missed
    >>> found.precision.value > 0.95, found.recall.value < 0.4
    (True, True)
    """
    if not isinstance(k, int) or k < 1:
        raise BadInput(f"`k` must be a whole number from 1 on, got {k!r}")
    x, y = two_sets(real, generated, features, least=k + 1)
    centre = x.mean(axis=0)
    x, y = x - centre, y - centre
    around_x, around_y = _radii(x, k), _radii(y, k)
    inside_x, inside_y, covered = _memberships(x, y, around_x, around_y)
    return Support(
        precision=proportion(inside_x > 0, "share of generated items in the real support"),
        recall=proportion(inside_y, "share of real items in the generated support"),
        density=mean_score(inside_x / k, "real neighbourhoods around a generated item, over k"),
        coverage=proportion(covered, "share of real neighbourhoods that hold a generated item"),
        k=k,
    )


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x_i - y_j|² ``(n, m)`` as |x|² + |y|² - 2 x·y, none below 0.

    Rounding is about 1e-16 of the largest |x|²: centre data that lie far from 0.
    """
    found = x @ y.T
    found *= -2
    found += np.einsum("nd,nd->n", x, x)[:, None]
    found += np.einsum("nd,nd->n", y, y)
    return np.maximum(found, 0, out=found)


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each row to its k-th nearest other row."""
    found = np.empty(len(x))
    for part in blocks(len(x), len(x)):
        d2 = squared_distances(x[part], x)
        d2[np.arange(len(d2)), np.arange(part.start, part.stop)] = np.inf
        found[part] = np.partition(d2, k - 1, axis=1)[:, k - 1]
    return found


def _memberships(
    x: np.ndarray, y: np.ndarray, around_x: np.ndarray, around_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each y the number of balls of x around it; for each x whether a ball of y is, and
    whether its own ball holds a y.
    """
    inside_x = np.zeros(len(y), dtype=np.int64)
    inside_y, covered = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    for part in blocks(len(x), len(y)):
        d2 = squared_distances(x[part], y)
        balls = d2 <= around_x[part, None]
        inside_x += balls.sum(axis=0)
        covered[part] = balls.any(axis=1)
        inside_y[part] = (d2 <= around_y).any(axis=1)
    return inside_x, inside_y, covered
