"""Laws of priors: a bijection to the normal, its samples and its density."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.covariance import ledoit_wolf

import zalgebra as za
from zalgebra.types import BadInput, Prior

LAW = settings(max_examples=50, deadline=None, derandomize=True)


def covariance(D: int, seed: int = 0) -> np.ndarray:
    A = np.random.default_rng(seed).standard_normal((D, D))
    return A @ A.T + 0.1 * np.eye(D)


def mean(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).standard_normal(shape)


PRIORS = {
    "normal": za.priors.Normal((2, 3)),
    "one variance": za.priors.Gaussian(mean(2, 3), 4.0),
    "variances": za.priors.Gaussian(mean(2, 3), np.arange(1.0, 7.0).reshape(2, 3)),
    "full": za.priors.Gaussian(mean(2, 3), covariance(6)),
    "one entry": za.priors.Gaussian(1.0, [[3.0]]),
    "low rank": za.priors.Gaussian.low_rank(
        mean(2, 3), 2 * mean(2, 3, 2), [[1, 2, 3], [1, 2, 0.1]]
    ),
    "one axis": za.priors.Gaussian.low_rank(mean(2, 3), 100 * mean(6, 1), 0.5),
    "no axis": za.priors.Gaussian.low_rank(mean(2, 3), np.zeros((6, 0)), 2.0),
    "more axes than entries": za.priors.Gaussian.low_rank(mean(3), mean(3, 5), 1.0),
}


@pytest.fixture(params=PRIORS)
def prior(request: pytest.FixtureRequest) -> za.priors.Gaussian | za.priors.Normal:
    return PRIORS[request.param]


def moments(prior) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and covariance (D, D), from what the caller gave."""
    if isinstance(prior, za.priors.Normal):
        return np.zeros(6), np.eye(6)
    D = prior.mean.size
    if prior.cov.shape == (D, D):
        return prior.mean.ravel(), prior.cov
    return prior.mean.ravel(), np.diag(np.broadcast_to(prior.cov, prior.mean.shape).ravel())


def test_it_is_a_prior(prior) -> None:
    assert isinstance(prior, Prior)


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 1e-3), ("float64", 1e-11)])
def test_there_and_back(prior, xp, dtype, rounding) -> None:
    z = 3 * np.random.default_rng(1).standard_normal((5, *prior.shape))
    x = xp.asarray(z, dtype)
    u = prior.to_normal(x)
    assert xp.owns(u)
    assert xp.dtype(u) == dtype
    np.testing.assert_allclose(xp.numpy(prior.from_normal(u)), z, atol=rounding)
    np.testing.assert_allclose(xp.numpy(prior.to_normal(prior.from_normal(x))), z, atol=rounding)
    np.testing.assert_array_equal(xp.numpy(x), z.astype(dtype))


def test_the_density_is_scipys(prior, xp) -> None:
    z = np.random.default_rng(2).standard_normal((5, *prior.shape))
    expected = stats.multivariate_normal(*moments(prior)).logpdf(z.reshape(5, -1))
    np.testing.assert_allclose(xp.numpy(prior.log_prob(xp.asarray(z))), expected, rtol=1e-10)


def test_samples_have_the_moments_and_the_seed(prior) -> None:
    n = 40_000
    z = prior.sample(n, seed=0)
    assert z.shape == (n, *prior.shape)
    assert z.dtype == np.float32
    mu, cov = moments(prior)
    rows = z.reshape(n, -1).astype(float)
    scale = np.sqrt(np.outer(np.diag(cov), np.diag(cov)))
    assert np.abs(rows.mean(axis=0) - mu).max() < 5 * np.sqrt(cov.max() / n)
    assert np.abs((np.cov(rows.T).reshape(cov.shape) - cov) / scale).max() < 5 * np.sqrt(2 / n)
    np.testing.assert_allclose(prior.sample(3, seed=0), z[:3], rtol=1e-4, atol=1e-4)
    assert (prior.sample(3, seed=1) != z[:3]).all()
    assert prior.sample(0, seed=0).shape == (0, *prior.shape)


def test_samples_come_in_the_library_that_is_asked_for(prior, xp) -> None:
    z = prior.sample(4, seed=3, like=xp.asarray([0.0]))
    assert xp.owns(z)
    assert xp.dtype(z) == "float64"
    np.testing.assert_allclose(xp.numpy(z), prior.sample(4, seed=3), rtol=1e-4, atol=1e-5)


def test_samples_whiten_to_the_normal(prior) -> None:
    u = prior.to_normal(prior.sample(5000, seed=5)).ravel()
    assert stats.kstest(u, "norm").pvalue > 1e-4


def test_a_diagonal_is_a_matrix_without_the_rest() -> None:
    variances, z = np.arange(1.0, 7.0), mean(4, 6)
    diagonal = za.priors.Gaussian(mean(6), variances)
    full = za.priors.Gaussian(mean(6), np.diag(variances))
    np.testing.assert_allclose(diagonal.to_normal(z), full.to_normal(z), rtol=1e-12)
    np.testing.assert_allclose(diagonal.from_normal(z), full.from_normal(z), rtol=1e-12)
    np.testing.assert_allclose(diagonal.log_prob(z), full.log_prob(z), rtol=1e-12)
    assert repr(diagonal) == "Gaussian(shape=(6,), diagonal covariance)"
    assert repr(full) == "Gaussian(shape=(6,), full covariance)"
    assert repr(za.priors.Normal()) == "Normal()"
    assert repr(za.priors.Normal((2, 3))) == "Normal((2, 3))"


def test_a_float32_covariance_is_symmetric_enough() -> None:
    cov = covariance(40).astype("float32")
    cov[0, 1] += np.float32(2e-7) * cov.max()
    za.priors.Gaussian(np.zeros(40), cov)


@pytest.mark.parametrize(
    ("mean", "cov", "words"),
    [
        (np.zeros(2), np.eye(3), r"`cov` must be a number, variances \(2,\) or a matrix \(2, 2\)"),
        (np.zeros(2), [[1, 2], [2, 1]], "`cov` must be positive definite; shrink it or add"),
        (np.zeros(2), [[1, 0.5], [0.4, 1]], "`cov` must be symmetric"),
        (np.zeros(2), [1, 0], "variances must be positive, got 0"),
        (np.zeros(2), -1.0, "variances must be positive, got -1"),
        (np.zeros(2), np.nan, "`cov` must be finite"),
        ([0, np.inf], 1.0, "`mean` must be finite"),
        (np.zeros(2), "wide", "`cov` must hold real numbers"),
        ([[1], [1, 2]], 1.0, "`mean` must be an array or a list of arrays of one shape"),
    ],
)
def test_a_bad_gaussian_is_one_clear_sentence(mean, cov, words) -> None:
    with pytest.raises(BadInput, match=words):
        za.priors.Gaussian(mean, cov)


def test_other_shapes_are_refused(prior) -> None:
    for call in (prior.to_normal, prior.from_normal, prior.log_prob):
        with pytest.raises(BadInput, match=r"latents of this prior have shape \(n, .*got \(2, 9\)"):
            call(np.zeros((2, 9)))
    with pytest.raises(BadInput, match="`n` must be at least 0, got -1"):
        prior.sample(-1, seed=0)
    with pytest.raises(BadInput, match="`Normal` needs a shape to sample"):
        za.priors.Normal().sample(2, seed=0)


# Low rank plus diagonal.


def low_rank(D: int, r: int, seed: int = 0) -> za.priors.Gaussian:
    rng = np.random.default_rng(seed)
    return za.priors.Gaussian.low_rank(
        rng.standard_normal(D), rng.standard_normal((D, r)), rng.uniform(0.1, 2, D)
    )


@LAW
@given(st.integers(1, 12), st.integers(0, 15), st.integers(0, 99))
def test_low_rank_is_the_matrix_that_it_stands_for(D, r, seed) -> None:
    prior = low_rank(D, r, seed)
    dense = za.priors.Gaussian(prior.mean, np.diag(prior.diagonal) + prior.factor @ prior.factor.T)
    np.testing.assert_allclose(prior.cov, dense.cov, rtol=1e-12)
    z = np.random.default_rng(seed).standard_normal((4, D))
    np.testing.assert_allclose(prior.log_prob(z), dense.log_prob(z), rtol=1e-8)
    L = prior.from_normal(np.eye(D)) - prior.mean
    np.testing.assert_allclose(L.T @ L, dense.cov, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(prior.to_normal(prior.from_normal(z)), z, rtol=1e-8, atol=1e-9)


def test_low_rank_is_torchs() -> None:
    torch = pytest.importorskip("torch")
    prior = low_rank(30, 4)
    mu, F, d = (torch.tensor(a) for a in (prior.mean, prior.factor, prior.diagonal))
    z = torch.randn(5, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.distributions.LowRankMultivariateNormal(mu, F, d).log_prob(z)
    torch.testing.assert_close(prior.log_prob(z), expected)


def test_low_rank_serves_large_latents_without_a_matrix() -> None:
    D = 262_144
    prior = za.priors.Gaussian.low_rank(np.zeros((4, 256, 256)), np.ones((D, 1)), 1.0)
    z = prior.sample(2, seed=0)
    u = prior.to_normal(z)
    assert u.shape == (2, 4, 256, 256)
    assert np.abs(u.std(axis=(1, 2, 3)) - 1).max() < 0.01
    np.testing.assert_allclose(prior.from_normal(u), z, atol=2e-3)
    assert prior.factor.shape == (4, 256, 256, 1)
    assert prior.diagonal.shape == (4, 256, 256)
    with pytest.raises(BadInput, match=r"a matrix \(262144, 262144\) is not made"):
        _ = prior.cov
    assert "low-rank covariance" in repr(prior)
    assert PRIORS["full"].factor is None is PRIORS["full"].diagonal


@pytest.mark.parametrize(
    ("factor", "diagonal", "words"),
    [
        (np.ones((3, 2)), 1.0, r"`factor` must have shape \(2, r\) or \(2, r\), got \(3, 2\)"),
        (np.ones(2), 1.0, "`factor` must have shape"),
        (np.ones((2, 1)), [1, 0], "variances must be positive, got 0"),
        (np.ones((2, 1)), [1, 2, 3], r"`diagonal` must be a number or \(2,\), got shape \(3,\)"),
        (np.full((2, 1), np.nan), 1.0, "`factor` must be finite"),
    ],
)
def test_a_bad_low_rank_is_one_clear_sentence(factor, diagonal, words) -> None:
    with pytest.raises(BadInput, match=words):
        za.priors.Gaussian.low_rank(np.zeros(2), factor, diagonal)


def test_combining_under_low_rank_is_that_under_its_matrix() -> None:
    prior = low_rank(20, 3)
    dense = za.priors.Gaussian(prior.mean, prior.cov)
    x = prior.sample(3, seed=1).astype(float)
    for correlation in ("independent", "estimate"):
        z = [
            za.combine([0.2, 0.5, 1.0], x, prior=p, correlation=correlation) for p in (prior, dense)
        ]
        # the estimate depends on u up to a rotation only: on its inner products
        np.testing.assert_allclose(z[0], z[1], rtol=1e-8)
    np.testing.assert_allclose(za.combine([1.0, 0, 0], x, prior=prior), x[0], rtol=1e-12)


def test_a_constant_is_converted_once_and_never_leaks_a_tracer() -> None:
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    prior = low_rank(6, 2)
    with torch.inference_mode():
        prior.to_normal(torch.ones(1, 6))
    z = torch.ones(1, 6, requires_grad=True)
    prior.log_prob(z).sum().backward()
    z64 = torch.ones(1, 6, dtype=torch.float64, requires_grad=True)
    prior.log_prob(z64).sum().backward()
    torch.testing.assert_close(z.grad.double(), z64.grad, rtol=1e-4, atol=1e-4)
    u = jax.jit(prior.to_normal)(jax.numpy.ones((1, 6)))
    np.testing.assert_allclose(prior.to_normal(jax.numpy.ones((1, 6))), u, rtol=1e-6)
    kept = prior._covariance._axes
    assert kept.like(z) is kept.like(z)
    assert copy.deepcopy(prior).cov.tolist() == prior.cov.tolist()


# Fitting.


@LAW
@given(st.integers(2, 40), st.integers(1, 20), st.integers(0, 99), st.floats(1e-3, 1e3))
def test_a_fit_is_that_of_ledoit_and_wolf_on_standardised_entries(n, D, seed, scale) -> None:
    rng = np.random.default_rng(seed)
    Z = scale * (rng.standard_normal((n, D)) @ rng.standard_normal((D, D)) + 5)
    fitted = za.priors.Gaussian.fit(Z)
    sd = Z.std(axis=0)
    expected, rho = ledoit_wolf((Z - Z.mean(axis=0)) / sd)
    assume(D == 1 or rho > 1e-6)
    np.testing.assert_allclose(fitted.cov / np.outer(sd, sd), expected, atol=1e-7)
    np.testing.assert_allclose(fitted.mean, Z.mean(axis=0), rtol=1e-12)
    assert np.isfinite(fitted.to_normal(Z)).all()


@pytest.mark.parametrize(
    "Z",
    [
        np.random.default_rng(0).standard_normal((3, 50)),
        np.random.default_rng(0).standard_normal((2, 3, 4)),
        np.ones((5, 6)),
        np.random.default_rng(0).standard_normal((20, 6)) * [1, 1, 1, 1, 1, 0],
        np.random.default_rng(0).standard_normal((3, 5000)) * (np.arange(5000) > 10),
    ],
    ids=["n < D", "two", "all the same", "a constant entry", "many entries"],
)
def test_a_fit_to_little_is_positive_definite(Z) -> None:
    fitted = za.priors.Gaussian.fit(Z)
    assert fitted.shape == Z.shape[1:]
    assert fitted.cov.min() > 0 or np.linalg.eigvalsh(fitted.cov).min() > 0
    u = fitted.to_normal(Z)
    assert np.isfinite(u).all()
    np.testing.assert_allclose(fitted.from_normal(u), Z, atol=1e-9)


def test_a_fit_finds_what_was_drawn() -> None:
    true = PRIORS["full"]
    fitted = za.priors.Gaussian.fit(true.sample(100_000, seed=0))
    np.testing.assert_allclose(fitted.mean, true.mean, atol=0.05)
    np.testing.assert_allclose(fitted.cov, true.cov, atol=0.15)
    assert za.check(fitted.sample(50, seed=1).reshape(50, 2, 3), true).plausible.all()


def test_a_fit_takes_any_library(xp) -> None:
    Z = np.random.default_rng(0).standard_normal((30, 4))
    np.testing.assert_allclose(
        za.priors.Gaussian.fit(xp.asarray(Z)).cov, za.priors.Gaussian.fit(Z).cov
    )


@pytest.mark.parametrize(
    ("Z", "words"),
    [
        (np.ones((1, 4)), r"from at least 2 latents, got shape \(1, 4\)"),
        (np.ones(4), r"from at least 2 latents, got shape \(4,\)"),
        (np.ones((4, 0)), r"from at least 2 latents, got shape \(4, 0\)"),
        ([[1, np.nan], [1, 2]], "`Z` must be finite, got 1 NaN"),
        ([["a"], ["b"]], "`Z` must hold real numbers"),
    ],
)
def test_a_fit_to_nothing_is_one_clear_sentence(Z, words) -> None:
    with pytest.raises(BadInput, match=words):
        za.priors.Gaussian.fit(Z)


def test_a_fit_of_few_axes_finds_them_and_keeps_variances() -> None:
    true = low_rank(300, 3)
    Z, held = true.sample(100, seed=0).astype(float), true.sample(200, seed=1).astype(float)
    fitted = za.priors.Gaussian.fit(Z, rank=10)
    assert fitted.factor.shape[1] >= 3
    np.testing.assert_allclose(fitted.cov.diagonal(), Z.var(axis=0), rtol=1e-9)
    density = {
        name: za.priors.Gaussian.fit(Z, rank=rank).log_prob(held).mean() / 300
        for name, rank in (("none", 0), ("few", 10), ("full", None))
    }
    best = true.log_prob(held).mean() / 300
    assert best - density["few"] < 0.1 < best - density["none"]
    assert density["few"] > density["full"]


@pytest.mark.parametrize(("n", "D"), [(60, 400), (400, 60)])
def test_noise_has_no_axes(n, D) -> None:
    Z = np.random.default_rng(0).standard_normal((n, D))
    fitted = za.priors.Gaussian.fit(Z, rank=5)
    assert (fitted.factor**2).sum() < 0.1 * D
    assert fitted.diagonal.min() > 0


@pytest.mark.parametrize("shape", [(2, 5), (3, 5000), (50, 6), (20, 2, 3), (9, 1)])
@pytest.mark.parametrize("rank", [0, 1, 100])
def test_a_fit_of_few_axes_takes_any_size(shape, rank) -> None:
    Z = np.random.default_rng(0).standard_normal(shape)
    Z[:, 0] = Z[:, -1]  # exact copies
    fitted = za.priors.Gaussian.fit(Z, rank=rank)
    u = fitted.to_normal(Z)
    assert np.isfinite(u).all()
    np.testing.assert_allclose(fitted.from_normal(u), Z, atol=1e-9)
    with pytest.raises(BadInput, match="`rank` must be at least 0, got -1"):
        za.priors.Gaussian.fit(Z, rank=-1)


def test_a_normal_takes_its_entries_as_a_number() -> None:
    assert za.priors.Normal(512).sample(2, seed=0).shape == (2, 512)
    with pytest.raises(BadInput, match=r"`shape` must be whole numbers of at least 0, got 1\.5"):
        za.priors.Normal(1.5)
