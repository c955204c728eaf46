"""The largest scores of each query, exactly, in bounded memory: blocks and a running best list."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

__all__ = ["Score", "blocks", "largest"]

# Scores (q, m) of q queries for the m items of a slice.
Score = Callable[[slice], np.ndarray]

SCORES = 1 << 24  # scores held at once where all of a row are needed: 64 MiB
ITEMS = 1 << 13  # items scored at once: with `QUERIES`, 16 MiB of scores
QUERIES = 1 << 9


def blocks(n: int, width: int) -> Iterator[slice]:
    """Slices of n rows of which each has at most `SCORES` entries of that width."""
    step = max(1, SCORES // max(1, width))
    return (slice(i, i + step) for i in range(0, n, step))


def largest(
    score: Score, queries: int, items: int, k: int, drop: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Places and values ``(queries, k)`` of each query's largest scores, largest first.

    Of equal scores the first item's wins. The scores of a block of items pass by once; only
    those above the k-th best so far are looked at again, and they soon become few. Where fewer than
    k items are left, the place is ``items`` and the value -inf.

    Parameters
    ----------
    score
        Gives the scores of a slice of items.
    queries, items
        How many there are.
    k
        How many to keep.
    drop
        Pairs ``(p, 2)`` of a query and an item that it passes over.
    """
    values = np.full((queries, k), -np.inf, np.float32)
    places = np.full((queries, k), items, np.int64)
    drop = np.empty((0, 2), np.int64) if drop is None else drop
    for start in range(0, items, max(ITEMS, 2 * k)):
        block = slice(start, min(start + max(ITEMS, 2 * k), items))
        scores = score(block)
        query, item = drop[(block.start <= drop[:, 1]) & (drop[:, 1] < block.stop)].T
        scores[query, item - block.start] = -np.inf
        values, places = _merged(values, places, scores, start)
    return places, values


def _merged(
    values: np.ndarray, places: np.ndarray, scores: np.ndarray, start: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best list with what is larger in a block of scores that begins at item ``start``."""
    (n, k), width = values.shape, scores.shape[1]
    floor = values[:, -1:]
    if start == 0 and k < width:  # only the block's own best can stay
        floor = np.nextafter(np.partition(scores, -k, axis=1)[:, -k, None], np.float32(-np.inf))
    query, item = np.divmod(np.flatnonzero(scores > floor), width)
    if not len(query):
        return values, places
    queries = np.concatenate([np.repeat(np.arange(n), k), query])
    value = np.concatenate([values.ravel(), scores[query, item]])
    place = np.concatenate([places.ravel(), item + start])
    order = np.lexsort((-value, queries))  # stable, and earlier items come first
    first = np.searchsorted(queries[order], np.arange(n))
    best = order[first[:, None] + np.arange(k)]
    return value[best], place[best]
