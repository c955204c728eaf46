"""Linear readouts of an attribute from whitened latents, and what each item adds to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.types import MissingExtra

__all__ = ["Readout", "readout", "ridge"]

SHRUNK = 0.1  # γ of LDA's covariance, in whitened latents
PENALTY = 0.01  # λ of |b|², against the mean loss, in whitened latents


@dataclass(frozen=True, eq=False)
class Readout:
    """The normal b ``(D,)`` at which the sum of what n items say vanishes.

    Item i says g_i - κ b, where its ``scores`` g_i ``(n, D)`` fall with b by the Hessian

        H = (1/n) Σ a_i e_i e_iᵀ + κ I,

    of its rows e_i, ``(n, D)``, with weights a ``(n,)``.
    """

    normal: np.ndarray
    scores: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    penalty: float


def readout(U: np.ndarray, c: np.ndarray, method: str) -> Readout:
    """The readout of a column c ``(n,)`` from whitened rows U, with f = b·u + b₀ and s = ±1.

    Logistic: min mean log(1 + exp(-s f)) + λ/2 |b|². SVM: the same with max(0, 1 - s f)². LDA:
    b = S⁻¹ (m₁ - m₀) with S shrunk. A column of more than two values is read by ridge regression,
    one of a single value not at all.
    """
    low, high = c.min(), c.max()
    positive = c == high
    if low == high:
        nothing = np.zeros_like(U)
        return Readout(nothing[0], nothing, U, np.zeros(len(U)), 1.0)
    if not np.all(positive | (c == low)):
        X, y = U - U.mean(axis=0), c - c.mean()
        b = ridge(X, y[:, None], PENALTY)[:, 0]
        return Readout(b, (y - X @ b)[:, None] * X, X, np.ones(len(X)), PENALTY)
    return discriminant(U, positive) if method == "lda" else minimised(U, positive, method)


def minimised(U: np.ndarray, positive: np.ndarray, method: str) -> Readout:
    """The normal that minimises a loss ℓ(s f): item i scores -s ℓ' e_i, with the weight ℓ''."""
    try:
        solver = _solver(method, 1 / (PENALTY * len(U)))
    except ModuleNotFoundError as error:
        raise MissingExtra("scikit-learn", "maps") from error
    b, s = solver.fit(U, positive).coef_[0], np.where(positive, 1.0, -1.0)
    margin = s * (U @ b + solver.intercept_[0])
    if method == "svm":
        slope, weight = -2 * np.maximum(1 - margin, 0), np.where(margin < 1, 2.0, 0.0)
    else:
        slope = -1 / (1 + np.exp(margin))
        weight = -slope * (1 + slope)
    # Around the mean by these weights the offset b₀ and b do not touch one another.
    rows = U - weight @ U / max(float(weight.sum()), 1e-300)
    return Readout(b, (-s * slope)[:, None] * rows, rows, weight, PENALTY)


def discriminant(U: np.ndarray, positive: np.ndarray) -> Readout:
    """Fisher's S⁻¹ (m₁ - m₀), with the within-group covariance S shrunk to (1 - γ) S + γ I.

    γ is fixed: one that falls as the items grow would give few items another direction than many.
    """
    m = np.stack([U[~positive].mean(axis=0), U[positive].mean(axis=0)])
    E, gap = U - m[positive.astype(int)], m[1] - m[0]
    weights = np.full(len(U), 1 - SHRUNK)
    b = solved(E, weights, SHRUNK, gap[None])[0]
    mine = np.where(positive, 1 / positive.mean(), -1 / (~positive).mean())  # of the gap
    scores = (mine - (1 - SHRUNK) * (E @ b))[:, None] * E + gap
    return Readout(b, scores, E, weights, SHRUNK)


def solved(E: np.ndarray, weights: np.ndarray, penalty: float, R: np.ndarray) -> np.ndarray:
    """H⁻¹ r for each row r, with H = (1/n) Σ a_i e_i e_iᵀ + κ I.

    With fewer items than entries by Woodbury's identity, so that no matrix (D, D) is made.
    """
    n, D = E.shape
    V = E * np.sqrt(weights / n)[:, None]
    if n >= D:
        return np.linalg.solve(V.T @ V + penalty * np.eye(D), R.T).T
    inner = np.linalg.solve(V @ V.T + penalty * np.eye(n), V @ R.T)
    return (R - inner.T @ V) / penalty


def ridge(X: np.ndarray, Y: np.ndarray, penalty: float) -> np.ndarray:
    """W ``(D, m)`` of centred rows: (Xᵀ X + n λ I)⁻¹ Xᵀ Y, or Xᵀ (X Xᵀ + n λ I)⁻¹ Y if smaller."""
    n, D = X.shape
    if n >= D:
        return np.linalg.solve(X.T @ X + n * penalty * np.eye(D), X.T @ Y)
    return X.T @ np.linalg.solve(X @ X.T + n * penalty * np.eye(n), Y)


def _solver(method: str, C: float) -> Any:
    if method == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=C, max_iter=1000)
    from sklearn.svm import LinearSVC

    return LinearSVC(C=C, dual=False, max_iter=5000)
