"""Drawn furniture: its distances are distances, its factors are what they say, mixtures stand."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from zalgebra.data.distances import cell_centres, interpolated, rounded_box
from zalgebra.data.furniture import (
    FACTORS,
    FLOOR,
    KINDS,
    Furniture,
    furniture,
    furniture_meshes,
)
from zalgebra.types import BadInput

RNG = np.random.default_rng(0)
real = pytest.mark.skipif(
    not os.environ.get("ZALGEBRA_DATA"), reason="needs furniture_meshes/ under $ZALGEBRA_DATA"
)


def slopes(pieces, points, step=1e-5):
    """Gradients (n, m, 3) by central differences, in float64."""
    moves = step * np.eye(3)
    return np.stack(
        [(pieces.sdf(points + move) - pieces.sdf(points - move)) / (2 * step) for move in moves],
        axis=-1,
    )


def double(pieces: Furniture) -> Furniture:
    return Furniture(pieces.shapes.astype(float), pieces.kind)


# Distances.


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_rounded_box_is_at_the_distance_of_its_nearest_point(seed, roundness) -> None:
    """A box with rounded edges is a smaller box, swollen: its distance is that one's less r."""
    rng = np.random.default_rng(seed)
    low, high = -rng.uniform(0.1, 0.9, 3), rng.uniform(0.1, 0.9, 3)
    r = roundness * (high - low).min() / 2
    points = rng.uniform(-2, 2, (50, 3))
    core = np.linalg.norm(points - np.clip(points, low + r, high - r), axis=1)
    outside = core > r
    got = rounded_box(points, low, high, np.array(r))
    np.testing.assert_allclose(got[outside], (core - r)[outside], atol=1e-12)
    assert (got[~outside] <= 1e-12).all()


def test_distances_grow_by_one_a_unit_everywhere() -> None:
    pieces = double(furniture(30, seed=3))
    points, _ = pieces.sdf_samples(500, seed=1)
    steep = np.linalg.norm(slopes(pieces, points.astype(float)), axis=-1)
    assert np.mean(abs(steep - 1) < 1e-4) > 0.995  # but where two parts are equally near
    assert steep.max() < 1 + 1e-6


def test_distances_are_exact_outside() -> None:
    """The foot of every point outside is on the surface: nothing is nearer than is said."""
    pieces = double(furniture(30, seed=4))
    points = np.broadcast_to(RNG.uniform(-1, 1, (300, 3)), (30, 300, 3))
    distances, slope = pieces.sdf(points), slopes(pieces, points)
    smooth = (distances > 0.01) & (np.linalg.norm(slope, axis=-1) > 0.999)
    foot = points - distances[..., None] * slope
    np.testing.assert_allclose(pieces.sdf(foot)[smooth], 0, atol=1e-4)
    assert smooth.mean() > 0.7


def test_factors_are_what_they_say() -> None:
    pieces = double(furniture(40, seed=5, roundness=0))
    label = pieces.labels
    zero = np.zeros(40)

    def at(x, y, z) -> np.ndarray:
        points = np.stack(np.broadcast_arrays(x, y, z), axis=-1)[:, None]
        return pieces.sdf(points)[:, 0]

    top = FLOOR + label["seat_height"]
    middle = top - label["thickness"] / 2
    np.testing.assert_allclose(at(label["width"], middle, zero), 0, atol=1e-7)
    np.testing.assert_allclose(at(zero, middle, label["depth"]), 0, atol=1e-7)
    np.testing.assert_allclose(at(zero, top, label["depth"] / 2), 0, atol=1e-7)
    rear = label["panel"] / 2 - label["depth"]
    np.testing.assert_allclose(at(zero, top + label["back_height"], rear), 0, atol=1e-7)
    side = label["width"] - label["panel"] / 2
    np.testing.assert_allclose(at(side, top + label["arm_height"], zero), 0, atol=1e-7)
    leg = 0.95 * label["width"] - label["leg"], 0.95 * label["depth"] - label["leg"]
    np.testing.assert_allclose(at(leg[0], FLOOR, leg[1]), 0, atol=1e-7)  # they stand
    np.testing.assert_allclose(at(-leg[0], FLOOR, leg[1]), 0, atol=1e-7)


def test_a_table_has_nothing_above_its_top() -> None:
    tables = furniture(20, seed=6, kind="table")
    grid, y = tables.sdf_grid(40), cell_centres(40)[..., 1]
    top = FLOOR + tables.labels["seat_height"]
    assert all((grid[i][y > top[i]] > 0).all() for i in range(20))
    assert (tables.labels["back_height"] == 0).all()


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_every_mixture_is_one_piece_within_the_cube(seed, t) -> None:
    from scipy.ndimage import label

    chair, other = (furniture(1, seed=seed, kind=kind) for kind in ("chair", "couch"))
    rows = (1 - t) * chair.shapes + t * other.shapes
    grid = Furniture(rows, np.array([-1])).sdf_grid(48)[0]
    inside = grid < 0.02
    assert label(inside)[1] == 1
    shell = np.ones_like(inside)
    shell[1:-1, 1:-1, 1:-1] = False
    assert not (inside & shell).any()


# Tables of factors.


def test_the_table_of_factors() -> None:
    pieces = furniture(300, seed=1)
    kind = pieces.labels["kind"]
    assert (kind.dtype, pieces.classes["kind"]) == (np.int64, KINDS)
    assert np.bincount(kind).min() > 60
    for name, ranges in FACTORS.items():
        low, high = np.array(ranges, np.float32).T[:, kind]
        column = pieces.labels[name]
        assert column.shape == (300,)
        assert ((column >= low) & (column <= high)).all(), name
    assert "300 pieces" in repr(pieces)
    assert repr(Furniture(pieces.shapes[:1], np.array([-1]))) == "Furniture(1 pieces: 1 between)"


def test_the_seed_decides_and_fewer_are_the_first_of_more() -> None:
    few, many, other = furniture(5, seed=2), furniture(50, seed=2), furniture(5, seed=3)
    np.testing.assert_array_equal(few.shapes, many.shapes[:5])
    np.testing.assert_array_equal(few.shapes, many[:5].shapes)
    assert (few.shapes != other.shapes).any()
    for a, b in zip(few.sdf_samples(50, seed=1), many.sdf_samples(50, seed=1), strict=True):
        np.testing.assert_array_equal(a, b[:5])


def test_fixing_a_factor_leaves_the_others() -> None:
    free, fixed = furniture(20, seed=2), furniture(20, seed=2, width=np.linspace(0.4, 0.8, 20))
    np.testing.assert_allclose(fixed.labels["width"], np.linspace(0.4, 0.8, 20), rtol=1e-6)
    for name in FACTORS.keys() - {"width"}:
        np.testing.assert_array_equal(fixed.labels[name], free.labels[name])
    couches = furniture(20, seed=2, kind="couch")
    np.testing.assert_array_equal(couches.labels["roundness"], free.labels["roundness"])


def test_rows_of_pieces_and_no_pieces() -> None:
    pieces = furniture(6, seed=0)
    np.testing.assert_array_equal(pieces[[4, 1]].sdf_grid(8), pieces.sdf_grid(8)[[4, 1]])
    np.testing.assert_array_equal(pieces[2].shapes, pieces.shapes[2:3])
    none = furniture(0)
    assert (len(none), none.sdf_grid(4).shape, none.sdf_rows(8).shape) == (
        0,
        (0, 4, 4, 4),
        (0, 8, 4),
    )


WRONG = [
    ({"n": -1}, "`n` must be at least 0, got -1"),
    ({"n": 2.5}, "`n` must be a whole number"),
    ({"seed": -1}, "`seed`"),
    ({"kind": "lamp"}, "chair, table, couch, or None, got 'lamp'"),
    ({"hight": 1}, "there is no factor 'hight': choose from width"),
    ({"width": 3.0}, r"factor width must be within \[0.35, 0.9\], got 3.0"),
    ({"width": np.nan}, "within"),
    ({"width": [0.5, 0.5]}, r"numbers \(3,\)"),
    ({"width": "wide"}, "must be a number"),
]


@pytest.mark.parametrize(("options", "words"), WRONG, ids=[w for _, w in WRONG])
def test_what_cannot_be_drawn_is_one_sentence(options, words) -> None:
    with pytest.raises(BadInput, match=words):
        furniture(**{"n": 3, **options})


@pytest.mark.parametrize("m", [4, 2.5, "many"])
def test_how_many_samples(m) -> None:
    with pytest.raises(BadInput, match="`m` must be"):
        furniture(1).sdf_samples(m)


# Samples and grids.


def test_samples_are_near_the_surface_and_everywhere() -> None:
    pieces = furniture(10, seed=7)
    points, distances = pieces.sdf_samples(1000, seed=3)
    assert points.dtype == distances.dtype == np.float32
    assert abs(points).max() <= 1
    np.testing.assert_allclose(distances, pieces.sdf(points), atol=1e-6)
    np.testing.assert_array_equal(pieces.sdf_rows(1000, seed=3)[..., 3], distances)
    assert np.mean(abs(distances) < 0.1) > 0.75
    assert np.mean(abs(distances) < 0.02) > 0.35
    assert np.mean(distances > 0.3) > 0.05
    assert 0.2 < np.mean(distances < 0) < 0.6
    first = np.mean(abs(distances[:, :100]) < 0.1)  # the order is shuffled
    assert first == pytest.approx(np.mean(abs(distances) < 0.1), abs=0.1)


def test_points_of_the_surface_are_spread_by_its_area() -> None:
    """As many points start on a part of a table's top, and of its underside, as is their area."""
    table = furniture(1, kind="table", width=0.9, depth=0.5, thickness=0.1, roundness=0)
    (points,), (distances,) = table.sdf_samples(20_000, seed=0)
    top, leg = (float(table.labels[name][0]) for name in ("seat_height", "leg"))
    area = 2 * 1.8 * 1.0 + 0.1 * 2 * 2.8 + 4 * 8 * leg * (top - 0.1)
    near = 0.5 * (2 * norm.cdf(0.02 / 0.05) - 1) + 0.5 * (2 * norm.cdf(0.02 / 0.0158) - 1)
    expected = 16_000 * near * (1.2 * 0.6) / area
    middle = (abs(points[:, 0]) < 0.6) & (abs(points[:, 2]) < 0.3) & (abs(distances) < 0.02)
    for y in (FLOOR + top, FLOOR + top - 0.1):
        assert np.sum(middle & (abs(points[:, 1] - y) < 0.03)) == pytest.approx(expected, rel=0.2)


def test_a_grid_holds_the_distances_of_its_cells() -> None:
    pieces, cells = furniture(2, seed=8), cell_centres(10)
    grid = pieces.sdf_grid(10)
    assert (grid.shape, grid.dtype) == ((2, 10, 10, 10), np.float32)
    np.testing.assert_allclose(cells[0, 0, 9], [-0.9, -0.9, 0.9], atol=1e-6)
    np.testing.assert_allclose(grid[1, 3, 0, 7], pieces.sdf(cells[3, 0, 7][None])[1, 0], atol=1e-6)


def test_interpolation_is_exact_on_what_is_trilinear() -> None:
    x, y, z = np.moveaxis(cell_centres(7).astype(float), -1, 0)
    grids = np.stack([x + 2 * y - z, x * y * z])
    points = RNG.uniform(-0.85, 0.85, (2, 50, 3))
    px, py, pz = np.moveaxis(points, -1, 0)
    got = interpolated(grids, points)
    np.testing.assert_allclose(got[0], (px + 2 * py - pz)[0], atol=1e-6)
    np.testing.assert_allclose(got[1], (px * py * pz)[1], atol=1e-6)
    shared = interpolated(grids, points[0])
    np.testing.assert_allclose(shared[0], got[0], atol=1e-6)
    corner = interpolated(grids, np.ones((1, 3)))
    np.testing.assert_allclose(corner[:, 0], grids[:, -1, -1, -1], atol=1e-6)


# Real meshes.


def test_without_the_files_it_says_what_to_do(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("ZALGEBRA_DATA", str(tmp_path))
    with pytest.raises(BadInput, match="set ZALGEBRA_DATA to a folder that holds furniture_meshes"):
        furniture_meshes()
    (tmp_path / "furniture_meshes").mkdir()
    (tmp_path / "furniture_meshes" / "furniture_meshes.npz").write_bytes(b"other")
    with pytest.raises(BadInput, match="must have SHA-256 da97c4"):
        furniture_meshes()
    monkeypatch.delenv("ZALGEBRA_DATA")
    with pytest.raises(BadInput, match="cannot be read"):
        furniture_meshes()


@real
def test_real_meshes_lie_where_their_distances_vanish() -> None:
    pieces = furniture_meshes()
    assert repr(pieces).startswith("RealFurniture(31 pieces: 6 cabinet")
    points = np.stack([mesh.sample(300) for mesh in pieces.meshes])
    assert abs(points).max() < 0.901
    assert np.median(abs(pieces.sdf(points))) < 0.01
    one = pieces[[3]]
    assert (one.names, len(one.meshes)) == (("bookcaseOpenLow",), 1)
    rows = one.sdf_rows(400)
    assert rows.shape == (1, 400, 4)
    assert np.mean(abs(rows[..., 3]) < 0.1) > 0.7


@real
def test_real_pieces_face_as_the_drawn_ones() -> None:
    """What rises above the middle of a sofa's height is at the back, -z, on both."""
    pieces = furniture_meshes()
    sofa, drawn = pieces[pieces.names.index("loungeSofa")].sdf_grid(32), furniture(1, kind="couch")
    for grid in (sofa[0], drawn.sdf_grid(32)[0]):
        heights = cell_centres(32)[..., 1][grid < 0]
        upper = (grid < 0) & (cell_centres(32)[..., 1] > np.quantile(heights, 0.9))
        assert cell_centres(32)[..., 2][upper].mean() < -0.1
