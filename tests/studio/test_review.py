"""What a reader of the README alone found wanting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import zalgebra as za
from zalgebra.types import BadInput


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> za.Workspace:
    digits = za.datasets.digits()[:80]
    made = za.Workspace.create(
        tmp_path_factory.mktemp("review") / "a.zal", za.models.PCA(4).fit(digits.images)
    )
    made.encode(digits)
    return made


def test_a_latent_of_another_workspace_is_not_taken_by_its_words(space) -> None:
    latent = space.evaluate("img:3")
    with pytest.raises(BadInput, match="a mix is given in words"):
        space.mix(latent)
    with pytest.raises(BadInput, match="`edit` takes words, got Latent"):
        space.edit(latent, "+ img:4")


def test_an_array_is_no_data_set(space) -> None:
    with pytest.raises(BadInput, match="`encode` takes a data set, got ndarray"):
        space.encode(np.zeros((2, 1, 8, 8)))


def test_attributes_need_names() -> None:
    Z = np.random.default_rng(0).standard_normal((40, 3))
    with pytest.raises(BadInput, match="attributes come by name"):
        za.Direction.from_labels(Z, Z[:, 0] > 0, given=Z[:, 1])


def test_a_classifier_must_be_fitted() -> None:
    with pytest.raises(BadInput, match="LogisticRegression is not fitted yet"):
        za.Direction.from_classifier(LogisticRegression())


def test_a_direction_is_checked_against_a_fingerprint() -> None:
    Z = np.random.default_rng(0).standard_normal((40, 3))
    found = za.Direction.from_groups(Z[:20] + 1, Z[20:], fingerprint="abc")
    with pytest.raises(BadInput, match="`fingerprint` is text"):
        found.check_model(za.models.PCA(2))


def test_unfitted_is_scikit_learns_error_too() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        za.models.VAE().transform(np.zeros((2, 4)))


def test_a_conditional_model_says_that_it_needs_classes_and_reports_under_them() -> None:
    digits = za.datasets.digits()[:60]
    flow = za.models.FlowMatching(
        width=8, steps=4, max_epochs=1, conditional=True, verbose=False, dust=0.0
    )
    with pytest.raises(BadInput, match="for each of 60 rows, got none"):
        flow.fit(digits.images)
    y = digits.labels["class"]
    flow.fit(digits.images, y)
    report = flow.report(digits.images[:4], y[:4])
    Z = flow.transform(digits.images[:4], y[:4])
    error = flow.inverse_transform(Z, y[:4]) - digits.images[:4]
    np.testing.assert_allclose(report.rmse, np.sqrt((error**2).mean(axis=(1, 2, 3))), rtol=1e-4)


def test_mix_layers_of_nothing_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="at least one source"):
        za.mix_layers(np.zeros((0, 2, 3)), [0, 0])


def test_resume_needs_a_checkpoint() -> None:
    with pytest.raises(BadInput, match="`resume` needs the `checkpoint`"):
        za.models.PCA(2).fit(np.eye(4), resume=True)
