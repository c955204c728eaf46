"""Slerp and the spherical mean, against formulas that share no line with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.types import BadInput, DegenerateWeights

LAW = settings(max_examples=100, deadline=None, derandomize=True)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def units(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def log_map(m: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Tangents (k, D) at the unit vector m towards unit vectors (k, D), as long as their arcs."""
    across = n - (n @ m)[:, None] * m
    length = np.linalg.norm(across, axis=1, keepdims=True)
    return across / np.where(length > 0, length, 1) * np.arctan2(length, (n @ m)[:, None])


@LAW
@given(st.integers(2, 50), st.integers(0, 100), st.floats(-3, 4))
def test_two_unit_seeds_follow_the_great_circle(D, seed, t) -> None:
    a, b = units(normal(2, D, seed=seed))
    tangent = log_map(a, b[None])[0] * t
    angle = np.linalg.norm(tangent)
    expected = np.cos(angle) * a + np.sinc(angle / np.pi) * tangent
    np.testing.assert_allclose(za.interpolate(a, b, t, method="slerp"), expected, atol=1e-9)


@LAW
@given(st.integers(0, 100), st.floats(-3, 4))
def test_two_seeds_of_any_length_follow_shoemakes_formula(seed, t) -> None:
    a, b = normal(2, 40, seed=seed) * [[1], [3]]
    u, v = units(np.stack([a, b]))
    omega = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    expected = (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)
    np.testing.assert_allclose(za.interpolate(a, b, t, method="slerp"), expected, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slerp_is_over_the_whole_latent_and_keeps_batches_apart(dtype) -> None:
    a, b = normal(2, 4, 16, 16).astype(dtype)
    t = np.linspace(0, 1, 9)
    z = za.interpolate(a, b, t, method="slerp")
    norms = np.linalg.norm(z.reshape(9, -1), axis=1)
    assert norms.min() > 0.97 * min(np.linalg.norm(a), np.linalg.norm(b))
    for i in range(9):
        one = za.interpolate(a, b, t[i], method="slerp")
        np.testing.assert_allclose(z[i], one, atol=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("apart", [0, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2])
def test_near_parallel_seeds_turn_into_the_line(dtype, apart) -> None:
    a, b = normal(2, 64)
    x = np.stack([a, a + apart * b]).astype(dtype)
    for t in (-1, 0, 0.3, 0.5, 1, 3):
        z, line = (za.interpolate(*x, t, method=m) for m in ("slerp", "linear"))
        np.testing.assert_allclose(
            z, line, atol=10 * apart**2 + (1e-5 if dtype == "float32" else 1e-12)
        )
    eight = (a + apart * normal(8, 64, seed=1)).astype(dtype)
    np.testing.assert_allclose(
        za.centroid(eight, method="slerp"),
        eight.mean(axis=0),
        atol=10 * apart**2 + (1e-5 if dtype == "float32" else 1e-12),
    )


def test_far_extrapolation_of_close_seeds_stays_on_the_sphere() -> None:
    a = units(normal(30))
    b = units(a + 1e-5 * normal(30, seed=1))
    z = za.interpolate(a, b, np.array([1e3, 1e4, 1e5]), method="slerp")
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("k", [3, 8, 30, 300])
@pytest.mark.parametrize("equal", [True, False])
def test_many_seeds_have_their_frechet_mean(k, equal) -> None:
    x = units(normal(k, 200, seed=k))
    w = np.full(k, 1 / k) if equal else np.random.default_rng(k).dirichlet(np.ones(k))
    m = za.combine(w, x, method="slerp")
    assert np.linalg.norm(m) == pytest.approx(1, abs=1e-9)
    assert np.linalg.norm(w @ log_map(m, x)) < 1e-9


def test_the_mean_is_right_in_few_dimensions_and_among_clusters() -> None:
    rng = np.random.default_rng(0)
    for x in (
        rng.standard_normal((50, 3)) + np.array([1.5, 0, 0]),
        np.concatenate([rng.standard_normal(20) + 0.1 * rng.standard_normal((30, 20)),
                        rng.standard_normal((5, 20))]),
    ):  # fmt: skip
        x = units(x)
        m = za.centroid(x, method="slerp")
        assert np.linalg.norm(log_map(m, x).mean(axis=0)) < 1e-9


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spread", [1e-7, 1e-3, 0.3])
def test_a_batch_of_means_converges_where_seeds_are_near_duplicates(dtype, spread) -> None:
    centres = normal(3, 1, 60)
    x = (centres + spread * normal(3, 4, 60, seed=1)).reshape(12, 60).astype(dtype)
    w = np.random.default_rng(2).dirichlet(np.full(12, 0.3), size=5000)
    z = za.combine(w, x, method="slerp")
    for i in range(0, 5000, 1000):
        one = za.combine(w[i], x, method="slerp")
        np.testing.assert_allclose(z[i], one, atol=1e-4 if dtype == "float32" else 1e-9)


def test_equal_weights_are_equal_influence() -> None:
    # Sequential slerp gives "equal" weights of 8 orthogonal seeds from .50 down to .20.
    x = 5 * np.eye(8)
    np.testing.assert_allclose(za.centroid(x, method="slerp"), np.full(8, 5 / np.sqrt(8)))
    x = normal(8, 100)
    order = np.random.default_rng(1).permutation(8)
    np.testing.assert_allclose(
        za.centroid(x[order], method="slerp"), za.centroid(x, method="slerp"), atol=1e-12
    )


def test_two_of_three_seeds_make_the_arc_of_two() -> None:
    x = normal(3, 20)
    t = np.linspace(0, 1, 7)
    w = np.stack([1 - t, t, 0 * t], axis=1)
    expected = za.interpolate(x[0], x[1], t, method="slerp")
    np.testing.assert_allclose(za.combine(w, x, method="slerp"), expected, atol=1e-9)


def test_one_seed_and_seeds_without_weight() -> None:
    x = normal(4, 10)
    np.testing.assert_allclose(za.combine([[2], [-1]], x[:1], method="slerp"), x[[0, 0]])
    x[1] = -x[0]  # lies opposite, but has no weight
    np.testing.assert_allclose(za.combine([1, 0, 0, 0], x, method="slerp"), x[0], atol=1e-12)


def test_mild_negative_weights_have_a_mean() -> None:
    x = units(normal(4, 200))
    w = np.array([2, 1, -0.5, -0.3])
    m = za.combine(w, x, method="slerp")
    assert np.linalg.norm(w / w.sum() @ log_map(m, x)) < 1e-9


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_opposite_seeds_have_no_arc(xp, dtype) -> None:
    a, b = normal(2, 50)
    two, zero = xp.asarray([a, -2 * a], dtype), xp.asarray([a, 0 * a], dtype)
    with pytest.raises(DegenerateWeights, match="two opposite seeds has no one shortest arc"):
        xp.numpy(za.centroid(two, method="slerp"))
    with pytest.raises(DegenerateWeights, match="direction, got one that is all zeros"):
        xp.numpy(za.centroid(zero, method="slerp"))
    three, four = xp.asarray([a, 2 * a, -a], dtype), xp.asarray([a, -a, b, -b], dtype)
    with pytest.raises(DegenerateWeights, match="a seed lies opposite the spherical mean"):
        xp.numpy(za.centroid(three, method="slerp"))
    with pytest.raises(DegenerateWeights, match="the seeds cancel under these weights"):
        xp.numpy(za.centroid(four, method="slerp"))


def test_weights_without_a_mean_say_so() -> None:
    x = units(normal(4, 20))
    with pytest.raises(BadInput, match=r"use `lol`|use method='lol'"):
        za.combine([1, 1, -1.9, 0.1], x, method="slerp")
