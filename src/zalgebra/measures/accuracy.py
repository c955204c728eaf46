"""How well an edit did what it was meant to, and how much everything else moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures.score import Score, proportion
from zalgebra.types import BadInput

__all__ = ["EditEffect", "edit_effect"]


@dataclass(frozen=True)
class EditEffect:
    """What an edit did to ``n`` items, as their attributes were read before and after.

    Parameters
    ----------
    success
        Share of items that changed as meant.
    moved
        Median change of the attribute that was meant, in its standard deviations.
    leakage
        For every other attribute, the median absolute change in its standard deviations.
    before
        Share of items that were read as meant before the edit already (attributes with a
        threshold): what ``success`` is to be compared with.
    """

    success: Score
    moved: Score
    leakage: dict[str, Score]
    before: Score

    @property
    def worst(self) -> tuple[str, float]:
        """The other attribute that moved most, and its median movement; ``("", 0)`` if none."""
        return max(
            ((k, s.value) for k, s in self.leakage.items()), key=lambda p: p[1], default=("", 0.0)
        )

    @property
    def typical_leakage(self) -> float:
        """The median over the other attributes of their median movement."""
        return float(np.median([s.value for s in self.leakage.values()])) if self.leakage else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "success": self.success.to_dict(),
            "moved": self.moved.to_dict(),
            "leakage": {k: s.to_dict() for k, s in self.leakage.items()},
            "before": self.before.to_dict(),
        }


def edit_effect(
    before: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
    meant: Mapping[str, int],
    spreads: Mapping[str, float],
    /,
    *,
    threshold: Mapping[str, float] | None = None,
) -> EditEffect:
    """What an edit did, from attributes read before and after it.

    Parameters
    ----------
    before, after
        Attribute to readings ``(n,)``, on the decoded picture before and after the edit.
    meant
        The attributes that were to change, with +1 (up) or -1 (down).
    spreads
        Standard deviation of each attribute in the data, its unit here.
    threshold
        For some attributes, the reading that counts as "on": going up must end above it, going
        down below it. The others must move by one standard deviation.

    Returns
    -------
    EditEffect
        Success counts the items in which *every* meant attribute changed as meant.

    Raises
    ------
    BadInput
        If an attribute is missing from the readings or spreads, no change is meant, or the
        readings are not of one length.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import edit_effect
    >>> before = {"smile": np.array([0.1, 0.0]), "light": np.array([0.5, -0.5])}
    >>> after = {"smile": np.array([0.9, 0.2]), "light": np.array([0.5, -0.4])}
    >>> effect = edit_effect(before, after, {"smile": +1}, {"smile": 0.4, "light": 0.5})
    >>> effect.success.value, round(effect.leakage["light"].value, 2)
    (0.5, 0.1)
    """
    threshold, changes = threshold or {}, _changes(before, after, meant, spreads)
    hits = np.ones(len(changes[next(iter(meant))]), dtype=bool)
    already = hits & all(name in threshold for name in meant)
    for name, sign in meant.items():
        if name in threshold:
            old, new = (np.asarray(r[name], dtype=float) for r in (before, after))
            hits &= sign * (new - threshold[name]) > 0
            already &= sign * (old - threshold[name]) > 0
        else:
            hits &= sign * changes[name] >= 1
    moved = np.min([sign * changes[name] for name, sign in meant.items()], axis=0)
    words = " and ".join(f"{name} {'up' if s > 0 else 'down'}" for name, s in meant.items())
    return EditEffect(
        success=proportion(hits, f"share of items with {words} as meant"),
        moved=_median(moved, f"median move of {words}, in standard deviations"),
        leakage={
            k: _median(np.abs(change), f"median movement of {k}, in standard deviations")
            for k, change in changes.items()
            if k not in meant
        },
        before=proportion(already, f"share of items read as {words} before the edit already"),
    )


def _changes(
    before: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
    meant: Mapping[str, int],
    spreads: Mapping[str, float],
) -> dict[str, np.ndarray]:
    """How far each attribute that has a spread moved, in standard deviations."""
    if not meant:
        raise BadInput("`meant` names no attribute that was to change")
    for name, sign in meant.items():
        if name not in before or name not in spreads:
            raise BadInput(f"no reading or spread of {name!r}; there are: {', '.join(before)}")
        if sign not in (1, -1):
            raise BadInput(f"a meant change is +1 (up) or -1 (down), got {sign} for {name!r}")
    changes, shape = {}, np.shape(before[next(iter(meant))])
    for name in (k for k in before if k in spreads):
        if name not in after:
            raise BadInput(f"no reading of {name!r} after the edit; there are: {', '.join(after)}")
        old, new = (np.asarray(r[name], dtype=float) for r in (before, after))
        if not old.shape == new.shape == shape or old.ndim != 1:
            raise BadInput(
                f"readings must be vectors of one length, {name!r} has {old.shape} before "
                f"and {new.shape} after"
            )
        changes[name] = (new - old) / (spreads[name] or 1.0)
    return changes


def _median(values: np.ndarray, question: str) -> Score:
    """Median with the distribution-free 95 % interval from the binomial law of its rank."""
    x, n = np.sort(np.asarray(values, dtype=float)), len(values)
    if n == 0:
        return Score(math.nan, math.nan, math.nan, 0, question)
    half = 1.959963984540054 * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - half)), min(n - 1, math.ceil(n / 2 + half))
    return Score(float(np.median(x)), float(x[low]), float(x[high]), n, question)
