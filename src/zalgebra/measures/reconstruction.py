"""How close decoded items come to the items that were encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
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
        Mean over items of 20 log10(peak/rmse), in decibels; exact copies count as 100. NaN where
        no peak is given and the originals are not in [0, 1].
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
        told = np.isfinite(self.psnr.value)
        psnr = f"psnr {self.psnr} dB" if told else "no psnr (originals not in [0, 1])"
        return f"rmse {self.rmse}, {psnr}, explained {self.explained}"


def reconstruction(
    original: Array,
    decoded: Array,
    /,
    *,
    peak: float | None = None,
    features: Features | None = None,
) -> Reconstruction:
    """How close each decoded item is to its original.

    Parameters
    ----------
    original, decoded
        Items ``(n, *shape)`` in the same order, at least 2; any array library.
    peak
        Width of the range that entries may have: 255 of bytes, 2 of pictures in [-1, 1]. By
        default 1, of pictures in [0, 1]; for items in other ranges there is then no PSNR, and
        integers, which are pictures not yet divided by 255, are refused.
    features
        Compare features ``(n, D)`` rather than the items themselves.

    Raises
    ------
    BadInput
        If shapes differ, or the originals go beyond the peak.

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
    whole = features is None and to_numpy(original).dtype.kind in "iu"
    known = _peak(x, peak, whole=whole)
    square = ((x - y) ** 2).mean(axis=1)
    spread = ((x - x.mean(axis=0)) ** 2).mean(axis=1)
    decibels = 10 * np.log10(known**2 / np.maximum(square, known**2 * 1e-10))
    question = "peak signal over error of an item, in decibels"
    unknown = "; not told, as the originals are not in [0, 1]: rescale them, or give `peak`"
    return Reconstruction(
        rmse=mean_score(np.sqrt(square), "root mean square error of an item"),
        psnr=mean_score(decibels, question + unknown * bool(np.isnan(known))),
        explained=explained(square, spread, "share of the variance that is reconstructed"),
    )


def _peak(x: np.ndarray, peak: float | None, *, whole: bool) -> float:
    """The peak of originals that keep to it; NaN where it is not known."""
    low, high = float(x.min()), float(x.max())
    if peak is None:
        if low >= -0.01 and high <= 1.01:
            return 1.0
        if whole:
            raise BadInput(
                f"pictures must be numbers in [0, 1], got integers from {low:g} to {high:g}: "
                "divide both by 255 as floats, or give `peak=255`"
            )
        return np.nan
    if not peak > 0:
        raise BadInput(f"`peak` must be positive, got {peak}")
    if high - low > 1.02 * peak:
        raise BadInput(
            f"entries must keep to a range of width `peak` = {peak:g}, got originals from {low:g} "
            f"to {high:g}: divide both by 255 if they are bytes, or give the peak that they have"
        )
    return float(peak)


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
