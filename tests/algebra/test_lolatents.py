"""Beside the published implementation, `lolatents`: the same where it is finite, and beyond."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

import zalgebra as za

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its type checker, at import
    lol_numpy = pytest.importorskip("lolatents.lol_numpy")

NORMAL = {"cdf": stats.norm.cdf, "inverse_cdf": stats.norm.ppf}


def normal(*shape: int, seed: int = 0, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def refused(call, *arguments, **options) -> bool:
    """Whether the rival raises its type checker's error."""
    try:
        call(*arguments, **options)
    except Exception as error:
        return "type" in f"{type(error).__name__} {error}".lower()
    return False


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k", "D"), [(30, 2, 4096), (64, 5, 1000), (8, 16, 200), (1, 1, 10)])
def test_numpy_agrees(n, k, D, dtype) -> None:
    w, x = normal(n, k, seed=1, dtype=dtype), normal(k, D, dtype=dtype)
    np.testing.assert_allclose(za.combine(w, x), lol_numpy.lol_gaussian(w=w, X=x), atol=1e-5)
    theirs = lol_numpy.lol_iid(w=w, X=x, **NORMAL)
    ours = za.combine(w, x, prior=za.priors.Normal())
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_mean_agrees() -> None:
    w, x, mean = normal(20, 4, seed=1), normal(4, 50) + 3, np.full(50, 3.0)
    prior = za.priors.Gaussian(mean, np.eye(50))
    theirs = lol_numpy.lol_gaussian(w=w, X=x, mean=mean)
    np.testing.assert_allclose(za.combine(w, x, prior=prior), theirs, atol=1e-9)


def test_torch_agrees_and_keeps_the_tails_that_become_infinite_there() -> None:
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lolatents import lol_torch

    law = torch.distributions.Normal(0.0, 1.0)
    w, x = (
        torch.tensor(a) for a in (normal(30, 3, dtype="float32"), normal(3, 999, dtype="float32"))
    )
    np.testing.assert_allclose(za.combine(w, x), lol_torch.lol_gaussian(w=w, X=x), atol=1e-5)
    x[0, 0] = 6.0  # eight entries in a thousand Flux-sized latents are beyond 5.42
    w = torch.tensor([[1.0, 0, 0]])
    theirs = lol_torch.lol_iid(w=w, X=x, cdf=law.cdf, inverse_cdf=law.icdf)
    assert not torch.isfinite(theirs).all()
    ours = za.combine(w, x, prior=za.priors.Normal())
    np.testing.assert_array_equal(ours[0], x[0])
    finite = torch.isfinite(theirs)
    np.testing.assert_allclose(ours[finite], theirs[finite], atol=1e-2)  # their tails lose digits


def test_the_tails_of_float64_stay_finite() -> None:
    x = np.array([[9.0, -1], [0.5, 2]])
    assert np.isinf(lol_numpy.lol_iid(w=np.array([[1.0, 0]]), X=x, **NORMAL)).any()
    np.testing.assert_array_equal(za.combine([1, 0], x, prior=za.priors.Normal()), x[0])


def test_integers_lists_and_pictures_are_refused_there() -> None:
    w, x = np.array([[1, 0, 2], [0, 3, 1]]), normal(3, 2, 4, 4)
    expected = lol_numpy.lol_gaussian(w=w.astype(float), X=x.reshape(3, 32))
    assert refused(lol_numpy.lol_gaussian, w=w, X=x.reshape(3, 32))
    assert refused(lol_numpy.lol_gaussian, w=w.tolist(), X=x.reshape(3, 32))
    assert refused(lol_numpy.lol_gaussian, w=w.astype(float), X=list(x.reshape(3, 32)))
    assert refused(lol_numpy.lol_gaussian, w=w.astype(float), X=x)
    for weights in (w, w.tolist()):
        for seeds in (x, list(x)):
            z = za.combine(weights, seeds)
            assert z.shape == (2, 2, 4, 4)
            np.testing.assert_allclose(z.reshape(2, 32), expected, atol=1e-12)


def test_weights_of_zero_are_an_error_and_not_the_uniform_ones() -> None:
    x = normal(2, 10)
    uniform = lol_numpy.lol_gaussian(w=np.ones((1, 2)), X=x)
    np.testing.assert_allclose(lol_numpy.lol_gaussian(w=np.zeros((1, 2)), X=x), uniform)
    small = lol_numpy.lol_gaussian(w=np.array([[1e-6, 0]]), X=x)
    np.testing.assert_allclose(small, uniform)  # a first seed, almost
    np.testing.assert_allclose(za.combine([[1e-6, 0]], x), x[:1])
    with pytest.raises(za.types.DegenerateWeights):
        za.combine([[0, 0]], x)
