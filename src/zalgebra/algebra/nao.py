"""Norm-aware optimisation (NAO), the published baseline, as coefficients on the seeds.

The norm r of a standard normal latent of D entries follows the chi law,
log P(r) = (D - 1) log r - r²/2 + const. NAO measures a path γ by ∫ -log P(|γ|) ds, so that ways
through unlikely norms are long. Its path between two seeds is the shortest in that measure, its
centroid the point with the smallest weighted sum of such distances to the seeds.

Only norms and angles enter. A shortest path lies in the plane of its two ends, so a node is a
radius and an angle there, and a centroid lies in the span of the seeds: all that is needed of them
is their k x k Gram matrix. The minimum is that of the descent on D entries, for far less work.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from zalgebra.types import BadInput, DegenerateWeights

__all__ = ["nao_coefficients"]

SEGMENTS = 64
MAX_STEPS = 10_000
SETTLED = 1e-3  # the gradient that may be left, in units of the mean cost of unit length
OPPOSITE = -1 + 1e-6  # the cosine from which on two directions have no one arc between them
SAME = 1e-4  # the distance, in modes, up to which two seeds are the same to a centroid
NO_STEP = 1e-12  # the length of a step between equal nodes, in modes: the gradient exists there too


def nao_coefficients(w: np.ndarray, gram: np.ndarray, entries: int, /) -> np.ndarray:
    """Coefficients ``(n, k)`` on the seeds that realise weights ``w`` by norm-aware optimisation.

    A row with one weight gives that seed. A row with two gives the point at the share
    w_b / (w_a + w_b) of the length of the path from seed a to seed b that minimises

        Σ_i -log P(|γ_i + γ_{i+1}| / 2) |γ_{i+1} - γ_i|

    over its nodes, held at even distances. A row with more gives the centroid
    argmin_c Σ_j w_j d(x_j, c), where d is the least cost of such a path. The distances are not
    squared, so it is a median: a seed with most of the weight is the centroid itself.

    Parameters
    ----------
    w
        Weights ``(n, k)``, none negative; the scale of a row does not matter.
    gram
        Inner products of the seeds in standard normal coordinates, ``(k, k)``.
    entries
        D, the entries of one latent, at least 2.

    Raises
    ------
    DegenerateWeights
        If a row is all zeros, a seed with a weight is, the seeds cancel, or a path would join
        opposite latents.
    BadInput
        If a weight is negative, D is 1, or the optimisation does not settle.

    References
    ----------
    Samuel, Ben-Ari, Darshan, Maron and Chechik, *Norm-guided latent space exploration for
    text-to-image generation*, NeurIPS 2023, arXiv 2306.08687.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((2, 1000))
    >>> (c,) = nao_coefficients(np.array([[0.5, 0.5]]), x @ x.T, 1000)
    >>> float(round(np.linalg.norm(c @ x), 1)), float(round(np.linalg.norm(x.mean(axis=0)), 1))
    (31.6, 23.0)
    """
    w, gram = np.asarray(w, dtype=float), np.asarray(gram, dtype=float)
    _check(w, gram, entries)
    law, c = _ChiLaw(entries), np.zeros_like(w)
    paths: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}
    for row, weights in zip(c, w, strict=True):
        (used,) = np.nonzero(weights)
        share, among = weights[used] / weights[used].sum(), gram[np.ix_(used, used)]
        if len(used) == 1:
            row[used] = 1
        elif len(used) == 2:
            pair = tuple(used)
            if pair not in paths:
                paths[pair] = _path(among, law)
            along, nodes = paths[pair]
            row[used] = [np.interp(share[1], along, column) for column in nodes.T]
        else:
            row[used] = _centroid(share, among, law)
    return c


def _check(w: np.ndarray, gram: np.ndarray, entries: int) -> None:
    if (w < 0).any():
        raise BadInput(
            f"`nao` needs weights of at least 0, got {w.min():g}; "
            "use method='lol', which takes any sign"
        )
    if not w.any(axis=-1).all():
        raise DegenerateWeights("`nao` needs a seed with a weight in each row, got a row of zeros")
    if entries < 2:
        raise BadInput(
            f"`nao` needs latents of at least 2 entries, got {entries}; use method='lol'"
        )
    if (gram.diagonal()[w.any(axis=0)] <= 0).any():
        raise DegenerateWeights("`nao` needs seeds with a direction, got one that is all zeros")


@dataclass(frozen=True)
class _ChiLaw:
    """The law of the norm of N(0, I) in D dimensions, as the cost -log P(r) of being there."""

    entries: int

    @property
    def mode(self) -> float:
        """√(D - 1), the likeliest norm."""
        return math.sqrt(self.entries - 1)

    @property
    def least(self) -> float:
        """-log P(mode): above 0 for every D (0.57 for a large one), so the cost is a metric."""
        D, s = self.entries, self.entries - 1
        return (D / 2 - 1) * math.log(2) + float(gammaln(D / 2)) + (s - s * math.log(s)) / 2

    def cost(self, square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """-log P(r) and its derivative by r², for squared norms r².

        With v = r²/mode² - 1 it is least + mode² (v - log(1 + v)) / 2: (D - 1) log r and r²/2
        themselves would cancel each other's digits.
        """
        v = square / self.mode**2 - 1
        return self.least + self.mode**2 / 2 * (v - np.log1p(v)), v / (1 + v) / 2


class _Paths:
    """Polylines from ``p`` seeds to a common end, each in polar coordinates of its own plane.

    Node i of path j has the radius r_ji and the angle Ω_j i / N + s_ji / mode: the arc from the
    seed to the end, bent. Radii and shifts ``(2, p, N - 1)`` are free, flat as ``z``.
    """

    def __init__(self, norms: np.ndarray, rho: float, omega: np.ndarray, law: _ChiLaw) -> None:
        self.norms, self.law, self.t = norms, law, np.linspace(0, 1, SEGMENTS + 1)
        r = norms[:, None] + (rho - norms[:, None]) * self.t
        self.start = np.stack([r, np.zeros_like(r)])[..., 1:-1].ravel()
        step2, mid2 = _squares(r, omega[:, None] * self.t)
        self.n = law.cost(mid2)[0].mean(axis=1, keepdims=True)
        self.length = np.sqrt(step2).mean(axis=1, keepdims=True) + NO_STEP * law.mode

    def nodes(self, rho: float, omega: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Radii and angles ``(p, N + 1)``, to an end of norm ``rho`` at angles ``omega``."""
        r, shift = np.zeros((2, len(self.norms), SEGMENTS + 1))
        r[:, 1:-1], shift[:, 1:-1] = z.reshape(2, len(self.norms), -1)
        r[:, 0], r[:, -1] = self.norms, rho
        return r, omega[:, None] * self.t + shift / self.law.mode

    def cost(
        self, rho: float, omega: np.ndarray, z: np.ndarray, w: np.ndarray
    ) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Σ_j w_j cost_j, and its derivatives by ``rho``, by ``omega`` and by ``z``.

        The cost of a path is Σ_i n_i |step_i| with n = -log P(|mid|). To it comes the rule of even
        distances, n̄/ℓ Σ_i (|step_i| - mean)² with n̄ and ℓ the mean n and step at the start: nodes
        would else slide to where a coarse sum misses what lies between them.
        """
        r, angle = self.nodes(rho, omega, z)
        step2, mid2 = _squares(r, angle)
        step = np.sqrt(step2) + NO_STEP * self.law.mode
        n, slope = self.law.cost(mid2)
        uneven, firm = step - step.mean(axis=1, keepdims=True), self.n / self.length
        total = float(w @ np.sum(n * step + firm * uneven**2, axis=1))
        by_step2 = w[:, None] * (n + 2 * firm * uneven) / (2 * step)
        by_r, by_angle = _by_nodes(r, angle, by_step2, w[:, None] * slope * step)
        by_z = np.stack([by_r, by_angle / self.law.mode])[..., 1:-1]
        return total, float(by_r[:, -1].sum()), by_angle @ self.t, by_z.ravel()


def _squares(r: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|γ_{i+1} - γ_i|² and |γ_i + γ_{i+1}|²/4 of neighbouring nodes."""
    a, b = r[:, :-1], r[:, 1:]
    bend = 4 * a * b * np.sin(np.diff(angle) / 2) ** 2
    return (a - b) ** 2 + bend, ((a + b) ** 2 - bend) / 4


def _by_nodes(
    r: np.ndarray, angle: np.ndarray, by_step2: np.ndarray, by_mid2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The chain rule through `_squares`: derivatives by radii and by angles."""
    a, b, turn = r[:, :-1], r[:, 1:], np.diff(angle)
    cos, by_r, by_angle = np.cos(turn), np.zeros_like(r), np.zeros_like(r)
    by_r[:, :-1] += 2 * by_step2 * (a - b * cos) + by_mid2 * (a + b * cos) / 2
    by_r[:, 1:] += 2 * by_step2 * (b - a * cos) + by_mid2 * (b + a * cos) / 2
    by_turn = (2 * by_step2 - by_mid2 / 2) * a * b * np.sin(turn)
    by_angle[:, 1:] += by_turn
    by_angle[:, :-1] -= by_turn
    return by_r, by_angle


def _path(gram: np.ndarray, law: _ChiLaw) -> tuple[np.ndarray, np.ndarray]:
    """The path between two seeds: the share of its length at each node, and its coefficients."""
    norms = np.sqrt(gram.diagonal())
    omega, one = _angles(gram[:1, 1] / norms.prod()), np.ones(1)
    paths = _Paths(norms[:1], norms[1], omega, law)
    z = _settle(lambda z: paths.cost(norms[1], omega, z, one)[::3], paths.start, paths.n.max())
    r, angle = paths.nodes(norms[1], omega, z)
    step = np.sqrt(_squares(r, angle)[0][0]) + NO_STEP * law.mode
    share = np.concatenate([[0], np.cumsum(step) / step.sum()])
    t = angle[0] / omega[0] if omega[0] > 0 else paths.t
    arc = np.stack([1 - t, t], axis=1)
    if omega[0] > 0:
        arc = np.sin(arc * omega[0]) / np.sin(omega[0])
    nodes = arc * r[0, :, None] / norms
    return share, nodes


def _centroid(w: np.ndarray, gram: np.ndarray, law: _ChiLaw) -> np.ndarray:
    """Coefficients of argmin_c Σ_j w_j d(x_j, c), for weights that sum to 1."""
    norms = np.sqrt(gram.diagonal())
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-12 * values[-1]
    units = vectors[:, kept] * np.sqrt(values[kept]) / norms[:, None]  # in an orthonormal basis
    middle = int(np.argmin(np.arccos(np.clip(units @ units.T, -1, 1)) @ w))
    if _is_median(middle, w, units, norms, law):
        return np.eye(len(w))[middle]
    c = w @ units
    if np.linalg.norm(c) < 1e-6:
        raise DegenerateWeights("the seeds cancel under these weights; use method='lol'")
    c *= law.mode / np.linalg.norm(c)
    paths = _Paths(norms, law.mode, _angles(units @ c / law.mode), law)

    def cost(y: np.ndarray) -> tuple[float, np.ndarray]:
        total, by_c, by_z = _distances(y[: c.size], y[c.size :], w, units, paths)
        return total, np.concatenate([by_c, by_z])

    c = _settle(cost, np.concatenate([c, paths.start]), paths.n.max())[: c.size]
    _angles(units @ c / np.linalg.norm(c))
    return vectors[:, kept] @ (c / np.sqrt(values[kept]))


def _is_median(
    j: int, w: np.ndarray, units: np.ndarray, norms: np.ndarray, law: _ChiLaw
) -> np.bool_:
    """Whether seed j is the centroid: the others pull at it less than its own weight holds.

    Its own distance has a kink there, which no descent would find; from half of all the weight on
    it always holds.
    """
    x = units * norms[:, None]
    others = np.linalg.norm(x - x[j], axis=1) > SAME * law.mode
    own = w[~others].sum()
    if own >= 0.5:
        return np.True_
    units, w = units[others], w[others]
    paths = _Paths(norms[others], norms[j], _angles(units @ x[j] / norms[j]), law)
    z = _settle(lambda z: _distances(x[j], z, w, units, paths)[::2], paths.start, paths.n.max())
    return (
        np.linalg.norm(_distances(x[j], z, w, units, paths)[1]) <= own * law.cost(norms[j] ** 2)[0]
    )


def _distances(
    c: np.ndarray, z: np.ndarray, w: np.ndarray, units: np.ndarray, paths: _Paths
) -> tuple[float, np.ndarray, np.ndarray]:
    """Σ_j w_j cost_j of paths from seeds of directions ``units`` to ``c``; its derivatives."""
    rho = float(np.linalg.norm(c))
    out, cosine = c / rho, np.clip(units @ c / rho, -1, 1)
    total, by_rho, by_omega, by_z = paths.cost(rho, np.arccos(cosine), z, w)
    turn = by_omega / np.maximum(np.sqrt(1 - cosine**2), 1e-9)
    return total, by_rho * out - (turn @ units - (turn @ cosine) * out) / rho, by_z


def _angles(cosine: np.ndarray) -> np.ndarray:
    """The angles of these cosines, none opposite."""
    if (cosine < OPPOSITE).any():
        raise DegenerateWeights("`nao` has no one path between opposite latents; use method='lol'")
    return np.arccos(np.clip(cosine, -1, 1))


def _settle(
    cost: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, scale: float
) -> np.ndarray:
    """The argument of least cost, by L-BFGS from the start; ``scale`` is a typical -log P."""
    from scipy.optimize import minimize  # here, since it doubles the time to import the algebra

    stop = {"maxiter": MAX_STEPS, "maxfun": 2 * MAX_STEPS, "ftol": 0.0, "gtol": 1e-9 * scale}
    options = {**stop, "maxcor": 30}
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options=options)
    left = float(np.abs(found.jac).max()) / scale
    if left > SETTLED:
        raise BadInput(
            f"`nao` did not settle in {found.nit} steps (gradient {left:.2g}, not {SETTLED:g}); "
            "are the seeds far from the norms of their prior? use method='lol'"
        )
    return found.x
