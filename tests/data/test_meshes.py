"""Meshes: the surface is where the distance vanishes, files read back, pictures show the shape."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import trimesh

from zalgebra.data.distances import cell_centres
from zalgebra.data.furniture import furniture
from zalgebra.data.meshes import Mesh, chamfer, mesh_of, render, save_mesh
from zalgebra.types import BadInput, MissingExtra

BOX = trimesh.creation.box(extents=(1.0, 0.6, 0.4))
SQUARE = Mesh([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], [[0, 2, 1], [0, 3, 2]])


def box() -> Mesh:
    return Mesh(BOX.vertices, BOX.faces)


def moved(mesh: Mesh, *by: float) -> Mesh:
    return Mesh(mesh.vertices + np.array(by), mesh.faces)


def ball(radius: float = 0.6, resolution: int = 32, centre=(0, 0, 0)) -> Mesh:
    return mesh_of(np.linalg.norm(cell_centres(resolution) - np.array(centre), axis=-1) - radius)


# Surfaces.


def test_a_ball_has_its_area_and_its_outside_outside() -> None:
    mesh = ball()
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 0.6, atol=2e-3)
    assert mesh.areas.sum() == pytest.approx(4 * np.pi * 0.36, rel=0.01)
    a, b, c = np.moveaxis(mesh.corners, 1, 0)
    volume = np.sum(a * np.cross(b, c)) / 6  # positive: counter-clockwise seen from outside
    assert volume == pytest.approx(4 / 3 * np.pi * 0.216, rel=0.02)


def test_axes_are_not_mixed_up() -> None:
    np.testing.assert_allclose(ball(0.3, 40, (0.5, -0.2, 0.1)).vertices.mean(axis=0),
                               [0.5, -0.2, 0.1], atol=2e-3)  # fmt: skip


def test_every_vertex_of_a_piece_is_on_its_surface() -> None:
    pieces = furniture(4, seed=1)
    for i, grid in enumerate(pieces.sdf_grid(64)):
        misses = abs(pieces[i].sdf(mesh_of(grid).vertices)[0])
        assert np.quantile(misses, 0.9) < 0.005
        assert misses.max() < 1 / 32  # a cell, at sharp edges


def test_what_touches_the_wall_is_closed() -> None:
    mesh = mesh_of(np.full((8, 8, 8), -0.1))
    assert trimesh.Trimesh(mesh.vertices, mesh.faces).is_watertight
    assert abs(mesh.vertices).max() < 1.001


def test_fitted_fills_the_box() -> None:
    mesh = Mesh(box().vertices * 7 + [3, 4, 5], box().faces).fitted(0.9)
    np.testing.assert_allclose(abs(mesh.vertices).max(axis=0), [0.9, 0.54, 0.36])


def test_sampled_points_are_on_the_surface_uniformly() -> None:
    points = SQUARE.sample(20_000, seed=1)
    np.testing.assert_array_equal(points[:, 1], 0)
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 2], bins=4, range=[[0, 1], [0, 1]])
    assert counts.sum() == 20_000
    assert abs(counts - 1250).max() < 5 * np.sqrt(1250)
    np.testing.assert_array_equal(points, SQUARE.sample(20_000, seed=1))
    large = Mesh([*SQUARE.vertices, [5, 0, 0], [8, 0, 0], [5, 0, 2]], [*SQUARE.faces, [4, 5, 6]])
    assert np.mean(large.sample(20_000)[:, 0] >= 5) == pytest.approx(0.75, abs=0.02)


WRONG = [
    (lambda: Mesh(np.zeros((3, 2)), [[0, 1, 2]]), r"of shape \(v, 3\), got \(3, 2\)"),
    (lambda: Mesh(np.full((3, 3), np.nan), [[0, 1, 2]]), "finite"),
    (lambda: Mesh(np.zeros((3, 3)), [[0.0, 1, 2]]), r"indices \(f, 3\), got float64"),
    (lambda: Mesh(np.zeros((3, 3)), [[0, 1, 3]]), "lie in 0 to 2, got 0 to 3"),
    (lambda: mesh_of(np.ones((4, 4, 4))), "there is no surface: the least distance is 1"),
    (lambda: mesh_of(np.zeros((4, 4, 5))), r"shape \(r, r, r\), got \(4, 4, 5\)"),
    (lambda: save_mesh(SQUARE, "square.stl"), "written as .glb or .obj, got `square.stl`"),
    (lambda: Mesh(np.zeros((3, 3)), [[0, 1, 2]]).sample(5), "without any area"),
]


@pytest.mark.parametrize(("make", "words"), WRONG, ids=[w for _, w in WRONG])
def test_what_is_no_mesh_is_one_sentence(make, words) -> None:
    with pytest.raises(BadInput, match=words):
        make()


# Files.


@pytest.mark.parametrize("suffix", [".glb", ".obj"])
def test_a_file_reads_back(suffix, tmp_path) -> None:
    mesh = ball(resolution=12)
    path = save_mesh(mesh, tmp_path / f"ball{suffix}")
    assert [p.name for p in tmp_path.iterdir()] == [f"ball{suffix}"]
    back = trimesh.load(path, force="mesh")
    assert len(back.faces) == len(mesh.faces)
    np.testing.assert_allclose(back.bounds, [mesh.vertices.min(0), mesh.vertices.max(0)], atol=1e-5)
    assert back.volume > 0


@pytest.mark.parametrize(
    ("module", "package", "make"),
    [
        ("skimage.measure", "scikit-image", lambda folder: ball(resolution=8)),
        ("trimesh", "trimesh", lambda folder: save_mesh(SQUARE, folder / "square.obj")),
    ],
)
def test_a_missing_package_is_named(module, package, make, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"needs {package}.*zalgebra\[shapes\]"):
        make(tmp_path)
    assert not list(tmp_path.iterdir())


# Distances between surfaces.


def test_chamfer_of_moved_surfaces() -> None:
    square = Mesh(SQUARE.vertices * 10, SQUARE.faces)
    assert chamfer(square, moved(square, 0, 2, 0)) == pytest.approx(2, 1e-2)
    assert chamfer(ball(0.6), ball(0.4)) == pytest.approx(0.2, abs=0.01)
    assert chamfer(ball(), ball()) < 0.02
    assert chamfer(ball(0.6), box(), seed=3) == chamfer(ball(0.6), box(), seed=3)


def test_chamfer_counts_both_ways() -> None:
    """A part lies on its whole, but not the whole on its part."""
    half = Mesh(SQUARE.vertices * [0.5, 1, 1], SQUARE.faces)
    one_way = 0.5 * 0.25  # half of the whole's points, on average a quarter away
    assert chamfer(half, SQUARE) == pytest.approx(0.5 * one_way, abs=0.01)
    assert chamfer(SQUARE, half) == pytest.approx(0.5 * one_way, abs=0.01)


# Pictures.


def seen(picture: np.ndarray) -> np.ndarray:
    """Where the mesh is: the only thing with a colour."""
    return picture[0] - picture[2] > 0.05


def test_a_picture_is_the_outline_of_the_shape() -> None:
    options = {"size": 270, "smooth": 1}  # 100 pixels a unit, since they show 2.7 units
    front = render(box(), turn=0, tilt=0, **options)
    assert (front.shape, front.dtype) == ((3, 270, 270), np.float32)
    assert 0 <= front.min() <= front.max() == 1
    assert seen(front).sum() == pytest.approx(100 * 60, rel=0.03)
    assert seen(render(box(), turn=90, tilt=0, **options)).sum() == pytest.approx(2400, rel=0.03)
    assert seen(render(box(), turn=0, tilt=90, **options)).sum() == pytest.approx(4000, rel=0.03)
    rows, columns = np.nonzero(seen(front))
    assert rows.mean() == pytest.approx(134.5, abs=1)
    assert columns.mean() == pytest.approx(134.5, abs=1)


def test_the_eye_sees_right_to_the_right_and_up_upwards() -> None:
    small = Mesh(box().vertices * 0.2 + [0.6, 0.5, 0], box().faces)
    rows, columns = np.nonzero(seen(render(small, 90, turn=0, tilt=0)))
    assert rows.max() < 45 < columns.min()
    _, columns = np.nonzero(seen(render(small, 90, turn=180, tilt=0)))
    assert columns.max() < 45


def test_the_nearer_surface_hides_the_farther() -> None:
    far = Mesh(box().vertices - [0, 0, 0.5], box().faces)
    both = Mesh(
        np.concatenate([moved(box(), 0, 0, 0.3).vertices, far.vertices * [0.5, 0.5, 1]]),
        np.concatenate([box().faces, far.faces + 8]),
    )
    alone = render(Mesh(both.vertices[:8], box().faces), 64, turn=0, tilt=0)
    np.testing.assert_array_equal(render(both, 64, turn=0, tilt=0)[:, seen(alone)],
                                  alone[:, seen(alone)])  # fmt: skip
    order = Mesh(both.vertices, both.faces[::-1])
    np.testing.assert_array_equal(render(order, 64), render(both, 64))


def test_light_comes_from_above_and_shadows_fall_on_the_floor() -> None:
    picture = render(box(), 96, turn=-40, tilt=30)
    top, side = (picture[0][seen(picture)].max(), picture[0][seen(picture)].min())
    assert top > 1.3 * side
    shadow = (abs(picture[0] - picture[2]) < 1e-6) & (picture[0] < 0.85)
    assert shadow.sum() > 50
    red = render(box(), 96, turn=-40, tilt=30, colour=(1, 0, 0))
    assert red[1][seen(picture)].max() < 0.9
    turned = Mesh(box().vertices, box().faces[:, ::-1])  # what faces inwards is lit the same
    np.testing.assert_array_equal(render(turned, 96, turn=-40, tilt=30), picture)


def test_an_empty_mesh_is_an_empty_picture() -> None:
    nothing = Mesh([[0.0, 0, 0]], np.empty((0, 3), int))
    np.testing.assert_array_equal(render(nothing, 16), np.ones((3, 16, 16), np.float32))


def test_what_is_out_of_the_picture_does_no_harm() -> None:
    huge = Mesh(box().vertices * 100, box().faces)
    assert seen(render(huge, 32, smooth=1)).all()
    gone = moved(box(), 50, 50, 0)
    assert not seen(render(gone, 32)).any()
