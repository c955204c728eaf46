"""What a straight line reads from latents: the linear decodability of a factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures.factors import Factor, codes_and_factors
from zalgebra.measures.intervals import deal
from zalgebra.measures.predictors import cloned, linear
from zalgebra.measures.reconstruction import explained
from zalgebra.measures.score import Score, proportion
from zalgebra.types import Array, BadInput

__all__ = ["Probe", "probes"]


@dataclass(frozen=True)
class Probe:
    """How well a factor is read from latents by a straight line.

    Parameters
    ----------
    score
        On items that the line was not fitted to: accuracy for classes, R² for quantities.
    baseline
        The score of always naming the commonest class; 0 for R².
    """

    score: Score
    baseline: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"score": self.score.to_dict(), "baseline": self.baseline}

    def __str__(self) -> str:
        return f"{self.score}, {self.baseline:.3g} without latents"


def probes(
    codes: Array,
    factors: Mapping[str, Any] | Array,
    /,
    *,
    folds: int = 5,
    estimator: Any = None,
    seed: int = 0,
) -> dict[str, Probe]:
    """How well each factor is read from latents by a straight line, by cross-validation.

    Every item is predicted once, by a line fitted to the other folds; the interval is over items
    (Wilson's for accuracy, the delta method's for R²), a little narrow since folds share items.

    Parameters
    ----------
    codes
        Latents ``(n, *shape)``.
    factors
        Mapping from names to columns ``(n,)``, or an array ``(n, K)``; words, truth values and
        whole numbers are classes, other numbers quantities.
    folds
        At least 2 (default 5).
    estimator
        Of the scikit-learn contract, cloned for each fold; by default logistic regression
        (classes) or ridge regression (quantities) on standardised codes.
    seed
        Of the deal into folds.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import probes
    >>> z = np.random.default_rng(0).standard_normal((500, 3))
    >>> found = probes(z, {"straight": z @ [1, 2, 0], "round": (z * z).sum(axis=1)})
    >>> found["straight"].score.value > 0.99, abs(found["round"].score.value) < 0.1
    (True, True)
    """
    z, found = codes_and_factors(codes, factors, still=True)
    if not isinstance(folds, int) or not 2 <= folds <= len(z):
        raise BadInput(f"`folds` must be a whole number from 2 to {len(z)}, got {folds!r}")
    fold = deal(len(z), folds, np.random.default_rng(seed))
    for factor in found:
        _two_classes(factor, fold)
    return {factor.name: _probe(z, factor, fold, estimator) for factor in found}


def _probe(z: np.ndarray, factor: Factor, fold: np.ndarray, estimator: Any) -> Probe:
    v, predicted, base = factor.values, np.empty(len(z)), np.empty(len(z))
    for j in range(int(fold.max()) + 1):
        test = fold == j
        model = _model(factor, estimator).fit(z[~test], v[~test])
        predicted[test] = model.predict(z[test])
        base[test] = np.bincount(v[~test]).argmax() if factor.discrete else v[~test].mean()
    if factor.discrete:
        question = f"share of items whose {factor.name} is read right by a straight line"
        return Probe(proportion(predicted == v, question), float((base == v).mean()))
    question = f"share of the variance of {factor.name} that a straight line reads (R²)"
    return Probe(explained((predicted - v) ** 2, (base - v) ** 2, question), 0.0)


def _two_classes(factor: Factor, fold: np.ndarray) -> None:
    """A line is fitted between classes: two of them at least are outside of every fold."""
    if not factor.discrete:
        return
    for j in range(int(fold.max()) + 1):
        if len(np.unique(factor.values[fold != j])) < 2:
            count = np.bincount(factor.values)
            rare = count.argmin()
            raise BadInput(
                f"class {factor.classes[rare]!r} of {factor.name!r} has {count[rare]} of "
                f"{len(fold)} items, all in one fold, so that a line fitted to the others knows "
                "one class only: add items of it, or leave the factor out"
            )


def _model(factor: Factor, estimator: Any) -> Any:
    return linear(discrete=factor.discrete) if estimator is None else cloned(estimator)
