"""Norm-aware optimisation, against the same measure written out in D dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from zalgebra.algebra import likely_paths, nao
from zalgebra.algebra.nao import nao_coefficients
from zalgebra.types import BadInput, DegenerateWeights


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def realised(w, x: np.ndarray) -> np.ndarray:
    return nao_coefficients(np.atleast_2d(np.asarray(w, float)), x @ x.T, x.shape[1]) @ x


def line(n: int) -> np.ndarray:
    t = np.linspace(0, 1, n)
    return np.stack([1 - t, t], axis=1)


def measure(nodes: np.ndarray) -> float:
    """Σ -log P(|mid|) |step| of nodes (N + 1, D), by scipy's chi law."""
    mid, step = (nodes[1:] + nodes[:-1]) / 2, np.diff(nodes, axis=0)
    prior = stats.chi(nodes.shape[1])
    return -prior.logpdf(np.linalg.norm(mid, axis=1)) @ np.linalg.norm(step, axis=1)


@pytest.mark.parametrize("D", [2, 3, 50, 784, 16384, 147456])
def test_the_cost_of_a_norm_is_the_chi_law(D) -> None:
    law = likely_paths.ChiLaw(D)
    r = law.mode * np.linspace(0.9, 1.1, 7) + 0.01
    np.testing.assert_allclose(law.cost(r**2)[0], -stats.chi(D).logpdf(r), rtol=1e-8, atol=1e-8)
    assert law.least > 0
    around = law.cost((law.mode * np.array([0.99, 1, 1.01])) ** 2)[0]
    assert around.argmin() == 1


def test_the_gradient_is_that_of_the_cost() -> None:
    w, norms, omega = np.array([1, 2.5]), np.array([6, 8.5]), np.array([1.2, 1.7])
    paths = likely_paths.Paths(norms, 7.2, omega, likely_paths.ChiLaw(50))
    z = paths.start + 0.1 * normal(paths.start.size)
    _, by_rho, by_omega, by_z = paths.cost(7.2, omega, z, w)
    h = 1e-6
    for i in (0, 40, 63, 126, 200, 251):
        e = h * np.eye(z.size)[i]
        slope = (paths.cost(7.2, omega, z + e, w)[0] - paths.cost(7.2, omega, z - e, w)[0]) / 2 / h
        assert by_z[i] == pytest.approx(slope, rel=1e-5, abs=1e-6)
    slope = (paths.cost(7.2 + h, omega, z, w)[0] - paths.cost(7.2 - h, omega, z, w)[0]) / 2 / h
    assert by_rho == pytest.approx(slope, rel=1e-5)
    for j in (0, 1):
        e = h * np.eye(2)[j]
        slope = (paths.cost(7.2, omega + e, z, w)[0] - paths.cost(7.2, omega - e, z, w)[0]) / 2 / h
        assert by_omega[j] == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("D", [50, 784, 16384, 147456])
def test_paths_and_centroids_stay_near_the_mode(D) -> None:
    x, mode = normal(5, D, seed=D), np.sqrt(D - 1)
    norms = np.linalg.norm(realised(line(31)[5:-5], x[:2]), axis=1)
    assert np.abs(norms - mode).max() < 0.6  # one standard deviation of the chi law is 0.7
    assert np.linalg.norm(realised(np.ones(5), x)) == pytest.approx(mode, abs=0.2)


def test_ends_are_exact_and_one_weight_is_its_seed() -> None:
    x = normal(3, 64)
    c = nao_coefficients(np.array([[1.0, 0, 0], [0, 0, 7], [2, 0, 0]]), x @ x.T, 64)
    np.testing.assert_array_equal(c, np.eye(3)[[0, 2, 0]])
    for t in (1e-9, 1 - 1e-9):
        np.testing.assert_allclose(realised([1 - t, t], x[:2])[0], x[round(t)], atol=1e-6)


def test_the_path_goes_at_an_even_pace() -> None:
    step = np.linalg.norm(np.diff(realised(line(17), normal(2, 400)), axis=0), axis=1)
    np.testing.assert_allclose(step, step.mean(), rtol=0.05)


def test_two_of_three_seeds_make_the_path_of_two() -> None:
    x, w = normal(3, 100), line(5)
    wide = np.insert(w, 1, 0, axis=1)
    np.testing.assert_array_equal(realised(wide, x), realised(w, x[[0, 2]]))


@pytest.mark.parametrize("D", [5, 50, 16384])
def test_swapping_the_ends_reverses_the_path(D) -> None:
    x = np.abs(normal(2, D)) if D == 5 else normal(2, D)
    np.testing.assert_allclose(realised(line(9), x[::-1])[::-1], realised(line(9), x), atol=1e-5)


def test_permuting_seeds_permutes_coefficients() -> None:
    x, order = normal(5, 300), np.array([3, 0, 4, 1, 2])
    w = np.array([[1.0, 1, 1, 1, 1], [1, 1.3, 0.7, 0, 1], [0, 0.2, 0, 0.8, 0]])
    c = nao_coefficients(w, x @ x.T, 300)
    y = x[order]
    np.testing.assert_allclose(nao_coefficients(w[:, order], y @ y.T, 300), c[:, order], atol=1e-5)


@pytest.mark.parametrize("scale", [1e-6, 3, 1e6])
def test_the_scale_of_a_row_does_not_matter(scale) -> None:
    x, w = normal(3, 100), np.array([[1.0, 2, 0], [1, 1.2, 0.9]])
    np.testing.assert_allclose(realised(scale * w, x), realised(w, x), atol=1e-6)


@pytest.mark.parametrize("scale", [1, 0.8, 1.25])
def test_no_other_path_is_shorter(scale) -> None:
    a, b = scale * normal(2, 50)
    nodes = realised(line(likely_paths.SEGMENTS + 1), np.stack([a, b]))
    best, rng = measure(nodes), np.random.default_rng(1)
    for size in (0.3, 0.03):
        for waves in (1, 2, 5):
            bump = np.sin(np.pi * waves * np.linspace(0, 1, len(nodes)))[:, None]
            assert measure(nodes + size * bump * rng.standard_normal(50)) > best
    straight, omega = line(len(nodes)) @ np.stack([a, b]), np.arccos(a @ b / np.sqrt(a @ a * b @ b))
    arc = np.sin(line(len(nodes)) * omega) / np.sin(omega) @ np.stack([a, b])
    assert best < min(measure(straight), measure(arc))


def test_a_path_agrees_with_the_descent_in_all_dimensions() -> None:
    a, b = normal(2, 50)
    found = realised(line(likely_paths.SEGMENTS + 1), np.stack([a, b]))

    def cost(inner: np.ndarray) -> tuple[float, np.ndarray]:
        nodes = np.concatenate([[a], inner.reshape(-1, 50), [b]])
        mid, step = (nodes[1:] + nodes[:-1]) / 2, np.diff(nodes, axis=0)
        r, d = np.linalg.norm(mid, axis=1), np.linalg.norm(step, axis=1)
        n = -stats.chi(50).logpdf(r)
        firm = 2.0  # any firmness of the even distances has the same path
        by_mid = (d * (r - 49 / r) / r)[:, None] * mid
        by_step = ((n + 2 * firm * (d - d.mean())) / d)[:, None] * step
        gradient = np.zeros_like(nodes)
        gradient[:-1] += by_mid / 2 - by_step
        gradient[1:] += by_mid / 2 + by_step
        return float(n @ d + firm * np.sum((d - d.mean()) ** 2)), gradient[1:-1].ravel()

    noise = 0.01 * normal(len(found) - 2, 50, seed=1)  # as the authors' code starts
    start = (line(len(found)) @ np.stack([a, b]))[1:-1] + noise
    options = {"maxiter": 3000, "maxfun": 5000, "ftol": 1e-14}
    outcome = optimize.minimize(cost, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    nodes = np.concatenate([[a], outcome.x.reshape(-1, 50), [b]])
    assert measure(found) == pytest.approx(measure(nodes), rel=1e-3)
    np.testing.assert_allclose(found, nodes, atol=0.1)


def test_no_other_point_is_a_better_centroid() -> None:
    x, w = normal(4, 60), np.array([1, 1.2, 0.9, 0.8])
    c = realised(w, x)[0]

    def total(c: np.ndarray) -> float:
        way = [realised(line(likely_paths.SEGMENTS + 1), np.stack([a, c])) for a in x]
        return float(w @ [measure(nodes) for nodes in way])

    best, rng = total(c), np.random.default_rng(0)
    for size in (0.1, 0.5):
        for _ in range(4):
            inside = size * rng.standard_normal(4) @ x / np.sqrt(60)
            assert total(c + inside) > best
        assert total(c + size * rng.standard_normal(60)) > best


def test_the_centroid_is_a_median() -> None:
    x = normal(3, 500)
    np.testing.assert_array_equal(realised([5, 1, 1], x)[0], x[0])  # holds against any pull
    np.testing.assert_array_equal(realised([1, 1, 1, 1], x[[0, 0, 1, 2]])[0], x[0])
    c = nao_coefficients(np.ones((1, 3)), x @ x.T, 500)
    np.testing.assert_allclose(c, 1 / np.sqrt(3), atol=0.05)
    # Between two seeds lies a third: it is at distance 0 of itself and on the way of the others.
    between = realised([1, 1], x[:2])
    np.testing.assert_array_equal(
        realised([1, 1, 1], np.concatenate([x[:2], between]))[0], between[0]
    )


def test_equal_and_parallel_seeds_have_a_path() -> None:
    a, b = normal(2, 100)
    np.testing.assert_allclose(realised(line(5), np.stack([a, a])), np.stack([a] * 5), rtol=1e-9)
    radial = realised(line(5), np.stack([a, 1.1 * a]))
    np.testing.assert_allclose(radial, np.linspace(1, 1.1, 5)[:, None] * a, rtol=1e-3)
    close = np.stack([a, a + 1e-6 * b])
    np.testing.assert_allclose(realised(line(5), close), line(5) @ close, atol=1e-6)
    np.testing.assert_array_equal(realised([1, 1, 1], np.stack([a, a, a]))[0], a)


def test_seeds_that_miss_their_prior_are_led_over_likely_norms() -> None:
    norms = np.linalg.norm(realised(line(9), 0.7 * normal(2, 784)), axis=1)
    np.testing.assert_allclose(norms[2:-2], np.sqrt(783), atol=0.2)


def test_what_has_no_path_gets_a_sentence() -> None:
    x = normal(3, 40)
    with pytest.raises(BadInput, match=r"weights of at least 0, got -0\.5; use method='lol'"):
        realised([1, -0.5, 0], x)
    with pytest.raises(DegenerateWeights, match="a seed with a weight in each row"):
        realised([[1, 0, 0], [0, 0, 0]], x)
    with pytest.raises(DegenerateWeights, match="one that is all zeros"):
        realised([1, 1, 0], x * [[1], [0], [1]])
    with pytest.raises(DegenerateWeights, match="no one path between opposite latents"):
        realised([1, 1], np.stack([x[0], -2 * x[0]]))
    with pytest.raises(BadInput, match="at least 2 entries, got 1"):
        realised([1, 1], normal(2, 1))
    assert realised([1, 1, 0], x * [[1], [1], [0]]).shape == (1, 40)  # no weight, no matter


def test_seeds_that_cancel_get_a_sentence(monkeypatch) -> None:
    monkeypatch.setattr(nao, "_is_median", lambda *_: False)  # each of these seeds is one
    x = np.array([[1.0, 0], [-0.5, np.sqrt(0.75)], [-0.5, -np.sqrt(0.75)]])
    with pytest.raises(DegenerateWeights, match="the seeds cancel"):
        realised([1, 1, 1], x)


def test_an_optimisation_that_does_not_settle_says_so(monkeypatch) -> None:
    monkeypatch.setattr(nao, "MAX_STEPS", 3)
    with pytest.raises(BadInput, match="did not settle in 3 steps"):
        realised([1, 1], normal(2, 400))
