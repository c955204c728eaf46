"""Which estimator learns a direction, as a function of items, and normals that came fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zalgebra.estimators.directions_linear import Estimate, estimate, linear
from zalgebra.estimators.directions_normals import Normals
from zalgebra.estimators.directions_samples import Sample
from zalgebra.types import BadInput

__all__ = ["CLASSIFIERS", "Fit", "chosen", "estimated", "learned", "normal_of"]

CLASSIFIERS = ("logistic", "svm", "lda")
LEAST = 5  # of a group, for a classifier

Fit = Callable[[np.ndarray], np.ndarray]  # from items to δ


def chosen(sample: Sample, method: str | None, metric: str) -> str:
    """The method's name, after a look whether it suits the labels."""
    if metric not in ("data", "euclidean"):
        raise BadInput(f"`metric` must be 'data' or 'euclidean', got {metric!r}")
    names = ("regression",) if sample.kind == "continuous" else ("difference", *CLASSIFIERS)
    method = names[0] if method is None else method
    if method not in names:
        kind = "more than two values" if sample.kind == "continuous" else "two values"
        known = " or ".join(map(repr, names))
        raise BadInput(f"`method` for labels of {kind} must be {known}, got {method!r}")
    if method in CLASSIFIERS and min(sample.n) < LEAST:
        raise BadInput(
            f"{method!r} needs at least {LEAST} latents in each group, got {min(sample.n)}; "
            "'difference' needs 2"
        )
    return method


def learned(sample: Sample, method: str, metric: str) -> Fit:
    """The function from some of the sample's items to δ."""
    if method in CLASSIFIERS:
        return lambda items: Normals.of(sample.take(items), method, metric).delta
    return lambda items: linear(sample.take(items))


def estimated(sample: Sample, method: str, metric: str) -> Estimate:
    """δ̂ of all items, with its noise."""
    if method in CLASSIFIERS:
        return Normals.of(sample, method, metric).estimate()
    return estimate(sample)


def normal_of(classifier: Any, D: int | None = None) -> np.ndarray:
    """The normal ``(D,)`` of a fitted linear classifier or of its coefficients.

    A pipeline that is affine in its input, such as a scaler before a classifier, is probed: its
    gradient is what its decision gains by a step along each axis.
    """
    coefficients = getattr(classifier, "coef_", None)
    if coefficients is None and hasattr(classifier, "decision_function"):
        if D is None and not hasattr(classifier, "n_features_in_"):
            raise BadInput(f"this {type(classifier).__name__} is not fitted yet: call fit(X, y)")
        return _probed(classifier, D or int(classifier.n_features_in_))
    given = classifier if coefficients is None else coefficients
    try:
        w = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise BadInput(
            "`classifier` must be a fitted linear classifier or its coefficients, got "
            f"{type(classifier).__name__}"
        ) from error
    if w.ndim == 2 and len(w) > 1 and coefficients is not None:
        raise BadInput(f"the classifier tells {len(w)} classes apart; fit one of two classes")
    return w.reshape(-1)


def _probed(classifier: Any, D: int) -> np.ndarray:
    steps = np.eye(D)
    origin = classifier.decision_function(np.zeros((1, D)))
    w = classifier.decision_function(steps) - origin
    far = np.random.default_rng(0).standard_normal((8, D)) * 3
    seen = np.asarray(classifier.decision_function(far) - origin)
    if w.ndim != 1 or not np.allclose(seen, far @ w, rtol=1e-4, atol=1e-6 * np.abs(w).max()):
        raise BadInput(
            "the classifier is not linear, so no one direction is its normal; "
            "give a linear one of two classes"
        )
    return w
