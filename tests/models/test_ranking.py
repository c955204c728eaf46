"""The running best list is the sorted list, ties and all, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zalgebra.models import ranking
from zalgebra.models.ranking import largest


def by_sorting(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(scores, order, axis=1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 5), st.integers(1, 60), st.integers(1, 60), st.integers(1, 20),
    st.integers(2, 50), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_the_best_are_those_of_the_sorted_list(
    queries: int, items: int, k: int, width: int, values: int, seed: int
) -> None:
    """Few different values, so that ties abound: the first item wins."""
    rng, k = np.random.default_rng(seed), min(k, items)
    scores = rng.integers(0, values, (queries, items)).astype(np.float32) - 3
    drop = np.argwhere(rng.random((queries, items)) < 0.2)
    left = scores.copy()
    left[tuple(drop.T)] = -np.inf
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "ITEMS", width)
        places, found = largest(lambda rows: scores[:, rows].copy(), queries, items, k, drop)
    order, best = by_sorting(left, k)
    np.testing.assert_array_equal(found, best)
    real = best > -np.inf
    np.testing.assert_array_equal(places[real], order[real])
    assert (places[~real] == items).all()


def test_no_block_is_wider_than_it_may_be() -> None:
    seen: list[int] = []

    def score(rows: slice) -> np.ndarray:
        seen.append(rows.stop - rows.start)
        return np.zeros((3, seen[-1]), np.float32)

    places, _ = largest(score, 3, 100_000, 5)
    assert max(seen) == ranking.ITEMS
    assert sum(seen) == 100_000
    assert places.tolist() == [[0, 1, 2, 3, 4]] * 3
