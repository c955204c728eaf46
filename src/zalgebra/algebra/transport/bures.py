"""The Bures-Wasserstein geometry of covariances, in NumPy's float64.

A covariance is a matrix ``(D, D)``, or the vector ``(D,)`` of its diagonal; the arguments of one
call are all of one kind (`alike` sees to that). Diagonal ones commute, so everything about them is
elementwise and has no limit in D.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from zalgebra.types import BadInput

__all__ = ["alike", "brenier", "cost", "mean_covariance", "product"]


def alike(*covariances: np.ndarray) -> list[np.ndarray]:
    """The covariances as they are if all or none are diagonal, else as matrices."""
    if len({c.ndim for c in covariances}) == 1:
        return list(covariances)
    return [np.diag(c) if c.ndim == 1 else c for c in covariances]


def product(*factors: np.ndarray) -> np.ndarray:
    """The matrix product; elementwise where the factors are diagonals."""
    return np.prod(factors, axis=0) if factors[0].ndim == 1 else np.linalg.multi_dot(factors)


def brenier(S0: np.ndarray, S1: np.ndarray, /) -> np.ndarray:
    """The symmetric positive definite A with A Σ0 A = Σ1.

    A = Σ0^{-1/2} (Σ0^{1/2} Σ1 Σ0^{1/2})^{1/2} Σ0^{-1/2} for any square root of Σ0 (with its
    transpose): the lower factor L costs less than an eigendecomposition. With
    Lᵀ Σ1 L = V diag(λ) Vᵀ it is A = H Hᵀ, H = L^{-T} V diag(λ^{1/4}).
    """
    if S0.ndim == 1:
        return np.sqrt(S1 / S0)
    L = np.linalg.cholesky(S0)
    lam, V = np.linalg.eigh(L.T @ S1 @ L)
    fourth_root = np.maximum(lam, 0) ** 0.25  # rounding can leave the least a little below 0
    H = solve_triangular(L, V * fourth_root, lower=True, trans="T")
    return H @ H.T


def cost(A: np.ndarray, S: np.ndarray, /) -> float:
    """E |A x - x|² for x ~ N(0, Σ): tr (A - I) Σ (A - I).

    For A = `brenier` (Σ0, Σ1) and Σ = Σ0 it is tr(Σ0 + Σ1 - 2 (Σ0^{1/2} Σ1 Σ0^{1/2})^{1/2}), with
    no difference of large traces, so that equal covariances are at distance 0.
    """
    B = A - (1 if A.ndim == 1 else np.eye(len(A)))
    return max(float(np.sum(product(B, S) * B)), 0.0)


def mean_covariance(
    covariances: list[np.ndarray], w: np.ndarray, /, *, tol: float, max_iterations: int
) -> np.ndarray:
    """The covariance Σ that minimises Σ_i w_i W2²(Σ, Σ_i).

    Diagonal ones: their standard deviations are averaged. Otherwise the fixed point
    Σ ← Ā Σ Ā with Ā = Σ_i w_i A_i, where A_i carries Σ to Σ_i; at the barycentre Ā = I. It has
    converged where the step is at most ``tol`` times the scale of Σ: tr (Ā - I) Σ (Ā - I) ≤
    tol² tr Σ.

    Raises
    ------
    BadInput
        If it has not converged within ``max_iterations``.

    References
    ----------
    Álvarez-Esteban, del Barrio, Cuesta-Albertos and Matrán, *A fixed-point approach to barycenters
    in Wasserstein space*, J. Math. Anal. Appl. 441 (2016), equation 7.
    """
    if covariances[0].ndim == 1:
        return np.tensordot(w, np.sqrt(covariances), axes=1) ** 2
    S = np.tensordot(w, covariances, axes=1)
    step = float("inf")
    for _ in range(max_iterations):
        A = np.tensordot(w, [brenier(S, S_i) for S_i in covariances], axes=1)
        step = (cost(A, S) / float(np.trace(S))) ** 0.5
        if step <= tol:
            return S
        S = A @ S @ A
        S = (S + S.T) / 2
    raise BadInput(
        f"the barycentre did not converge in {max_iterations} iterations: the last step was "
        f"{step:.2g} of its scale and `tol` is {tol:.2g}; raise one of them"
    )
