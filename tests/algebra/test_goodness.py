"""The laws behind the certificate: against SciPy on single samples, uniform on many true ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import zalgebra as za
from zalgebra.algebra.goodness import _exceeds, distances, size, smallest, tails
from zalgebra.algebra.population import _law_of_squares, population
from zalgebra.algebra.whiteness import _law_of_share, channels, cosine_p, neighbours

ALPHA = 1e-4
SHAPES = {16: (16,), 64: (4, 4, 4), 784: (28, 28)}
SAMPLES = [("normal", {}), ("shifted", {"loc": 0.3}), ("wide", {"scale": 1.2})]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def rates_are_right(p: np.ndarray, slack: float = 1.0) -> None:
    """Uniform, and rejected at the level at 5 % and at 1 %."""
    for level in (0.05, 0.01):
        low, high = stats.binom.ppf([ALPHA / 2, 1 - ALPHA / 2], len(p), level)
        assert low <= (p < level).sum() <= slack * high
    assert stats.kstest(p, "uniform").pvalue > ALPHA


# Against SciPy, sample by sample.


@pytest.mark.parametrize(("name", "law"), SAMPLES)
@pytest.mark.parametrize("D", [20, 64, 784])
def test_single_samples_are_judged_as_by_scipy(name, law, D) -> None:
    u = stats.norm(**law).rvs((5, D), random_state=D)
    p, effects = distances(np.sort(u, axis=1))
    moments, shape = tails(u)
    for i, row in enumerate(u):
        ks, cvm = stats.kstest(row, "norm"), stats.cramervonmises(row, "norm")
        assert p["ks"][i] == pytest.approx(ks.pvalue, abs=1e-3)
        assert effects["ks"][i] == pytest.approx(ks.statistic, rel=1e-12)
        assert p["cvm"][i] == pytest.approx(cvm.pvalue, abs=2e-3)
        assert D * effects["cvm"][i] ** 2 == pytest.approx(cvm.statistic, rel=1e-9)
        F = np.sort(stats.norm.cdf(row))
        A2 = -D - np.mean((2 * np.arange(1, D + 1) - 1) * np.log(F * (1 - F[::-1])))
        assert D * effects["ad"][i] ** 2 == pytest.approx(A2, rel=1e-7)
        assert shape["skew"][i] == pytest.approx(stats.skew(row), rel=1e-9)
        assert shape["kurtosis"][i] == pytest.approx(stats.kurtosis(row), rel=1e-9)
        assert moments["skew"][i] == pytest.approx(stats.skewtest(row).pvalue, rel=1e-7)
        theirs = stats.kurtosistest(row)
        # The lower tail is drawn in; see the docstring.
        near = 0.05 if theirs.statistic < 0 else 1e-9
        assert moments["kurtosis"][i] == pytest.approx(theirs.pvalue, abs=near)


def test_sizes_are_the_definitions() -> None:
    u = normal(4, 200, seed=3) + 0.1
    p, effects = size(u)
    for i, row in enumerate(u):
        assert p["mean"][i] == pytest.approx(2 * stats.norm.sf(abs(row.mean()) * np.sqrt(200)))
        chi2 = stats.chi2(199).cdf(199 * row.var(ddof=1))
        assert p["variance"][i] == pytest.approx(2 * min(chi2, 1 - chi2))
    np.testing.assert_allclose(effects["variance_ratio"], u.var(axis=1, ddof=1))
    assert set(size(u, free_radius=False)[0]) == {"mean"}


@pytest.mark.parametrize(
    ("law", "x", "p"),
    [("cvm", 0.0248, 0.99), ("cvm", 0.11888, 0.5), ("cvm", 0.46136, 0.05), ("cvm", 1.16786, 1e-3),
     ("ad", 1.933, 0.1), ("ad", 2.492, 0.05), ("ad", 3.878, 0.01)],
)  # fmt: skip
def test_limiting_laws_are_the_published_ones(law, x, p) -> None:
    assert _exceeds(np.array([x]), law)[0] == pytest.approx(p, rel=2e-3)


@pytest.mark.parametrize(
    ("law", "mean", "variance"), [("cvm", 1 / 6, 1 / 45), ("ad", 1, 2 * (np.pi**2 - 9) / 3)]
)
def test_limiting_laws_have_their_moments(law, mean, variance) -> None:
    # E Q = ∫ P(Q > x) dx = Σ 1/a_j, and E Q² = ∫ 2x P(Q > x) dx.
    x = np.linspace(0, 60 * mean, 20_001)
    p = _exceeds(x, law)
    assert np.trapezoid(p, x) == pytest.approx(mean, rel=1e-5)
    assert np.trapezoid(2 * x * p, x) - mean**2 == pytest.approx(variance, rel=1e-3)


def test_far_tails_are_neither_zero_nor_rough() -> None:
    # Beyond the tables each falls like its first pole, exp(-x a_1 / 2).
    p = _exceeds(np.array([40.0, 42.0]), "ad")
    assert p[1] / p[0] == pytest.approx(np.exp(-2), rel=0.03)
    assert 0 < p[1] < 1e-17
    assert _exceeds(np.array([1e-3, 1e9]), "cvm") == pytest.approx([1, 0], abs=1e-5)


@pytest.mark.parametrize("far", [50.0, 1e4, 1e12])
def test_tails_of_latents_survive(far) -> None:
    u = np.full((1, 64), far)
    p, effects = distances(u)
    assert effects["w1"] == pytest.approx(far)
    assert np.isfinite([*p.values(), *effects.values()]).all()
    assert max(p.values()) < 1e-12


def test_a_constant_latent_has_no_shape() -> None:
    p, effects = tails(np.zeros((1, 64)))
    assert (p["skew"], p["kurtosis"], effects["skew"], effects["kurtosis"]) == (1, 1, 0, 0)
    p, effects = neighbours(np.zeros((1, 64)), (8, 8))
    assert (p["whiteness"], effects["lag_one_0"]) == (1, 0)


# False alarms.


@pytest.mark.parametrize("D", [*SHAPES, pytest.param(16384, marks=pytest.mark.slow)])
def test_true_latents_are_rejected_at_the_level(D) -> None:
    shape = SHAPES.get(D, (4, 64, 64))
    n = {16: 20_000, 64: 20_000, 784: 4000}.get(D, 2000)
    z = normal(n, *shape, seed=D)
    for p in za.check(z).p_values.values():
        rates_are_right(p)


def test_far_quantiles_of_small_latents_hold() -> None:
    # Family-wise control of a batch reads p-values of 1e-4 and less.
    z = normal(100_000, 4, 4, 4, seed=1)
    for test, p in za.check(z).p_values.items():
        assert (p < 1e-3).sum() <= stats.binom.ppf(1 - ALPHA, 100_000, 1.3e-3), test
        assert (p < 1e-4).sum() <= stats.binom.ppf(1 - ALPHA, 100_000, 1.5e-4), test


def test_scipys_kurtosis_test_does_not_hold_there() -> None:
    z = normal(100_000, 64, seed=1)
    assert (stats.kurtosistest(z, axis=1).pvalue < 1e-4).mean() > 2e-4


@pytest.mark.parametrize(("n", "D"), [(8, 64), (40, 16), (100, 5)])
def test_true_populations_are_rejected_at_the_level(n, D) -> None:
    parts = [population(normal(n, D, seed=s))[0] for s in range(600)]
    for test in parts[0]:
        p = np.concatenate([part[test] for part in parts])
        assert stats.kstest(p, "uniform").pvalue > ALPHA, test


def test_the_lower_tail_of_kurtosis_is_drawn_in() -> None:
    u = stats.uniform(-1, 2).rvs((200, 64), random_state=0)
    ours, theirs = tails(u)[0]["kurtosis"], stats.kurtosistest(u, axis=1)
    low = (theirs.statistic < -4) & (theirs.statistic > -4.6)
    assert low.sum() > 5
    assert (ours[low] > 3 * theirs.pvalue[low]).all()
    assert (ours[low] < 20 * theirs.pvalue[low]).all()


@pytest.mark.parametrize(("n", "D"), [(5, 3), (20, 4)])
def test_squared_cosines_have_their_moments(n, D) -> None:
    v = normal(200_000, n, D, seed=n)
    v /= np.linalg.norm(v, axis=2, keepdims=True)
    squares = ((np.swapaxes(v, 1, 2) @ v) ** 2).sum(axis=(1, 2)) / 2  # |VᵀV|² = |VVᵀ|²
    deviation, third = _law_of_squares(n, D)
    assert squares.std() == pytest.approx(deviation, rel=0.01)
    assert stats.moment(squares, 3) == pytest.approx(third, rel=0.05)


# Whiteness and channels.


@pytest.mark.parametrize(("shape", "axis"), [((16,), 0), ((2, 8), 0), ((3, 4, 5), 1)])
def test_the_share_of_neighbours_has_its_moments(shape, axis) -> None:
    # From the matrix itself: tr B, tr B² for B = M A M, A = 1/2 on neighbours, M centring.
    D = int(np.prod(shape))
    where = np.stack(np.unravel_index(np.arange(D), shape))
    step = np.abs(where[:, :, None] - where[:, None])
    A = 0.5 * ((step[axis] == 1) & (step.sum(axis=0) == 1))
    M = np.eye(D) - 1 / D
    B = M @ A @ M
    mean = np.trace(B) / (D - 1)
    second = (2 * np.trace(B @ B) + np.trace(B) ** 2) / ((D - 1) * (D + 1))
    assert _law_of_share(D, shape[axis]) == pytest.approx((mean, second - mean**2))


def test_lag_one_correlation_is_that_of_neighbours() -> None:
    u = normal(2, 3, 5, 7)
    p, effects = neighbours(u.reshape(2, -1), (3, 5, 7))
    c = u - u.mean(axis=(1, 2, 3), keepdims=True)
    for i in range(2):
        left, right = c[i, :, :-1], c[i, :, 1:]
        expected = (left * right).mean() / (c[i] ** 2).mean()
        assert effects["lag_one_1"][i] == pytest.approx(expected)
    assert set(effects) == {"lag_one_0", "lag_one_1", "lag_one_2"}
    np.testing.assert_array_less(p["whiteness"], 1 + 1e-12)


@pytest.mark.parametrize(("axis", "rho"), [(0, 0.3), (1, -0.3), (2, 0.3)])
def test_correlation_is_found_along_its_axis(axis, rho) -> None:
    u = np.moveaxis(normal(20, 12, 12, 12), axis + 1, -1).copy()
    for i in range(1, 12):
        u[..., i] = rho * u[..., i - 1] + np.sqrt(1 - rho**2) * u[..., i]
    p, effects = neighbours(np.moveaxis(u, -1, axis + 1).reshape(20, -1), (12, 12, 12))
    assert (p["whiteness"] < 1e-6).all()
    for other in range(3):
        expected = rho if other == axis else 0
        assert np.mean(effects[f"lag_one_{other}"]) == pytest.approx(expected, abs=0.02)


def test_axes_of_one_entry_have_no_neighbours() -> None:
    assert set(neighbours(normal(2, 32), (1, 32))[1]) == {"lag_one_1"}
    assert neighbours(normal(2, 8), (8,)) == ({}, {})  # too few entries


def test_the_farthest_channel_is_named() -> None:
    x = normal(3, 5, 100)
    x[0, 3] *= 2
    x[1, 1] += 2
    p, effects = channels(x)
    assert (p["channels"] < 1e-6).tolist() == [True, True, False]
    assert effects["channel"][:2].tolist() == [3, 1]
    assert effects["channel_variance"][0] == pytest.approx(x[0, 3].var(ddof=1))
    assert effects["channel_mean"][1] == pytest.approx(x[1, 1].mean())


def test_the_smallest_of_many_p_values_is_corrected_for_them() -> None:
    p = np.random.default_rng(0).random((5000, 7))
    assert stats.kstest(smallest(p.min(axis=1), 7), "uniform").pvalue > ALPHA
    assert smallest(np.array([1e-20, 1.0]), 7) == pytest.approx([7e-20, 1])


def test_cosines_follow_the_law_of_random_directions() -> None:
    u = normal(20_000, 2, 6)
    c = np.einsum("nd,nd->n", u[:, 0], u[:, 1]) / np.linalg.norm(u, axis=2).prod(axis=1)
    assert stats.kstest(cosine_p(c, 6), "uniform").pvalue > ALPHA


# Power: facts that must hold.


def student(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_t(5, shape) * np.sqrt(3 / 5)


POWERS = [  # at D = 16384: departure, tests that must see it, tests that must not
    (lambda r, s: np.sqrt(1.05) * r.standard_normal(s), ["norm", "variance"], ["mean", "skew"]),
    (lambda r, s: 0.05 + r.standard_normal(s), ["mean", "ks", "cvm", "ad"], ["variance", "skew"]),
    (student, ["kurtosis", "ks", "cvm", "ad"], ["mean", "whiteness"]),
]


@pytest.mark.parametrize(("draw", "seen", "blind"), POWERS)
def test_departures_are_seen_by_their_tests(draw, seen, blind) -> None:
    p = za.check(draw(np.random.default_rng(0), (60, 4, 64, 64))).p_values
    for test in seen:
        assert (p[test] < 0.05).mean() > 0.9, test
    for test in blind:
        assert (p[test] < 0.05).mean() < 0.2, test
