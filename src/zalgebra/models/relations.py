"""Relations between words: one direction of many pairs, and whether they agree on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from zalgebra.types import BadInput

__all__ = ["Relation", "as_pairs", "wilson"]


@dataclass(frozen=True, eq=False)
class Relation:
    r"""A relation as the mean of its pairs' steps between unit vectors (3CosAvg).

    $$r = \frac1n \sum_i (\hat b_i - \hat a_i).$$

    Parameters
    ----------
    pairs
        The words $(a_i, b_i)$.
    starts, steps
        $\hat a_i$ and $\hat b_i - \hat a_i$, each ``(n, d)``.

    Attributes
    ----------
    vector
        r ``(d,)``: a plain direction, for `zalgebra.Direction`, expressions and `project_off`.

    References
    ----------
    Drozd, Gladkova and Matsuoka, *Word embeddings, analogies, and machine learning: beyond king -
    man + woman = queen* (2016); on agreement against shuffled pairs, Fournier, Dupoux and Dunbar,
    *Analogies minus analogy test* (2020).

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> words = ["king", "queen", "man", "woman", "apple"]
    >>> table = [[1, 1, 0], [1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1.0]]
    >>> wv = za.models.WordVectors.from_arrays(words, table)
    >>> gender = wv.relation([("man", "woman"), ("king", "queen")])
    >>> gender.agreement, gender.vector.round(2).tolist()
    (1.0, [0.0, -1.71, 0.0])
    """

    pairs: tuple[tuple[str, str], ...]
    starts: np.ndarray
    steps: np.ndarray

    @property
    def vector(self) -> np.ndarray:
        """The mean step ``(d,)``."""
        return self.steps.mean(axis=0)

    @property
    def agreement(self) -> float:
        """Mean cosine of the steps of two different pairs: 1 if all are parallel."""
        return _mean_cosine(self.steps)

    def shuffled_agreement(self, draws: int = 100, *, random_state: int = 0) -> np.ndarray:
        """`agreement` with the partners shuffled in a random cycle ``(draws,)``, ascending.

        What is not above these is owed to the two groups of words alone, not to their pairing.
        """
        if len(self.pairs) < 2:
            raise BadInput(f"to shuffle partners takes 2 pairs or more, got {len(self.pairs)}")
        rng, ends, found = np.random.default_rng(random_state), self.starts + self.steps, []
        for _ in range(draws):
            order = rng.permutation(len(ends))
            found.append(_mean_cosine(ends[np.roll(order, 1)] - self.starts[order]))
        return np.sort(found)

    def others(self) -> np.ndarray:
        """For each pair the mean step of all others ``(n, d)``, to answer it unseen."""
        n = len(self.steps)
        if n < 2:
            raise BadInput(f"to leave one pair out takes 2 pairs or more, got {n}")
        return (self.steps.sum(axis=0) - self.steps) / (n - 1)

    def __repr__(self) -> str:
        (a, b), n = self.pairs[0], len(self.pairs)
        return f"Relation({a} → {b}, n = {n}, agreement = {self.agreement:.2f})"


def as_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pairs of words, at least one."""
    found = []
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise BadInput(f"a relation takes pairs of words, got {pair!r}")
        found.append((str(pair[0]), str(pair[1])))
    if not found:
        raise BadInput("a relation takes pairs of words, got none")
    return tuple(found)


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, p = float(ndtri(0.975)), right / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return float((middle - half) / (1 + z * z / n)), float((middle + half) / (1 + z * z / n))


def _mean_cosine(steps: np.ndarray) -> float:
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    U = (steps / np.where(lengths > 0, lengths, 1)).astype(float)
    n, total = len(U), U.sum(axis=0)
    return float((total @ total - np.sum(U * U)) / (n * (n - 1))) if n > 1 else float("nan")
