"""Parallelograms and edits whose answer is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zalgebra.measures.arithmetic import parallelogram
from zalgebra.measures.arithmetic_edits import commutation, survival
from zalgebra.types import BadInput

D = 6
A, B, E = 4 * np.eye(D)[0], 3 * np.eye(D)[1], np.eye(D)[2]


def corners(n: int, seed: int, twist: float = 0.0, noise: float = 1.0) -> list[np.ndarray]:
    Z = noise * np.random.default_rng(seed).standard_normal((4, n, D))
    return [Z[0], Z[1] + A, Z[2] + B, Z[3] + A + B + twist * E]


def test_the_error_is_the_missing_corner_over_an_edge() -> None:
    twist = 2.0
    found = parallelogram(*corners(50, 0, twist, noise=0.0))
    a, b = A + twist / 2 * E, B + twist / 2 * E  # the edges are means of opposite sides
    edge = math.sqrt((a @ a + b @ b) / 2)
    assert found.error.value == pytest.approx(twist / edge)
    assert found.of_one == pytest.approx(twist / np.linalg.norm(a))
    assert found.of_other == pytest.approx(twist / np.linalg.norm(b))
    assert found.plain == pytest.approx(twist / edge)


def test_changes_that_add_up_are_refused_at_the_level() -> None:
    found = [parallelogram(*corners(20, s)) for s in range(300)]
    most = 300 * 0.05 + 3.9 * math.sqrt(300 * 0.05 * 0.95)  # in all but 1 of 10,000 cases
    assert 1 <= sum(f.p_value <= 0.05 for f in found) <= most
    assert 1 <= sum(f.plain > f.by_chance for f in found) <= most


@pytest.mark.parametrize("paired", [False, True])
def test_sampling_noise_is_taken_off(paired) -> None:
    """|e|² is 4, its noise 4 D/n = 2.4: the mean over draws is right without it."""
    found = [parallelogram(*corners(10, s, 2.0), paired=paired) for s in range(150)]
    edge = (A @ A + B @ B) / 2 + E @ E
    assert np.mean([f.error.value**2 for f in found]) == pytest.approx(4 / edge, rel=0.15)
    assert np.mean([f.beyond for f in found]) == pytest.approx(4, rel=0.15)
    assert np.mean([f.one for f in found]) == pytest.approx(A @ A + E @ E, rel=0.05)
    assert np.mean([f.plain**2 for f in found]) == pytest.approx(6.4 / edge, rel=0.15)


def test_the_interval_holds_the_error() -> None:
    a, b = A + E, B + E
    truth = 2 / math.sqrt((a @ a + b @ b) / 2)
    hits = []
    for s in range(100):
        error = parallelogram(*corners(40, s, 2.0), seed=s).error
        hits.append(error.low <= truth <= error.high)
    assert sum(hits) >= 83  # binomial(100, 0.95) is below that in 1 of 10,000 cases


def test_matched_corners_know_more_than_groups() -> None:
    people = 5 * np.random.default_rng(0).standard_normal((40, D))
    z = [people, people + A, people + B, people + A + B + E]
    paired, groups = parallelogram(*z, paired=True), parallelogram(*z)
    assert paired.p_value == pytest.approx(1 / 200)
    assert groups.p_value > 0.05
    assert math.isnan(groups.each)
    assert paired.each == pytest.approx(paired.error.value)


def test_errors_of_items_that_cancel_are_seen_in_each() -> None:
    people = np.random.default_rng(1).standard_normal((40, D))
    sign = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    found = parallelogram(
        people, people + A, people + B, people + A + B + sign * 3 * E, paired=True
    )
    assert found.error.value < 0.2
    assert found.each > 0.7


def test_a_change_that_moves_nothing_has_no_length() -> None:
    Z = np.zeros((8, D))
    assert parallelogram(Z, Z, Z, Z).error.value == 0
    assert parallelogram(Z, Z, Z + B, Z + B).of_one == 0
    found = parallelogram(Z, Z, Z, Z + E)
    assert found.of_one == pytest.approx(2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0.1, 100), st.booleans())
def test_scale_shift_rotation_and_names_change_nothing(seed, scale, paired) -> None:
    rng = np.random.default_rng(seed)
    z = corners(12, seed, rng.normal())
    Q = np.linalg.qr(rng.standard_normal((D, D)))[0]
    turned = [scale * c @ Q + 7 for c in z]
    one, two = (parallelogram(*c, paired=paired) for c in (z, turned))
    swapped = parallelogram(z[0], z[2], z[1], z[3], paired=paired)
    assert two.error.value == pytest.approx(one.error.value, rel=1e-6, abs=1e-6)
    assert two.p_value == one.p_value
    assert swapped.of_one == pytest.approx(one.of_other)
    assert swapped.plain == pytest.approx(one.plain)


def test_it_takes_arrays_of_every_library(xp) -> None:
    z = corners(10, 0, 1.0)
    found = parallelogram(*(xp.asarray(c.reshape(-1, 2, 3)) for c in z))
    assert found.error.value == pytest.approx(parallelogram(*z).error.value, rel=1e-5)
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_is_wrong_is_said() -> None:
    z = corners(10, 0)
    with pytest.raises(BadInput, match="at least 5"):
        parallelogram(z[0][:4], *z[1:])
    with pytest.raises(BadInput, match="of one shape"):
        parallelogram(z[0][:, :3], *z[1:])
    with pytest.raises(BadInput, match="of one number if they are paired"):
        parallelogram(z[0][:8], *z[1:], paired=True)


# Edits.


def test_survival_is_1_for_all_0_for_none_and_below_for_worse() -> None:
    z = np.random.default_rng(0).standard_normal((30, D))
    assert survival(z, z + A, A).value == 1
    assert survival(z, z, A).value == 0
    assert survival(z, z - A, A).value == -3
    assert survival(z, z + A + np.linalg.norm(A) * E, A).value == pytest.approx(0)
    assert survival(z, z + z, z).value == 1  # one edit an item
    with pytest.raises(BadInput, match="one shape"):
        survival(z, z, A[:3])


def test_commutation_of_turns_that_do_not_commute() -> None:
    """Quarter turns about two axes end a known way apart; about one axis they commute."""
    X = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    Y = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    z = np.tile([0.0, 0.0, 1.0], (20, 1))
    u, v = z @ X.T @ Y.T, z @ Y.T @ X.T
    expected = np.linalg.norm(u[0] - v[0]) / np.sqrt(
        (np.sum((u[0] - z[0]) ** 2) + np.sum((v[0] - z[0]) ** 2)) / 2
    )
    assert commutation(z, u, v).value == pytest.approx(expected)
    assert expected > 0.9
    assert commutation(z, z @ X.T @ X.T, z @ X.T @ X.T).value == 0
    assert math.isnan(commutation(z, z, z).value)
    with pytest.raises(BadInput, match="one shape"):
        commutation(z, z, z[:5])
