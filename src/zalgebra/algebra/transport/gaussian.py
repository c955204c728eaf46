"""Transport between Gaussians, in closed form: `gaussian_map`, `bures`, `barycenter`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, to_numpy
from zalgebra.algebra.priors import Gaussian, Normal
from zalgebra.algebra.transport.base import TransportMap
from zalgebra.algebra.transport.bures import alike, brenier, cost, mean_covariance, product
from zalgebra.algebra.transport.spread import check_spread
from zalgebra.types import Array, BadInput

__all__ = ["GaussianMap", "barycenter", "bures", "gaussian_map"]

FEWEST = 16  # latents of a group: of fewer, a ratio of two fitted variances is mostly chance


@dataclass(frozen=True, eq=False)
class GaussianMap(TransportMap):
    """T(x) = m1 + A (x - m0) from N(m0, Σ0) to N(m1, Σ1); made by `gaussian_map`.

    Parameters
    ----------
    source, target
        The two Gaussians.
    matrix
        A, symmetric positive definite ``(D, D)``; its diagonal ``(D,)`` where both are diagonal.
    """

    source: Gaussian
    target: Gaussian
    matrix: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self.source.shape

    def __repr__(self) -> str:
        kind = "diagonal" if self.matrix.ndim == 1 else "full"
        return f"GaussianMap(latents {self.shape}, {kind} matrix)"

    @property
    def distance(self) -> float:
        """The Wasserstein distance W2 of the Gaussians: (|m1 - m0|² + tr (A - I) Σ0 (A - I))^½."""
        shift = float(np.sum((self.target.mean - self.source.mean) ** 2))
        return math.sqrt(shift + cost(self.matrix, self._covariance()))

    def inverse(self) -> GaussianMap:
        """The map back, T⁻¹(y) = m0 + A⁻¹ (y - m1), which is optimal as well."""
        return gaussian_map(self.target, self.source)

    def pushforward(self, t: float = 1.0) -> Gaussian:
        """The law of the source group at ``t`` on its way: that of ``interpolate(x, t)``.

        N((1 - t) m0 + t m1, A_t Σ0 A_t) with A_t = (1 - t) I + t A.
        """
        identity = 1 if self.matrix.ndim == 1 else np.eye(len(self.matrix))
        A = (1 - t) * identity + t * self.matrix
        mean = (1 - t) * self.source.mean + t * self.target.mean
        return _gaussian(mean, product(A, self._covariance(), A))

    def _covariance(self) -> np.ndarray:
        """Σ0, of the same kind as A."""
        S = _covariance(self.source)
        return np.diag(S) if S.ndim < self.matrix.ndim else S

    def _carry(self, rows: Array, /) -> Array:
        A, m0, m1 = (
            as_like(a, rows)
            for a in (self.matrix, self.source.mean.ravel(), self.target.mean.ravel())
        )
        centred = rows - m0
        return m1 + (centred * A if self.matrix.ndim == 1 else centred @ A)


def bures(a: Gaussian | Array, b: Gaussian | Array, /) -> float:
    """The Bures-Wasserstein distance W2 between two Gaussians, in the unit of the latents.

    W2² = |m0 - m1|² + tr(Σ0 + Σ1 - 2 (Σ0^{1/2} Σ1 Σ0^{1/2})^{1/2}).

    Parameters
    ----------
    a, b
        As in `gaussian_map`.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.algebra import transport
    >>> transport.bures(za.priors.Gaussian(0.0, 1.0), za.priors.Gaussian(3.0, 25.0))
    5.0
    """
    return _map(*_pair(a, b)).distance


def gaussian_map(source: Gaussian | Array, target: Gaussian | Array, /) -> GaussianMap:
    """The optimal map between two Gaussians, or the Gaussians of two groups of latents.

    T(x) = m1 + A (x - m0), A = Σ0^{-1/2} (Σ0^{1/2} Σ1 Σ0^{1/2})^{1/2} Σ0^{-1/2}.

    What follows the source follows the target after it, exactly.

    Parameters
    ----------
    source, target
        Each a `zalgebra.priors.Gaussian`, a `zalgebra.priors.Normal` with a shape, or latents
        ``(n, *shape)``, n of at least 16, of which the Gaussian is fitted by
        `zalgebra.priors.Gaussian.fit`: its correlations are shrunk, its variances are not, and it
        is diagonal beyond 4,096 entries. A warning tells of entries that hardly vary in the source
        and do in the target: what an item has there is multiplied, by hundreds.

    Raises
    ------
    BadInput
        If a group has fewer than 16 latents or entries that are not finite, the shapes differ, or
        the source is one point, so that there is nothing to scale.

    References
    ----------
    Peyré and Cuturi, *Computational Optimal Transport* (2019), remark 2.31.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.algebra import transport
    >>> rng = np.random.default_rng(0)
    >>> sandals, boots = rng.normal(0.0, 1.0, (20_000, 2)), rng.normal(3.0, 0.5, (20_000, 2))
    >>> wear = transport.gaussian_map(sandals, boots)
    >>> wear(np.array([1.0, -1.0])).round(1).tolist()
    [3.5, 2.5]
    """
    a, b = _pair(source, target)
    check_spread(*(np.sqrt(S if S.ndim == 1 else np.diag(S)) for S in map(_covariance, (a, b))))
    return _map(a, b)


def _pair(source: Gaussian | Array, target: Gaussian | Array) -> tuple[Gaussian, Gaussian]:
    a, b = _as_gaussian(source, "source"), _as_gaussian(target, "target")
    if a.shape != b.shape:
        raise BadInput(
            f"`source` and `target` must hold latents of one shape, got {a.shape} and {b.shape}"
        )
    return a, b


def _map(a: Gaussian, b: Gaussian) -> GaussianMap:
    return GaussianMap(a, b, brenier(*alike(_covariance(a), _covariance(b))))


def barycenter(
    groups: Sequence[Gaussian | Array],
    /,
    *,
    weights: ArrayLike | None = None,
    tol: float = 1e-8,
    max_iterations: int = 100,
) -> Gaussian:
    """The Gaussian that minimises Σ_i w_i W2²(·, N_i): the average of populations.

    Its mean is Σ w_i m_i; its covariance is the fixed point of Σ = Σ_i w_i (Σ^½ Σ_i Σ^½)^½, and
    for diagonal ones the standard deviations are averaged. Wide groups average to a wide group,
    where the average of their members, one by one, would be narrow.

    Parameters
    ----------
    groups
        Gaussians or groups of latents, as in `gaussian_map`.
    weights
        One number of at least 0 for each, divided by their sum; equal ones by default.
    tol, max_iterations
        When the fixed point has converged: the step is at most ``tol`` of the scale.

    Raises
    ------
    BadInput
        If there are no groups, they or the weights do not fit, or it does not converge.

    References
    ----------
    Álvarez-Esteban et al., *A fixed-point approach to barycenters in Wasserstein space* (2016).

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.algebra import transport
    >>> transport.barycenter([za.priors.Gaussian(0.0, 1.0), za.priors.Gaussian(4.0, 9.0)]).cov
    array([4.])
    """
    gaussians = [_as_gaussian(g, f"groups[{i}]") for i, g in enumerate(groups)]
    if len({g.shape for g in gaussians}) != 1:
        shapes = sorted({g.shape for g in gaussians})
        raise BadInput(f"`groups` must be one or more, of latents of one shape, got {shapes}")
    w = _shares(weights, len(gaussians))
    kept = [g for g, w_i in zip(gaussians, w, strict=True) if w_i > 0]
    w = w[w > 0]
    mean = np.tensordot(w, [g.mean for g in kept], axes=1)
    S = alike(*(_covariance(g) for g in kept))
    return _gaussian(mean, mean_covariance(S, w, tol=tol, max_iterations=max_iterations))


def _as_gaussian(group: Gaussian | Array, name: str) -> Gaussian:
    """The Gaussian that ``group`` is, or that is fitted to its latents."""
    if isinstance(group, Gaussian):
        return group
    if getattr(group, "gaussian_mean", None) is not None and hasattr(group, "gaussian_"):
        return group.gaussian_  # an `Empirical` with normal marginals
    if isinstance(group, Normal):
        if group.shape is None:
            raise BadInput(f"`{name}` is a `Normal` without a shape: Normal(shape=(512,))")
        return Gaussian(np.zeros(group.shape), 1.0)
    Z = as_latents(group, name)
    if Z.ndim < 2 or Z.shape[0] < FEWEST:
        raise BadInput(
            f"`{name}` must be a Gaussian or at least {FEWEST} latents (n, *shape), got shape "
            f"{tuple(Z.shape)}; of fewer the spread is mostly chance: give more, or add the "
            "difference of the groups' means, which needs no spread"
        )
    return Gaussian.fit(Z)


def _covariance(gaussian: Gaussian) -> np.ndarray:
    """The covariance as a matrix ``(D, D)``, or as a vector ``(D,)`` where it is diagonal."""
    if gaussian.cov.ndim == 0 or gaussian.cov.shape == gaussian.shape:
        return np.broadcast_to(gaussian.cov, gaussian.shape).ravel()
    return gaussian.cov


def _gaussian(mean: np.ndarray, S: np.ndarray) -> Gaussian:
    return Gaussian(mean, S.reshape(mean.shape) if S.ndim == 1 else S)


def _shares(weights: ArrayLike | None, k: int) -> np.ndarray:
    """The weights as NumPy, at least 0 and of sum 1."""
    w = np.ones(k) if weights is None else to_numpy(as_latents(weights, "weights")).astype(float)
    if w.shape != (k,) or np.any(w < 0) or not w.sum() > 0:
        raise BadInput(f"`weights` must be {k} numbers of at least 0, not all 0, got {w.tolist()}")
    return w / w.sum()
