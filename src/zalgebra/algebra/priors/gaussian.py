"""The normal priors: `Normal`, N(0, I), and `Gaussian`, N(mean, cov).

One protocol (`zalgebra.types.Prior`): ``to_normal``, ``from_normal``, ``sample``, ``log_prob``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular

from zalgebra.algebra._arrays import as_latents, as_like, flatten, namespace, to_numpy
from zalgebra.algebra.priors._draw import check_shape, draw
from zalgebra.types import Array, BadInput

__all__ = ["Gaussian", "Normal"]

LOG_TWO_PI = math.log(2 * math.pi)
LEAST = 1e-6  # of a variance or a shrinkage, so that a fitted covariance can be inverted


class Normal:
    """The standard normal N(0, I), the prior of most GANs, flows and diffusion noises.

    Parameters
    ----------
    shape
        Shape of one latent; only `sample` needs it.

    Examples
    --------
    >>> import zalgebra as za
    >>> za.priors.Normal((4, 8, 8)).sample(2, seed=0).shape
    (2, 4, 8, 8)
    """

    def __init__(self, shape: tuple[int, ...] | None = None) -> None:
        self.shape = shape if shape is None else tuple(shape)

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
        variances), or a matrix ``(D, D)`` over the flattened latent.

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

    def __init__(self, mean: ArrayLike, cov: ArrayLike) -> None:
        self.mean = np.atleast_1d(np.array(to_numpy(as_latents(mean, "mean")), dtype=float))
        self.cov = np.array(to_numpy(as_latents(cov, "cov")), dtype=float)
        self.shape: tuple[int, ...] = self.mean.shape
        self._factor, self._inverse = self._factorise()

    @classmethod
    def fit(cls, Z: Array, /) -> Gaussian:
        """The Gaussian of encoded latents ``(n, *shape)``, its covariance shrunk.

        Variances are kept; correlations are shrunk towards none by the rule of Ledoit and Wolf,
        *A well-conditioned estimator for large-dimensional covariance matrices* (2004), on
        standardised entries, so that the scale of an entry does not matter (a VAE leaves some
        nearly unused, and the plain rule would inflate those). A variance of at least 1e-6 of the
        mean one, and a shrinkage of at least 1e-6, keep it positive definite for any n ≥ 2. Beyond
        4,096 entries a latent no correlations are kept.

        Examples
        --------
        >>> import numpy as np, zalgebra as za
        >>> Z = np.random.default_rng(0).normal(3.0, 2.0, (5000, 4))
        >>> prior = za.priors.Gaussian.fit(Z)
        >>> prior.mean.round(1).tolist(), prior.cov.diagonal().round().tolist()
        ([3.0, 3.0, 3.0, 3.0], [4.0, 4.0, 4.0, 4.0])
        """
        Z = to_numpy(as_latents(Z, "Z")).astype(float)
        if Z.ndim < 2 or Z.shape[0] < 2 or Z[0].size == 0:
            raise BadInput(f"a prior is fitted from at least 2 latents, got shape {Z.shape}")
        mean = Z.mean(axis=0)
        X = (Z - mean).reshape(len(Z), -1)
        variances = np.mean(X**2, axis=0)
        variances = np.maximum(variances, LEAST * max(float(variances.mean()), 1e-12))
        if X.shape[1] > 4096:
            return cls(mean, variances.reshape(mean.shape))
        sd = np.sqrt(variances)
        return cls(mean, sd[:, None] * _ledoit_wolf(X / sd) * sd)

    def _factorise(self) -> tuple[np.ndarray, np.ndarray]:
        """The lower factor L of cov = L Lᵀ and its inverse; vectors where cov is diagonal."""
        D = self.mean.size
        if self.cov.ndim == 0 or self.cov.shape == self.mean.shape:
            variances = np.broadcast_to(self.cov, self.mean.shape).reshape(-1)
            if np.any(variances <= 0):
                raise BadInput(f"variances must be positive, got {variances.min():.3g}")
            return np.sqrt(variances), 1 / np.sqrt(variances)
        if self.cov.shape != (D, D):
            raise BadInput(
                f"`cov` must be a number, variances {self.shape} or a matrix ({D}, {D}), "
                f"got shape {self.cov.shape}"
            )
        if np.any(np.abs(self.cov - self.cov.T) > 1e-6 * np.abs(self.cov).max()):
            raise BadInput("`cov` must be symmetric")
        try:
            L = np.linalg.cholesky(self.cov)
        except np.linalg.LinAlgError as error:
            raise BadInput(
                "`cov` must be positive definite; shrink it or add a small multiple of the identity"
            ) from error
        return L, solve_triangular(L, np.eye(D), lower=True)

    def to_normal(self, z: Array, /) -> Array:
        """Whiten latents ``(n, *shape)``: u = L⁻¹ (z - mean)."""
        xp = namespace(z)
        check_shape(self.shape, z)
        rows = flatten(z - as_like(self.mean, z))
        return xp.reshape(_apply(self._inverse, rows), z.shape)

    def from_normal(self, u: Array, /) -> Array:
        """Colour standard normal arrays ``(n, *shape)``: z = mean + L u."""
        check_shape(self.shape, u)
        z = namespace(u).reshape(_apply(self._factor, flatten(u)), u.shape)
        return z + as_like(self.mean, u)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents ``(n, *shape)`` from NumPy's generator under ``seed``.

        They are float32 NumPy arrays, or in the library, dtype and device of ``like``.
        """
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``."""
        diagonal = self._factor if self._factor.ndim == 1 else self._factor.diagonal()
        return Normal().log_prob(self.to_normal(z)) - float(np.log(diagonal).sum())

    def __repr__(self) -> str:
        kind = {1: "diagonal", 2: "full"}[self._factor.ndim]
        return f"Gaussian(shape={self.shape}, {kind} covariance)"


def _apply(factor: np.ndarray, rows: Array) -> Array:
    """Rows times the (triangular or diagonal) factor."""
    f = as_like(factor, rows)
    return rows * f if factor.ndim == 1 else rows @ f.T


def _ledoit_wolf(Y: np.ndarray) -> np.ndarray:
    """Shrunk correlation of standardised rows ``(n, D)``: (1 - ρ) R + ρ I, with ρ = b²/d²."""
    n, D = Y.shape
    R = Y.T @ Y / n
    d2 = np.sum((R - np.eye(D)) ** 2)
    b2 = (np.sum(np.sum(Y**2, axis=1) ** 2) / n - np.sum(R**2)) / n
    rho = min(max(b2 / d2, LEAST), 1.0) if d2 > 0 else 1.0
    R *= 1 - rho
    np.fill_diagonal(R, 1.0)
    return R
