"""The way back from a map: neighbours and their weights, the reach, the errors, the prior."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

pytest.importorskip("torch")

from zalgebra.algebra.combine import combine
from zalgebra.algebra.priors import Gaussian, Normal
from zalgebra.estimators import maps
from zalgebra.estimators.maps import neighbours
from zalgebra.estimators.maps.inverse import Mix, learn
from zalgebra.estimators.maps.outside import FAR, region
from zalgebra.estimators.maps.rules import Among, Rule, pack, unpack
from zalgebra.types import BadInput

ALPHA = 1e-4


def draws(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture(autouse=True)
def _short(monkeypatch) -> None:
    """A network that is trained for a moment: what is held here holds of it as well."""
    monkeypatch.setattr("zalgebra.estimators.maps.inverse.STEPS", 150)


# Neighbours.


@pytest.mark.parametrize("D", [2, 3, 4, 40])
def test_neighbours_are_the_nearest(D) -> None:
    asked, known = draws(30, D), draws(80, D, seed=1)
    rows, apart = neighbours.nearest(asked, known, 7)
    every = np.linalg.norm(asked[:, None] - known, axis=-1)
    np.testing.assert_array_equal(rows, every.argsort(axis=1)[:, :7])
    np.testing.assert_allclose(apart, np.sort(every, axis=1)[:, :7], rtol=1e-5)


@pytest.mark.parametrize("D", [2, 40])
def test_a_known_point_is_at_no_distance_from_itself(D) -> None:
    known = 100 + draws(200, D)  # far from the origin, where products of rows lose their digits
    rows, apart = neighbours.nearest(known[:50], known, 1)
    assert (apart == 0).all()
    np.testing.assert_array_equal(rows[:, 0], np.arange(50))


@pytest.mark.parametrize("D", [2, 40])
def test_an_item_is_none_of_its_own_neighbours(D) -> None:
    points = np.repeat(draws(5, D), 4, axis=0)  # each four times
    rows, apart = neighbours.nearest_others(points, 3)
    assert (rows != np.arange(20)[:, None]).all()
    np.testing.assert_array_equal(rows // 4, np.repeat(np.arange(20)[:, None] // 4, 3, axis=1))
    assert (apart == 0).all()
    assert neighbours.nearest_others(np.zeros((9, D)), 2)[0].shape == (9, 2)


def test_the_blocks_make_no_difference(monkeypatch) -> None:
    asked, known = draws(50, 8), draws(90, 8, seed=1)
    whole = neighbours.nearest(asked, known, 5)
    monkeypatch.setattr(neighbours, "BLOCK", 200)
    parts = neighbours.nearest(asked, known, 5)
    np.testing.assert_array_equal(parts[0], whole[0])
    np.testing.assert_allclose(parts[1], whole[1], rtol=1e-6)
    assert neighbours.nearest(asked[:0], known, 5)[0].shape == (0, 5)


distances = st.lists(st.floats(0, 10, width=32), min_size=2, max_size=8).map(
    lambda d: np.sort(np.array([d]), axis=1)
)


@pytest.mark.parametrize("law", [neighbours.interpolating, neighbours.smoothing])
@given(apart=distances)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_weights_are_shares_that_fall_with_the_distance(law, apart) -> None:
    w = law(apart)
    assert np.isfinite(w).all()
    assert (w >= 0).all()
    assert abs(w.sum() - 1) < 1e-9
    assert (np.diff(w) <= 1e-12).all()


def test_weights_change_continuously_where_a_neighbour_joins() -> None:
    """At the point where the k-th and the next are equally far, neither has any weight."""
    for law in (neighbours.interpolating, neighbours.smoothing):
        w = law(np.array([[1.0, 2.0, 3.0 - 1e-6, 3.0]]))
        assert w[0, 2] < 1e-6
    np.testing.assert_array_equal(neighbours.interpolating(np.array([[0.0, 1, 2]])), [[1, 0]])
    np.testing.assert_allclose(neighbours.smoothing(np.array([[0, 1, 2]])), [[16 / 25, 9 / 25]])


# Rules on disk.


def test_a_rule_is_its_fields() -> None:
    rule = Among(draws(9, 4), draws(9, 2), 3)
    tensors, facts = pack(rule, "placing")
    assert set(tensors) == {"placing.known", "placing.places"}
    again = unpack(tensors, facts, "placing")
    np.testing.assert_array_equal(again(draws(5, 4, seed=1)), rule(draws(5, 4, seed=1)))
    with pytest.raises(BadInput, match="'Other' is not known"):
        unpack(tensors, {**facts, "kind": "Other"}, "placing")


# Outside.


def test_one_more_item_is_as_seldom_far_as_is_said() -> None:
    """Of items that the reach was not calibrated on, `FAR` are farther, to the chance of both."""
    n, m, repeats = 500, 500, 20
    far = 0
    for seed in range(repeats):
        area = region(draws(n, 2, seed=seed))
        far += int((area(draws(m, 2, seed=1000 + seed)) > 1).sum())
    # Each calibration has its own rate; over repeats it is Beta, which widens the binomial.
    low, high = binom.ppf([ALPHA, 1 - ALPHA], m * repeats, FAR) * [0.4, 1.8]
    assert low <= far <= high


def test_a_gap_between_two_islands_is_outside() -> None:
    places = np.concatenate([draws(300, 2), draws(300, 2, seed=1) + np.float32([30, 0])])
    area = region(places)
    asked = np.float32([[0, 0], [30, 0], [15, 0], [0, 30], [-30, 0]])
    np.testing.assert_array_equal(area.in_hull(asked), [True, True, True, False, False])
    np.testing.assert_array_equal(area.is_outside(asked), [False, False, True, True, True])


def test_a_point_off_the_hull_is_outside_even_if_it_is_near() -> None:
    square = np.stack(np.meshgrid(*[np.arange(10.0)] * 2), axis=-1).reshape(-1, 2)
    area = region(square)
    asked = np.array([[4.5, 4.5], [9.0, 9.0], [9.5, 5.0], [-0.01, 5.0]])
    np.testing.assert_array_equal(area.is_outside(asked), [False, False, True, True])
    assert area(asked)[2, 0] < 1


def test_items_on_a_line_have_a_hull() -> None:
    area = region(np.stack([np.arange(20.0), 2 * np.arange(20.0)], axis=1))
    asked = np.array([[5.0, 10.0], [5.0, 0.0], [30.0, 60.0]])
    np.testing.assert_array_equal(area.is_outside(asked), [False, True, True])


# The error.


def curved(n: int, noise: np.ndarray | float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Places in a square, and latents (n, 8) that are a smooth function of them, and noise."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-1, 1, (n, 2))
    A = np.random.default_rng(99).standard_normal((2, 8))
    z = np.sin(2 * places @ A) + noise * rng.standard_normal((n, 8))
    return places.astype(np.float32), z.astype(np.float32)


def inverse(places, latents, method="neighbours", prior=None):
    how = {"method": method, "prior": prior, "random_state": 0}
    return learn(places, latents, region(places), **how)


def test_the_error_is_large_where_the_items_are_uncertain() -> None:
    rng = np.random.default_rng(3)
    places = rng.uniform(-1, 1, (800, 2)).astype(np.float32)
    noise = np.where(places[:, :1] < 0, 0.05, 1.0)
    latents = (1 + noise * rng.standard_normal((800, 8))).astype(np.float32)
    found = inverse(places, latents).report(np.float32([[-0.7, 0], [0.7, 0]]))
    assert found.error[0] < 0.15
    assert 0.7 < found.error[1] < 1.4


def test_the_error_that_is_told_is_the_error_that_is_made() -> None:
    places, z = curved(800, 0.1)
    new, truth = curved(400, 0.1, seed=1)
    for method in ("neighbours", "network"):
        found = inverse(places, z, method)
        made = np.sqrt(((found(new) - truth) ** 2).mean())
        told = np.sqrt((found.report(new).error ** 2).mean())
        assert 0.85 < told / made < 1.15


def test_the_smaller_held_out_error_is_chosen() -> None:
    for noise in (0.0, 0.5):
        places, z = curved(400, noise)
        found = inverse(places, z, "auto")
        assert set(found.scores) == {
            "neighbours, k = 5", "neighbours, k = 15", "neighbours, k = 45", "network"
        }  # fmt: skip
        assert found.scores[found.name] == min(found.scores.values())
        assert found.report(places[:3]).method == found.name
    smooth, noisy = (inverse(*curved(400, noise)).scores for noise in (0.0, 2.0))
    assert smooth["neighbours, k = 5"] < smooth["neighbours, k = 45"]
    assert noisy["neighbours, k = 5"] > noisy["neighbours, k = 45"]


def test_an_item_held_out_is_not_its_own_answer() -> None:
    """Latents that the place says nothing of: an inverse that saw them would seem perfect."""
    places, latents = draws(300, 2), draws(300, 8, seed=1)
    for method in ("neighbours", "network"):
        found = inverse(places, latents, method)
        assert found.scores[found.name] > 0.9


def test_the_error_goes_over_to_that_of_any_item() -> None:
    places, z = curved(500, 0.1)
    found = inverse(places, z)
    away = np.stack([np.linspace(1, 9, 30), np.zeros(30)], axis=1).astype(np.float32)
    error = found.report(away).error
    assert (np.diff(error) > -1e-6).all()
    any_item = np.sqrt(((z[:, None] - z[None]) ** 2).mean() * 500 / 499)
    np.testing.assert_allclose(error[-1], any_item, rtol=0.02)


# The prior.


def test_neighbours_are_combined_as_the_algebra_does() -> None:
    places, z = draws(40, 2), draws(40, 3, 4, seed=1)
    prior = Normal((3, 4))
    asked = draws(5, 2, seed=2)
    found = Mix(places, z, 6)(asked, prior)
    rows, apart = neighbours.nearest(asked, places, 7)
    for i in range(5):
        w = neighbours.smoothing(apart[i : i + 1])[0]
        expected = combine(w, z[rows[i, :-1]], prior=prior, correlation="estimate")
        np.testing.assert_allclose(found[i], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["neighbours", "network"])
def test_latents_are_brought_back_to_the_prior(method) -> None:
    """The map says little of 64 entries, so a plain average of items would be far too short."""
    mean, scale = 3.0, 2.0
    prior = Gaussian(np.full(64, mean), scale**2 * np.eye(64))
    Z = mean + scale * draws(400, 64)
    plain, kept = (
        maps.PCA(inverse=method, prior=law).fit(Z) for law in (None, prior)
    )  # fmt: skip
    at = kept.embedding_[:50] / 2
    norm = np.linalg.norm((kept.inverse_transform(at) - mean) / scale, axis=1)
    assert (abs(norm / 8 - 1) < 0.15).all()
    if method == "network":
        short = np.linalg.norm((plain.inverse_transform(at) - mean) / scale, axis=1)
        assert np.median(short) / 8 < 0.7


def test_no_points_are_no_error() -> None:
    for method in ("neighbours", "network"):
        found = maps.PCA(inverse=method, prior=Normal((4,))).fit(draws(30, 4))
        z, report = found.inverse_transform(np.empty((0, 2)), report=True)
        assert z.shape == (0, 4)
        assert len(report) == 0
        assert report.sentence == "no points were asked for"


def test_a_report_is_plain_json() -> None:
    import json

    found = maps.PCA(inverse="neighbours").fit(draws(50, 4))
    _, report = found.inverse_transform([[0, 0], [99, 99]], report=True)
    said = json.loads(json.dumps(report.to_dict()))
    assert said["outside"] == [False, True]
    assert said["method"] == found.inverse_.name
    assert "1 of 2 points lie outside" in repr(report)
    _, inside = found.inverse_transform([[0, 0]], report=True)
    assert "all 1 points lie inside the data" in inside.sentence


def test_every_rule_has_a_name_of_its_own() -> None:
    assert {"Among", "Kernel", "Line", "Mix", "Network", "Region"} <= set(Rule.kinds)
