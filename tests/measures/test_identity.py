"""What an edit leaves of an item: laws, known answers, and intervals that cover."""

from __future__ import annotations

import re

import numpy as np
import pytest

from zalgebra.measures.identity import likeness, recognition, typical_movement
from zalgebra.types import BadInput

NAMES = ("a", "b", "c")
ONE, NONE = dict.fromkeys(NAMES, 1.0), dict.fromkeys(NAMES, 0.0)


def readings(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    return dict(zip(NAMES, np.random.default_rng(seed).standard_normal((3, n)), strict=True))


def test_units_do_not_matter() -> None:
    before, after = readings(80), readings(80, 1)
    scaled = [{k: 7 * v + 3 for k, v in r.items()} for r in (before, after)]
    seven, three = dict.fromkeys(NAMES, 7.0), dict.fromkeys(NAMES, 3.0)
    assert likeness(*scaled, three, seven).value == pytest.approx(
        likeness(before, after, NONE, ONE).value
    )
    assert typical_movement(*scaled, seven).value == pytest.approx(
        typical_movement(before, after, ONE).value
    )


def test_what_is_not_named_does_not_count() -> None:
    before, after = readings(50), readings(50)
    after["c"] = after["c"] + 9
    two = {"a": 1.0, "b": 1.0}
    assert likeness(before, after, NONE, two).value == pytest.approx(1)
    assert typical_movement(before, after, two).value == 0
    assert typical_movement(before, after, ONE).value == pytest.approx(3)


def test_the_interval_of_the_movement_covers() -> None:
    rng, truth, held = np.random.default_rng(0), 0.674490, 0  # median of |N(0, 1)|
    for seed in range(200):
        moved = dict(zip(NAMES, rng.standard_normal((3, 100)), strict=True))
        zero = {k: np.zeros(100) for k in NAMES}
        score = typical_movement(zero, moved, ONE, seed=seed)
        held += score.low <= truth <= score.high
    assert 0.90 <= held / 200 <= 0.985


def test_a_change_that_all_share_leaves_them_recognised() -> None:
    x = np.random.default_rng(0).random((60, 1, 5, 5))
    assert recognition(x, x + np.linspace(0, 3, 25).reshape(5, 5)).value == 1
    mixed = x[np.random.default_rng(1).permutation(60)]
    assert recognition(x, mixed).value < 0.1
    assert recognition(x, np.concatenate([x[:30], mixed[30:]])).value == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: likeness(x, x, NONE, {"a": 1.0}), "must name at least 2 attributes, got a"),
        (lambda x: typical_movement(x, x, {"d": 1.0}), "no reading of 'd'; there are: a, b, c"),
        (lambda x: recognition(x["a"][:5], x["a"][:4]), "must have one shape, got (5, 1) and"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, words: str) -> None:
    with pytest.raises(BadInput, match=re.escape(words)):
        call(readings(20))
