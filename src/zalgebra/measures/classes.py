"""Whether items are of the class that was asked for, and keep the class they had."""

from __future__ import annotations

from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.measures.score import Score, proportion
from zalgebra.types import BadInput

__all__ = ["class_accuracy", "class_preservation"]


def class_accuracy(predicted: Any, wanted: Any, /) -> Score:
    """Share of items that a classifier reads as the class wanted, with Wilson's interval.

    Parameters
    ----------
    predicted
        Classes ``(n,)``, or a classifier's scores ``(n, classes)``, of which the largest counts.
    wanted
        Classes ``(n,)``, or one class for all items.

    Examples
    --------
    >>> from zalgebra.measures import class_accuracy
    >>> print(class_accuracy([3, 3, 3, 8], 3))
    0.75 [0.301, 0.954] (n = 4)
    """
    return _share(predicted, wanted, "share of items that are read as the class wanted")


def class_preservation(before: Any, after: Any, /) -> Score:
    """Share of items that are read as the same class after an operation as before it.

    Parameters
    ----------
    before, after
        Classes ``(n,)``, or a classifier's scores ``(n, classes)``.

    Examples
    --------
    >>> from zalgebra.measures import class_preservation
    >>> class_preservation(["cat", "dog"], ["cat", "cat"]).value
    0.5
    """
    return _share(after, _classes(before, "before"), "share of items that keep their class")


def _share(predicted: Any, wanted: Any, question: str) -> Score:
    found, meant = _classes(predicted, "predicted"), to_numpy(wanted)
    if meant.ndim > 1 or (meant.ndim == 1 and meant.shape != found.shape):
        raise BadInput(
            f"the classes wanted must be one for all, or of shape {found.shape}, got {meant.shape}"
        )
    if len(found) == 0:
        raise BadInput("there must be at least one item to judge, got none")
    kinds = _kind(found), _kind(meant)
    if kinds[0] != kinds[1]:
        raise BadInput(
            f"classes can be compared if all are numbers or all are text, got {kinds[0]} "
            f"({found.tolist()[0]!r}) against {kinds[1]} ({meant.ravel().tolist()[0]!r}): "
            "convert one of them"
        )
    return proportion(found == meant, question)


def _kind(x: np.ndarray) -> str:
    if x.dtype.kind == "O":
        return "text" if any(isinstance(label, str) for label in x.ravel()) else "numbers"
    return {"U": "text", "T": "text", "S": "bytes"}.get(x.dtype.kind, "numbers")


def _classes(x: Any, name: str) -> np.ndarray:
    """Classes ``(n,)``: as given, or the columns of the largest scores."""
    found = to_numpy(x)
    if found.ndim == 2 and found.dtype.kind == "f":
        return found.argmax(axis=1)
    if found.ndim != 1:
        raise BadInput(f"`{name}` must be classes (n,) or scores (n, classes), got {found.shape}")
    return found
