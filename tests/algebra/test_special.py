"""The normal distribution function and its inverse in logarithms, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from zalgebra.algebra import _special as s

LAW = settings(max_examples=60, deadline=None, derandomize=True)
SHAPE = (401, 3)  # one for all, as in test_independent.py: JAX compiles each operation only once
X = np.concatenate(
    [np.linspace(-37.5, 8, 1053), -np.logspace(-12, 4, 100), np.logspace(-12, 0, 50)]
).reshape(SHAPE)


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 1e-6), ("float64", 1e-14)])
def test_log_ndtr_is_scipys(xp, dtype, rounding) -> None:
    x = X.astype(dtype)
    value = s.log_ndtr(xp.asarray(x, dtype))
    assert xp.owns(value)
    assert xp.dtype(value) == dtype
    rounding *= 30 if "jax" in xp.name and dtype == "float64" else 1  # its log1p is right to 1e-13
    # On the right log Φ ≈ -Q, whose argument alone has a rounding of x² eps.
    allowed = rounding * (1 + np.maximum(x, 0) ** 2)
    expected = special.log_ndtr(x.astype(float))
    assert (np.abs(xp.numpy(value) - expected) <= allowed * np.abs(expected) + 1e-44).all()


@pytest.mark.parametrize(("dtype", "rounding"), [("float32", 1e-6), ("float64", 1e-14)])
def test_ndtri_exp_is_scipys(xp, dtype, rounding) -> None:
    deepest = -700 if dtype == "float64" else -85
    log_p = np.concatenate([np.linspace(deepest, -1e-3, 1003), -np.logspace(-30, 3, 200)])
    log_p = log_p.reshape(SHAPE).astype(dtype)
    u = s.ndtri_exp(xp.asarray(log_p, dtype))
    assert xp.dtype(u) == dtype
    expected = special.ndtri_exp(log_p.astype(float))
    np.testing.assert_allclose(xp.numpy(u), expected, rtol=rounding, atol=rounding)


@pytest.mark.parametrize(("dtype", "far"), [("float32", 13.0), ("float64", 37.5)])
def test_a_tail_and_its_quantile_undo_each_other(xp, dtype, far) -> None:
    y = np.linspace(0, far, 1203).reshape(SHAPE).astype(dtype)
    back = xp.numpy(s.tail_quantile(s.log_tail(xp.asarray(y, dtype))))
    np.testing.assert_allclose(back, y, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)
    left = xp.numpy(s.ndtri_exp(s.log_ndtr(xp.asarray(-y, dtype))))
    np.testing.assert_allclose(left, -y, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@LAW
@given(st.floats(-1e5, -0.7), st.floats(0, 1e-6))
def test_the_quantile_is_monotone(log_p, step) -> None:
    here, there = s.tail_quantile(np.array([log_p, log_p * (1 + step)]))
    assert here <= there * (1 + 1e-15)


@LAW
@given(st.floats(-700, 0, exclude_max=True))
def test_log1mexp_is_the_other_side(log_p) -> None:
    expected = np.log1p(-np.exp(log_p)) if log_p < -0.69 else np.log(-np.expm1(log_p))
    np.testing.assert_allclose(s.log1mexp(np.array(log_p)), expected, rtol=1e-15)


def test_the_limits() -> None:
    ends = np.array([-np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(s.log_ndtr(ends), [-np.inf, 0, np.nan])
    np.testing.assert_array_equal(s.ndtri_exp(np.array([-np.inf, 0, np.nan])), ends)
    np.testing.assert_array_equal(s.log1mexp(np.array([-np.inf, 0, np.nan])), [0, -np.inf, np.nan])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_derivatives_are_finite_and_right(dtype) -> None:
    torch = pytest.importorskip("torch")
    far = 12 if dtype == "float32" else 35
    x = torch.linspace(-far, far, 501, dtype=getattr(torch, dtype), requires_grad=True)
    s.log_ndtr(x).sum().backward()
    at = x.detach().numpy().astype(float)
    hazard = np.exp(-(at**2) / 2 - special.log_ndtr(at)) / np.sqrt(2 * np.pi)
    rounding = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(x.grad.numpy(), hazard, rtol=rounding)
    y = torch.linspace(0, far, 501, dtype=x.dtype)
    log_q = s.log_tail(y).requires_grad_()
    s.tail_quantile(log_q).sum().backward()
    np.testing.assert_allclose(log_q.grad.numpy(), -1 / s.tail_hazard(y).numpy(), rtol=rounding)
