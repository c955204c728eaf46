"""Distances between distributions: published formulas, known answers, intervals that cover."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.linalg

from zalgebra.measures import (
    Score,
    _frechet,
    diversity,
    frechet_difference,
    frechet_distance,
    gaussian_frechet,
    kernel_distance,
    support,
)
from zalgebra.measures.intervals import averaged
from zalgebra.types import BadInput


def sets(n: int, D: int, m: int | None = None, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mix = rng.standard_normal((D, D)) / np.sqrt(D)
    x = np.maximum(rng.standard_normal((n, D)), 0) @ mix
    return x, rng.standard_normal((m or n, D)) @ mix * 0.8 + 0.1


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(axis=0), np.cov(x, rowvar=False)


def published(x: np.ndarray, y: np.ndarray) -> float:
    (mu, S), (nu, T) = moments(x), moments(y)
    root = scipy.linalg.sqrtm(S @ T).real
    return float((mu - nu) @ (mu - nu) + np.trace(S + T - 2 * root))


@pytest.mark.parametrize(("n", "m", "D"), [(400, 400, 3), (500, 900, 32), (300, 260, 128)])
def test_the_plain_figure_is_the_published_formula(n, m, D) -> None:
    x, y = sets(n, D, m)
    found = frechet_distance(x, y)
    assert found.plain == pytest.approx(published(x, y), rel=1e-6)
    assert gaussian_frechet(*moments(x), *moments(y)) == pytest.approx(found.plain, rel=1e-6)
    assert (found.n, found.features) == (min(n, m), D)


@pytest.mark.slow  # torchmetrics takes seconds to import
def test_the_plain_figure_is_that_of_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    fid = pytest.importorskip("torchmetrics.image.fid")
    x, y = sets(600, 48)
    theirs = fid._compute_fid(*(torch.from_numpy(a) for z in (x, y) for a in moments(z)))
    assert frechet_distance(x, y).plain == pytest.approx(float(theirs), rel=1e-4)


def test_the_formula_on_commuting_and_on_singular_covariances() -> None:
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    a, b = np.array([4.0, 1, 9, 0, 2]), np.array([1.0, 1, 0, 0, 8])
    S, T = (Q * a) @ Q.T, (Q * b) @ Q.T
    truth = 7 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    mean = np.sqrt(7) * Q[:, 0]
    assert gaussian_frechet(mean, S, 0 * mean, T) == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (-np.eye(2), "positive semidefinite, got the eigenvalue -1"),
        (np.array([[1.0, 2], [2, 1]]), "positive semidefinite, got the eigenvalue -1"),
        (np.array([[1.0, 0.5], [0, 1]]), "finite and symmetric"),
        (np.array([[1.0, np.nan], [np.nan, 1]]), "finite and symmetric"),
    ],
)
def test_what_is_no_covariance_is_refused(bad, words) -> None:
    zero = np.zeros(2)
    with pytest.raises(BadInput, match="`covariance` must be .*" + words):
        gaussian_frechet(zero, 1e6 * bad if words.startswith("finite") else bad, zero, np.eye(2))
    with pytest.raises(BadInput, match="`other_covariance` must be"):
        gaussian_frechet(zero, np.eye(2), zero, bad)


def test_rounding_of_a_singular_covariance_is_no_fault() -> None:
    x = np.random.default_rng(0).standard_normal((10, 64)).astype("float32")  # rank 9
    S = np.cov(x, rowvar=False).astype("float32")
    assert gaussian_frechet(np.zeros(64), S, np.zeros(64), S) == pytest.approx(0, abs=1e-2)
    assert gaussian_frechet(np.zeros(2), np.zeros((2, 2)), np.zeros(2), np.eye(2)) == 2


@pytest.mark.parametrize(("n", "D"), [(150, 10), (150, 32), (400, 64)])
@pytest.mark.parametrize("heavy", [False, True])
def test_the_distance_has_no_bias_where_the_plain_figure_has(n, D, heavy) -> None:
    rng = np.random.default_rng(1)

    def draw() -> np.ndarray:
        x = rng.standard_normal((n, D))
        return x * np.sqrt(rng.gamma(2, 0.5, (n, 1))) if heavy else x

    found = [frechet_distance(draw(), 1.5 * draw() + 0.1) for _ in range(20)]
    truth = D * (0.5**2 + 0.1**2)
    values = np.array([s.value for s in found])
    error = values.std(ddof=1) / np.sqrt(len(found))
    assert abs(values.mean() - truth) < 4 * error
    assert np.mean([s.plain for s in found]) > truth + 4 * error


def test_the_random_matrix_step_alone_takes_off_nearly_all_of_the_bias() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 600, 150))
    plain, freed = _frechet.estimates(*map(_frechet.moments, (x, y)))
    assert plain > 150**2 / (2 * 600)
    assert abs(freed) < 0.03 * plain


def test_the_distance_knows_no_coordinates() -> None:
    x, y = sets(400, 8)
    here = frechet_distance(x, y)
    Q = np.linalg.qr(np.random.default_rng(3).standard_normal((8, 8)))[0]
    turned = frechet_distance(x @ Q + 5, y @ Q + 5)
    assert turned.value == pytest.approx(here.value, rel=1e-6)
    assert (turned.low, turned.high) == pytest.approx((here.low, here.high), rel=1e-6)
    assert frechet_distance(3 * x, 3 * y).value == pytest.approx(9 * here.value, rel=1e-6)
    padded = [np.hstack([z, np.ones((400, 3)), z[:, :1]]) for z in (x, y)]
    assert frechet_distance(*padded).features == 8
    assert frechet_distance(x, y) == here
    assert frechet_distance(x, y, seed=1).plain == here.plain


def test_a_feature_that_is_still_in_one_set_counts() -> None:
    x = np.random.default_rng(0).standard_normal((2000, 3))
    y = x[::-1] * [1, 1, 0]
    assert frechet_distance(x, y).value == pytest.approx(1, abs=0.1)
    assert frechet_distance(np.zeros((30, 2)), np.ones((30, 2))).value == pytest.approx(2)


def test_few_items_are_refused_or_said() -> None:
    x, y = sets(60, 30)
    assert "few items for 30 features" in frechet_distance(x, y).note
    assert "few items" in str(frechet_distance(x, y))
    assert frechet_distance(x[:, :5], y[:, :5]).note == ""
    with pytest.raises(BadInput, match="more items than features, got 60 and 30 items with 30"):
        frechet_distance(x, y[:30])
    with pytest.raises(BadInput, match="at least 20 items, got 19"):
        frechet_distance(x, y[:19])


DISTANCES = [frechet_distance, kernel_distance, support]


@pytest.mark.parametrize("measure", DISTANCES)
def test_features_come_from_any_callable_and_any_library(measure, xp) -> None:
    x, y = sets(60, 8)
    x, y = x.astype("float32"), y.astype("float32")
    expected = measure(x, y).to_dict()
    assert json.loads(json.dumps(expected)) == expected
    assert measure(xp.asarray(x, "float32"), xp.asarray(y, "float32")).to_dict() == expected
    pictures = x.reshape(60, 2, 4), y.reshape(60, 2, 4)
    assert measure(*pictures).to_dict() == expected
    half = measure(*pictures, features=lambda a: a[:, 0])
    assert half.to_dict() == measure(x[:, :4], y[:, :4]).to_dict()


@pytest.mark.parametrize("measure", DISTANCES)
@pytest.mark.parametrize(
    ("real", "generated", "words"),
    [
        (np.ones((30, 3)), np.ones((30, 4)), "as many features, got 3 .real. and 4"),
        (np.full((30, 3), np.nan), np.ones((30, 3)), "`real` must be finite, got 90"),
        (np.ones((30, 3)), np.full((30, 3), "a"), "`generated` must be real numbers"),
        (np.ones((1, 3)), np.ones((30, 3)), "`real` must have at least"),
        (np.ones((30, 0)), np.ones((30, 0)), "no features"),
    ],
)
def test_bad_sets_get_one_sentence(measure, real, generated, words) -> None:
    with pytest.raises(BadInput, match=words):
        measure(real, generated)


def direct_kid(x: np.ndarray, y: np.ndarray) -> float:
    k = lambda a, b: (np.dot(a, b) / len(a) + 1) ** 3  # noqa: E731
    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_the_kernel_distance_is_the_sum_over_all_pairs(monkeypatch) -> None:
    x, y = sets(40, 6, 33)
    whole = kernel_distance(x, y)
    assert whole.value == pytest.approx(direct_kid(x, y), rel=1e-10)
    monkeypatch.setattr("zalgebra.measures.features.BLOCK", 100)  # blocks of 3 rows
    parts = kernel_distance(x, y)
    assert (parts.value, parts.low) == pytest.approx((whole.value, whole.low), rel=1e-10)


def kernel_truth(D: int, m: float) -> float:
    """MMD² of N(0, I) and N(m 1, I): E k of each pair of laws, in closed form."""

    def mean(a: float, b: float) -> float:
        dot = D * a * b
        third = dot**3 + 3 * dot * D * (a * a + b * b) + 3 * (D + 2) * dot
        return 3 * dot / D + 3 * (dot**2 + D * (a * a + b * b + 1)) / D**2 + third / D**3

    return mean(0, 0) + mean(m, m) - 2 * mean(0, m)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_interval_of_the_kernel_distance_covers(shift) -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        x, y = rng.standard_normal((100, 8)), rng.standard_normal((150, 8)) + shift
        found.append(kernel_distance(x, y))
    truth = kernel_truth(8, shift)
    assert 0.92 <= np.mean([s.low <= truth <= s.high for s in found]) <= 0.985
    spread = np.std([s.value for s in found])
    assert abs(np.mean([s.value for s in found]) - truth) < 4 * spread / np.sqrt(200)


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.2), (0.0, 0.0), (0.5, 0.0)])
def test_the_interval_of_a_paired_difference_covers_and_is_the_narrower(a, b) -> None:
    rng, found, alone = np.random.default_rng(0), [], []
    for _ in range(150):
        x, noise = rng.standard_normal((150, 6)), rng.standard_normal((120, 6))
        pair = noise + a, noise + 0.1 * rng.standard_normal((120, 6)) + b
        found.append(frechet_difference(x, *pair))
        alone.append([frechet_distance(x, y) for y in pair])
        assert found[-1].value == pytest.approx(alone[-1][0].value - alone[-1][1].value)
    # The other's covariance is 1.01 times the identity: 6 (1 + 1.01 - 2 √1.01) more.
    truth = 6 * (a**2 - b**2) - 6 * (2.01 - 2 * np.sqrt(1.01))
    assert 0.92 <= np.mean([s.low <= truth <= s.high for s in found]) <= 0.995
    wide = [one.high - other.low for one, other in alone]
    assert np.mean([s.high - s.low for s in found]) < 0.6 * np.mean(wide)


def test_repeats_are_averaged_and_cover_other_seeds_from_three_on() -> None:
    rng = np.random.default_rng(0)

    def of(n: int, between: float) -> Score:
        values = between * rng.standard_normal(n) + rng.standard_normal(n)
        return averaged([Score(v, v - 1.96, v + 1.96, 10, "") for v in values])

    for between in (0.0, 3.0):  # other seeds differ by as much, beside noise of 1 within each
        held = [(s.low <= 0 <= s.high) for s in (of(4, between) for _ in range(400))]
        assert np.mean(held) > 0.925
    one = Score(1.0, 0.5, 2.0, 10, "what")
    two = averaged([one, Score(3.0, 2.5, 3.0, 10, "what")])
    assert two == Score(2.0, 1.5, 2.5, 20, "what")


def test_a_difference_is_over_pairs() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 100, 4))
    same = frechet_difference(x, y, y)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    turned = frechet_difference(x, y[::-1], y + 1)
    assert turned.value == pytest.approx(-frechet_difference(x, y + 1, y[::-1]).value)
    with pytest.raises(BadInput, match="got 99 of the one and 100 of the other"):
        frechet_difference(x, y[1:], y)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_interval_of_the_frechet_distance_covers(shift) -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(150):
        x, y = rng.standard_normal((120, 6)), rng.standard_normal((150, 6)) + shift
        found.append(frechet_distance(x, y))
    truth = 6 * shift**2
    assert 0.92 <= np.mean([s.low <= truth <= s.high for s in found]) <= 0.995


def test_support_of_one_distribution_has_its_known_values() -> None:
    rng = np.random.default_rng(0)
    found = [support(*rng.standard_normal((2, 500, 3)), k=5) for _ in range(8)]
    # Naeem et al., section 3.2: with n = m, coverage is 1 - Π (n - i)/(2n - i) over i = 1..k.
    i = np.arange(1, 6)
    expected = 1 - np.prod((500 - i) / (1000 - i))
    assert np.mean([s.coverage.value for s in found]) == pytest.approx(expected, abs=0.01)
    assert np.mean([s.density.value for s in found]) == pytest.approx(1, abs=0.05)
    both = np.mean([[s.precision.value, s.recall.value] for s in found], axis=0)
    assert both[0] == pytest.approx(both[1], abs=0.03)


def direct_support(x: np.ndarray, y: np.ndarray, k: int) -> list[float]:
    away = lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2)  # noqa: E731
    rx, ry = (np.sort(away(z, z), axis=1)[:, k] for z in (x, y))
    d = away(x, y)
    inside = d <= rx[:, None]
    precision, recall = inside.any(axis=0).mean(), (d <= ry).any(axis=1).mean()
    return [precision, recall, inside.sum(axis=0).mean() / k, inside.any(axis=1).mean()]


@pytest.mark.parametrize("k", [1, 3, 7])
def test_support_is_its_definition(k, monkeypatch) -> None:
    x, y = sets(70, 4, 50)
    found = support(x + 100, y + 100, k=k)
    figures = [found.precision, found.recall, found.density, found.coverage]
    assert [s.value for s in figures] == pytest.approx(direct_support(x, y, k))
    monkeypatch.setattr("zalgebra.measures.features.BLOCK", 300)
    assert support(x + 100, y + 100, k=k) == found


def test_support_tells_what_is_wrong() -> None:
    x, y = np.random.default_rng(0).standard_normal((2, 400, 5))
    far, timid = support(x, y + 50), support(x, y / 4)
    assert [s.value for s in (far.precision, far.recall, far.density, far.coverage)] == [0] * 4
    assert timid.precision.value > 0.99
    assert timid.recall.value < 0.3
    assert timid.density.low > 1.4
    for k in (0, 400, 2.0):
        with pytest.raises(BadInput):
            support(x, y, k=k)


def test_diversity_is_the_mean_distance_and_its_interval_covers(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 3))
    i, j = np.triu_indices(50, 1)
    expected = np.linalg.norm(x[i] - x[j], axis=1).mean()
    monkeypatch.setattr("zalgebra.measures.features.BLOCK", 300)
    assert diversity(x + 10).value == pytest.approx(expected)
    assert diversity(2 * x).value == pytest.approx(2 * expected)
    assert diversity(np.ones((5, 2))).value == 0
    found = [diversity(rng.standard_normal((40, 1))) for _ in range(500)]
    truth = 2 / np.sqrt(np.pi)
    assert 0.92 < np.mean([s.low <= truth <= s.high for s in found]) < 0.98
