"""Whether a group varies enough to be scaled to the spread of another."""

from __future__ import annotations

import warnings

import numpy as np

from zalgebra.types import BadInput

__all__ = ["check_spread"]

POINT = 1e-6  # of the target's spread: a source as narrow has none of its own
FLAT = 1e-2  # of the source's spread, and of the target's there: such an entry hardly varies


def check_spread(s0: np.ndarray, s1: np.ndarray, /) -> None:
    """Warn of entries that a map to standard deviations s1 from s0, ``(D,)``, blows up.

    An optimal map multiplies by s1/s0. Where a source is dead and its target is not, that is right
    in law and throws far whatever else an item has there. A source that is narrow in all entries
    alike is only in another unit, and is taken without a word.

    Raises
    ------
    BadInput
        If the source is one point beside the target.
    """
    wide = np.sqrt(np.mean(s0**2))
    if wide <= POINT * np.sqrt(np.mean(s1**2)):
        raise BadInput(
            "`source` is one point beside `target`, with no spread that could be scaled: give "
            "latents that differ, or add the difference of the groups' means"
        )
    flat = (s0 < FLAT * wide) & (s0 < FLAT * s1)
    if flat.any():
        warnings.warn(
            f"in {flat.sum()} of {flat.size} entries `source` hardly varies and `target` does: "
            f"what an item has there is multiplied by up to {np.max(s1[flat] / s0[flat]):.2g}; "
            "leave those entries out, or add the difference of the groups' means",
            stacklevel=3,
        )
