"""The Fréchet distance between real and generated items, freed of its bias, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import to_numpy
from zalgebra.measures._frechet import Parts, distance, estimated, score_of, spectrum
from zalgebra.measures.features import Features
from zalgebra.measures.score import Score
from zalgebra.types import Array, BadInput

__all__ = ["FrechetDistance", "frechet_distance", "gaussian_frechet"]


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
    parts = estimated(real, generated, features, seed)
    D, n = parts.features, parts.n
    note = f"few items for {D} features: the interval is a rough one" if n < 4 * D else ""
    found = score_of(
        parts, "Fréchet distance between the distributions of real and generated items"
    )
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
    a, b = (estimated(real, made, features, seed) for made in (one, other))
    gap = Parts(a.n, max(a.features, b.features), a.plain - b.plain, a.whole - b.whole,
                 a.without - b.without, a.halves - b.halves)  # fmt: skip
    return score_of(gap, "Fréchet distance of one to real items less that of the other")


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
        ``(D, D)``, symmetric and positive semidefinite, to 1e-5 of the largest eigenvalue.

    Raises
    ------
    BadInput
        If shapes do not fit, or a covariance is none.

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
    for name, C in (("covariance", S), ("other_covariance", T)):
        _check_covariance(C, name)
    return distance(mu - nu, S, T, float(np.sqrt(spectrum(S, T)).sum()))


def _check_covariance(C: np.ndarray, name: str) -> None:
    if not np.isfinite(C).all() or (np.abs(C - C.T) > 1e-5 * np.abs(C).max(initial=0)).any():
        raise BadInput(f"`{name}` must be finite and symmetric, got one that is not: `np.cov`?")
    w = np.linalg.eigvalsh(C)
    if w.min(initial=0) < -1e-5 * np.abs(w).max(initial=0):
        raise BadInput(
            f"`{name}` must be positive semidefinite, got the eigenvalue {w[0]:.3g}: variances "
            "cannot be below 0; check its sign, or set such eigenvalues to 0"
        )
