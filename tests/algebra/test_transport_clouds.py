"""Barycentres of point clouds: closed forms, POT, and what makes a barycentre one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

import zalgebra as za
from zalgebra.algebra import transport
from zalgebra.algebra.transport import cloud_barycenter
from zalgebra.algebra.transport.freesupport import Clouds, starts
from zalgebra.types import BadInput

pytest.importorskip("ot")
LAW = settings(max_examples=30, deadline=None, derandomize=True)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def shares(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(n))


def pot():
    from zalgebra.algebra.transport.discrete import _pot

    return _pot()


def squared(x, y, a=None, b=None) -> float:
    """W2² by POT alone."""
    ot = pot()
    given = [np.full(len(z), 1 / len(z)) if m is None else m for z, m in ((x, a), (y, b))]
    return float(ot.emd2(*given, ot.dist(x, y)))


def three(n: int = 40, D: int = 2, seed: int = 0) -> list[np.ndarray]:
    return [normal(n, D, seed=seed + i) @ normal(D, D, seed=seed + 50 + i) + i for i in range(3)]


def in_order(x: np.ndarray) -> np.ndarray:
    return x[np.lexsort(x.round(6).T)]


# Two clouds, where the answer is known


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_a_cloud_and_its_translate_have_a_translate(t) -> None:
    x, shift = normal(30, 3), np.array([2.0, -1.0, 5.0])
    found = cloud_barycenter([x, x[::-1] + shift], [1 - t, t])
    np.testing.assert_allclose(found.points, x + t * shift, atol=1e-12)
    np.testing.assert_allclose(found.masses, 1 / 30)
    assert found.cost == pytest.approx(t * (1 - t) * shift @ shift)


CASES = {
    "equal masses": (20, 20, False),
    "sizes": (20, 33, False),
    "sizes and masses": (20, 33, True),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("D", [1, 2, 12])
def test_two_clouds_are_displaced_at_constant_speed(case, D) -> None:
    n, m, weighted = CASES[case]
    x, y = normal(n, D), 2 * normal(m, D, seed=1) + 1
    a, b = (shares(n), shares(m, 1)) if weighted else (np.full(n, 1 / n), np.full(m, 1 / m))
    t = np.array([0.0, 0.2, 0.5, 1.0])
    found = cloud_barycenter([x, y], np.stack([1 - t, t], axis=1), masses=[a, b])
    assert found.points.shape[1] <= n + m - 1
    assert np.sum(found.masses) == pytest.approx(1)
    W2 = squared(x, y, a, b)
    for s, points, cost in zip(t, found.points, found.cost, strict=True):
        assert squared(points, x, found.masses, a) == pytest.approx(s**2 * W2, abs=1e-9)
        assert squared(points, y, found.masses, b) == pytest.approx((1 - s) ** 2 * W2, abs=1e-9)
        assert cost == pytest.approx(s * (1 - s) * W2, abs=1e-9)


def test_the_descent_ends_where_the_closed_form_is() -> None:
    x, y = normal(30, 2), 2 * normal(30, 2, seed=1)
    for w in ([0.8, 0.2], [0.1, 0.9]):
        exact = cloud_barycenter([x, y], w)
        found = cloud_barycenter([x, y], w, n_points=30)
        np.testing.assert_allclose(in_order(found.points), in_order(exact.points), atol=1e-9)
        assert found.cost == pytest.approx(exact.cost)


# On the line


def test_on_the_line_quantiles_are_averaged() -> None:
    clouds, w = [normal(50, 1, seed=i) ** (i + 1) for i in range(3)], np.array([0.2, 0.5, 0.3])
    found = cloud_barycenter(clouds, w).points
    expected = w @ np.array([np.sort(x[:, 0]) for x in clouds])
    np.testing.assert_allclose(np.sort(found[:, 0]), expected, atol=1e-9)


def test_on_the_line_masses_are_heeded() -> None:
    x, y, a, b = normal(7, 1), normal(11, 1, seed=1), shares(7), shares(11, 1)
    found = cloud_barycenter([x, y], [0.75, 0.25], masses=[5 * a, b])
    p = np.linspace(0.003, 0.997, 200)

    def quantile(points, masses) -> np.ndarray:
        order = np.argsort(points[:, 0])
        return points[order, 0][np.searchsorted(np.cumsum(masses[order]), p)]

    expected = 0.75 * quantile(x, a) + 0.25 * quantile(y, b)
    np.testing.assert_allclose(quantile(found.points, found.masses), expected, atol=1e-9)


# Any number of clouds


def test_one_cloud_is_its_own() -> None:
    x, a = normal(12, 3), shares(12)
    found = cloud_barycenter([x], masses=[a])
    np.testing.assert_allclose(found.points, x, atol=1e-12)
    np.testing.assert_allclose(found.masses, a)
    assert found.cost == 0


def test_all_weight_on_one_gives_it_back() -> None:
    clouds = three()
    found = cloud_barycenter(clouds, np.eye(3))
    for x, points, cost in zip(clouds, found.points, found.cost, strict=True):
        np.testing.assert_allclose(in_order(points), in_order(x), atol=1e-9)
        assert cost == pytest.approx(0, abs=1e-12)


@LAW
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 5))
def test_no_cloud_costs_less_and_the_cost_is_what_pot_says(seed, D, k) -> None:
    clouds = [normal(15, D, seed=seed + i) * (1 + i) for i in range(k)]
    w = shares(k, seed)
    found = cloud_barycenter(clouds, w)
    costs = [sum(w[i] * squared(x, clouds[i]) for i in range(k)) for x in (found.points, *clouds)]
    assert found.cost == pytest.approx(costs[0])
    assert costs[0] <= min(costs[1:]) + 1e-12


def test_no_near_cloud_costs_less() -> None:
    clouds, w = three(), [0.2, 0.5, 0.3]
    found = cloud_barycenter(clouds, w)
    for seed in range(20):
        near = found.points + 0.02 * normal(40, 2, seed=seed)
        cost = sum(w_i * squared(near, x) for w_i, x in zip(w, clouds, strict=True))
        assert found.cost < cost


def test_pot_agrees_from_the_same_start() -> None:
    ot = pot()
    clouds = [normal(25, 3), 2 * normal(40, 3, seed=1) + 1, normal(31, 3, seed=2) - 3]
    masses, w = [shares(25), shares(40, 1), shares(31, 2)], np.array([0.5, 0.2, 0.3])
    init = normal(20, 3, seed=3)
    theirs = ot.lp.free_support_barycenter(
        clouds, masses, init, weights=w, numItermax=300, stopThr=1e-20
    )
    ours = cloud_barycenter(clouds, w, masses=masses, init=init)
    np.testing.assert_allclose(ours.points, theirs, atol=1e-9)


@pytest.mark.parametrize("k", [2, 3])
def test_the_order_of_points_and_clouds_does_not_matter(k) -> None:
    clouds, w = three()[:k], np.array([0.5, 0.2, 0.3])[:k]
    shuffled = [x[np.random.default_rng(i).permutation(40)] for i, x in enumerate(clouds)]
    one = cloud_barycenter(clouds, w)
    two = cloud_barycenter(shuffled[::-1], w[::-1])
    np.testing.assert_allclose(in_order(one.points), in_order(two.points), atol=1e-9)
    assert one.cost == pytest.approx(two.cost)


@pytest.mark.parametrize("k", [2, 3])
def test_it_moves_with_the_clouds(k) -> None:
    clouds, Q = three(D=4)[:k], np.linalg.qr(normal(4, 4, seed=9))[0]
    one = cloud_barycenter(clouds)
    two = cloud_barycenter([3 * x @ Q + 100 for x in clouds])
    np.testing.assert_allclose(two.points, 3 * one.points @ Q + 100, atol=1e-9)
    assert two.cost == pytest.approx(9 * one.cost)


def test_clouds_far_from_the_origin_keep_their_digits() -> None:
    clouds = three()
    far = cloud_barycenter([x + 1e12 for x in clouds])  # where one ulp is 1e-4
    np.testing.assert_allclose(far.points - 1e12, cloud_barycenter(clouds).points, atol=1e-3)


def test_samples_of_gaussians_approach_the_closed_form() -> None:
    w = np.array([0.3, 0.5, 0.2])
    groups = [
        za.priors.Gaussian(2 * normal(2, seed=i), A @ A.T + 0.1 * np.eye(2))
        for i, A in enumerate(normal(3, 2, 2, seed=7))
    ]
    true = transport.barycenter(groups, weights=w)
    gaps = []
    for n in (40, 640):
        clouds = [g.sample(n, seed=i, like=np.zeros(1)) for i, g in enumerate(groups)]
        gaps.append(transport.bures(cloud_barycenter(clouds, w).points, true))
    assert gaps[1] < 0.12 < gaps[0]


# Rows of weights


def test_the_points_of_a_strip_belong_together() -> None:
    """Through three clouds: on each leg every point goes straight, at its own constant speed."""
    clouds = three(n=25)
    legs = [np.array([[1 - t, t, 0], [0, 1 - t, t]]) for t in np.linspace(0, 1, 5)]
    found = cloud_barycenter(clouds, np.stack(legs, axis=1))
    assert found.points.shape == (2, 5, 25, 2)
    assert found.cost.shape == (2, 5)
    steps = np.diff(found.points, axis=1)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=1e-9)
    np.testing.assert_allclose(found.points[0, -1], found.points[1, 0], atol=1e-9)
    for leg, (x, y) in enumerate([clouds[:2], clouds[1:]]):
        length = 16 * np.mean(np.sum(steps[leg, 0] ** 2, axis=1))
        assert length == pytest.approx(squared(x, y))


def test_weights_count_by_their_shares_and_a_weight_of_0_leaves_out() -> None:
    x, y, z = three()
    found = cloud_barycenter([x, y, z + 1e3], [2.0, 6.0, 0.0])
    expected = cloud_barycenter([x, y], [0.25, 0.75])
    np.testing.assert_allclose(in_order(found.points), in_order(expected.points), atol=1e-9)


# Where it begins


@pytest.mark.parametrize("w", [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [1, 1, 1]])
def test_it_begins_at_the_cloud_of_least_cost(w) -> None:
    clouds = three(D=6)
    costs = [sum(w_i * squared(x, y) for w_i, y in zip(w, clouds, strict=True)) for x in clouds]
    from_there = cloud_barycenter(clouds, w, init=clouds[int(np.argmin(costs))])
    np.testing.assert_allclose(cloud_barycenter(clouds, w).points, from_there.points, atol=1e-9)


def test_it_does_not_begin_at_a_cloud_of_no_weight() -> None:
    x, y = normal(20, 2), normal(20, 2, seed=1) + 40
    between = 0.01 * normal(20, 2, seed=2) + 20  # nearer to both than they to one another
    found = cloud_barycenter([x, y, between], [0.5, 0.5, 0.0])
    exact = cloud_barycenter([x, y])
    np.testing.assert_allclose(in_order(found.points), in_order(exact.points), atol=1e-9)


def test_a_single_point_draws_the_others_barycentre_to_itself() -> None:
    """And nothing begins there, though it costs least: all points would start as one."""
    x, y, c = normal(20, 6), normal(20, 6, seed=1), normal(1, 6, seed=2)
    found = cloud_barycenter([x, c, y], [0.2, 0.6, 0.2])
    exact = 0.4 * cloud_barycenter([x, y]).points + 0.6 * c
    np.testing.assert_allclose(in_order(found.points), in_order(exact), atol=1e-9)


def test_it_stays_where_it_is_begun_at_rest() -> None:
    clouds = [x + 100 for x in three()]
    ended = cloud_barycenter(clouds)
    again = cloud_barycenter(clouds, init=ended.points, max_iterations=1)
    np.testing.assert_allclose(again.points, ended.points, atol=1e-12)


def test_a_start_is_drawn_as_the_masses_say() -> None:
    y, a = np.arange(4.0)[:, None], np.array([0.5, 0.25, 0.0, 0.25])
    (drawn,) = starts(Clouds([y], [a]), [0], 8, np.random.default_rng(0))
    assert drawn[:, 0].tolist() == [0, 0, 0, 0, 1, 1, 3, 3]


# The number of points


def test_few_points_stand_for_many() -> None:
    middles = np.array([[-5.0, 0.0], [0.0, 8.0], [5.0, 0.0]])
    cloud = np.concatenate([m + 0.1 * normal(20, 2, seed=i) for i, m in enumerate(middles)])
    found = cloud_barycenter([cloud], n_points=3)
    expected = cloud.reshape(3, 20, 2).mean(axis=1)
    np.testing.assert_allclose(in_order(found.points), in_order(expected), atol=1e-9)


def test_points_are_where_the_masses_are() -> None:
    cloud = np.array([[0.0], [1.0], [5.0]])
    found = cloud_barycenter([cloud], masses=[[0.5, 0.0, 0.5]], n_points=6)
    np.testing.assert_allclose(np.sort(found.points[:, 0]), [0, 0, 0, 5, 5, 5], atol=1e-12)


def test_clouds_of_many_sizes_are_averaged_by_the_most_points() -> None:
    clouds = [normal(n, 2, seed=n) for n in (10, 24, 17)]
    one, two = (cloud_barycenter(clouds) for _ in range(2))
    assert one.points.shape == (24, 2)
    np.testing.assert_array_equal(one.points, two.points)  # the draw is repeated
    np.testing.assert_allclose(
        one.points.mean(axis=0), np.mean([x.mean(axis=0) for x in clouds], axis=0), atol=1e-9
    )


# Entropic plans


def test_entropic_plans_take_half_epsilon_of_the_variance() -> None:
    q = norm.ppf((np.arange(100) + 0.5) / 100)[:, None]
    exact, blurred = (cloud_barycenter([q, q + 3], reg=reg) for reg in (0.0, 0.2))
    epsilon = 0.2 * 2 * (q.var() + 1.5**2)  # the mean squared distance in the pooled clouds
    assert exact.points.var() == pytest.approx(q.var())
    assert blurred.points.var() == pytest.approx(q.var() - epsilon / 2, rel=0.02)
    assert blurred.points.mean() == pytest.approx(1.5)
    assert blurred.cost > exact.cost


# Arrays of every library


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_library_gets_its_own_back(xp, dtype) -> None:
    clouds = normal(3, 10, 2, 2)
    expected = cloud_barycenter(clouds, [[0.5, 0.2, 0.3]])
    for z in (xp.asarray(clouds, dtype), [xp.asarray(x, dtype) for x in clouds]):
        found = cloud_barycenter(z, [[0.5, 0.2, 0.3]])
        assert tuple(found.points.shape) == (1, 10, 2, 2)
        for name in ("points", "masses", "cost"):
            part = getattr(found, name)
            assert xp.owns(part)
            assert xp.dtype(part) == dtype
            np.testing.assert_allclose(xp.numpy(part), getattr(expected, name), atol=1e-5)


# Refusals

X = normal(6, 2)
REFUSED = {
    r"one shape, got \[\]": lambda: cloud_barycenter([]),
    r"got \[\(2,\), \(2,\)": lambda: cloud_barycenter(X),
    r"got \[\(6, 2\), \(6, 1\)\]": lambda: cloud_barycenter([X, X[:, :1]]),
    r"got \[\(6, 2\), \(0, 2\)\]": lambda: cloud_barycenter([X, X[:0]]),
    r"a sequence of clouds": lambda: cloud_barycenter(3.0),
    r"`clouds\[1\]` must be finite": lambda: cloud_barycenter([X, X * np.nan]),
    r"`weights` must have shape \(\.\.\., 2\)": lambda: cloud_barycenter([X, X], [1.0]),
    r"at least 0, not all 0": lambda: cloud_barycenter([X, X], [-1.0, 2.0]),
    r"got shapes \[\(6,\)\]": lambda: cloud_barycenter([X, X], masses=[np.ones(6)]),
    r"got shapes \[\(5,\)\]": lambda: cloud_barycenter([X], masses=[np.ones(5)]),
    r"one number of at least 0": lambda: cloud_barycenter([X], masses=[np.zeros(6)]),
    r"`n_points` must be at least 1": lambda: cloud_barycenter([X], n_points=0),
    r"of shape \(n, 2\), got \(6, 1\)": lambda: cloud_barycenter([X], init=X[:, :1]),
    r"of shape \(4, 2\), got \(6, 2\)": lambda: cloud_barycenter([X], init=X, n_points=4),
    r"`reg` must be at least 0": lambda: cloud_barycenter([X], reg=-1.0),
    r"`tol` above it, got 0.0 and 0": lambda: cloud_barycenter([X], tol=0.0),
    r"`max_iterations` must be at least 1": lambda: cloud_barycenter([X], max_iterations=0),
    r"did not converge in 1 iterations: the last step": lambda: cloud_barycenter(
        three(), max_iterations=1
    ),
    r"Sinkhorn did not converge": lambda: cloud_barycenter([X, 5 * X], reg=1e-5),
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_refusal_says_why(words) -> None:
    with pytest.raises(BadInput, match=words):
        REFUSED[words]()
