"""Laws of the priors on the unit sphere, on every array library."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats
from scipy.special import ive

import zalgebra as za
from zalgebra.algebra.priors.sphere import Hypersphere
from zalgebra.algebra.priors.von_mises_fisher import VonMisesFisher
from zalgebra.types import BadInput, DegenerateWeights

ALPHA = 1e-4  # each test of a distribution alarms falsely once in 10,000 seeds; the seed is fixed
TOLERANCE = {"float32": 2e-6, "float64": 1e-10}
CASES = [(2, 5.0), (3, 0.001), (3, 1e5), (10, 30.0), (10, 1000.0), (512, 300.0), (16384, 1e5)]
SMALL = [(2, 5.0), (3, 0.5), (3, 1e4), (8, 10.0), (64, 100.0)]
N, D, KAPPA = 12, 8, 10.0  # one shape for all libraries: JAX compiles each operation only once
WEIGHTS = {2: [1.5, -0.5], 5: [1.0, -2.0, 0.5, 0.3, -0.1]}


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@cache  # of its table
def vmf(d: int, k: float) -> VonMisesFisher:
    return VonMisesFisher(normal(d, seed=d), k)


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def cdf_of_angle(theta: np.ndarray, d: int, k: float) -> np.ndarray:
    """The distribution of the angle from the mean, by a trapezoid rule over a fine grid."""
    grid = np.linspace(0, min(np.pi, 60 * np.sqrt(d / k)), 50_001)[1:-1]
    log = k * np.cos(grid) + (d - 2) * np.log(np.sin(grid))
    p = np.exp(log - log.max())
    mass = np.cumsum(p) - p / 2
    return np.interp(theta, grid, mass / mass[-1])


def assert_follows(z: np.ndarray, prior: VonMisesFisher) -> None:
    """The angle follows its law; the tangent direction is uniform and tells nothing of it."""
    m, d = prior.mean, prior.mean.size
    t = z @ m
    p = z - t[:, None] * m
    theta = np.arctan2(np.linalg.norm(p, axis=1), t)
    law = stats.kstest(theta, lambda x: cdf_of_angle(x, d, prior.concentration))
    assert law.pvalue > ALPHA
    v = unit(p - (p @ m)[:, None] * m)
    n, across = len(z), v.mean(axis=0)
    assert stats.chi2.sf(n * (d - 1) * (across @ across), d - 1) > ALPHA
    assert stats.spearmanr(v[:, 0], theta).pvalue > ALPHA


# The bijection.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("d", "k"),
    [(D, KAPPA)] + [pytest.param(*case, marks=pytest.mark.slow) for case in [(2, 5), (512, 300)]],
)
def test_every_library_gives_the_same_numbers_and_comes_back(xp, dtype, d, k) -> None:
    prior = vmf(d, k)
    z64 = prior.sample(N, seed=0, like=np.zeros(1))
    z = xp.asarray(z64, dtype)
    u = prior.to_normal(z)
    assert xp.owns(u)
    assert xp.dtype(u) == dtype
    loss = 1e-2 if dtype == "float32" else 1e-9  # of the uniform seed, from the rounding of z
    np.testing.assert_allclose(xp.numpy(u), prior.to_normal(z64), atol=loss)
    back = prior.from_normal(u)
    assert xp.owns(back)
    assert xp.dtype(back) == dtype
    np.testing.assert_allclose(xp.numpy(back), xp.numpy(z), atol=TOLERANCE[dtype])
    log_prob = prior.log_prob(z)
    assert xp.owns(log_prob)
    np.testing.assert_allclose(xp.numpy(log_prob), prior.log_prob(z64), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_hypersphere_on_every_library(xp, dtype) -> None:
    prior = Hypersphere((2, D // 2))
    z = xp.asarray(unit(normal(N, D)).reshape(N, 2, D // 2), dtype)
    u = prior.to_normal(z)
    assert xp.owns(u)
    assert xp.dtype(u) == dtype
    norms = np.linalg.norm(xp.numpy(u).reshape(N, D), axis=1)
    np.testing.assert_allclose(norms, np.sqrt(D), rtol=1e-6)
    np.testing.assert_allclose(xp.numpy(prior.from_normal(u)), xp.numpy(z), atol=TOLERANCE[dtype])
    area = np.log(np.pi**4 / 3)  # of the sphere in eight dimensions
    np.testing.assert_allclose(xp.numpy(prior.log_prob(z)), -area, rtol=1e-6)
    assert xp.dtype(prior.sample(3, seed=0, like=z)) == dtype


@pytest.mark.parametrize(("d", "k"), CASES)
def test_round_trips_and_tails(d, k) -> None:
    prior = vmf(d, k)
    n = 300 if d < 1000 else 10
    u = prior.to_normal(prior.sample(n, seed=1, like=np.zeros(1)))
    np.testing.assert_allclose(prior.to_normal(prior.from_normal(u)), u, atol=1e-9)
    z = prior.from_normal(u)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-12)
    # along one meridian to 10 standard deviations of the uniform law, short of the poles
    side = unit(u[0] - (u[0] @ prior.mean) * prior.mean)
    s = np.clip(np.linspace(-10, 10, 41) / np.sqrt(d), -0.9999, 0.9999)
    y = s[:, None] * prior.mean + np.sqrt(1 - s**2)[:, None] * side
    x = prior.from_normal(np.sqrt(d) * y)
    assert (np.diff(x @ prior.mean) > -1e-15).all()
    np.testing.assert_allclose(prior.to_normal(x) / np.sqrt(d), y, atol=1e-8)


@pytest.mark.parametrize(("d", "k"), CASES)
def test_the_map_matches_the_distribution_functions(d, k) -> None:
    prior = vmf(d, k)
    z = prior.sample(200, seed=3, like=np.zeros(1))
    u = unit(prior.to_normal(z))
    angle = np.arccos(np.clip(z @ prior.mean, -1, 1))
    uniform = stats.beta.sf((1 + u @ prior.mean) / 2, (d - 1) / 2, (d - 1) / 2)
    np.testing.assert_allclose(cdf_of_angle(angle, d, k), uniform, atol=2e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("d", "k"), CASES)
def test_the_poles_are_fixed_points(d, k, dtype) -> None:
    prior = VonMisesFisher(np.eye(d)[0] if d < 1000 else normal(d), k)
    poles = np.stack([prior.mean, -prior.mean]).astype(dtype)
    u = prior.to_normal(poles) / np.sqrt(d).astype(dtype)
    for pole in (u, prior.from_normal(poles)):
        # a factor of up to e^25 next to the pole moves the rounding of a general mean
        np.testing.assert_allclose(pole[0] @ poles[0], 1, atol=1e-5)
        np.testing.assert_allclose(pole[1] @ poles[1], 1, atol=1e-5)


# Distributions.


def draws(prior: Hypersphere | VonMisesFisher, n: int, count: int) -> np.ndarray:
    """``n`` sets of seeds, ``(n, count, d)``."""
    return prior.sample(n * count, seed=count, like=np.zeros(1)).reshape(n, count, -1)


def combined(w: list, seeds: np.ndarray, prior: Hypersphere | VonMisesFisher) -> np.ndarray:
    """The combination of each set of seeds ``(n, count, d)``, by one call of the prior."""
    u = prior.to_normal(seeds.reshape(-1, seeds.shape[-1])).reshape(seeds.shape)
    return prior.from_normal(np.einsum("k,nkd->nd", w, u))


@pytest.mark.parametrize(("d", "k"), SMALL)
def test_samples_and_combinations_follow_the_law(d, k) -> None:
    prior = vmf(d, k)
    n = 4000
    assert_follows(prior.sample(n, seed=0, like=np.zeros(1)), prior)
    for count, w in WEIGHTS.items():
        assert_follows(combined(w, draws(prior, n, count), prior), prior)


@pytest.mark.parametrize("prior", [Hypersphere(D), vmf(D, KAPPA)], ids=str)
def test_the_combinations_of_these_tests_are_those_of_combine(prior) -> None:
    seeds = draws(prior, N, 5)
    expected = [za.combine(WEIGHTS[5], x, prior=prior) for x in seeds]
    np.testing.assert_allclose(combined(WEIGHTS[5], seeds, prior), expected, atol=1e-13)


def test_the_plain_sum_does_not_follow_the_law() -> None:
    prior = vmf(D, KAPPA)
    seeds = draws(prior, 1500, 5)
    with pytest.raises(AssertionError):
        assert_follows(unit(seeds.mean(axis=1)), prior)


@pytest.mark.parametrize("d", [2, 3, 16])
@pytest.mark.parametrize("count", WEIGHTS)
def test_hypersphere_combinations_are_uniform(d, count) -> None:
    prior, n = Hypersphere(d), 2000
    z = combined(WEIGHTS[count], draws(prior, n, count), prior)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-12)
    half = (d - 1) / 2
    for entry in (0, d - 1):
        assert stats.kstest((1 + z[:, entry]) / 2, stats.beta(half, half).cdf).pvalue > ALPHA


@pytest.mark.parametrize("k", [0.5, 20.0, 500.0])
@pytest.mark.parametrize("d", [2, 3, 5, 40])
def test_log_prob_is_that_of_scipy(d, k) -> None:
    prior = vmf(d, k)
    z = prior.sample(20, seed=0, like=np.zeros(1))
    expected = stats.vonmises_fisher(prior.mean, k).logpdf(z)
    np.testing.assert_allclose(prior.log_prob(z), expected, rtol=1e-9, atol=1e-8)


def test_log_prob_in_many_dimensions_is_finite_and_near_uniform_for_little_concentration() -> None:
    z = vmf(16384, 1e-3).sample(2, seed=0, like=np.zeros(1))
    uniform = Hypersphere(16384).log_prob(z)
    np.testing.assert_allclose(vmf(16384, 1e-3).log_prob(z), uniform, atol=1e-3)
    assert np.isfinite(vmf(16384, 1e5).log_prob(z)).all()


# Laws.


@pytest.mark.parametrize("prior", [Hypersphere(D), vmf(D, 1e4)], ids=str)
def test_weights_one_and_zero_give_each_seed(xp, prior) -> None:
    dtype = "float32"
    z = xp.asarray(prior.sample(N, seed=0, like=np.zeros(1)), dtype)
    same = za.combine(np.eye(N), z, prior=prior)
    assert xp.owns(same)
    np.testing.assert_allclose(xp.numpy(same), xp.numpy(z), atol=TOLERANCE[dtype])


@pytest.mark.parametrize(("d", "k"), SMALL)
def test_rotating_everything_rotates_the_result(d, k) -> None:
    prior = vmf(d, k)
    Q = np.linalg.qr(normal(d, d))[0]
    z = prior.sample(4, seed=0, like=np.zeros(1))
    w = [1.0, -0.5, 2.0, 0.3]
    rotated = za.combine(w, z @ Q.T, prior=VonMisesFisher(Q @ prior.mean, k))
    np.testing.assert_allclose(rotated, za.combine(w, z, prior=prior) @ Q.T, atol=1e-9)


@pytest.mark.parametrize("d", [2, 3, 100])
def test_no_concentration_is_the_hypersphere(d) -> None:
    z, prior = unit(normal(5, d)), vmf(d, 1e-9)
    np.testing.assert_allclose(prior.to_normal(z), Hypersphere(d).to_normal(z), atol=1e-7)


def test_latents_of_any_shape_are_flattened() -> None:
    prior = VonMisesFisher(normal(2, 3), 10.0)
    flat = VonMisesFisher(prior.mean.reshape(6), 10.0)
    z = prior.sample(4, seed=0)
    assert z.shape == (4, 2, 3)
    assert z.dtype == np.float32
    np.testing.assert_array_equal(prior.to_normal(z).reshape(4, 6), flat.to_normal(z.reshape(4, 6)))


# Fitting.


@pytest.mark.parametrize(("d", "k"), [(2, 3.0), (3, 1e4), (50, 200.0), (1000, 5000.0)])
def test_a_fit_finds_what_was_drawn(d, k) -> None:
    prior = vmf(d, k)
    fitted = VonMisesFisher.fit(prior.sample(20_000 if d < 100 else 3000, seed=0))
    assert fitted.concentration == pytest.approx(k, rel=0.03)
    assert fitted.mean @ prior.mean > 0.999


@pytest.mark.parametrize(("d", "k"), [(2, 3.0), (3, 1e5), (50, 200.0)])
def test_a_fit_solves_the_likelihood_equation(d, k) -> None:
    Z = vmf(d, k).sample(100, seed=0, like=np.zeros(1))
    fitted = VonMisesFisher.fit(Z).concentration
    ratio = ive(d / 2, fitted) / ive(d / 2 - 1, fitted)
    assert 1 - ratio == pytest.approx(1 - np.linalg.norm(Z.mean(axis=0)), rel=1e-7)


def test_a_fit_takes_any_library(xp) -> None:
    Z = vmf(D, KAPPA).sample(N, seed=0, like=np.zeros(1))
    fitted, expected = VonMisesFisher.fit(xp.asarray(Z)), VonMisesFisher.fit(Z)
    assert fitted.concentration == pytest.approx(expected.concentration)
    np.testing.assert_allclose(fitted.mean, expected.mean)


# Gradients and JAX's transformations.


def points(prior: VonMisesFisher) -> np.ndarray:
    """Seeds, and points at and near both poles."""
    m = prior.mean
    near = [m, -m, unit(m + 1e-12 * normal(m.size)), unit(-m + 1e-7 * normal(m.size))]
    return np.concatenate([prior.sample(3, seed=0, like=np.zeros(1)), near])


@pytest.mark.parametrize(("d", "k"), SMALL)
@pytest.mark.parametrize("route", ["to_normal", "from_normal", "log_prob"])
def test_gradients_are_finite_also_at_the_poles(d, k, route) -> None:
    torch = pytest.importorskip("torch")
    prior = vmf(d, k)
    z = torch.tensor(points(prior), requires_grad=True)
    getattr(prior, route)(z).sum().backward()
    assert torch.isfinite(z.grad).all()


def test_gradients_are_right() -> None:
    torch = pytest.importorskip("torch")
    prior = vmf(4, 8.0)
    u = torch.tensor(normal(3, 4), requires_grad=True)
    assert torch.autograd.gradcheck(prior.from_normal, (u,))
    assert torch.autograd.gradcheck(lambda x: prior.to_normal(prior.from_normal(x)), (u,))


@pytest.mark.slow  # for JAX compiles
@pytest.mark.parametrize("prior", [Hypersphere(4), vmf(4, 8.0)], ids=str)
def test_jit_vmap_and_grad(prior) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    z = jax.numpy.asarray(prior.sample(12, seed=0, like=np.zeros(1))).reshape(4, 3, 4)
    combine = lambda x: za.combine([1.0, -0.5, 0.2], x, prior=prior)  # noqa: E731
    expected = np.stack([np.asarray(combine(x)) for x in z])
    np.testing.assert_allclose(jax.jit(jax.vmap(combine))(z), expected, atol=1e-12)
    slope = jax.jit(jax.grad(lambda x: combine(x)[0]))(z[0])
    assert np.isfinite(np.asarray(slope)).all()
    assert np.abs(slope).max() > 0
    assert jax.jit(prior.log_prob)(z[0]).shape == (3,)


def test_jit_of_one_combination_is_the_eager_one() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    prior = vmf(D, KAPPA)
    z = prior.sample(N, seed=0, like=np.zeros(1))
    jitted = jax.jit(lambda x: prior.from_normal(prior.to_normal(x)))(jax.numpy.asarray(z))
    np.testing.assert_allclose(jitted, z, atol=1e-10)


def test_dask_stays_lazy() -> None:
    dask = pytest.importorskip("dask.array")
    prior = vmf(4, 8.0)
    z = prior.sample(6, seed=0, like=np.zeros(1))
    lazy = prior.to_normal(dask.from_array(z, chunks=(2, 4)))
    assert isinstance(lazy, dask.Array)
    np.testing.assert_allclose(lazy.compute(), prior.to_normal(z), atol=1e-12)


def test_half_precision_stays_alive() -> None:
    prior = vmf(16384, 1e4)
    z = prior.sample(3, seed=0).astype(np.float16)
    u = prior.to_normal(z)
    assert u.dtype == np.float16
    assert np.abs(prior.from_normal(u) - z).max() < 1e-3


# Errors.


@pytest.mark.parametrize("prior", [Hypersphere(D), vmf(D, KAPPA)], ids=str)
def test_latents_must_lie_on_the_sphere(xp, prior) -> None:
    z = unit(normal(N, D))
    if xp.name != "dask":
        for wrong in (1.002 * z, 0 * z, 2 * z):
            with pytest.raises(BadInput, match=r"have norm 1, .* divide each by its norm"):
                prior.to_normal(xp.asarray(wrong))
        with pytest.raises(DegenerateWeights, match="a zero vector has no direction"):
            za.combine([1, -1] + [0] * (N - 2), xp.asarray(z[[0] * N]), prior=prior)
    near = prior.to_normal(xp.asarray(1.0005 * z))
    np.testing.assert_allclose(xp.numpy(near), prior.to_normal(z), atol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Hypersphere(1), "`dim` must be at least 2, got 1"),
        (lambda: Hypersphere((1, 1)), "`dim` must be at least 2, got 1"),
        (lambda: VonMisesFisher([1.0], 1.0), r"`mean` .* at least 2 entries, got .* \(1,\)"),
        (lambda: VonMisesFisher([0.0, 0.0], 1.0), "`mean` must be a direction .* norm 0"),
        (lambda: VonMisesFisher([1.0, 0.0], 0), "`concentration` must be positive .* got 0"),
        (lambda: VonMisesFisher([1.0, 0.0], np.inf), "`concentration` .* finite, got inf"),
        (lambda: VonMisesFisher([1.0, 0.0], np.nan), "`concentration` .* finite, got nan"),
        (lambda: VonMisesFisher.fit(np.eye(3)[:1]), "from at least 2 latents"),
        (lambda: VonMisesFisher.fit(np.eye(3)[[0, 0]]), "that differ and do not cancel"),
        (lambda: VonMisesFisher.fit([[1.0, 0], [-1, 0]]), "that differ and do not cancel"),
        (lambda: VonMisesFisher.fit(np.ones((3, 2))), "divide each by its norm"),
    ],
)
def test_errors_are_one_clear_sentence(make, words) -> None:
    with pytest.raises(BadInput, match=words):
        make()
