"""Transport maps against closed forms, POT, and what makes a map optimal."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, kstest

import zalgebra as za
from zalgebra.algebra import transport
from zalgebra.algebra.transport.bures import brenier
from zalgebra.types import BadInput, MissingExtra

LAW = settings(max_examples=60, deadline=None, derandomize=True)
ALPHA = 1e-4


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def gaussian(D: int, seed: int, kind: str = "full") -> za.priors.Gaussian:
    mean, factor = normal(D, seed=seed), normal(D, D, seed=seed + 1000)
    cov = {
        "number": 0.1 + factor[0, 0] ** 2,
        "variances": 0.1 + factor[0] ** 2,
        "full": factor @ factor.T / D + 0.1 * np.eye(D),
    }[kind]
    return za.priors.Gaussian(mean, cov)


def matrix(g: za.priors.Gaussian) -> np.ndarray:
    D = g.mean.size
    return g.cov if g.cov.shape == (D, D) else np.diag(np.broadcast_to(g.cov, D))


def numbers(g: za.priors.Gaussian) -> dict[str, np.ndarray]:
    return {"mean": g.mean, "cov": matrix(g)}


def assert_same(a: za.priors.Gaussian, b: za.priors.Gaussian, atol: float = 1e-9) -> None:
    for key, value in numbers(a).items():
        np.testing.assert_allclose(value, numbers(b)[key], atol=atol, err_msg=key)


KINDS = ["number", "variances", "full"]
PAIRS = list(itertools.product(KINDS, KINDS))


# Gaussian maps


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_the_map_is_the_symmetric_positive_one_that_carries_the_source(one, two) -> None:
    a, b = gaussian(5, 1, one), gaussian(5, 2, two)
    T = transport.gaussian_map(a, b)
    A = np.diag(T.matrix) if T.matrix.ndim == 1 else T.matrix
    np.testing.assert_allclose(A, A.T, atol=1e-12)
    assert np.linalg.eigvalsh(A).min() > 0  # the gradient of a convex function: Brenier
    np.testing.assert_allclose(A @ matrix(a) @ A, matrix(b), atol=1e-10)
    np.testing.assert_allclose(T(a.mean[None]), b.mean[None], atol=1e-12)
    assert_same(T.pushforward(), b)


@LAW
@given(*[st.floats(-50, 50)] * 2, *[st.floats(0.01, 100)] * 2)
def test_on_the_line_it_is_a_matter_of_two_numbers(m0, m1, s0, s1) -> None:
    a, b = za.priors.Gaussian(m0, s0**2), za.priors.Gaussian(m1, s1**2)
    assert transport.bures(a, b) == pytest.approx(math.hypot(m1 - m0, s1 - s0), rel=1e-9)
    x = np.array([[m0 + 2 * s0]])
    assert transport.gaussian_map(a, b)(x) == pytest.approx(m1 + 2 * s1, rel=1e-9, abs=1e-9)


@LAW
@given(st.integers(1, 12), st.integers(0, 10_000))
def test_it_does_not_care_for_the_axes(D, seed) -> None:
    a, b, z = gaussian(D, seed), gaussian(D, seed + 1), normal(3, D, seed=seed)
    Q = np.linalg.qr(normal(D, D, seed=seed + 2))[0]
    turned = [za.priors.Gaussian(Q @ g.mean, Q @ matrix(g) @ Q.T) for g in (a, b)]
    expected = transport.gaussian_map(a, b)(z) @ Q.T
    np.testing.assert_allclose(transport.gaussian_map(*turned)(z @ Q.T), expected, atol=1e-7)
    assert transport.bures(*turned) == pytest.approx(transport.bures(a, b))


@LAW
@given(st.integers(1, 8), st.integers(0, 10_000), st.sampled_from(PAIRS))
def test_the_distance_is_one(D, seed, kinds) -> None:
    a, b, c = gaussian(D, seed, kinds[0]), gaussian(D, seed + 1, kinds[1]), gaussian(D, seed + 2)
    assert transport.bures(a, a) <= 1e-7
    assert transport.bures(a, b) == pytest.approx(transport.bures(b, a), rel=1e-7)
    assert transport.bures(a, c) <= transport.bures(a, b) + transport.bures(b, c) + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_is_carried_to_itself_by_the_identity(kind) -> None:
    a, z = gaussian(6, 3, kind), normal(4, 6)
    np.testing.assert_allclose(transport.gaussian_map(a, a)(z), z, atol=1e-10)


def test_groups_that_differ_by_a_shift_are_shifted() -> None:
    Z, shift = normal(50, 3, 2), normal(3, 2, seed=1)
    T = transport.gaussian_map(Z, Z + shift)
    np.testing.assert_allclose(T(Z), Z + shift, atol=1e-7)
    assert T.distance == pytest.approx(np.linalg.norm(shift))


@LAW
@given(st.integers(1, 10), st.integers(0, 10_000), st.sampled_from(PAIRS))
def test_the_way_back_undoes_the_way_there(D, seed, kinds) -> None:
    T = transport.gaussian_map(gaussian(D, seed, kinds[0]), gaussian(D, seed + 1, kinds[1]))
    z = normal(5, D, seed=seed)
    np.testing.assert_allclose(T.inverse()(T(z)), z, atol=1e-7)


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_displacement_goes_at_constant_speed(one, two) -> None:
    a, b = gaussian(5, 4, one), gaussian(5, 5, two)
    T = transport.gaussian_map(a, b)
    assert_same(T.pushforward(0.0), a)
    for s, t in [(0.0, 0.3), (0.2, 0.7), (0.5, 1.0)]:
        W2 = transport.bures(T.pushforward(s), T.pushforward(t))
        assert pytest.approx((t - s) * T.distance) == W2


def test_no_other_coupling_of_two_gaussians_is_cheaper() -> None:
    """E|T(x) - x|² against other affine maps with the same image, A = Σ1^½ Q Σ0^{-½}."""
    a, b = gaussian(4, 6), gaussian(4, 7)
    L0, L1 = np.linalg.cholesky(matrix(a)), np.linalg.cholesky(matrix(b))
    shift = np.sum((a.mean - b.mean) ** 2)
    for seed in range(50):
        Q = np.linalg.qr(normal(4, 4, seed=seed))[0]
        other = shift + np.sum((L1 @ Q - L0) ** 2)
        assert transport.bures(a, b) ** 2 < other


def test_what_follows_the_source_follows_the_target_in_law() -> None:
    a, b = gaussian(16, 8), gaussian(16, 9)
    z = transport.gaussian_map(a, b)(a.sample(4000, seed=0, like=np.zeros(1)))
    centred = z - b.mean
    maha = np.sum(centred @ np.linalg.inv(matrix(b)) * centred, axis=1)
    assert kstest(maha, chi2(16).cdf).pvalue > ALPHA
    for u in b.to_normal(z).T:
        assert kstest(u, "norm").pvalue > ALPHA / 16


def test_a_shift_alone_leaves_the_sources_spread() -> None:
    """What the map adds to a difference of means, in numbers."""
    a, b = gaussian(8, 10), gaussian(8, 11)
    moved = za.priors.Gaussian(b.mean, matrix(a))
    spread = transport.bures(za.priors.Gaussian(a.mean, matrix(b)), a)
    assert transport.bures(moved, b) == pytest.approx(spread)
    assert spread > 0.5


# Groups that do not vary


def test_entries_that_are_dead_in_the_source_alone_are_told() -> None:
    z = normal(400, 4, seed=1)
    dead = z * [1.0, 1.0, 1e-6, 0.0]
    with pytest.warns(UserWarning, match=r"^in 2 of 4 entries `source` hardly varies.*1\.\de\+03"):
        transport.gaussian_map(dead, z)
    with pytest.warns(UserWarning, match="in 1 of 2"):
        transport.gaussian_map(z[:, :2], z[:, :2] * [1.0, 1e-4]).inverse()
    quiet = [(dead, dead), (z, dead), (1e-4 * z, z), (z[:, :1] * 1e-4, z[:, :1])]  # warnings fail
    for source, target in quiet:
        transport.gaussian_map(source, target)
    assert transport.bures(dead, z) == pytest.approx(math.sqrt(2), rel=0.1)


def test_a_source_that_is_one_point_has_a_distance_and_no_map() -> None:
    z = normal(400, 4, seed=1)
    point = np.ones((20, 4))
    with pytest.raises(BadInput, match="`source` is one point beside `target`"):
        transport.gaussian_map(point, z)
    np.testing.assert_allclose(transport.gaussian_map(z, point)(z), 1, atol=1e-6)
    np.testing.assert_allclose(transport.gaussian_map(point, point + 1)(z), z + 1)
    away = np.sum((z.mean(axis=0) - 1) ** 2) + z.var(axis=0).sum()
    assert transport.bures(point, z) == pytest.approx(math.sqrt(away), rel=1e-6)


def test_a_map_says_what_it_is_in_a_line() -> None:
    pytest.importorskip("ot")
    x = normal(40, 2, 3)
    assert repr(transport.gaussian_map(x, x)) == "GaussianMap(latents (2, 3), full matrix)"
    one = za.priors.Normal(shape=(512,))
    assert repr(transport.gaussian_map(one, one)) == "GaussianMap(latents (512,), diagonal matrix)"
    assert repr(transport.discrete_map(x, x[:30])) == "DiscreteMap(40 latents (2, 3) to 30)"


# The arrays of every library


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["variances", "full"])
def test_an_item_is_carried_in_its_own_library(xp, dtype, kind) -> None:
    T = transport.gaussian_map(gaussian(6, 12, kind), gaussian(6, 13, kind))
    check_carries(xp, dtype, T)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_plan_carries_an_item_in_its_own_library(xp, dtype) -> None:
    pytest.importorskip("ot")
    check_carries(xp, dtype, transport.discrete_map(normal(9, 6), normal(7, 6, seed=1)))


def check_carries(xp: Any, dtype: str, T: transport.TransportMap) -> None:
    x = normal(4, 6, seed=2)
    expected = T(x)
    tolerance = {"atol": 1e-5 if dtype == "float32" else 1e-12}
    t = np.array([0.0, 0.25, 1.0])
    for z, want in [
        (T(xp.asarray(x, dtype)), expected),
        (T(xp.asarray(x[0], dtype)), expected[0]),
        (T(xp.asarray(x.reshape(2, 2, 6), dtype)), expected.reshape(2, 2, 6)),
        (T.interpolate(xp.asarray(x, dtype), 0.25), 0.75 * x + 0.25 * expected),
        (
            T.interpolate(xp.asarray(x, dtype), t),
            x + t[:, None, None] * (expected - x),
        ),
    ]:
        assert xp.owns(z)
        assert xp.dtype(z) == dtype
        np.testing.assert_allclose(xp.numpy(z), want, **tolerance)


def test_groups_of_any_library_are_fitted(xp) -> None:
    a, b = normal(40, 2, 3), 2 * normal(40, 2, 3, seed=1)
    T = transport.gaussian_map(xp.asarray(a), xp.asarray(b))
    assert T.shape == (2, 3)
    np.testing.assert_allclose(T(a), transport.gaussian_map(a, b)(a))


def test_half_precision_stays_half() -> None:
    T = transport.gaussian_map(gaussian(6, 12), gaussian(6, 13))
    z = normal(4, 6)
    moved = T(z.astype("float16"))
    assert moved.dtype == "float16"
    np.testing.assert_allclose(moved, T(z), atol=0.02)


def test_the_derivative_is_the_maps_matrix_in_torch_and_jax() -> None:
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    T = transport.gaussian_map(gaussian(4, 14), gaussian(4, 15))
    z = normal(4)
    J = torch.autograd.functional.jacobian(T, torch.tensor(z)).numpy()
    np.testing.assert_allclose(J, T.matrix, atol=1e-12)
    np.testing.assert_allclose(jax.jacobian(T)(jax.numpy.asarray(z)), T.matrix, atol=1e-12)


def test_it_compiles_and_batches_in_jax() -> None:
    jax = pytest.importorskip("jax")
    pytest.importorskip("ot")
    z = jax.numpy.asarray(normal(5, 4, seed=2), dtype="float32")
    for T in (
        transport.gaussian_map(gaussian(4, 14), gaussian(4, 15)),
        transport.discrete_map(normal(9, 4), normal(9, 4, seed=1)),
    ):
        both = jax.jit(lambda z, t, T=T: (jax.vmap(T)(z), T.interpolate(z, t)))
        moved, halfway = both(z, 0.5)
        np.testing.assert_allclose(moved, T(z), atol=1e-5)
        np.testing.assert_allclose(halfway, T.interpolate(z, 0.5), atol=1e-5)


def test_dask_stays_lazy() -> None:
    da = pytest.importorskip("dask.array")
    dask = pytest.importorskip("dask")
    pytest.importorskip("ot")

    def refuse(dsk: Any, keys: Any, **kwargs: Any) -> None:
        raise AssertionError("computed too early")

    z = da.from_array(normal(8, 4), chunks=(3, 4))
    maps = [
        transport.gaussian_map(gaussian(4, 14), gaussian(4, 15)),
        transport.discrete_map(normal(9, 4), normal(9, 4, seed=1)),
    ]
    with dask.config.set(scheduler=refuse):
        lazy = [T.interpolate(z, 0.5) for T in maps]
    for T, result in zip(maps, lazy, strict=True):
        np.testing.assert_allclose(result.compute(), T.interpolate(normal(8, 4), 0.5))


# Large latents


def test_diagonal_covariances_have_no_limit_of_size() -> None:
    D = 100_000
    a = za.priors.Gaussian(np.zeros(D), 4.0)
    b = za.priors.Gaussian(np.ones(D), np.full(D, 9.0))
    T = transport.gaussian_map(a, b)
    np.testing.assert_allclose(T(np.ones((1, D)))[0, :3], 2.5)
    assert T.distance == pytest.approx(math.sqrt(2 * D))


def test_a_float32_item_far_from_the_origin_keeps_its_digits() -> None:
    m = np.full(4, 1e4)
    a = za.priors.Gaussian(m, matrix(gaussian(4, 1)))
    b = za.priors.Gaussian(m, matrix(gaussian(4, 2)))
    T = transport.gaussian_map(a, b)
    z = (m + normal(5, 4)).astype("float32")
    np.testing.assert_allclose(T(z), T(z.astype(float)), atol=2e-3)  # one ulp is 1e-3


# Barycentres


@pytest.mark.parametrize("kind", KINDS)
def test_equal_gaussians_average_to_themselves(kind) -> None:
    a = gaussian(5, 20, kind)
    assert_same(transport.barycenter([a, a, a]), a)


@pytest.mark.parametrize(("one", "two"), PAIRS)
@pytest.mark.parametrize("t", [0.5, 0.2])
def test_two_average_to_a_point_of_the_way_between_them(one, two, t) -> None:
    a, b = gaussian(5, 21, one), gaussian(5, 22, two)
    expected = transport.gaussian_map(a, b).pushforward(t)
    assert_same(transport.barycenter([a, b], weights=[1 - t, t]), expected, atol=1e-7)


def test_diagonal_ones_average_their_standard_deviations() -> None:
    groups = [za.priors.Gaussian([m, -m], [s**2, 1.0]) for m, s in [(0, 1), (3, 2), (6, 9)]]
    mean = transport.barycenter(groups, weights=[1, 1, 2])
    assert_same(mean, za.priors.Gaussian([3.75, -3.75], [5.25**2, 1.0]))


def test_the_fixed_point_agrees_with_the_diagonal_formula() -> None:
    """Commuting covariances in turned axes, where nothing shows that they commute."""
    Q, sd = np.linalg.qr(normal(4, 4))[0], 0.2 + np.abs(normal(3, 4, seed=1))
    groups = [za.priors.Gaussian(np.zeros(4), Q @ np.diag(s**2) @ Q.T) for s in sd]
    expected = Q @ np.diag(sd.mean(axis=0) ** 2) @ Q.T
    np.testing.assert_allclose(transport.barycenter(groups).cov, expected, atol=1e-8)


def test_the_barycentre_is_the_least_of_its_neighbours() -> None:
    groups, w = [gaussian(4, 30 + i) for i in range(4)], np.array([0.1, 0.2, 0.3, 0.4])
    best = transport.barycenter(groups, weights=w)

    def objective(g: za.priors.Gaussian) -> float:
        return float(w @ [transport.bures(g, other) ** 2 for other in groups])

    for seed in range(20):
        step = 0.05 * normal(4, 4, seed=seed)
        near = za.priors.Gaussian(best.mean + 0.05 * normal(4, seed=seed), best.cov)
        other = (np.eye(4) + step + step.T) @ best.cov @ (np.eye(4) + step + step.T)
        wide = za.priors.Gaussian(best.mean, other)
        assert objective(best) < min(objective(near), objective(wide))


def test_a_weight_of_nothing_leaves_a_group_out() -> None:
    a, b = gaussian(4, 23), gaussian(4, 24)
    assert_same(transport.barycenter([a, b], weights=[3, 0]), a)


# POT, which shares no line with this


def test_pot_agrees_on_gaussians() -> None:
    ot = import_pot()
    a, b, c = gaussian(7, 40), gaussian(7, 41), gaussian(7, 42)
    T = transport.gaussian_map(a, b)
    A, shift = ot.gaussian.bures_wasserstein_mapping(a.mean, b.mean, a.cov, b.cov)
    np.testing.assert_allclose(T.matrix, A, atol=1e-8)
    np.testing.assert_allclose(T(np.zeros((1, 7))), shift.reshape(1, 7), atol=1e-8)
    W2 = ot.gaussian.bures_wasserstein_distance(a.mean, b.mean, a.cov, b.cov)
    assert pytest.approx(W2) == T.distance
    w = np.array([0.5, 0.2, 0.3])
    mean, cov = ot.gaussian.bures_wasserstein_barycenter(
        np.stack([g.mean for g in (a, b, c)]),
        np.stack([g.cov for g in (a, b, c)]),
        weights=w,
        num_iter=1000,
        eps=1e-12,
    )
    ours = transport.barycenter([a, b, c], weights=w)
    assert_same(ours, za.priors.Gaussian(mean.ravel(), cov), atol=1e-6)


@pytest.mark.parametrize("reg", [0.0, 0.1])
def test_pot_agrees_on_samples_and_on_items_outside_them(reg) -> None:
    ot = import_pot()
    x, y, new = normal(30, 3), 2 * normal(20, 3, seed=1) + 1, normal(10, 3, seed=2)
    T = transport.discrete_map(x, y, reg=reg)
    mean = ot.dist(x, y).mean()
    kind = {"out_of_sample_map": "ferradans"}
    entropic = ot.da.SinkhornTransport(reg_e=reg * mean, **kind)
    theirs = entropic if reg else ot.da.EMDTransport(**kind)
    theirs.fit(Xs=x, Xt=y)
    np.testing.assert_allclose(T(x), theirs.transform(Xs=x), atol=1e-6)
    np.testing.assert_allclose(T(new), theirs.transform(Xs=new), atol=1e-6)
    back = theirs.inverse_transform(Xt=y)
    np.testing.assert_allclose(T.inverse()(y), back, atol=1e-6)


def import_pot() -> Any:
    pytest.importorskip("ot")
    from zalgebra.algebra.transport.discrete import _pot

    return _pot()


# Discrete maps


def test_the_plan_between_one_sample_in_two_orders_is_the_order() -> None:
    pytest.importorskip("ot")
    x, order = normal(40, 5), np.random.default_rng(1).permutation(40)
    T = transport.discrete_map(x, x[order] + 0.01)
    np.testing.assert_allclose(T.plan[:, np.argsort(order)] * 40, np.eye(40), atol=1e-12)
    np.testing.assert_allclose(T(x), x + 0.01, atol=1e-12)
    assert T.distance == pytest.approx(0.01 * math.sqrt(5))
    np.testing.assert_allclose(T.inverse()(x + 0.01), x, atol=1e-9)


def test_on_the_line_the_plan_sorts() -> None:
    pytest.importorskip("ot")
    x, y = normal(25, 1), 3 * normal(25, 1, seed=1)
    moved = transport.discrete_map(x, y)(x)
    np.testing.assert_allclose(np.sort(moved[:, 0]), np.sort(y[:, 0]))
    assert np.all(np.diff(moved[np.argsort(x[:, 0]), 0]) >= 0)


def test_a_plan_keeps_both_masses_and_an_entropic_one_costs_more() -> None:
    pytest.importorskip("ot")
    x, y = normal(30, 2, 2), 2 * normal(20, 2, 2, seed=1)
    exact, smooth = (transport.discrete_map(x, y, reg=reg) for reg in (0.0, 0.1))
    for T in (exact, smooth):
        np.testing.assert_allclose(T.plan.sum(axis=1), 1 / 30, atol=1e-6)
        np.testing.assert_allclose(T.plan.sum(axis=0), 1 / 20, atol=1e-6)
    assert exact.distance < smooth.distance
    assert smooth(x).var() < exact(x).var()  # an entropic image is narrower


def test_a_small_reg_does_not_underflow() -> None:
    pytest.importorskip("ot")
    x = np.eye(12)
    T = transport.discrete_map(x, x[::-1] + 3.0, reg=1e-3)  # every exp(-cost / reg) is 0
    np.testing.assert_allclose(T(x), x + 3.0, atol=0.01)


def test_another_item_moves_as_the_nearest_of_the_sample() -> None:
    pytest.importorskip("ot")
    x = np.array([[0.0, 0.0], [10.0, 0.0]]) + 1000
    displacement = np.array([[0.0, 1.0], [0.0, 2.0]])
    T = transport.discrete_map(x, x + displacement)
    z = np.array([[2.0, 5.0], [9.0, -3.0]]) + 1000
    for dtype in ("float32", "float64"):
        np.testing.assert_allclose(T(z.astype(dtype)), z + displacement)


def test_on_a_dense_sample_the_two_maps_agree() -> None:
    pytest.importorskip("ot")
    a, b = gaussian(2, 50), gaussian(2, 51)
    like = np.zeros(1)
    T = transport.discrete_map(a.sample(700, seed=0, like=like), b.sample(700, seed=1, like=like))
    z = a.sample(200, seed=2, like=like)
    gap = np.linalg.norm(T(z) - transport.gaussian_map(a, b)(z), axis=1)
    assert np.median(gap) < 0.25 * transport.bures(a, b)


@pytest.mark.slow
def test_pot_is_imported_alone_and_the_environment_is_left_as_it_was() -> None:
    pytest.importorskip("ot")
    code = (
        "import os, sys, numpy as np; before = dict(os.environ)\n"
        "from zalgebra.algebra import transport\n"
        "assert 'ot' not in sys.modules\n"
        "transport.discrete_map(np.eye(3), np.eye(3))\n"
        "assert dict(os.environ) == before\n"
        "assert not {'torch', 'jax', 'tensorflow', 'cupy'} & set(sys.modules)\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("POT_BACKEND")}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def test_without_pot_a_sentence_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(MissingExtra, match=r"zalgebra\[transport\]"):
        transport.discrete_map(normal(3, 2), normal(3, 2))


# Refusals


Z = normal(16, 3)
REFUSED = {
    "at least 16 latents": lambda: transport.gaussian_map(Z[:1], Z),
    "needs no spread": lambda: transport.bures(Z, Z[:15]),
    r"`target` must be a Gaussian or at least 16": lambda: transport.gaussian_map(Z, Z[0]),
    r"one shape, got \(3,\) and \(2,\)": lambda: transport.gaussian_map(Z, Z[:, :2]),
    r"`target` must be finite": lambda: transport.gaussian_map(Z, Z * np.nan),
    r"without a shape": lambda: transport.gaussian_map(za.priors.Normal(), Z),
    r"`z` must be latents of shape \(3,\)": lambda: transport.gaussian_map(Z, Z)(Z[:, :2]),
    r"`z` must be finite": lambda: transport.gaussian_map(Z, Z)(Z * np.inf),
    r"`t` must be finite": lambda: transport.gaussian_map(Z, Z).interpolate(Z, np.nan),
    r"one or more, of latents of one shape, got \[\]": lambda: transport.barycenter([]),
    r"got \[\(2,\), \(3,\)\]": lambda: transport.barycenter([Z, Z[:, :2]]),
    r"groups\[1\]": lambda: transport.barycenter([Z, Z[:1]]),
    r"2 numbers of at least 0": lambda: transport.barycenter([Z, Z], weights=[1, -1]),
    r"not all 0": lambda: transport.barycenter([Z, Z], weights=[0, 0]),
    r"`weights` must be 2": lambda: transport.barycenter([Z, Z], weights=[1, 1, 1]),
    r"did not converge in 1 iter": lambda: transport.barycenter(
        [gaussian(3, 1), gaussian(3, 2)], max_iterations=1
    ),
    r"`reg` must be at least 0": lambda: transport.discrete_map(Z, Z, reg=-1.0),
    r"at least one latent each": lambda: transport.discrete_map(Z[:0], Z),
    r"got \(16, 3\) and \(16, 2\)": lambda: transport.discrete_map(Z, Z[:, :2]),
    r"`source` must be finite": lambda: transport.discrete_map(Z * np.nan, Z),
    r"`source` must hold real numbers": lambda: transport.discrete_map(gaussian(3, 1), Z),
    r"Sinkhorn did not converge in 2": lambda: transport.discrete_map(
        Z, Z[:5], reg=0.01, max_iterations=2
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_refusal_says_why(words) -> None:
    pytest.importorskip("ot")
    with pytest.raises(BadInput, match=words):
        REFUSED[words]()


def test_few_latents_are_refused_before_chance_scales_what_is_carried() -> None:
    """Two groups of one law: the best map is the identity. What is fitted stays near to it."""
    z = normal(100, 32, seed=9)
    for n in (2, 5, 15):
        with pytest.raises(BadInput, match=rf"got shape \({n}, 32\); of fewer .* chance"):
            transport.gaussian_map(normal(n, 32, seed=7), normal(100, 32, seed=8))
    T = transport.gaussian_map(normal(16, 32, seed=7), normal(16, 32, seed=8))
    assert np.linalg.eigvalsh(T.matrix).max() < 2.5
    assert np.abs(T(z)).max() < 2 * np.abs(z).max()


def test_nearly_singular_covariances_are_carried() -> None:
    tiny = np.diag([1.0, 1e-10])
    A = brenier(tiny, np.diag([4.0, 1e-10]))
    np.testing.assert_allclose(A, np.diag([2.0, 1.0]), atol=1e-4)
    B = brenier(np.eye(2), tiny)
    np.testing.assert_allclose(B, np.diag([1.0, 1e-5]), atol=1e-8)


def test_an_empirical_prior_of_normal_marginals_is_its_gaussian() -> None:
    a, b = np.random.default_rng(0).standard_normal((2, 200, 3)) * [[[1]], [[2]]]
    learned = transport.gaussian_map(za.priors.Empirical().fit(a), b)
    np.testing.assert_allclose(learned(a), transport.gaussian_map(a, b)(a))
