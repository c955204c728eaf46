"""One statistic breaks at a time, at equal norm; a test that heeds what harms one model."""

from __future__ import annotations

import numpy as np
import pytest

import zalgebra as za
from zalgebra.measures.breakages import BREAKAGES, breakages, broken
from zalgebra.measures.latent_statistics import latent_statistics
from zalgebra.measures.tailored import TailoredTest
from zalgebra.types import BadInput

SHAPES = [(1, 28, 28), (4, 16, 16), (32,)]
PLACES = {"variance", "correlation", "channels", "spectrum"}
# What the algebra ties to the statistic that is broken: a slope is a correlation; the scatter of
# the channels' variances depends on tails and neighbours.
TIED = {
    "spectrum": {"correlation", "channels"},
    "correlation": {"spectrum", "channels"},
    "kurtosis": {"channels"},
}
COUNTS = {"sparsity", "quantisation"}  # shares of entries: of single latents, 0 or 1 of them
CASES = [(shape, name) for shape in SHAPES for name in breakages(shape)]


def draws(shape: tuple[int, ...], n: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, *shape))


def norms(u: np.ndarray) -> np.ndarray:
    return np.linalg.norm(u.reshape(len(u), -1), axis=1)


@pytest.mark.parametrize(("shape", "name"), CASES)
def test_norms_stay_to_rounding(shape, name) -> None:
    u = draws(shape)
    for strength in BREAKAGES[name].strengths:
        factor = strength if name == "norm" else 1
        found = broken(u, name, strength=strength)
        assert found.shape == u.shape
        np.testing.assert_allclose(norms(found), factor * norms(u), rtol=1e-12)


@pytest.mark.parametrize(("shape", "name"), CASES)
def test_exactly_one_statistic_moves(shape, name) -> None:
    """The one by over 0.6 standard deviations of a latent and more with each strength; no other
    by half of one, and a share of entries by less than one entry.
    """
    u = draws(shape)
    was = latent_statistics(u)
    moved = []
    for strength in BREAKAGES[name].strengths:
        now = latent_statistics(broken(u, name, strength=strength))
        by = {k: abs(now[k].mean() - was[k].mean()) for k in was}
        assert max(by[k] for k in COUNTS - {name}) < 1 / np.prod(shape)
        off = {k: by[k] / (was[k].std() + 1e-9) for k in {name, *was} - (COUNTS - {name})}
        moved.append(off.pop(name))
        others = {k: v for k, v in off.items() if k not in TIED.get(name, set())}
        assert max(others.values()) < 0.5, (strength, others)
        if name not in ("spectrum", "correlation"):  # those are two readings of one thing
            assert max(off.values()) < moved[-1]
    assert moved == sorted(moved)
    assert moved[-1] > 0.6


def test_what_else_moves_is_as_the_page_says() -> None:
    """Ties by 0.98 and 1.6 standard deviations, the scatter of four channels by two."""

    def off(shape: tuple[int, ...], name: str, other: str) -> float:
        u = draws(shape, 400, seed=7)
        x = broken(u, name, strength=BREAKAGES[name].strengths[-1])
        was, now = (latent_statistics(z)[other] for z in (u, x))
        return abs(float(now.mean() - was.mean())) / float(was.std())

    assert off((1, 28, 28), "kurtosis", "quantisation") == pytest.approx(0.98, abs=0.2)
    assert off((1, 28, 28), "sparsity", "quantisation") == pytest.approx(1.6, abs=0.2)
    assert off((4, 16, 16), "correlation", "channels") == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize(("shape", "name"), [c for c in CASES if c[1] in PLACES])
def test_places_move_and_every_number_stays(shape, name) -> None:
    u = draws(shape, 20)
    found = broken(u, name, strength=BREAKAGES[name].strengths[1])
    assert np.array_equal(np.sort(found.reshape(20, -1)), np.sort(u.reshape(20, -1)))
    assert not np.array_equal(found, u)
    blind = ("mean", "variance_ratio", "skew", "kurtosis", "w1", "ks", "cvm", "ad")
    seen = [za.check(x).effects for x in (u, found)]
    for effect in blind:
        np.testing.assert_allclose(seen[1][effect], seen[0][effect], atol=1e-9)


@pytest.mark.parametrize("name", sorted(set(breakages((32,))) - PLACES))
def test_values_move_and_their_order_stays(name) -> None:
    u = draws((1, 8, 8), 20)
    found = broken(u, name, strength=BREAKAGES[name].strengths[2]).reshape(20, -1)
    along = np.take_along_axis(found, np.argsort(u.reshape(20, -1), axis=1), axis=1)
    assert (np.diff(along, axis=1) >= -1e-12).all()


def test_the_strengths_are_what_they_are_called() -> None:
    u = draws((1, 64, 64), 40)

    def mean(name: str, strength: float) -> float:
        return float(latent_statistics(broken(u, name, strength=strength))[name].mean())

    assert mean("mean", 0.3) == pytest.approx(0.3, abs=0.005)
    assert mean("mean", -0.3) == pytest.approx(-0.3, abs=0.005)
    assert mean("kurtosis", 2) == pytest.approx(2, abs=0.1)
    assert mean("sparsity", 0.4) == pytest.approx(0.4, abs=0.01)
    assert mean("correlation", 0.5) == pytest.approx(0.5, abs=0.02)
    assert mean("spectrum", 0.8) == pytest.approx(0.8, abs=0.03)
    # The commonest of four levels holds the weight of ±0.74 in four-point quadrature.
    assert mean("quantisation", 4) == pytest.approx(0.454, abs=0.01)
    levels = np.unique(np.round(broken(u[:1], "quantisation", strength=6), 9))
    assert len(levels) == 6


def test_levels_have_the_moments_of_the_normal_law() -> None:
    """Moments up to 2L - 1, so no statistic but the gaps can tell: six hold for four levels."""
    u = draws((200_000,), 1)
    x = broken(u, "quantisation", strength=4)[0]
    for power, moment in ((2, 1), (4, 3), (6, 15)):
        assert np.mean(x**power) == pytest.approx(moment, rel=0.03)


def test_bad_breakages_are_refused() -> None:
    u = draws((32,), 3)
    for name, strength, words in [
        ("spectrum", 1, "have no 'spectrum' to break; they have: norm, mean"),
        ("sparsity", 0.7, "above 0 and below 0.667, got 0.7"),
        ("quantisation", 5, "must be even, 4 to 64 levels, got 5"),
        ("kurtosis", -1, "above 0 and below 40"),
    ]:
        with pytest.raises(BadInput, match=words):
            broken(u, name, strength=strength)
    with pytest.raises(BadInput, match="vectors"):
        broken(np.zeros((2, 3)), "mean", strength=0.1)
    with pytest.raises(BadInput, match="finite"):
        latent_statistics(np.full((2, 8), np.nan))


def test_statistics_of_constant_latents_are_finite() -> None:
    found = latent_statistics(np.zeros((2, 1, 8, 8)))
    assert all(np.isfinite(v).all() for v in found.values())
    assert found["sparsity"].tolist() == [1, 1]


# The test that heeds what harms a model.


def learned(u: np.ndarray, harmful: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Broken latents of a model that is hurt by these statistics only: squared departures."""
    was = {k: (v.mean(), v.std()) for k, v in latent_statistics(u).items()}
    Z, damage = [u], [np.zeros(len(u))]
    for name in breakages(u.shape[1:]):
        for strength in BREAKAGES[name].strengths:
            x = broken(u, name, strength=strength)
            s = latent_statistics(x)
            Z.append(x)
            harm = sum(((s[k].mean() - was[k][0]) / was[k][1]) ** 2 for k in harmful)
            damage.append(np.full(len(u), harm))
    return np.concatenate(Z), np.concatenate(damage)


@pytest.fixture(scope="module")
def tailored() -> TailoredTest:
    Z, damage = learned(draws((1, 16, 16)), ("mean", "correlation"))
    groups = np.repeat(np.arange(len(Z) // 200), 200)
    return TailoredTest(draws=2000).fit(Z, damage, groups=groups)


def test_sensitivities_are_found(tailored) -> None:
    theta = tailored.sensitivity_
    assert theta["mean"] == pytest.approx(1, rel=0.15)
    assert theta["correlation"] == pytest.approx(1, rel=0.3)
    assert max(v for k, v in theta.items() if k not in ("mean", "correlation", "spectrum")) < 0.05
    assert tailored.r2_ > 0.95


def test_it_alarms_at_harm_and_passes_what_does_none(tailored) -> None:
    u = draws((1, 16, 16), 400, seed=5)

    def power(x: np.ndarray) -> float:
        return float((tailored.check(x).p_values < 0.05).mean())

    assert power(broken(u, "mean", strength=0.3)) > 0.9
    assert power(broken(u, "correlation", strength=0.3)) > 0.9
    for name, strength in (("sparsity", 0.5), ("quantisation", 4), ("variance", 16)):
        assert power(broken(u, name, strength=strength)) < 0.12
    rejected = za.check(broken(u, "quantisation", strength=4)).p_values["ks"] < 0.05
    assert rejected.mean() > 0.9  # a test of anything sees it
    found = tailored.check(broken(u, "mean", strength=0.4))
    assert np.mean(found.foremost == "mean") > 0.9
    assert not found.plausible().all()
    assert len(found.to_dict()["damage"]) == len(found) == 400


def test_false_alarms_are_right_whatever_was_fitted(tailored) -> None:
    p = tailored.check(draws((1, 16, 16), 4000, seed=9)).p_values
    for level in (0.01, 0.05, 0.2):
        assert (p < level).mean() == pytest.approx(level, abs=5 * np.sqrt(level / 1300))


def test_a_prior_is_its_own_normal_coordinates() -> None:
    """Under a prior, and on a sphere whose norm is no statistic."""
    prior = za.priors.Independent(za.priors.marginals.Laplace(0, 1), (1, 8, 8))
    z = prior.sample(300, seed=1)
    bad = prior.from_normal(broken(prior.to_normal(z), "mean", strength=0.6))
    damage = np.repeat([0.0, 1.0], 300)
    test = TailoredTest(prior, draws=500).fit(np.concatenate([z, bad]), damage)
    assert (test.check(bad).p_values < 0.05).mean() > 0.9
    sphere = za.priors.Hypersphere(32)
    z = sphere.sample(200, seed=1)
    test = TailoredTest(sphere, draws=500).fit(z, np.arange(200.0))
    assert test.sensitivity_["norm"] == 0


def test_a_harmless_model_alarms_at_nothing() -> None:
    u = draws((16,), 50)
    test = TailoredTest(draws=100).fit(u, np.zeros(50))
    assert test.check(10 * u).p_values.tolist() == [1.0] * 50


def test_bad_fits_are_refused(tailored) -> None:
    u = draws((16,), 5)
    with pytest.raises(BadInput, match="not fitted yet"):
        TailoredTest().check(u)
    with pytest.raises(BadInput, match="`damage` must hold a finite number for each of 5"):
        TailoredTest().fit(u, [1, 2])
    with pytest.raises(BadInput, match="`groups` must have shape"):
        TailoredTest(draws=100).fit(u, np.zeros(5), groups=[1])
    with pytest.raises(BadInput, match="at least 100, got 3"):
        TailoredTest(draws=3).fit(u, np.zeros(5))
    with pytest.raises(BadInput, match="weights of at least 0"):
        TailoredTest(draws=100).fit(u, np.zeros(5), sample_weight=np.zeros(5))
    for other in (u, draws((1, 8, 8), 5), draws((4, 8, 8), 5)):
        with pytest.raises(BadInput, match=r"of latents of shape \(1, 16, 16\) each.*got latents"):
            tailored.check(other)


def test_the_example_of_the_page_finds_the_mean_alone() -> None:
    u = draws((1, 8, 8))
    cases = [(name, s) for name in breakages((1, 8, 8)) for s in BREAKAGES[name].strengths]
    Z = np.concatenate([u, *(broken(u, name, strength=s) for name, s in cases)])
    harms = [0.0, *(27 * (s / 0.4) ** 2 if name == "mean" else 0.0 for name, s in cases)]
    groups = np.repeat(np.arange(len(harms)), 200)
    theta = TailoredTest().fit(Z, np.repeat(harms, 200), groups=groups).sensitivity_
    assert theta.pop("mean") == pytest.approx(3.1, abs=0.1)
    assert max(theta.values()) < 0.1
