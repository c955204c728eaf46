"""The Fréchet distance between real and generated items, freed of its bias, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.measures.features import Features, two_sets
from zalgebra.measures.intervals import deal, score
from zalgebra.measures.score import Score
from zalgebra.types import Array, BadInput

__all__ = ["FrechetDistance", "frechet_distance", "gaussian_frechet"]

GROUPS = 20  # of the jackknife
SPLITS = 10  # into halves, for the part of the variance that is left when both sets are alike


@dataclass(frozen=True)
class FrechetDistance(Score):
    """A Fréchet distance between two *distributions*, with its 95 % interval.

    Parameters
    ----------
    plain
        The usual figure (the FID of papers), of the two finite sets: too large by about D²/n.
    features
        Number D of features in which the items vary.
    note
        What a small sample does to the figure; empty if nothing is to be said.
    """

    plain: float
    features: int
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        more = {"plain": self.plain, "features": self.features, "note": self.note}
        return {**super().to_dict(), **more}

    def __str__(self) -> str:
        return f"{super().__str__()}, plain {self.plain:.3g}{self.note and '; ' + self.note}"


def frechet_distance(
    real: Array, generated: Array, /, *, features: Features | None = None, seed: int = 0
) -> FrechetDistance:
    r"""The Fréchet distance between the distributions of real and of generated items.

    $$F = |µ_1 - µ_2|^2 + \mathrm{tr}(Σ_1 + Σ_2 - 2 (Σ_1 Σ_2)^{1/2})$$

    What is estimated is F of the two distributions, the figure that infinitely many items would
    give. Put into the formula, the means and covariances of n items give a figure that is too
    large by about D²/n (``plain``), so that sets of different sizes cannot be compared. Two steps
    take the bias off. First, with λ the eigenvalues of S_1 S_2 and ξ those of
    Λ - √λ √λᵀ/ν, ν the harmonic mean of n_1 - 1 and n_2 - 1, the trace of the root is estimated
    by 2ν Σ (√λ - √ξ), which is right in the limit of large n *and* D for features that mix
    independent ones, and |µ_1 - µ_2|² less tr S_1/n_1 + tr S_2/n_2. Second, a jackknife over 20
    groups takes off what is left of order 1/n, whatever the law. An interval that reaches below
    0, as the value itself may, says that no difference has been found.

    The variance is V_1 + V_2, of what is linear and of what is quadratic in the noise; where both
    distributions are one, V_1 = 0. The jackknife gives V = V_1 + 2 V_2, since the slope of a
    square is noise too. Random splits of both sets into halves give V_2, and V - V_2 is used,
    or V/2 where that is more.

    Parameters
    ----------
    real, generated
        Items ``(n, *shape)``, or features ``(n, D)`` of any array library, drawn independently;
        the numbers of items may differ, each more than D. (A set beside itself has the plain
        figure 0, and less than 0 once bias that it does not have is taken off.)
    features
        From items to features ``(n, D)``; by default the items are features already.
    seed
        Of the groups and halves.

    Raises
    ------
    BadInput
        If a set has no more items than features, or fewer than 20.

    References
    ----------
    Heusel et al., *GANs trained by a two time-scale update rule*, arXiv 1706.08500. Chong and
    Forsyth, *Effectively unbiased FID*, arXiv 1911.07023. Tiomoko and Couillet, *Random
    matrix-improved estimation of the Wasserstein distance*, arXiv 1903.03447.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import frechet_distance
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((2, 1000, 16))
    >>> print(frechet_distance(x, y + 0.25))  # 16 · 0.25² = 1
    0.938 [0.775, 1.1] (n = 1000), plain 1.11
    """
    parts = _estimated(real, generated, features, seed)
    D, n = parts.features, parts.n
    note = f"few items for {D} features: the interval is a rough one" if n < 4 * D else ""
    found = _score(parts, "Fréchet distance between the distributions of real and generated items")
    return FrechetDistance(**vars(found), plain=parts.plain, features=D, note=note)


def frechet_difference(
    real: Array, one: Array, other: Array, /, *, features: Features | None = None, seed: int = 0
) -> Score:
    """How much farther from real items one way of generating is than another, on paired items.

    Item i of both sets was made from the same things (the same seeds and weights, say), so most
    of the noise of two distances is one noise and goes in their difference: the interval is far
    narrower than those of the two `frechet_distance`, of which the value is the difference. Below
    0 the one is nearer. Groups and halves of `frechet_distance` are the same for both.

    Parameters
    ----------
    real
        Items ``(m, *shape)`` or features ``(m, D)``.
    one, other
        As many items each, ``(n, *shape)`` or ``(n, D)``, of which those at one place are a pair.
    features, seed
        As of `frechet_distance`.

    Raises
    ------
    BadInput
        If the pairs are not complete, or items too few.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import frechet_difference
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((2, 1000, 16))
    >>> print(frechet_difference(x, y + 0.25, y + 0.2))  # 16 · (0.25² - 0.2²) = 0.36
    0.353 [0.32, 0.386] (n = 1000)
    """
    if len(one) != len(other):
        raise BadInput(
            f"a difference is taken over pairs of items, got {len(one)} of the one and "
            f"{len(other)} of the other: give those that both made, in one order"
        )
    a, b = (_estimated(real, made, features, seed) for made in (one, other))
    gap = _Parts(a.n, max(a.features, b.features), a.plain - b.plain, a.whole - b.whole,
                 a.without - b.without, a.halves - b.halves)  # fmt: skip
    return _score(gap, "Fréchet distance of one to real items less that of the other")


@dataclass(frozen=True)
class _Parts:
    """What a value and its variance are made of."""

    n: int
    features: int
    plain: float
    whole: float
    without: np.ndarray  # (20,), one group away at a time
    halves: np.ndarray  # (10,), means over two halves; zeros where these are too small


def _estimated(real: Array, generated: Array, features: Features | None, seed: int) -> _Parts:
    x, y = _varying(*two_sets(real, generated, features, least=GROUPS))
    n, D = min(len(x), len(y)), x.shape[1]
    if n <= D:
        raise BadInput(
            f"a Fréchet distance needs more items than features, got {len(x)} and {len(y)} items "
            f"with {D} features: add items, take fewer features (PCA), or use `kernel_distance`"
        )
    rng = np.random.default_rng(seed)
    plain, whole = _estimates(_moments(x), _moments(y))
    without = _without_groups(x, y, rng)
    halves = _halves(x, y, rng) if n >= 2 * D + 4 else np.zeros(SPLITS)
    return _Parts(n, D, plain, whole, without, halves)


def _score(parts: _Parts, question: str) -> Score:
    value = GROUPS * parts.whole - (GROUPS - 1) * float(parts.without.mean())
    V = (GROUPS - 1) ** 2 / GROUPS * float(parts.without.var(ddof=1))
    V2 = float(np.var(parts.halves, ddof=1))
    return score(value, max(V - V2, V / 2), parts.n, question, df=GROUPS - 1)


def gaussian_frechet(
    mean: Array, covariance: Array, other_mean: Array, other_covariance: Array, /
) -> float:
    r"""|µ_1 - µ_2|² + tr(Σ_1 + Σ_2 - 2 (Σ_1 Σ_2)^½): the formula itself, of two normal laws.

    The root is taken of the symmetric S_1^½ S_2 S_1^½, in float64.

    Parameters
    ----------
    mean, other_mean
        ``(D,)``.
    covariance, other_covariance
        ``(D, D)``, positive semidefinite.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures import gaussian_frechet
    >>> gaussian_frechet(np.zeros(2), np.eye(2), np.array([3.0, 0.0]), 4 * np.eye(2))
    11.0
    """
    parts = (
        to_numpy(a).astype(np.float64) for a in (mean, covariance, other_mean, other_covariance)
    )
    mu, S, nu, T = parts
    if not (mu.ndim == 1 and mu.shape == nu.shape and S.shape == T.shape == (len(mu),) * 2):
        raise BadInput(
            "means must have shape (D,) and covariances (D, D), got "
            f"{mu.shape}, {S.shape}, {nu.shape}, {T.shape}"
        )
    return _distance(mu - nu, S, T, float(np.sqrt(_spectrum(S, T)).sum()))


def _distance(delta: np.ndarray, S: np.ndarray, T: np.ndarray, root: float) -> float:
    return float(delta @ delta + np.trace(S) + np.trace(T) - 2 * root)


def _spectrum(S: np.ndarray, T: np.ndarray) -> np.ndarray:
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


def _moments(x: np.ndarray) -> _Moments:
    return _Moments(len(x), x.sum(axis=0), x.T @ x)


def _estimates(a: _Moments, b: _Moments) -> tuple[float, float]:
    """The plain figure, and the one that is right in the limit of large n and D."""
    delta, S, T = a.mean - b.mean, a.covariance, b.covariance
    lam = _spectrum(S, T)
    s, nu = np.sqrt(lam), 2 / (1 / (a.n - 1) + 1 / (b.n - 1))
    xi = np.maximum(np.linalg.eigvalsh(np.diag(lam) - np.outer(s, s) / nu), 0)
    root = 2 * nu * float(s.sum() - np.sqrt(xi).sum())
    noise = np.trace(S) / a.n + np.trace(T) / b.n
    return _distance(delta, S, T, float(s.sum())), _distance(delta, S, T, root) - float(noise)


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
    whole = _moments(x), _moments(y)
    found = []
    for j in range(GROUPS):
        a, b = (
            m - _moments(z[group == j]) for m, z, group in zip(whole, (x, y), groups, strict=True)
        )
        found.append(_estimates(a, b)[1])
    return np.array(found)


def _halves(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Means over two halves, of which the variance is V_2, of what is quadratic in the noise.

    For δᵀHδ the mean over two halves is the whole's plus (δ_A - δ_B)ᵀ H (δ_A - δ_B)/4, which from
    split to split has the law that δᵀHδ has where both distributions are one.
    """
    found = []
    for _ in range(SPLITS):
        p, q = deal(len(x), 2, rng), deal(len(y), 2, rng)
        halves = [_estimates(_moments(x[p == i]), _moments(y[q == i]))[1] for i in (0, 1)]
        found.append(sum(halves) / 2)
    return np.array(found)
