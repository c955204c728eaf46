"""How many rows each class is to get: imbalanced-learn's ``sampling_strategy``, all spellings."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from zalgebra.types import BadInput

__all__ = ["Strategy", "new_rows"]

Strategy = str | float | Mapping[Any, int] | Callable[[np.ndarray], Mapping[Any, int]]
WORDS = ("auto", "minority", "not minority", "not majority", "all")


def new_rows(y: np.ndarray, strategy: Strategy, /) -> dict[Any, int]:
    """How many rows to add to each class that is to grow, in the order of the classes.

    Parameters
    ----------
    y
        Labels ``(n,)`` of two classes or more.
    strategy
        As imbalanced-learn spells it for over-sampling. A word: ``"minority"``, ``"not minority"``,
        ``"not majority"`` (which is also ``"auto"``) or ``"all"`` raises these classes to the size
        of the largest. A float in (0, 1], for two classes: the smaller divided by the larger one
        afterwards. A dict: class to its size afterwards. A function of ``y`` that gives such a
        dict.

    Raises
    ------
    BadInput
        If there is one class only, the strategy is another, or it would take rows away.

    Examples
    --------
    >>> y = np.repeat(["ant", "bee", "cow"], [2, 5, 9])
    >>> new_rows(y, "auto"), new_rows(y, {"ant": 4})
    ({'ant': 7, 'bee': 4}, {'ant': 2})
    >>> new_rows(y[:7], 0.8)
    {'ant': 2}
    """
    classes, sizes = np.unique(y, return_counts=True)
    have: dict[Any, int] = dict(zip(classes.tolist(), sizes.tolist(), strict=True))
    if len(have) < 2:
        raise BadInput(f"`y` must hold more than one class, got {len(have)} class")
    wanted: Any = strategy(y) if callable(strategy) else strategy
    if isinstance(wanted, str):
        return _word(wanted, have)
    if isinstance(wanted, Mapping):
        return _sizes(wanted, have)
    if isinstance(wanted, Real) and not isinstance(wanted, bool):
        return _ratio(float(wanted), have)
    raise BadInput(
        f"`sampling_strategy` must be one of {', '.join(map(repr, WORDS))}, a float, a dict or a "
        f"function that gives one, got {strategy!r}"
    )


def _word(word: str, have: dict[Any, int]) -> dict[Any, int]:
    if word not in WORDS:
        raise BadInput(
            f"`sampling_strategy` must be one of {', '.join(map(repr, WORDS))} to over-sample, "
            f"got {word!r}"
        )
    largest, smallest = max(have, key=have.__getitem__), min(have, key=have.__getitem__)
    chosen = {
        "minority": lambda c: c == smallest,
        "not minority": lambda c: c != smallest,
        "all": lambda c: True,
    }.get(word, lambda c: c != largest)
    return {c: have[largest] - n for c, n in have.items() if chosen(c)}


def _sizes(wanted: Mapping[Any, int], have: dict[Any, int]) -> dict[Any, int]:
    if strangers := [c for c in wanted if c not in have]:
        raise BadInput(
            f"`sampling_strategy` names the class {strangers[0]!r}, which is not in `y`; "
            f"it holds {', '.join(map(repr, have))}"
        )
    for c, n in wanted.items():
        if _whole(n) < have[c]:
            raise BadInput(
                f"`sampling_strategy` must not shrink a class, got {n} for {c!r}, which has "
                f"{have[c]} rows already"
            )
    return {c: _whole(wanted[c]) - n for c, n in have.items() if c in wanted}


def _whole(n: Any) -> int:
    try:
        return operator.index(n)
    except TypeError:
        raise BadInput(f"`sampling_strategy` must give whole numbers, got {n!r}") from None


def _ratio(ratio: float, have: dict[Any, int]) -> dict[Any, int]:
    if not 0 < ratio <= 1:
        raise BadInput(f"`sampling_strategy` as a ratio must lie in (0, 1], got {ratio:g}")
    if len(have) > 2:
        raise BadInput(
            f"`sampling_strategy` as a ratio needs two classes, got {len(have)}; give a dict of "
            "sizes"
        )
    largest = max(have, key=have.__getitem__)
    extra = {c: int(have[largest] * ratio - n) for c, n in have.items() if c != largest}
    if any(n <= 0 for n in extra.values()):
        raise BadInput(
            f"`sampling_strategy` = {ratio:g} would take rows away, since the smaller class has "
            f"{min(have.values()) / have[largest]:.3g} of the larger one's already; raise it"
        )
    return extra
