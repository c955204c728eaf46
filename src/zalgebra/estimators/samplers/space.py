"""The latent space that rows are combined in: a model's, or the standardised data themselves."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from zalgebra.estimators.samplers.rows import Rows
from zalgebra.types import BadInput

__all__ = ["Standardised", "fitted", "latents"]


class Standardised:
    """The data themselves, each column of a table divided by its standard deviation."""

    def __init__(self, scale: np.ndarray | float) -> None:
        self.scale_ = scale

    def transform(self, X: np.ndarray, /) -> np.ndarray:
        """Numbers in units of their columns."""
        return X / self.scale_

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Numbers as they were."""
        return Z * self.scale_


class Flat:
    """A model that takes rows ``(n, d)`` only, for data of any shape."""

    def __init__(self, model: Any, shape: tuple[int, ...]) -> None:
        self.model, self.shape = model, shape

    def transform(self, X: np.ndarray, /) -> np.ndarray:
        """Latents of data ``(n, *shape)``."""
        return self.model.transform(X.reshape(len(X), -1))

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Data ``(n, *shape)`` of latents."""
        return np.asarray(self.model.inverse_transform(Z)).reshape(len(Z), *self.shape)


def fitted(model: Any, rows: Rows) -> Any:
    """The model as it is if it is fitted, else a clone of it fitted on these rows alone."""
    if model is None:
        return Standardised(rows.scale())
    for verb in ("transform", "inverse_transform"):
        if not hasattr(model, verb):
            raise BadInput(
                f"`model` must have transform and inverse_transform, got a "
                f"{type(model).__name__} without {verb}"
            )
    if not hasattr(model, "fit") or _is_fitted(model):
        return _taking("transform", model, rows.numbers[:1])
    return _taking("fit", _copied(model), rows.numbers)


def _copied(model: Any) -> Any:
    """Another one of its settings, for the one that was given stays as it is."""
    from sklearn.base import clone

    return clone(model) if hasattr(model, "get_params") else copy.deepcopy(model)


def _is_fitted(model: Any) -> bool:
    """As scikit-learn tells; of an object that is none of its own, by attributes that end in _."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not hasattr(model, "__sklearn_tags__"):
        return any(name.endswith("_") and not name.startswith("_") for name in vars(model))
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True


def _taking(verb: str, model: Any, X: np.ndarray) -> Any:
    """The model after this verb; one that refuses data of more than two axes gets them as rows."""
    try:
        getattr(model, verb)(X)
    except BadInput:
        raise
    except ValueError:
        if X.ndim == 2:
            raise
        getattr(model, verb)(X.reshape(len(X), -1))
        return Flat(model, X.shape[1:])
    return model


def latents(model: Any, rows: Rows) -> np.ndarray:
    """Latents ``(n, *shape)`` of the rows, finite and real."""
    Z = model.transform(rows.numbers)
    Z = Z if getattr(Z, "dtype", None) in (np.float32, np.float64) else np.asarray(Z, dtype=float)
    if len(Z) != len(rows.numbers) or Z.ndim < 2 or not np.all(np.isfinite(Z)):
        raise BadInput(
            f"`model` must give one finite latent for each of {len(rows.numbers)} rows, "
            f"got shape {Z.shape}"
        )
    return Z
