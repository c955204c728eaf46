"""What counts as a picture's values: numbers about [0, 1], never bytes."""

from __future__ import annotations

import numpy as np

from zalgebra.types import BadInput

__all__ = ["as_unit"]

LEAST, MOST = -0.5, 1.5  # models overshoot a little
SHARE = 0.01  # of all values that may lie beyond
FAR = 8.0  # no value lies beyond this: a single bright byte is found too


def as_unit(pictures: np.ndarray, name: str = "pictures") -> np.ndarray:
    """The pictures as floats, if their values are about [0, 1]; nothing is clipped.

    Raises
    ------
    BadInput
        If a value is NaN or infinite, or beyond ±8, or more than one in a hundred beyond
        [-0.5, 1.5]: pictures of 0 to 255 or of -1 to 1.
    """
    x = np.asarray(pictures, dtype=float)
    if bad := x.size - np.count_nonzero(np.isfinite(x)):
        raise BadInput(
            f"`{name}` must be finite, got {bad} NaN or infinite values in shape {x.shape}"
        )
    astray = np.mean((x < LEAST) | (x > MOST)) if x.size else 0.0
    if astray > SHARE or np.any(np.abs(x) > FAR):
        raise BadInput(
            f"`{name}` must hold values in [0, 1], got {x.min():.3g} to {x.max():.3g}; "
            "divide bytes of 0 to 255 by 255, bring -1 to 1 there by (x + 1) / 2, and clip what a "
            "model overshoots so far"
        )
    return x
