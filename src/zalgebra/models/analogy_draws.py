"""How sure a score of analogies is, and what it is without the analogy: pairs drawn anew."""

from __future__ import annotations

import numpy as np

from zalgebra.models.analogy_questions import Covered

__all__ = ["resampled", "shares", "shuffled"]


def resampled(
    asked: Covered, right: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Accuracies ``(2, draws, sections + 1)`` when each section's pairs are drawn with replacement.

    A question of the pairs i and j counts as often as i was drawn times as often as j was (Owen's
    pigeonhole bootstrap). The interval is that for other pairs of the same relations, and if
    anything too wide. NaN where a draw holds no question.

    Parameters
    ----------
    asked
        The covered questions.
    right
        Whether each was answered right ``(2, n)``.
    draws
        How many.
    rng
        Draws the pairs.
    """
    first, second, home = _pairs(asked)
    sections = len(asked.sections)
    starts = np.searchsorted(home, np.arange(sections))
    sizes = np.bincount(home, minlength=sections)
    found = np.empty((2, draws, sections + 1))
    for draw in range(draws):
        picked = starts[home] + rng.integers(0, sizes[home])
        times = np.bincount(picked, minlength=len(home))
        weight = (times[first] * times[second]).astype(float)
        found[:, draw] = shares(right, weight, asked.section, sections)
    return found


def shares(right: np.ndarray, weight: np.ndarray, section: np.ndarray, sections: int) -> np.ndarray:
    """Weighted shares of right answers ``(2, sections + 1)``, of each section and of all."""
    n = np.bincount(section, weight, sections)
    hits = np.stack([np.bincount(section, weight * row, sections) for row in right])
    with np.errstate(invalid="ignore"):  # a section without questions has no share
        return np.column_stack([hits / n, hits.sum(axis=1) / n.sum()])


def shuffled(asked: Covered, rng: np.random.Generator) -> np.ndarray:
    """Questions ``(n, 4)`` whose b is another pair's: one shuffle for each section's pairs.

    A shuffle is a random cycle through the pairs, so that none keeps its partner.
    """
    first, _, home = _pairs(asked)
    partner = np.empty(len(home), np.int64)
    partner[first] = asked.rows[:, 1]
    known = np.isin(np.arange(len(home)), first)
    for section in np.unique(home):
        pairs = rng.permutation(np.flatnonzero((home == section) & known))
        partner[pairs] = partner[np.roll(pairs, 1)]
    rows = asked.rows.copy()
    rows[:, 1] = partner[first]
    return rows


def _pairs(asked: Covered) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pair that each question begins and ends with, and each pair's section, in order."""
    n, section = len(asked.rows), asked.section[:, None]
    halves = np.concatenate(
        [np.hstack([section, asked.rows[:, part]]) for part in ([0, 1], [2, 3])]
    )
    pairs, place = np.unique(halves, axis=0, return_inverse=True)
    place = place.reshape(-1)
    return place[:n], place[n:], pairs[:, 0]
