"""Rows of weights: lines, paths, averages."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.algebra import weights
from zalgebra.types import BadInput

LAW = settings(max_examples=100, deadline=None, derandomize=True)


def test_a_line_sums_to_one_and_extrapolates() -> None:
    t = np.linspace(-2, 3, 11)
    w = weights.line(t)
    np.testing.assert_allclose(w.sum(axis=1), 1)
    np.testing.assert_array_equal(w[:, 1], t)
    np.testing.assert_array_equal(weights.line(0.25), [0.75, 0.25])
    np.testing.assert_array_equal(weights.line([0, 1]), np.eye(2))
    assert weights.line([]).shape == (0, 2)


@LAW
@given(st.integers(2, 8), st.integers(2, 60), st.booleans())
def test_a_polyline_stays_between_neighbours(k, steps, closed) -> None:
    w = weights.polyline(k, steps, closed=closed)
    assert w.shape == (steps, k)
    assert (w >= 0).all()
    np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(w[0], np.eye(k)[0])
    if not closed:
        np.testing.assert_array_equal(w[-1], np.eye(k)[-1])
    for row in w:
        used = np.flatnonzero(row)
        assert len(used) <= 2
        assert len(used) < 2 or used[1] - used[0] in ((1, k - 1) if closed else (1,))


@LAW
@given(st.integers(2, 8), st.integers(1, 60))
def test_a_polyline_meets_its_keyframes_exactly(k, segment) -> None:
    np.testing.assert_array_equal(weights.polyline(k, (k - 1) * segment + 1)[::segment], np.eye(k))
    np.testing.assert_array_equal(
        weights.polyline(k, k * segment, closed=True)[::segment], np.eye(k)
    )


@LAW
@given(st.integers(2, 8), st.integers(3, 60))
def test_a_polyline_keeps_an_even_pace(k, steps) -> None:
    position = weights.polyline(k, steps) @ np.arange(k)
    np.testing.assert_allclose(position, np.linspace(0, k - 1, steps), atol=1e-12)


def test_a_closed_polyline_loops_without_a_stutter() -> None:
    w = weights.polyline(3, 12, closed=True)
    np.testing.assert_allclose(np.roll(w, -4, axis=0), np.roll(w, 1, axis=1), atol=1e-12)
    steps = np.linalg.norm(w - np.roll(w, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])


# Pace.

ANGLES = st.floats(0.05, 3.1)


@LAW
@given(st.lists(ANGLES, min_size=2, max_size=6), st.integers(3, 60), st.booleans())
def test_a_paced_polyline_meets_its_ends_and_stays_between_neighbours(pace, steps, closed) -> None:
    k = len(pace) if closed else len(pace) + 1
    w = weights.polyline(k, steps, closed=closed, pace=pace)
    assert w.shape == (steps, k)
    assert (w >= 0).all()
    np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(w[0], np.eye(k)[0])
    if not closed:
        np.testing.assert_array_equal(w[-1], np.eye(k)[-1])
    assert ((w > 0).sum(axis=1) <= 2).all()


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    "prior", [None, za.priors.Gaussian([3.0, -1, 0, 2], np.diag([1, 4, 9, 2]))]
)
def test_arc_length_pace_has_one_speed_along_the_whole_path(closed, prior) -> None:
    u = np.array([[1, 0, 0, 0], [0.8, 0.6, 0, 0], [0, 0, 1, 0], [-0.6, 0, 0.8, 0.0]])
    seeds = u if prior is None else prior.from_normal(u)
    pace = weights.lengths(seeds, closed=closed, prior=prior)
    turn = pace.sum() / 840
    w = weights.polyline(4, 840 if closed else 841, closed=closed, pace=pace)
    z = za.combine(w, seeds, prior=prior)
    speed = weights.lengths(z, closed=closed, prior=prior)
    corners = 3 if closed else 2  # a step that cuts a corner is shorter
    assert (np.abs(speed - turn) > 1e-9).sum() <= corners
    even = weights.lengths(za.combine(weights.polyline(4, 841), seeds, prior=prior), prior=prior)
    assert even.max() > 2 * even.min()


def test_equal_paces_are_symmetric_in_time() -> None:
    w = weights.polyline(2, 9, pace=[1.2])
    np.testing.assert_allclose(w, w[::-1, ::-1], atol=1e-15)
    t = np.linspace(0, 1, 9)
    slerp = np.stack([np.sin((1 - t) * 1.2), np.sin(t * 1.2)], axis=1)
    np.testing.assert_allclose(w / w.max(axis=1, keepdims=True), slerp / slerp.max(axis=1)[:, None])


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 2e-6), ("float64", 1e-14)])
def test_lengths_are_angles_near_zero_and_near_pi_too(xp, dtype, rounding) -> None:
    turns = np.array([0.0, 1e-3, 1.0, 1.0 + np.pi - 1e-3, 0.5])
    seeds = np.stack([np.cos(turns), np.sin(turns)], axis=1) * np.array([[1], [2], [3], [4], [5]])
    found = weights.lengths(xp.asarray(seeds, dtype), closed=True)
    assert isinstance(found, np.ndarray)
    expected = np.array([1e-3, 1 - 1e-3, np.pi - 1e-3, 2 * np.pi - turns[3] + turns[4], 0.5])
    np.testing.assert_allclose(found, expected, atol=rounding)
    np.testing.assert_array_equal(weights.lengths(xp.asarray(seeds, dtype)), found[:-1])


def test_a_loop_is_a_closed_polyline() -> None:
    np.testing.assert_array_equal(weights.loop(4, 10), weights.polyline(4, 10, closed=True))
    pace = [1.0, 0.5, 2.0]
    np.testing.assert_array_equal(
        weights.loop(3, 10, pace=pace), weights.polyline(3, 10, closed=True, pace=pace)
    )


# Splines.


@LAW
@given(st.integers(2, 8), st.integers(1, 12), st.booleans())
def test_a_spline_meets_its_keyframes_exactly_and_sums_to_one(k, segment, closed) -> None:
    steps = k * segment if closed else (k - 1) * segment + 1
    w = weights.spline(k, steps, closed=closed)
    assert w.shape == (steps, k)
    np.testing.assert_array_equal(w[::segment], np.eye(k))
    np.testing.assert_allclose(w.sum(axis=1), 1, atol=1e-13)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("k", [3, 4, 7])
def test_a_spline_has_a_continuous_second_derivative(k, closed) -> None:
    m = 200
    w = weights.spline(k, k * m if closed else (k - 1) * m + 1, closed=closed)
    if closed:
        w = np.concatenate([w, w[: 2 * m]])
    bend = np.diff(w, 2, axis=0) * m**2  # linear between keyframes, so it moves by little
    assert np.abs(np.diff(bend, axis=0)).max() < 40 / m
    if not closed:
        assert np.abs(bend[[0, -1]]).max() < 40 / m  # natural ends
    corner = np.diff(weights.polyline(k, (k - 1) * m + 1), 2, axis=0) * m**2
    assert np.abs(corner).max() > 100


def test_a_spline_through_a_straight_line_is_that_line() -> None:
    np.testing.assert_allclose(weights.spline(5, 33) @ np.arange(5), np.linspace(0, 4, 33))
    np.testing.assert_allclose(weights.spline(2, 9), weights.polyline(2, 9), atol=1e-15)


def test_a_closed_spline_treats_all_keyframes_alike() -> None:
    w = weights.spline(4, 20, closed=True)
    np.testing.assert_allclose(np.roll(w, -5, axis=0), np.roll(w, 1, axis=1), atol=1e-13)


# Grids.


@LAW
@given(st.integers(1, 6), st.integers(1, 8))
def test_a_simplex_grid_is_all_of_the_lattice_in_falling_order(k, n) -> None:
    w = weights.simplex_grid(k, n)
    assert w.shape == (math.comb(n + k - 1, k - 1), k)
    counts = [tuple(row) for row in np.rint(w * n).astype(int)]
    np.testing.assert_array_equal(w, np.array(counts) / n)
    assert counts == sorted(set(counts), reverse=True)
    assert all(sum(c) == n and min(c) >= 0 for c in counts)


@LAW
@given(st.integers(2, 5), st.integers(1, 6), st.integers(1, 6), st.floats(0.1, 5))
def test_a_subspace_grid_is_regular_and_mirrored(k, rows, columns, extent) -> None:
    for i, j in itertools.permutations(range(k), 2):
        w = weights.subspace_grid(k, (rows, columns), extent=extent, axes=(i, j))
        assert w.shape == (rows, columns, k)
        moved = w - 1 / k
        np.testing.assert_allclose(moved, -moved[::-1, ::-1], atol=1e-14)
        still = [a for a in range(k) if a not in (i, j)]
        np.testing.assert_array_equal(w[..., still], 1 / k)
        ends = np.linspace(-extent, extent, rows) if rows > 1 else [0]
        np.testing.assert_allclose(moved[:, 0, i], ends, atol=1e-14)
        np.testing.assert_array_equal(w[:, :, i], w[:, :1, i] + 0 * w[:, :, i])


def test_a_subspace_grid_has_as_many_axes_as_named() -> None:
    assert weights.subspace_grid(4, 3, axes=(2,)).shape == (3, 4)
    assert weights.subspace_grid(4, (3, 2, 5), axes=(2, 0, 1)).shape == (3, 2, 5, 4)
    np.testing.assert_array_equal(weights.subspace_grid(2, 3, at=[5, 7])[1, 1], [5, 7])


def test_uniform() -> None:
    np.testing.assert_array_equal(weights.uniform(1), [1])
    assert weights.uniform(7).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: weights.line(np.nan), "`t` must be finite, got 1 NaN"),
        (
            lambda: weights.line([[0.0, 1.0]]),
            r"`t` must be .* vector of numbers, got shape \(1, 2\)",
        ),
        (lambda: weights.line("half"), "`t` must hold real numbers"),
        (lambda: weights.line([0, None]), "`t` must hold real numbers"),
        (lambda: weights.line(0.5j), "`t` must hold real numbers, got complex128"),
        (lambda: weights.polyline(1, 5), "`keyframes` must be at least 2, got 1"),
        (lambda: weights.polyline(3, 1), "`steps` must be at least 2, got 1"),
        (lambda: weights.polyline(3, 2.5), "`steps` must be a whole number, got 2.5"),
        (lambda: weights.polyline(3, 9, pace=[1.0]), r"`pace` must have shape \(2,\), .* \(1,\)"),
        (lambda: weights.loop(3, 9, pace=[1.0, 1.0]), r"`pace` must have shape \(3,\)"),
        (lambda: weights.polyline(3, 9, pace=[1.0, 0.0]), "between 0 and π .*repeated keyframes"),
        (lambda: weights.polyline(3, 9, pace=[1.0, 3.2]), "between 0 and π"),
        (lambda: weights.polyline(3, 9, pace=[1.0, np.inf]), "`pace` must be finite"),
        (lambda: weights.lengths([[0.0, 1.0]]), "`seeds` must be at least 2, got 1"),
        (lambda: weights.lengths([[0.0, 1.0], [0.0, 0.0]]), "`seeds` must each have a direction"),
        (lambda: weights.spline(1, 9), "`keyframes` must be at least 2, got 1"),
        (lambda: weights.simplex_grid(3, 0), "`n` must be at least 1, got 0"),
        (lambda: weights.simplex_grid(20, 20), "20 seeds in 20 steps has 68,923,264,410 rows"),
        (
            lambda: weights.subspace_grid(3, 2, at=[1, 2]),
            r"`at` must have shape \(3,\), got \(2,\)",
        ),
        (lambda: weights.subspace_grid(3, 2, axes=(0, 0)), "`axes` must be different numbers"),
        (lambda: weights.subspace_grid(3, 2, axes=(0, 3)), r"from 0 to 2, got \(0, 3\)"),
        (lambda: weights.subspace_grid(3, (2, 2, 2)), "one for each of 2 axes"),
        (lambda: weights.uniform(0), "`seeds` must be at least 1, got 0"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


@pytest.mark.parametrize("beyond", [0, 2])
@pytest.mark.parametrize(("k", "n"), [(3, 4), (4, 4), (3, (2, 5)), (4, (5, 3))])
def test_a_lattice_has_its_seeds_at_the_corners_and_is_straight(k, n, beyond) -> None:
    w = weights.corner_grid(k, n, beyond=beyond)
    rows, columns = n if isinstance(n, tuple) else (n, n)
    assert w.shape == (rows + 2 * beyond, columns + 2 * beyond, k)
    np.testing.assert_allclose(w.sum(axis=-1), 1, atol=1e-14)
    inner = w[beyond : beyond + rows, beyond : beyond + columns]
    corners = inner[[0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_allclose(corners[:k], np.eye(k), atol=1e-15)
    if k == 3:
        np.testing.assert_allclose(corners[3], [-1, 1, 1])  # the analogy
    else:
        assert (inner >= 0).all()
    for axis in (0, 1):  # even steps along each line
        np.testing.assert_allclose(np.diff(w, 2, axis=axis), 0, atol=1e-14)
    np.testing.assert_allclose(
        weights.corner_grid(k, (rows, columns))[:, ::-1], inner[:, ::-1], atol=1e-15
    )


def test_a_lattice_of_other_counts_is_refused() -> None:
    for k, n, beyond, words in (
        (2, 3, 0, "3 or 4 corners"), (5, 3, 0, "3 or 4 corners"), (3, 1, 0, "at least 2"),
        (4, (3, 1), 0, "at least 2"), (4, [3], 0, "one for each of 2 axes"),
        (3, (3, 4, 5), 0, "one for each of 2 axes"), (3, "ab", 0, "must be a whole number"),
        (3, 3, -1, "`beyond` must be at least 0"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=words):
            weights.corner_grid(k, n, beyond=beyond)
