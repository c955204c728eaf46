"""Latents of equal norm with one statistic broken: what does a network need besides the norm?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln, ndtr, ndtri

from zalgebra.measures.latent_statistics import (
    as_picture,
    channel_of,
    frequencies,
    in_first_half,
    normal_rows,
)
from zalgebra.types import Array, BadInput

__all__ = ["BREAKAGES", "Breakage", "breakages", "broken"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Breakage:
    """One statistic that can be broken, and how.

    Parameters
    ----------
    unit
        What its strength is.
    strengths
        Weak, middle, strong.
    of_pictures
        Whether only latents with two axes or more have the statistic.
    apply
        Rows u ``(n, D)``, strength and the shape of one latent to broken rows.
    """

    unit: str
    strengths: tuple[float, float, float]
    of_pictures: bool
    apply: Callable[[np.ndarray, float, Shape], np.ndarray]


def broken(u: Array, name: str, /, *, strength: float) -> np.ndarray:
    r"""The latents ``(n, *shape)`` with one statistic broken, each of its former norm.

    Either the *values* change and keep their order, by a monotone map of each entry,

    $$\tilde u_i = c\, F^{-1}(\Phi(u_i)), \qquad |\tilde u| = |u|,$$

    (mean, kurtosis, sparsity, quantisation); or the *places* change and the values stay: the
    entries are permuted to the ranks of a field $f$ that is made of them (variance, correlation,
    channels, spectrum). Then mean, variance, skewness, kurtosis, and every test that looks at the
    entries without their places, find exactly what they found in $u$. ``"norm"`` is for comparison.

    ==================  =========================================================================
    name                strength
    ==================  =========================================================================
    ``"norm"``          factor $s$ in $su$ (the only one whose norm moves)
    ``"mean"``          $m$: the mean of each latent becomes $m$ times its root mean square
    ``"variance"``      ratio of the variances that the halves of the places have in $f$
    ``"kurtosis"``      excess kurtosis of the entries' law, that of $u + c\,u^3$
    ``"sparsity"``      share of zeros, below 2/3; the law keeps mean 0, variance 1, kurtosis 3
    ``"correlation"``   $\rho$ of $f_i = \rho f_{i-1} + \sqrt{1-\rho^2}\,u_i$ along both axes
    ``"channels"``      ratio of the variances that first and last channel have in $f$
    ``"spectrum"``      $\gamma$ of a power spectrum $|k|^{-\gamma}$ of $f$
    ``"quantisation"``  number of levels, even: the nodes of Gauss-Hermite quadrature
    ==================  =========================================================================

    What the algebra ties cannot move alone: a mean $m$ at one norm leaves the variance $1 - m^2$,
    a sloped spectrum is a correlation. L levels have the first 2L - 1 moments of N(0, 1).

    Parameters
    ----------
    u
        Latents in standard normal coordinates (``prior.to_normal(z)``), the shapes of
        `latent_statistics`; any array library.
    name
        One of `breakages` of the shape.
    strength
        As above; `BREAKAGES` holds three for each.

    Raises
    ------
    BadInput
        If there is no such statistic, or the strength is out of its range.

    References
    ----------
    Bodin et al., *Linear combinations of latents in generative models: subspaces and beyond*,
    arXiv 2408.08558, the first of its open questions; Theiler et al., *Testing for nonlinearity in
    time series: the method of surrogate data*, Physica D 58 (1992), for permutation to ranks.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.measures.breakages import broken
    >>> from zalgebra.measures.latent_statistics import latent_statistics
    >>> u = np.random.default_rng(0).standard_normal((200, 1, 28, 28))
    >>> was, now = (latent_statistics(x) for x in (u, broken(u, "correlation", strength=0.5)))
    >>> bool(np.allclose(now["norm"], was["norm"])), float(now["correlation"].mean().round(1))
    (True, 0.5)
    """
    x, shape = normal_rows(u)
    if name not in breakages(shape):
        known = ", ".join(breakages(shape))
        raise BadInput(f"latents of shape {shape} have no {name!r} to break; they have: {known}")
    return BREAKAGES[name].apply(x, float(strength), shape).reshape(len(x), *shape)


def breakages(shape: Shape, /) -> tuple[str, ...]:
    """The statistics that latents of this shape have to break: six of a vector, nine of a picture.

    Examples
    --------
    >>> from zalgebra.measures.breakages import breakages
    >>> breakages((32,))
    ('norm', 'mean', 'variance', 'kurtosis', 'sparsity', 'quantisation')
    """
    return tuple(k for k, v in BREAKAGES.items() if len(shape) > 1 or not v.of_pictures)


# Values: each entry by itself, in its place and in its order.


def _norm(u: np.ndarray, factor: float, shape: Shape) -> np.ndarray:
    _within("norm", factor, 0, np.inf)
    return factor * u


def _mean(u: np.ndarray, m: float, shape: Shape) -> np.ndarray:
    """The row a (u - ū) + m r with r the root mean square, and a such that the norm stays."""
    _within("mean", m, -1, 1)
    r = np.sqrt(np.mean(u * u, axis=1, keepdims=True))
    v = u - u.mean(axis=1, keepdims=True)
    return _at_norm(v, np.sqrt(1 - m * m) * np.sqrt(u.shape[1]) * r) + m * r


def _kurtosis(u: np.ndarray, excess: float, shape: Shape) -> np.ndarray:
    """Odd u + c u³, which leaves the middle alone as far as heavy tails at one norm can."""
    _within("kurtosis", excess, 0, 40)
    return _like(u + _cubic(excess) * u**3, u)


def _sparsity(u: np.ndarray, share: float, shape: Shape) -> np.ndarray:
    """0 for the share of entries nearest to 0; the rest is ±v^p, of kurtosis 3 (1 - share)."""
    _within("sparsity", share, 0, 2 / 3)
    above = np.maximum((2 * ndtr(np.abs(u)) - 1 - share) / (1 - share), 0)
    above = np.minimum(above, 1 - np.finfo(float).eps)
    return _like(np.sign(u) * ndtri((1 + above) / 2) ** _power(3 * (1 - share)), u)


def _quantisation(u: np.ndarray, levels: float, shape: Shape) -> np.ndarray:
    """Each entry on the Gauss-Hermite node whose share of N(0, 1) it lies in."""
    if levels % 2 or not 4 <= levels <= 64:
        raise BadInput(f"`strength` of 'quantisation' must be even, 4 to 64 levels, got {levels:g}")
    nodes, weights = np.polynomial.hermite_e.hermegauss(int(levels))
    edges = np.cumsum(weights / weights.sum())[:-1]
    return _like(nodes[np.searchsorted(edges, ndtr(u))], u)


# Places: the same entries, permuted to the ranks of a field.


def _variance(u: np.ndarray, ratio: float, shape: Shape) -> np.ndarray:
    _within("variance", ratio, 0, np.inf)
    return _placed(u, np.where(in_first_half(shape), np.sqrt(ratio), 1) * u)


def _channels(u: np.ndarray, ratio: float, shape: Shape) -> np.ndarray:
    _within("channels", ratio, 0, np.inf)
    channel = channel_of(shape)
    return _placed(u, ratio ** (-channel / (2 * channel.max())) * u)


def _correlation(u: np.ndarray, rho: float, shape: Shape) -> np.ndarray:
    """An autoregression of first order along the rows, and of its result along the columns."""
    _within("correlation", rho, -1, 1)
    f = u.reshape(len(u), *as_picture(shape)).copy()
    for axis in (2, 3):
        f = np.moveaxis(f, axis, 0)
        for i in range(1, len(f)):
            f[i] = rho * f[i - 1] + np.sqrt(1 - rho**2) * f[i]
        f = np.moveaxis(f, 0, axis)
    return _placed(u, f.reshape(u.shape))


def _spectrum(u: np.ndarray, gamma: float, shape: Shape) -> np.ndarray:
    _within("spectrum", gamma, -4, 4)
    C, H, W = as_picture(shape)
    modes = np.fft.fft2(u.reshape(len(u), C, H, W)) * frequencies(H, W) ** (-gamma / 2)
    return _placed(u, np.fft.ifft2(modes).real.reshape(u.shape))


def _like(v: np.ndarray, u: np.ndarray) -> np.ndarray:
    return _at_norm(v, np.linalg.norm(u, axis=1, keepdims=True))


def _at_norm(v: np.ndarray, norm: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(v, axis=1, keepdims=True)
    return v * (norm / np.where(length > 0, length, 1))


def _placed(u: np.ndarray, field: np.ndarray) -> np.ndarray:
    """The entries of each row of u, in the order of the field's."""
    out = np.empty_like(u)
    np.put_along_axis(out, np.argsort(field, axis=1, kind="stable"), np.sort(u, axis=1), axis=1)
    return out


def _cubic(excess: float) -> float:
    """The c at which u + c u³ of a normal u has this excess kurtosis; it tends to 43.2."""

    def off(c: float) -> float:
        fourth = 3 + 60 * c + 630 * c**2 + 3780 * c**3 + 10395 * c**4
        return fourth / (1 + 6 * c + 15 * c**2) ** 2 - 3 - excess

    return float(brentq(off, 0, 100))


def _power(kurtosis: float) -> float:
    """The p at which ±|u|^p of a normal u has this kurtosis, √π Γ(2p + ½) / Γ(p + ½)²."""

    def off(p: float) -> float:
        log_k = 0.5 * np.log(np.pi) + gammaln(2 * p + 0.5) - 2 * gammaln(p + 0.5)
        return float(log_k - np.log(kurtosis))

    return float(brentq(off, 0, 5))


def _within(name: str, strength: float, low: float, high: float) -> None:
    if not low < strength < high:
        rule = f"above {low:.3g} and below {high:.3g}"
        raise BadInput(f"`strength` of {name!r} must be {rule}, got {strength:g}")


BREAKAGES: dict[str, Breakage] = {
    "norm": Breakage("factor", (0.9, 0.7, 0.5), False, _norm),
    "mean": Breakage("mean", (0.1, 0.2, 0.4), False, _mean),
    "variance": Breakage("ratio of halves", (2, 4, 16), False, _variance),
    "kurtosis": Breakage("excess", (1, 3, 9), False, _kurtosis),
    "sparsity": Breakage("share of zeros", (0.1, 0.3, 0.5), False, _sparsity),
    "quantisation": Breakage("levels", (16, 8, 4), False, _quantisation),
    "correlation": Breakage("of neighbours", (0.1, 0.3, 0.6), True, _correlation),
    "channels": Breakage("ratio", (2, 4, 16), True, _channels),
    "spectrum": Breakage("exponent", (0.25, 0.5, 1.0), True, _spectrum),
}
