"""The law of each class in the latent space, which a few items must not be left to tell alone."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from zalgebra.algebra.priors import Gaussian
from zalgebra.types import BadInput, Prior

__all__ = ["Laws", "gaussian", "kept"]

ROWS = 2000  # deviations that the pooled covariance is taken from, at most
DENSE, RANK = 4096, 64  # entries up to which a law has all correlations, and its axes beyond


class Laws:
    r"""The Gaussian of each class, its covariance drawn to that of all classes.

    With $n_c$ items of D entries, their covariance $S_c$ and the pooled one within classes, $S_w$,

    $$\Sigma_c = \frac{(n_c - 1)\, S_c + D\, S_w}{n_c - 1 + D},$$

    as if D items more had been seen to differ as items of a class do in general. Its correlations
    are then shrunk as in `zalgebra.priors.Gaussian.fit`. One item alone has $\Sigma_c = S_w$.

    Parameters
    ----------
    Z
        Latents ``(n, D)``.
    label
        Class ``(n,)`` of each, from 0.

    References
    ----------
    Friedman, *Regularized discriminant analysis*, JASA 84, 1989.

    Examples
    --------
    >>> Z = np.random.default_rng(0).standard_normal((500, 2)) * [1, 3] + 5
    >>> laws = Laws(Z, np.repeat([0, 1], [499, 1]))
    >>> np.sqrt(laws.of(1).cov.diagonal()).round()
    array([1., 3.])
    """

    def __init__(self, Z: np.ndarray, label: np.ndarray) -> None:
        self.Z, self.label = Z, label
        self._known: dict[int, Gaussian] = {}

    def of(self, c: int) -> Gaussian:
        """The law of class c; `BadInput` if no class has two items."""
        if c not in self._known:
            self._known[c] = self._fit(self.Z[self.label == c].astype(float))
        return self._known[c]

    def _fit(self, own: np.ndarray) -> Gaussian:
        mean, D = own.mean(axis=0), own.shape[1]
        pooled, freedom = self._deviations
        N, seen = len(own) + len(pooled), len(own) - 1 + D
        # Rows around the mean whose mean square is Σ_c, so that one rule shrinks it whatever D is.
        rows = np.concatenate(
            [(own - mean) * (N / seen) ** 0.5, pooled * (N * D / (freedom * seen)) ** 0.5]
        )
        return gaussian(rows + mean)

    @cached_property
    def _deviations(self) -> tuple[np.ndarray, float]:
        """Deviations from the class means, thinned out evenly, and how many of them are free."""
        n, sizes = len(self.Z), np.bincount(self.label)
        free = n - np.count_nonzero(sizes)
        if free < 1:
            raise BadInput(
                "no class has two items, so nothing tells how items of a class differ; "
                "add items, or use the method 'mixup'"
            )
        sums = np.zeros((len(sizes), self.Z.shape[1]))
        np.add.at(sums, self.label, self.Z)
        rows = np.linspace(0, n - 1, min(n, ROWS)).round().astype(int)
        of = self.label[rows]
        X = self.Z[rows] - sums[of] / sizes[of, None]
        return X - X.mean(axis=0), free * len(rows) / n


def gaussian(Z: np.ndarray, /) -> Gaussian:
    """The Gaussian of latents ``(n, *shape)``: all correlations, or of large ones a few axes."""
    return Gaussian.fit(Z, rank=None if Z[0].size <= DENSE else RANK)


def kept(prior: str | Prior, model: Any, Z: np.ndarray, /) -> Prior | None:
    """The distribution that combinations keep; None is that of each class."""
    if not isinstance(prior, str):
        return prior
    if prior == "class":
        return None
    return getattr(model, "prior_", None) or gaussian(Z)
