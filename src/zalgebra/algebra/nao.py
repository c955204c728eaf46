"""Norm-aware optimisation (NAO), the published baseline, as coefficients on the seeds.

The norm r of a standard normal latent of D entries follows the chi law,
log P(r) = (D - 1) log r - r²/2 + const. NAO measures a path γ by ∫ -log P(|γ|) ds, so that ways
through unlikely norms are long. Its path between two seeds is the shortest in that measure, its
centroid the point with the smallest weighted sum of such distances to the seeds.

Only norms and angles enter: a path lies in a plane (`zalgebra.algebra.likely_paths`), and a
centroid in the span of the seeds, so all that is needed of them is their k x k Gram matrix. The
minimum is that of the descent on D entries, for far less work.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zalgebra.algebra.likely_paths import NO_STEP, ChiLaw, Paths, squares
from zalgebra.types import BadInput, DegenerateWeights

__all__ = ["nao_coefficients"]

MAX_STEPS = 10_000
SETTLED = 1e-3  # the gradient that may be left, in units of the mean cost of unit length
OPPOSITE = -1 + 1e-6  # the cosine from which on two directions have no one arc between them
SAME = 1e-4  # the distance, in modes, up to which two seeds are the same to a centroid


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
    law, c = ChiLaw(entries), np.zeros_like(w)
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


def _path(gram: np.ndarray, law: ChiLaw) -> tuple[np.ndarray, np.ndarray]:
    """The path between two seeds: the share of its length at each node, and its coefficients."""
    norms = np.sqrt(gram.diagonal())
    omega, one = _angles(gram[:1, 1] / norms.prod()), np.ones(1)
    paths = Paths(norms[:1], norms[1], omega, law)
    z = _settle(lambda z: paths.cost(norms[1], omega, z, one)[::3], paths.start, paths.n.max())
    r, angle = paths.nodes(norms[1], omega, z)
    step = np.sqrt(squares(r, angle)[0][0]) + NO_STEP * law.mode
    share = np.concatenate([[0], np.cumsum(step) / step.sum()])
    t = angle[0] / omega[0] if omega[0] > 0 else paths.t
    arc = np.stack([1 - t, t], axis=1)
    if omega[0] > 0:
        arc = np.sin(arc * omega[0]) / np.sin(omega[0])
    nodes = arc * r[0, :, None] / norms
    return share, nodes


def _centroid(w: np.ndarray, gram: np.ndarray, law: ChiLaw) -> np.ndarray:
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
    paths = Paths(norms, law.mode, _angles(units @ c / law.mode), law)

    def cost(y: np.ndarray) -> tuple[float, np.ndarray]:
        total, by_c, by_z = _distances(y[: c.size], y[c.size :], w, units, paths)
        return total, np.concatenate([by_c, by_z])

    c = _settle(cost, np.concatenate([c, paths.start]), paths.n.max())[: c.size]
    _angles(units @ c / np.linalg.norm(c))
    return vectors[:, kept] @ (c / np.sqrt(values[kept]))


def _is_median(
    j: int, w: np.ndarray, units: np.ndarray, norms: np.ndarray, law: ChiLaw
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
    paths = Paths(norms[others], norms[j], _angles(units @ x[j] / norms[j]), law)
    z = _settle(lambda z: _distances(x[j], z, w, units, paths)[::2], paths.start, paths.n.max())
    return (
        np.linalg.norm(_distances(x[j], z, w, units, paths)[1]) <= own * law.cost(norms[j] ** 2)[0]
    )


def _distances(
    c: np.ndarray, z: np.ndarray, w: np.ndarray, units: np.ndarray, paths: Paths
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
