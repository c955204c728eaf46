"""Scores of edits: known intervals, what counts as success, what counts as leakage."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from zalgebra.measures import EditEffect, Score, edit_effect, proportion
from zalgebra.types import BadInput

# Wilson's interval without continuity correction: the values of Newcombe, *Two-sided confidence
# intervals for the single proportion* (1998), table I, method 3.
NEWCOMBE = [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]  # fmt: skip


def hits(yes: int, n: int) -> np.ndarray:
    return np.arange(n) < yes


@pytest.mark.parametrize(("yes", "n", "low", "high"), NEWCOMBE)
def test_wilsons_interval_has_its_published_values(yes, n, low, high) -> None:
    score = proportion(hits(yes, n), "how many")
    assert score.value == yes / n
    assert (score.low, score.high) == pytest.approx((low, high), abs=5e-5)
    mirrored = proportion(~hits(yes, n), "how many")
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((score.low, score.high))
    assert (score.n, score.question) == (n, "how many")


@pytest.mark.parametrize("n", [1, 5, 50, 5000])
def test_the_interval_stays_between_0_and_1_at_the_ends(n) -> None:
    none, every = proportion(hits(0, n), "?"), proportion(hits(n, n), "?")
    assert 0 == none.low < none.high < 1
    assert 0 < every.low < every.high == 1


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9])
def test_the_interval_of_a_share_covers_95_percent(share) -> None:
    rng = np.random.default_rng(0)
    scores = [proportion(rng.random(60) < share, "?") for _ in range(2000)]
    covered = np.mean([s.low <= share <= s.high for s in scores])
    assert 0.925 < covered < 0.98


@pytest.mark.parametrize("n", [8, 21, 100, 401])
def test_the_interval_of_a_median_covers_95_percent(n) -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(1500):
        moves = rng.exponential(size=n)
        moved = one_edit(np.zeros(n), moves).moved
        assert moved.low <= moved.value <= moved.high
        assert moved.value == np.median(moves)
        covered.append(moved.low <= math.log(2) <= moved.high)
    assert 0.93 < np.mean(covered) < 0.997


def one_edit(before, after, **options) -> EditEffect:
    return edit_effect({"a": before}, {"a": after}, {"a": 1}, {"a": 1.0}, **options)


def test_success_is_beyond_the_threshold_or_by_one_standard_deviation() -> None:
    before, after = np.array([0.0, 0.6, 0.4, 0.0]), np.array([0.5, 0.7, 0.51, 0.4])
    reading, spread = ({"a": before}, {"a": after}), {"a": 0.2}
    by_threshold = edit_effect(*reading, {"a": 1}, spread, threshold={"a": 0.5})
    assert by_threshold.success.value == 2 / 4  # 0.7 and 0.51; on the threshold is not beyond
    assert edit_effect(*reading, {"a": -1}, spread, threshold={"a": 0.5}).success.value == 1 / 4
    by_spread = edit_effect(*reading, {"a": 1}, spread)
    assert by_spread.success.value == 2 / 4  # 0.5 and 0.4 moved by 0.2 or more
    assert edit_effect(*reading, {"a": -1}, spread).success.value == 0
    other = edit_effect(*reading, {"a": 1}, spread, threshold={"b": 0.5})
    assert other.success == by_spread.success
    assert by_spread.moved.value == pytest.approx(np.median([2.5, 0.5, 0.55, 2.0]))
    assert by_spread.leakage == {}
    exactly = edit_effect({"a": np.zeros(1)}, {"a": np.full(1, 0.25)}, {"a": 1}, {"a": 0.25})
    assert exactly.success.value == 1


def test_a_chain_needs_every_change_in_each_item() -> None:
    before = {"a": np.zeros(4), "b": np.zeros(4), "c": np.zeros(4)}
    after = {"a": np.array([1.0, 1, 0, 3]), "b": np.array([-1.0, 0, -1, -2]), "c": np.ones(4)}
    effect = edit_effect(before, after, {"a": +1, "b": -1}, {"a": 1.0, "b": 1.0, "c": 1.0})
    assert effect.success.value == 2 / 4
    assert effect.success.question == "share of items with a up and b down as meant"
    assert effect.moved.value == np.median([1, 0, 0, 2])  # the change that moved least
    assert list(effect.leakage) == ["c"]


def test_leakage_is_the_median_movement_either_way() -> None:
    before = {k: np.zeros(5) for k in ("a", "b", "c", "unread", "flat")}
    after = {**before, "a": np.ones(5), "b": np.array([-2.0, -2, -2, 2, 9]), "c": np.full(5, 0.1)}
    spreads = {"a": 1.0, "b": 0.5, "c": 1.0, "flat": 0.0, "elsewhere": 1.0}
    effect = edit_effect(before, after, {"a": 1}, spreads)
    assert {k: s.value for k, s in effect.leakage.items()} == {"b": 4.0, "c": 0.1, "flat": 0.0}
    assert effect.worst == ("b", 4.0)
    assert effect.typical_leakage == 0.1
    assert effect.leakage["b"].high == 18
    alone = one_edit(np.zeros(3), np.ones(3))
    assert alone.worst == ("", 0.0)
    assert alone.typical_leakage == 0.0


def test_readings_of_any_kind_of_number() -> None:
    floats = one_edit(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    assert one_edit([1, 2], [0, 4]) == floats
    assert one_edit(np.array([1, 2], np.uint8), np.array([0, 4], np.uint8)) == floats  # no wrap
    flags = one_edit([False, True], np.array([True, True]), threshold={"a": 0.5})
    assert flags.success.value == 1


def test_no_items_give_no_figures() -> None:
    score = proportion(np.zeros(0, bool), "?")
    assert math.isnan(score.value)
    assert (score.low, score.high, score.n) == (0, 1, 0)
    none = {"a": np.zeros(0), "b": np.zeros(0)}
    effect = edit_effect(none, none, {"a": 1}, {"a": 1.0, "b": 1.0})
    assert effect.success.n == effect.moved.n == effect.leakage["b"].n == 0
    assert effect.worst[0] == "b"
    assert math.isnan(effect.typical_leakage)
    found = effect.to_dict()
    assert found["moved"] == {
        "value": None, "low": None, "high": None, "n": 0,
        "question": "median move of a up, in standard deviations",
    }  # fmt: skip
    json.dumps(found, allow_nan=False)


def test_to_dict_is_json_and_str_is_short() -> None:
    score = Score(0.12345, 0.1, 0.2, 30, "how many")
    assert str(score) == "0.123 [0.1, 0.2] (n = 30)"
    assert score.to_dict() == {**vars(score)}
    before = {"a": np.arange(3.0), "b": np.array([0, math.nan, math.inf])}
    with np.errstate(invalid="ignore"):
        effect = edit_effect(before, before, {"a": 1}, {"a": np.float32(1), "b": np.float64(2)})
    text = json.dumps(effect.to_dict(), allow_nan=False)
    assert json.loads(text)["leakage"]["b"]["value"] is None
    assert set(effect.to_dict()) == {"success", "moved", "leakage", "before"}


def test_what_was_so_before_the_edit_is_said() -> None:
    before, after = {"a": np.array([0.9, 0.1, 0.2])}, {"a": np.array([0.9, 0.8, 0.3])}
    effect = edit_effect(before, after, {"a": 1}, {"a": 0.5}, threshold={"a": 0.5})
    assert effect.before.value == pytest.approx(1 / 3)
    assert effect.success.value == pytest.approx(2 / 3)
    assert edit_effect(before, after, {"a": 1}, {"a": 0.5}).before.value == 0


A, B = {"a": np.zeros(3)}, {"a": np.zeros(3), "b": np.zeros(3)}
WRONG = [
    ((A, A, {"x": 1}, {"a": 1.0}), "no reading or spread of 'x'; there are: a"),
    ((B, A, {"b": 1}, {"b": 1.0}), "no reading of 'b' after the edit; there are: a"),
    ((B, A, {"a": 1}, {"a": 1.0, "b": 1.0}), "no reading of 'b' after the edit"),
    ((A, A, {"a": 1}, {}), "no reading or spread of 'a'"),
    ((A, A, {}, {"a": 1.0}), "`meant` names no attribute"),
    ((A, A, {"a": 0}, {"a": 1.0}), r"\+1 \(up\) or -1 \(down\), got 0 for 'a'"),
    ((A, {"a": np.zeros(2)}, {"a": 1}, {"a": 1.0}), r"'a' has \(3,\) before and \(2,\) after"),
    (({**A, "b": np.zeros(2)},) * 2 + ({"a": 1}, {"a": 1.0, "b": 1.0}), "'b' has"),
    (({"a": np.zeros((3, 1))},) * 2 + ({"a": 1}, {"a": 1.0}), "vectors of one length"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[w for _, w in WRONG])
def test_what_cannot_be_measured_is_one_sentence(given, words) -> None:
    with pytest.raises(BadInput, match=words):
        edit_effect(*given)


def test_hits_are_a_vector() -> None:
    with pytest.raises(BadInput, match=r"`hits` must have shape \(n,\), got \(2, 2\)"):
        proportion(np.ones((2, 2), bool), "?")
