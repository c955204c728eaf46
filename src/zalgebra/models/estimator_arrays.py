"""The numbers that a fitted object holds, wherever they lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["arrays_of"]


def arrays_of(estimator: Any, /) -> dict[str, np.ndarray]:
    """The numeric arrays among an estimator's attributes, and those of estimators that it holds.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> scaler = StandardScaler().fit([[0.0], [2.0]])
    >>> sorted(arrays_of(make_pipeline(scaler)))
    ['steps.0.1.mean_', 'steps.0.1.scale_', 'steps.0.1.var_']
    """
    found: dict[str, np.ndarray] = {}
    seen: set[int] = set()

    def look(value: Any, path: str) -> None:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
            found[path] = value
        elif id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, Mapping):
            parts: Any = value.items()
        elif isinstance(value, list | tuple):
            parts = enumerate(value)
        elif value is estimator or hasattr(value, "transform") or hasattr(value, "tocsr"):
            parts = getattr(value, "__dict__", {}).items()
        else:
            return
        for name, part in parts:
            look(part, f"{path}.{name}" if path else str(name))

    look(estimator, "")
    return found
