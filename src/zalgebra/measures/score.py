"""A figure with its uncertainty, and the share of items of which something is true."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.types import BadInput

__all__ = ["Score", "proportion"]


@dataclass(frozen=True)
class Score:
    """A figure with its 95 % interval, the number of items behind it, and what it answers."""

    value: float
    low: float
    high: float
    n: int
    question: str

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values; what is not a number becomes None."""
        finite = {
            k: v if math.isfinite(v) else None for k, v in vars(self).items() if k in _NUMBERS
        }
        return {**finite, "n": self.n, "question": self.question}

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}] (n = {self.n})"


_NUMBERS = ("value", "low", "high")


def proportion(hits: np.ndarray, /, question: str) -> Score:
    """Share of true entries of ``hits`` ``(n,)`` with Wilson's 95 % interval.

    References
    ----------
    Wilson, *Probable inference, the law of succession, and statistical inference* (1927).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import proportion
    >>> print(proportion(np.array([True] * 9 + [False]), "how many smile"))
    0.9 [0.596, 0.982] (n = 10)
    """
    hits = np.asarray(hits, dtype=bool)
    if hits.ndim != 1:
        raise BadInput(f"`hits` must have shape (n,), got {hits.shape}")
    n = len(hits)
    if n == 0:
        return Score(math.nan, 0.0, 1.0, 0, question)
    p, z = float(hits.mean()), 1.959963984540054
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Score(p, max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)), n, question)
