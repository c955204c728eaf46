"""What every model promises, as laws over a list: a new model joins by one line of MODELS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import NMF, FastICA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

import zalgebra as za
from zalgebra.files import read_json, read_tensors, write_json, write_tensors
from zalgebra.models import VAE, training_state
from zalgebra.models.autoencoder import Autoencoder
from zalgebra.models.disentangled import BetaTCVAE, BetaVAE
from zalgebra.models.hyperspherical import HypersphericalVAE
from zalgebra.models.linear import PCA
from zalgebra.models.wrapped import Wrapped
from zalgebra.types import BadInput, LatentModel

SMALL = {"width": 4, "max_epochs": 4, "batch_size": 8, "patience": None, "verbose": False}

# Name to an unfitted model, small and quick, for data of at least 5 entries.
MODELS: dict[str, Callable[..., Any]] = {
    "PCA": partial(PCA, 2),
    "PCA, whitened": partial(PCA, 2, whiten=True),
    "Wrapped FastICA": partial(Wrapped, FastICA(2, random_state=0, max_iter=2000, tol=1e-3)),
    "Wrapped NMF": partial(Wrapped, NMF(2, random_state=0, max_iter=5000, tol=1e-5)),
    "Autoencoder": partial(Autoencoder, 2, **SMALL),
    "VAE": partial(VAE, 2, **SMALL),
    "BetaVAE": partial(BetaVAE, 2, **SMALL),
    "BetaTCVAE": partial(BetaTCVAE, 2, **SMALL),
    "HypersphericalVAE": partial(HypersphericalVAE, 3, **SMALL),
}
NOT_SAVED = {"Wrapped NMF"}  # and refuse it
NO_GRADIENT = {"Wrapped FastICA", "Wrapped NMF"}
SHAPES = [(1, 28, 28), (3, 16, 48), (2, 17, 23), (1, 1, 5), (5,)]

every = pytest.mark.parametrize("name", MODELS)
saved = pytest.mark.parametrize("name", [name for name in MODELS if name not in NOT_SAVED])
trained = pytest.mark.parametrize(
    "name", [name for name, make in MODELS.items() if "max_epochs" in make().get_params()]
)


def rows(shape: tuple[int, ...], n: int = 24) -> np.ndarray:
    """Random rows in [0, 1] that hang together in a few ways."""
    rng = np.random.default_rng(0)
    ways, share = rng.random((4, *shape)), rng.dirichlet(np.ones(4), size=n)
    noisy = np.tensordot(share, ways, axes=1) + 0.05 * rng.random((n, *shape))
    return (noisy / 1.05).astype(np.float32)


@cache
def fitted(name: str, shape: tuple[int, ...] = (1, 16, 16)) -> Any:
    """A fitted model that tests only read."""
    return MODELS[name]().fit(rows(shape))


@every
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_goes_to_latents_and_back(name, shape) -> None:
    X, model = rows(shape), fitted(name, shape)
    Z = model.transform(X)
    back = model.inverse_transform(Z)
    latent = model.spec_.latent_shape
    assert (Z.shape, Z.dtype) == ((len(X), *latent), np.float32)
    assert (back.shape, back.dtype) == (X.shape, np.float32)
    assert np.isfinite(back).all()
    assert model.transform(X[:0]).shape == (0, *latent)
    assert model.inverse_transform(Z[:0]).shape == (0, *shape)
    assert model.sample(2).shape == (2, *shape)
    assert isinstance(model, LatentModel)
    assert model.spec_.data_shape == shape
    assert model.spec_.fingerprint == model.fingerprint_
    alone = model.transform(X[3:4])
    np.testing.assert_allclose(alone, Z[3:4], atol=1e-3 * np.abs(Z).max())  # rows do not mix
    assert np.ptp(Z, axis=0).max() > 1e-4  # and they differ


@every
def test_scikit_learns_contract(name) -> None:
    model, X = MODELS[name](), rows((5,))
    twin = clone(model)
    assert twin is not model
    assert str(twin.get_params()) == str(model.get_params())
    model.set_params(random_state=3)
    assert model.get_params()["random_state"] == 3
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    with pytest.raises(BadInput, match="not fitted yet: call fit"):
        model.transform(X)
    model.set_params(random_state=0)
    assert twin.fit(X, np.arange(len(X))) is twin
    np.testing.assert_array_equal(model.fit_transform(X), twin.transform(X))  # y is ignored
    check_is_fitted(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(model))
    back = model.inverse_transform(model.transform(X))
    assert model.score(X) == pytest.approx(-((back - X) ** 2).mean())


@every
def test_it_works_in_a_pipeline(name) -> None:
    X = rows((5,))
    y = X[:, 0] > np.median(X[:, 0])
    pipe = clone(make_pipeline(MODELS[name](), LogisticRegression())).fit(X, y)
    assert pipe.predict(X).shape == (len(X),)


@every
def test_other_data_and_other_latents_are_refused(name) -> None:
    model, X = fitted(name), rows((1, 16, 16))
    with pytest.raises(BadInput, match=r"takes data \(n, 1, 16, 16\), got"):
        model.transform(X[:, :, :8])
    with pytest.raises(BadInput, match="finite"):
        model.transform(np.full_like(X, np.nan))
    with pytest.raises(BadInput, match=r"have shape \(n, .*\), got"):
        model.inverse_transform(model.transform(X)[:, :-1])
    with pytest.raises(BadInput, match="at least 2 rows"):
        MODELS[name]().fit(X[:1])


@every
def test_a_fit_repeats_bit_for_bit_and_leaves_global_randomness_alone(name) -> None:
    X = rows((1, 16, 16))
    torch.manual_seed(1)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    again = MODELS[name]().fit(X)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    assert again.fingerprint_ == fitted(name).fingerprint_
    np.testing.assert_array_equal(again.sample(3), fitted(name).sample(3))
    assert (again.sample(3) != again.sample(3, random_state=6)).any()


@trained
def test_a_broken_off_training_resumes_to_the_same_weights(name, tmp_path, monkeypatch) -> None:
    X, checkpoint, epochs = rows((1, 16, 16)), tmp_path / "run.safetensors", []
    write = training_state.write_tensors

    def then_break_off(*arguments: Any) -> None:
        write(*arguments)
        epochs.append(1)
        if len(epochs) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training_state, "write_tensors", then_break_off)
        with pytest.raises(KeyboardInterrupt):
            MODELS[name]().fit(X, checkpoint=checkpoint)
    assert len(read_tensors(checkpoint)[1]["history"]) == 2
    resumed = MODELS[name]().fit(X, checkpoint=checkpoint, resume=True)
    assert len(resumed.training_.history) == 4
    assert resumed.fingerprint_ == fitted(name).fingerprint_


@saved
def test_a_loaded_model_gives_the_same_numbers(name, tmp_path) -> None:
    model, X = fitted(name), rows((1, 16, 16))
    loaded = za.load(model.save(tmp_path / "m"))
    Z = loaded.transform(X)
    tolerance = 0 if type(loaded) is type(model) else 1e-4  # a Wrapped comes back as its matrices
    np.testing.assert_allclose(Z, model.transform(X), atol=tolerance)
    again = loaded.inverse_transform(Z)
    np.testing.assert_allclose(again, model.inverse_transform(Z), atol=tolerance)
    np.testing.assert_allclose(loaded.sample(3), model.sample(3), atol=tolerance)
    assert loaded.spec_.latent_shape == model.spec_.latent_shape
    assert type(loaded.prior_) is type(model.prior_)
    assert {file.suffix for file in (tmp_path / "m").iterdir()} == {".json", ".safetensors"}
    if not tolerance:
        assert loaded.spec_ == model.spec_
        assert loaded.get_params() == model.get_params()
        assert loaded.fingerprint_ == model.fingerprint_


@saved
def test_a_tampered_file_is_refused(name, tmp_path) -> None:
    fitted(name).save(tmp_path)
    (file,) = tmp_path.glob("weights-*.safetensors")
    tensors, header = read_tensors(file)
    largest = max(tensors, key=lambda key: tensors[key].size)
    tensors[largest].flat[0] += 1e-3
    write_tensors(file, tensors, header)
    with pytest.raises(BadInput, match="was changed after it was saved"):
        za.load(tmp_path)
    card = read_json(tmp_path / "model.json")
    write_json(tmp_path / "model.json", {**card, "format": 999})
    with pytest.raises(BadInput, match="has format 999"):
        za.load(tmp_path)


@pytest.mark.parametrize("name", sorted(NOT_SAVED))
def test_what_would_need_a_pickle_is_not_saved(name, tmp_path) -> None:
    with pytest.raises(BadInput, match="cannot save without a pickle"):
        fitted(name).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("name", [name for name in MODELS if name not in NO_GRADIENT])
def test_the_verbs_on_tensors_agree_and_have_gradients(name) -> None:
    model, X = fitted(name), rows((1, 16, 16))
    x = torch.tensor(X, requires_grad=True)
    z = model.encode(x)
    y = model.decode(z)
    np.testing.assert_allclose(z.detach().numpy(), model.transform(X), atol=1e-5)
    back = model.inverse_transform(model.transform(X))
    np.testing.assert_allclose(y.detach().numpy(), back, atol=1e-5)
    (y - x.detach()).square().sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().flatten(1).sum(dim=1) > 0).all()


@every
def test_the_report_says_how_data_came_back(name) -> None:
    model, X = fitted(name), rows((1, 16, 16))
    report = model.report(X)
    error = X - model.inverse_transform(model.transform(X))
    np.testing.assert_allclose(
        report.rmse, np.sqrt((error**2).mean(axis=(1, 2, 3))), rtol=1e-3, atol=1e-6
    )
    z, same = model.encode(torch.from_numpy(X), report=True)
    assert z.shape == (len(X), *model.spec_.latent_shape)
    np.testing.assert_allclose(same.rmse, report.rmse, rtol=1e-3, atol=1e-6)
    assert report.verdict.startswith("reconstruction error")


@every
def test_latents_mix_under_the_prior(name) -> None:
    model = fitted(name)
    Z = model.transform(rows((1, 16, 16)))[:3]
    weights = [[1, 0, 0], [0.5, 0.5, 0], [1, 1, -1], [0.2, 0.3, 0.5]]
    for correlation in ("independent", "estimate"):
        z = za.combine(weights, Z, prior=model.prior_, correlation=correlation)
        np.testing.assert_allclose(z[0], Z[0], atol=1e-3 * np.abs(Z).max())
        assert np.isfinite(model.prior_.log_prob(z)).all()
        assert np.isfinite(model.inverse_transform(z)).all()
    assert model.prior_.shape == model.spec_.latent_shape
