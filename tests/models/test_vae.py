"""The VAE keeps scikit-learn's contract, repeats itself bit for bit, and learns."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

import zalgebra as za
from zalgebra.models import VAE
from zalgebra.types import BadInput, LatentModel

SMALL = {"width": 4, "max_epochs": 2, "batch_size": 16, "verbose": False}
SHAPES = [(1, 28, 28), (3, 64, 64), (1, 8, 8), (3, 16, 48), (2, 17, 23), (1, 1, 5), (5,), (1,)]


def blobs(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Smooth random pictures or rows in [0, 1]."""
    a, b = np.random.default_rng(seed).random((2, n, *(1 for _ in shape)))
    ramp = np.linspace(0, 1, math.prod(shape)).reshape(shape)
    return (a * ramp + b * (1 - ramp)).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_goes_to_latents_and_back(shape) -> None:
    X = blobs(20, *shape)
    model = VAE(3, **SMALL)
    assert model.fit(X) is model
    Z = model.transform(X)
    back = model.inverse_transform(Z)
    assert (Z.shape, Z.dtype) == ((20, 3), np.float32)
    assert (back.shape, back.dtype) == (X.shape, np.float32)
    assert np.isfinite(back).all()
    assert model.transform(X[:0]).shape == (0, 3)
    assert model.inverse_transform(Z[:0]).shape == (0, *shape)
    assert model.sample(2).shape == (2, *shape)
    assert isinstance(model, LatentModel)
    spec = model.spec_
    assert (spec.model, spec.latent_shape, spec.data_shape) == ("VAE", (3,), shape)
    assert spec.fingerprint == model.fingerprint_


def test_pictures_decode_into_zero_to_one() -> None:
    model = VAE(2, **SMALL).fit(blobs(20, 1, 16, 16))
    far = model.inverse_transform(np.array([[40.0, -40.0]]))
    assert far.min() >= 0
    assert far.max() <= 1


def test_columns_of_a_table_are_standardised() -> None:
    rng = np.random.default_rng(0)
    T = rng.standard_normal((200, 2)) @ rng.standard_normal((2, 4))
    X = np.concatenate([T * [1, 1e3, 1e-3, 1] + [0, 5e3, 0, -2], np.full((200, 1), 7.0)], axis=1)
    model = VAE(2, width=8, max_epochs=40, batch_size=32, verbose=False).fit(X)
    np.testing.assert_allclose(model.centre_, X.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.scale_[:4], X.std(axis=0)[:4], rtol=1e-4)
    back = model.inverse_transform(model.transform(X))
    errors = ((back - X) ** 2).mean(axis=0)[:4] / X.var(axis=0)[:4]
    assert (errors < 0.5).all(), errors  # every column counts, whatever its scale
    assert abs(back[:, 4] - 7).max() < 1  # a constant column divides by nothing


def test_scikit_learns_contract() -> None:
    model = VAE(5, beta=2.0, random_state=3, **SMALL)
    assert model.get_params()["beta"] == 2.0
    assert model.set_params(beta=4.0, latent_dim=2) is model
    twin = clone(model)
    assert twin is not model
    assert twin.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    X = blobs(30, 6)
    y = np.arange(30)
    Z = model.fit_transform(X, y)
    np.testing.assert_array_equal(Z, twin.fit(X).transform(X))  # y is ignored
    check_is_fitted(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(model))
    assert model.score(X) == pytest.approx(-((model.inverse_transform(Z) - X) ** 2).mean())


def test_it_works_in_a_pipeline(digits) -> None:
    X, y = digits.images[:300], digits.labels["class"][:300]
    steps = make_pipeline(VAE(8, **SMALL), LogisticRegression(max_iter=2000))
    pipe = clone(steps).set_params(vae__max_epochs=20, vae__beta=0.1).fit(X, y)
    assert pipe.named_steps["vae"].transform(X).shape == (300, 8)
    assert pipe.score(X, y) > 0.5


METHODS = ["transform", "inverse_transform", "score", "sample", "encode", "decode", "save"]


@pytest.mark.parametrize("method", METHODS)
def test_an_unfitted_model_says_so(method, tmp_path) -> None:
    argument = {"sample": 2, "save": tmp_path / "m"}.get(method, torch.zeros(2, 4))
    with pytest.raises(BadInput, match="this VAE is not fitted yet: call fit"):
        getattr(VAE(4), method)(argument)
    assert not (tmp_path / "m").exists()


def test_a_fit_that_breaks_off_leaves_no_half_learned_model(monkeypatch) -> None:
    model, X = VAE(2, **SMALL), blobs(20, 4)
    model.fit(X)

    def broken(*_: object) -> dict:
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "_loss", broken)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    with pytest.raises(BadInput, match="not fitted"):
        model.transform(X)


WRONG = [
    (np.zeros(5), r"shape \(n, d\) or \(n, C, H, W\), got \(5,\)"),
    (np.zeros((4, 5, 6)), "shape"),
    (np.zeros((4, 0)), "shape"),
    (np.zeros((1, 3)), "at least 2 rows, got 1"),
    (np.zeros((0, 3)), "at least 2 rows, got 0"),
    ([[0, 1], [2]], "must be an array of numbers"),
    ([["a", "b"]] * 3, "must be numbers"),
    (np.full((4, 3), 1j), "must be numbers, got complex128"),
    (np.array([[0.0], [np.nan]]), "finite"),
    (np.array([[0.0], [np.inf]]), "finite"),
    (np.array([[0.0], [1e300]]), "finite"),
    (np.full((4, 1, 8, 8), 255, np.uint8), r"\[0, 1\], got 255 to 255; divide 8-bit ones by 255"),
    (np.full((4, 1, 8, 8), -0.5), r"\[0, 1\]"),
]


@pytest.mark.parametrize(("X", "words"), WRONG, ids=[w for _, w in WRONG])
def test_data_that_cannot_be_learned_is_one_sentence(X, words) -> None:
    with pytest.raises(BadInput, match=words):
        VAE(2, **SMALL).fit(X)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("latent_dim", 0), ("width", 2.5), ("max_epochs", 0), ("batch_size", -1), ("beta", -1.0),
     ("learning_rate", math.nan), ("patience", 0), ("random_state", None), ("random_state", -1)],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_one_sentence(setting, value) -> None:
    with pytest.raises(BadInput, match=f"`{setting}` must be"):
        VAE(**{**SMALL, setting: value}).fit(blobs(4, 3))


def test_a_fitted_model_refuses_other_data(vae) -> None:
    for X in (np.zeros((2, 1, 8, 9)), np.zeros((2, 64)), np.zeros(64), np.zeros(())):
        with pytest.raises(BadInput, match=r"VAE takes data \(n, 1, 8, 8\), got"):
            vae.transform(X)
    with pytest.raises(BadInput, match="divide 8-bit"):
        vae.transform(np.full((2, 1, 8, 8), 16.0))
    with pytest.raises(BadInput, match="finite"):
        vae.transform(np.full((2, 1, 8, 8), np.nan))
    for Z in (np.zeros((2, 9)), np.zeros(8), np.zeros((2, 1, 8))):
        with pytest.raises(BadInput, match=r"shape \(n, 8\), got"):
            vae.inverse_transform(Z)
    with pytest.raises(BadInput, match="latents must be finite"):
        vae.inverse_transform(np.full((2, 8), np.inf))
    with pytest.raises(BadInput, match="latents must be numbers"):
        vae.inverse_transform([["a"] * 8])
    with pytest.raises(BadInput, match="at least 1 row"):
        vae.score(np.zeros((0, 1, 8, 8)))
    with pytest.raises(BadInput, match="`n` must be at least 0"):
        vae.sample(-1)


def test_read_only_strided_and_other_numbers_are_read_alike(vae, digits) -> None:
    X = digits.images[:40]
    Z = vae.transform(X)
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(vae.transform(frozen), Z)
    np.testing.assert_array_equal(vae.transform(X[::-1])[::-1], Z)
    np.testing.assert_array_equal(vae.transform(X.astype(np.float64)), Z)
    np.testing.assert_allclose(vae.transform(X[3:4]), Z[3:4], atol=1e-5)  # rows do not mix
    assert vae.transform((X > 0.5).astype(int)).shape == Z.shape
    before = Z.copy()
    Z.flags.writeable = False
    vae.inverse_transform(Z)
    np.testing.assert_array_equal(Z, before)


def test_a_fit_repeats_bit_for_bit_and_leaves_global_randomness_alone() -> None:
    X = blobs(40, 1, 16, 16)
    torch.manual_seed(1)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    a = VAE(3, random_state=5, **SMALL).fit(X)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.manual_seed(2)
    b = VAE(3, random_state=5, **SMALL).fit(X)
    other = VAE(3, random_state=6, **SMALL).fit(X)
    assert a.fingerprint_ == b.fingerprint_ != other.fingerprint_
    np.testing.assert_array_equal(a.transform(X), b.transform(X))
    np.testing.assert_array_equal(a.sample(3), b.sample(3))
    np.testing.assert_array_equal(a.sample(3), a.sample(3, random_state=5))
    assert (a.sample(3) != a.sample(3, random_state=6)).any()


def test_it_learns(vae, digits) -> None:
    held, seen = digits.images[1500:], digits.images[:1500]
    mean_image = ((held - seen.mean(axis=0)) ** 2).mean()
    assert -vae.score(held) < 0.6 * mean_image
    losses = [e["validation"] for e in vae.training_.history]
    assert losses[-1] < losses[0]
    swapped = vae.inverse_transform(vae.transform(held)[::-1].copy())
    assert ((swapped - held) ** 2).mean() > mean_image  # what it says is about its own picture


def test_the_prior_is_the_law_of_encoded_data(vae, digits) -> None:
    Z = vae.transform(digits.images[:1500])
    U = vae.prior_.to_normal(Z)
    np.testing.assert_allclose(U.mean(axis=0), 0, atol=1e-3)
    variances, axes = np.linalg.eigh(np.cov(Z.T, ddof=0))
    fitted = np.diag(axes.T @ vae.prior_.cov @ axes)
    np.testing.assert_allclose(fitted, variances, atol=0.01 * variances.mean())
    np.testing.assert_allclose(np.diag(vae.prior_.cov), Z.var(axis=0), rtol=1e-3)
    whitened = np.linalg.eigvalsh(np.cov(U.T, ddof=0))
    assert 0 < whitened[0] <= whitened[-1] < 1.02  # shrinkage widens the smaller axes
    assert abs(np.cov(Z.T) - np.eye(8)).max() > 0.1  # N(0, I) would have been wrong


def test_the_verbs_on_tensors_agree_and_have_gradients(vae, digits) -> None:
    X = digits.images[:10]
    x = torch.tensor(X, requires_grad=True)
    z = vae.encode(x)
    y = vae.decode(z)
    np.testing.assert_array_equal(z.detach().numpy(), vae.transform(X))
    np.testing.assert_array_equal(y.detach().numpy(), vae.inverse_transform(vae.transform(X)))
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_latent_arithmetic_on_a_fitted_model(vae, digits) -> None:
    Z = vae.transform(digits.images[:5])
    z = za.interpolate(Z[0], Z[1], [0.0, 0.5, 1.0], prior=vae.prior_)
    np.testing.assert_allclose(z[[0, 2]], Z[:2], atol=1e-4)
    assert vae.inverse_transform(z).shape == (3, 1, 8, 8)
