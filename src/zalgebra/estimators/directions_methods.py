"""The estimators of a direction: regression of the latents on labels, normals of classifiers.

All are functions of a `Sample`, and give δ ``(D,)`` in the units of the latents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zalgebra.algebra.priors.covariance import Covariance
from zalgebra.algebra.priors.shrinkage import shrunk, spread
from zalgebra.estimators.directions_samples import Sample
from zalgebra.types import BadInput, MissingExtra

__all__ = ["CLASSIFIERS", "Estimate", "chosen", "estimate", "learned", "normal_of", "ridge"]

CLASSIFIERS = ("logistic", "svm", "lda")
LEAST = 5  # of a group, for a classifier
SHRUNK = 0.1  # γ of LDA's covariance, in whitened latents
PENALTY = 0.01  # of |w|², against the mean loss, in whitened latents

Fit = Callable[[np.ndarray], np.ndarray]  # from items to δ


@dataclass(frozen=True, eq=False)
class Estimate:
    """δ̂ ``(D,)``, independent rows ``(m, D)`` whose squares sum to its covariance, and their df."""

    delta: np.ndarray
    noise: np.ndarray
    df: float


def chosen(sample: Sample, method: str | None, metric: str) -> str:
    """The method's name, after a look whether it suits the labels."""
    if metric not in ("data", "euclidean"):
        raise BadInput(f"`metric` must be 'data' or 'euclidean', got {metric!r}")
    names = ("regression",) if sample.kind == "continuous" else ("difference", *CLASSIFIERS)
    method = names[0] if method is None else method
    if method not in names:
        kind = "more than two values" if sample.kind == "continuous" else "two values"
        known = " or ".join(map(repr, names))
        raise BadInput(f"`method` for labels of {kind} must be {known}, got {method!r}")
    if method in CLASSIFIERS and min(sample.n) < LEAST:
        raise BadInput(
            f"{method!r} needs at least {LEAST} latents in each group, got {min(sample.n)}; "
            "'difference' needs 2"
        )
    return method


def learned(sample: Sample, method: str, metric: str) -> Fit:
    """The function from some of the sample's items to δ."""
    if method in CLASSIFIERS:
        return Normals(sample, method, metric)
    return lambda items: linear(sample.take(items))


def linear(sample: Sample) -> np.ndarray:
    """δ of the methods that are linear in the latents.

    Of pairs the mean of after - before. Else that of Z = 1 aᵀ + y δᵀ + C Γ + E by least squares:
    δ = Zᵀ r / rᵀ r with r = y - P_C y, where P_C projects on the columns of 1 and C (Frisch, Waugh
    and Lovell). Without C and with two groups it is the difference of their means. Of a continuous
    y it is taken per standard deviation of y.
    """
    if sample.kind == "pairs":
        return np.mean(sample.Z[: sample.items] - sample.Z[sample.items :], axis=0)
    r = residual(sample, held(sample))
    unit = sample.y.std() if sample.kind == "continuous" else 1.0
    return r @ sample.Z / (r @ r) * unit


def estimate(sample: Sample) -> Estimate:
    """The same with its noise: rows r_i e_i / (rᵀ r √(1 - h_i)), of residuals e and leverages h.

    That is the covariance HC2, unbiased for two groups and for pairs.
    """
    delta = linear(sample)
    if sample.kind == "pairs":
        E, n = sample.Z[: sample.items] - sample.Z[sample.items :] - delta, sample.items
        return Estimate(delta, E / np.sqrt(n * (n - 1)), n - 1)
    Q, Z = held(sample), sample.Z
    r = residual(sample, Q)
    rr, unit = float(r @ r), sample.y.std() if sample.kind == "continuous" else 1.0
    leverage = np.sum(Q**2, axis=1) + r**2 / rr
    E = Z - Q @ (Q.T @ Z) - np.outer(r, delta / unit)
    weight = unit * r / rr / np.sqrt(np.maximum(1 - leverage, 1e-9))
    return Estimate(delta, E * weight[:, None], max(len(r) - Q.shape[1] - 1, 1))


def held(sample: Sample) -> np.ndarray:
    """An orthonormal basis ``(n, k)`` of the constant and what is held still."""
    n = len(sample.y)
    C = sample.C - sample.C.mean(axis=0)
    C = C / np.maximum(np.sqrt(np.mean(C**2, axis=0)), 1e-300)
    U, s, _ = np.linalg.svd(C, full_matrices=False)
    return np.column_stack([np.full(n, n**-0.5), U[:, s > 1e-9 * np.sqrt(n)]])


def residual(sample: Sample, Q: np.ndarray) -> np.ndarray:
    """What the held columns do not say about y."""
    r = sample.y - Q @ (Q.T @ sample.y)
    if r @ r < 1e-9 * len(r) * sample.y.var():
        raise BadInput(
            "what is `given` determines `y`, so that nothing is left to learn; leave some of it out"
        )
    return r


class Normals:
    """δ of a linear readout w of y that leaves the readouts of C where they are.

    In whitened coordinates (``metric="data"``; as they are for ``"euclidean"``) b is the normal of
    y and G holds those of C; δ ∝ b - P_G b is the shortest move that raises b's reading and no
    other. In the latents' own coordinates that is δ ∝ Σ B (Bᵀ Σ B)⁻¹ e₁ with B = (b, G). Its length
    is one adjusted group difference of the reading. Σ is that of the items themselves.
    """

    def __init__(self, sample: Sample, method: str, metric: str) -> None:
        self.sample, self.method, self.metric = sample, method, metric

    def __call__(self, items: np.ndarray) -> np.ndarray:
        """δ ``(D,)`` learned from these items."""
        sample = self.sample.take(items)
        centred = sample.Z - sample.Z.mean(axis=0)
        sd = spread(centred)
        cov = shrunk(centred / sd, sd)  # of these items, so that refits vary as it does
        sample = replace(sample, Z=cov.whiten(centred))
        columns = (sample.y, *sample.C.T)
        B = np.stack([readout(sample.Z, c, self.method) for c in columns])
        shift = linear(sample)
        if self.metric == "euclidean":
            B, shift = normals(B, cov), cov.colour(shift[None])[0]
        b, G = B[0], B[1:].T
        r = b - G @ np.linalg.lstsq(G, b, rcond=1e-9)[0]
        if np.linalg.norm(r) < 1e-6 * np.linalg.norm(b):
            raise BadInput("what is `given` has the same readout as `y`; leave some of it out")
        delta = r * abs(b @ shift) / (b @ r)
        return cov.colour(delta[None])[0] if self.metric == "data" else delta


def normals(B: np.ndarray, cov: Covariance) -> np.ndarray:
    """L⁻ᵀ b = Σ⁻¹ L b for each row b: readouts of whitened latents as those of latents."""
    coloured = cov.colour(B)
    if cov.kind == "full":
        return np.linalg.solve(cov.cov, coloured.T).T
    return coloured / cov.cov.reshape(-1)


def readout(U: np.ndarray, c: np.ndarray, method: str) -> np.ndarray:
    """The normal ``(D,)`` of a linear readout of c from whitened rows U.

    Logistic: min mean log(1 + exp(-s f)) + λ/2 |w|², s = ±1 and f = w·u + b. SVM: the same with
    max(0, 1 - s f)². LDA: w = S⁻¹ (m₁ - m₀) with S shrunk. A column of
    more than two values is read by ridge regression, one of a single value not at all.
    """
    low, high = c.min(), c.max()
    if low == high:
        return np.zeros(U.shape[1])
    positive = c == high
    if not np.all(positive | (c == low)):
        X = U - U.mean(axis=0)
        return ridge(X, c[:, None] - c.mean(), PENALTY)[:, 0]
    if method == "lda":
        return discriminant(U, positive)
    try:
        solver = _solver(method, 1 / (PENALTY * len(U)))
    except ModuleNotFoundError as error:
        raise MissingExtra("scikit-learn", "maps") from error
    return solver.fit(U, positive).coef_[0]


def discriminant(U: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Fisher's S⁻¹ (m₁ - m₀), with the within-group covariance S shrunk to (1 - γ) S + γ I.

    γ is fixed: one that falls as the items grow would give few items another direction than many.
    """
    m = np.stack([U[~positive].mean(axis=0), U[positive].mean(axis=0)])
    E = U - m[positive.astype(int)]
    gap = (m[1] - m[0])[:, None]
    n = len(E)
    if n >= E.shape[1]:
        S = (1 - SHRUNK) * E.T @ E / n + SHRUNK * np.eye(E.shape[1])
        return np.linalg.solve(S, gap)[:, 0]
    K = (1 - SHRUNK) * E @ E.T / n + SHRUNK * np.eye(n)  # Woodbury, for fewer items than entries
    return (gap - (1 - SHRUNK) / n * E.T @ np.linalg.solve(K, E @ gap))[:, 0] / SHRUNK


def _solver(method: str, C: float) -> Any:
    if method == "logistic":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=C, max_iter=1000)
    from sklearn.svm import LinearSVC

    return LinearSVC(C=C, dual=False, max_iter=5000)


def ridge(X: np.ndarray, Y: np.ndarray, penalty: float) -> np.ndarray:
    """W ``(D, m)`` of centred rows: (Xᵀ X + n λ I)⁻¹ Xᵀ Y, or Xᵀ (X Xᵀ + n λ I)⁻¹ Y if smaller."""
    n, D = X.shape
    if n >= D:
        return np.linalg.solve(X.T @ X + n * penalty * np.eye(D), X.T @ Y)
    return X.T @ np.linalg.solve(X @ X.T + n * penalty * np.eye(n), Y)


def normal_of(classifier: Any, D: int | None = None) -> np.ndarray:
    """The normal ``(D,)`` of a fitted linear classifier or of its coefficients.

    A pipeline that is affine in its input, such as a scaler before a classifier, is probed: its
    gradient is what its decision gains by a step along each axis.
    """
    coefficients = getattr(classifier, "coef_", None)
    if coefficients is None and hasattr(classifier, "decision_function"):
        return _probed(classifier, D or int(classifier.n_features_in_))
    given = classifier if coefficients is None else coefficients
    try:
        w = np.asarray(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise BadInput(
            "`classifier` must be a fitted linear classifier or its coefficients, got "
            f"{type(classifier).__name__}"
        ) from error
    if w.ndim == 2 and len(w) > 1 and coefficients is not None:
        raise BadInput(f"the classifier tells {len(w)} classes apart; fit one of two classes")
    return w.reshape(-1)


def _probed(classifier: Any, D: int) -> np.ndarray:
    steps = np.eye(D)
    origin = classifier.decision_function(np.zeros((1, D)))
    w = classifier.decision_function(steps) - origin
    far = np.random.default_rng(0).standard_normal((8, D)) * 3
    seen = np.asarray(classifier.decision_function(far) - origin)
    if w.ndim != 1 or not np.allclose(seen, far @ w, rtol=1e-4, atol=1e-6 * np.abs(w).max()):
        raise BadInput(
            "the classifier is not linear, so no one direction is its normal; "
            "give a linear one of two classes"
        )
    return w
