"""Rows of weights: lines, paths, averages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        (lambda: weights.uniform(0), "`seeds` must be at least 1, got 0"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()
