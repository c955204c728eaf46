"""Two groups of items from a label, and the other labels that a direction between them may move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from zalgebra.types import BadInput

__all__ = ["Condition", "other_labels", "upper_and_lower"]

Condition = tuple[str, str, float | str]  # a label, how it is compared, and with what


def upper_and_lower(name: str, values: np.ndarray, /) -> tuple[list[Condition], list[Condition]]:
    """Conditions of the upper and the lower third of a label ``(n,)``; of two values, of each.

    What is not known, NaN, is in neither.
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        raise BadInput(f"label {name!r} is not known of any item, so it has no direction")
    low, high = np.quantile(known, [1 / 3, 2 / 3])
    if low == high:  # two values, one of them rare, or nearly constant
        low, high = known.min(), known.max()
    return [(name, ">=", float(high))], [(name, "<=", float(low))]


def other_labels(
    labels: Mapping[str, np.ndarray], rows: np.ndarray, /, *, leave_out: Sequence[str]
) -> dict[str, np.ndarray]:
    """The other labels of the items in ``rows``, of which they are all known."""
    others = {k: v[rows] for k, v in labels.items() if k not in leave_out}
    return {k: v for k, v in others.items() if np.isfinite(np.asarray(v, dtype=float)).all()}
