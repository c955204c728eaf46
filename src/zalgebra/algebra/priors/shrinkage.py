"""Covariances of data: variances kept, correlations shrunk as far as few rows cannot tell them.

Two rules, for a full matrix and for a few axes, both on standardised entries, so that the scale of
an entry does not matter.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from zalgebra.algebra.priors.covariance import DENSE, Covariance, Diagonal, Full, LowRank
from zalgebra.algebra.weights import at_least

__all__ = ["LEAST", "shrunk", "spread"]

LEAST = 1e-6  # of a variance or a shrinkage, so that a fitted covariance can be inverted


def spread(X: np.ndarray, /) -> np.ndarray:
    """Standard deviations ``(D,)`` of centred rows, at least 1e-3 of their quadratic mean."""
    variances = np.mean(X**2, axis=0)
    return np.sqrt(np.maximum(variances, LEAST * max(float(variances.mean()), 1e-12)))


def shrunk(Y: np.ndarray, sd: np.ndarray, rank: int | None = None) -> Covariance:
    """Covariance with standard deviations ``sd`` and the shrunk correlations of rows ``Y``.

    ``rank`` is the number of axes that hold correlations at most; ``None`` is all of them up to
    4,096 entries, and 0 beyond.
    """
    rank = rank if rank is None else at_least("rank", rank, 0)
    if rank == 0 or (rank is None and sd.size > DENSE):
        return Diagonal(sd**2, sd.size)
    if rank is None:
        return Full(sd[:, None] * ledoit_wolf(Y) * sd)
    F = principal_axes(Y, rank)
    return LowRank(sd[:, None] * F, sd**2 * np.maximum(1 - np.sum(F**2, axis=1), LEAST))


def ledoit_wolf(Y: np.ndarray) -> np.ndarray:
    """Shrunk correlation of standardised rows ``(n, D)``: (1 - ρ) R + ρ I, with ρ = b²/d².

    Ledoit and Wolf, *A well-conditioned estimator for large-dimensional covariance matrices*, 2004.
    """
    n, D = Y.shape
    R = Y.T @ Y / n
    d2 = np.sum((R - np.eye(D)) ** 2)
    b2 = (np.sum(np.sum(Y**2, axis=1) ** 2) / n - np.sum(R**2)) / n
    rho = min(max(b2 / d2, LEAST), 1.0) if d2 > 0 else 1.0
    R *= 1 - rho
    np.fill_diagonal(R, 1.0)
    return R


def principal_axes(Y: np.ndarray, rank: int) -> np.ndarray:
    """Loadings F ``(D, r)``, r at most ``rank``, of standardised rows: their correlation beside 1.

    Each of the largest eigenvalues λ of R = YᵀY/n gives one column, √(σ² (ℓ - 1) c²) times its
    eigenvector: the noise is σ², and of γ = D/n entries a row the sample has turned λ/σ² = ℓ (1 +
    γ/(ℓ - 1)) away from the true ℓ, and its eigenvector by the angle arccos c. An eigenvalue
    within the noise, up to σ² (1 + √γ)², gives none.

    Donoho, Gavish and Johnstone, *Optimal shrinkage of eigenvalues in the spiked covariance
    model*, Annals of Statistics 46, 2018 (the shrinker of the entropy loss).
    """
    n, D = Y.shape
    gamma, seen = D / n, min(n - 1, D)  # `seen`: the eigenvalues that are not zero by themselves
    eigenvalues, V = _leading(Y, min(rank, seen - 1))
    rest = (float(np.sum(Y**2)) / n - eigenvalues.sum()) / (seen - len(eigenvalues))
    noise = max(rest / max(1.0, gamma), LEAST)
    spikes = eigenvalues > noise * (1 + gamma**0.5) ** 2
    b = eigenvalues[spikes] / noise + 1 - gamma
    ell = (b + np.sqrt(b**2 - 4 * eigenvalues[spikes] / noise)) / 2
    c2 = (1 - gamma / (ell - 1) ** 2) / (1 + gamma / (ell - 1))
    return V[:, spikes] * np.sqrt(noise * (ell - 1) * c2)


def _leading(Y: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
    """The r largest eigenvalues of YᵀY/n and their eigenvectors ``(D, r)``; YYᵀ/n where smaller."""
    n, D = Y.shape
    if r < 1:
        return np.zeros(0), np.zeros((D, 0))
    if n >= D:
        return eigh(Y.T @ Y / n, subset_by_index=(D - r, D - 1))
    eigenvalues, Q = eigh(Y @ Y.T / n, subset_by_index=(n - r, n - 1))
    return eigenvalues, Y.T @ (Q / np.sqrt(n * np.maximum(eigenvalues, LEAST)))
