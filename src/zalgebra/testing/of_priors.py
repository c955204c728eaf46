"""The laws that a prior keeps."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import chdtr, ndtr

from zalgebra.algebra._arrays import to_numpy
from zalgebra.algebra.combine import combine
from zalgebra.testing.evidence import (
    DRAWS,
    MIXED,
    BrokenLaw,
    Make,
    alike,
    close,
    demand,
    follows,
    rows,
    same_kind,
)
from zalgebra.types import Array, BadInput, Prior

__all__ = [
    "PRIOR_LAWS",
    "a_lone_seed_returns",
    "combinations_follow",
    "comes_back",
    "coordinates_are_normal",
    "density_fits",
    "rows_stand_alone",
    "samples_repeat",
]


def comes_back(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """``from_normal(to_normal(z)) == z``, in the library and dtype of ``z``."""
    z = _draws(prior, 200, make, seed)
    back = prior.from_normal(prior.to_normal(z))
    same_kind(back, z, prior)
    close(back, z, f"{prior!r}: from_normal undoes to_normal")


def rows_stand_alone(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """A latent's normal coordinates do not depend on the others of its batch."""
    z = _draws(prior, 5, make, seed)
    u = to_numpy(prior.to_normal(z))
    one = np.concatenate([to_numpy(prior.to_normal(z[i : i + 1, ...])) for i in range(5)])
    close(u, one, f"{prior!r}: each latent is mapped by itself", z)


def samples_repeat(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """One seed gives one sample, another seed another, and ``n`` is its length."""
    a, b, c = (to_numpy(prior.sample(3, seed=s)) for s in (seed, seed, seed + 1))
    demand(a.shape == (3, *_shape(prior)), f"{prior!r}: a sample of 3 has shape {a.shape}")
    demand(np.array_equal(a, b), f"{prior!r}: the same seed gives another sample")
    demand(not np.array_equal(a, c), f"{prior!r}: another seed gives the same sample")


def coordinates_are_normal(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Samples are standard normal after ``to_normal``: entries, norms and projections.

    A prior of one radius (``fixed_radius``) is judged by the projections of directions alone.
    """
    u = rows(prior.to_normal(_draws(prior, DRAWS, make, seed)))
    direction = np.random.default_rng(seed + 1).standard_normal(u.shape[1])
    along = u @ (direction / np.linalg.norm(direction))
    if not getattr(prior, "fixed_radius", False):
        follows(ndtr(u[:, 0]), f"{prior!r}: an entry of to_normal is normal")
        follows(chdtr(u.shape[1], np.sum(u**2, axis=1)), f"{prior!r}: |to_normal|² is chi-square")
    else:  # a uniform direction at this radius, as a normal vector of a free one
        radius = np.sqrt(np.random.default_rng(seed + 2).chisquare(u.shape[1], len(u)))
        along = along / np.linalg.norm(u, axis=1) * radius
    follows(ndtr(along), f"{prior!r}: a projection of to_normal is normal")


def density_fits(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """``log_prob`` is the normal density of ``to_normal`` times the Jacobian, where D ≤ 16."""
    D = math.prod(_shape(prior))
    if D > 16 or getattr(prior, "fixed_radius", False):
        return
    z = to_numpy(prior.sample(4, seed=seed)).astype(float)
    found, step = to_numpy(prior.log_prob(z)), 1e-4 * np.abs(z).reshape(4, -1)
    for i in range(4):
        ends = [z[i].reshape(-1) + s * np.diag(step[i]) for s in (1, -1)]
        try:
            up, down = (rows(prior.to_normal(e.reshape(-1, *z.shape[1:]))) for e in ends)
        except BadInput:  # a neighbour lies outside the support
            continue
        _, log_det = np.linalg.slogdet((up - down) / (2 * step[i])[:, None])
        u = rows(prior.to_normal(z[i : i + 1]))[0]
        expected = -0.5 * (u @ u + D * math.log(2 * math.pi)) + log_det
        words = f"{prior!r}: log_prob is {found[i]:.5g}, the change of variables gives"
        near = 1e-3 * max(1, D, abs(expected))
        demand(abs(found[i] - expected) < near, f"{words} {expected:.5g}")


def combinations_follow(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """LOL of independent samples follows the prior again, for weights of both signs."""
    shape = _shape(prior)
    x = to_numpy(prior.sample(3 * DRAWS, seed=seed)).reshape(DRAWS, 3, *shape)
    z = rows(combine(MIXED, make(x), prior=prior, axis=1))
    fresh = rows(prior.sample(DRAWS, seed=seed + 1))
    projections = np.random.default_rng(seed + 2).standard_normal((z.shape[1], 3))
    for p in projections.T / np.sqrt(z.shape[1]):
        alike(z @ p, fresh @ p, f"{prior!r}: combinations of samples follow the prior")


def a_lone_seed_returns(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Weights (1, 0) give the first seed, (0, 1) the second, to rounding."""
    x = _draws(prior, 2, make, seed)
    z = combine([[1, 0], [0, 1]], x, prior=prior)
    same_kind(z, x, prior)
    close(z, x, f"{prior!r}: a seed with all the weight comes back")


PRIOR_LAWS = (
    comes_back,
    rows_stand_alone,
    samples_repeat,
    coordinates_are_normal,
    density_fits,
    combinations_follow,
    a_lone_seed_returns,
)


def _shape(prior: Prior) -> tuple[int, ...]:
    if prior.shape is None:
        raise BrokenLaw(f"{prior!r} has no shape to draw; give it one to test it")
    return tuple(prior.shape)


def _draws(prior: Prior, n: int, make: Make, seed: int) -> Array:
    _shape(prior)
    z = to_numpy(prior.sample(n, seed=seed)).astype(float)
    if getattr(prior, "fixed_radius", False):  # a single-precision sample lies a rounding off it
        z = to_numpy(prior.from_normal(prior.to_normal(z)))
    return make(z)
