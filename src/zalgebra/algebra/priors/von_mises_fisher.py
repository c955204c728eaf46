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
from scipy.special import expit

from zalgebra.algebra._arrays import as_latents, as_like, namespace, to_numpy
from zalgebra.algebra.priors._draw import draw
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
        self._to_uniform, self._from_uniform = _dilations(self.concentration, mean.size - 1)

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
        return cls(average.reshape(Z.shape[1:]), _concentration(R, rows.shape[1]))

    def to_normal(self, z: Array, /) -> Array:
        """Latents ``(n, *shape)`` of norm 1 to the uniform sphere of radius √d."""
        rows = self._dilated(on_sphere(z, self.shape), self._to_uniform)
        return as_latents_like(math.sqrt(self.mean.size) * rows, z)

    def from_normal(self, u: Array, /) -> Array:
        """Directions of arrays ``(n, *shape)`` from the uniform sphere to this law."""
        return as_latents_like(self._dilated(directions(u, self.shape), self._from_uniform), u)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density by surface measure in nats, ``(n,)``: κ t - log ∫ exp(κ t)."""
        k, d = self.concentration, self.mean.size
        _, _, south = self._meridians(on_sphere(z, self.shape))
        peak = k - log_area(d - 1) - _log_total(k, d - 1)
        return namespace(z).astype(peak - k * south, z.dtype, copy=False)

    def _meridians(self, x: Array) -> tuple[Array, Array, Array]:
        """The part p of rows ``x`` across m, and 1 + t and 1 - t, the smaller as |p|² / larger."""
        xp, m = namespace(x), as_like(self.mean.reshape(-1), x)
        t = x @ m
        p = x - t[:, None] * m
        larger = 1 + xp.abs(t)
        smaller = xp.sum(p * p, axis=-1) / larger
        return p, xp.where(t > 0, larger, smaller), xp.where(t > 0, smaller, larger)

    def _dilated(self, x: Array, log_factor: _Quintic) -> Array:
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


class _Quintic:
    """A function from its values and two derivatives at knots; constant beyond the knots."""

    def __init__(self, knots: np.ndarray, f: np.ndarray, df: np.ndarray, ddf: np.ndarray) -> None:
        h = np.diff(knots)
        start = np.stack([f[:-1], h * df[:-1], h**2 * ddf[:-1] / 2])
        end = np.stack([f[1:], h * df[1:], h**2 * ddf[1:]])
        rest = np.linalg.solve(AT_ONE[:, 3:], end - AT_ONE[:, :3] @ start)
        self.knots = knots
        self.pieces = np.stack([knots[:-1], 1 / h, *start, *rest], axis=-1)

    def __call__(self, x: Array, /) -> Array:
        xp = namespace(x)
        x = xp.clip(x, float(self.knots[0]), float(self.knots[-1]))
        inner = as_like(self.knots[1:-1], x)
        piece = xp.take(as_like(self.pieces, x), xp.searchsorted(inner, x), axis=0)
        s = (x - piece[:, 0]) * piece[:, 1]
        value = piece[:, 7]
        for power in range(6, 1, -1):
            value = value * s + piece[:, power]
        return value


# The value and two derivatives at 1 of the powers 0 to 5.
AT_ONE = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5], [0, 0, 2, 6, 12, 20]], dtype=float)
KNOTS = 16  # a standard deviation of the uniform law's latitude
DEEPEST = 800.0  # the log probability to which the laws are matched, 40 standard deviations
WIDEST = 20.0  # or the latitude: a distance from the pole of 4e-9, near rounding


def _dilations(k: float, n: int) -> tuple[_Quintic, _Quintic]:
    """The log factors ξ - η(ξ) and η - ξ(η) for the matched latitudes, with n = d - 1.

    With F_κ(ξ) = F₀(η) and the Mills ratios M = F/F', dξ/dη = M_κ(ξ) / M₀(η).
    """
    widest = np.arccosh(np.exp(min(DEEPEST / n, WIDEST)))
    south = np.linspace(-widest, 0, math.ceil(KNOTS * widest * math.sqrt(n)) + 2)
    lower, upper = _matched(south, k, n), _matched(south, -k, n)
    eta = np.concatenate([south, -south[-2::-1]])
    xi = np.concatenate([lower[0], -upper[0][-2::-1]])
    slope = np.concatenate([lower[1], upper[1][-2::-1]])
    bend = slope * (_slope(eta, 0, n) - slope * _slope(xi, k, n))
    forward = _Quintic(xi, xi - eta, 1 - 1 / slope, bend / slope**3)
    return forward, _Quintic(eta, eta - xi, 1 - slope, -bend)


def _matched(eta: np.ndarray, k: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes ξ with F_κ(ξ) = F₀(η) for η ≤ 0, and dξ/dη; by Newton's steps and bisection.

    The upper halves of the laws are the lower ones of -κ.
    """
    mode, M0 = _mode(k, n), _mills(eta, 0, n)
    sd = 1 / math.sqrt(-float(_bend(mode, k, n)))
    target = np.log(M0) - n * _log_cosh(eta) - _log_total(0, n) + _log_total(k, n)
    low, high = np.full_like(eta, -100.0), np.full_like(eta, mode + 3 * sd)
    xi, ratio = mode + math.sqrt(n) * sd * eta, np.ones_like(eta)
    left = np.arange(eta.size)
    for step in range(100):
        x = xi[left]
        M = _mills(x, k, n)
        ratio[left] = M / M0[left]
        excess = np.log(M) + k * np.tanh(x) - n * _log_cosh(x) - target[left]
        low[left], high[left] = np.where(excess > 0, (low[left], x), (x, high[left]))
        new, done = x - excess * M, np.abs(excess * M) <= 1e-12 * (1 + np.abs(x))
        inside = (low[left] <= new) & (new <= high[left]) & (step % 4 < 3)  # else it may cycle
        xi[left] = np.where(done | inside, new, (low[left] + high[left]) / 2)
        left = left[~done]
        if not left.size:
            break
    return xi, ratio


_V = np.arange(-3.5, 7.5, 0.05)
NODES = np.exp(_V - np.exp(-_V))
WEIGHTS = 0.05 * NODES * (1 + np.exp(-_V))


def _mills(x: np.ndarray, k: float, n: int) -> np.ndarray:
    """The Mills ratio F/F' at latitudes ``x``: ∫ p(ξ - s) / p(ξ) ds over s > 0."""
    return _below(x, k, n)[1].sum(axis=-1)


def _below(x: np.ndarray, k: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes y = ξ - s below each of ``x``, and weights that integrate over p(y) / p(ξ).

    The double exponential rule of Takahasi and Mori (1974), s = h exp(v - e^-v): good to 1e-12,
    also where the length h of the decay is known only roughly.
    """
    h = (1 / np.sqrt(_slope(x, k, n) ** 2 + np.abs(_bend(x, k, n))))[:, None]
    s, x = h * NODES, x[:, None]
    y = x - s
    # tanh x - tanh y = sinh s / (cosh x cosh y), with no difference of numbers near 1
    tanhs = np.exp(s + np.log(-np.expm1(-2 * s) / 2) - _log_cosh(x) - _log_cosh(y))
    return y, h * WEIGHTS * np.exp(n * (_log_cosh(x) - _log_cosh(y)) - k * tanhs)


def _log_total(k: float, n: int) -> float:
    """The log of ∫ exp(κ tanh ξ) / cosh(ξ)^n dξ, which is ∫ exp(κ t) (1 - t²)^(n/2 - 1) dt."""
    mode = _mode(k, n)
    peak = k * math.tanh(mode) - n * float(_log_cosh(mode))
    return peak + math.log(_around_mode(k, n)[1].sum())


def _around_mode(k: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes on both sides of the mode, and weights that integrate over p(y) / p(mode)."""
    mode = np.array([_mode(k, n)])
    (south, w_south), (north, w_north) = _below(mode, k, n), _below(-mode, -k, n)
    return np.concatenate([south, -north], axis=1), np.concatenate([w_south, w_north], axis=1)


def _mode(k: float, n: int) -> float:
    """The latitude where p is greatest: sinh 2ξ = 2κ/n."""
    return math.asinh(2 * k / n) / 2


def _slope(x: np.ndarray | float, k: float, n: int) -> np.ndarray:
    """The derivative of log p."""
    return k / np.cosh(x) ** 2 - n * np.tanh(x)


def _bend(x: np.ndarray | float, k: float, n: int) -> np.ndarray:
    """The second derivative of log p."""
    return -(n + 2 * k * np.tanh(x)) / np.cosh(x) ** 2


def _log_cosh(x: np.ndarray | float) -> np.ndarray:
    return np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2)


def _concentration(R: float, d: int) -> float:
    """The κ at which the mean of t is R: Newton's steps on A_d(κ) = R, with A' the variance."""
    k = R * (d - R**2) / (1 - R**2)
    for _ in range(10):
        y, w = _around_mode(k, d - 1)
        south, w = 2 * expit(-2 * y), w / w.sum()  # 1 - t, exact near the pole
        mean = float(np.sum(w * south))
        k += (mean - (1 - R)) / float(np.sum(w * (south - mean) ** 2))
    return k
