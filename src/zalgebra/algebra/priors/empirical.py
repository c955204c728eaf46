"""`Empirical`: the distribution of encoded data, learned from it."""

from __future__ import annotations

from typing import Self

import numpy as np

from zalgebra.algebra._arrays import flatten, namespace
from zalgebra.algebra.priors._draw import check_shape, draw
from zalgebra.algebra.priors.gaussian import Gaussian, as_rows
from zalgebra.algebra.priors.quantiles import Quantiles
from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.algebra.weights import at_least
from zalgebra.types import Array, BadInput

__all__ = ["Empirical"]


class Empirical:
    """The distribution of encoded data; `fit` learns it.

    With ``marginals="normal"`` it is the Gaussian of the data's mean and shrunk covariance
    (`Gaussian.fit`), and `combine` needs no detour. With ``marginals="quantiles"`` each entry
    follows the quantiles of its own data and the entries hang together by a Gaussian copula (the
    nonparanormal): with F_j the distribution of entry j and R = L Lᵀ the shrunk correlation of the
    normal scores,

        u = L⁻¹ (Φ⁻¹(F_1(z_1)), ..., Φ⁻¹(F_D(z_D))).

    Parameters
    ----------
    marginals
        ``"normal"`` (default) or ``"quantiles"``.
    rank
        Which correlations are kept, as in `Gaussian.fit`: ``None`` for all up to 4,096 entries, a
        number of principal axes, 0 for none.
    knots
        Quantiles that each entry keeps at most, for ``"quantiles"``: 8 · knots · D bytes.

    Notes
    -----
    Beyond the data an entry has a Gaussian tail with the slope of the data over the outermost unit
    of normal score, so that the map stays a bijection of the whole line. A value that many data
    share (a rectified latent's zero) has the score of its middle rank, and all its ranks lead back
    to it within 0.001 standard deviations a unit of score; an entry that never changes is one such
    value.

    References
    ----------
    Liu, Lafferty and Wasserman, *The nonparanormal: semiparametric estimation of high dimensional
    undirected graphs*, Journal of Machine Learning Research 10, 2009.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> Z = np.random.default_rng(0).exponential(size=(5000, 2))
    >>> prior = za.priors.Empirical(marginals="quantiles").fit(Z)
    >>> z = prior.sample(10_000, seed=0)
    >>> bool(z.min() > -0.01), np.quantile(z, [0.5, 0.9]).round(1).tolist()
    (True, [0.7, 2.3])
    >>> np.quantile(za.priors.Empirical().fit(Z).sample(10_000, seed=0), [0.1]).round(1).tolist()
    [-0.3]
    """

    def __init__(
        self, *, marginals: str = "normal", rank: int | None = None, knots: int = 256
    ) -> None:
        self.marginals, self.rank, self.knots = marginals, rank, knots
        self.shape: tuple[int, ...] | None = None

    def fit(self, Z: Array, y: object = None, /) -> Self:
        """Learn the distribution of latents ``(n, *shape)``, n ≥ 2; ``y`` is not used."""
        if self.marginals not in ("normal", "quantiles"):
            raise BadInput(f"`marginals` must be 'normal' or 'quantiles', got {self.marginals!r}")
        knots, Z = at_least("knots", self.knots, 2), as_rows(Z)
        self.quantiles_: Quantiles | None = None
        if self.marginals == "normal":
            self.gaussian_ = Gaussian.fit(Z, rank=self.rank)
        else:
            rows = flatten(Z)
            self.quantiles_ = Quantiles(rows, knots)
            self.gaussian_ = _copula(self.quantiles_.to_normal(rows), Z.shape[1:], self.rank)
        self.shape = self.gaussian_.shape
        return self

    @property
    def gaussian_mean(self) -> np.ndarray | None:
        """The mean if the distribution is Gaussian, which is all that `combine` needs, or None."""
        return None if self._fitted().quantiles_ else self.gaussian_.mean

    def to_normal(self, z: Array, /) -> Array:
        """Map latents ``(n, *shape)`` to standard normal ones."""
        scores = self._scores(z)
        return self.gaussian_.to_normal(scores)

    def from_normal(self, u: Array, /) -> Array:
        """Map standard normal arrays ``(n, *shape)`` to latents."""
        scores = self._fitted().gaussian_.from_normal(u)
        if self.quantiles_ is None:
            return scores
        return namespace(u).reshape(self.quantiles_.from_normal(flatten(scores)), u.shape)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        return self.from_normal(draw(n, self._fitted().gaussian_.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``: that of the scores, and the map's log slopes."""
        scores = self._scores(z)
        density = self.gaussian_.log_prob(scores)
        if self.quantiles_ is None:
            return density
        return density + namespace(z).sum(self.quantiles_.log_slope(flatten(z)), axis=-1)

    def _scores(self, z: Array) -> Array:
        """Latents as they are, or the normal scores of their entries."""
        check_shape(self._fitted().shape, z)
        if self.quantiles_ is None:
            return z
        return namespace(z).reshape(self.quantiles_.to_normal(flatten(z)), z.shape)

    def _fitted(self) -> Self:
        if self.shape is None:
            raise BadInput("this Empirical is not fitted yet: call fit(Z) first")
        return self

    def __repr__(self) -> str:
        if self.shape is None:
            return f"Empirical(marginals={self.marginals!r})"
        return f"Empirical(marginals={self.marginals!r}, shape={self.shape})"


def _copula(scores: np.ndarray, shape: tuple[int, ...], rank: int | None) -> Gaussian:
    """The Gaussian of the scores' shrunk correlations: zero means and unit variances."""
    X = scores - scores.mean(axis=0)
    sd = spread(X)
    return Gaussian(np.zeros(shape), shrunk(X / sd, np.ones_like(sd), rank))
