"""Disentanglement by the importance of each code in predicting each factor: DCI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.measures.factors import Factor, codes_and_factors
from zalgebra.measures.intervals import limited, repeats_score
from zalgebra.measures.predictors import REPEATS, cloned, forest, halves
from zalgebra.measures.score import Score
from zalgebra.types import Array

__all__ = ["DCI", "dci"]


@dataclass(frozen=True, eq=False)
class DCI:
    """Disentanglement, completeness and informativeness, each with its interval over splits.

    Parameters
    ----------
    disentanglement
        Whether each code predicts one factor alone; 1 is best.
    completeness
        Whether each factor is predicted by one code alone; 1 is best.
    informativeness
        Mean accuracy (classes) or R² (quantities) of the predictions on the other half.
    importance
        ``(d, K)``: the share of each code in predicting each factor, mean over the splits.
    factors
        The names of the K factors.
    """

    disentanglement: Score
    completeness: Score
    informativeness: Score
    importance: np.ndarray
    factors: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        scores = {k: v.to_dict() for k, v in vars(self).items() if isinstance(v, Score)}
        return {**scores, "importance": self.importance.tolist(), "factors": list(self.factors)}

    def __str__(self) -> str:
        return (
            f"disentanglement {self.disentanglement}, completeness {self.completeness}, "
            f"informativeness {self.informativeness}"
        )


def dci(
    codes: Array,
    factors: Mapping[str, Any] | Array,
    /,
    *,
    estimator: Any = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> DCI:
    r"""Disentanglement, completeness and informativeness of codes.

    With R the importance ``(d, K)`` of each code in predicting each factor,

    $$D = \sum_j \frac{R_{j\cdot}}{R_{\cdot\cdot}}
        \big(1 - H_K(R_{j\cdot}/\textstyle\sum_k R_{jk})\big), \qquad
        C = \sum_k \frac{R_{\cdot k}}{R_{\cdot\cdot}}
        \big(1 - H_d(R_{\cdot k}/\textstyle\sum_j R_{jk})\big)$$

    where H_K is the entropy to the base K. Codes are standardised first. Each repeat learns on
    a random half of the items and tests on the other; the interval is over the repeats, widened
    as these share their items.

    Parameters
    ----------
    codes
        ``(n, d)``, d ≥ 2.
    factors
        At least 2: mapping from names to columns ``(n,)``, or an array ``(n, K)``.
    estimator
        Anything of the scikit-learn contract that has ``feature_importances_`` or ``coef_``; it
        is cloned. By default a random forest of 50 trees (classifier for classes, regressor for
        quantities); D and C depend on this choice.
    repeats
        Random splits (default 5).
    seed
        Of splits and forests.

    References
    ----------
    Eastwood and Williams, *A framework for the quantitative evaluation of disentangled
    representations* (2018). Locatello et al., arXiv 1811.12359, appendix C.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import dci
    >>> v = np.random.default_rng(0).integers(0, 4, (400, 2))
    >>> found = dci(v + 0.0, v)
    >>> found.disentanglement.value > 0.99, found.informativeness.value
    (True, 1.0)
    """
    z, found = codes_and_factors(codes, factors, least=2, codes_least=2)
    spread = z.std(axis=0)
    z = (z - z.mean(axis=0)) / np.where(spread > 0, spread, 1)
    parts = [
        _importances(z, found, train, test, estimator, seed + i)
        for i, (train, test) in enumerate(halves(len(z), repeats, seed))
    ]
    R = np.array([importance for importance, _ in parts])
    named = "random forest" if estimator is None else type(estimator).__name__
    figures = {
        "disentanglement": [_one_alone(r) for r in R],
        "completeness": [_one_alone(r.T) for r in R],
        "informativeness": [float(right.mean()) for _, right in parts],
    }
    scores = {
        name: repeats_score(np.array(values), 0.5, len(z), f"{name} of the codes ({named})")
        for name, values in figures.items()
    }
    # Shares and accuracies are from 0 to 1; R² has no least value.
    least = {"informativeness": 0.0 if all(f.discrete for f in found) else -np.inf}
    scores = {name: limited(s, low=least.get(name, 0.0)) for name, s in scores.items()}
    return DCI(**scores, importance=R.mean(axis=0), factors=tuple(f.name for f in found))


def _importances(
    z: np.ndarray,
    factors: list[Factor],
    train: np.ndarray,
    test: np.ndarray,
    estimator: Any,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Importance ``(d, K)``, each column of sum 1, and accuracy or R² ``(K,)`` on the test half."""
    columns, right = [], []
    for factor in factors:
        model = (
            forest(discrete=factor.discrete, seed=seed) if estimator is None else cloned(estimator)
        )
        model.fit(z[train], factor.values[train])
        weight = getattr(model, "feature_importances_", None)
        weight = np.atleast_2d(np.abs(model.coef_)).mean(axis=0) if weight is None else weight
        columns.append(weight / (weight.sum() or 1))
        right.append(float(model.score(z[test], factor.values[test])))
    return np.stack(columns, axis=1), np.array(right)


def _one_alone(R: np.ndarray) -> float:
    """Mean over rows, by their weight, of 1 - entropy to the base of the number of columns."""
    weight = R.sum(axis=1)
    p = R / np.where(weight > 0, weight, 1)[:, None]
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1) / np.log(R.shape[1])
    return float(weight @ (1 - entropy) / (weight.sum() or 1))
