"""Barycentres of pictures: closed forms of Gaussians, and what moving light may and may not do."""

from __future__ import annotations

import numpy as np
import pytest

import zalgebra as za
from zalgebra.algebra import transport
from zalgebra.algebra.transport.pictures import picture_barycenter
from zalgebra.types import BadInput

METHODS = ["debiased", "convolutional", "sliced"]
SIDE = 40


def blob(row: float, column: float, cov: list[list[float]], H: int = SIDE, W: int = SIDE):
    """A Gaussian drawn on pixels, of sum 1."""
    at = np.stack(np.meshgrid(np.arange(H), np.arange(W), indexing="ij"), axis=-1) - [row, column]
    p = np.exp(-0.5 * np.einsum("hwi,ij,hwj->hw", at, np.linalg.inv(cov), at))
    return p / p.sum()


def moments(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of light, in pixels."""
    at = np.stack(np.indices(p.shape), axis=-1).reshape(-1, 2)
    mean = np.average(at, axis=0, weights=p.ravel())
    return mean, np.cov(at.T, aweights=p.ravel(), bias=True)


PAIRS = {
    "moved": ([[9.0, 2.0], [2.0, 6.0]], [[9.0, 2.0], [2.0, 6.0]]),
    "widened": ([[4.0, 0.0], [0.0, 4.0]], [[16.0, 0.0], [0.0, 16.0]]),
    "turned": ([[16.0, 0.0], [0.0, 4.0]], [[4.0, 0.0], [0.0, 16.0]]),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_two_gaussians_have_the_barycentre_of_the_closed_form(method, pair, share) -> None:
    S0, S1 = PAIRS[pair]
    pictures = np.stack([blob(15, 16, S0), blob(24, 22, S1)])
    true = transport.barycenter(
        [za.priors.Gaussian(*map(np.array, g)) for g in (((15.0, 16.0), S0), ((24.0, 22.0), S1))],
        weights=[1 - share, share],
    )
    mean, cov = moments(picture_barycenter(pictures, [1 - share, share], method=method))
    kernel = (SIDE - 1) ** 2 / 32**2  # the variance that the plain method adds
    np.testing.assert_allclose(mean, true.mean, atol=0.1)
    if method == "convolutional":
        assert np.all(np.linalg.eigvalsh(cov - true.cov) > 0.95 * kernel)
        assert np.all(np.linalg.eigvalsh(cov - true.cov) < 1.05 * kernel)
    elif (method, pair) == ("sliced", "turned"):  # another barycentre there, a little wider
        np.testing.assert_allclose(cov, true.cov, atol=1.1)
    else:
        np.testing.assert_allclose(cov, true.cov, atol=0.3)


@pytest.mark.parametrize("method", METHODS)
def test_all_weight_on_one_gives_it_back(method) -> None:
    x = za.datasets.digits().images[:3, 0]
    for i in range(3):
        found = picture_barycenter(x, np.eye(3)[i], method=method)
        np.testing.assert_allclose(found, x[i], atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_light_is_neither_made_nor_lost(method) -> None:
    x = za.datasets.faces(2, size=32, seed=0).images
    w = np.array([[1.0, 3.0], [2.0, 2.0]])
    found = picture_barycenter(x, w, method=method)
    assert found.shape == (2, 3, 32, 32)
    assert found.dtype == x.dtype
    light = x.sum(axis=(2, 3))
    np.testing.assert_allclose(found.sum(axis=(2, 3)), w / 4 @ light, rtol=1e-4)
    assert found.min() >= 0
    assert found.max() > 1 or method == "debiased"  # it may meet in a pixel, and is not cut off


@pytest.mark.parametrize("method", METHODS)
def test_pictures_need_not_be_square(method) -> None:
    pictures = np.stack(
        [blob(8, 8, [[4, 0], [0, 4]], 16, 40), blob(8, 30, [[4, 0], [0, 4]], 16, 40)]
    )
    mean, cov = moments(picture_barycenter(pictures, method=method))
    np.testing.assert_allclose(mean, [8, 19], atol=0.1)
    assert cov[0, 0] == pytest.approx(cov[1, 1], rel=0.15)  # pixels are square


def test_a_blend_shows_both_and_a_barycentre_one() -> None:
    pictures = np.stack([blob(8, 8, [[3, 0], [0, 3]]), blob(32, 32, [[3, 0], [0, 3]])])
    for method in METHODS:
        middle = picture_barycenter(pictures, method=method)
        assert middle[20, 20] > 0.3 * pictures.max()
        assert middle[8, 8] < 1e-3 * pictures.max()


def test_dark_pictures_count_as_light_alone() -> None:
    x = np.stack([np.zeros((8, 8)), np.eye(8)])
    np.testing.assert_allclose(picture_barycenter(x, method="sliced"), np.eye(8) / 2)
    np.testing.assert_array_equal(picture_barycenter(0 * x), np.zeros((8, 8)))


def test_every_library_gets_its_own_back(xp) -> None:
    x = xp.asarray(
        np.stack([blob(3, 3, [[2, 0], [0, 2]], 8, 8), blob(4, 5, [[2, 0], [0, 2]], 8, 8)])
    )
    found = picture_barycenter(x, [[1.0, 1.0]], method="sliced")
    assert xp.owns(found)
    assert tuple(found.shape) == (1, 8, 8)


@pytest.mark.parametrize(
    ("pictures", "options", "words"),
    [
        (np.ones((2, 8)), {}, "`pictures` must have shape"),
        (np.ones((2, 28, 28, 3)), {}, r"\(k, C, H, W\), channels before rows, got \(2, 28, 28, 3"),
        (np.ones((2, 28, 28, 1)), {}, "np.moveaxis"),
        (-np.ones((2, 8, 8)), {}, "values from -1"),
        (255 * np.ones((2, 8, 8)), {}, "divide bytes of 0 to 255 by 255"),
        (np.full((2, 8, 8), 200, np.uint8), {}, "got 200 to 200"),
        (np.ones((2, 8, 8)), {"weights": [1.0]}, "`weights` must have shape"),
        (np.ones((2, 8, 8)), {"weights": [-1.0, 2.0]}, "at least 0"),
        (np.ones((2, 8, 8)), {"weights": [0.0, 0.0]}, "not all 0"),
        (np.ones((2, 8, 8)), {"method": "magic"}, "got 'magic'"),
        (np.ones((2, 8, 8)), {"blur": 0.0}, "between 0 and 1"),
        (np.ones((2, 8, 8)), {"max_iterations": 0}, "at least 1"),
    ],
)
def test_bad_input_gets_one_sentence(pictures, options, words) -> None:
    with pytest.raises(BadInput, match=words):
        picture_barycenter(pictures, **options)


def test_what_does_not_converge_is_not_returned() -> None:
    pictures = np.stack([blob(8, 8, [[3, 0], [0, 3]]), blob(32, 32, [[3, 0], [0, 3]])])
    with pytest.raises(BadInput, match="did not converge in 10 iterations"):
        picture_barycenter(pictures, max_iterations=10)
