"""Laws of `Subspace` and its charts, on every array library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import zalgebra as za
from zalgebra.algebra import charts
from zalgebra.algebra.subspace import Subspace
from zalgebra.types import BadInput, DegenerateWeights

LAW = settings(max_examples=60, deadline=None, derandomize=True)
ALPHA = 1e-4
TOLERANCE = {"float32": 3e-4, "float64": 1e-10}
KINDS = [
    {"chart": chart, "center": center}
    for chart in ("cartesian", "angles")
    for center in (False, True)
]
SHAPE = (3, 4, 2)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def gaussian() -> za.priors.Gaussian:
    A = normal(24, 24, seed=9)
    return za.priors.Gaussian(normal(*SHAPE, seed=8), A @ A.T / 24 + np.eye(24))


class Cube:
    """A prior that is not Gaussian: z = u³, entry by entry."""

    shape = SHAPE

    def to_normal(self, z):
        assert z.shape[1:] == self.shape
        return z / abs(z) ** (2 / 3)

    def from_normal(self, u):
        return u**3


PRIORS = {"none": lambda: None, "gaussian": gaussian, "cube": Cube}


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind['chart']}, center={kind['center']}")
def kind(request: pytest.FixtureRequest) -> dict:
    return request.param


@pytest.fixture(params=PRIORS)
def prior(request: pytest.FixtureRequest):
    return PRIORS[request.param]()


# The way there and back.


def test_every_seed_comes_back(kind, prior) -> None:
    seeds = normal(5, *SHAPE) * np.arange(1, 6).reshape(5, 1, 1, 1)  # also far off the shell
    subspace = Subspace(prior, **kind).fit(seeds)
    coords = subspace.transform(seeds)
    assert coords.shape == (5, subspace.dim)
    np.testing.assert_allclose(subspace.inverse_transform(coords), seeds, rtol=1e-8, atol=1e-8)
    weights = subspace.weights(coords)
    np.testing.assert_allclose(weights / weights.max(axis=1, keepdims=True), np.eye(5), atol=1e-9)


def test_a_seed_has_weight_one_in_the_cartesian_chart(prior) -> None:
    seeds = normal(4, *SHAPE)
    subspace = Subspace(prior).fit(seeds)
    np.testing.assert_allclose(subspace.weights(subspace.transform(seeds)), np.eye(4), atol=1e-10)


def test_every_latent_of_the_subspace_comes_back(kind, prior) -> None:
    seeds, w = normal(4, *SHAPE), np.abs(normal(2, 6, 4, seed=1))
    z = za.combine(w, seeds, prior=prior)
    subspace = Subspace(prior, **kind).fit(seeds)
    coords = subspace.transform(z)
    assert coords.shape == (2, 6, subspace.dim)
    np.testing.assert_allclose(subspace.inverse_transform(coords), z, rtol=1e-8, atol=1e-8)


def test_every_library_and_dtype(kind, xp) -> None:
    dtypes = ("float32", "float64") if xp.name != "jax" else ("float32",)  # JAX compiles slowly
    seeds, z = normal(4, *SHAPE), normal(3, *SHAPE, seed=1) + normal(4, *SHAPE).sum(axis=0)
    expected = Subspace(**kind).fit(seeds)
    for dtype in dtypes:
        x = xp.asarray(seeds, dtype)
        subspace = Subspace(**kind).fit(x)
        coords = subspace.transform(xp.asarray(z, dtype))
        back, grid = subspace.inverse_transform(coords), subspace.grid((2, 3))
        for array in (coords, back, grid, subspace.sample(2, seed=0)):
            assert xp.owns(array)
            assert xp.dtype(array) == dtype
        close = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
        np.testing.assert_allclose(xp.numpy(coords), expected.transform(z), **close)
        again = expected.inverse_transform(expected.transform(z))
        np.testing.assert_allclose(xp.numpy(back), again, **close)
        np.testing.assert_allclose(xp.numpy(grid), expected.grid((2, 3)), **close)
        np.testing.assert_array_equal(xp.numpy(x), seeds.astype(dtype))


def test_dask_stays_lazy_in_any_chunks(kind) -> None:
    dask = pytest.importorskip("dask.array")

    def fail(block):
        raise AssertionError("computed")

    seeds = normal(3, 4, 400)
    lazy = dask.from_array(seeds, chunks=(1, 2, 100))
    Subspace(**kind).fit(lazy.map_blocks(fail, dtype=float, meta=np.empty((0, 0, 0)))).grid(3)
    z = Subspace(**kind).fit(lazy).grid(3)
    np.testing.assert_allclose(z.compute(), Subspace(**kind).fit(seeds).grid(3), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS[1:3])
def test_jax_traces_and_differentiates_it(kind) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    seeds = jax.numpy.asarray(normal(3, 8))

    def total(x):
        subspace = Subspace(**kind).fit(x)
        return (subspace.inverse_transform(subspace.centroid_) ** 3).sum()

    def plain(x):
        return (za.centroid(x) ** 3).sum()

    value, slope = jax.jit(jax.value_and_grad(total))(seeds)
    assert float(value) == pytest.approx(float(plain(seeds)))
    np.testing.assert_allclose(slope, jax.jit(jax.grad(plain))(seeds), atol=1e-9)


def test_half_precision_lives_on() -> None:
    torch = pytest.importorskip("torch")
    seeds = torch.tensor(normal(3, 64)).to(torch.bfloat16)
    subspace = Subspace(center=True).fit(seeds)
    z = subspace.inverse_transform(subspace.transform(seeds))
    assert z.dtype == torch.bfloat16
    assert float((z - seeds).abs().max()) < 0.05


# Coordinates mean what is said.


def test_cartesian_coordinates_are_inner_products_with_an_orthonormal_basis(prior) -> None:
    seeds, z = normal(4, *SHAPE), normal(6, *SHAPE, seed=1)
    subspace = Subspace(prior).fit(seeds)
    U, R = subspace.basis_, subspace.factor_
    u = seeds if prior is None else prior.to_normal(seeds)
    np.testing.assert_allclose(U.T @ U, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(U @ R, u.reshape(4, -1).T, atol=1e-12)
    assert (np.diag(R) > 0).all()
    v = (z if prior is None else prior.to_normal(z)).reshape(6, -1)
    np.testing.assert_allclose(subspace.transform(z), v @ U, atol=1e-12)
    assert subspace.radius_ == pytest.approx(np.sqrt(np.mean(np.sum(u**2, axis=(1, 2, 3)))))


def test_length_is_no_coordinate() -> None:
    subspace = Subspace().fit(normal(4, 32))
    h = normal(5, 4, seed=1)
    z = subspace.inverse_transform(h)
    np.testing.assert_allclose(subspace.inverse_transform(7 * h), z, rtol=1e-10)
    with pytest.raises(DegenerateWeights):
        subspace.inverse_transform(np.zeros(4))


def test_the_number_of_coordinates(kind) -> None:
    free = kind["center"] or kind["chart"] == "angles"
    assert Subspace(**kind).fit(normal(5, 32)).dim == (4 if free else 5)


@pytest.mark.parametrize("chart", ["cartesian", "angles"])
def test_the_centre_is_the_centroid(chart, prior) -> None:
    seeds = normal(4, *SHAPE) * np.array([1, 2, 3, 0.5]).reshape(4, 1, 1, 1)
    subspace = Subspace(prior, chart=chart, center=True).fit(seeds)
    z = subspace.inverse_transform(np.zeros(3))
    np.testing.assert_allclose(z, za.centroid(seeds, prior=prior), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(subspace.centroid_, np.zeros(3), atol=1e-12)


def test_the_centroid_is_known_in_every_chart(kind) -> None:
    seeds = normal(4, 32)
    subspace = Subspace(**kind).fit(seeds)
    z = subspace.inverse_transform(subspace.centroid_)
    np.testing.assert_allclose(z, za.centroid(seeds), rtol=1e-9)


def test_distances_near_the_centre_are_those_of_the_plane() -> None:
    subspace = Subspace(center=True).fit(normal(3, 64))
    c = np.array([[1.0, 2.0], [-0.5, 0.25]])
    w = subspace.weights(c)
    x = w @ subspace.seeds_
    assert np.linalg.norm(x[0] - x[1]) == pytest.approx(np.linalg.norm(c[0] - c[1]))


def test_the_far_side_of_a_centred_plane_has_no_coordinates(xp) -> None:
    seeds = normal(3, 16)
    subspace = Subspace(center=True).fit(xp.asarray(seeds))
    coords = xp.numpy(subspace.transform(xp.asarray(np.stack([-seeds.mean(axis=0), seeds[0]]))))
    assert np.isnan(coords[0]).all()
    assert np.isfinite(coords[1]).all()


@LAW
@given(st.integers(2, 6), st.integers(0, 1000))
def test_angles_and_back(K, seed) -> None:
    h = normal(7, K, seed=seed)
    theta = charts.angles(h)
    assert theta.shape == (7, K - 1)
    assert (np.abs(theta[:, 0]) <= np.pi).all()
    assert (np.abs(theta[:, 1:]) <= np.pi / 2).all()
    unit = h / np.linalg.norm(h, axis=1, keepdims=True)
    np.testing.assert_allclose(charts.from_angles(theta), unit, atol=1e-12)
    turn = 2 * np.pi * np.arange(K - 1)
    np.testing.assert_allclose(charts.from_angles(theta + turn), unit, atol=1e-12)


def test_angles_are_zero_on_the_first_axis_and_right_on_the_others() -> None:
    theta = charts.angles(np.eye(4))
    np.testing.assert_allclose(theta, np.pi / 2 * np.eye(4)[:, 1:], atol=1e-15)
    np.testing.assert_allclose(abs(charts.angles(-np.eye(4))[0]), [np.pi, 0, 0])


def test_longitude_is_the_angle_between_two_latents_of_equal_norm() -> None:
    seeds = np.linalg.qr(normal(32, 2))[0].T
    subspace = Subspace(chart="angles").fit(seeds)
    z = subspace.inverse_transform([[0.3], [1.1]])
    assert np.arccos(z[0] @ z[1]) == pytest.approx(0.8)


# Grids and samples.


def test_a_grid_is_regular_in_its_coordinates(kind) -> None:
    seeds = normal(4, 64)
    subspace = Subspace(**kind).fit(seeds)
    z = subspace.grid((5, 3), extent=0.4, axes=(1, 0))
    assert z.shape == (5, 3, 64)
    unit = 1.0 if kind["chart"] == "angles" else subspace.radius_
    expected = np.broadcast_to(subspace.centroid_, (5, 3, subspace.dim)).copy()
    expected[..., 1] += 0.4 * unit * np.linspace(-1, 1, 5)[:, None]
    expected[..., 0] += 0.4 * unit * np.linspace(-1, 1, 3)[None, :]
    np.testing.assert_allclose(z, subspace.inverse_transform(expected), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(z[2, 1], za.centroid(seeds), rtol=1e-8)


def test_a_grid_may_stand_elsewhere_or_be_a_line(kind) -> None:
    seeds = normal(3, 64)
    subspace = Subspace(**kind).fit(seeds)
    line = subspace.grid(7, axes=(0,), at=subspace.transform(seeds[0]))
    assert line.shape == (7, 64)
    np.testing.assert_allclose(line[3], seeds[0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ["none", "gaussian"])
def test_everything_follows_the_prior(kind, name) -> None:
    """Each result is N(µ, Σ) over seeds that are: one whitened entry of it, many seeds."""
    prior = PRIORS[name]()
    start = za.priors.Normal(SHAPE) if prior is None else prior
    found = []
    for i in range(400):
        subspace = Subspace(prior, **kind).fit(start.sample(4, seed=i).astype(float))
        # weights that do not depend on the seeds: LOL is exact for these
        z = za.combine([0.5, 1.0, 2.0, 0.3], subspace.seeds_, prior=prior)
        z = subspace.inverse_transform(subspace.transform(z))
        found.append((z[None] if prior is None else prior.to_normal(z[None])).ravel())
    assert stats.kstest(np.ravel(found), "norm").pvalue > ALPHA


@pytest.mark.parametrize("K", [2, 8])
def test_a_place_follows_the_prior_closely_in_high_dimension(kind, K) -> None:
    """Weights at fixed coordinates depend on the seeds, by some K / D in the variance."""
    D, places = 1024, []
    for i in range(200):
        subspace = Subspace(**kind).fit(normal(K, D, seed=i))
        places.append(subspace.inverse_transform(np.ones(subspace.dim)))
    assert np.mean(np.square(places)) == pytest.approx(1, abs=0.03)


def test_samples_are_uniform_in_direction(kind) -> None:
    seeds = normal(3, 24)
    subspace = Subspace(**kind).fit(seeds)
    z = subspace.sample(4000, seed=1)
    np.testing.assert_array_equal(z, subspace.sample(4000, seed=1))
    h = Subspace().fit(seeds).transform(z)
    unit = h / np.linalg.norm(h, axis=1, keepdims=True)
    for column in unit.T:  # Archimedes: a coordinate of a uniform point of S² is uniform
        assert stats.kstest(column, "uniform", (-1, 2)).pvalue > ALPHA
    assert subspace.sample(0, seed=1).shape == (0, 24)


def test_correlation_is_handed_on() -> None:
    shared = normal(1, 400)
    seeds = 0.8 * shared + 0.6 * normal(4, 400, seed=1)
    subspace = Subspace(center=True, correlation="estimate").fit(seeds)
    expected = za.centroid(seeds, correlation="estimate")
    np.testing.assert_allclose(subspace.inverse_transform(np.zeros(3)), expected, rtol=1e-8)
    assert abs(expected.std() - za.centroid(seeds).std()) > 0.3


# What is refused.


def test_seeds_of_very_different_norms_are_independent() -> None:
    Subspace().fit(normal(3, 16) * np.array([[1e-9], [1], [1e9]]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("D", [8, 16384])
def test_dependent_seeds_are_found_in_either_precision(dtype, D) -> None:
    seeds = normal(4, D).astype(dtype)
    Subspace().fit(seeds)
    seeds[3] = seeds[0] - 2 * seeds[1]
    words = "independent, got 4 that span 3 dimensions; leave 1 out"
    with pytest.raises(BadInput, match=words):
        Subspace().fit(seeds)


FITTED = Subspace().fit(normal(3, 2, 4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Subspace(chart="polar").fit(normal(3, 8)), "`chart` must be one of .*'polar'"),
        (lambda: Subspace().fit(normal(1, 8)), "`seeds` must be at least 2, got 1"),
        (lambda: Subspace().fit(3.0), "`seeds` must be at least 2, got 0"),
        (lambda: Subspace().fit(normal(9, 2, 4)), "9 seeds of 8 entries are linearly dependent"),
        (lambda: Subspace().fit(np.zeros((2, 8))), "got 2 that span 0 dimensions"),
        (lambda: Subspace().transform(normal(2, 8)), r"not fitted yet: call fit\(seeds\) first"),
        (lambda: Subspace().sample(3, seed=0), "not fitted yet"),
        (
            lambda: FITTED.transform(normal(2, 8)),
            r"`z` must have shape \(..., 2, 4\), got \(2, 8\)",
        ),
        (lambda: FITTED.inverse_transform([1.0, 2]), r"`coords` .* \(..., 3\), got \(2,\)"),
        (lambda: FITTED.inverse_transform([1, np.nan, 2]), "`coords` must be finite"),
        (lambda: FITTED.grid(3, axes=(0, 1, 2)), "3 seeds has 2 degrees of freedom, got 3"),
        (lambda: FITTED.grid(3, axes=(0, 5)), "`axes` must be different numbers from 0 to 2"),
        (lambda: FITTED.grid((3, 3, 3)), "`n` must be one number, or one for each of 2 axes"),
        (lambda: FITTED.grid(0), "`n` must be at least 1, got 0"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words) -> None:
    with pytest.raises(BadInput, match=words):
        call()
