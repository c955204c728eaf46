r"""What makes an item the answer: the objectives of word arithmetic, as scores of blocks of items.

Each takes unit vectors of the queries and gives a function from unit vectors ``(m, d)`` of items to
their scores ``(q, m)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from zalgebra.types import BadInput

__all__ = ["AnalogyMethod", "Objective", "SumMethod", "checked_method", "cosines", "products",
           "turns"]  # fmt: skip

SumMethod = Literal["3cosadd", "3cosmul"]
AnalogyMethod = Literal["3cosadd", "3cosmul", "pairdirection"]
Objective = Callable[[np.ndarray], np.ndarray]

EPSILON = 1e-6  # Levy and Goldberg's 0.001 in words, 0.000001 in gensim, which is followed here


def cosines(Z: np.ndarray) -> Objective:
    r"""3CosAdd: $\hat x \cdot \hat z$ with the direction of a sum, $z = \sum_i w_i \hat v_i$."""
    Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    return lambda items: Z @ items.T


def products(terms: np.ndarray, weights: np.ndarray, starts: np.ndarray) -> Objective:
    r"""3CosMul: a product of cosines, brought to [0, 1], so that no one term can outweigh the rest.

    $$\frac{\prod_{w_i > 0} s_i^{w_i}}{\prod_{w_j < 0} s_j^{|w_j|} + 10^{-6}}, \qquad
    s_i = (1 + \hat x \cdot \hat v_i) / 2.$$

    Parameters
    ----------
    terms, weights
        Unit vectors ``(t, d)`` of all queries' terms, and their weights ``(t,)``.
    starts
        The row of each query's first term ``(q,)``.
    """
    powers, above = np.abs(weights)[:, None].astype(np.float32), weights[:, None] > 0

    def score(items: np.ndarray) -> np.ndarray:
        near = np.maximum((1 + terms @ items.T) / 2, 0)  # rounding must not make it negative
        near = near if np.all(powers == 1) else near**powers
        top = np.multiply.reduceat(np.where(above, near, 1), starts, axis=0)
        return top / (np.multiply.reduceat(np.where(above, 1, near), starts, axis=0) + EPSILON)

    return score


def turns(start: np.ndarray, step: np.ndarray) -> Objective:
    r"""PairDirection: the step to the answer points as the given one, of whatever length.

    $$\cos(\hat x - \hat c, \; \hat b - \hat a); \qquad 0 \text{ where } \hat x = \hat c.$$

    Parameters
    ----------
    start, step
        $\hat c$ and $\hat b - \hat a$ of each query, ``(q, d)``.
    """
    length = np.linalg.norm(step, axis=1, keepdims=True)
    step = step / np.where(length > 0, length, 1)
    along, size = np.sum(start * step, axis=1, keepdims=True), np.sum(start**2, axis=1)[:, None]

    def score(items: np.ndarray) -> np.ndarray:
        squared = size + np.sum(items**2, axis=1) - 2 * (start @ items.T)
        there = squared < 1e-6  # the word itself, to rounding
        return np.where(there, 0, (step @ items.T - along) / np.sqrt(np.where(there, 1, squared)))

    return score


def checked_method(method: str, known: object = AnalogyMethod) -> None:
    """Refuse an objective that is none of those known."""
    names = get_args(known)
    if method not in names:
        listed = ", ".join(map(repr, names[:-1]))
        raise BadInput(f"`method` must be {listed} or {names[-1]!r}, got {method!r}")
