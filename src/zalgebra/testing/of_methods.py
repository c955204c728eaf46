"""The laws that a way of combining keeps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.special import chdtr, ndtr

from zalgebra.algebra._arrays import to_numpy
from zalgebra.algebra.combine import METHODS, combine
from zalgebra.testing.evidence import DRAWS, MIXED, Make, close, demand, follows, rows
from zalgebra.types import Array

__all__ = [
    "METHOD_LAWS",
    "ignores_order",
    "ignores_scale",
    "keeps_the_prior",
    "meets_its_ends",
    "rows_of_weights_stand_alone",
]

Method = Callable[..., Array]


def meets_its_ends(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """A row with one weight of 1 gives that seed."""
    x = make(_normal(3, 64, seed=seed))
    z = _method(method)(make(np.eye(3)), x)
    close(z, x, "a seed with all the weight comes back")


def ignores_order(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """The same seeds in another order, with their weights, give the same latent."""
    w, x, order = np.abs(_normal(4, 3, seed=seed)), _normal(3, 64, seed=seed), [2, 0, 1]
    f = _method(method)
    z, other = f(make(w), make(x)), f(make(w[:, order]), make(x[order]))
    close(z, other, "the order of the seeds does not matter")


def ignores_scale(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Weights times a positive number give the same latent."""
    w, x = np.abs(_normal(4, 3, seed=seed)), make(_normal(3, 64, seed=seed))
    f = _method(method)
    close(f(make(10 * w), x), f(make(w), x), "combining ignores the scale of the weights")


def rows_of_weights_stand_alone(
    method: str | Method, /, *, make: Make = np.asarray, seed: int = 0
) -> None:
    """A row's latent does not depend on the other rows."""
    w, x = np.abs(_normal(4, 3, seed=seed)), make(_normal(3, 64, seed=seed))
    f = _method(method)
    one = np.concatenate([to_numpy(f(make(w[i : i + 1]), x)) for i in range(4)])
    close(f(make(w), x), one, "each row of weights is realised by itself", x)


def keeps_the_prior(method: str | Method, /, *, make: Make = np.asarray, seed: int = 0) -> None:
    """Combinations of independent normal seeds are normal: their entries and their norms."""
    f, w = _method(method), make(np.abs(MIXED)[None])
    x = _normal(DRAWS // 4, 3, 64, seed=seed)
    z = np.concatenate([rows(f(w, make(seeds))) for seeds in x])
    follows(ndtr(z[:, 0]), "an entry of the combinations is normal")
    follows(chdtr(64, np.sum(z**2, axis=1)), "the combinations' norms follow the prior's law")


METHOD_LAWS = (
    meets_its_ends,
    ignores_order,
    ignores_scale,
    rows_of_weights_stand_alone,
    keeps_the_prior,
)


def _method(method: str | Method) -> Method:
    if callable(method):
        return method
    demand(method in METHODS, f"`method` must be one of {', '.join(METHODS)}, got {method!r}")
    return partial(combine, method=method)


def _normal(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)
