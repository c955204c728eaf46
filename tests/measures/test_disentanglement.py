"""Codes whose disentanglement is known: perfect, permuted, rotated, random; published formulas."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from zalgebra.measures import (
    dci,
    disentanglement,
    factor_vae_score,
    mig,
    modularity,
    mutual_information,
    probes,
    sap,
)
from zalgebra.measures.intervals import deal
from zalgebra.types import BadInput

K, CLASSES, N = 3, 5, 1500
V = np.random.default_rng(0).integers(0, CLASSES, (N, K))
NOISE = np.random.default_rng(1).standard_normal((N, 5))
# A rotation of three axes in which every entry is 1/3 or 2/3: all factors in all codes.
TURN = np.array([[2.0, -1, 2], [2, 2, -1], [-1, 2, 2]]) / 3
PERFECT = {
    "perfect": V + 0.0,
    "permuted, flipped, scaled": V[:, [2, 0, 1]] * [-1.0, 10, 0.1] + 7,
    "beside codes of noise": np.hstack([NOISE[:, :2], V + 0.0]),
}
POOR = {"rotated": V @ TURN, "random": NOISE}


def by_tree(z, v):
    """DCI by one tree, a fiftieth of the work of the forest."""
    return dci(z, v, repeats=2, estimator=DecisionTreeClassifier(max_depth=6, random_state=0))


def dci_disentanglement(z, v):
    return by_tree(z, v).disentanglement


def dci_completeness(z, v):
    return by_tree(z, v).completeness


SCORES = [mig, sap, modularity, factor_vae_score, dci_disentanglement, dci_completeness]


@pytest.mark.parametrize("codes", PERFECT.values(), ids=PERFECT)
@pytest.mark.parametrize("measure", SCORES)
def test_perfect_codes_score_one(measure, codes) -> None:
    # modularity averages over all codes, those of noise too; it is tested below
    if measure is modularity and codes.shape[1] > K:
        codes = codes[:, 2:]
    # the gaps lose what chance gives the next best code: 1/5 of accuracy by thresholds
    least = {sap: 0.75, mig: 0.95}.get(measure, 0.98)
    found = measure(codes, V)
    assert least < found.value <= 1
    assert found.n in (N, 800)


@pytest.mark.parametrize("measure", SCORES)
def test_rotated_codes_score_less(measure) -> None:
    assert measure(POOR["rotated"], V).value < 0.7 * measure(V + 0.0, V).value


@pytest.mark.parametrize(
    ("measure", "most"),
    [(mig, 0.02), (sap, 0.05), (factor_vae_score, 0.45), (dci_disentanglement, 0.1),
     (dci_completeness, 0.1)],
)  # fmt: skip
def test_random_codes_score_as_chance_does(measure, most) -> None:
    assert measure(POOR["random"], V).value < most


def test_modularity_of_known_information() -> None:
    # both codes hold factor 0; code 1 holds factor 1 too, the two together being one class number
    v = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2)
    v = np.tile(v, (10, 1))
    z = np.stack([v[:, 0], v[:, 0] * 4 + v[:, 1]], axis=1)
    assert modularity(z, v).value == pytest.approx((1 + 0) / 2)
    still = np.hstack([z, np.ones((len(z), 1))])  # a code that tells nothing counts 0
    assert modularity(still, v).value == pytest.approx(1 / 3)


def test_modularity_squares_the_information() -> None:
    v = np.tile(np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(-1, 2), (10, 1))
    z = (v[:, 0] * 2 + v[:, 1] // 2)[:, None]  # log 4 of one factor, log 2 of the other
    assert modularity(z, v).value == pytest.approx(1 - (np.log(2) / np.log(4)) ** 2)


def test_information_of_known_tables() -> None:
    v = np.tile(np.arange(4), 500)
    z = np.stack([v, v // 2, np.tile([0, 1], 1000), np.zeros(2000)], axis=1)
    expected = np.log([[4], [2], [2], [1]])
    assert mutual_information(z, {"v": v}) == pytest.approx(expected, abs=1e-12)


def test_information_of_normal_variables_is_near_its_closed_form() -> None:
    rho, rng = 0.8, np.random.default_rng(0)
    a, e = rng.standard_normal((2, 200_000))
    b = rho * a + np.sqrt(1 - rho**2) * e
    found = mutual_information(a[:, None], {"b": b}, bins=40)[0, 0]
    assert found == pytest.approx(-np.log(1 - rho**2) / 2, rel=0.05)


def published_mig(information: np.ndarray, entropy: np.ndarray) -> float:
    gaps = []
    for k in range(len(entropy)):
        first, second = sorted(information[:, k])[::-1][:2]
        gaps.append((first - second) / entropy[k])
    return float(np.mean(gaps))


def test_mig_is_the_mean_gap_over_the_entropy() -> None:
    z = V @ TURN + 0.3 * NOISE[:, :K]
    counts = [np.bincount(v) / N for v in V.T]
    entropy = np.array([-(p * np.log(p)).sum() for p in counts])
    expected = published_mig(mutual_information(z, V), entropy)
    assert mig(z, V).value == pytest.approx(expected)


class Importance:
    """An estimator that has learned a given column of importances; they are asked for in turn."""

    columns: list[np.ndarray] = []  # noqa: RUF012

    def get_params(self, deep=True) -> dict:
        return {}

    def fit(self, z, v):
        self.feature_importances_ = self.columns[0]
        self.columns.append(self.columns.pop(0))
        return self

    def score(self, z, v) -> float:
        return 0.5


@pytest.mark.parametrize("seed", range(5))
def test_dci_is_its_published_formula(seed) -> None:
    R = np.random.default_rng(seed).random((4, K)) ** 3
    R /= R.sum(axis=0)
    Importance.columns = list(R.T)
    found = dci(NOISE[:, :4], V, estimator=Importance(), repeats=2)
    assert found.importance == pytest.approx(R)

    def weighted(R: np.ndarray) -> float:
        total = 0.0
        for row in R:
            p = row / row.sum()
            total += row.sum() / R.sum() * (1 + (p * np.log(p)).sum() / np.log(len(row)))
        return total

    assert found.disentanglement.value == pytest.approx(weighted(R))
    assert found.completeness.value == pytest.approx(weighted(R.T))
    assert found.informativeness.value == 0.5


def test_dci_by_coefficients_of_quantities_has_no_scale() -> None:
    from sklearn.linear_model import LinearRegression

    v = NOISE[:, :2]
    z = v * [100.0, 0.01] + 3
    found = dci(z, {"size": v[:, 0], "tilt": v[:, 1]}, estimator=LinearRegression(), repeats=2)
    assert found.factors == ("size", "tilt")
    both = {"size": v[:, 0], "both": v.sum(axis=1)}
    shares = dci(z, both, estimator=LinearRegression(), repeats=2).importance[:, 1]
    assert shares == pytest.approx([0.5, 0.5], abs=0.05)
    assert found.disentanglement.value == pytest.approx(1, abs=1e-6)
    assert found.informativeness.value == pytest.approx(1)


def test_sap_of_quantities_is_the_gap_of_squared_correlations() -> None:
    rng = np.random.default_rng(0)
    v, e, f = rng.standard_normal((3, 20_000))
    z = np.stack([v + e, v + 2 * f, e], axis=1)  # squared correlations 1/2, 1/5, 0
    assert sap(z, {"v": v}).value == pytest.approx(0.3, abs=0.02)


def test_sap_finds_classes_in_the_middle_by_two_thresholds() -> None:
    v = (np.abs(NOISE[:, 0]) < 0.6).astype(int)
    assert sap(NOISE[:, :2], {"v": v}).value > 0.3


def test_a_rare_class_leaves_the_interval_of_mig_finite() -> None:
    found = mig(NOISE, {"rare": np.arange(N) == 3})
    assert np.isfinite([found.value, found.low, found.high]).all()


@pytest.mark.slow
def test_the_interval_of_mig_covers_what_many_items_give() -> None:
    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        v = rng.integers(0, 3, (n, 2))
        z = v + 0.5 * v[:, ::-1] + 0.4 * rng.uniform(-1, 1, (n, 2))
        z[:6] = [[-0.4, -0.4], [3.4, 3.4]] * 3  # the same bins for every n
        return z, v

    rng = np.random.default_rng(0)
    truth = mig(*draw(rng, 400_000), bins=10).value
    found = [mig(*draw(rng, 800), bins=10, seed=i) for i in range(60)]
    assert np.mean([s.low <= truth <= s.high for s in found]) >= 0.88


def test_factor_vae_counts_right_answers_on_new_votes() -> None:
    found = factor_vae_score(NOISE, V, votes=4000)
    assert found.n == 4000
    assert found.low < 1 / K < found.high + 0.05
    half = np.stack([V[:, 0], NOISE[:, 0]], axis=1)  # one factor known; else both codes named alike
    assert factor_vae_score(half, V, votes=2000).value == pytest.approx(1 / 3 + 1 / 6, abs=0.05)
    with pytest.raises(BadInput, match="'factor 1' is a quantity"):
        factor_vae_score(NOISE, NOISE[:, :1].round() @ [[1, 0.5]])
    with pytest.raises(BadInput, match="a class of 'b' has a single item"):
        factor_vae_score(NOISE, {"a": V[:, 0], "b": np.arange(N) == 3})
    with pytest.raises(BadInput, match="no code varies"):
        factor_vae_score(np.ones((N, 2)), V)
    with pytest.raises(BadInput, match="`batch`"):
        factor_vae_score(NOISE, V, batch=1)


def test_all_at_once_is_each_alone() -> None:
    z, v = V[:120] + 0.0, {"a": V[:120, 0], "b": V[:120, 1]}
    found = disentanglement(z, v, seed=3)
    assert found.mig == mig(z, v, seed=3)
    assert found.sap == sap(z, v, seed=3)
    assert found.factor_vae == factor_vae_score(z, v, seed=3)
    assert found.dci.disentanglement == dci(z, v, seed=3).disentanglement
    stored = json.loads(json.dumps(found.to_dict()))
    assert stored["mig"]["value"] == found.mig.value
    assert str(found).startswith("mig ")


@pytest.mark.parametrize(
    "bad", [NOISE[:120, 0], np.arange(120) == 3], ids=["quantity", "class of one item"]
)
def test_a_factor_that_no_vote_can_hold_costs_the_votes_alone(bad) -> None:
    z, v = V[:120] + 0.1 * NOISE[:120, :K], {"a": V[:120, 0], "bad": bad}
    found = disentanglement(z, v)
    assert found.factor_vae is None
    assert "no FactorVAE score" in found.note
    assert "'bad'" in found.note
    assert found.note in str(found)
    assert found.mig == mig(z, v)
    assert found.modularity == modularity(z, v)
    assert found.sap == sap(z, v)
    assert found.dci.disentanglement == dci(z, v).disentanglement
    stored = json.loads(json.dumps(found.to_dict()))
    assert stored["factor_vae"] is None
    assert disentanglement(z, V[:120]).note == ""
    with pytest.raises(BadInput, match="no code varies"):
        disentanglement(np.ones((120, 2)), v)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("measure", [mig, sap, modularity, dci_disentanglement, dci_completeness])
def test_intervals_stay_where_the_score_can_be(measure, seed) -> None:
    rng = np.random.default_rng(seed)
    v = rng.integers(0, 3, (60, 2))
    for z in (v + 0.0, v + 0.5 * rng.standard_normal((60, 2)), rng.standard_normal((60, 2))):
        found = measure(z, v)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_share_of_variance_that_is_predicted_has_no_least_value() -> None:
    v = {"a": NOISE[:60, 3], "b": NOISE[:60, 4]}
    found = dci(NOISE[:60, :2], v, estimator=DecisionTreeRegressor(random_state=0))
    assert found.informativeness.low < found.informativeness.value < 0


@pytest.mark.parametrize("measure", [mig, modularity, sap, dci, factor_vae_score])
def test_constant_codes_are_refused(measure) -> None:
    with pytest.raises(BadInput, match="no code varies: `codes` must differ between items"):
        measure(np.full((100, 2), 0.1), V[:100])


def test_a_still_code_tells_of_nothing_to_the_last_digit() -> None:
    for n in range(95, 125):  # the shares of classes add up to 1, less or more by rounding
        z = V[:n] + 0.0
        still = np.hstack([z, np.full((n, 1), 0.1)])
        assert (mutual_information(still[:, 3:], V[:n]) == 0).all()
        found = mutual_information(still, V[:n]) ** 2
        alone = 1 - (found.sum(axis=1) - found.max(axis=1))[:3] / (2 * found.max(axis=1)[:3])
        assert modularity(still, V[:n]).value == pytest.approx(alone.sum() / 4)


@pytest.mark.parametrize("measure", [mig, modularity, sap, factor_vae_score, dci_disentanglement])
def test_words_and_whole_floats_are_classes(measure, xp) -> None:
    words = {str(k): np.array(["abcde"[i] for i in V[:200, k]]) for k in range(2)}
    z = V[:200] + 0.1 * NOISE[:200, :K]
    expected = measure(z, V[:200, :2])
    assert measure(xp.asarray(z), {k: list(w) for k, w in words.items()}) == expected
    assert measure(z, V[:200, :2].astype(float)) == expected


@pytest.mark.parametrize(
    ("codes", "factors", "words"),
    [
        (NOISE, V[:9], "factor 'factor 0' must have shape .1500,"),
        (NOISE, V * 0, "does not vary"),
        (NOISE, {"a": np.full(N, np.nan), "b": V[:, 0]}, "factor 'a' must be finite"),
        (NOISE, V[:, 0], "a mapping or of shape"),
        (NOISE[:, :1], V, "at least 2 codes, got 1"),
        (NOISE[:10], V[:10], "at least 20 items, got 10"),
        (NOISE, {}, "factors, got 0"),
    ],
)
@pytest.mark.parametrize("measure", [mig, sap, dci])
def test_bad_codes_and_factors_get_one_sentence(measure, codes, factors, words) -> None:
    with pytest.raises(BadInput, match=words):
        measure(codes, factors)


def test_bad_options_get_one_sentence() -> None:
    with pytest.raises(BadInput, match="`bins`"):
        mig(NOISE, V, bins=1)
    with pytest.raises(BadInput, match="`repeats`"):
        sap(NOISE, V, repeats=1)
    with pytest.raises(BadInput, match="`folds`"):
        probes(NOISE, V, folds=1)
    with pytest.raises(BadInput, match="at least 2 factors, got 1"):
        modularity(NOISE, {"a": V[:, 0]})


def test_probes_read_what_is_linear_and_say_what_chance_gives() -> None:
    factors = {
        "line": NOISE @ [1.0, 2, 0, 0, 0] + 5,
        "noisy": NOISE[:, 0] + np.random.default_rng(5).standard_normal(N),
        "square": NOISE[:, 0] ** 2,
        "side": NOISE[:, 1] > 0,
        "coin": np.random.default_rng(6).random(N) < 0.8,
    }
    found = probes(NOISE, factors)
    assert list(found) == list(factors)
    assert found["line"].score.value > 0.999
    assert found["noisy"].score.low < 0.5 < found["noisy"].score.high
    assert found["square"].score.value < 0.05
    assert found["side"].score.value > 0.95
    assert found["coin"].score.value == pytest.approx(found["coin"].baseline, abs=0.02)
    assert "0.8" in str(found["coin"])
    assert json.loads(json.dumps(found["side"].to_dict()))["baseline"] == found["side"].baseline


def test_probes_are_tested_on_items_that_they_have_not_seen() -> None:
    rng = np.random.default_rng(0)
    z, v = rng.standard_normal((60, 50)), rng.standard_normal(60)  # a fit to all would be exact
    assert probes(z, {"v": v})["v"].score.value < 0


@pytest.mark.parametrize("items", [1, 2])
def test_a_class_in_one_fold_alone_is_refused_by_name(items) -> None:
    z = NOISE[:30]
    v = np.where(np.arange(30) < items, "zebra", "horse")
    if items == 2:  # put into one fold
        fold = deal(30, 5, np.random.default_rng(0))
        v = np.full(30, "horse")
        v[np.flatnonzero(fold == 1)[:2]] = "zebra"
    with pytest.raises(BadInput, match=f"class 'zebra' of 'animal' has {items} of 30 items"):
        probes(z, {"animal": v})
    three = np.where(np.arange(30) % 2, v, "cow")
    assert probes(z, {"animal": three})["animal"].score.n == 30


@pytest.mark.slow
def test_the_interval_of_a_probe_covers() -> None:
    rng, hits = np.random.default_rng(0), []
    for i in range(80):
        z = rng.standard_normal((300, 2))
        v = z[:, 0] + rng.standard_normal(300)  # R² = 1/2, less 2/300 for what is not known
        score = probes(z, {"v": v}, seed=i)["v"].score
        hits.append(score.low <= 0.5 <= score.high)
    assert 0.88 <= np.mean(hits) <= 0.99
