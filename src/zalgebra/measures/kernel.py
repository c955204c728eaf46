"""The kernel distance (KID) between real and generated items, unbiased, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zalgebra.measures.features import Features, blocks, two_sets
from zalgebra.measures.intervals import score
from zalgebra.measures.score import Score
from zalgebra.types import Array

__all__ = ["kernel_distance"]


def kernel_distance(real: Array, generated: Array, /, *, features: Features | None = None) -> Score:
    r"""The squared maximum mean discrepancy of both distributions with the cubic kernel (KID).

    $$\mathrm{MMD}^2 = E\,k(x, x') + E\,k(y, y') - 2 E\,k(x, y), \qquad
              k(x, y) = (x^\top y / D + 1)^3$$

    over distinct pairs, so without bias for any number of items; all pairs are used, in blocks,
    not subsets of them. A value below 0 is noise: no difference has been found. The interval is
    that of the normal law with the variance V_1 + V_2 of a two-sample U-statistic, V_1 from the
    mean kernel of each item with the others, V_2 from the rest of the kernel; so it holds where
    both distributions are one (V_1 = 0) as well as where they differ.

    Parameters
    ----------
    real, generated
        Items ``(n, *shape)``, or features ``(n, D)``, at least 10 each; any array library.
    features
        From items to features ``(n, D)``; by default the items are features already. The figure
        depends on the scale of the features: compare figures of one extractor only.

    References
    ----------
    Bińkowski et al., *Demystifying MMD GANs*, arXiv 1801.01401. Sutherland et al., *Unbiased
    estimators for the variance of MMD estimators*, arXiv 1906.02104.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import kernel_distance
    >>> x, y = np.random.default_rng(0).standard_normal((2, 500, 8))
    >>> print(kernel_distance(x, y))
    0.00321 [-0.016, 0.0224] (n = 500)
    >>> print(kernel_distance(x, y + 0.5))
    1.27 [1.05, 1.5] (n = 500)
    """
    x, y = two_sets(real, generated, features, least=10)
    xx, yy, xy = _sums(x, x), _sums(y, y), _sums(x, y)
    n, m = len(x), len(y)
    value = xx.mean + yy.mean - 2 * xy.mean
    along_x = xx.rows / (n - 1) - xy.rows / m  # E k(x_i, x') - E k(x_i, y): what item i adds
    along_y = yy.rows / (m - 1) - xy.columns / n
    V = 4 * float(along_x.var(ddof=1) / n + along_y.var(ddof=1) / m)  # V_1 + 2 V_2
    V2 = 2 * xx.rest / (n * (n - 1)) + 2 * yy.rest / (m * (m - 1)) + 4 * xy.rest / (n * m)
    return score(value, max(V - V2, V / 2), min(n, m), _QUESTION)


_QUESTION = "kernel distance (KID, cubic kernel) between real and generated items' distributions"


@dataclass(frozen=True)
class _Sums:
    """What is needed of a matrix of kernels, without its diagonal where that is of an item and
    itself: its mean, row and column sums, and the mean square of what rows and columns leave.
    """

    mean: float
    rows: np.ndarray
    columns: np.ndarray
    rest: float


def _sums(x: np.ndarray, y: np.ndarray) -> _Sums:
    """Those sums, in blocks of rows; for one set with itself the diagonal is left out."""
    alike, (n, D), m = x is y, x.shape, len(y)
    across, down, squares = np.empty(n), np.zeros(m), 0.0
    for part in blocks(n, m):
        k = x[part] @ y.T
        k *= 1 / D
        k += 1
        k *= k * k
        if alike:
            k[np.arange(len(k)), np.arange(part.start, part.stop)] = 0
        across[part] = k.sum(axis=1)
        down += k.sum(axis=0)
        squares += float(np.vdot(k, k))
    width, height = (m - 1, n - 1) if alike else (m, n)
    mean = float(across.sum()) / (n * width)
    between = float((across / width).var() + (down / height).var())
    return _Sums(mean, across, down, max(0.0, squares / (n * width) - mean**2 - between))
