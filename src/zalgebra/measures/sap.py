"""The separated attribute predictability (SAP): how much better the best single code predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zalgebra.measures.factors import Factor, codes_and_factors
from zalgebra.measures.intervals import limited, repeats_score
from zalgebra.measures.predictors import REPEATS, halves, threshold
from zalgebra.measures.score import Score
from zalgebra.types import Array

__all__ = ["sap"]


def sap(
    codes: Array,
    factors: Mapping[str, Any] | Array,
    /,
    *,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Score:
    """The separated attribute predictability: how much better the best single code predicts.

    For each factor, the score of the code that predicts it best less that of the next, and the
    mean over the factors. A quantity is scored by the squared correlation with the code; classes
    by the balanced accuracy, on the other half, of thresholds on the code (Kumar's definition;
    the widespread code takes the accuracy of a linear support vector machine in their place).
    A code of noise has the balanced accuracy of chance, so perfect codes of K equal classes have
    a gap of 1 - 1/K.

    Parameters
    ----------
    codes
        ``(n, d)``, d ≥ 2.
    factors
        Mapping from names to columns ``(n,)``, or an array ``(n, K)``.
    repeats
        Random splits into halves (default 5); the interval is over them.
    seed
        Of the splits.

    References
    ----------
    Kumar, Sattigeri and Balakrishnan, *Variational inference of disentangled latent concepts*,
    arXiv 1711.00848, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import sap
    >>> v = np.random.default_rng(0).standard_normal((2000, 2))
    >>> round(sap(v, v).value, 2)
    1.0
    """
    z, found = codes_and_factors(codes, factors, codes_least=2)
    gaps = []
    for train, test in halves(len(z), repeats, seed):
        table = np.array([_predictability(z, f, train, test, seed) for f in found])
        first, second = np.sort(table, axis=1).T[:-3:-1]
        gaps.append(float((first - second).mean()))
    question = "gap in predictability between the best two codes (thresholds or correlation)"
    return limited(repeats_score(np.array(gaps), 0.5, len(z), question))


def _predictability(
    z: np.ndarray, factor: Factor, train: np.ndarray, test: np.ndarray, seed: int
) -> np.ndarray:
    """How well each code alone predicts the factor ``(d,)``."""
    v = factor.values
    if not factor.discrete:
        a, b = z[test] - z[test].mean(axis=0), v[test] - v[test].mean()
        scale = (a * a).sum(axis=0) * (b @ b)
        return np.divide((b @ a) ** 2, scale, out=np.zeros(len(scale)), where=scale > 0)
    found = []
    for j in range(z.shape[1]):
        model = threshold(int(v.max()) + 1, seed=seed).fit(z[train, j : j + 1], v[train])
        right = model.predict(z[test, j : j + 1]) == v[test]
        hits = np.bincount(v[test], weights=right)
        count = np.bincount(v[test])
        found.append(float((hits[count > 0] / count[count > 0]).mean()))
    return np.array(found)
