"""PCA is scikit-learn's, with a prior; a wrapped object keeps its numbers, and its limits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import decomposition
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import zalgebra as za
from zalgebra.models.estimator_arrays import arrays_of
from zalgebra.models.linear import PCA, Linear
from zalgebra.models.wrapped import Wrapped
from zalgebra.priors import Empirical, Gaussian, Normal
from zalgebra.types import BadInput

TABLE = np.random.default_rng(0).standard_normal((200, 6)) @ np.diag([1, 5, 0.1, 2, 30, 1]) + 7


@pytest.mark.parametrize("whiten", [False, True])
def test_pca_has_scikit_learns_numbers(digits, whiten) -> None:
    for X in (digits.images, TABLE):
        ours = PCA(5, whiten=whiten).fit(X)
        flat = X.reshape(len(X), -1).astype(float)
        theirs = decomposition.PCA(5, whiten=whiten).fit(flat)
        Z = theirs.transform(flat)
        np.testing.assert_allclose(ours.transform(X), Z, atol=1e-4 * np.abs(Z).max())
        back = theirs.inverse_transform(Z).reshape(X.shape)
        np.testing.assert_allclose(ours.inverse_transform(Z), back, atol=1e-5 * np.abs(back).max())
        np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-5)
        ratio = theirs.explained_variance_ratio_
        np.testing.assert_allclose(ours.explained_variance_ratio_, ratio, rtol=1e-5)


@pytest.mark.parametrize("whiten", [False, True])
def test_pcas_prior_is_the_mean_and_covariance_of_the_latents(digits, whiten) -> None:
    model = PCA(8, whiten=whiten).fit(digits.images)
    assert type(model.prior_) is (Normal if whiten else Gaussian)
    U = model.prior_.to_normal(model.transform(digits.images))
    np.testing.assert_allclose(U.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.cov(U.T), np.eye(8), atol=1e-4)


def test_all_directions_lose_nothing() -> None:
    model = PCA(6).fit(TABLE)
    np.testing.assert_allclose(model.inverse_transform(model.transform(TABLE)), TABLE, atol=1e-3)
    np.testing.assert_allclose(model.explained_variance_ratio_.sum(), 1, rtol=1e-6)
    x = torch.from_numpy(TABLE)  # in double precision it is exact
    assert (model.decode(model.encode(x)) - x).abs().max() < 1e-4


@pytest.mark.parametrize("whiten", [False, True])
def test_more_directions_than_the_data_have_are_refused(whiten) -> None:
    with pytest.raises(BadInput, match="`latent_dim` must be at most 6, got 7: 200 rows of 6"):
        PCA(7, whiten=whiten).fit(TABLE)
    flat = TABLE.copy()
    flat[:, 2:] = 3 * flat[:, 1:2]
    with pytest.raises(BadInput, match="`latent_dim` must be at most 2, got 3: the data vary"):
        PCA(3, whiten=whiten).fit(flat)
    with pytest.raises(BadInput, match="`latent_dim` must be at most 0"):
        PCA(1).fit(np.ones((5, 3)))
    with pytest.raises(BadInput, match="`latent_dim` must be at most 4, got 5: the data vary"):
        PCA(5).fit(TABLE[:5])  # five rows and their mean


def test_the_gradient_of_pca_is_its_matrix(digits) -> None:
    model = PCA(4).fit(digits.images)
    z = torch.zeros(4)
    J = torch.func.jacrev(lambda z: model.decode(z[None])[0].flatten())(z)
    np.testing.assert_allclose(J.T @ J, np.eye(4), atol=1e-5)
    back = torch.func.jacrev(lambda x: model.encode(x[None])[0])(model.decode(z[None])[0])
    np.testing.assert_allclose(back.flatten(1), J.T, atol=1e-5)


AFFINE = [
    decomposition.PCA(3),
    decomposition.FastICA(3, random_state=0, max_iter=2000),
    decomposition.TruncatedSVD(3, random_state=0),
    make_pipeline(StandardScaler(), decomposition.PCA(3, whiten=True)),
]
CURVED = [
    decomposition.NMF(3, random_state=0, max_iter=3000),
    decomposition.KernelPCA(3, kernel="rbf", gamma=0.1, fit_inverse_transform=True),
]


@pytest.mark.parametrize("estimator", AFFINE + CURVED, ids=str)
def test_a_wrapped_object_keeps_its_numbers(digits, estimator) -> None:
    X = digits.images[:200]
    flat = X.reshape(200, -1).astype(float)
    model = Wrapped(estimator).fit(X)
    assert not hasattr(estimator, "n_features_in_")  # a copy was fitted
    Z = model.estimator_.transform(flat)
    np.testing.assert_allclose(model.transform(X), Z, rtol=1e-4, atol=1e-5)
    back = model.estimator_.inverse_transform(Z).reshape(X.shape)
    np.testing.assert_allclose(model.inverse_transform(Z), back, rtol=1e-4, atol=1e-3)
    assert model.spec_.model == type(estimator).__name__
    np.testing.assert_allclose(model.prior_.mean, Z.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("estimator", AFFINE, ids=str)
def test_an_affine_object_becomes_matrices(digits, estimator, tmp_path) -> None:
    X = digits.images[:200]
    model = Wrapped(estimator).fit(X)
    loaded = za.load(model.save(tmp_path))
    assert type(loaded) is Linear
    marks = {model.fingerprint_, model.spec_.fingerprint, model.linear().fingerprint_}
    assert marks == {loaded.fingerprint_} == {loaded.spec_.fingerprint}  # latents stay its own
    Z = model.transform(X)
    np.testing.assert_allclose(loaded.transform(X), Z, atol=1e-4 * np.abs(Z).max())
    np.testing.assert_allclose(loaded.inverse_transform(Z), model.inverse_transform(Z), atol=1e-4)
    np.testing.assert_array_equal(loaded.prior_.cov, model.prior_.cov)
    x = torch.tensor(X, requires_grad=True)
    loaded.encode(x).sum().backward()
    assert (x.grad.abs().flatten(1).sum(dim=1) > 0).all()


@pytest.mark.parametrize("estimator", CURVED, ids=str)
def test_what_is_not_affine_is_not_saved(digits, estimator, tmp_path) -> None:
    model = Wrapped(estimator).fit(digits.images[:200])
    with pytest.raises(BadInput, match="is not affine, so no matrices can stand for it"):
        model.linear()
    with pytest.raises(BadInput, match=r"cannot save without a pickle: .* keep the data"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_linear_model_is_not_fitted_by_itself() -> None:
    with pytest.raises(BadInput, match=r"make it by Wrapped\(estimator\)"):
        Linear(2).fit(TABLE)


class Halving:
    """No scikit-learn, no fit, no array: two maps."""

    factor = 0.5

    def transform(self, X):
        return X[:, :3] * self.factor

    def inverse_transform(self, Z):
        return np.concatenate([Z, Z], axis=1) / self.factor


class Cubing(Halving):
    """Not affine either."""

    def transform(self, X):
        return super().transform(X) ** 3

    def inverse_transform(self, Z):
        return super().inverse_transform(np.cbrt(Z))


class Clipping(Halving):
    """Affine on the way back only."""

    def transform(self, X):
        return np.maximum(super().transform(X), 0.1)


class Bending(Halving):
    """Affine on the way in only."""

    def inverse_transform(self, Z):
        return super().inverse_transform(Z + Z**3)


class Breaking(Halving):
    """Takes no entries that its data do not have."""

    def inverse_transform(self, Z):
        if np.any(np.all(Z == 0, axis=1)):
            raise RuntimeError("no zeros")
        return super().inverse_transform(Z)


def test_any_object_with_the_two_verbs_is_a_model(tmp_path) -> None:
    model = Wrapped(Halving()).fit(TABLE)
    np.testing.assert_allclose(model.transform(TABLE), TABLE[:, :3] / 2, rtol=1e-6)
    assert za.load(model.save(tmp_path)).fingerprint_ == model.fingerprint_
    for unknown in (Cubing(), Clipping(), Bending(), Breaking()):
        with pytest.raises(BadInput, match=f"no arrays were found in {type(unknown).__name__}"):
            Wrapped(unknown).fit(TABLE)
        model = Wrapped(unknown, fingerprint="version 1").fit(TABLE)
        other = Wrapped(unknown, fingerprint="version 2").fit(TABLE)
        assert model.fingerprint_ == model.spec_.fingerprint != other.fingerprint_
    with pytest.raises(BadInput, match="`estimator` must have transform, object has none"):
        Wrapped(object()).fit(TABLE)


def test_the_fingerprint_is_of_the_numbers(digits) -> None:
    X = digits.images[:200]
    ica = decomposition.FastICA(3, random_state=0, max_iter=2000)
    one, two = Wrapped(ica).fit(X), Wrapped(ica).fit(X)
    assert one.fingerprint_ == two.fingerprint_
    assert one.fingerprint_ != Wrapped(ica).fit(X[:199]).fingerprint_
    pipe = make_pipeline(StandardScaler(), decomposition.PCA(2)).fit(TABLE)
    assert {"steps.0.1.mean_", "steps.1.1.components_"} <= set(arrays_of(pipe))
    itself = {"w": np.ones(2)}
    itself["again"] = itself
    assert list(arrays_of(type("Loop", (), {})())) == []
    loop = Halving()
    loop.parts = itself
    assert list(arrays_of(loop)) == ["parts.w"]  # a ring is walked once


def test_a_fitted_object_is_frozen_and_not_fitted_again(digits) -> None:
    X = digits.images[:300].reshape(300, -1)
    theirs = decomposition.PCA(3).fit(X[:100])
    model = Wrapped(FrozenEstimator(theirs)).fit(X[100:])
    np.testing.assert_allclose(model.transform(X), theirs.transform(X), atol=1e-5)
    assert model.spec_.model == "PCA"


def test_the_prior_of_a_wrapped_object_can_be_chosen(digits) -> None:
    X = digits.images[:300]
    ica = decomposition.FastICA(3, random_state=0, max_iter=2000)
    free = Empirical(marginals="quantiles")
    learned = Wrapped(ica, prior=free).fit(X)
    assert free.shape is None  # a copy was fitted
    U = learned.prior_.to_normal(learned.transform(X))
    assert abs(np.quantile(U, 0.9) - 1.28) < 0.05
    given = Gaussian(np.zeros(3), 4.0)
    assert Wrapped(ica, prior=given).fit(X).prior_ is given
    assert Wrapped(ica, prior=Normal()).fit(X).prior_.shape == (3,)


@pytest.mark.parametrize("prior", [None, Normal(), Gaussian(np.zeros(3), 4.0)], ids=str)
def test_the_prior_is_saved_too(digits, prior, tmp_path) -> None:
    model = Wrapped(decomposition.PCA(3), prior=prior).fit(digits.images[:300])
    loaded = za.load(model.save(tmp_path))
    assert loaded.fingerprint_ == model.fingerprint_
    np.testing.assert_allclose(loaded.sample(4), model.sample(4), atol=1e-5)


def test_a_prior_without_a_form_on_disk_fits_and_says_so_when_saved(digits, tmp_path) -> None:
    free = Empirical(marginals="quantiles")
    model = Wrapped(decomposition.PCA(3), prior=free).fit(digits.images[:300])
    assert model.fingerprint_ == model.spec_.fingerprint
    with pytest.raises(BadInput, match="Empirical prior has no form on disk"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_wrapped_object_says_that_it_has_no_gradient(digits) -> None:
    model = Wrapped(decomposition.PCA(2)).fit(digits.images[:50])
    x = torch.tensor(digits.images[:2], requires_grad=True)
    with pytest.raises(BadInput, match=r"a wrapped PCA has no gradient; .* linear\(\)"):
        model.encode(x)
    assert model.encode(x.detach()).shape == (2, 2)
