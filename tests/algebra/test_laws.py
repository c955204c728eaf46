"""Every prior, on every array library, in both dtypes, keeps every law of `zalgebra.testing`.

A prior joins by one line in `PRIORS`.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import zalgebra as za
from zalgebra.algebra.combine import METHODS
from zalgebra.testing import PRIOR_LAWS

RNG = np.random.default_rng(5)
FACTOR = RNG.standard_normal((6, 6))
SKEWED = np.stack([RNG.exponential(size=4000), RNG.standard_normal(4000) ** 3, RNG.random(4000)], 1)
MODES = za.priors.marginals.Mixture([0.3, 0.7], [-2.0, 1.0], [0.5, 1.0])
PRIORS = {
    "Normal": za.priors.Normal((2, 3)),
    "Gaussian full": za.priors.Gaussian(
        np.arange(6.0).reshape(2, 3), FACTOR @ FACTOR.T + np.eye(6)
    ),
    "Gaussian diagonal": za.priors.Gaussian(np.ones(5), np.arange(1.0, 6.0)),
    "Gaussian one variance": za.priors.Gaussian(np.full((2, 2), 3.0), 0.25),
    "Gaussian low rank": za.priors.Gaussian.low_rank(
        np.zeros(6), FACTOR[:, :2], np.arange(1.0, 7.0)
    ),
    "uniform": za.priors.Independent(stats.uniform(-1, 2), (4,)),
    "Laplace": za.priors.Independent(stats.laplace(1, 2), (4,)),
    "logistic": za.priors.Independent(stats.logistic(), (4,)),
    "Gumbel": za.priors.Independent(stats.gumbel_r(), (4,)),
    "Student": za.priors.Independent(stats.t(4), (4,)),
    "beta": za.priors.Independent(stats.beta(2.0, 0.7), (4,)),
    "mixture": za.priors.Independent(MODES, (4,)),
    "a pair of callables": za.priors.Independent((stats.gamma(2).cdf, stats.gamma(2).ppf), (4,)),
    "sphere": za.priors.Hypersphere(12),
    "von Mises-Fisher": za.priors.VonMisesFisher(np.eye(12)[3], 20.0),
    "Empirical": za.priors.Empirical().fit(SKEWED),
    "Empirical quantiles": za.priors.Empirical(marginals="quantiles").fit(SKEWED),
}
EVERYWHERE = {"numpy", "torch"}  # where each law is run each day; elsewhere those that read arrays
READING = {"comes_back", "a_lone_seed_returns", "rows_stand_alone"}
# JAX compiles every operation at every shape: each day one prior of a kind, and all by --all.
ON_JAX = {"Normal", "Gaussian full", "Laplace", "mixture", "von Mises-Fisher", "Empirical"}


@pytest.mark.parametrize("law", PRIOR_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_prior_keeps_every_law(xp, dtype, name, law) -> None:
    if xp.name not in EVERYWHERE and law.__name__ not in READING:
        pytest.skip("the same numbers as on NumPy, by the laws that read them")
    if xp.name == "jax" and name not in ON_JAX:
        pytest.skip("the law on every library, a slow test, has it")
    skip_what_has_no_density(name, law)
    law(PRIORS[name], make=lambda x: xp.asarray(x, dtype))


@pytest.mark.slow
@pytest.mark.parametrize("law", PRIOR_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_prior_keeps_every_law_on_every_library(xp, dtype, name, law) -> None:
    skip_what_has_no_density(name, law)
    law(PRIORS[name], make=lambda x: xp.asarray(x, dtype), seed=1)


def skip_what_has_no_density(name, law) -> None:
    if (name, law.__name__) == ("a pair of callables", "density_fits"):
        pytest.skip("a pair of functions has no density, and says so")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PRIORS)
def test_every_method_under_every_prior_gives_one_answer(xp, name, method) -> None:
    if xp.name == "jax" and name not in ON_JAX:
        pytest.skip("the same test in both dtypes, a slow one, has it")
    check_one_answer(xp, "float64", name, method)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_method_in_both_dtypes_gives_one_answer(xp, dtype, name, method) -> None:
    check_one_answer(xp, dtype, name, method)


def check_one_answer(xp, dtype, name, method) -> None:
    prior = PRIORS[name]
    if method == "nao" and xp.name == "dask":
        pytest.skip("nao reads its seeds, and says so")
    z = np.asarray(prior.sample(3, seed=2), dtype=float)
    z = np.asarray(prior.from_normal(prior.to_normal(z)))  # a sample on a sphere, to the last bit
    w = np.array([[1, 0, 0], [0.2, 0.5, 0.3]])
    found = za.combine(w, xp.asarray(z, dtype), prior=prior, method=method)
    assert xp.dtype(found) == dtype
    found, near = xp.numpy(found), {"float64": 1e-7, "float32": 2e-3}[dtype]
    expected = za.combine(w, z, prior=prior, method=method)
    assert found.shape == (2, *z.shape[1:])
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(found, expected, rtol=near, atol=near)
    if method in ("lol", "linear", "slerp", "nao"):
        np.testing.assert_allclose(found[0], z[0], rtol=10 * near, atol=10 * near)


def test_a_learned_density_keeps_every_law() -> None:
    pytest.importorskip("zuko")
    flow = za.priors.Flow(max_epochs=2, hidden=(16,), verbose=False).fit(SKEWED[:500])
    for law in PRIOR_LAWS:
        law(flow)
