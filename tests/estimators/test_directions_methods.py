"""The methods: each is its textbook formula, and what is given is held still."""

from __future__ import annotations

import math

import numpy as np
import pytest

from zalgebra import Direction
from zalgebra.estimators.directions_methods import estimated, learned
from zalgebra.estimators.directions_normals import Normals, shrinkage
from zalgebra.estimators.directions_readouts import readout, solved
from zalgebra.estimators.directions_samples import Sample
from zalgebra.estimators.directions_turning import turning
from zalgebra.types import BadInput

METHODS = ["difference", "logistic", "svm", "lda"]


def angle(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b)
    return math.degrees(math.acos(np.clip(cosine, -1, 1)))


def confounded(n: int = 3000, D: int = 8, seed: int = 0):
    """Z = y e₀ + 2 g e₁ + 1.5 h e₂ + noise of unequal spread, with y, g and h correlated."""
    rng = np.random.default_rng(seed)
    g, h = rng.random(n) < 0.5, rng.standard_normal(n)
    y = rng.random(n) < 1 / (1 + np.exp(2 - 4 * g - h))
    Z = rng.standard_normal((n, D)) * np.linspace(0.5, 1.5, D)
    for i, (factor, size) in enumerate([(y, 1), (g, 2), (h, 1.5)]):
        Z[:, i] += size * factor
    return Z, y, {"g": g, "h": h}


def test_regression_with_given_is_the_coefficient_of_least_squares() -> None:
    Z, y, given = confounded(300)
    design = np.column_stack([y, np.ones(len(y)), given["g"], given["h"]]).astype(float)
    expected = np.linalg.lstsq(design, Z)[0][0]
    found = Direction.from_labels(Z, y, given=given)
    np.testing.assert_allclose(found.vector, expected, rtol=1e-4, atol=1e-5)
    t = y + np.random.default_rng(0).standard_normal(len(y))
    design[:, 0] = t
    found = Direction.from_labels(Z, t, given=given)  # per standard deviation of t
    expected = np.linalg.lstsq(design, Z)[0][0] * t.std()
    np.testing.assert_allclose(found.vector, expected, rtol=1e-4, atol=1e-5)


def test_without_given_it_is_the_difference_of_means_and_the_slope() -> None:
    Z, y, _ = confounded(300)
    groups = Direction.from_groups(Z[y], Z[~y])
    np.testing.assert_allclose(groups.vector, Z[y].mean(0) - Z[~y].mean(0), rtol=1e-5)
    labels = Direction.from_labels(Z, y)
    np.testing.assert_allclose(labels.vector, groups.vector, rtol=1e-5)
    assert labels.angle_interval == pytest.approx(groups.angle_interval)
    assert labels.n == groups.n == (y.sum(), (~y).sum())
    t = Z[:, 3] + 1
    slope = Direction.from_labels(Z, t)
    np.testing.assert_allclose(slope.vector, np.cov(Z.T, t)[-1, :-1] / t.std(ddof=1), rtol=1e-2)
    assert slope.n == (300, 0)
    assert slope.effect_size > 4  # the axis itself


def test_pairs_are_the_mean_change_and_know_more_than_groups() -> None:
    rng = np.random.default_rng(0)
    people = rng.standard_normal((80, 16)) * 3
    smiling = people + np.eye(16)[0] + 0.2 * rng.standard_normal((80, 16))
    pairs = Direction.from_pairs(people, smiling, attributes={"who": np.tile(np.arange(80), 2)})
    groups = Direction.from_groups(smiling, people)
    np.testing.assert_allclose(pairs.vector, groups.vector, rtol=1e-5)
    assert pairs.angle_interval[1] < 10 < groups.angle_interval[1]
    assert angle(pairs.vector, np.eye(16)[0]) < pairs.angle_interval[1]
    assert abs(pairs.leakage["who"]) < 0.1
    assert pairs.n == (80, 80)
    assert repr(pairs).endswith("n = 80 pairs)")


@pytest.mark.parametrize("metric", ["data", "euclidean"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_what_moves_the_label_and_holds_the_given_still(method, metric) -> None:
    Z, y, given = confounded()
    plain = Direction.from_labels(Z, y, method=method, metric=metric)
    pure = Direction.from_labels(Z, y, method=method, metric=metric, given=given)
    if method == "difference" or metric == "data":
        # least squares is the truth; normals of readouts that are weak overshoot
        assert angle(pure.vector, np.eye(8)[0]) < (14 if method == "difference" else 30)
        assert angle(plain.vector, np.eye(8)[0]) > 40  # it takes the others along
        assert pure.vector[0] == pytest.approx(1, abs=0.25)
        for name in ("g", "h"):
            assert abs(pure.leakage[name]) < (0.05 if method == "difference" else 0.4)
    assert set(pure.leakage) == {"g", "h"}
    assert pure.card.given == ("g", "h")
    assert pure.card.metric == ("" if method == "difference" else metric)


def test_the_euclidean_normals_are_those_of_scikit_learn() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    Z, y, _ = confounded()
    models = {
        "logistic": LogisticRegression(C=100, max_iter=1000),
        "svm": LinearSVC(C=100, dual=False),
        "lda": LinearDiscriminantAnalysis(),
    }
    for method, model in models.items():
        w = model.fit(Z, y).coef_[0]
        found = Direction.from_labels(Z, y, method=method, metric="euclidean")
        assert angle(found.vector, w) < 2
        gap = (Z[y].mean(axis=0) - Z[~y].mean(axis=0)) @ w
        assert found.vector @ w == pytest.approx(gap, rel=0.02)  # one group difference of it
        pattern = Direction.from_labels(Z, y, method=method)
        assert angle(pattern.vector, np.cov(Z.T) @ w) < 2  # Haufe's Σ w


def test_interfacegan_is_the_euclidean_metric() -> None:
    from sklearn.svm import LinearSVC

    Z, y, given = confounded()
    n1, n2 = (LinearSVC(C=100, dual=False).fit(Z, c).coef_[0] for c in (y, given["g"]))
    n2 = n2 / np.linalg.norm(n2)
    projected = n1 - (n1 @ n2) * n2
    found = Direction.from_labels(Z, y, method="svm", metric="euclidean", given={"g": given["g"]})
    assert angle(found.vector, projected) < 2
    whitened = Direction.from_labels(Z, y, method="svm", given={"g": given["g"]})
    cov = np.cov(Z.T)
    B = np.stack([n1, n2], axis=1)
    formula = cov @ B @ np.linalg.inv(B.T @ cov @ B)[:, 0]
    assert angle(whitened.vector, formula) < 2
    assert abs(whitened.vector @ n2) < 0.03 * np.linalg.norm(whitened.vector)


CLASSIFIERS = [
    (method, metric, given)
    for method in ("logistic", "svm", "lda")
    for metric in ("data", "euclidean")
    for given in (False, True)
]


def across(rows: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """What of the rows is at right angles to δ."""
    unit = delta / np.linalg.norm(delta)
    return rows - np.outer(rows @ unit, unit)


@pytest.mark.parametrize(("method", "metric", "held"), CLASSIFIERS)
def test_a_row_of_the_noise_is_what_leaving_the_item_out_does(method, metric, held) -> None:
    Z, y, given = confounded(400)
    sample = Sample.of_labels(Z, y, given if held else {})
    fit, found = learned(sample, method, metric), estimated(sample, method, metric)
    np.testing.assert_allclose(found.delta, fit(np.arange(400)), rtol=1e-10, atol=1e-12)
    out = np.arange(0, 400, 8)
    moved = np.stack([found.delta - fit(np.delete(np.arange(400), i)) for i in out])
    actual, told = across(moved, found.delta), across(found.noise[out], found.delta)
    slope = np.sum(actual * told) / np.sum(told**2)
    assert slope == pytest.approx(1, abs=0.12)
    # the hinge's curvature jumps where an item crosses the margin, and no derivative sees that
    assert np.sum((actual - told) ** 2) < (0.1 if method == "svm" else 0.02) * np.sum(told**2)
    rows = across(found.noise, found.delta)
    assert np.linalg.norm(rows.sum(axis=0)) < 0.03 * np.linalg.norm(rows)  # they balance


def test_what_the_items_add_to_the_covariance_is_the_covariance() -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((30, 12)) @ rng.standard_normal((12, 12))  # shrunk a good deal
    found = Normals.of(Sample.of_labels(Z, np.arange(30) % 2, {}), "lda", "data")
    v = rng.standard_normal(12)
    assert 0.05 < shrinkage(found.X, found.cov) < 1
    np.testing.assert_allclose(found._own(v).mean(axis=0), v, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", ["logistic", "lda"])
def test_the_noise_is_the_size_of_the_actual_error(method) -> None:
    found, noise = [], []
    for seed in range(40):
        Z, y, _ = confounded(400, seed=seed)
        known = estimated(Sample.of_labels(Z, y, {}), method, "data")
        found.append(known.delta)
        noise.append(np.sum(across(known.noise, known.delta) ** 2))
    actual = np.sum(np.var(across(np.stack(found), np.mean(found, axis=0)), axis=0, ddof=1))
    assert np.mean(noise) == pytest.approx(actual, rel=0.3)


def test_fewer_items_than_entries_have_the_same_noise() -> None:
    rng = np.random.default_rng(0)
    U, y = rng.standard_normal((40, 60)), np.arange(40) % 2 == 0
    for method in ("logistic", "svm", "lda"):
        r = readout(U, y.astype(float), method)
        H = (r.rows.T * r.weights) @ r.rows / 40 + r.penalty * np.eye(60)
        rows = rng.standard_normal((3, 60))
        np.testing.assert_allclose(
            solved(r.rows, r.weights, r.penalty, rows), np.linalg.solve(H, rows.T).T, rtol=1e-8
        )
        balance = r.scores.mean(axis=0) - r.penalty * r.normal  # it vanishes at the solution
        assert np.linalg.norm(balance) < 2e-3 * np.linalg.norm(r.scores) / np.sqrt(40)


def test_words_are_given_as_kinds() -> None:
    Z, y, given = confounded(2000)
    words = np.where(given["g"], "woman", "man")
    by_word = Direction.from_labels(Z, y, given={"g": words})
    by_number = Direction.from_labels(Z, y, given={"g": given["g"]})
    np.testing.assert_allclose(by_word.vector, by_number.vector, rtol=1e-4, atol=1e-6)
    assert set(by_word.leakage) == {"g=man", "g=woman"}


def test_a_constant_or_doubled_attribute_changes_nothing() -> None:
    Z, y, given = confounded(2000)
    more = {**given, "same": given["g"], "constant": np.ones(len(y)), "twice": 2 * given["h"]}
    for method in METHODS:
        a, b = (Direction.from_labels(Z, y, method=method, given=g) for g in (given, more))
        np.testing.assert_allclose(a.vector, b.vector, rtol=1e-3, atol=1e-4)


def test_a_fitted_classifier_is_a_direction() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    Z, y, given = confounded(2000)
    fitted = LogisticRegression(max_iter=1000).fit(Z, y)
    bare = Direction.from_classifier(fitted, name="smile")
    assert fitted.decision_function([bare.vector])[0] - fitted.intercept_[0] == pytest.approx(2)
    assert bare.card is None
    assert repr(bare) == "Direction('smile', without labels)"
    assert "nothing is known" in bare.verdict
    with pytest.raises(BadInput, match="no standard deviation"):
        bare.latent(1, "sd")
    known = Direction.from_classifier(fitted, Z, y, attributes=given)
    assert angle(known.vector, bare.vector) < 0.1
    gap = (Z[y].mean(axis=0) - Z[~y].mean(axis=0)) @ fitted.coef_[0]
    assert known.vector @ fitted.coef_[0] == pytest.approx(gap, rel=1e-4)
    assert math.isnan(known.angle_interval[0])
    assert math.isnan(known.card.score)
    assert "angle unknown" in repr(known)
    assert "the classifier came fitted" in known.verdict
    pattern = Direction.from_classifier(fitted.coef_, Z, y, metric="data")
    assert angle(pattern.vector, np.cov(Z.T) @ fitted.coef_[0]) < 1
    scaled = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(Z, y)
    assert angle(Direction.from_classifier(scaled).vector, bare.vector) < 2
    shaped = Direction.from_classifier(fitted.coef_, shape=(2, 4))
    assert shaped.vector.shape == (2, 4)


def test_a_classifier_comes_back_from_disk(tmp_path) -> None:
    Z, y, _ = confounded(200)
    for direction in (
        Direction.from_classifier([1.0, 2.0]),
        Direction.from_classifier(np.ones(8), Z, y),
    ):
        loaded = Direction.load(direction.save(tmp_path / "d"))
        assert loaded.to_dict() == direction.to_dict()
        assert repr(loaded) == repr(direction)
        assert math.isnan(loaded.effect_size) == (direction.card is None)


def test_what_is_no_linear_classifier_of_two_classes_is_refused() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    Z, y, _ = confounded(200)
    with pytest.raises(BadInput, match="not linear"):
        Direction.from_classifier(SVC().fit(Z, y))
    with pytest.raises(BadInput, match="tells 3 classes apart"):
        Direction.from_classifier(LogisticRegression(max_iter=1000).fit(Z, np.arange(200) % 3))
    for bad, words in [
        (object(), "fitted linear classifier"),
        (np.zeros(8), "not zero"),
        ([np.nan, 1], "finite"),
    ]:
        with pytest.raises(BadInput, match=words):
            Direction.from_classifier(bad)
    with pytest.raises(BadInput, match="of 8 entries, got 3"):
        Direction.from_classifier(np.ones(3), Z, y)
    with pytest.raises(BadInput, match="together or not at all"):
        Direction.from_classifier(np.ones(8), Z)
    with pytest.raises(BadInput, match="needs the latents"):
        Direction.from_classifier(np.ones(8), metric="data")


Z, Y, GIVEN = confounded(40)
WRONG = [
    (Y, {"method": "cnn"}, "`method` for labels of two values must be 'difference' or"),
    (Z[:, 0], {"method": "svm"}, "`method` for labels of more than two values must be 'regress"),
    (Y, {"method": "svm", "metric": "cosine"}, "`metric` must be 'data' or 'euclidean'"),
    (np.ones(40), {}, "at least 2 values"),
    (Y[:30], {}, "'y' must have 40 values"),
    (["a", "b"] * 20, {}, "'y' must hold finite numbers"),
    (np.arange(40) == 3, {}, "each group must have at least 2"),
    (np.arange(40) < 3, {"method": "lda"}, "'lda' needs at least 5 latents in each group, got 3"),
    (Y, {"given": {"copy": Y}}, "`given` determines `y`"),
    (Y, {"given": {"copy": Y}, "method": "lda"}, "`given` determines `y`"),
    (Y, {"given": {"g": [1]}}, "'g' must have 40 values"),
]


@pytest.mark.parametrize(("y", "options", "words"), WRONG)
def test_labels_that_do_not_fit_are_one_sentence(y, options, words) -> None:
    with pytest.raises(BadInput, match=words):
        Direction.from_labels(Z, y, **options)


def test_pairs_that_do_not_fit_are_one_sentence() -> None:
    with pytest.raises(BadInput, match="same items in the same order, got 40 of shape"):
        Direction.from_pairs(Z, Z[1:])
    with pytest.raises(BadInput, match="at least 2 pairs, got 1"):
        Direction.from_pairs(Z[:1], Z[:1] + 1)


def bent(n: int, bend: float, seed: int):
    """Two places along axis 3; the label moves axis 0, and axis 1 the other way in each place."""
    rng = np.random.default_rng(seed)
    y, place = np.arange(n) % 2, rng.choice([-1.0, 1.0], n)
    Z = rng.standard_normal((n, 6))
    Z[:, 3] += 4 * place
    Z[:, 0] += 2 * y
    Z[:, 1] += bend * y * place
    return Z, y, place


def test_a_meaning_that_turns_is_found_and_one_that_does_not_is_not() -> None:
    Z, y, place = bent(1000, 2.0, 0)
    found = turning(Z, y, clusters=2)
    assert found.turns
    assert found.p_value == 0.005
    assert found.angles == pytest.approx(
        (40, 40), abs=12
    )  # 45° in the latents: axis 0 against axes 0 and ±1
    assert max(found.by_chance) < 20
    assert abs(np.corrcoef(found.clusters, place)[0, 1]) > 0.95
    assert str(found).startswith("The meaning turns: the directions of 2 clusters are")
    p = []
    for seed in range(15):
        Z, y, _ = bent(300, 0.0, seed)
        straight = turning(Z, y, clusters=3, seed=seed)
        p.append(straight.p_value)
    assert sum(x <= 0.2 for x in p) <= 9  # of 15, 3 expected; 10 are below ALPHA
    assert str(straight).startswith("One vector serves everywhere") != straight.turns


def test_turning_of_a_continuous_label_and_of_few_items() -> None:
    Z, _, place = bent(1000, 0.0, 0)
    t = np.random.default_rng(0).standard_normal(1000)
    assert not turning(Z + np.outer(t, np.eye(6)[2]), t, clusters=2).turns
    assert turning(Z + np.outer(t * place, np.eye(6)[2]), t, clusters=2).turns
    with pytest.raises(BadInput, match="`clusters` must be at least 2, got 1"):
        turning(Z, t, clusters=1)
    with pytest.raises(BadInput, match="fewer than 2 of 4 clusters have 10 items"):
        turning(Z[:30], np.arange(30) % 2)
