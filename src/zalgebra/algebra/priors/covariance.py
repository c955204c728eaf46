"""Covariances Σ of D entries, each with one square root L, L Lᵀ = Σ: diagonal, full, low rank.

All act on rows ``(n, D)``: ``colour`` is L u, ``whiten`` is L⁻¹ x, ``log_det`` is log |det L|.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from scipy.linalg import solve_triangular

from zalgebra.algebra.priors._constant import Constant
from zalgebra.types import Array, BadInput

__all__ = ["Covariance", "Diagonal", "Full", "LowRank", "as_covariance"]

DENSE = 4096  # entries up to which a matrix (D, D) is made


class Covariance(ABC):
    """What every kind of covariance offers."""

    kind: str
    log_det: float
    _cov: np.ndarray

    @property
    def cov(self) -> np.ndarray:
        """A number, variances in the latent's shape, or the matrix ``(D, D)``."""
        return self._cov

    @abstractmethod
    def colour(self, u: Array, /) -> Array:
        """L u for each row u."""

    @abstractmethod
    def whiten(self, x: Array, /) -> Array:
        """L⁻¹ x for each row x."""


class Diagonal(Covariance):
    """Σ = diag(d), L = diag(√d); d is one number or has the latent's shape."""

    kind = "diagonal"

    def __init__(self, variances: np.ndarray, D: int) -> None:
        self._cov = variances
        root = np.sqrt(np.broadcast_to(_positive(variances).reshape(-1), (D,)))
        self._root, self.log_det = Constant(root), float(np.log(root).sum())

    def colour(self, u: Array, /) -> Array:
        """L u for each row u."""
        return u * self._root.like(u)

    def whiten(self, x: Array, /) -> Array:
        """L⁻¹ x for each row x."""
        return x / self._root.like(x)


class Full(Covariance):
    """Σ a matrix ``(D, D)``, L its lower Cholesky factor."""

    kind = "full"

    def __init__(self, cov: np.ndarray) -> None:
        self._cov = cov
        if np.any(np.abs(cov - cov.T) > 1e-6 * np.abs(cov).max()):
            raise BadInput("`cov` must be symmetric")
        try:
            L = np.linalg.cholesky(cov)
        except np.linalg.LinAlgError as error:
            raise BadInput(
                "`cov` must be positive definite; shrink it or add a small multiple of the identity"
            ) from error
        self._root = Constant(L)
        self._inverse = Constant(solve_triangular(L, np.eye(len(L)), lower=True))
        self.log_det = float(np.log(L.diagonal()).sum())

    def colour(self, u: Array, /) -> Array:
        """L u for each row u."""
        return u @ self._root.like(u).T

    def whiten(self, x: Array, /) -> Array:
        """L⁻¹ x for each row x."""
        return x @ self._inverse.like(x).T


class LowRank(Covariance):
    """Σ = diag(d) + F Fᵀ with F ``(D, r)``: O(D r) numbers, O(n D r) operations.

    With the singular value decomposition D^{-½} F = U s Vᵀ, D = diag(d), a square root is
    L = D^{½} (I + U diag(√(1 + s²) - 1) Uᵀ), its inverse is
    L⁻¹ = (I + U diag(1/√(1 + s²) - 1) Uᵀ) D^{-½}, and log det L = ½ Σ log d + ½ Σ log(1 + s²).
    """

    kind = "low-rank"

    def __init__(self, factor: np.ndarray, diagonal: np.ndarray) -> None:
        self.factor, self.diagonal = factor, _positive(diagonal)
        root = np.sqrt(self.diagonal)
        U, s, _ = np.linalg.svd(factor / root[:, None], full_matrices=False)
        stretch = np.sqrt(1 + s**2)
        self._root, self._axes = Constant(root), Constant(U)
        self._out = Constant(s**2 / (1 + stretch))  # √(1 + s²) - 1, without its cancellation
        self._in = Constant(-(s**2) / (stretch * (1 + stretch)))  # 1/√(1 + s²) - 1
        self.log_det = float(np.log(root).sum() + np.log(stretch).sum())

    @property
    def cov(self) -> np.ndarray:
        """The matrix ``(D, D)``, made when it is asked for."""
        D = len(self.diagonal)
        if D > DENSE:
            raise BadInput(
                f"a matrix ({D}, {D}) is not made for more than {DENSE} entries; "
                "use `factor` and `diagonal`"
            )
        return np.diag(self.diagonal) + self.factor @ self.factor.T

    def colour(self, u: Array, /) -> Array:
        """L u for each row u."""
        return self._stretched(u, self._out) * self._root.like(u)

    def whiten(self, x: Array, /) -> Array:
        """L⁻¹ x for each row x."""
        return self._stretched(x / self._root.like(x), self._in)

    def _stretched(self, x: Array, by: Constant) -> Array:
        """(I + U diag(by) Uᵀ) x for each row x."""
        U = self._axes.like(x)
        return x + ((x @ U) * by.like(x)) @ U.T


def as_covariance(cov: np.ndarray, shape: tuple[int, ...]) -> Diagonal | Full:
    """The covariance of latents of this shape, from a number, their variances, or a matrix."""
    D = math.prod(shape)
    if cov.ndim == 0 or cov.shape == shape:
        return Diagonal(cov, D)
    if cov.shape == (D, D):
        return Full(cov)
    raise BadInput(
        f"`cov` must be a number, variances {shape} or a matrix ({D}, {D}), got shape {cov.shape}"
    )


def _positive(variances: np.ndarray) -> np.ndarray:
    if np.any(variances <= 0):
        raise BadInput(f"variances must be positive, got {variances.min():.3g}")
    return variances
