"""The normal priors: `Normal`, N(0, I), and `Gaussian`, N(mean, cov).

One protocol (`zalgebra.types.Prior`): ``to_normal``, ``from_normal``, ``sample``, ``log_prob``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, flatten, namespace, to_numpy
from zalgebra.algebra._whole import as_shape
from zalgebra.algebra.priors._constant import Constant
from zalgebra.algebra.priors._draw import check_shape, draw
from zalgebra.algebra.priors.covariance import Covariance, LowRank, as_covariance
from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.types import Array, BadInput

__all__ = ["Gaussian", "Normal"]

LOG_TWO_PI = math.log(2 * math.pi)


class Normal:
    """The standard normal N(0, I), the prior of most GANs, flows and diffusion noises.

    Parameters
    ----------
    shape
        Shape of one latent, or its entries as a number; only `sample` needs it.

    Examples
    --------
    >>> import zalgebra as za
    >>> za.priors.Normal((4, 8, 8)).sample(2, seed=0).shape
    (2, 4, 8, 8)
    """

    gaussian_mean = 0.0  # what `combine` asks of a prior: its mean, if it is Gaussian

    def __init__(self, shape: int | tuple[int, ...] | None = None) -> None:
        self.shape = None if shape is None else as_shape(shape)

    def to_normal(self, z: Array, /) -> Array:
        """Return latents ``(n, *shape)`` as they are."""
        check_shape(self.shape, z)
        return z

    def from_normal(self, u: Array, /) -> Array:
        """Return standard normal arrays ``(n, *shape)`` as they are."""
        check_shape(self.shape, u)
        return u

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        if self.shape is None:
            raise BadInput("`Normal` needs a shape to sample: Normal(shape=(512,))")
        return draw(n, self.shape, seed, like)

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``: -(|z|² + D log 2π) / 2."""
        flat = flatten(self.to_normal(z))
        return -0.5 * (namespace(z).sum(flat * flat, axis=-1) + flat.shape[1] * LOG_TWO_PI)

    def __repr__(self) -> str:
        return "Normal()" if self.shape is None else f"Normal({self.shape})"


class Gaussian:
    """The normal distribution N(mean, cov).

    Parameters
    ----------
    mean
        Shape ``shape``; a number is a latent of one entry.
    cov
        A number (one variance for all D entries), an array of ``mean``'s shape (their
        variances), or a matrix ``(D, D)`` over the flattened latent. For large D, `low_rank` keeps
        correlations without a matrix.

    Raises
    ------
    BadInput
        If the shapes do not fit, or the covariance is not positive definite.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> prior = za.priors.Gaussian([1.0, 2.0], [[1.0, 0.5], [0.5, 2.0]])
    >>> z = prior.sample(50_000, seed=0)
    >>> np.cov(z.T).round(1).tolist()
    [[1.0, 0.5], [0.5, 2.0]]
    """

    def __init__(self, mean: ArrayLike, cov: ArrayLike | Covariance) -> None:
        self.mean = np.atleast_1d(_numbers(mean, "mean"))
        self.shape: tuple[int, ...] = self.mean.shape
        known = isinstance(cov, Covariance)
        self._covariance = cov if known else as_covariance(_numbers(cov, "cov"), self.shape)
        self._mean = Constant(self.mean)

    @classmethod
    def low_rank(cls, mean: ArrayLike, factor: ArrayLike, diagonal: ArrayLike) -> Gaussian:
        """N(mean, diag(d) + F Fᵀ), which holds O(D r) numbers and never a matrix ``(D, D)``.

        Parameters
        ----------
        mean
            Shape ``shape``, D entries.
        factor
            F, of shape ``(*shape, r)`` or ``(D, r)``.
        diagonal
            d, positive: a number or an array of ``mean``'s shape.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> prior = za.priors.Gaussian.low_rank(np.zeros(262_144), np.ones((262_144, 1)), 1.0)
        >>> z = prior.sample(2, seed=0)
        >>> z.shape, prior
        ((2, 262144), Gaussian(shape=(262144,), low-rank covariance))
        """
        mean = np.atleast_1d(_numbers(mean, "mean"))
        F, d = _numbers(factor, "factor"), _numbers(diagonal, "diagonal")
        if F.ndim < 2 or F.shape[:-1] not in (mean.shape, (mean.size,)):
            sizes = ", ".join(map(str, mean.shape))
            raise BadInput(
                f"`factor` must have shape ({sizes}, r) or ({mean.size}, r), got {F.shape}"
            )
        if d.ndim and d.shape != mean.shape:
            raise BadInput(f"`diagonal` must be a number or {mean.shape}, got shape {d.shape}")
        d = np.array(np.broadcast_to(d, mean.shape)).reshape(-1)
        return cls(mean, LowRank(F.reshape(mean.size, F.shape[-1]), d))

    @classmethod
    def fit(cls, Z: Array, /, *, rank: int | None = None) -> Gaussian:
        """The Gaussian of encoded latents ``(n, *shape)``, its covariance shrunk.

        Variances are kept; correlations are shrunk towards none by the rule of Ledoit and Wolf
        (2004) on standardised entries, so that the scale of an entry does not matter (a VAE leaves
        some nearly unused, and the plain rule would inflate those). A variance of at least 1e-6 of
        the mean one, and a shrinkage of at least 1e-6, keep it positive definite for any n ≥ 2.

        Parameters
        ----------
        Z
            Latents ``(n, *shape)``, n ≥ 2.
        rank
            ``None`` keeps all correlations up to 4,096 entries a latent, and none beyond. A number
            keeps those along as many principal axes at most, as far as they stand out of the noise
            of n rows (Donoho, Gavish and Johnstone, 2018), for any size; 0 keeps none.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> Z = np.random.default_rng(0).normal(3.0, 2.0, (5000, 4))
        >>> prior = za.priors.Gaussian.fit(Z)
        >>> prior.mean.round(1).tolist(), prior.cov.diagonal().round().tolist()
        ([3.0, 3.0, 3.0, 3.0], [4.0, 4.0, 4.0, 4.0])
        """
        Z = as_rows(Z)
        mean = Z.mean(axis=0)
        X = (Z - mean).reshape(len(Z), -1)
        sd = spread(X)
        return cls(mean, shrunk(X / sd, sd, rank))

    @property
    def gaussian_mean(self) -> np.ndarray:
        """The mean, which is all that `combine` needs to know of a Gaussian prior."""
        return self.mean

    @property
    def cov(self) -> np.ndarray:
        """The covariance: a number, variances ``shape``, or a matrix ``(D, D)``.

        That of `low_rank` is made when it is asked for, and refused beyond 4,096 entries.
        """
        return self._covariance.cov

    @property
    def factor(self) -> np.ndarray | None:
        """The factor F ``(*shape, r)`` of a low-rank covariance, else ``None``."""
        F = getattr(self._covariance, "factor", None)
        return F if F is None else F.reshape(*self.shape, F.shape[1])

    @property
    def diagonal(self) -> np.ndarray | None:
        """The variances d ``shape`` of a low-rank covariance, else ``None``."""
        d = getattr(self._covariance, "diagonal", None)
        return d if d is None else d.reshape(self.shape)

    def to_normal(self, z: Array, /) -> Array:
        """Whiten latents ``(n, *shape)``: u = L⁻¹ (z - mean), with L Lᵀ = cov."""
        check_shape(self.shape, z)
        rows = flatten(z - self._mean.like(z))
        return namespace(z).reshape(self._covariance.whiten(rows), z.shape)

    def from_normal(self, u: Array, /) -> Array:
        """Colour standard normal arrays ``(n, *shape)``: z = mean + L u."""
        check_shape(self.shape, u)
        z = namespace(u).reshape(self._covariance.colour(flatten(u)), u.shape)
        return z + self._mean.like(u)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents ``(n, *shape)`` from NumPy's generator under ``seed``.

        They are float32 NumPy arrays, or in the library, dtype and device of ``like``.
        """
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``: log N(u; 0, I) - log det L."""
        return Normal().log_prob(self.to_normal(z)) - self._covariance.log_det

    def __repr__(self) -> str:
        return f"Gaussian(shape={self.shape}, {self._covariance.kind} covariance)"


def as_rows(Z: Array) -> np.ndarray:
    """Latents ``(n, *shape)`` of any library as float64 NumPy, n at least 2."""
    Z = to_numpy(as_latents(Z, "Z")).astype(float)
    if Z.ndim < 2 or Z.shape[0] < 2 or Z[0].size == 0:
        raise BadInput(f"a prior is fitted from at least 2 latents, got shape {Z.shape}")
    return Z


def _numbers(values: Any, name: str) -> np.ndarray:
    """A float64 copy of finite numbers."""
    return np.array(to_numpy(as_latents(values, name)), dtype=float)
