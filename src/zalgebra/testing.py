"""The laws that a prior and a way of combining keep, for anyone's own.

A law is a function that raises `BrokenLaw`, an `AssertionError` with one sentence. Run them all
by `check_prior` or `check_method`, or hand `PRIOR_LAWS` to ``pytest.mark.parametrize``. Laws about
distributions are tests at the level `ALPHA` under a fixed seed: a true one fails once in 10,000
seeds, and always or never under the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import chdtr, ndtr

from zalgebra.algebra._arrays import namespace, to_numpy
from zalgebra.algebra.combine import METHODS, combine
from zalgebra.types import Array, BadInput, Prior

__all__ = ["ALPHA", "METHOD_LAWS", "PRIOR_LAWS", "BrokenLaw", "check_method", "check_prior"]

ALPHA = 1e-4
DRAWS = 1000  # of a distributional law
MIXED = np.array([0.8, -0.5, 1.3])  # weights of both signs, whose sum is not 1
Make = Callable[[np.ndarray], Array]
Method = Callable[..., Array]


class BrokenLaw(AssertionError):
    """A law does not hold; the message says which, by how much, and for what."""


def check_prior(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Raise `BrokenLaw` unless the prior keeps every one of `PRIOR_LAWS`.

    Parameters
    ----------
    prior
        With a ``shape`` that is not None, since the laws draw from it.
    make
        What turns a NumPy array into the library and dtype to test, for example
        ``torch.from_numpy``.
    seed
        Of everything that is drawn.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.testing import check_prior
    >>> check_prior(za.priors.Gaussian([1.0, 2.0], [[1.0, 0.5], [0.5, 2.0]]))
    """
    for law in PRIOR_LAWS:
        law(prior, make=make, seed=seed)


def check_method(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Raise `BrokenLaw` unless the way of combining keeps every one of `METHOD_LAWS`.

    Parameters
    ----------
    method
        A name that `zalgebra.combine` knows, or a function ``(weights, seeds)`` of weights
        ``(n, k)`` and seeds ``(k, *shape)`` from N(0, 1). ``"lol"`` and ``"slerp"`` keep them all
        (slerp for independent seeds from the prior, such as these); ``"linear"``, ``"norm"`` and
        ``"standardize"`` break some.
    make, seed
        As in `check_prior`.

    Examples
    --------
    >>> from zalgebra.testing import check_method
    >>> check_method("lol")
    >>> check_method(lambda w, x: w @ x)
    Traceback (most recent call last):
    zalgebra.testing.BrokenLaw: combining ignores the scale of the weights: off by ...
    """
    for law in METHOD_LAWS:
        law(method, make=make, seed=seed)


# Laws of priors.


def comes_back(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """``from_normal(to_normal(z)) == z``, in the library and dtype of ``z``."""
    z = _draws(prior, 200, make, seed)
    back = prior.from_normal(prior.to_normal(z))
    _same_kind(back, z, prior)
    _close(back, z, f"{prior!r}: from_normal undoes to_normal")


def rows_stand_alone(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """A latent's normal coordinates do not depend on the others of its batch."""
    z = _draws(prior, 5, make, seed)
    u = to_numpy(prior.to_normal(z))
    one = np.concatenate([to_numpy(prior.to_normal(z[i : i + 1, ...])) for i in range(5)])
    _close(u, one, f"{prior!r}: each latent is mapped by itself", z)


def samples_repeat(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """One seed gives one sample, another seed another, and ``n`` is its length."""
    a, b, c = (to_numpy(prior.sample(3, seed=s)) for s in (seed, seed, seed + 1))
    _demand(a.shape == (3, *_shape(prior)), f"{prior!r}: a sample of 3 has shape {a.shape}")
    _demand(np.array_equal(a, b), f"{prior!r}: the same seed gives another sample")
    _demand(not np.array_equal(a, c), f"{prior!r}: another seed gives the same sample")


def coordinates_are_normal(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Samples are standard normal after ``to_normal``: entries, norms and projections.

    A prior of one radius (``fixed_radius``) is judged by the projections of directions alone.
    """
    u = _rows(prior.to_normal(_draws(prior, DRAWS, make, seed)))
    direction = np.random.default_rng(seed + 1).standard_normal(u.shape[1])
    along = u @ (direction / np.linalg.norm(direction))
    if not getattr(prior, "fixed_radius", False):
        _follows(ndtr(u[:, 0]), f"{prior!r}: an entry of to_normal is normal")
        _follows(chdtr(u.shape[1], np.sum(u**2, axis=1)), f"{prior!r}: |to_normal|² is chi-square")
    else:  # a uniform direction at this radius, as a normal vector of a free one
        radius = np.sqrt(np.random.default_rng(seed + 2).chisquare(u.shape[1], len(u)))
        along = along / np.linalg.norm(u, axis=1) * radius
    _follows(ndtr(along), f"{prior!r}: a projection of to_normal is normal")


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
            up, down = (_rows(prior.to_normal(e.reshape(-1, *z.shape[1:]))) for e in ends)
        except BadInput:  # a neighbour lies outside the support
            continue
        _, log_det = np.linalg.slogdet((up - down) / (2 * step[i])[:, None])
        u = _rows(prior.to_normal(z[i : i + 1]))[0]
        expected = -0.5 * (u @ u + D * math.log(2 * math.pi)) + log_det
        words = f"{prior!r}: log_prob is {found[i]:.5g}, the change of variables gives"
        near = 1e-3 * max(1, D, abs(expected))
        _demand(abs(found[i] - expected) < near, f"{words} {expected:.5g}")


def combinations_follow(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """LOL of independent samples follows the prior again, for weights of both signs."""
    shape = _shape(prior)
    x = to_numpy(prior.sample(3 * DRAWS, seed=seed)).reshape(DRAWS, 3, *shape)
    z = _rows(combine(MIXED, make(x), prior=prior, axis=1))
    fresh = _rows(prior.sample(DRAWS, seed=seed + 1))
    projections = np.random.default_rng(seed + 2).standard_normal((z.shape[1], 3))
    for p in projections.T / np.sqrt(z.shape[1]):
        _alike(z @ p, fresh @ p, f"{prior!r}: combinations of samples follow the prior")


def a_lone_seed_returns(prior: Prior, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Weights (1, 0) give the first seed, (0, 1) the second, to rounding."""
    x = _draws(prior, 2, make, seed)
    z = combine([[1, 0], [0, 1]], x, prior=prior)
    _same_kind(z, x, prior)
    _close(z, x, f"{prior!r}: a seed with all the weight comes back")


PRIOR_LAWS = (
    comes_back,
    rows_stand_alone,
    samples_repeat,
    coordinates_are_normal,
    density_fits,
    combinations_follow,
    a_lone_seed_returns,
)


# Laws of ways to combine.


def meets_its_ends(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """A row with one weight of 1 gives that seed."""
    x = make(_normal(3, 64, seed=seed))
    z = _method(method)(make(np.eye(3)), x)
    _close(z, x, "a seed with all the weight comes back")


def ignores_order(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """The same seeds in another order, with their weights, give the same latent."""
    w, x, order = np.abs(_normal(4, 3, seed=seed)), _normal(3, 64, seed=seed), [2, 0, 1]
    f = _method(method)
    z, other = f(make(w), make(x)), f(make(w[:, order]), make(x[order]))
    _close(z, other, "the order of the seeds does not matter")


def ignores_scale(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Weights times a positive number give the same latent."""
    w, x = np.abs(_normal(4, 3, seed=seed)), make(_normal(3, 64, seed=seed))
    f = _method(method)
    _close(f(make(10 * w), x), f(make(w), x), "combining ignores the scale of the weights")


def rows_of_weights_stand_alone(
    method: str | Method, /, *, make: Make = np.asarray, seed: int = 0
) -> None:
    """A row's latent does not depend on the other rows."""
    w, x = np.abs(_normal(4, 3, seed=seed)), make(_normal(3, 64, seed=seed))
    f = _method(method)
    one = np.concatenate([to_numpy(f(make(w[i : i + 1]), x)) for i in range(4)])
    _close(f(make(w), x), one, "each row of weights is realised by itself", x)


def keeps_the_prior(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Combinations of independent normal seeds are normal: their entries and their norms."""
    f, w = _method(method), make(np.abs(MIXED)[None])
    x = _normal(DRAWS // 4, 3, 64, seed=seed)
    z = np.concatenate([_rows(f(w, make(seeds))) for seeds in x])
    _follows(ndtr(z[:, 0]), "an entry of the combinations is normal")
    _follows(chdtr(64, np.sum(z**2, axis=1)), "the combinations' norms follow the prior's law")


METHOD_LAWS = (
    meets_its_ends,
    ignores_order,
    ignores_scale,
    rows_of_weights_stand_alone,
    keeps_the_prior,
)


# What the laws are made of.


def _method(method: str | Method) -> Method:
    if callable(method):
        return method
    _demand(method in METHODS, f"`method` must be one of {', '.join(METHODS)}, got {method!r}")
    return partial(combine, method=method)


def _normal(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


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


def _rows(z: Array) -> np.ndarray:
    flat = to_numpy(z).astype(float)
    return flat.reshape(len(flat), -1)


def _demand(holds: bool, sentence: str) -> None:
    if not holds:
        raise BrokenLaw(sentence)


def _same_kind(a: Array, b: Array, who: Any) -> None:
    alike = namespace(a) is namespace(b) and a.dtype == b.dtype and a.shape == b.shape
    words = f"{type(a).__name__} {a.dtype} {tuple(a.shape)}"
    _demand(alike, f"{who!r}: got {words} for {type(b).__name__} {b.dtype} {tuple(b.shape)}")


def _close(a: Array, b: Array, law: str, like: Array | None = None) -> None:
    """Equal to rounding, by the dtype of what was mapped."""
    kind = b if like is None else like
    eps = float(namespace(kind).finfo(kind.dtype).eps)
    a, b = _rows(a), _rows(b)
    scale = 1 + np.abs(b)
    off, most = np.max(np.abs(a - b) / scale, initial=0), max(2000 * eps, 1e-10)
    _demand(off < most, f"{law}: off by {off:.1e}, more than the rounding of {kind.dtype}")


def _follows(p: np.ndarray, law: str) -> None:
    """The probabilities are uniform, by Kolmogorov and Smirnov's test at `ALPHA`."""
    from scipy.stats import kstest

    found = kstest(p, "uniform").pvalue
    _demand(found > ALPHA, f"{law}: Kolmogorov-Smirnov p = {found:.1e} on {len(p)} draws")


def _alike(a: np.ndarray, b: np.ndarray, law: str) -> None:
    from scipy.stats import ks_2samp

    found = ks_2samp(a, b).pvalue
    _demand(found > ALPHA, f"{law}: two-sample Kolmogorov-Smirnov p = {found:.1e}")
