"""What an edit leaves of the item that it was made on: its other attributes, its own picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zalgebra.measures.features import blocks, rows
from zalgebra.measures.score import Score, proportion
from zalgebra.measures.support import squared_distances
from zalgebra.types import Array, BadInput

__all__ = ["likeness", "recognition", "typical_movement"]

DRAWS = 400  # of the bootstrap: a jackknife of medians, which jump, would not do

Read = Mapping[str, np.ndarray]


def likeness(before: Read, after: Read, centres: Mapping[str, float],
             spreads: Mapping[str, float], /, *, seed: int = 0) -> Score:  # fmt: skip
    """Median cosine between an item's attributes before and after, standardised; 1 is the same.

    Parameters
    ----------
    before, after
        Attribute to readings ``(n,)``; the one that was meant to change is left out.
    centres, spreads
        Mean and standard deviation of each attribute in the data: those named in ``spreads``
        count, at least 2.
    seed
        Of the bootstrap over items that gives the interval.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.identity import likeness
    >>> x = dict(zip("ab", np.random.default_rng(0).standard_normal((2, 50)), strict=True))
    >>> one, none = dict.fromkeys("ab", 1.0), dict.fromkeys("ab", 0.0)
    >>> likeness(x, {k: -v for k, v in x.items()}, none, one).value
    -1.0
    """
    a, b = (_standard(read, centres, spreads) for read in (before, after))
    if a.shape[1] < 2:
        raise BadInput(f"`spreads` must name at least 2 attributes, got {', '.join(spreads)}")
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = np.sum(a * b, axis=1) / np.where(lengths > 0, lengths, 1)
    question = "median cosine of the other attributes, before and after"
    return _medians(cosine[:, None], question, seed)


def typical_movement(before: Read, after: Read, spreads: Mapping[str, float], /, *,
                     seed: int = 0) -> Score:  # fmt: skip
    """Mean over attributes of the median absolute change, in standard deviations; 0 is none.

    Parameters as in `likeness`. `zalgebra.measures.edit_effect` has each attribute by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.identity import typical_movement
    >>> x = {"a": np.zeros(40), "b": np.zeros(40)}
    >>> typical_movement(x, {"a": x["a"] + 1, "b": x["b"] - 6}, {"a": 1.0, "b": 2.0}).value
    2.0
    """
    none = dict.fromkeys(spreads, 0.0)
    moved = np.abs(_standard(after, none, spreads) - _standard(before, none, spreads))
    question = "mean over the other attributes of their median movement, in standard deviations"
    return _medians(moved, question, seed)


def recognition(before: Array, after: Array, /) -> Score:
    r"""Share of items that are nearest to themselves after an edit, among all that were edited.

    With the means taken off on both sides, so that what the edit does to all alike does not count:

    $$\frac1n \sum_i \left[\, i = \arg\min_j |(y_i - \bar y) - (x_j - \bar x)| \,\right]$$

    Chance gives 1/n. It depends on n: among more items more are alike.

    Parameters
    ----------
    before, after
        Items x and y ``(n, *shape)`` in the same order, at least 2.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.identity import recognition
    >>> x = np.random.default_rng(0).standard_normal((60, 5))
    >>> recognition(x, x + [9, 0, 0, 0, 0]).value, recognition(x, x * 0).value < 0.1
    (1.0, True)
    """
    x, y = rows(before, "before"), rows(after, "after")
    if x.shape != y.shape:
        raise BadInput(f"`before` and `after` must have one shape, got {x.shape} and {y.shape}")
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    nearest = np.concatenate(
        [squared_distances(y[part], x).argmin(axis=1) for part in blocks(len(y), len(x))]
    )
    return proportion(nearest == np.arange(len(x)), "share of items nearest to themselves")


def _medians(values: np.ndarray, question: str, seed: int) -> Score:
    """Mean over columns of the medians of ``(n, k)``, with the percentiles of a bootstrap."""
    rng, n = np.random.default_rng(seed), len(values)
    value = float(np.median(values, axis=0).mean())
    drawn = rng.integers(n, size=(DRAWS, n))
    again = [np.median(values[drawn[part]], axis=1).mean(axis=1)
             for part in blocks(DRAWS, values.size)]  # fmt: skip
    low, high = np.quantile(np.concatenate(again), [0.025, 0.975])
    return Score(value, min(float(low), value), max(float(high), value), n, question)


def _standard(read: Read, centres: Mapping[str, float], spreads: Mapping[str, float]) -> np.ndarray:
    """Readings ``(n, k)`` in standard deviations from their means."""
    if missing := [name for name in spreads if name not in read]:
        raise BadInput(f"no reading of {missing[0]!r}; there are: {', '.join(read)}")
    columns = [(np.asarray(read[k], dtype=float) - centres[k]) / (s or 1.0)
               for k, s in spreads.items()]  # fmt: skip
    return np.stack(columns, axis=1)
