"""Whether a map keeps neighbours: trustworthiness and continuity."""

from __future__ import annotations

import numpy as np

from zalgebra.measures.features import blocks, rows
from zalgebra.measures.intervals import mean_score
from zalgebra.measures.score import Score
from zalgebra.measures.support import squared_distances
from zalgebra.types import Array, BadInput

__all__ = ["continuity", "trustworthiness"]


def trustworthiness(space: Array, placed: Array, /, *, k: int = 10) -> Score:
    r"""Whether neighbours on a map are neighbours in the space that it shows; 1 is best.

    $$1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j \in N_k(i)} \max(0, r(i, j) - k)$$

    with N_k(i) the k nearest to i on the map, and r(i, j) the rank of j among the neighbours of
    i in the space. A random map has about 0.5. The interval is over items.

    Parameters
    ----------
    space
        Latents ``(n, *shape)``; any array library.
    placed
        Their places on the map ``(n, d)``.
    k
        Neighbours, fewer than n/2 (default 10).

    References
    ----------
    Venna and Kaski, *Neighborhood preservation in nonlinear projection methods* (2001).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import continuity, trustworthiness
    >>> x = np.random.default_rng(0).standard_normal((300, 2))
    >>> trustworthiness(x, -2 * x).value
    1.0
    >>> flat = x[:, :1]  # what falls together was apart, yet nothing near is torn
    >>> trustworthiness(x, flat).value < continuity(x, flat).value
    True
    """
    return _kept(
        *_checked(space, placed, k), k, "whether neighbours on the map are so in the space"
    )


def continuity(space: Array, placed: Array, /, *, k: int = 10) -> Score:
    """Whether neighbours in the space stay so on the map; 1 is best.

    The `trustworthiness` of the space, taken as a map of the map: what was torn apart lowers it.

    Parameters
    ----------
    space, placed, k
        As in `trustworthiness`.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import continuity
    >>> x = np.random.default_rng(0).standard_normal((300, 2))
    >>> continuity(x, x @ [[0, 1], [-1, 0]]).value  # a quarter turn
    1.0
    """
    x, y = _checked(space, placed, k)
    return _kept(y, x, k, "whether neighbours in the space are so on the map")


def _checked(space: Array, placed: Array, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Both sets of rows about their means."""
    x, y = rows(space, "space", least=3), rows(placed, "placed", least=3)
    n = len(x)
    if len(y) != n:
        raise BadInput(f"there must be one place an item, got {n} items and {len(y)} places")
    if not (isinstance(k, int) and 1 <= k < n / 2):
        raise BadInput(f"`k` must be a whole number from 1 to less than n/2 = {n / 2:g}, got {k!r}")
    return x - x.mean(axis=0), y - y.mean(axis=0)


def _kept(truth: np.ndarray, shown: np.ndarray, k: int, question: str) -> Score:
    """The formula, with ranks in ``truth`` of neighbours in ``shown``, in blocks of rows."""
    n = len(truth)
    intruders = np.empty(n)
    for part in blocks(n, n):
        near = np.argpartition(_away(shown, part), k - 1, axis=1)[:, :k]
        apart = _away(truth, part)
        asked = np.take_along_axis(apart, near, axis=1)
        apart.sort(axis=1)
        ranks = [1 + np.searchsorted(d, a) for d, a in zip(apart, asked, strict=True)]
        intruders[part] = np.maximum(0, np.array(ranks) - k).sum(axis=1)
    return mean_score(1 - 2 * intruders / (k * (2 * n - 3 * k - 1)), question)


def _away(x: np.ndarray, part: slice) -> np.ndarray:
    """Squared distances of a block of rows from all rows; a row from itself, infinite."""
    found = squared_distances(x[part], x)
    found[np.arange(len(found)), np.arange(part.start, part.stop)] = np.inf
    return found
