"""Laws of `Empirical`: a bijection whose samples follow the data, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import zalgebra as za
from zalgebra.algebra.priors.empirical import Empirical
from zalgebra.types import BadInput, Prior

ALPHA = 1e-4
LAW = settings(max_examples=20, deadline=None, derandomize=True)


def data(n: int = 3000, seed: int = 0) -> np.ndarray:
    """Skewed, heavy-tailed, two-humped, uniform, small and far-away entries that hang together."""
    s = np.random.default_rng(seed).multivariate_normal(np.zeros(6), 0.5 * np.eye(6) + 0.5, n)
    humps = s[:, 2] + 3 * np.sign(s[:, 2])
    columns = [np.exp(s[:, 0]), s[:, 1] ** 3, humps, stats.norm.cdf(s[:, 3]), 1e-4 * s[:, 4]]
    return np.stack([*columns, 1000 + s[:, 5]], axis=1).reshape(n, 2, 3)


PRIORS = {
    "normal": Empirical().fit(data()),
    "normal, one axis": Empirical(rank=1).fit(data()),
    "copula": Empirical(marginals="quantiles").fit(data()),
    "copula, one axis": Empirical(marginals="quantiles", rank=1).fit(data()),
    "entries alone": Empirical(marginals="quantiles", rank=0, knots=128).fit(data()),
}


@pytest.fixture(params=PRIORS)
def prior(request) -> Empirical:
    return PRIORS[request.param]


def test_it_is_a_prior(prior) -> None:
    assert isinstance(prior, Prior)
    assert prior.shape == (2, 3)


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 2e-4), ("float64", 1e-10)])
def test_there_and_back(prior, xp, dtype, rounding) -> None:
    scale = data().std(axis=0)
    z = data(5, seed=1) + 3 * scale * np.random.default_rng(1).standard_normal((5, 2, 3))
    x = xp.asarray(z, dtype)
    u = prior.to_normal(x)
    back = prior.from_normal(u)
    assert xp.owns(u)
    assert xp.owns(back)
    assert xp.dtype(u) == xp.dtype(back) == dtype
    error = np.abs(xp.numpy(back) - xp.numpy(x)) / (scale + 1e-3 * np.abs(z))
    assert error.max() < 100 * rounding
    expected = prior.to_normal(np.asarray(xp.numpy(x), dtype=float))
    np.testing.assert_allclose(xp.numpy(u), expected, atol=0.05 if dtype == "float32" else 1e-8)


@pytest.mark.parametrize(
    ("dtype", "far", "rounding"), [("float32", 12, 1e-3), ("float64", 35, 1e-9)]
)
def test_the_tails_survive(dtype, far, rounding) -> None:
    rows = data().reshape(3000, 6)[:, :5]
    prior = Empirical(marginals="quantiles", rank=0).fit(rows)
    u = np.linspace(-far, far, 101, dtype=dtype)[:, None] * np.ones(5, dtype)
    z = prior.from_normal(u)
    assert (np.diff(z, axis=0) > 0).all()
    np.testing.assert_allclose(prior.from_normal(prior.to_normal(z)), z, rtol=rounding, atol=1e-7)
    np.testing.assert_allclose(
        za.combine([1.0, 0.0], z[[0, 100]], prior=prior), z[0], rtol=rounding
    )


def test_samples_follow_the_data(prior) -> None:
    if prior.marginals == "quantiles":
        z, held = prior.sample(4000, seed=0).reshape(-1, 6), data(4000, seed=5).reshape(-1, 6)
        for j in range(6):
            assert stats.ks_2samp(z[:, j], held[:, j]).pvalue > ALPHA
        if prior.rank != 0:
            expected = stats.spearmanr(data().reshape(-1, 6)).statistic
            assert np.abs(stats.spearmanr(z).statistic - expected).max() < 0.08
    np.testing.assert_allclose(prior.sample(3, seed=0), prior.sample(9, seed=0)[:3], rtol=1e-4)


def test_averages_follow_the_data_where_a_gaussian_does_not() -> None:
    rows = data().reshape(3000, 6)
    quantiles = Empirical(marginals="quantiles").fit(rows)
    x = data(4000, seed=3).reshape(2, 2000, 6)
    u = np.stack([quantiles.to_normal(h) for h in x]).sum(axis=0) / np.sqrt(2)
    mixed = quantiles.from_normal(u)
    z = za.combine([0.5, 0.5], x[:, 0], prior=quantiles)
    np.testing.assert_allclose(z, mixed[0], rtol=1e-9)
    gaussian = rows.mean(axis=0) + (x - rows.mean(axis=0)).sum(axis=0) / np.sqrt(2)
    held = data(2000, seed=4).reshape(-1, 6)
    for j in range(3):
        assert stats.ks_2samp(mixed[:, j], held[:, j]).pvalue > ALPHA
        assert stats.ks_2samp(gaussian[:, j], held[:, j]).pvalue < ALPHA


def test_the_density_is_that_of_the_map(prior) -> None:
    z = data(4, seed=2).reshape(4, 6)
    h = 1e-7 * data().reshape(-1, 6).std(axis=0)
    around = (z[:, None] + h * np.stack([np.eye(6), -np.eye(6)])[:, None]).reshape(-1, 2, 3)
    u = prior.to_normal(around).reshape(2, 4, 6, 6)
    _, log_det = np.linalg.slogdet((u[0] - u[1]) / (2 * h[:, None]))
    at = prior.to_normal(z.reshape(4, 2, 3)).reshape(4, 6)
    expected = stats.norm.logpdf(at).sum(axis=1) + log_det
    np.testing.assert_allclose(prior.log_prob(z.reshape(4, 2, 3)), expected, atol=1e-3)


def test_the_default_is_the_gaussian_fit() -> None:
    gaussian, prior = za.priors.Gaussian.fit(data()), PRIORS["normal"]
    z = data(4, seed=9)
    np.testing.assert_array_equal(prior.to_normal(z), gaussian.to_normal(z))
    np.testing.assert_array_equal(prior.log_prob(z), gaussian.log_prob(z))
    np.testing.assert_array_equal(prior.gaussian_mean, gaussian.mean)
    np.testing.assert_allclose(
        za.combine([0.3, 0.7], z[:2], prior=prior),
        za.combine([0.3, 0.7], z[:2], prior=gaussian),
        rtol=1e-9,
    )
    assert PRIORS["copula"].gaussian_mean is None
    assert repr(prior) == "Empirical(marginals='normal', shape=(2, 3))"


# Ties.


def test_tied_values_have_their_middle_rank_and_come_back() -> None:
    rng = np.random.default_rng(0)
    s = rng.standard_normal((2000, 3))
    Z = np.stack([np.maximum(s[:, 0], 0), (s[:, 1] > 1) * 1.0, np.full(2000, 7.0)], axis=1)
    prior = Empirical(marginals="quantiles", rank=0).fit(Z)
    u = prior.to_normal(Z)
    np.testing.assert_allclose(prior.from_normal(u), Z, atol=1e-9)
    zero = (Z[:, 0] == 0).mean()
    np.testing.assert_allclose(u[Z[:, 0] == 0, 0], stats.norm.ppf(zero / 2), atol=0.05)
    np.testing.assert_allclose(u[Z[:, 1] == 1, 1], stats.norm.ppf(1 - Z[:, 1].mean() / 2), atol=0.1)
    np.testing.assert_allclose(u[:, 2], 0, atol=1e-9)
    z = prior.sample(5000, seed=1)
    assert abs((np.abs(z[:, 0]) < 0.005).mean() - zero) < 0.03
    assert np.abs(z[:, 1] - np.round(z[:, 1])).mean() < 0.01
    np.testing.assert_allclose(z[:, 2], 7, atol=0.01)


@LAW
@given(
    st.integers(2, 60), st.integers(1, 4), st.integers(1, 5), st.integers(0, 99), st.integers(2, 40)
)
def test_any_few_values_give_an_ascending_bijection(n, D, values, seed, knots) -> None:
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((values, D))[rng.integers(0, values, n), np.arange(D)[:, None]].T
    prior = Empirical(marginals="quantiles", rank=0, knots=knots).fit(Z)
    u = np.linspace(-6, 6, 60)[:, None] * np.ones(D)
    z = prior.from_normal(u)
    assert (np.diff(z, axis=0) > 0).all()
    np.testing.assert_allclose(prior.to_normal(z), u, atol=1e-3)


# Tracing, gradients, and what is refused.


def test_gradients_flow_and_jit_agrees() -> None:
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    prior, z = PRIORS["copula"], data(3, seed=8)
    x = torch.tensor(z, requires_grad=True)
    prior.to_normal(x).sum().backward()
    g = jax.grad(lambda v: prior.to_normal(v).sum())(jax.numpy.asarray(z))
    np.testing.assert_allclose(g, x.grad, rtol=1e-8)
    h = 1e-9
    moved = prior.to_normal(z + h * np.eye(6)[0].reshape(2, 3)) - prior.to_normal(z)
    np.testing.assert_allclose(x.grad[:, 0, 0], moved.sum(axis=(1, 2)) / h, rtol=1e-3)
    jitted = jax.jit(lambda v: prior.from_normal(prior.to_normal(v)))(jax.numpy.asarray(z))
    np.testing.assert_allclose(jitted, z, rtol=1e-9)


def test_dask_stays_lazy() -> None:
    dask = pytest.importorskip("dask.array")
    x = dask.from_array(data(40), chunks=(10, 1, 2))
    u = PRIORS["copula"].to_normal(x)
    assert hasattr(u, "compute")
    np.testing.assert_allclose(u.compute(), PRIORS["copula"].to_normal(data(40)), rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "Z", "words"),
    [
        ({"marginals": "uniform"}, np.eye(3), "`marginals` must be 'normal' or 'quantiles'"),
        ({"knots": 1, "marginals": "quantiles"}, np.eye(3), "`knots` must be at least 2, got 1"),
        ({"rank": -1}, np.eye(3), "`rank` must be at least 0, got -1"),
        ({}, np.ones((1, 3)), "from at least 2 latents"),
        ({}, [[np.nan], [1.0]], "`Z` must be finite"),
    ],
)
def test_a_bad_fit_is_one_clear_sentence(settings, Z, words) -> None:
    with pytest.raises(BadInput, match=words):
        Empirical(**settings).fit(Z)


def test_nothing_works_before_the_fit() -> None:
    for call in ("to_normal", "from_normal", "log_prob"):
        with pytest.raises(BadInput, match="not fitted yet"):
            getattr(Empirical(), call)(np.zeros((1, 2)))
    with pytest.raises(BadInput, match="not fitted yet"):
        Empirical().sample(1, seed=0)
    with pytest.raises(BadInput, match="latents of this prior have shape"):
        PRIORS["copula"].to_normal(np.zeros((1, 9)))
