"""The von Mises-Fisher prior on the unit sphere, and its bijection to the uniform one.

Both laws are symmetric about the mean direction m, so the bijection moves each point along its
meridian, and only the law of the latitude matters. The latitude is measured as ξ = atanh t with
t = ⟨m, x⟩ (Mercator's, the isometric one), in which the poles are at ±∞, the density is
p(ξ) ∝ exp(κ tanh ξ) / cosh(ξ)^(d-1), and nothing is singular in any dimension.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, namespace, to_numpy
from zalgebra.algebra.priors._draw import draw
from zalgebra.algebra.priors._latitude import Quintic, dilations, fitted_concentration, log_total
from zalgebra.algebra.priors.sphere import as_latents_like, directions, log_area, on_sphere
from zalgebra.types import Array, BadInput

__all__ = ["VonMisesFisher"]


class VonMisesFisher:
    r"""The von Mises-Fisher distribution on the unit sphere of R^d.

    $$p(x) \propto \exp(\kappa\, m^\top x), \qquad \lvert x \rvert = 1$$

    Latents are combined on the uniform sphere (see `Hypersphere`), to which the monotone map of
    t = ⟨m, x⟩ carries them: x = t m + √(1 - t²) v goes to s m + √(1 - s²) v with
    F₀(s) = F_κ(t), the distribution functions of t under both laws. The map is a dilation
    of the sphere from m by a factor that depends on t, tabulated once to about 1e-11 for
    probabilities down to e^-800, and continued beyond those by its last value.

    Parameters
    ----------
    mean
        The mean direction m, an array of the latents' shape with d ≥ 2 entries; it is divided by
        its norm.
    concentration
        κ > 0. Near 0 the law is uniform; if κ is large, 1 - t is about (d - 1) / (2κ).

    Raises
    ------
    BadInput
        If the mean has fewer than 2 entries or no direction, or κ is not positive and finite.

    References
    ----------
    Mardia and Jupp, *Directional Statistics* (2000), section 9.3.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> prior = za.priors.VonMisesFisher([1.0, 0.0, 0.0], 10.0)
    >>> z = prior.sample(50_000, seed=0)
    >>> round(float(z.mean(axis=0)[0]), 2)  # coth κ - 1/κ
    0.9
    """

    fixed_radius = True  # of normal coordinates: no law of the norm to judge them by

    def __init__(self, mean: ArrayLike, concentration: float) -> None:
        mean = np.array(to_numpy(as_latents(mean, "mean")), dtype=float)
        norm = float(np.linalg.norm(mean))
        if mean.size < 2 or norm == 0:
            raise BadInput(
                f"`mean` must be a direction of at least 2 entries, got norm {norm:.3g} "
                f"and shape {mean.shape}"
            )
        if not 0 < concentration < math.inf:
            raise BadInput(f"`concentration` must be positive and finite, got {concentration}")
        self.mean, self.concentration = mean / norm, float(concentration)
        self.shape: tuple[int, ...] = mean.shape
        self._to_uniform, self._from_uniform = dilations(self.concentration, mean.size - 1)

    @classmethod
    def fit(cls, Z: Array, /) -> VonMisesFisher:
        r"""The distribution of latents ``(n, *shape)`` of norm 1, by maximum likelihood.

        The mean direction is that of the average x̄, and κ solves

        $$A_d(\kappa) = \frac{I_{d/2}(\kappa)}{I_{d/2-1}(\kappa)} = \lvert \bar x \rvert$$

        by Newton's steps from the value of Banerjee et al. The estimate is too large where n is
        small: n uniform latents have \|x̄\| of about 1/√n, which is taken for κ of about d/√n.

        Raises
        ------
        BadInput
            If there are fewer than 2 latents, or they cancel or are all the same.

        References
        ----------
        Banerjee, Dhillon, Ghosh and Sra, *Clustering on the unit hypersphere using von
        Mises-Fisher distributions* (2005); Sra, *A short note on parameter approximation for von
        Mises-Fisher distributions* (2012).

        Examples
        --------
        >>> import zalgebra as za
        >>> Z = za.priors.VonMisesFisher([0.0, 0.0, 2.0], 10.0).sample(50_000, seed=0)
        >>> prior = za.priors.VonMisesFisher.fit(Z)
        >>> prior.mean.round(2).tolist(), round(prior.concentration)
        ([0.0, 0.0, 1.0], 10)
        """
        Z = as_latents(Z, "Z")
        if Z.ndim < 2 or Z.shape[0] < 2:
            raise BadInput(f"a prior is fitted from at least 2 latents, got shape {tuple(Z.shape)}")
        rows = to_numpy(on_sphere(Z, tuple(Z.shape[1:]))).astype(float)
        average = rows.mean(axis=0)
        R = float(np.linalg.norm(average))
        if not 1e-9 < R < 1 - 1e-12:
            raise BadInput(
                "a prior is fitted from latents that differ and do not cancel, "
                f"got an average of norm {R:.3g}"
            )
        return cls(average.reshape(Z.shape[1:]), fitted_concentration(R, rows.shape[1]))

    def to_normal(self, z: Array, /) -> Array:
        """Latents ``(n, *shape)`` of norm 1 to the uniform sphere of radius √d."""
        rows = self._dilated(on_sphere(z, self.shape), self._to_uniform)
        return as_latents_like(math.sqrt(self.mean.size) * rows, z)

    def from_normal(self, u: Array, /) -> Array:
        """Directions of arrays ``(n, *shape)`` from the uniform sphere to this law."""
        return as_latents_like(self._dilated(directions(u, self.shape), self._from_uniform), u)

    def tangent(self, z: Array, v: Array, /) -> Array:
        """The direction v along the sphere at latents z, in normal coordinates."""
        xp = namespace(z)
        step = 1e-3 / xp.sqrt(xp.sum(v * v))  # of the way round, on both sides
        ends = (self.to_normal(self._on_sphere(z + s * v)) for s in (step, -step))
        up, down = ends
        return (up - down) / (2 * step)

    def _on_sphere(self, z: Array) -> Array:
        return as_latents_like(directions(z, self.shape), z)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density by surface measure in nats, ``(n,)``: κ t - log ∫ exp(κ t)."""
        k, d = self.concentration, self.mean.size
        _, _, south = self._meridians(on_sphere(z, self.shape))
        peak = k - log_area(d - 1) - log_total(k, d - 1)
        return namespace(z).astype(peak - k * south, z.dtype, copy=False)

    def _meridians(self, x: Array) -> tuple[Array, Array, Array]:
        """The part p of rows ``x`` across m, and 1 + t and 1 - t, the smaller as |p|² / larger."""
        xp, m = namespace(x), as_like(self.mean.reshape(-1), x)
        t = x @ m
        p = x - t[:, None] * m
        larger = 1 + xp.abs(t)
        smaller = xp.sum(p * p, axis=-1) / larger
        return p, xp.where(t > 0, larger, smaller), xp.where(t > 0, smaller, larger)

    def _dilated(self, x: Array, log_factor: Quintic) -> Array:
        """Rows ``x`` at tan(φ/2) = c tan(θ/2), for the angle θ from m and the log factor log c(ξ).

        In terms of a = 1 + t and b = 1 - t that is ((a - c²b) m + 2 c p) / (a + c²b), which has no
        singular point. At the poles ξ is held to a finite value, also for the gradient's sake.
        """
        xp, m = namespace(x), as_like(self.mean.reshape(-1), x)
        p, a, b = self._meridians(x)
        c = xp.exp(log_factor(0.5 * xp.log(xp.clip(a, 1e-30, 2.0) / xp.clip(b, 1e-30, 2.0))))
        far = c * c * b
        return ((a - far)[:, None] * m + (2 * c)[:, None] * p) / (a + far)[:, None]

    def __repr__(self) -> str:
        return f"VonMisesFisher(shape={self.shape}, concentration={self.concentration:.6g})"
