"""Laws of every method of `LatentResampler`: what a new row is made of, and how it is spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator

import zalgebra as za
from zalgebra.estimators.samplers import LatentResampler, Provenance
from zalgebra.estimators.samplers.draws import DRAWS
from zalgebra.estimators.samplers.laws import Laws
from zalgebra.estimators.samplers.neighbours import neighbours
from zalgebra.types import BadInput

METHODS = list(DRAWS)
OF_PARENTS = [m for m in METHODS if m != "gaussian"]
ALPHA = 1e-4


def blobs(sizes: tuple[int, ...] = (60, 12, 25), d: int = 4, seed: int = 0) -> tuple[Any, Any]:
    """Classes of these sizes around means of their own, their columns on different scales."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    mix = rng.standard_normal((d, d))
    X = rng.standard_normal((len(y), d)) @ mix + 3 * rng.standard_normal((len(sizes), d))[y]
    order = rng.permutation(len(y))
    return (X * 10.0 ** np.arange(d))[order], y[order]


def resampled(method: str, X: Any, y: Any, **how: Any) -> tuple[LatentResampler, Any, Any]:
    resampler = LatentResampler(method=method, **{"random_state": 0, **how})
    return resampler, *resampler.fit_resample(X, y)


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> str:
    return request.param


def test_given_rows_stay_and_classes_are_level(method: str) -> None:
    X, y = blobs()
    resampler, A, b = resampled(method, X, y)
    assert np.array_equal(A[: len(X)], X)
    assert np.array_equal(b[: len(y)], y)
    assert np.bincount(b).tolist() == [60, 60, 60]
    assert np.all(np.isfinite(A))
    assert len(resampler.provenance_) == len(A) - len(X)


def test_a_seed_repeats_and_another_differs(method: str) -> None:
    X, y = blobs()
    _, A, _ = resampled(method, X, y)
    _, again, _ = resampled(method, X, y)
    _, other, _ = resampled(method, X, y, random_state=1)
    assert np.array_equal(A, again)
    assert not np.any(np.all(A[len(X) :] == other[len(X) :], axis=1))


def test_new_rows_differ_from_each_other_and_from_the_given(method: str) -> None:
    X, y = blobs()
    _, A, _ = resampled(method, X, y)
    assert len(np.unique(A, axis=0)) == len(A)


def test_rows_are_made_again_from_their_recipes(method: str) -> None:
    X, y = blobs((20, 5, 1))
    resampler, A, _ = resampled(method, X, y)
    new = A[len(X) :]
    np.testing.assert_allclose(resampler.remake(X, y), new, rtol=1e-9)
    some = resampler.provenance_.take([3, 17, 20])
    np.testing.assert_allclose(resampler.remake(X, y, some), new[[3, 17, 20]], rtol=1e-9)


def test_parents_are_of_the_class_and_shares_add_up(method: str) -> None:
    X, y = blobs()
    resampler, _, b = resampled(method, X, y)
    for row, c in zip(resampler.provenance_, b[len(y) :], strict=True):
        assert row["label"] == c
        assert y[row["parents"][0]] == c
        assert len(set(row["parents"])) == len(row["parents"])
        if method != "mixup":
            assert set(y[row["parents"]]) == {c}
        assert sum(row["weights"]) == pytest.approx(0 if method == "gaussian" else 1)


def test_every_item_of_a_class_serves_equally_often() -> None:
    X, y = blobs((60, 12, 25))
    resampler, _, _ = resampled("interpolate", X, y)
    base = resampler.provenance_.parents[:, 0]
    assert np.bincount(base, minlength=len(y))[y == 1].tolist() == [4] * 12
    assert set(np.bincount(base, minlength=len(y))[y == 2]) == {1, 2}


@pytest.mark.parametrize("method", ["interpolate", "extrapolate", "mixup"])
def test_a_plain_combination_is_the_weighted_sum_of_its_parents(method: str) -> None:
    X, y = blobs()
    resampler, A, _ = resampled(method, X, y)
    made = resampler.provenance_
    by_hand = np.einsum("mk,mkd->md", made.weights, X[made.parents])
    np.testing.assert_allclose(A[len(X) :], by_hand, rtol=1e-9)


@pytest.mark.parametrize(
    ("method", "share", "low", "high"),
    [("interpolate", 1, 0, 1), ("extrapolate", 1, -0.3, 0), ("mixup", 1, 0, 0.5)],
)
def test_weights_are_uniform_on_their_range(
    method: str, share: int, low: float, high: float
) -> None:
    X, y = blobs((2000, 20))
    resampler, _, _ = resampled(method, X, y, reach=0.3)
    w = resampler.provenance_.weights[:, share]
    assert kstest((w - low) / (high - low), "uniform").pvalue > ALPHA


def test_neighbours_are_the_nearest_of_the_class_in_the_scaled_space() -> None:
    X, y = blobs()
    resampler, _, _ = resampled("lol", X, y, k_neighbors=3)
    Z = X / X.std(axis=0)
    for base, *others in resampler.provenance_.parents:
        mates = np.flatnonzero((y == y[base]) & (np.arange(len(y)) != base))
        distance = np.linalg.norm(Z[mates] - Z[base], axis=1)
        assert set(others) == set(mates[np.argsort(distance)[:3]])


def test_a_double_is_a_neighbour_and_the_item_itself_is_not() -> None:
    Z = np.zeros((5, 2))
    found = neighbours(Z, 9)
    assert [sorted({*row, i}) for i, row in enumerate(found.tolist())] == [[0, 1, 2, 3, 4]] * 5


@pytest.mark.parametrize("method", ["lol", "correlated"])
@pytest.mark.parametrize("prior", ["class", "model", "given"])
def test_lol_is_the_combination_that_keeps_the_prior(method: str, prior: str) -> None:
    X, y = blobs()
    Z = X / X.std(axis=0)
    given = za.priors.Gaussian.fit(Z + 1)
    wanted = given if prior == "given" else prior
    resampler, A, b = resampled(method, X, y, prior=wanted)
    laws = {"class": None, "model": za.priors.Gaussian.fit(Z), "given": given}
    ways = ["independent", "estimate"] if method == "correlated" else ["independent"]
    for i in (0, 30, 60):
        row = resampler.provenance_[i]
        law = laws[prior] or Laws(Z, y).of(int(b[len(y) + i]))
        w, seeds = row["weights"], Z[row["parents"]]
        found = [za.combine(w, seeds, prior=law, correlation=way) for way in ways]
        z = min(found, key=lambda z: np.linalg.norm(law.to_normal(z[None])))  # of the larger β
        np.testing.assert_allclose(A[len(y) + i], z * X.std(axis=0), rtol=1e-6)


def test_gaussian_rows_follow_the_law_of_their_class() -> None:
    X, y = blobs((9000, 40))
    _, A, _ = resampled("gaussian", X, y)
    Z, law = A[len(X) :] / X.std(axis=0), Laws(X / X.std(axis=0), y).of(1)
    u = law.to_normal(Z)
    assert min(kstest(column, "norm").pvalue for column in u.T) > ALPHA
    assert np.abs(np.corrcoef(u.T) - np.eye(4)).max() < 4.5 / np.sqrt(len(u))


@pytest.mark.parametrize("n", [3, 41])
def test_the_law_of_a_class_lies_between_its_own_and_that_of_all(n: int) -> None:
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], [3000, n])
    Z = rng.standard_normal((3000 + n, 8)) * np.where(label == 0, 1.0, 2.0)[:, None]
    own = Z[label == 1].var(axis=0, ddof=1)
    pooled = (Z[label == 0].var(axis=0, ddof=1) * 2999 + own * (n - 1)) / (2998 + n)
    wanted = ((n - 1) * own + 8 * pooled) / (n - 1 + 8)  # D = 8
    law = Laws(Z, label).of(1)
    np.testing.assert_allclose(law.cov.diagonal(), wanted, rtol=0.1)
    np.testing.assert_allclose(law.mean, Z[label == 1].mean(axis=0), atol=1e-9)


def test_the_parent_of_a_draw_is_the_nearest_of_its_class() -> None:
    X, y = blobs()
    resampler, A, b = resampled("gaussian", X, y)
    scale = X.std(axis=0)
    for i, (parent,) in enumerate(resampler.provenance_.parents):
        mates = np.flatnonzero(y == b[len(y) + i])
        distance = np.linalg.norm((X[mates] - A[len(X) + i]) / scale, axis=1)
        assert parent == mates[distance.argmin()]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_class_of_one_two_or_three_items_can_grow(method: str, n: int) -> None:
    X, y = blobs((40, n, 20))
    resampler, A, b = resampled(method, X, y)
    new = A[len(X) :][b[len(y) :] == 1]
    assert len(new) == 40 - n
    assert np.all(np.isfinite(new))
    assert len(np.unique(np.concatenate([X, new]), axis=0)) == len(X) + len(new)
    assert resampler.remake(X, y).shape == A[len(X) :].shape


def test_rows_of_a_single_item_have_the_spread_within_classes() -> None:
    X, y = blobs((4000, 1))
    _, A, _ = resampled("interpolate", X, y)
    scale = X[y == 0].std(axis=0)
    new = (A[len(X) :] - X[y == 1]) / scale
    np.testing.assert_allclose(new.std(axis=0), 1, atol=0.05)
    np.testing.assert_allclose(new.mean(axis=0), 0, atol=0.07)


def test_items_that_are_all_alike_give_rows_like_them() -> None:
    X, y = blobs((30, 5))
    X[y == 1] = 7.0
    for method in ("interpolate", "extrapolate", "lol", "correlated"):
        _, A, _ = resampled(method, X, y)
        np.testing.assert_allclose(A[len(X) :], 7.0)


def test_mixup_says_what_share_each_class_has() -> None:
    X, y = blobs()
    resampler, A, b = resampled("mixup", X, y)
    soft, made = resampler.soft_labels_, resampler.provenance_
    assert soft.shape == (len(A), 3)
    np.testing.assert_allclose(soft.sum(axis=1), 1)
    assert np.array_equal(soft[: len(y)], np.eye(3)[y])
    assert np.all(soft[np.arange(len(b)), b] >= 0.5)
    assert np.array_equal(soft.argmax(axis=1), b)
    for i in (0, 10, 20):
        (a, other), (w, rest) = made.parents[i], made.weights[i]
        np.testing.assert_allclose(
            soft[len(y) + i], w * np.eye(3)[y[a]] + rest * np.eye(3)[y[other]]
        )
    assert {0, 1, 2} == set(y[made.parents[:, 1]])


def test_mixup_meets_every_other_item_and_never_the_same() -> None:
    X, y = blobs((3, 2))
    resampler, _, _ = resampled("mixup", X, y, sampling_strategy={1: 300})
    met = {tuple(pair) for pair in resampler.provenance_.parents.tolist()}
    assert met == {(a, b) for a in np.flatnonzero(y == 1) for b in range(5) if a != b}


def test_sample_indices_name_the_row_or_its_main_parent() -> None:
    X, y = blobs()
    resampler, _, b = resampled("lol", X, y)
    indices, made = resampler.sample_indices_, resampler.provenance_
    assert np.array_equal(indices[: len(X)], np.arange(len(X)))
    assert np.array_equal(y[indices], b)
    for i, row in enumerate(made):
        assert indices[len(X) + i] == row["parents"][int(np.argmax(row["weights"]))]


@pytest.mark.parametrize("c", [1, 2])
def test_a_class_gets_the_same_rows_whatever_others_get(c: int) -> None:
    X, y = blobs()
    both = {1: 30, 2: 50}
    _, A, a = resampled("lol", X, y, sampling_strategy={c: both[c]})
    _, B, b = resampled("lol", X, y, sampling_strategy=both)
    assert np.array_equal(A[a == c], B[b == c])


# Models.


class Spy:
    """The data themselves, shifted; remembers what it was fitted on."""

    seen: Any = None

    def fit(self, X: Any, y: Any = None) -> Spy:
        type(self).seen = np.array(X)
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X: Any) -> Any:
        return X - self.mean_

    def inverse_transform(self, Z: Any) -> Any:
        return Z + self.mean_

    def get_params(self, deep: bool = True) -> dict:
        return {}

    def set_params(self, **params: Any) -> Spy:
        return self


def test_a_model_that_is_not_fitted_is_cloned_and_fitted_on_these_rows_alone() -> None:
    X, y = blobs()
    model = Spy()
    resampler, _, _ = resampled("interpolate", X, y, model=model)
    assert not hasattr(model, "mean_")
    assert np.array_equal(Spy.seen, X)
    assert resampler.model_ is not model


def test_a_fitted_model_is_used_as_it_is() -> None:
    X, y = blobs()
    pca = PCA(2).fit(blobs(seed=1)[0])
    resampler, A, _ = resampled("interpolate", X, y, model=pca)
    assert resampler.model_ is pca
    off = (A[len(X) :] - pca.mean_) @ (np.eye(4) - pca.components_.T @ pca.components_)
    assert np.abs(off).max() < 1e-6 * np.abs(A).max()  # new rows lie in its plane


def test_clone_forgets_a_fit_and_a_frozen_model_keeps_it() -> None:
    X, y = blobs()
    pca = PCA(2).fit(X)
    kept = clone(LatentResampler(FrozenEstimator(pca), random_state=0))
    forgot = clone(LatentResampler(pca, random_state=0))
    assert not hasattr(forgot.model, "mean_")
    A = LatentResampler(pca, random_state=0).fit_resample(X, y)[0]
    assert np.array_equal(kept.fit_resample(X, y)[0], A)


def test_a_linear_model_that_loses_nothing_changes_nothing() -> None:
    X, y = blobs()
    X = X / X.std(axis=0)
    _, plain, _ = resampled("interpolate", X, y)
    _, through, _ = resampled("interpolate", X, y, model=PCA(4))
    np.testing.assert_allclose(through, plain, atol=1e-9)


@pytest.mark.parametrize("model", [None, PCA(6), za.models.PCA(6)], ids=["none", "sklearn", "own"])
def test_pictures_stay_pictures(method: str, model: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.random((40, 1, 5, 4), dtype=np.float32)
    y = np.repeat([0, 1], [32, 8])
    _, A, _ = resampled(method, X, y, model=model)
    assert A.shape == (64, 1, 5, 4)
    assert A.dtype == np.float32
    assert A.min() >= X.min()
    assert A.max() <= X.max()


def test_latents_of_any_shape_are_combined() -> None:
    class Grid(Spy):
        def transform(self, X: Any) -> Any:
            return (X - self.mean_).reshape(len(X), 2, 2)

        def inverse_transform(self, Z: Any) -> Any:
            assert Z.shape[1:] == (2, 2)
            return Z.reshape(len(Z), 4) + self.mean_

    X, y = blobs()
    prior = za.priors.Gaussian(np.zeros((2, 2)), np.full((2, 2), 1e6))
    for how in ({}, {"prior": prior}):
        _, A, _ = resampled("correlated", X, y, model=Grid(), **how)
        assert A.shape == (180, 4)


def test_the_result_is_the_same_in_small_batches(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = blobs()
    _, A, _ = resampled(method, X, y)
    monkeypatch.setattr("zalgebra.estimators.samplers.mixing.ENTRIES", 50)
    _, B, _ = resampled(method, X, y)
    np.testing.assert_allclose(A, B, rtol=1e-9)


# What is refused.

WRONG = [
    ({"method": "smote"}, "`method` must be one of"),
    ({"k_neighbors": 0}, "`k_neighbors` must be a whole number of at least 1"),
    ({"k_neighbors": 2.5}, "`k_neighbors`"),
    ({"concentration": 0}, "`concentration` must be a number"),
    ({"reach": -1}, "`reach` must be a number"),
    ({"reach": np.nan}, "`reach`"),
    ({"prior": "normal"}, "`prior` must be"),
    ({"model": object()}, "`model` must have transform and inverse_transform"),
    ({"random_state": "now"}, "`random_state` must be a whole number"),
    ({"categorical_features": "all"}, None),
]


@pytest.mark.parametrize(("how", "words"), WRONG)
def test_a_setting_out_of_range_is_one_sentence(how: dict, words: str | None) -> None:
    X, y = blobs()
    if words is None:
        pd = pytest.importorskip("pandas")
        X, words = pd.DataFrame(X), "`categorical_features` must be 'auto'"
    with pytest.raises(BadInput, match=words):
        LatentResampler(**how).fit_resample(X, y)


def test_classes_of_one_item_each_tell_nothing() -> None:
    with pytest.raises(BadInput, match="no class has two items"):
        LatentResampler(sampling_strategy={0: 4}).fit_resample(np.eye(3), [0, 1, 2])


def test_remake_asks_for_a_fit() -> None:
    with pytest.raises(BadInput, match="not fitted yet"):
        LatentResampler().remake(*blobs())


def test_provenance_reads_as_plain_values() -> None:
    X, y = blobs()
    resampler, _, _ = resampled("lol", X, np.array(["a", "b", "c"])[y])
    made = resampler.provenance_
    assert repr(made).startswith("Provenance(83 rows by 'lol', seed ")
    assert isinstance(made, Provenance)
    assert made[0].keys() == {"label", "parents", "weights", "noise", "number", "method", "seed"}
    assert made[0]["label"] == "b"
    assert len(list(made)) == 83
