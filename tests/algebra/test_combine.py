"""Laws of `combine` and its named doors, on every array library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

import zalgebra as za
from zalgebra.algebra import combine as engine
from zalgebra.algebra._arrays import as_latents, as_like, to_numpy
from zalgebra.types import BadInput, DegenerateWeights

LAW = settings(max_examples=60, deadline=None, derandomize=True)
METHODS = [m for m in engine.METHODS if m != "nao"]  # that one has laws of its own: test_nao.py
MEETING = ["lol", "linear", "slerp"]  # under these a lone seed comes back
ALPHA = 1e-4  # each test of a distribution alarms falsely once in 10,000 seeds; the seed is fixed
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
POSITIVE = st.floats(0.01, 10)
WEIGHT = st.floats(-10, 10)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@st.composite
def cases(draw, weight=POSITIVE, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Weights (k,) and seeds (k, D), also with k > D."""
    k, D = draw(st.integers(least, 6)), draw(st.integers(2, 12))
    w = np.array(draw(st.lists(weight, min_size=k, max_size=k)))
    return w, normal(k, D, seed=draw(st.integers(0, 1000)))


class Cube:
    """A prior that is not Gaussian: z = u³, entry by entry."""

    shape = (5,)

    def to_normal(self, z):
        assert z.ndim == 2
        return np.cbrt(z)

    def from_normal(self, u):
        assert u.ndim == 2
        return u**3


# Array libraries.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_every_library_gives_the_same_numbers(xp, dtype, method, k) -> None:
    seeds, w = normal(k, 3, 4), np.abs(normal(7, k, seed=1))
    x = xp.asarray(seeds, dtype)
    z = za.combine(w, x, method=method)
    assert xp.owns(z)
    assert xp.dtype(z) == dtype
    np.testing.assert_array_equal(xp.numpy(x), seeds.astype(dtype))
    expected = za.combine(w, seeds, method=method)
    assert z.shape == expected.shape == (7, 3, 4)
    np.testing.assert_allclose(xp.numpy(z), expected, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("correlation", ["independent", "estimate", "given"])
@pytest.mark.parametrize("k", [3, 9])
def test_every_library_knows_priors_and_correlations(xp, dtype, correlation, k) -> None:
    rng = np.random.default_rng(3)
    A = rng.standard_normal((6, 6))
    prior = za.priors.Gaussian(rng.standard_normal((2, 3)), A @ A.T + np.eye(6))
    seeds, w = rng.standard_normal((k, 2, 3)) + 1, rng.standard_normal((4, k))
    if correlation == "given":
        correlation = np.full((k, k), 0.3) + 0.7 * np.eye(k)
    z = za.combine(w, xp.asarray(seeds, dtype), prior=prior, correlation=correlation)
    assert xp.owns(z)
    assert xp.dtype(z) == dtype
    expected = za.combine(w, seeds, prior=prior, correlation=correlation)
    np.testing.assert_allclose(xp.numpy(z), expected, atol=20 * TOLERANCE[dtype])


def test_weights_may_be_of_the_seeds_library_or_of_none(xp) -> None:
    x, w = xp.asarray(normal(3, 4)), [0.5, -1.0, 2.0]
    expected = za.combine(w, normal(3, 4))
    frozen = np.array(w)
    frozen.flags.writeable = False
    for weights in (w, tuple(w), np.array(w), frozen, xp.asarray(w)):
        np.testing.assert_allclose(xp.numpy(za.combine(weights, x)), expected, rtol=1e-12)


def test_a_list_of_latents_is_a_stack(xp) -> None:
    seeds = normal(3, 4)
    z = za.combine([1, 2, 3], [xp.asarray(s) for s in seeds])
    assert xp.owns(z)
    np.testing.assert_allclose(xp.numpy(z), za.combine([1, 2, 3], seeds), rtol=1e-12)


def test_integers_are_read_as_real_numbers(xp) -> None:
    z = za.combine(xp.asarray([3, 4], "int64"), xp.asarray([[5, 0], [0, 5]], "int32"))
    np.testing.assert_allclose(xp.numpy(z), [3.0, 4.0], rtol=1e-6)
    np.testing.assert_allclose(za.combine([3, 4], [[5, 0], [0, 5]]), [3, 4])
    mixed = [xp.asarray([5, 0], "int64"), xp.asarray([0, 5], "float32")]
    np.testing.assert_allclose(xp.numpy(za.combine([3, 4], mixed)), [3, 4], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("method", METHODS)
def test_half_precision_latents_keep_their_dtype(dtype, method) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(normal(16, 70_000)).to(getattr(torch, dtype))  # |x|² is beyond float16
    for correlation in ("independent", "estimate"):
        z = za.combine([1 / 16] * 16, x, method=method, correlation=correlation)
        assert z.dtype == x.dtype
        exact = za.combine([1 / 16] * 16, x.double(), method=method, correlation=correlation)
        np.testing.assert_allclose(z.double().numpy(), exact.numpy(), atol=0.05)
    assert za.check(za.centroid(x)[None]).plausible.all()
    assert za.Latent(x[0]) == za.Latent(x[0])


def test_seeds_of_two_libraries_are_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(BadInput, match="from one library, got numpy, torch"):
        za.combine([1, 1], [np.zeros(3), torch.zeros(3)])
    z = za.combine(torch.tensor([1.0, 2.0], requires_grad=True), normal(2, 3))
    np.testing.assert_allclose(z, za.combine([1, 2], normal(2, 3)))


def test_a_lazy_array_is_not_read(monkeypatch) -> None:
    monkeypatch.setattr("zalgebra.algebra._arrays.is_concrete", lambda x: False)
    assert np.isnan(as_latents([np.nan], "z")).all()
    monkeypatch.undo()
    with pytest.raises(BadInput, match="must be finite"):
        as_latents([np.nan], "z")


def test_a_sum_that_overflows_is_no_infinite_entry() -> None:
    x = np.array([[3e38, 3e38], [1, 2]], dtype="float32")
    assert as_latents(x, "z") is x
    with pytest.raises(BadInput, match="got 1 NaN or infinite entries in shape"):
        as_latents(np.array([[3e38, 3e38], [1, -np.inf]], dtype="float32"), "z")


def test_as_like_and_back(xp) -> None:
    a = as_like(np.arange(3.0), xp.asarray([0], "float32"))
    assert xp.owns(a)
    assert xp.dtype(a) == "float32"
    np.testing.assert_array_equal(to_numpy(a), [0, 1, 2])


# Laws.


@LAW
@given(cases(), st.data())
def test_one_seed_comes_back(case, data) -> None:
    _, x = case
    i = data.draw(st.integers(0, len(x) - 1))
    w = np.zeros(len(x))
    w[i] = data.draw(st.sampled_from([1.0, 0.3, 7.0]))
    np.testing.assert_array_equal(za.combine(w, x), x[i])
    prior = za.priors.Gaussian(np.full(x.shape[1], 3.0), 2.0)
    np.testing.assert_allclose(za.combine(w, x, prior=prior), x[i], rtol=1e-12)
    np.testing.assert_allclose(za.combine(w, x, correlation="estimate"), x[i], rtol=1e-12)
    np.testing.assert_allclose(za.combine(w, x, method="slerp"), x[i], atol=1e-12)
    w[i] = 1
    np.testing.assert_array_equal(za.combine(w, x, method="linear"), x[i])
    np.testing.assert_array_equal(za.combine(w, x, prior=prior), x[i])


@LAW
@given(cases(), st.randoms(use_true_random=False), st.sampled_from([*METHODS, "estimate"]))
def test_order_does_not_matter(case, random, method) -> None:
    w, x = case
    assume(method != "slerp" or plain_mean(w, x))
    options = {"correlation": method} if method == "estimate" else {"method": method}
    order = random.sample(range(len(w)), len(w))
    z = za.combine(w, x, **options)
    np.testing.assert_allclose(za.combine(w[order], x[order], **options), z, atol=1e-9)


def plain_mean(w: np.ndarray, x: np.ndarray) -> bool:
    """Whether the seeds lie within one hemisphere around their mean, so that there is one mean."""
    n = x / np.linalg.norm(x, axis=1, keepdims=True)
    m = w @ n
    return bool(np.all(n @ m > 0.05 * np.linalg.norm(m)))


@LAW
@given(cases(WEIGHT), st.floats(1e-12, 1e12))
def test_lol_ignores_the_scale_of_weights(case, scale) -> None:
    w, x = case
    assume(np.abs(w).max() > 1e-3)
    prior = za.priors.Gaussian(np.full(x.shape[1], 3.0), 2.0)
    z = za.combine(w, x, prior=prior)
    np.testing.assert_allclose(za.combine(scale * w, x, prior=prior), z, rtol=1e-9, atol=1e-9)
    # The other sign gives the point on the other side of the mean.
    np.testing.assert_allclose(za.combine(-w, x, prior=prior) - 3, 3 - z, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_whose_squares_leave_the_dtype(dtype) -> None:
    x = normal(2, 5).astype(dtype)
    for scale in (1e-30, 1e30):
        np.testing.assert_allclose(
            za.combine([scale, 2 * scale], x), za.combine([1, 2], x), rtol=1e-5
        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("correlation", ["independent", "estimate"])
def test_a_batch_of_weights_is_row_by_row(method, correlation) -> None:
    w, x = np.abs(normal(3, 4, 5)), normal(5, 8, seed=1)
    z = za.combine(w, x, method=method, correlation=correlation)
    assert z.shape == (3, 4, 8)
    for i in np.ndindex(3, 4):
        one = za.combine(w[i], x, method=method, correlation=correlation)
        np.testing.assert_allclose(z[i], one, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_any_latent_shape_is_its_flattened_one(method) -> None:
    w, x = np.abs(normal(4, 3)), normal(3, 2, 3, 4)
    mean = normal(2, 3, 4, seed=2)
    for prior, flat in (
        (None, None),
        (za.priors.Gaussian(mean, 2.0), za.priors.Gaussian(mean.ravel(), 2.0)),
    ):
        z = za.combine(w, x, method=method, prior=prior)
        y = za.combine(w, x.reshape(3, -1), method=method, prior=flat)
        np.testing.assert_allclose(z.reshape(4, -1), y, rtol=1e-12)


def test_latents_may_be_single_numbers_or_none() -> None:
    assert za.combine([3, 4], [5.0, 10.0]) == pytest.approx(11)
    assert za.combine(np.ones((2, 3)), np.zeros((3, 0)), correlation="estimate").shape == (2, 0)
    for method in METHODS:
        assert za.combine(np.ones((0, 3)), normal(3, 4), method=method).shape == (0, 4)


def test_lol_is_its_formula() -> None:
    w, x, mean = normal(6, 4), normal(4, 5) + 2, normal(5, seed=9)
    root = np.sqrt((w**2).sum(axis=1, keepdims=True))
    expected = (1 - w.sum(axis=1, keepdims=True) / root) * mean + w @ x / root
    prior = za.priors.Gaussian(mean, np.arange(1.0, 6.0))
    np.testing.assert_allclose(za.combine(w, x, prior=prior), expected, rtol=1e-10)


@pytest.mark.parametrize("shape", [(), (1,), (6,), (2, 3)])
def test_a_prior_that_is_not_gaussian_is_combined_in_normal_coordinates(shape) -> None:
    w, u = normal(*shape, 3), normal(3, 5)
    z = za.combine(w, u**3, prior=Cube())
    assert z.shape == (*shape, 5)
    np.testing.assert_allclose(z, za.combine(w, u) ** 3, rtol=1e-9)


@pytest.mark.parametrize("method", MEETING)
def test_interpolation_ends_at_its_ends(method) -> None:
    a, b = normal(2, 3, 4)
    z = za.interpolate(a, b, np.linspace(0, 1, 5), method=method)
    assert z.shape == (5, 3, 4)
    np.testing.assert_array_equal(z[0], a)
    np.testing.assert_array_equal(z[-1], b)
    np.testing.assert_allclose(za.interpolate(a, b, 0.25, method=method), z[1], rtol=1e-12)
    backwards = za.interpolate(b, a, np.linspace(1, 0, 5), method=method)
    np.testing.assert_allclose(backwards, z, atol=1e-12)


@pytest.mark.parametrize("method", MEETING)
@pytest.mark.parametrize(("k", "segment"), [(2, 49), (3, 3), (5, 7)])
def test_a_path_passes_its_keyframes(method, k, segment) -> None:
    x = normal(k, 6)
    np.testing.assert_allclose(
        za.path(x, (k - 1) * segment + 1, method=method)[::segment], x, atol=1e-12
    )
    z = za.path(x, k * segment, closed=True, method=method)
    np.testing.assert_allclose(z[::segment], x, atol=1e-12)
    towards = za.interpolate(x[-1], x[0], np.arange(segment) / segment, method=method)
    np.testing.assert_allclose(z[-segment:], towards, atol=1e-9)


def test_a_path_may_keep_its_speed() -> None:
    a, b, c = normal(3, 4000)
    near = za.interpolate(a, b, 0.2)
    z = za.path([a, near, c], 30, pace="arc", correlation="estimate")
    steps = np.sort(np.linalg.norm(np.diff(z, axis=0), axis=1))[1:]  # one step cuts the corner
    assert steps.max() < 1.1 * steps.min()
    jumpy = np.linalg.norm(
        np.diff(za.path([a, near, c], 30, correlation="estimate"), axis=0), axis=1
    )
    assert jumpy.max() > 3 * jumpy.min()
    with pytest.raises(BadInput, match="`pace` must be 'time' or 'arc', got 'fast'"):
        za.path([a, b], 3, pace="fast")


def test_centroid_is_combine_with_equal_weights() -> None:
    x = normal(5, 7)
    np.testing.assert_allclose(za.centroid(x), x.sum(axis=0) / np.sqrt(5), rtol=1e-12)
    np.testing.assert_allclose(za.centroid(x, method="linear"), x.mean(axis=0), rtol=1e-12)
    weighted = za.centroid(x, weights=[1, 0, 0, 2, -1])
    np.testing.assert_allclose(weighted, za.combine([1, 0, 0, 2, -1], x))


# Distributions: does what comes out follow the prior?


def combined(prior, method: str, n: int = 2000) -> np.ndarray:
    """n combinations, each of fresh seeds with weights of any sign and sum."""
    rng = np.random.default_rng(5)
    D = 64
    rows = []
    for _ in range(n):
        k = rng.integers(2, 7)
        x = prior.from_normal(rng.standard_normal((k, D)))
        w = np.abs(rng.standard_normal(k)) * (1 if method != "lol" else rng.choice([-1, 1], k))
        rows.append(
            za.combine(w / (1 if method == "lol" else w.sum()), x, prior=prior, method=method)
        )
    return np.stack(rows)


def full_gaussian(D: int = 64) -> za.priors.Gaussian:
    rng = np.random.default_rng(4)
    A = rng.standard_normal((D, D)) / np.sqrt(D)
    return za.priors.Gaussian(3 * rng.standard_normal(D), A @ A.T + 0.3 * np.eye(D))


def test_lol_keeps_the_prior() -> None:
    prior = full_gaussian()
    z = combined(prior, "lol")
    for p in za.check(z, prior).p_values.values():
        assert stats.kstest(p, "uniform").pvalue > ALPHA
    # Mean and covariance, whitened: n ū² ~ χ²_D, and n Σ_{i<j} s_ij² ~ χ² of as many.
    u = prior.to_normal(z)
    n, D = u.shape
    assert ALPHA < stats.chi2.sf(n * np.sum(u.mean(axis=0) ** 2), D) < 1 - ALPHA
    S = u.T @ u / n
    pairs = np.triu_indices(D, 1)
    assert ALPHA < stats.chi2.sf(n * np.sum(S[pairs] ** 2), len(pairs[0])) < 1 - ALPHA
    assert ALPHA < stats.chi2.sf(n * np.sum((np.diag(S) - 1) ** 2) / 2, D) < 1 - ALPHA


def test_the_tests_of_distribution_see_that_linear_leaves_the_prior() -> None:
    prior = full_gaussian()
    z = combined(prior, "linear", n=200)
    p_values = za.check(z, prior).p_values
    for test in ("norm", "variance", "ks", "cvm", "ad"):
        assert stats.kstest(p_values[test], "uniform").pvalue < 1e-8
    assert np.mean(p_values["mean"] < 0.05) < 0.05  # it is too small, and nothing else
    assert stats.kstest(p_values["whiteness"], "uniform").pvalue > ALPHA
    assert prior.to_normal(z).var() < 0.7


def test_lol_of_lol_forgets_that_seeds_are_shared() -> None:
    x = normal(3, 100_000)
    a, b = za.combine([1, 1, 1], x), za.combine([1, 1, 2], x)
    assert za.combine([0.5, 0.5], [a, b]).var() == pytest.approx(1.94, abs=0.02)
    p, q, r = (za.Latent(s, name) for s, name in zip(x, "pqr", strict=True))
    recipe = ((p + q + r) / np.sqrt(3) + (p + q + 2 * r) / np.sqrt(6)) / 2
    assert recipe.array().var() == pytest.approx(1, abs=0.02)


# What has no defined answer.


@pytest.mark.parametrize(
    ("weights", "seeds", "options", "words"),
    [
        ([1, np.nan], np.ones((2, 3)), {}, "`weights` must be finite, got 1 NaN or infinite"),
        ([1, np.inf], np.ones((2, 3)), {}, "`weights` must be finite"),
        ([1, 1], [[1, np.nan]] * 2, {}, "`seeds` must be finite, got 2 NaN or infinite entries"),
        ([1, 1], [[1, -np.inf]] * 2, {}, "`seeds` must be finite"),
        ([1, 1, 1], np.ones((2, 3)), {}, r"`weights` must have shape \(..., 2\), .* got \(3,\)"),
        (1.0, np.ones((2, 3)), {}, r"`weights` must have shape \(..., 2\), .* got \(\)"),
        ([], np.ones((0, 3)), {}, r"`seeds` must hold at least one latent .* got shape \(0, 3\)"),
        ([], [], {}, "`seeds` must hold at least one latent"),
        ([1], 5.0, {}, r"`seeds` must hold at least one latent .* got shape \(\)"),
        ([1, 1], [[1, 2], [3]], {}, "`seeds` must be an array or a list of arrays of one shape"),
        ([1, 1], [np.ones(2), np.ones(3)], {}, r"`seeds` must have one shape, got \[\(2,\), \(3,"),
        ([True, False], np.ones((2, 3)), {}, "`weights` must hold real numbers, got bool"),
        ([1, 1j], np.ones((2, 3)), {}, "`weights` must hold real numbers, got complex128"),
        (["1", "2"], np.ones((2, 3)), {}, "`weights` must hold real numbers"),
        ([1, None], np.ones((2, 3)), {}, "`weights` must hold real numbers, got object"),
        ("ab", np.ones((2, 3)), {}, "`weights` must hold real numbers"),
        ([1, 1], np.ones((2, 3), bool), {}, "`seeds` must hold real numbers, got bool"),
        ([1, 1], np.ones((2, 3), complex), {}, "`seeds` must hold real numbers, got complex"),
        ([1, 1], np.ones((2, 3)), {"method": "sler"}, "`method` must be one of lol, linear, slerp"),
        ([1, 1], np.ones((2, 3)), {"correlation": "guess"}, "`correlation` must be 'independent'"),
        (
            [1, 1],
            np.ones((2, 3)),
            {"method": "linear", "correlation": "guess"},
            "`correlation` must be 'independent', 'estimate' or .* got 'guess'",
        ),
        (
            [1, 1],
            np.ones((2, 2, 3)),
            {"prior": za.priors.Gaussian(np.zeros(3), 1.0)},
            r"latents of this prior have shape \(n, 3\), got \(2, 2, 3\)",
        ),
        ([1, 1], np.ones((2, 3)), {"prior": za.priors.Normal((4,))}, r"shape \(n, 4\), got"),
        ([1, 1], np.zeros((2, 3)), {"method": "slerp"}, "got one that is all zeros"),
        ([1, -1], np.eye(2), {"method": "slerp"}, "divides the weights by their sum, and it is 0"),
        ([0, 0], np.eye(2), {"method": "slerp"}, "divides the weights by their sum, and it is 0"),
    ],
)
def test_bad_input_is_one_clear_sentence(weights, seeds, options, words) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        za.combine(weights, seeds, **options)
    assert "\n" not in str(caught.value)


def test_libraries_refuse_what_is_not_real(xp) -> None:
    for bad, words in ((xp.asarray([[1, 0]], "bool"), "bool"), (xp.asarray([[1j]], "c16"), "comp")):
        with pytest.raises(BadInput, match=f"`seeds` must hold real numbers, got .*{words}"):
            za.combine([1], bad)
    for value in (np.nan, np.inf):
        with pytest.raises(
            BadInput, match=r"`seeds` must be finite, got .*NaN or infinite entries"
        ):
            xp.numpy(za.combine([1], xp.asarray([[1, value]])))  # Dask finds it on computing


def test_doors_refuse_in_their_own_words() -> None:
    x = normal(2, 3)
    with pytest.raises(BadInput, match="`keyframes` must be at least 2, got 1"):
        za.path(x[:1], 5)
    with pytest.raises(BadInput, match="`keyframes` must hold at least one latent"):
        za.path(3.0, 5)
    with pytest.raises(BadInput, match="`steps` must be at least 2, got 1"):
        za.path(x, 1)
    with pytest.raises(BadInput, match="`seeds` must hold at least one latent"):
        za.centroid([])
    with pytest.raises(BadInput, match=r"must have one shape, got \[\(2,\), \(3,\)\]"):
        za.interpolate(x[0], x[1][:2], 0.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_that_vanish_have_no_combination(xp, dtype) -> None:
    x = xp.asarray(normal(3, 784), dtype)
    for weights in ([0, 0, 0], [[1, 2, 3], [0, 0, 0]]):
        for correlation in ("independent", "estimate", np.eye(3)):
            with pytest.raises(DegenerateWeights, match="have no defined combination"):
                xp.numpy(za.combine(weights, x, correlation=correlation))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(784,), (4, 64, 64), (3,)])
def test_equal_seeds_that_cancel_have_no_combination(xp, dtype, shape) -> None:
    a, b = normal(2, *shape)
    x = xp.asarray([a, b, a, b, a], dtype)
    for w in ([1, 0, -1, 0, 0], [0.3, 0, -0.1, 0, -0.2], [1, 1, -1, -1, 0]):
        with pytest.raises(DegenerateWeights, match="equal seeds cancel"):
            xp.numpy(za.combine(w, x, correlation="estimate"))
        R = np.array([[float(i % 2 == j % 2) for i in range(5)] for j in range(5)])
        with pytest.raises(DegenerateWeights, match="equal seeds cancel"):
            za.combine(w, x, correlation=R)
    # Called independent, their difference is the zero latent: β is not 0.
    z = za.combine([1, 0, -1, 0, 0], x)
    np.testing.assert_allclose(xp.numpy(z), np.zeros(shape), atol=1e-6)


# Seeds of its own for every row.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("correlation", ["independent", "estimate"])
@pytest.mark.parametrize("prior", [None, za.priors.Gaussian(np.full((2, 4), 0.5), 2.0)])
def test_every_row_may_have_seeds_of_its_own(xp, dtype, method, correlation, prior) -> None:
    options = {"method": method, "correlation": correlation, "prior": prior}
    seeds, w = normal(5, 3, 2, 4), np.abs(normal(5, 3, seed=1))
    z = za.combine(w, xp.asarray(seeds, dtype), axis=1, **options)
    assert xp.owns(z)
    assert xp.dtype(z) == dtype
    expected = np.stack([za.combine(a, x, **options) for a, x in zip(w, seeds, strict=True)])
    np.testing.assert_allclose(xp.numpy(z), expected, atol=20 * TOLERANCE[dtype])


@pytest.mark.parametrize("method", METHODS)
def test_weights_and_the_batch_of_seeds_broadcast(method) -> None:
    x = normal(2, 5, 3, 7)
    for shape in ((3,), (5, 3), (2, 5, 3), (4, 2, 5, 3), (2, 1, 3)):
        w = np.abs(normal(*shape, seed=2))
        z = za.combine(w, x, axis=2, method=method)
        full = np.broadcast_to(w, np.broadcast_shapes(shape, (2, 5, 3)))
        assert z.shape == (*full.shape[:-1], 7)
        for i in np.ndindex(full.shape[:-1]):
            one = za.combine(full[i], x[i[-2:]], method=method)
            np.testing.assert_allclose(z[i], one, atol=1e-12)
    centre = za.centroid(x, axis=2, method=method)
    np.testing.assert_allclose(centre[1, 3], za.centroid(x[1, 3], method=method), atol=1e-12)


def test_every_row_may_have_a_matrix_of_its_own() -> None:
    w, x = normal(2, 3), normal(2, 3, 5)
    R = np.stack([np.eye(3), np.eye(3) * 0.5 + 0.5])
    z = za.combine(w, x, axis=1, correlation=R)
    for i in range(2):
        np.testing.assert_allclose(z[i], za.combine(w[i], x[i], correlation=R[i]))


def test_a_batch_that_does_not_fit_is_one_sentence() -> None:
    x = normal(5, 3, 4)
    with pytest.raises(BadInput, match=r"must broadcast against the batch \(5,\) of seeds; give"):
        za.combine(np.ones((4, 3)), x, axis=1)
    with pytest.raises(BadInput, match=r"`axis` must lie between 0 and 2 for seeds .* got 3"):
        za.combine([1, 1, 1], x, axis=3)
    with pytest.raises(BadInput, match="`axis` must be at least 0, got -1"):
        za.centroid(x, axis=-1)
    with pytest.raises(BadInput, match=r"`axis` must be a whole number, got 1\.0"):
        za.centroid(x, axis=1.0)
    with pytest.raises(BadInput, match=r"latents of this prior have shape \(n, 3, 4\)"):
        za.combine([1, 1, 1], x, axis=1, prior=za.priors.Normal((3, 4)))


def test_a_batch_of_no_rows_is_no_rows() -> None:
    assert za.centroid(np.zeros((0, 2, 4)), axis=1).shape == (0, 4)
    with pytest.raises(BadInput, match="`seeds` must hold at least one latent"):
        za.centroid(np.zeros((3, 0, 4)), axis=1)


def test_what_is_no_prior_or_has_no_finite_coordinates_is_one_sentence() -> None:
    x = np.abs(normal(3, 4))
    with pytest.raises(BadInput, match=r"`prior` must be one of za.priors, got rv_continuous_froz"):
        za.centroid(x, prior=stats.norm())
    broken = za.priors.Independent(stats.gamma(-1))
    with pytest.raises(BadInput, match="gives these seeds no finite normal coordinates"):
        za.centroid(x, prior=broken)
    with pytest.raises(BadInput, match="gives these latents no finite normal coordinates"):
        za.check(x, broken)
    with pytest.raises(BadInput, match="`seeds` must not be masked"):
        za.centroid(np.ma.masked_array(x, mask=np.eye(3, 4)))


# The baselines that rescale.


@pytest.mark.parametrize("prior", [None, za.priors.Gaussian(np.full(50, 3.0), 4.0)])
def test_norm_and_standardize_are_their_formulas(prior) -> None:
    x, w = normal(4, 50) * 2 + 3, normal(6, 4)
    u = x if prior is None else (x - 3) / 2
    y = w @ u
    back = (lambda u: u) if prior is None else (lambda u: 3 + 2 * u)
    expected = np.sqrt(49) * y / np.linalg.norm(y, axis=1, keepdims=True)
    np.testing.assert_allclose(za.combine(w, x, prior=prior, method="norm"), back(expected))
    expected = (y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True)
    np.testing.assert_allclose(za.combine(w, x, prior=prior, method="standardize"), back(expected))


@pytest.mark.parametrize("method", ["norm", "standardize"])
def test_what_cannot_be_rescaled_is_one_sentence(xp, method) -> None:
    x = xp.asarray(np.ones((2, 5)))
    with pytest.raises(DegenerateWeights, match=f"`{method}` needs a sum to rescale"):
        xp.numpy(za.combine([1, -1], x, method=method))
    with pytest.raises(BadInput, match=f"`{method}` needs latents of at least 2 entries, got 1"):
        za.combine([1, 1], [[1.0], [2.0]], method=method)


def test_nao_is_a_method() -> None:
    a, b = normal(2, 30, 30)
    z = za.interpolate(a, b, np.linspace(0, 1, 5), method="nao")
    np.testing.assert_allclose(z[[0, -1]], [a, b], atol=1e-8)
    assert za.check(z).plausible.all()
    torch = pytest.importorskip("torch")
    t = torch.tensor(np.stack([a, b]), requires_grad=True)
    assert not za.combine([1, 1], t, method="nao").requires_grad
    with pytest.raises(BadInput, match="`nao` takes one set of seeds"):
        za.combine([1, 1], normal(3, 2, 5), axis=1, method="nao")


# JAX's transformations, and Dask's patience.


@pytest.mark.parametrize(
    ("method", "correlation"),
    [*((m, "independent") for m in METHODS), ("lol", "estimate"), ("lol", "given")],
)
@pytest.mark.parametrize("prior", [None, za.priors.Gaussian(np.full(6, 0.5), np.eye(6) + 0.2)])
def test_jax_compiles_maps_and_differentiates(method, correlation, prior) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    k = 2 if method == "slerp" else 3  # every step to a mean of three is compiled, which is slow
    R = np.eye(k) * 0.7 + 0.3 if correlation == "given" else correlation

    def f(w, x):
        return za.combine(w, x, method=method, correlation=R, prior=prior)

    w, x = jax.numpy.asarray(np.abs(normal(4, k))), jax.numpy.asarray(normal(k, 6, seed=1))
    expected = np.asarray(f(w, x))
    np.testing.assert_allclose(jax.jit(f)(w, x), expected, atol=1e-9)
    np.testing.assert_allclose(jax.vmap(f, (0, None))(w, x), expected, atol=1e-9)
    many = jax.numpy.stack([x, x + 1])
    rows = jax.vmap(f, (None, 0))(w, many)
    np.testing.assert_allclose(rows[1], f(w, x + 1), atol=1e-9)
    slope = jax.grad(lambda w, x: f(w, x).sum(), argnums=(0, 1))(w, x)
    step = 1e-6
    for at, (i, d) in enumerate(zip(((2, 1), (1, 3)), slope, strict=True)):
        moved = [w, x]
        up, down = (moved[at].at[i].add(s) for s in (step, -step))
        ends = [f(*(v if j == at else m for j, m in enumerate(moved))).sum() for v in (up, down)]
        assert float(d[i]) == pytest.approx(
            float(ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-6
        )


def test_jax_compiles_the_spherical_mean() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    w, x = jax.numpy.asarray(np.abs(normal(4, 3))), jax.numpy.asarray(normal(3, 6, seed=1))
    z = jax.jit(lambda w, x: za.combine(w, x, method="slerp"))(w, x)
    np.testing.assert_allclose(z, za.combine(w, x, method="slerp"), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("correlation", ["independent", "estimate"])
def test_torchs_function_transforms(method, correlation) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(normal(5, 2, 7))

    def f(x):
        return za.centroid(x, method=method, correlation=correlation)

    one_by_one = torch.stack([f(row) for row in x])
    torch.testing.assert_close(torch.func.vmap(f)(x), one_by_one)
    slope = torch.func.grad(lambda x: f(x).sum())(x[0])
    leaf = x[0].clone().requires_grad_()
    f(leaf).sum().backward()
    torch.testing.assert_close(slope, leaf.grad)


def test_a_traced_path_cannot_be_measured() -> None:
    jax = pytest.importorskip("jax")
    with pytest.raises(BadInput, match="`lengths` measures the seeds, which JAX is tracing"):
        jax.jit(lambda x: za.path(x, 7, pace="arc"))(jax.numpy.eye(3))


def test_what_jax_traces_becomes_nan_where_it_has_no_result() -> None:
    jax = pytest.importorskip("jax")
    z = jax.jit(za.combine)(jax.numpy.zeros(2), jax.numpy.ones((2, 3)))
    assert np.isnan(np.asarray(z)).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("correlation", ["independent", "estimate"])
@pytest.mark.parametrize("prior", [None, za.priors.Gaussian(np.full((2, 50), 0.5), 2.0)])
def test_dask_stays_lazy(method, correlation, prior) -> None:
    da = pytest.importorskip("dask.array")
    touched = []

    def block(x, block_info=None):
        if block_info:
            touched.append(block_info)
        return x

    seeds = normal(3, 2, 50)
    x = da.from_array(seeds, chunks=(1, 2, 25)).map_blocks(block, dtype=float, meta=np.empty(0))
    w = np.abs(normal(4, 3))
    z = za.combine(w, x, method=method, correlation=correlation, prior=prior)
    assert isinstance(z, da.Array)
    assert z.shape == (4, 2, 50)
    assert not touched
    expected = za.combine(w, seeds, method=method, correlation=correlation, prior=prior)
    np.testing.assert_allclose(z.compute(), expected, atol=1e-9)
    assert touched


# Gradients.


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize(
    "options",
    [
        {"method": "lol"},
        {"method": "lol", "correlation": "estimate"},
        {"method": "lol", "prior": za.priors.Gaussian(np.arange(5.0), np.eye(5) + 0.5)},
        {"method": "linear"},
        {"method": "slerp"},
        {"method": "norm"},
        {"method": "standardize"},
    ],
    ids=["lol", "estimate", "gaussian", "linear", "slerp", "norm", "standardize"],
)
def test_gradients_are_those_of_finite_differences(options, k) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(normal(k, 5) + 1, requires_grad=True)
    w = torch.tensor(np.abs(normal(3, k)) + 0.1, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w, x: za.combine(w, x, **options), (w, x))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [2, 3])
def test_gradients_are_finite_where_angles_vanish(method, k) -> None:
    torch = pytest.importorskip("torch")
    for seeds, weights in ((normal(k, 5), [1.0] + [0.0] * (k - 1)), (normal(1, 5), [1.0] * k)):
        x = torch.tensor(np.broadcast_to(seeds, (k, 5)).copy(), requires_grad=True)
        w = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
        za.combine(w, x, method=method).sum().backward()
        assert torch.isfinite(x.grad).all()
        assert torch.isfinite(w.grad).all()


def test_a_position_keeps_its_gradient():
    torch = pytest.importorskip("torch")
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    t = torch.tensor(0.25, requires_grad=True)
    za.interpolate(a, b, t, method="linear")[1].backward()
    assert float(t.grad) == 1.0


def test_a_table_is_read_by_its_rows() -> None:
    pandas = pytest.importorskip("pandas")
    x = np.random.default_rng(0).standard_normal((9, 4))
    table = pandas.DataFrame(x, columns=list(range(4)))  # iterated over, it yields column names
    np.testing.assert_allclose(za.centroid(table), za.centroid(x))
    np.testing.assert_allclose(za.path(table, 5), za.path(x, 5))
    w = pandas.Series(np.arange(9.0))
    np.testing.assert_allclose(za.combine(w, table), za.combine(w.to_numpy(), x))
    with pytest.raises(BadInput, match="`seeds` must hold real numbers, got a DataFrame"):
        za.centroid(table.assign(word="cat"))
    with pytest.raises(BadInput, match="`seeds` must hold real numbers, got a dict"):
        za.centroid({0: x[0], 1: x[1]})
