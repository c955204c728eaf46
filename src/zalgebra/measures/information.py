"""Disentanglement by mutual information: the gap of its two largest values, and modularity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zalgebra.measures.factors import codes_and_factors
from zalgebra.measures.intervals import limited, statistic_score
from zalgebra.measures.score import Score
from zalgebra.types import Array, BadInput

__all__ = ["mig", "modularity", "mutual_information"]

BINS = 20
ROUNDING = 1e-13  # of nats: the codes that tell of nothing at all, still ones above all


def mig(
    codes: Array, factors: Mapping[str, Any] | Array, /, *, bins: int = BINS, seed: int = 0
) -> Score:
    r"""The mutual information gap: whether each factor is in one code alone; 1 is best.

    $$\frac1K \sum_k \frac{I(z_{(1)}; v_k) - I(z_{(2)}; v_k)}{H(v_k)}$$

    with z_(1) and z_(2) the codes that tell most of factor v_k. The mutual information is that
    of the histograms (plug-in), in equal-width bins of each code, as in Locatello et al.; it is
    too large by about (bins - 1)(classes - 1)/2n, alike for all codes, so that most of it falls
    out of the gap. The interval is over items, by jackknife.

    Parameters
    ----------
    codes
        ``(n, d)``, d ≥ 2, n ≥ 20; thousands of items serve better.
    factors
        Mapping from names to columns ``(n,)``, or an array ``(n, K)``; words, truth values and
        whole numbers are classes, other numbers quantities, which are put into bins too.
    bins
        Equal-width bins of each code, and of each factor that is a quantity (default 20).
    seed
        Of the groups of the jackknife.

    References
    ----------
    Chen et al., *Isolating sources of disentanglement*, arXiv 1802.04942. Locatello et al.,
    *Challenging common assumptions*, arXiv 1811.12359, appendix C.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import mig
    >>> v = np.random.default_rng(0).integers(0, 4, (2000, 2))
    >>> round(mig(v + 0.0, v).value, 2)  # each code is a factor
    1.0
    >>> turned = v @ np.array([[1, 1], [1, -1]])  # both factors in both codes
    >>> mig(turned, v).value < 0.1
    True
    """
    z, v = _binned(codes, factors, bins, codes_least=2)
    question = f"mutual information gap (plug-in, {bins} equal-width bins)"
    return limited(
        statistic_score(lambda i: _gap(_table(z[i], v[i]), v[i]), len(z), question, seed=seed)
    )


def modularity(
    codes: Array, factors: Mapping[str, Any] | Array, /, *, bins: int = BINS, seed: int = 0
) -> Score:
    r"""Whether each code tells of one factor alone; 1 is best.

    $$\frac1d \sum_j \Big(1 -
        \frac{\sum_{k \ne k_j} I(z_j; v_k)^2}{(K - 1)\, I(z_j; v_{k_j})^2}\Big)$$

    with k_j the factor that code j tells most of. A code that tells of none counts 0. Codes of
    pure noise have mutual information by chance, and thus a modularity above 0.

    Parameters
    ----------
    codes, factors, bins, seed
        As in `mig`; at least 2 factors.

    References
    ----------
    Ridgeway and Mozer, *Learning deep disentangled embeddings with the F-statistic loss*,
    arXiv 1802.05312, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import modularity
    >>> v = np.random.default_rng(0).integers(0, 4, (2000, 2))
    >>> modularity(v + 0.0, v).value > 0.99
    True
    >>> modularity(v @ np.array([[1, 1], [1, -1]]), v).value < 0.3  # both factors in both codes
    True
    """
    z, v = _binned(codes, factors, bins, least=2)
    question = f"modularity (plug-in mutual information, {bins} equal-width bins)"
    return limited(
        statistic_score(lambda i: _modular(_table(z[i], v[i])), len(z), question, seed=seed)
    )


def mutual_information(
    codes: Array, factors: Mapping[str, Any] | Array, /, *, bins: int = BINS
) -> np.ndarray:
    """Mutual information ``(d, K)`` of each code with each factor, in nats, as `mig` takes it.

    Parameters
    ----------
    codes, factors, bins
        As in `mig`.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import mutual_information
    >>> v = np.arange(4000) % 4
    >>> mutual_information(v[:, None] + 0.0, {"v": v}).round(3)  # log 4
    array([[1.386]])
    """
    return _table(*_binned(codes, factors, bins, still=True))


def _binned(
    codes: Array,
    factors: Mapping[str, Any] | Array,
    bins: int,
    *,
    least: int = 1,
    codes_least: int = 1,
    still: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Codes and factors as class numbers ``(n, d)`` and ``(n, K)``."""
    if not isinstance(bins, int) or bins < 2:
        raise BadInput(f"`bins` must be a whole number from 2 on, got {bins!r}")
    z, found = codes_and_factors(codes, factors, least=least, codes_least=codes_least, still=still)
    columns = [f.values if f.discrete else _bin(f.values, bins) for f in found]
    return np.stack([_bin(c, bins) for c in z.T], axis=1), np.stack(columns, axis=1)


def _bin(x: np.ndarray, bins: int) -> np.ndarray:
    """Which of the equal-width bins from the least to the largest value each value is in."""
    low, high = x.min(), x.max()
    if low == high:
        return np.zeros(len(x), dtype=np.int64)
    return np.minimum((bins * ((x - low) / (high - low))).astype(np.int64), bins - 1)


def _table(z: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.array([[_information(a, b) for b in v.T] for a in z.T])


def _information(a: np.ndarray, b: np.ndarray) -> float:
    """Σ p(a, b) log(p(a, b)/(p(a) p(b))) of class numbers ``(n,)``, in nats."""
    width = int(b.max()) + 1
    joint = np.bincount(a * width + b, minlength=(int(a.max()) + 1) * width).reshape(-1, width)
    p = joint / len(a)
    alone = np.outer(p.sum(axis=1), p.sum(axis=0))
    seen = p > 0
    found = float((p[seen] * np.log(p[seen] / alone[seen])).sum())
    return found if found > ROUNDING else 0.0


def _gap(information: np.ndarray, v: np.ndarray) -> float:
    first, second = np.sort(information, axis=0)[:-3:-1]
    entropy = np.array([_information(column, column) for column in v.T])
    # a rare class may lie in the group that is left out: then nothing is to be told
    return float(np.divide(first - second, entropy, out=0 * entropy, where=entropy > 0).mean())


def _modular(information: np.ndarray) -> float:
    square = information**2
    best = square.max(axis=1)
    others = (square.sum(axis=1) - best) / (information.shape[1] - 1)
    return float(np.where(best > 0, 1 - others / np.where(best > 0, best, 1), 0).mean())
