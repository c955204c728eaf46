"""The subspace of a few seeds: few coordinates, and every point of it follows the prior."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, flatten, namespace, working_dtype
from zalgebra.algebra._qr import qr
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.charts import angles, from_angles, from_tangent, tangent
from zalgebra.algebra.combine import combine
from zalgebra.algebra.search import Search
from zalgebra.algebra.weights import subspace_grid
from zalgebra.types import Array, BadInput, Prior

__all__ = ["Subspace"]

CHARTS = ("cartesian", "angles")


class Subspace:
    r"""The latents that K seeds span, by a few coordinates; each of them follows the prior.

    With the whitened seeds $u_k$ = ``prior.to_normal``$(x_k)$ as columns of
    $X \in \mathbb{R}^{D \times K}$ and the reduced QR factorisation $X = U R$ with a positive
    diagonal of $R$, a latent with whitened form $u$ has coordinates $h = U^\top u$. A point $h$ has
    weights $w = X^+ U h = R^{-1} h$, and `combine` gives its latent.

    `combine` does not feel the length of $w$: of K numbers, K - 1 are degrees of freedom. $2h$ is
    the same latent as $h$, and $h = 0$ is none (`DegenerateWeights`). The angle chart and the
    centred chart have K - 1 coordinates and no such point. Weights at fixed coordinates depend on
    the seeds a little, which takes some K / D off the variance of 1.

    Parameters
    ----------
    prior
        The distribution of the seeds; ``None`` is the standard normal N(0, 1).
    chart
        ``"cartesian"`` (default): $h$. ``"angles"``: the longitude of $h$ in [-π, π] and K - 2
        latitudes in [-π/2, π/2], in radians; 0 is on the first axis. Any angles can be given.
    center
        If true, the origin is the seeds' centroid: $U$ and $R$ are those of
        $(\bar{x}, x_1, \dots, x_{K-1})$, so that the first axis points at it. Angles count from
        there. Cartesian coordinates are the K - 1 of the plane that touches there: a latent is
        projected along its ray, and one on the far side ($\langle u, \bar{x}\rangle \le 0$) has
        none (NaN).
    correlation
        As in `combine`; ``"estimate"`` is the choice for encoded data.

    Attributes
    ----------
    seeds_
        The seeds ``(K, *shape)``.
    basis_
        U, ``(D, K)``: orthonormal columns, the first along the first seed (or the centroid).
    factor_
        R, ``(K, K)``.
    radius_
        Root mean square norm of the whitened seeds, near √D.
    centroid_
        Coordinates of the seeds' centroid.
    dim
        Number of coordinates: K, or K - 1 in a chart of angles or about the centre.

    Raises
    ------
    BadInput
        If seeds are linearly dependent (more than D of them always are), or shapes do not fit.

    References
    ----------
    Bodin et al., *Linear combinations of latents in generative models: subspaces and beyond*,
    arXiv 2408.08558, section 4.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.algebra.subspace import Subspace
    >>> seeds = np.random.default_rng(0).standard_normal((3, 4, 8, 8))
    >>> plane = Subspace(center=True).fit(seeds)
    >>> plane.dim, plane.grid(5).shape
    (2, (5, 5, 4, 8, 8))
    >>> bool(np.allclose(plane.inverse_transform(plane.transform(seeds)), seeds))
    True
    """

    def __init__(
        self,
        prior: Prior | None = None,
        *,
        chart: str = "cartesian",
        center: bool = False,
        correlation: str | Array = "independent",
    ) -> None:
        self.prior = prior
        self.chart = chart
        self.center = center
        self.correlation = correlation

    def fit(self, seeds: Array | Sequence[Array], /) -> Subspace:
        """Learn the subspace of seeds ``(K, *shape)``, at least 2 and linearly independent."""
        if self.chart not in CHARTS:
            raise BadInput(f"`chart` must be one of {', '.join(CHARTS)}, got {self.chart!r}")
        x = as_latents(seeds, "seeds")
        K, D = at_least("seeds", x.shape[0] if x.ndim else 0, 2), math.prod(x.shape[1:])
        if K > D:
            raise BadInput(f"{K} seeds of {D} entries are linearly dependent; take at most {D}")
        u, mix = self._whiten(x), _columns(K, self.center)
        U, R = qr(u.T @ as_like(mix, u))
        xp = namespace(R)
        self.seeds_, self.basis_, self.factor_ = x, U, R
        self.radius_ = xp.sqrt(xp.mean(xp.sum(u * u, axis=-1)))
        self._to_weights = as_like(mix, R) @ xp.linalg.solve(R, as_like(np.eye(K), R))
        self.centroid_ = self._coordinates((xp.mean(u, axis=0, keepdims=True) @ U)[0, :])
        return self

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        K = self._fitted().seeds_.shape[0]
        return K - 1 if self.center or self.chart == "angles" else K

    def transform(self, z: Array, /) -> Array:
        """Coordinates ``(..., dim)`` of latents ``(..., *shape)``, projected into the subspace."""
        shape = tuple(self._fitted().seeds_.shape[1:])
        x = as_like(as_latents(z, "z"), self.seeds_)
        batch = tuple(x.shape[: x.ndim - len(shape)])
        if tuple(x.shape[len(batch) :]) != shape:
            rule = ", ".join(map(str, ("...", *shape)))
            raise BadInput(f"`z` must have shape ({rule}), got {tuple(x.shape)}")
        u = self._whiten(namespace(x).reshape(x, (math.prod(batch), *shape)))
        h = self._coordinates(u @ self.basis_)
        return namespace(h).reshape(h, (*batch, self.dim))

    def inverse_transform(self, coords: Array | ArrayLike, /) -> Array:
        """Latents ``(..., *shape)`` at coordinates ``(..., dim)``.

        Every latent of the subspace comes back from its own coordinates to rounding, also each
        seed, whatever its norm, and each result of this method. Any other latent comes back as the
        nearest direction of the subspace, on the prior's shell.
        """
        return self._combine(self.weights(coords))

    def weights(self, coords: Array | ArrayLike, /) -> Array:
        """Weights ``(..., K)`` over the seeds at coordinates ``(..., dim)``.

        A seed's own coordinates give it the weight 1 and the others 0 in the Cartesian chart, and a
        multiple of that, which is the same latent, in the others.
        """
        dim = self.dim
        c = as_like(as_latents(coords, "coords"), self.basis_)
        if c.ndim == 0 or c.shape[-1] != dim:
            raise BadInput(f"`coords` must have shape (..., {dim}), got {tuple(c.shape)}")
        return self._point(c) @ self._to_weights.T

    def grid(
        self,
        n: int | Sequence[int],
        /,
        *,
        extent: float = 1.0,
        axes: Sequence[int] = (0, 1),
        at: Array | ArrayLike | None = None,
    ) -> Array:
        """Latents ``(n, n, *shape)`` on a grid that is regular in the coordinates.

        Parameters
        ----------
        n
            Points along each axis, or one number for each.
        extent
            Half the grid's width: in multiples of ``radius_``, the norm of a typical seed, in the
            Cartesian chart; in radians in the chart of angles.
        axes
            The coordinates that vary, at most K - 1: there are no more degrees of freedom. Entry
            [i, j] is i steps along the first of them and j along the second.
        at
            Coordinates ``(dim,)`` of the grid's middle; default the seeds' centroid.
        """
        dim, free = self.dim, self.seeds_.shape[0] - 1
        if len(axes) > free:
            raise BadInput(
                f"a subspace of {free + 1} seeds has {free} degrees of freedom, "
                f"got {len(axes)} `axes`; give axes=(0,), or more seeds"
            )
        offsets = subspace_grid(dim, n, extent=extent, axes=axes, at=np.zeros(dim))
        middle = self.centroid_ if at is None else as_like(as_latents(at, "at"), self.basis_)
        unit = 1.0 if self.chart == "angles" else self.radius_
        return self.inverse_transform(middle + unit * as_like(offsets, self.basis_))

    def sample(self, m: int, /, *, seed: int) -> Array:
        """Latents ``(m, *shape)`` of directions drawn uniformly in the subspace."""
        K = self._fitted().seeds_.shape[0]
        h = np.random.default_rng(seed).standard_normal((at_least("m", m, 0), K))
        return self._combine(as_like(h, self.basis_) @ self._to_weights.T)

    def search(
        self,
        *,
        seed: int = 0,
        sigma: float = 0.5,
        maximize: bool = False,
        population: int | None = None,
    ) -> Search:
        """A `Search` in this subspace by ask and tell; needs ``zalgebra[search]``."""
        plain = Subspace(self.prior, correlation=self.correlation).fit(self._fitted().seeds_)
        return Search(
            plain,
            coordinates=self.transform,
            seed=seed,
            sigma=sigma,
            maximize=maximize,
            population=population,
        )

    def __repr__(self) -> str:
        seeds = f", {self.seeds_.shape[0]} seeds" if hasattr(self, "seeds_") else ""
        return f"Subspace({self.prior}, chart={self.chart!r}, center={self.center}{seeds})"

    def _fitted(self) -> Subspace:
        if not hasattr(self, "seeds_"):
            raise BadInput("this Subspace is not fitted yet: call fit(seeds) first")
        return self

    def _whiten(self, x: Array) -> Array:
        """Latents ``(n, *shape)`` as rows ``(n, D)`` in standard normal coordinates."""
        u = flatten(x if self.prior is None else self.prior.to_normal(x))
        return namespace(u).astype(u, working_dtype(u), copy=False)

    def _coordinates(self, h: Array) -> Array:
        if self.chart == "angles":
            return angles(h)
        return tangent(h, self.factor_[0, 0]) if self.center else h

    def _point(self, c: Array) -> Array:
        if self.chart == "angles":
            return self.radius_ * from_angles(c)
        return from_tangent(c, self.factor_[0, 0]) if self.center else c

    def _combine(self, w: Array) -> Array:
        return combine(w, self.seeds_, prior=self.prior, correlation=self.correlation)


def _columns(K: int, center: bool) -> np.ndarray:
    """The matrix M of the columns X M that are factorised: the seeds, or centroid and K - 1."""
    identity = np.eye(K)
    return np.column_stack([np.full(K, 1 / K), identity[:, :-1]]) if center else identity
