"""The judge: each kind of column in its own units, scores as scikit-learn has them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score

from zalgebra.models import Reader, load
from zalgebra.types import BadInput

SMALL = {"width": 2, "max_epochs": 1, "batch_size": 16, "verbose": False}


def labels(digits, rows: slice) -> dict[str, np.ndarray]:
    images, digit = digits.images[rows], digits.labels["class"][rows]
    ink = 100 * images.mean(axis=(1, 2, 3)) + 7
    return {"digit": digit, "curly": np.isin(digit, [0, 3, 6, 8, 9]), "ink": ink}


def test_each_kind_of_column_is_read_in_its_own_units(reader, digits) -> None:
    X, truth = digits.images[1500:], labels(digits, slice(1500, None))
    read = reader.predict(X)
    assert list(read) == ["digit", "curly", "ink"]
    assert all(values.shape == (len(X),) for values in read.values())
    assert {k: c["kind"] for k, c in reader.columns_.items()} == {
        "digit": "class", "curly": "binary", "ink": "number",
    }  # fmt: skip
    assert set(read["digit"]) <= set(range(10))
    assert 0 <= read["curly"].min() <= read["curly"].max() <= 1
    assert abs(read["ink"].mean() - truth["ink"].mean()) < 1  # about 38, with sd 4

    scores = reader.score(X, truth)
    assert scores["digit"] == accuracy_score(truth["digit"], read["digit"]) > 0.8
    assert scores["curly"] == accuracy_score(truth["curly"], read["curly"] > 0.5) > 0.8
    assert scores["ink"] == pytest.approx(r2_score(truth["ink"], read["ink"]))
    assert scores["ink"] > 0.8


def test_a_two_valued_column_may_have_any_two_values(digits) -> None:
    X, curly = digits.images[:300], np.isin(digits.labels["class"][:300], [0, 6])
    model = Reader(width=8, max_epochs=15, batch_size=32, verbose=False)
    read = model.fit(X, {"side": np.where(curly, 5.0, -3.0)}).predict(X)["side"]
    assert read[curly].mean() > 0.8
    assert read[~curly].mean() < 0.2
    score = model.score(X, {"side": np.where(curly, 5.0, -3.0)})["side"]
    assert score == accuracy_score(curly, read > 0.5)


def test_a_constant_column_has_a_defined_score() -> None:
    X = np.random.default_rng(0).random((20, 1, 8, 8))
    model = Reader(**SMALL).fit(X, {"a": np.full(20, 2.5), "b": np.zeros(20, int)})
    read = model.predict(X)
    assert read["a"].std() < 2
    assert model.score(X, {"a": np.full(20, 2.5), "b": np.zeros(20, int)}) == {
        "a": r2_score(np.full(20, 2.5), read["a"]), "b": 1.0,
    }  # fmt: skip


def test_far_logits_do_not_overflow(reader, digits, monkeypatch) -> None:
    out = np.zeros((2, 12), np.float32)
    out[:, 10] = [-1e4, 1e4]
    monkeypatch.setattr("zalgebra.models.reader.in_batches", lambda *_: out)
    np.testing.assert_array_equal(reader.predict(digits.images[:2])["curly"], [0, 1])


def test_it_repeats_and_is_a_scikit_learn_estimator() -> None:
    X, y = np.random.default_rng(0).random((20, 1, 16, 16), dtype=np.float32), np.arange(20.0)
    X.flags.writeable = False
    a, b = (Reader(**SMALL).fit(X, {"y": y}) for _ in range(2))
    other = Reader(random_state=1, **SMALL).fit(X, {"y": y})
    assert a.fingerprint_ == b.fingerprint_ != other.fingerprint_
    assert clone(other).get_params() == other.get_params()
    assert a.predict(X[:0])["y"].shape == (0,)
    assert a.predict(X)["y"].shape == (20,)


def test_tables_are_read_too() -> None:
    X = np.random.default_rng(0).standard_normal((60, 5))
    model = Reader(width=4, max_epochs=30, batch_size=16, verbose=False)
    assert model.fit(X, {"sum": X.sum(axis=1)}).score(X, {"sum": X.sum(axis=1)})["sum"] > 0.8


X = np.random.default_rng(0).random((6, 1, 8, 8))
LABELS = [
    ({}, "at least one label column"),
    ({"a": np.arange(5)}, r"label 'a' must have shape \(6,\), got \(5,\)"),
    ({"a": np.zeros((6, 1))}, r"shape \(6,\), got \(6, 1\)"),
    ({"a": ["x", "y"] * 3}, "label 'a' must hold numbers or class indices, got <U1"),
    ({"a": [1, 2, 3, 4, 5, np.nan]}, "label 'a' must be finite"),
    ({"a": [1.0, np.inf] * 3}, "label 'a' must be finite"),
    ({"a": [-1, 0, 1] * 2}, "class indices of 'a' must be 0 or more, got -1"),
]


@pytest.mark.parametrize(("given", "words"), LABELS, ids=[w for _, w in LABELS])
def test_a_bad_label_is_one_sentence(given, words) -> None:
    with pytest.raises(BadInput, match=words):
        Reader(**SMALL).fit(X, given)


PICTURES = [
    (X * 255, "divide 8-bit"),
    (X * np.nan, "data must be finite"),
    (X[0], r"shape \(n, d\) or \(n, C, H, W\), got \(1, 8, 8\)"),
    (X[:1], "at least 2 pictures, got 1"),
    ([["a"]] * 6, "data must be numbers"),
]


@pytest.mark.parametrize(("pictures", "words"), PICTURES, ids=[w for _, w in PICTURES])
def test_bad_pictures_are_one_sentence(pictures, words) -> None:
    with pytest.raises(BadInput, match=words):
        Reader(**SMALL).fit(pictures, {"a": np.arange(len(pictures))})


def test_reading_other_pictures_is_one_sentence(reader) -> None:
    for wrong in (np.zeros((2, 1, 8, 9)), np.zeros((2, 64)), np.zeros((1, 8, 8)), np.zeros(())):
        with pytest.raises(BadInput, match=r"Reader takes data \(n, 1, 8, 8\), got"):
            reader.predict(wrong)
    with pytest.raises(BadInput, match="finite"):
        reader.predict(X * np.nan)
    with pytest.raises(BadInput, match="divide 8-bit"):
        reader.predict(X * 255)
    with pytest.raises(BadInput, match="not fitted yet"):
        Reader().predict(X)


def test_scoring_without_the_truth_is_one_sentence(reader, digits) -> None:
    pictures, truth = digits.images[:9], labels(digits, slice(9))
    with pytest.raises(BadInput, match="`score` needs the label 'ink'; there are: digit, curly"):
        reader.score(pictures, {k: v for k, v in truth.items() if k != "ink"})
    with pytest.raises(BadInput, match="label 'digit' must have one value for each picture"):
        reader.score(pictures[:5], truth)
    with pytest.raises(BadInput, match="one value for each picture"):
        reader.score(pictures[:0], {k: v[:0] for k, v in truth.items()})


def test_a_setting_that_cannot_be_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="`max_epochs` must be a whole number of at least 1, got 0"):
        Reader(max_epochs=0).fit(X, {"a": np.arange(6)})


def test_a_fine_reader_reads_its_classes_from_its_features(digits, tmp_path) -> None:
    X, y = digits.images[:300], digits.labels["class"][:300]
    fine = Reader(fine=True, width=4, max_epochs=6, batch_size=32, verbose=False)
    fine.fit(X, {"class": y})
    features = fine.features(X)
    last = fine.network_[-1]
    logits = features @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    assert features.shape == (300, 32)
    np.testing.assert_array_equal(logits.argmax(axis=1), fine.predict(X)["class"])
    assert fine.score(X, {"class": y})["class"] > 0.8
    np.testing.assert_array_equal(load(fine.save(tmp_path / "fine")).features(X), features)
