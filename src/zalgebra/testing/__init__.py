"""The laws that a prior and a way of combining keep, for anyone's own.

A law is a function that raises `BrokenLaw`, an `AssertionError` with one sentence. Run them all
by `check_prior` or `check_method`, or hand `PRIOR_LAWS` to ``pytest.mark.parametrize``. Laws about
distributions are tests at the level `ALPHA` under a fixed seed: a true one fails once in 10,000
seeds, and always or never under the same seed.
"""

from __future__ import annotations

import numpy as np

from zalgebra.testing.evidence import ALPHA, BrokenLaw, Make
from zalgebra.testing.of_methods import (
    METHOD_LAWS,
    Method,
    ignores_order,
    ignores_scale,
    keeps_the_prior,
    meets_its_ends,
    rows_of_weights_stand_alone,
)
from zalgebra.testing.of_priors import (
    PRIOR_LAWS,
    a_lone_seed_returns,
    combinations_follow,
    comes_back,
    coordinates_are_normal,
    density_fits,
    rows_stand_alone,
    samples_repeat,
)
from zalgebra.types import Prior

__all__ = [
    "ALPHA",
    "METHOD_LAWS",
    "PRIOR_LAWS",
    "BrokenLaw",
    "a_lone_seed_returns",
    "check_method",
    "check_prior",
    "combinations_follow",
    "comes_back",
    "coordinates_are_normal",
    "density_fits",
    "ignores_order",
    "ignores_scale",
    "keeps_the_prior",
    "meets_its_ends",
    "rows_of_weights_stand_alone",
    "rows_stand_alone",
    "samples_repeat",
]


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
