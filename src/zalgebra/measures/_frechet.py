"""What a Fréchet distance and its interval are worked out from: moments, groups, halves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zalgebra.measures.features import Features, two_sets
from zalgebra.measures.intervals import deal, score
from zalgebra.measures.score import Score
from zalgebra.types import Array, BadInput

__all__ = ["Parts", "distance", "estimated", "estimates", "moments", "score_of", "spectrum"]

GROUPS = 20  # of the jackknife
SPLITS = 10  # into halves, for the part of the variance that is left when both sets are alike


@dataclass(frozen=True)
class Parts:
    """What a value and its variance are made of."""

    n: int
    features: int
    plain: float
    whole: float
    without: np.ndarray  # (20,), one group away at a time
    halves: np.ndarray  # (10,), means over two halves; zeros where these are too small


def estimated(real: Array, generated: Array, features: Features | None, seed: int) -> Parts:
    x, y = _varying(*two_sets(real, generated, features, least=GROUPS))
    n, D = min(len(x), len(y)), x.shape[1]
    if n <= D:
        raise BadInput(
            f"a Fréchet distance needs more items than features, got {len(x)} and {len(y)} items "
            f"with {D} features: add items, take fewer features (PCA), or use `kernel_distance`"
        )
    rng = np.random.default_rng(seed)
    plain, whole = estimates(moments(x), moments(y))
    without = _without_groups(x, y, rng)
    halves = _halves(x, y, rng) if n >= 2 * D + 4 else np.zeros(SPLITS)
    return Parts(n, D, plain, whole, without, halves)


def score_of(parts: Parts, question: str) -> Score:
    value = GROUPS * parts.whole - (GROUPS - 1) * float(parts.without.mean())
    V = (GROUPS - 1) ** 2 / GROUPS * float(parts.without.var(ddof=1))
    V2 = float(np.var(parts.halves, ddof=1))
    return score(value, max(V - V2, V / 2), parts.n, question, df=GROUPS - 1)


def distance(delta: np.ndarray, S: np.ndarray, T: np.ndarray, root: float) -> float:
    return float(delta @ delta + np.trace(S) + np.trace(T) - 2 * root)


def spectrum(S: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Eigenvalues of S T, those of the symmetric FᵀTF with S = F Fᵀ; none below 0."""
    try:
        F = np.linalg.cholesky(S)
    except np.linalg.LinAlgError:  # semidefinite: features that do not vary in one of the sets
        w, v = np.linalg.eigh(S)
        F = v * np.sqrt(np.maximum(w, 0))
    return np.maximum(np.linalg.eigvalsh(F.T @ T @ F), 0)


@dataclass(frozen=True)
class _Moments:
    """Number, sum and sum of outer squares of rows: taking rows away is a subtraction."""

    n: int
    total: np.ndarray
    squares: np.ndarray

    def __sub__(self, other: _Moments) -> _Moments:
        return _Moments(self.n - other.n, self.total - other.total, self.squares - other.squares)

    @property
    def mean(self) -> np.ndarray:
        return self.total / self.n

    @property
    def covariance(self) -> np.ndarray:
        return (self.squares - np.outer(self.total, self.mean)) / (self.n - 1)


def moments(x: np.ndarray) -> _Moments:
    return _Moments(len(x), x.sum(axis=0), x.T @ x)


def estimates(a: _Moments, b: _Moments) -> tuple[float, float]:
    """The plain figure, and the one that is right in the limit of large n and D."""
    delta, S, T = a.mean - b.mean, a.covariance, b.covariance
    lam = spectrum(S, T)
    s, nu = np.sqrt(lam), 2 / (1 / (a.n - 1) + 1 / (b.n - 1))
    xi = np.maximum(np.linalg.eigvalsh(np.diag(lam) - np.outer(s, s) / nu), 0)
    root = 2 * nu * float(s.sum() - np.sqrt(xi).sum())
    noise = np.trace(S) / a.n + np.trace(T) / b.n
    return distance(delta, S, T, float(s.sum())), distance(delta, S, T, root) - float(noise)


def _varying(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets about one centre, in the coordinates in which either of them varies.

    A rotation, so no distance changes; features that are constant or copies of others go.
    """
    centre = (x.mean(axis=0) + y.mean(axis=0)) / 2
    x, y = x - centre, y - centre
    w, v = np.linalg.eigh(x.T @ x / len(x) + y.T @ y / len(y))
    if w[0] > 1e-12 * w[-1]:
        return x, y
    kept = v[:, w > 1e-12 * w[-1]] if w[-1] > 0 else v[:, -1:]
    return x @ kept, y @ kept


def _without_groups(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The estimate without each of the groups, in turn."""
    groups = deal(len(x), GROUPS, rng), deal(len(y), GROUPS, rng)
    whole = moments(x), moments(y)
    found = []
    for j in range(GROUPS):
        a, b = (
            m - moments(z[group == j]) for m, z, group in zip(whole, (x, y), groups, strict=True)
        )
        found.append(estimates(a, b)[1])
    return np.array(found)


def _halves(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Means over two halves, of which the variance is V_2, of what is quadratic in the noise.

    For δᵀHδ the mean over two halves is the whole's plus (δ_A - δ_B)ᵀ H (δ_A - δ_B)/4, which from
    split to split has the law that δᵀHδ has where both distributions are one.
    """
    found = []
    for _ in range(SPLITS):
        p, q = deal(len(x), 2, rng), deal(len(y), 2, rng)
        halves = [estimates(moments(x[p == i]), moments(y[q == i]))[1] for i in (0, 1)]
        found.append(sum(halves) / 2)
    return np.array(found)
