"""How close decoded items come to the items that were encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures.features import Features, rows
from zalgebra.measures.intervals import mean_score
from zalgebra.measures.score import Score
from zalgebra.types import Array, BadInput

__all__ = ["Reconstruction", "reconstruction"]


@dataclass(frozen=True)
class Reconstruction:
    """Errors of reconstructed items, each with its interval over the items.

    Parameters
    ----------
    rmse
        Mean over items of the root mean square error of an item.
    psnr
        Mean over items of 20 log10(peak/rmse), in decibels; exact copies count as 100.
    explained
        1 - squared error over squared deviation from the mean item; 0 is as good as that mean.
    """

    rmse: Score
    psnr: Score
    explained: Score

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: figure.to_dict() for name, figure in vars(self).items()}

    def __str__(self) -> str:
        return f"rmse {self.rmse}, psnr {self.psnr} dB, explained {self.explained}"


def reconstruction(
    original: Array, decoded: Array, /, *, peak: float = 1.0, features: Features | None = None
) -> Reconstruction:
    """How close each decoded item is to its original.

    Parameters
    ----------
    original, decoded
        Items ``(n, *shape)`` in the same order, at least 2; any array library.
    peak
        Largest value that an entry may have (default 1, of pictures in [0, 1]).
    features
        Compare features ``(n, D)`` rather than the items themselves.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import reconstruction
    >>> x = np.random.default_rng(0).random((100, 1, 8, 8))
    >>> found = reconstruction(x, x + 0.1)
    >>> round(found.rmse.value, 3), round(found.psnr.value, 3)
    (0.1, 20.0)
    """
    x = rows(original, "original", features=features)
    y = rows(decoded, "decoded", features=features)
    if x.shape != y.shape:
        raise BadInput(f"both must have one shape, got {x.shape} (original) and {y.shape}")
    if not peak > 0:
        raise BadInput(f"`peak` must be positive, got {peak}")
    square = ((x - y) ** 2).mean(axis=1)
    spread = ((x - x.mean(axis=0)) ** 2).mean(axis=1)
    decibels = 10 * np.log10(peak**2 / np.maximum(square, peak**2 * 1e-10))
    return Reconstruction(
        rmse=mean_score(np.sqrt(square), "root mean square error of an item"),
        psnr=mean_score(decibels, "peak signal over error of an item, in decibels"),
        explained=explained(square, spread, "share of the variance that is reconstructed"),
    )


def explained(error: np.ndarray, spread: np.ndarray, question: str, /) -> Score:
    """1 - mean error/mean spread with the delta method's interval; NaN where nothing varies.

    Error and spread are squares ``(n,)`` of the same items; the variance is that of
    (error - ratio · spread)/mean spread, over n.
    """
    total = float(spread.mean())
    if total == 0:
        return Score(np.nan, np.nan, np.nan, len(error), question)
    ratio = float(error.mean()) / total
    found = mean_score((error - ratio * spread) / total, question)
    return Score(1 - ratio, 1 - ratio - found.high, 1 - ratio - found.low, found.n, question)
