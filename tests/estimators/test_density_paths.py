"""Paths through the graph of neighbours: against all shortest ways, and where the data are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from sklearn.base import clone

import zalgebra as za
from zalgebra.estimators.density_paths import DensityPaths
from zalgebra.types import BadInput


def ring(n: int = 400, seed: int = 0) -> np.ndarray:
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def cost(x: np.ndarray, power: float) -> float:
    return float((np.linalg.norm(np.diff(x, axis=0), axis=1) ** power).sum())


def test_the_way_is_the_best_of_all() -> None:
    x = np.random.default_rng(0).standard_normal((6, 2))
    a, b = np.random.default_rng(1).standard_normal((2, 1, 2)) * 3
    for power in (1.0, 2.0, 4.0):
        graph = DensityPaths(n_neighbors=5, power=power).fit(x)  # every pair is an edge
        way = graph.path(a, b)
        every = [
            cost(np.vstack([a, x[list(order)], b]), power)
            for k in range(1, 7)
            for order in itertools.permutations(range(6), k)
            if order[0] in near(x, a[0]) and order[-1] in near(x, b[0])
        ]
        assert way.cost[0] == pytest.approx(min(every))
        assert cost(np.vstack([a, x[way.nodes[0]], b]), power) == pytest.approx(min(every))


def near(x: np.ndarray, z: np.ndarray) -> list[int]:
    return np.argsort(np.linalg.norm(x - z, axis=1))[:5].tolist()


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
def test_it_keeps_to_the_ring(power) -> None:
    way = DensityPaths(power=power).fit(ring()).path([[-1.0, 0.0]], [[1.0, 0.0]], steps=33)
    assert np.abs(np.linalg.norm(way.path[0], axis=1) - 1).max() < 0.1
    assert way.length[0] == pytest.approx(np.pi, rel=0.05)


def test_power_follows_the_dense_road() -> None:
    """Of two roads the upper is longer and has eight times the points."""
    t = np.concatenate([np.linspace(0, np.pi, 800), np.linspace(np.pi, 2 * np.pi, 100)[1:-1]])
    roads = np.stack([np.cos(t), np.where(t < np.pi, 1.4, 1.0) * np.sin(t)], axis=1)
    ends = [[-1.0, 0.0]], [[1.0, 0.0]]
    assert DensityPaths(power=1.0).fit(roads).path(*ends).path[0, 8, 1] < -0.9
    assert DensityPaths(power=3.0).fit(roads).path(*ends).path[0, 8, 1] > 1.2


def test_steps_are_even_and_smoothing_shortens() -> None:
    noisy = ring(800) + 0.08 * np.random.default_rng(1).standard_normal((800, 2))
    ends = [[-1.0, 0.0]], [[1.0, 0.0]]
    rough, smooth = (DensityPaths(smooth=s).fit(noisy).path(*ends, steps=40) for s in (0.0, 0.25))
    steps = np.linalg.norm(np.diff(smooth.path[0], axis=0), axis=1)
    assert steps.std() / steps.mean() < 0.05
    assert smooth.length[0] < rough.length[0]
    assert smooth.cost[0] == rough.cost[0]


def test_parts_are_joined() -> None:
    parts = np.concatenate([ring(60) + np.array(shift) for shift in ((0, 0), (5, 0), (0, 9))])
    graph = DensityPaths(n_neighbors=3).fit(parts)
    assert graph.joined_ >= 2
    with pytest.warns(UserWarning, match="no data between"):
        way = graph.path([[0.0, 10.0]], [[6.0, 0.0]])
    assert np.isfinite(way.cost[0])
    assert graph.joined_ < 20


def test_a_jump_between_islands_is_told() -> None:
    parts = np.concatenate([ring(60), ring(60, seed=1) + 1000])
    graph = DensityPaths(n_neighbors=5).fit(parts)
    a, b = np.array([[-1.0, 0], [-1.0, 0]]), np.array([[1.0, 0], [1000.0, 1001.0]])
    with pytest.warns(UserWarning, match=r"path 1 of 2 \(1 such\) has a step .*longest_step"):
        way = graph.path(a, b)
    gap = np.linalg.norm(np.diff(parts[way.nodes[1]], axis=0), axis=1).max()
    assert gap > 1400
    np.testing.assert_allclose(way.longest_step[1], gap / graph.edge_)
    assert way.longest_step[0] < 25
    assert graph.path(a[:1], b[:1]).longest_step[0] == way.longest_step[0]  # and no warning


def test_equal_rows_do_not_break_the_graph() -> None:
    twice = np.repeat(ring(50), 6, axis=0)
    graph = DensityPaths(n_neighbors=3).fit(twice)  # all neighbours are at distance 0
    way = graph.path(twice[:1], twice[-1:])
    assert np.isfinite(way.path).all()
    assert np.isfinite(way.cost).all()


def test_near_partners_are_joined_at_once() -> None:
    way = DensityPaths().fit(ring()).path([[3.0, 0.0], [1.0, 0.0]], [[3.1, 0.0], [1.0, 0.0]])
    assert [len(n) for n in way.nodes] == [0, 0]
    assert way.length == pytest.approx([0.1, 0.0], abs=1e-6)


@pytest.mark.parametrize("library", [np.asarray, torch.tensor])
def test_arrays_come_back_as_they_went_in(library) -> None:
    Z = np.random.default_rng(0).standard_normal((100, 2, 3)).astype("float32")
    graph = DensityPaths().fit(library(Z))
    a, b = library(Z[:4]), library(Z[4:8])
    way = graph.path(a, b, steps=5)
    assert type(way.path) is type(a)
    assert way.path.dtype == a.dtype
    assert tuple(way.path.shape) == (4, 5, 2, 3)
    np.testing.assert_array_equal(np.asarray(way.path)[:, [0, -1]], np.stack([Z[:4], Z[4:8]], 1))
    assert tuple(graph.path(a[:0], b[:0], steps=5).path.shape) == (0, 5, 2, 3)


def test_a_prior_gives_the_unit_of_distance() -> None:
    prior = za.priors.Gaussian(np.array([3.0, -2.0]), np.array([1e4, 1e-4]))
    u = ring()
    Z = prior.from_normal(u)
    plain = DensityPaths().fit(u).path([[-1.0, 0.0]], [[1.0, 0.0]])
    scaled = (
        DensityPaths(prior=prior)
        .fit(Z)
        .path(prior.from_normal(np.array([[-1.0, 0.0]])), prior.from_normal(np.array([[1.0, 0.0]])))
    )
    assert scaled.length == pytest.approx(plain.length)
    np.testing.assert_allclose(prior.to_normal(scaled.path[0]), plain.path[0], atol=1e-9)


def test_a_path_says_what_it_is_in_a_line() -> None:
    Z = np.random.default_rng(0).standard_normal((200, 3))
    paths = DensityPaths().fit(Z)
    said = repr(paths.path(Z[:2], Z[2:4], steps=9))
    assert said.startswith("DensityPath(2 of 9 points, longest step ")
    assert "\n" not in said
    assert repr(paths.path(Z[:0], Z[:0])).startswith("DensityPath(0 of 16 points")


def test_it_can_be_cloned() -> None:
    settings = {"n_neighbors": 7, "power": 1.0, "smooth": 0.0, "prior": None}
    assert clone(DensityPaths(**settings)).get_params() == settings


@pytest.mark.parametrize(
    ("settings", "Z", "words"),
    [
        ({"power": 0.5}, ring(), "`power` must be at least 1"),
        ({"smooth": -1}, ring(), "`smooth` must be at least 0"),
        ({"n_neighbors": 0}, ring(), "at least 1"),
        ({}, ring(10), "more than 10 latents"),
        ({}, ring() * np.nan, "finite"),
    ],
)
def test_bad_settings_get_one_sentence(settings, Z, words) -> None:
    with pytest.raises(BadInput, match=words):
        DensityPaths(**settings).fit(Z)


def test_bad_ends_get_one_sentence() -> None:
    with pytest.raises(BadInput, match="not fitted yet"):
        DensityPaths().path(ring()[:1], ring()[1:2])
    graph = DensityPaths().fit(ring())
    with pytest.raises(BadInput, match=r"must have shape \(n, 2\)"):
        graph.path(np.ones((1, 3)), np.ones((1, 3)))
    with pytest.raises(BadInput, match=r"must have shape \(n, 2\)"):
        graph.path(ring()[:1], ring()[:2])
