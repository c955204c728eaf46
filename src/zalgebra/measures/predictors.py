"""What the measures take from scikit-learn, imported when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from zalgebra.types import BadInput, MissingExtra

__all__ = ["REPEATS", "cloned", "forest", "halves", "linear", "threshold"]

REPEATS = 5  # random splits into halves


def forest(*, discrete: bool, seed: int) -> Any:
    """A random forest of 50 trees, which look at all codes at each split."""
    ensemble = _sklearn("sklearn.ensemble")
    kind = ensemble.RandomForestClassifier if discrete else ensemble.RandomForestRegressor
    return kind(n_estimators=50, max_features=None, min_samples_leaf=5, random_state=seed)


def threshold(classes: int, *, seed: int) -> Any:
    """Thresholds on one code, fewer than twice the classes, for balanced classes."""
    kind = _sklearn("sklearn.tree").DecisionTreeClassifier
    return kind(max_leaf_nodes=2 * classes, class_weight="balanced", random_state=seed)


def linear(*, discrete: bool) -> Any:
    """Logistic or ridge regression on standardised codes, its penalty of weight 1."""
    models, scaled = _sklearn("sklearn.linear_model"), _sklearn("sklearn.preprocessing")
    kind = models.LogisticRegression(max_iter=1000) if discrete else models.Ridge()
    return _sklearn("sklearn.pipeline").make_pipeline(scaled.StandardScaler(), kind)


def halves(n: int, repeats: int, seed: int, /) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random splits of ``n`` items into two halves: to learn from, and to test on."""
    if not isinstance(repeats, int) or repeats < 2:
        raise BadInput(f"`repeats` must be a whole number from 2 on, got {repeats!r}")
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(n) for _ in range(repeats)]
    return [(order[: n // 2], order[n // 2 :]) for order in orders]


def cloned(estimator: Any) -> Any:
    """A copy that has not learned."""
    return _sklearn("sklearn.base").clone(estimator)


def _sklearn(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra("scikit-learn", "maps") from error
