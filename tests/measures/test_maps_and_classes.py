"""Maps, classes and reconstructions: the definitions of others, and known answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from zalgebra.measures import (
    class_accuracy,
    class_preservation,
    continuity,
    proportion,
    reconstruction,
    trustworthiness,
)
from zalgebra.measures.intervals import mean_score, statistic_score
from zalgebra.types import BadInput

X = np.random.default_rng(0).standard_normal((240, 6))


@pytest.mark.parametrize("k", [1, 5, 30])
@pytest.mark.parametrize("kept", [2, 4])
def test_trustworthiness_is_that_of_scikit_learn(k, kept, monkeypatch) -> None:
    from sklearn.manifold import trustworthiness as theirs

    y = X[:, :kept]
    monkeypatch.setattr("zalgebra.measures.features.BLOCK", 1000)  # blocks of 4 rows
    assert trustworthiness(X + 9, y, k=k).value == pytest.approx(theirs(X, y, n_neighbors=k))
    assert continuity(X + 9, y, k=k).value == pytest.approx(theirs(y, X, n_neighbors=k))


def test_a_map_that_keeps_all_has_one_and_a_shuffled_one_a_half() -> None:
    assert trustworthiness(X, 3 * X[:, ::-1]).value == 1
    shuffled = np.random.default_rng(1).permutation(X)
    for measure in (trustworthiness, continuity):
        assert measure(X, shuffled).value == pytest.approx(0.5, abs=0.05)


def test_folding_lowers_trust_and_tearing_lowers_continuity() -> None:
    line = np.linspace(-1, 1, 301)[:, None]
    folded, torn = np.abs(line), line + (line > 0) * 1.0
    assert trustworthiness(line, folded).value < 0.8
    assert continuity(line, folded).value > 0.98
    circle = np.concatenate([np.cos(np.pi * line), np.sin(np.pi * line)], axis=1)
    assert continuity(circle, torn).value < trustworthiness(circle, torn).value


def test_maps_of_any_library(xp) -> None:
    Y = X[:, :2]
    assert trustworthiness(xp.asarray(X), xp.asarray(Y)) == trustworthiness(X, Y)


@pytest.mark.parametrize("k", [0, 120, 2.0])
def test_bad_maps_get_one_sentence(k) -> None:
    with pytest.raises(BadInput, match="`k` must be a whole number from 1 to less than n/2 = 120"):
        trustworthiness(X, X, k=k)
    with pytest.raises(BadInput, match="one place an item, got 240 items and 9"):
        continuity(X, X[:9])


def test_class_accuracy_takes_classes_or_scores(xp) -> None:
    rng = np.random.default_rng(0)
    scores, wanted = rng.random((50, 4)), rng.integers(0, 4, 50)
    expected = (scores.argmax(axis=1) == wanted).mean()
    found = class_accuracy(xp.asarray(scores), xp.asarray(wanted, "int64"))
    assert found.value == expected
    assert (found.low, found.high) == vars_of(proportion(scores.argmax(axis=1) == wanted, ""))
    assert class_accuracy(scores, 2).value == (scores.argmax(axis=1) == 2).mean()
    assert class_accuracy(scores.argmax(axis=1), wanted).value == expected


def vars_of(score) -> tuple[float, float]:
    return score.low, score.high


def test_class_preservation_compares_readings() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.random((2, 50, 4))
    expected = (before.argmax(axis=1) == after.argmax(axis=1)).mean()
    assert class_preservation(before, after).value == expected
    assert class_preservation(before, before).value == 1
    assert class_preservation(["a", "b"], ["a", "c"]).value == 0.5


@pytest.mark.parametrize(
    ("predicted", "wanted"),
    [([], 1), ([1, 2], [1, 2, 3]), ([1, 2], [[1, 2]]), (np.ones((2, 2), int), 1), (3, 3)],
)
def test_bad_classes_get_one_sentence(predicted, wanted) -> None:
    with pytest.raises(BadInput):
        class_accuracy(predicted, wanted)


@pytest.mark.parametrize("wrap", [list, np.array, lambda x: np.array(x, dtype=object)])
def test_classes_of_two_kinds_are_refused(wrap) -> None:
    text, numbers = wrap(["0", "1"] * 20), wrap([0, 1] * 20)
    with pytest.raises(BadInput, match=r"got text \('0'\) against numbers \(0\)"):
        class_accuracy(text, numbers)
    with pytest.raises(BadInput, match="against text"):
        class_accuracy(numbers, "1")
    with pytest.raises(BadInput, match="all are numbers or all are text"):
        class_preservation(text, np.eye(2)[[0, 1] * 20])
    with pytest.raises(BadInput, match="at least one item"):
        class_accuracy([], "1")
    assert class_accuracy(text, wrap(["0", "1"] * 20)).value == 1
    assert class_accuracy(numbers, np.array([0.0, 1.0] * 20)).value == 1


def test_reconstruction_of_known_errors(xp) -> None:
    x = np.random.default_rng(0).random((60, 3, 4, 4))
    y = x + np.linspace(0, 0.2, 60)[:, None, None, None]
    found = reconstruction(xp.asarray(x), xp.asarray(y))
    assert found.rmse.value == pytest.approx(0.1)
    assert found.rmse.n == 60
    decibels = np.minimum(100, -20 * np.log10(np.maximum(np.linspace(0, 0.2, 60), 1e-9)))
    assert found.psnr.value == pytest.approx(decibels.mean())
    assert json.loads(json.dumps(found.to_dict()))["rmse"]["n"] == 60
    spread = ((x - x.mean(axis=0)) ** 2).mean()
    assert found.explained.value == pytest.approx(1 - ((x - y) ** 2).mean() / spread)
    assert reconstruction(255 * x, 255 * y, peak=255).psnr.value == pytest.approx(found.psnr.value)
    half = reconstruction(x, y, features=lambda a: a[:, :1])
    assert half == reconstruction(x[:, :1], y[:, :1])


def test_what_reconstruction_explains() -> None:
    x = np.random.default_rng(0).random((40, 5))
    assert reconstruction(x, x).explained.value == 1
    mean = np.broadcast_to(x.mean(axis=0), x.shape)
    assert reconstruction(x, mean).explained.value == pytest.approx(0)
    assert np.isnan(reconstruction(np.ones((4, 2)), np.zeros((4, 2))).explained.value)
    with pytest.raises(BadInput, match="one shape"):
        reconstruction(x, x[:, :2])
    with pytest.raises(BadInput, match="`peak` must be positive, got 0"):
        reconstruction(x, x, peak=0)


def test_a_signal_over_error_is_told_of_a_known_peak_alone() -> None:
    x = np.random.default_rng(0).random((20, 3, 4))
    y = x + 0.1
    bytes_x, bytes_y = ((200 * a).astype("uint8") for a in (x, y))
    with pytest.raises(BadInput, match=r"integers from .* divide both by 255"):
        reconstruction(bytes_x, bytes_y)
    by_peak, divided = (
        reconstruction(bytes_x, bytes_y, peak=255),
        reconstruction(bytes_x / 255, bytes_y / 255),
    )
    assert by_peak.psnr.value == pytest.approx(divided.psnr.value)
    with pytest.raises(BadInput, match=r"range of width `peak` = 1, got .* divide both by 255"):
        reconstruction(255 * x, 255 * y, peak=1)
    with pytest.raises(BadInput, match="range of width `peak` = 1, got originals from -"):
        reconstruction(2 * x - 1, 2 * y - 1, peak=1)
    assert reconstruction(2 * x - 1, 2 * y - 1, peak=2).psnr.value == pytest.approx(20)
    unknown = reconstruction(2 * x - 1, 2 * y - 1)
    assert np.isnan(unknown.psnr.value)
    assert "give `peak`" in unknown.psnr.question
    assert "no psnr" in str(unknown)
    assert unknown.rmse.value == pytest.approx(0.2)
    binary = (x > 0.5).astype("uint8")
    assert reconstruction(binary, binary).psnr.value == 100


def test_the_interval_of_what_is_explained_covers() -> None:
    rng, hits = np.random.default_rng(0), []
    for _ in range(300):
        x = rng.standard_normal((150, 2)) * [2, 1]
        found = reconstruction(x, x * [1, 0]).explained  # 4/5
        hits.append(found.low <= 0.8 <= found.high)
    assert 0.92 < np.mean(hits) < 0.98


def test_students_interval_and_the_jackknife_agree_on_a_mean() -> None:
    x = np.random.default_rng(0).exponential(size=20)
    student = mean_score(x, "")
    jackknife = statistic_score(lambda i: float(x[i].mean()), 20, "")
    assert (student.low, student.high) == pytest.approx((jackknife.low, jackknife.high))
    # scipy.stats.t.interval(0.95, 2, loc=2, scale=1/√3)
    three = mean_score(np.array([1.0, 2, 3]), "")
    assert (three.low, three.high) == pytest.approx((-0.484, 4.484), abs=1e-3)
    assert np.isnan(mean_score(x[:1], "").low)


def test_the_jackknife_covers_what_a_biased_figure_estimates() -> None:
    rng, hits, plain = np.random.default_rng(0), [], []
    for _ in range(200):
        x = 0.2 + rng.standard_normal((60, 30))  # |mean|² is 1.2, and 1.7 in the mean of samples
        found = statistic_score(lambda i, x=x: float((x[i].mean(axis=0) ** 2).sum()), 60, "")
        plain.append(found.value)
        hits.append(found.low <= 1.2 <= found.high)
    assert np.mean(plain) == pytest.approx(1.7, abs=0.1)
    assert np.mean(hits) > 0.92
