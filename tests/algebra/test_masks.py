"""Masked edits: binary masks copy, soft masks keep the law of every entry."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import zalgebra as za
from zalgebra.algebra.masks import blend, box, shrink
from zalgebra.types import BadInput, DegenerateWeights

ALPHA = 1e-4
SHAPE = (3, 8, 8)
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, *SHAPE))
SOFT = np.linspace(0, 1, 64).reshape(8, 8)
MEAN = RNG.standard_normal(SHAPE)
CORRELATED = np.exp(-np.abs(np.subtract.outer(np.arange(192), np.arange(192))) / 20)
PRIORS = {
    "none": None,
    "normal": za.priors.Normal(SHAPE),
    "diagonal": za.priors.Gaussian(MEAN, RNG.uniform(0.5, 3, SHAPE)),
    "full": za.priors.Gaussian(MEAN, CORRELATED),
    "uniform": za.priors.Independent(za.priors.marginals.Uniform(-1, 3), SHAPE),
    "laplace": za.priors.Independent(za.priors.marginals.Laplace(0.5, 2.0)),
}
KEEPS = ["normal", "diagonal", "full", "uniform"]


def drawn(name: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    x = PRIORS[name].sample(2 * n, seed=1).astype(float)
    return x[:n], x[n:]


def inside(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Two latents that the prior may have."""
    return tuple(np.clip(x, -1, 3) for x in (A, B)) if name == "uniform" else (A, B)


@pytest.mark.parametrize("name", PRIORS)
def test_a_binary_mask_copies_to_the_bit(name) -> None:
    a, b = inside(name)
    mask = RNG.integers(0, 2, (8, 8))
    for m in (mask, mask.astype(float), mask == 1, (mask == 1).tolist()):
        z = blend(a, b, m, prior=PRIORS[name])
        np.testing.assert_array_equal(z, np.where(mask, b, a))


@pytest.mark.parametrize(
    ("name", "correlation"),
    [("none", "independent"), ("full", "estimate"), ("uniform", 0.3), ("laplace", "estimate")],
)
def test_on_every_library(xp, name, correlation) -> None:
    how = {"prior": PRIORS[name], "correlation": correlation}
    a, b = inside(name)
    z = blend(xp.asarray(a), xp.asarray(b), xp.asarray(SOFT), **how)
    assert xp.owns(z)
    np.testing.assert_allclose(xp.numpy(z), blend(a, b, SOFT, **how), rtol=1e-9, atol=1e-12)


def test_the_dtype_is_that_of_the_latents(xp) -> None:
    a, b = xp.asarray(A, "float32"), xp.asarray(B, "float32")
    assert xp.dtype(blend(a, b, SOFT)) == "float32"


def test_half_precision_stays_half() -> None:
    z = blend(A.astype(np.float16), B.astype(np.float16), SOFT)
    assert z.dtype == np.float16
    np.testing.assert_allclose(z, blend(A, B, SOFT), atol=5e-3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.sampled_from(KEEPS), st.sampled_from(["independent", 0.4, "estimate"]))
def test_a_constant_mask_is_interpolation(m, name, correlation) -> None:
    (a, b), prior = inside(name), PRIORS[name]
    z = blend(a, b, m, prior=prior, correlation=correlation)
    R = [[1, 0.4], [0.4, 1]] if correlation == 0.4 else correlation
    np.testing.assert_allclose(
        z, za.interpolate(a, b, m, prior=prior, correlation=R), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize("name", KEEPS)
def test_every_entry_keeps_its_law_under_a_soft_mask(name) -> None:
    a, b = drawn(name, 4000)
    prior = PRIORS[name]
    z = blend(a, b, SOFT, prior=prior)
    # Of a full covariance it is the law of each entry, not of all together.
    u = (z - MEAN if name == "full" else prior.to_normal(z)).reshape(4000, -1)
    p = [scipy.stats.kstest(column, "norm").pvalue for column in u.T]
    assert min(p) > ALPHA / u.shape[1]
    plain = (1 - SOFT) * a + SOFT * b  # what the root is for
    assert (plain.std(axis=0) < 0.85 * z.std(axis=0))[:, 3:5].all()


def test_independent_entries_stay_independent() -> None:
    a, b = drawn("diagonal", 4000)
    prior = PRIORS["diagonal"]
    u = prior.to_normal(blend(a, b, SOFT, prior=prior)).reshape(4000, -1)
    found = (np.corrcoef(u.T) - np.eye(192))[np.triu_indices(192, 1)] * np.sqrt(4000)
    assert scipy.stats.kstest(found, "norm").statistic < 0.02


def test_between_correlated_entries_the_covariance_shrinks_by_the_angle() -> None:
    a, b = drawn("full", 20_000)
    z = blend(a, b, SOFT, prior=PRIORS["full"]).reshape(20_000, -1)
    theta = np.arctan2(SOFT, 1 - SOFT) + np.zeros(SHAPE)
    expected = CORRELATED * np.cos(np.subtract.outer(theta.ravel(), theta.ravel()))
    assert np.abs(np.cov(z.T) - expected).max() < 6 / np.sqrt(20_000)


def test_a_region_of_constant_mask_keeps_its_correlations() -> None:
    a, b = drawn("full", 20_000)
    mask = np.where(np.arange(8) < 4, 0.3, 1.0)[:, None]
    z = blend(a, b, mask, prior=PRIORS["full"])[:, 0, :4].reshape(20_000, -1)
    assert np.abs(np.cov(z.T) - CORRELATED[:32, :32]).max() < 6 / np.sqrt(20_000)


@pytest.mark.parametrize("r", [0.8, -0.5])
def test_correlated_latents_keep_their_variance(r) -> None:
    x, e = np.random.default_rng(2).standard_normal((2, 4, 64, 64))
    y = r * x + np.sqrt(1 - r * r) * e
    for correlation in (r, "estimate", [[1, r], [r, 1]]):
        assert blend(x, y, 0.5, correlation=correlation).std() == pytest.approx(1, abs=0.03)
    assert abs(blend(x, y, 0.5).std() - 1) > 0.2


def test_the_estimate_is_that_of_each_latent_of_a_batch() -> None:
    x = RNG.standard_normal((5, *SHAPE))
    y = np.linspace(-0.8, 0.8, 5)[:, None, None, None] * x + RNG.standard_normal(x.shape)
    how = {"prior": PRIORS["normal"], "correlation": "estimate"}
    z = blend(x, y, SOFT, **how)
    for i in range(5):
        np.testing.assert_allclose(z[i], blend(x[i], y[i], SOFT, **how), rtol=1e-12)
    assert np.abs(blend(x, y, SOFT, correlation="estimate") - z).max() > 0.01


@pytest.mark.parametrize("name", ["full", "uniform", "laplace"])
def test_a_batch_is_its_members(name) -> None:
    a = np.clip(RNG.standard_normal((2, 3, *SHAPE)), -1, 3)
    b, masks = a[::-1, ::-1].copy(), RNG.uniform(size=(3, 1, 8, 8))
    z = blend(a, b, masks, prior=PRIORS[name])
    assert z.shape == a.shape
    one = blend(a[1, 2], b[1, 2], masks[2], prior=PRIORS[name])
    np.testing.assert_allclose(z[1, 2], one, rtol=1e-12)


def test_a_sphere_is_kept_but_not_its_entries() -> None:
    prior = za.priors.Hypersphere(64)
    a, b = prior.sample(2, seed=0)
    z = blend(a, b, np.arange(64) < 20, prior=prior)
    assert np.linalg.norm(z) == pytest.approx(1, abs=1e-6)


def test_gradients_in_torch() -> None:
    torch = pytest.importorskip("torch")
    mask = torch.tensor(SOFT * 0.8 + 0.1, requires_grad=True)
    a, b = torch.tensor(A, requires_grad=True), torch.tensor(B)
    for prior in (None, PRIORS["full"], PRIORS["laplace"]):
        assert torch.autograd.gradcheck(
            lambda a, m, prior=prior: blend(a, b, m, prior=prior)[:, ::4, ::4], (a, mask)
        )
    for prior in (None, PRIORS["laplace"]):  # finite also where the mask is 0 or 1
        hard = torch.tensor((SOFT > 0.5) * 1.0, requires_grad=True)
        blend(a, b, hard, prior=prior, correlation="estimate").sum().backward()
        assert torch.isfinite(hard.grad).all()


def test_gradients_and_transformations_in_jax() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def energy(m):
        return (blend(A_, B_, m, correlation="estimate") ** 2).sum()

    A_, B_ = jax.numpy.asarray(A), jax.numpy.asarray(B)
    m = jax.numpy.asarray(SOFT)
    gradient = jax.jit(jax.grad(energy))(m)
    step = 1e-6 * np.eye(64)[20].reshape(8, 8)
    numeric = (energy(m + step) - energy(m - step)) / 2e-6
    assert float(gradient.ravel()[20]) == pytest.approx(float(numeric), rel=1e-5)
    batch = jax.vmap(lambda m: blend(A_, B_, m))(jax.numpy.stack([m, 1 - m]))
    np.testing.assert_allclose(batch[1], blend(A, B, 1 - SOFT), rtol=1e-12)


def test_dask_stays_lazy() -> None:
    dask = pytest.importorskip("dask.array")
    a, b = (dask.from_array(x, chunks=(1, 8, 4)) for x in (A, B))
    z = blend(a, b, dask.from_array(SOFT + 1))
    with pytest.raises(BadInput, match=r"`mask` must lie in \[0, 1\]"):
        z.compute()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: blend(A, B, SOFT + 0.1), r"`mask` must lie in \[0, 1\]"),
        (lambda: blend(A, B, np.full((8, 8), np.nan)), "`mask` must be finite"),
        (lambda: blend(A, B, np.ones((16, 16))), r"must broadcast to .*masks.shrink"),
        (lambda: blend(A, B, np.ones((5, *SHAPE))), "must broadcast to the latents' shape"),
        (lambda: blend(A, B[:1], 0.5), "`latents` must have one shape"),
        (lambda: blend(A, B, 0.5, correlation="maybe"), "got 'maybe'"),
        (lambda: blend(A, B, 0.5, correlation=1.5), "positive semi-definite"),
        (lambda: blend(A, B, 0.5, correlation=np.eye(3)), r"must have shape \(2, 2\)"),
        (lambda: blend(A[:2], B[:2], 0.5, prior=PRIORS["normal"]), "latents of this prior"),
        (lambda: blend(A[0, 0], B[0, 0], 0.5, prior=PRIORS["normal"]), "latents of this prior"),
        (lambda: blend(A, B, 0.5, prior="normal"), "`prior` must be one of za.priors, got str"),
        (lambda: box((8, 8), rows=(0.5, 0.5)), "`rows` must be two shares"),
        (lambda: box((8, 8), feather=-1), "`feather` must be"),
        (lambda: shrink(np.ones((9, 8)), (4, 4)), "sides that are multiples"),
        (lambda: shrink(np.ones(8), (4, 4)), "sides that are multiples"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()


def test_latents_that_cancel_are_degenerate() -> None:
    for correlation in (-1.0, "estimate"):
        with pytest.raises(DegenerateWeights):
            blend(A, -A, 0.5, correlation=correlation)
    assert np.isfinite(blend(A, -A, 0.25, correlation="estimate")).all()


def test_a_box_lies_where_it_says() -> None:
    mask = box((4, 8, 16), rows=(0, 0.5), columns=(0.25, 0.75))
    assert mask.shape == (8, 16)
    assert mask[:4, 4:12].all()
    assert mask.sum() == 4 * 8
    soft = box((100, 100), columns=(0.3, 1), feather=0.2)
    assert soft[:, 20:40].min() < 0.03
    assert (np.diff(soft[0]) >= 0).all()
    assert (soft[:, :20] == 0).all()
    assert (soft[:, 40:] == 1).all()


def test_a_mask_shrinks_by_blocks(xp) -> None:
    mask = np.zeros((64, 32))
    mask[:8, 8:16] = 1
    small = shrink(xp.asarray(mask), (4, 8, 4))
    assert xp.owns(small)
    expected = np.zeros((8, 4))
    expected[0, 1] = 1
    np.testing.assert_array_equal(xp.numpy(small), expected)
    assert shrink(mask == 1, (8, 4)).dtype == np.float32
