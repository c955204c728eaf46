"""A judge of edits that is not the model: a ridge regression from the data to the factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zalgebra.studio.audit_factors import Factor

__all__ = ["LinearJudge"]


class LinearJudge:
    """Ridge regression from the data to every factor, each at its own penalty.

    It knows nothing of the model that is audited. With the kernel K = X Xᵀ of centred data,
    G = (K + λI)⁻¹ and n items, the others' error on item i is (G y)_i/(G_ii - 1/(nλ)), where the
    last term stands for the mean, which is not penalised; λ is where the sum of its squares is
    least. Readings of a shrunk fit move too little, so they are divided by the slope of the
    leave-one-out readings on the truth.

    Parameters
    ----------
    X
        Data ``(n, ...)``.
    factors
        What to read.
    """

    def __init__(self, X: np.ndarray, factors: Sequence[Factor]) -> None:
        X = X.reshape(len(X), -1).astype(np.float64)
        self.centre = X.mean(axis=0)
        X = X - self.centre
        s, Q = np.linalg.eigh(X @ X.T)
        s = np.maximum(s, 0)
        fits = [_ridge(s, Q, f.values) for f in factors]
        self.names = [f.name for f in factors]
        self.weights = X.T @ np.stack([alpha for alpha, _ in fits], axis=1)
        self.slope = np.array([slope for _, slope in fits])
        self.means = np.array([f.values.mean() for f in factors])

    def predict(self, X: np.ndarray, /) -> dict[str, np.ndarray]:
        """Readings ``(n,)`` of each factor, of data ``(n, ...)``."""
        read = (X.reshape(len(X), -1) - self.centre) @ self.weights / self.slope + self.means
        return dict(zip(self.names, read.T, strict=True))


def _ridge(s: np.ndarray, Q: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients, and the slope of the leave-one-out readings on the truth."""
    y = y - y.mean()
    turned = Q.T @ y
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for penalty in np.logspace(-6, 2, 17) * s.max():
        shrink = 1 / (s + penalty)
        alpha = Q @ (shrink * turned)
        left_out = alpha / np.maximum((Q**2) @ shrink - 1 / (len(y) * penalty), 1e-300)
        error = float((left_out**2).sum())
        if best is None or error < best[0]:
            best = error, alpha, y - left_out
    assert best is not None
    _, alpha, read = best
    return alpha, max(float(read @ y / (y @ y)), 0.05)
