"""Seeds that hang together: does the variance come out as 1?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.algebra.correlation import estimated_beta, given_beta, independent_beta
from zalgebra.types import BadInput

D, REPEATS = 784, 300
SIGMA = np.sqrt(2 / (D * REPEATS))  # of the variance over all entries of all repeats


def matrix(k: int, rho: float) -> np.ndarray:
    return np.full((k, k), rho) + (1 - rho) * np.eye(k)


def variance(weights, rho: float, correlation, prior=None) -> float:
    """Variance of combinations of seeds that share correlation ``rho``, over the repeats."""
    rng = np.random.default_rng(8)
    k = len(weights)
    L = np.linalg.cholesky(matrix(k, rho))
    z = []
    for _ in range(REPEATS):
        x = L @ rng.standard_normal((k, D))
        x = x if prior is None else prior.from_normal(x)
        z.append(za.combine(weights, x, prior=prior, correlation=correlation))
    z = np.stack(z)
    return float(np.mean((z if prior is None else prior.to_normal(z)) ** 2))


MEAN, ANALOGY = np.full(8, 1 / 8), np.array([1, -1, 1])


@pytest.mark.parametrize("prior", [None, za.priors.Gaussian(np.full(D, 3.0), 0.25)])
@pytest.mark.parametrize(
    ("weights", "rho", "plain"), [(MEAN, 0.3, 3.1), (ANALOGY, 0.6, 0.6)], ids=["mean", "a - b + c"]
)
def test_correlated_seeds_keep_the_variance(weights, rho, plain, prior) -> None:
    independent = variance(weights, rho, "independent", prior)
    assert independent == pytest.approx(plain, abs=0.02)  # what plain LOL makes of them
    given = variance(weights, rho, matrix(len(weights), rho), prior)
    assert given == pytest.approx(1, abs=4 * SIGMA)
    assert variance(weights, rho, "estimate", prior) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("weights", [MEAN, ANALOGY], ids=["mean", "a - b + c"])
def test_the_estimate_leaves_independent_seeds_alone(weights) -> None:
    assert variance(weights, 0, "estimate") == pytest.approx(1, abs=4 * SIGMA)


def test_faint_correlations_that_add_up_are_seen() -> None:
    # No single one of 28 cosines of 0.05 stands out of a scatter of 0.036; their sum does.
    assert variance(MEAN, 0.05, "independent") == pytest.approx(1.35, abs=0.02)
    assert variance(MEAN, 0.05, "estimate") == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("rho", "plain"), [(0.02, 7.0), (0.1, 31.0)])
def test_a_group_mean_of_more_items_than_entries(rho, plain) -> None:
    rng, k, D = np.random.default_rng(0), 300, 32
    sizes: dict = {"independent": [], "estimate": []}
    for _ in range(100):
        x = np.sqrt(rho) * rng.standard_normal(D) + np.sqrt(1 - rho) * rng.standard_normal((k, D))
        for c, found in sizes.items():
            found.append(np.mean(za.centroid(x, correlation=c) ** 2))
    assert np.mean(sizes["independent"]) == pytest.approx(plain, rel=0.1)
    assert np.mean(sizes["estimate"]) == pytest.approx(1, abs=0.05)


def test_a_row_depends_on_no_seed_that_it_does_not_use() -> None:
    x = np.random.default_rng(0).standard_normal((5, 40)) + 0.5
    w = np.array([[1, 2, 0, 0, 0], [0, 0, 1, -1, 2.0]])
    z = za.combine(w, x, correlation="estimate")
    np.testing.assert_allclose(z[0], za.combine([1, 2], x[:2], correlation="estimate"))
    np.testing.assert_allclose(z[1], za.combine([1, -1, 2], x[2:], correlation="estimate"))


def test_thousands_of_seeds_need_no_matrix_of_pairs() -> None:
    rng = np.random.default_rng(0)
    u = 0.3 * rng.standard_normal(16) + rng.standard_normal((3000, 16))
    w = rng.random((2, 3000))
    few = reference(w[0, :1024], u[:1024])
    assert estimated_beta(w[0, :1024], u[:1024]) == pytest.approx(few, rel=1e-9)
    assert estimated_beta(w, u)[1] == pytest.approx(reference(w[1], u), rel=1e-3)


def test_nearly_equal_seeds_do_not_dilute_the_rest() -> None:
    # neutral man + smiling woman - neutral woman: the two women are nearly one seed.
    rng = np.random.default_rng(1)
    man, woman, smile = rng.standard_normal((3, D))
    other = 0.9 * woman + np.sqrt(1 - 0.81) * smile
    z = {
        c: za.combine([1, 1, -1], [man, other, woman], correlation=c)
        for c in ("independent", "estimate")
    }
    share = {c: float(v @ man / (man @ man)) for c, v in z.items()}
    assert share["independent"] == pytest.approx(0.58, abs=0.05)
    assert share["estimate"] == pytest.approx(0.91, abs=0.05)


def test_the_estimate_sees_only_what_the_prior_does_not_explain() -> None:
    # A large mean makes all raw seeds alike; whitened they are independent.
    prior = za.priors.Gaussian(np.full(D, 10.0), 1.0)
    assert variance(MEAN, 0, "estimate", prior) == pytest.approx(1, abs=4 * SIGMA)


def reference(w: np.ndarray, u: np.ndarray) -> float:
    """The documented estimate, written out for one row with its k x k matrix."""
    k, D = u.shape
    n = u / np.linalg.norm(u, axis=1, keepdims=True)
    R = n @ n.T
    off = ~np.eye(k, dtype=bool)
    delta = np.sum((np.outer(w, w) * R)[off])
    noise = 2 / D * np.sum((np.outer(w, w) ** 2 * (1 - R**2))[off])
    return np.sum(w**2) + max(0, 1 - noise / delta**2) * delta


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(2, 30), st.integers(2, 30), st.floats(0, 0.95), st.integers(0, 99))
def test_the_estimate_is_its_formula_for_few_and_many_seeds(k, D, rho, seed) -> None:
    rng = np.random.default_rng(seed)
    u = np.sqrt(rho) * rng.standard_normal(D) + np.sqrt(1 - rho) * rng.standard_normal((k, D))
    w = rng.standard_normal((3, k))
    expected = [reference(row, u) for row in w]
    np.testing.assert_allclose(estimated_beta(w, u), expected, rtol=1e-7)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(0, 99))
def test_beta_of_a_matrix_is_its_quadratic_form(k, seed) -> None:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((k, k + 1))
    S = A @ A.T
    R = S / np.sqrt(np.outer(np.diag(S), np.diag(S)))
    w = rng.standard_normal((2, 3, k))
    np.testing.assert_allclose(given_beta(w, R), np.einsum("...i,ij,...j", w, R, w), rtol=1e-9)
    np.testing.assert_allclose(given_beta(w, np.eye(k)), independent_beta(w), rtol=1e-12)


def test_a_seed_at_the_mean_counts_as_one_seed() -> None:
    u = np.random.default_rng(0).standard_normal((3, 50))
    u[1] = 0
    assert estimated_beta(np.array([0.0, 2.0, 0.0]), u) == pytest.approx(4)
    assert estimated_beta(np.array([0.0, 1.0]), np.zeros((2, 50))) == pytest.approx(1)


def test_a_difference_of_large_groups_is_no_cancellation() -> None:
    # Images share most of their codes: raw cosines of 0.99 and thousands of items.
    rng = np.random.default_rng(0)
    x = (10 * rng.standard_normal(32) + rng.standard_normal((20_000, 32))).astype("float32")
    w = np.repeat([1, -1], 10_000) / 10_000
    assert np.isfinite(za.combine(w, x, correlation="estimate")).all()
    assert np.isfinite(za.combine(w, x)).all()


@pytest.mark.parametrize(
    ("R", "words"),
    [
        (np.eye(3), r"`correlation` must have shape \(2, 2\), got \(3, 3\)"),
        (np.ones(2), r"`correlation` must have shape \(2, 2\), got \(2,\)"),
        ([[1, 0.5], [0.4, 1]], "`correlation` must be symmetric with ones on its diagonal"),
        ([[2, 0], [0, 2]], "`correlation` must be symmetric with ones on its diagonal"),
        ([[1, 2], [2, 1]], "`correlation` must be positive semi-definite, got an eigenvalue of -1"),
        ([[1, np.nan], [np.nan, 1]], "`correlation` must be finite"),
        ([[1, 0], [0]], "`correlation` must be an array"),
        (None, "`correlation` must hold real numbers"),
    ],
)
def test_a_bad_matrix_is_one_clear_sentence(xp, R, words) -> None:
    with pytest.raises(BadInput, match=words):
        za.combine([1, 2], xp.asarray(np.eye(2)), correlation=R)


def test_the_matrix_may_be_of_any_library(xp) -> None:
    x, R = np.random.default_rng(0).standard_normal((2, 5)), np.array([[1, 0.5], [0.5, 1]])
    expected = za.combine([1, 2], x, correlation=R)
    for given_matrix in (R, R.tolist(), xp.asarray(R)):
        z = za.combine([1, 2], xp.asarray(x), correlation=given_matrix)
        np.testing.assert_allclose(xp.numpy(z), expected, rtol=1e-12)
    with pytest.raises(BadInput, match="symmetric"):
        za.combine([1, 2], x, correlation=xp.asarray([[1, 0.5], [0, 1]]))
