"""Laws of the prior with independent entries: tails, ends, derivatives, samples, sentences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import zalgebra as za
from zalgebra.algebra.priors import marginals as m
from zalgebra.algebra.priors.independent import Independent
from zalgebra.types import BadInput, Prior

ALPHA = 1e-4
ENTRY = np.linspace(-1, 1, 3)  # parameters of each entry
SHAPE = (401, 3)  # one for all, as in test_special.py: JAX compiles each operation only once

CLOSED = {
    "normal": (m.Normal(1, 2), stats.norm(1, 2)),
    "laplace": (m.Laplace(1, 2), stats.laplace(1, 2)),
    "logistic": (m.Logistic(1, 2), stats.logistic(1, 2)),
    "gumbel": (m.Gumbel(1, 2), stats.gumbel_r(1, 2)),
    "cauchy": (m.Cauchy(1, 2), stats.cauchy(1, 2)),
    "exponential": (m.Exponential(1, 2), stats.expon(1, 2)),
    "uniform": (m.Uniform(-1, 3), stats.uniform(-1, 4)),
    "uniform of each entry": (m.Uniform(ENTRY, ENTRY + 2), stats.uniform(ENTRY, 2)),
}
NUMERIC = {
    "student": stats.t(3),
    "student of each entry": stats.t([2, 5, 50], ENTRY, 2),
    "lognormal": stats.lognorm(0.5),
    "gamma": stats.gamma(2.5),
    "beta": stats.beta(2, 3),
    "newer": stats.Logistic(),
    "four functions": (stats.norm.cdf, stats.norm.ppf, stats.norm.sf, stats.norm.isf),
}
MIXTURES = {
    "mixture": m.Mixture([0.3, 0.7], [-3, 2], [0.5, 1.5]),
    "mixture of each entry": m.Mixture([1, 2], np.stack([ENTRY - 2, ENTRY + 2], -1), [1.0, 0.5]),
}
LAWS = {k: v[0] for k, v in CLOSED.items()} | MIXTURES | NUMERIC
LINE = [k for k in LAWS if not any(w in k for w in ("exponential", "uniform", "beta", "gamma"))]
SMOOTH = [k for k in LAWS if k not in NUMERIC]
EVERYDAY = ("laplace", "uniform", "student")  # a line, an interval, a law that NumPy computes


def each(*everyday: str) -> list:
    """All laws, slow but for some."""
    return [k if k in everyday else pytest.param(k, marks=pytest.mark.slow) for k in LAWS]


DTYPES = [("float32", 12.0), ("float64", 35.0)]


def normals(far: float, dtype: str) -> np.ndarray:
    return np.linspace(-far, far, 1203).reshape(SHAPE).astype(dtype)


@pytest.mark.parametrize(("dtype", "far"), DTYPES)
@pytest.mark.parametrize("name", each(*EVERYDAY))
def test_there_and_back(name, xp, dtype, far) -> None:
    prior, eps = Independent(LAWS[name]), np.finfo(dtype).eps
    assert isinstance(prior, Prior)
    u = normals(far, dtype)
    x = prior.from_normal(xp.asarray(u, dtype))
    back = prior.to_normal(x)
    assert xp.owns(x)
    assert xp.owns(back)
    assert xp.dtype(x) == xp.dtype(back) == dtype
    x, back = map(xp.numpy, (x, back))
    assert np.isfinite(back).all()
    assert (np.diff(x, axis=0) >= 0).all()
    if name in LINE:
        np.testing.assert_allclose(back, u, rtol=99 * eps, atol=99 * eps)
    again = xp.numpy(prior.from_normal(xp.asarray(back, dtype)))
    rounding = far**2 * eps  # of x = exp(far²/2), which heavy tails reach
    np.testing.assert_allclose(again, x, rtol=rounding, atol=8 * eps)


@pytest.mark.parametrize(("dtype", "far"), DTYPES)
@pytest.mark.parametrize("name", LAWS)
def test_weights_one_zero_give_the_first_seed(name, dtype, far) -> None:
    prior, eps = Independent(LAWS[name]), np.finfo(dtype).eps
    x = prior.from_normal(normals(far, dtype)[None][[0, 0]].reshape(2, -1, 3))
    x[1] = x[1, ::-1]
    z = za.combine([1, 0], x, prior=prior)
    np.testing.assert_allclose(z, x[0], rtol=far**2 * eps, atol=8 * eps)


@pytest.mark.parametrize("name", CLOSED)
def test_the_closed_forms_are_scipys(name) -> None:
    assert_is_scipys(*CLOSED[name], np.asarray, np.asarray)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLOSED)
def test_the_closed_forms_are_scipys_on_every_library(name, xp) -> None:
    assert_is_scipys(*CLOSED[name], xp.asarray, xp.numpy)


def assert_is_scipys(law, expected, asarray, numpy) -> None:
    x = expected.ppf(np.linspace(0.001, 0.999, 1203).reshape(SHAPE))
    for ours, theirs in [
        (law.log_cdf, expected.logcdf),
        (law.log_sf, expected.logsf),
        (law.log_pdf, expected.logpdf),
    ]:
        np.testing.assert_allclose(numpy(ours(asarray(x))), theirs(x), rtol=1e-12, atol=1e-14)
    log_p = np.linspace(-30, -0.7, 1203).reshape(SHAPE)
    below, above = law.quantile_log_cdf(asarray(log_p)), law.quantile_log_sf(asarray(log_p))
    np.testing.assert_allclose(numpy(below), expected.ppf(np.exp(log_p)), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(numpy(above), expected.isf(np.exp(log_p)), rtol=1e-9, atol=1e-14)
    log_prob = Independent(law).log_prob(asarray(x))
    np.testing.assert_allclose(numpy(log_prob), expected.logpdf(x).sum(axis=1), rtol=1e-12)


def test_a_mixture_is_the_sum_of_its_parts() -> None:
    law, x = MIXTURES["mixture"], np.linspace(-8, 8, 99)
    parts = [stats.norm(-3, 0.5), stats.norm(2, 1.5)]
    for ours, theirs in [(law.log_cdf, "cdf"), (law.log_sf, "sf"), (law.log_pdf, "pdf")]:
        expected = 0.3 * getattr(parts[0], theirs)(x) + 0.7 * getattr(parts[1], theirs)(x)
        np.testing.assert_allclose(np.exp(ours(x)), expected, rtol=1e-12, atol=1e-300)
    one = Independent(m.Mixture([2.0], [1.0], [3.0]))
    np.testing.assert_allclose(one.to_normal(x[None]), (x[None] - 1) / 3, rtol=1e-13, atol=1e-15)


def test_modes_far_apart_are_found() -> None:
    prior = Independent(m.Mixture([0.3, 0.2, 0.5], [-300, 2, 50], [0.1, 1, 0.001]))
    u = np.linspace(-30, 30, 2001)[None]
    np.testing.assert_allclose(prior.to_normal(prior.from_normal(u)), u, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "closed"),
    [
        (stats.uniform(-1, 2), "Uniform(low=-1.0, high=1.0)"),
        (stats.laplace(loc=2), "Laplace(loc=2.0, scale=1.0)"),
        (stats.logistic(1, scale=3), "Logistic(loc=1.0, scale=3.0)"),
        (stats.gumbel_r(), "Gumbel(loc=0.0, scale=1.0)"),
        (stats.norm, "Normal(loc=0.0, scale=1.0)"),
        (stats.Normal(mu=1, sigma=2), "Normal(loc=1.0, scale=2.0)"),
        (stats.t(3), "t"),
    ],
)
def test_families_are_recognised(given, closed) -> None:
    assert repr(Independent(given, (4,))) == f"Independent({closed}, (4,))"


def test_torch_distributions_are_recognised() -> None:
    torch = pytest.importorskip("torch")
    td, one = torch.distributions, torch.tensor(1.0)
    mixture = td.MixtureSameFamily(
        td.Categorical(torch.tensor([0.5, 0.5])), td.Normal(torch.tensor([0.0, 3.0]), one)
    )
    logistic = td.TransformedDistribution(td.Uniform(0 * one, one), [td.SigmoidTransform().inv])
    for given, name, same in [
        (td.Laplace(one, 2 * one), "Laplace", stats.laplace(1, 2)),
        (td.Independent(td.Uniform(-torch.ones(3), one), 1), "Uniform", stats.uniform(-1, 2)),
        (td.Exponential(2 * one), "Exponential", stats.expon(0, 0.5)),
        (td.StudentT(4 * one), "t", stats.t(4)),
        (td.Gamma(2 * one, 3 * one), "gamma", stats.gamma(2, scale=1 / 3)),
        (td.LogNormal(one, 2 * one), "lognorm", stats.lognorm(2, scale=np.e)),
        (mixture, "Mixture", None),
        (logistic, "TransformedDistribution", stats.logistic()),
    ]:
        prior = Independent(given)
        assert repr(prior.dist).startswith(name)
        u = np.linspace(-5, 5, 33).reshape(-1, 3)
        x = prior.from_normal(u)
        np.testing.assert_allclose(prior.to_normal(x), u, atol=1e-7)
        if same is not None:
            np.testing.assert_allclose(x, same.ppf(stats.norm.cdf(u)), rtol=1e-6, atol=1e-9)
    for given, words in [
        (td.VonMises(one, one), "torch's VonMises lacks"),
        (td.MultivariateNormal(torch.zeros(2), torch.eye(2)), r"use za.priors.Gaussian\(mean, cov"),
    ]:
        with pytest.raises(BadInput, match=words):
            Independent(given)


BOUNDED = [m.Uniform(0, 1), m.Uniform(-0.1, 0.3), m.Exponential(), stats.beta(2, 3), stats.gamma(2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("law", BOUNDED)
def test_an_entry_at_an_end_is_read_inside_and_comes_back(law, dtype) -> None:
    assert_ends_come_back(law, dtype, np.asarray, np.asarray)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("law", BOUNDED)
def test_an_entry_at_an_end_comes_back_on_every_library(law, dtype, xp) -> None:
    assert_ends_come_back(law, dtype, xp.asarray, xp.numpy)


def assert_ends_come_back(law, dtype, asarray, numpy) -> None:
    prior = Independent(law)
    ends = np.array([e for e in prior.dist.support if np.isfinite(e)], dtype=dtype)
    x = np.stack([ends, ends])
    u = numpy(prior.to_normal(asarray(x, dtype)))
    assert np.isfinite(u).all()
    assert (np.abs(u) > 3).all()
    z = prior.from_normal(prior.to_normal(asarray(x, dtype)))
    np.testing.assert_allclose(numpy(z), x, atol=np.finfo(dtype).eps)
    assert np.isfinite(numpy(prior.log_prob(asarray(x, dtype)))).all()


def test_a_zero_among_uniform_draws_is_half_of_their_grid() -> None:
    u = Independent(m.Uniform(0, 1)).to_normal(np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(u, [[stats.norm.ppf(2.0**-54), stats.norm.isf(2.0**-54)]])


@pytest.mark.parametrize("name", each(*EVERYDAY, "mixture", "four functions"))
def test_samples_follow_the_law(name) -> None:
    n = 2000
    prior = Independent(LAWS[name], (3,))
    z = prior.sample(n, seed=0)
    assert z.shape == (n, 3)
    assert z.dtype == np.float32
    np.testing.assert_allclose(prior.sample(5, seed=0), z[:5], rtol=1e-6, atol=1e-6)
    theirs = CLOSED[name][1] if name in CLOSED else NUMERIC.get(name)
    if theirs is not None and not isinstance(theirs, (tuple, stats.Logistic)):
        p = theirs.cdf(z.astype(float))
        assert min(stats.kstest(p[:, i], "uniform").pvalue for i in range(3)) > ALPHA
        drawn = theirs.rvs((n, 3), random_state=1)
        assert stats.kstest(prior.to_normal(drawn).ravel(), "norm").pvalue > ALPHA
    seeds = prior.sample(5 * n, seed=2).reshape(5, n, 3)
    mixed = za.combine([1, -2, 0.5, 3, 1], seeds, prior=Independent(LAWS[name]))
    assert stats.ks_2samp(mixed[:, 1], z[:, 1]).pvalue > ALPHA


@pytest.mark.parametrize(("dtype", "far"), DTYPES)
@pytest.mark.parametrize("name", SMOOTH)
def test_torch_derivatives_are_finite_and_right(name, dtype, far) -> None:
    torch = pytest.importorskip("torch")
    prior = Independent(LAWS[name])
    u = torch.tensor(normals(far, dtype), requires_grad=True)
    x = prior.from_normal(u)
    x.sum().backward()
    at = u.detach().numpy().astype(float)
    h = 1e-6 * (1 + np.abs(at))
    expected = (prior.from_normal(at + h) - prior.from_normal(at - h)) / (2 * h)
    some = expected > 1e-6 * (1 + np.abs(x.detach().numpy()))  # else x moves less than its rounding
    assert torch.isfinite(u.grad).all()
    np.testing.assert_allclose(
        u.grad.numpy()[some], expected[some], rtol=1e-3 if dtype == "float32" else 1e-5
    )
    inner = x.detach().requires_grad_()
    prior.to_normal(inner).sum().backward()
    assert torch.isfinite(inner.grad).all()
    product = inner.grad.numpy() * u.grad.numpy()  # dx/du du/dx
    near = some & (np.abs(at) < 3)
    np.testing.assert_allclose(product[near], 1, rtol=1e-2 if dtype == "float32" else 1e-6)


@pytest.mark.parametrize(
    "name",
    ["laplace"]
    + [pytest.param(k, marks=pytest.mark.slow) for k in ("gumbel", "uniform", "mixture")],
)
def test_jax_transforms_the_closed_forms(name) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    prior = Independent(LAWS[name])
    u = normals(30, "float64")
    x = prior.from_normal(u)
    np.testing.assert_allclose(jax.jit(prior.from_normal)(u), x, rtol=1e-12, atol=1e-14)
    back = jax.jit(jax.vmap(lambda row: prior.to_normal(row[None])[0]))(x)
    np.testing.assert_allclose(back, prior.to_normal(x), rtol=1e-12, atol=1e-12)
    slope = jax.jit(jax.grad(lambda v: prior.to_normal(prior.from_normal(v)).sum()))(u)
    assert np.isfinite(slope).all()
    line = np.abs(u) < 5
    np.testing.assert_allclose(np.asarray(slope)[line], 1, rtol=1e-6)


@pytest.mark.parametrize("name", ["laplace", "uniform of each entry", "student of each entry"])
def test_dask_stays_lazy(name) -> None:
    dask = pytest.importorskip("dask.array")
    prior = Independent(LAWS[name])
    x = prior.sample(8, seed=0) if prior.shape else prior.from_normal(normals(3, "float64"))
    calls = []
    lazy = dask.from_array(x, chunks=(10, 2)).map_blocks(
        lambda b: (calls.append(1), b)[1], dtype=x.dtype, meta=np.empty((0, 0))
    )
    u = prior.to_normal(lazy)
    z, log_prob = prior.from_normal(u), prior.log_prob(lazy)
    assert not calls
    np.testing.assert_allclose(u.compute(), prior.to_normal(x))
    np.testing.assert_allclose(z.compute(), x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(log_prob.compute(), prior.log_prob(x))


def test_half_precision_stays() -> None:
    u = np.linspace(-4, 4, 9, dtype=np.float16)[None]
    for law in (m.Laplace(), stats.t(3), m.Uniform(-0.1, 0.3)):
        x = Independent(law).from_normal(u)
        assert x.dtype == np.float16
        back = Independent(law).to_normal(x)
        assert back.dtype == np.float16
        np.testing.assert_allclose(back[abs(u) < 3], u[abs(u) < 3], atol=0.02)


def test_a_pair_of_functions_ends_where_one_minus_its_cdf_does() -> None:
    prior = Independent((stats.norm.cdf, stats.norm.ppf))
    u = np.array([[-30.0, -5, 0, 5, 30]])
    np.testing.assert_allclose(prior.from_normal(u), [[-30, -5, 0, 5, 8.2095]], atol=1e-4)
    np.testing.assert_allclose(prior.to_normal(u), [[-30, -5, 0, 5, 8.2095]], atol=1e-4)
    with pytest.raises(BadInput, match="has no density, so no `log_prob`"):
        prior.log_prob(u)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Independent("normal"), "`dist` must be a continuous .* got 'normal'"),
        (lambda: Independent(stats.poisson(3)), "`dist` must be a continuous"),
        (lambda: Independent(stats.t), r"`dist` needs its parameters, as in scipy.stats.t\(3\)"),
        (
            lambda: Independent(m.Laplace()).sample(2, seed=0),
            "`Independent` needs a shape to sample",
        ),
        (
            lambda: Independent(m.Laplace([0, 1]), (3,)),
            r"shape \(2,\), which must broadcast .*\(3,\)",
        ),
        (lambda: Independent(m.Laplace([0, 1])).to_normal(np.ones((5, 3))), r"got \(3,\)"),
        (lambda: Independent(m.Laplace(), (2,)).to_normal(np.ones((5, 3))), r"have shape \(n, 2\)"),
        (
            lambda: Independent(m.Uniform(0, 1)).to_normal(np.array([[-1, 0.5, 2.0]])),
            r"lie in \[0, 1\], got 2 entries outside; rescale .* Uniform\(low=0.0, high=1.0\)",
        ),
        (
            lambda: Independent(stats.gamma(2)).log_prob(-np.ones((1, 2))),
            r"lie in \[0, inf\], got 2",
        ),
        (lambda: m.Laplace(scale=0), "`scale` must be positive, got 0"),
        (lambda: m.Uniform(1, 1), "`low` must be below `high`"),
        (lambda: m.Gumbel([1, 2], [1, 2, 3]), r"must broadcast .* `loc` \(2,\), `scale` \(3,\)"),
        (lambda: m.Mixture([1], [1, 2], [1, 1]), "`weights` must hold 2"),
        (lambda: m.Mixture([1, -1], [1, 2], [1, 1]), "`weights` must be positive, got -1"),
    ],
)
def test_a_mistake_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


def test_jax_is_told_what_it_cannot_trace() -> None:
    jax = pytest.importorskip("jax")
    with pytest.raises(BadInput, match="t is computed by NumPy, which JAX cannot trace; call it"):
        jax.jit(Independent(stats.t(3)).to_normal)(np.ones((2, 2)))


def test_whole_numbers_are_read_as_real_ones() -> None:
    prior = za.priors.Independent(stats.laplace())
    u = prior.to_normal(np.ones((1, 4), dtype=int))
    np.testing.assert_allclose(u, prior.to_normal(np.ones((1, 4))))
