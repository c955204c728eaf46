"""How different the items of one set are from one another."""

from __future__ import annotations

import numpy as np

from zalgebra.measures.features import Features, blocks, rows
from zalgebra.measures.intervals import score
from zalgebra.measures.score import Score
from zalgebra.measures.support import squared_distances
from zalgebra.types import Array

__all__ = ["diversity"]


def diversity(x: Array, /, *, features: Features | None = None) -> Score:
    r"""The mean distance between two different items.

    $$\frac{2}{n (n - 1)} \sum_{i < j} |f(x_i) - f(x_j)|$$

    The interval is that of a U-statistic: Student's, with the variance 4 ζ/n, ζ that of the mean
    distance of one item from the others.

    Parameters
    ----------
    x
        Items ``(n, *shape)``, or features ``(n, D)``, at least 3; any array library.
    features
        From items to features ``(n, D)``; by default the items are features already.

    References
    ----------
    Hoeffding, *A class of statistics with asymptotically normal distribution* (1948).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import diversity
    >>> x = np.random.default_rng(0).standard_normal((500, 1))
    >>> print(diversity(x))  # 2/√π = 1.13
    1.14 [1.06, 1.21] (n = 500)
    """
    f = rows(x, "x", features=features, least=3)
    f, n = f - f.mean(axis=0), len(f)
    away = np.empty(n)
    for part in blocks(n, n):
        d = squared_distances(f[part], f)
        d[np.arange(len(d)), np.arange(part.start, part.stop)] = 0
        away[part] = np.sqrt(d, out=d).sum(axis=1) / (n - 1)
    variance = 4 * float(away.var(ddof=1)) / n
    return score(float(away.mean()), variance, n, "mean distance between two items", df=n - 1)
