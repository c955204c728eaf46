"""Triangle meshes: out of signed distances, onto disk, into small pictures, and compared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.files import aside
from zalgebra.types import BadInput, MissingExtra

__all__ = ["Mesh", "chamfer", "mesh_of", "render", "save_mesh"]

WOOD = (0.80, 0.57, 0.36)
SUN = np.array([2.0, 6.0, 3.0]) / 7  # towards the light, of unit length
SHADOW = 0.80  # brightness of the floor where no sun falls
_PAIRS = 1 << 21  # triangles times pixels at a time, so that memory stays bounded


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in space, y up, counter-clockwise seen from outside.

    Parameters
    ----------
    vertices
        ``(v, 3)``, finite.
    faces
        Indices of the corners of each triangle, ``(f, 3)``.

    Raises
    ------
    BadInput
        If the shapes are others, or an index is out of range.

    Examples
    --------
    >>> Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]).areas
    array([0.5])
    """

    vertices: np.ndarray
    faces: np.ndarray

    def __post_init__(self) -> None:
        vertices = np.asarray(self.vertices, dtype=float)
        faces = np.asarray(self.faces)
        if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
            raise BadInput(f"`vertices` must be finite, of shape (v, 3), got {vertices.shape}")
        if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iu":
            raise BadInput(f"`faces` must be indices (f, 3), got {faces.dtype} of {faces.shape}")
        if faces.size and not (faces.min() >= 0 and faces.max() < len(vertices)):
            raise BadInput(
                f"`faces` must lie in 0 to {len(vertices) - 1}, got {faces.min()} to {faces.max()}"
            )
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces.astype(np.int64))

    def __repr__(self) -> str:
        return f"Mesh({len(self.vertices)} vertices, {len(self.faces)} triangles)"

    @property
    def corners(self) -> np.ndarray:
        """``(f, 3, 3)``: by triangle, corner and axis."""
        return self.vertices[self.faces]

    @property
    def areas(self) -> np.ndarray:
        """Of the triangles, ``(f,)``."""
        return np.linalg.norm(_across(self.corners), axis=1) / 2

    def fitted(self, half: float = 0.9) -> Mesh:
        """The same shape about the middle of its box, with ``half`` as its largest half extent."""
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        scale = half / max(float(np.max(high - low)) / 2, 1e-12)
        return Mesh((self.vertices - (low + high) / 2) * scale, self.faces)

    def sample(self, n: int, *, seed: int = 0) -> np.ndarray:
        """``n`` points ``(n, 3)`` on the surface, uniform by area."""
        if not self.areas.sum() > 0:
            raise BadInput("a mesh without any area has no points to sample")
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.faces), n, p=self.areas / self.areas.sum())
        u, v = np.sqrt(rng.random(n)), rng.random(n)
        shares = np.stack([1 - u, u * (1 - v), u * v], axis=1)
        return np.einsum("nc,ncd->nd", shares, self.corners[chosen])


def mesh_of(grid: np.ndarray, /) -> Mesh:
    """The surface of a shape by marching cubes.

    Parameters
    ----------
    grid
        Signed distances ``(r, r, r)`` at the centres of the cells of [-1, 1]³, by x, y and z. What
        is inside at the cube's wall is closed there.

    Raises
    ------
    BadInput
        If no distance is negative: there is no surface.
    MissingExtra
        If scikit-image is not installed.

    Examples
    --------
    >>> from zalgebra.data.furniture import furniture
    >>> mesh = mesh_of(furniture(1, seed=0, kind="table").sdf_grid(32)[0])
    >>> bool(mesh.vertices.min() < -0.85), mesh.faces.shape[1]
    (True, 3)
    """
    try:
        from skimage.measure import marching_cubes
    except ImportError:
        raise MissingExtra("scikit-image", "shapes") from None
    grid = np.asarray(grid, dtype=np.float32)
    if grid.ndim != 3 or len(set(grid.shape)) != 1:
        raise BadInput(f"`grid` must be of shape (r, r, r), got {grid.shape}")
    if not grid.min() < 0:
        raise BadInput(f"there is no surface: the least distance is {grid.min():.3g}, not negative")
    cell = 2 / len(grid)
    padded = np.pad(grid, 1, constant_values=cell)
    vertices, faces, _, _ = marching_cubes(padded, 0.0, spacing=(cell,) * 3)
    return Mesh(vertices - 1 - cell / 2, faces)


def save_mesh(mesh: Mesh, path: str | os.PathLike[str], /) -> Path:
    """Write a ``.glb`` (binary glTF) or ``.obj``, whole or not at all.

    Raises
    ------
    BadInput
        If the suffix is another, or the place cannot be written to.
    MissingExtra
        If trimesh is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in (".glb", ".obj"):
        raise BadInput(f"a mesh is written as .glb or .obj, got `{path.name}`")
    try:
        import trimesh
    except ImportError:
        raise MissingExtra("trimesh", "shapes") from None
    whole = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    with aside(path) as temporary:
        whole.export(temporary, file_type=path.suffix[1:].lower())
    return path


def chamfer(a: Mesh, b: Mesh, /, *, n: int = 10_000, seed: int = 0) -> float:
    r"""Mean distance between two surfaces, in the unit of their coordinates.

    $$\tfrac12 \big(\operatorname{mean}_{p \in A} \min_{q \in B} |p - q|
    + \operatorname{mean}_{q \in B} \min_{p \in A} |p - q|\big)$$

    over ``n`` points of each, so that a surface is about half the points' spacing from itself.

    Examples
    --------
    >>> square = Mesh([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], [[0, 1, 2], [0, 2, 3]])
    >>> chamfer(square, Mesh(square.vertices + [0, 0.5, 0], square.faces))
    0.500
    """
    from scipy.spatial import KDTree

    p, q = a.sample(n, seed=seed), b.sample(n, seed=seed + 1)
    there, back = KDTree(q).query(p)[0], KDTree(p).query(q)[0]
    return float(there.mean() + back.mean()) / 2


def render(
    mesh: Mesh,
    /,
    size: int = 128,
    *,
    turn: float = 35.0,
    tilt: float = 20.0,
    colour: ArrayLike = WOOD,
    smooth: int = 3,
    floor: float | None = None,
) -> np.ndarray:
    """A picture ``(3, size, size)``, float32 in [0, 1], of a mesh on a white floor.

    Parallel projection of the cube [-1, 1]³, a z-buffer, one sun and a sky; each triangle has the
    brightness of its own normal, and the shadow is the mesh laid flat along the sun's rays.

    Parameters
    ----------
    size
        Side in pixels.
    turn, tilt
        Of the eye, degrees: to the right of the front (+z), and upwards.
    colour
        Red, green and blue in [0, 1].
    smooth
        Samples a pixel along each side.
    floor
        Height of the floor; default under the lowest vertex.

    Examples
    --------
    >>> from zalgebra.data.furniture import furniture
    >>> picture = render(mesh_of(furniture(1).sdf_grid(24)[0]), 32)
    >>> picture.shape, float(picture[:, 0, 0].min())
    ((3, 32, 32), 1.0)
    """
    ground = float(mesh.vertices[:, 1].min()) if floor is None else floor
    laid = mesh.vertices - SUN * ((mesh.vertices[:, 1:2] - ground) / SUN[1])
    laid[:, 1] -= 1e-3  # under the feet
    corners = np.concatenate([mesh.corners, laid[mesh.faces]])
    view = _view(turn, tilt)
    colours = _light(_across(mesh.corners), view[2])[:, None] * np.asarray(colour, dtype=float)
    shadow = np.full(colours.shape, SHADOW)
    canvas = np.ones((size * smooth, size * smooth, 3))
    _paint(canvas, corners @ view.T, np.concatenate([np.clip(colours, 0, 1), shadow]))
    fine = canvas.reshape(size, smooth, size, smooth, 3).mean(axis=(1, 3))
    return np.moveaxis(fine, -1, 0).astype(np.float32)


def _across(corners: np.ndarray) -> np.ndarray:
    """Normals ``(f, 3)`` of triangles, as long as twice their areas."""
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _light(normals: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """Brightness ``(f,)`` of triangles by sky and sun, on the side that the eye sees."""
    normals = normals * np.sign(normals @ eye)[:, None]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return 0.42 + 0.16 * normals[:, 1] + 0.50 * np.maximum(normals @ SUN, 0)


def _view(turn: float, tilt: float) -> np.ndarray:
    """Rows: right, up and towards the eye."""
    a, b = np.radians([turn, tilt])
    eye = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    right = np.array([np.cos(a), 0, -np.sin(a)])
    return np.stack([right, np.cross(eye, right), eye])


def _paint(canvas: np.ndarray, corners: np.ndarray, colours: np.ndarray) -> None:
    """Paint triangles ``(f, 3, 3)`` in the eye's coordinates; the nearest wins."""
    side, nearest = len(canvas), np.full(canvas.shape[:2], -np.inf)
    at = (corners[..., :2] * [1, -1] / 1.35 + 1) * side / 2  # 1.35: the cube, turned, still fits
    for triangles, x, y in _covered(at, side):
        a, b, c = np.moveaxis(at[triangles], 1, 0)
        (ux, uy), (vx, vy) = (b - a).T, (c - a).T
        px, py, area = x + 0.5 - a[:, 0], y + 0.5 - a[:, 1], ux * vy - uy * vx
        area = np.where(area == 0, np.inf, area)  # seen from its edge
        v, w = (px * vy - py * vx) / area, (ux * py - uy * px) / area
        z = corners[triangles, :, 2]
        depth = z[:, 0] + v * (z[:, 1] - z[:, 0]) + w * (z[:, 2] - z[:, 0])
        inside = (v >= 0) & (w >= 0) & (v + w <= 1) & np.isfinite(area)
        seen = np.flatnonzero(inside & (depth > nearest[y, x]))
        seen = seen[np.argsort(depth[seen], kind="stable")]  # the last that is written stays
        nearest[y[seen], x[seen]] = depth[seen]
        canvas[y[seen], x[seen]] = colours[triangles[seen]]


def _covered(at: np.ndarray, side: int) -> Iterator[tuple[Any, Any, Any]]:
    """Pairs of triangles and pixels (column, row) of their boxes, some millions at a time."""
    low = np.clip(np.floor(at.min(axis=1)), 0, side).astype(int)
    wide, high = np.clip(np.ceil(at.max(axis=1)).astype(int) - low, 0, side - low).T
    counts = wide * high
    groups = np.cumsum(counts) // _PAIRS
    for group in np.unique(groups):
        rows = np.flatnonzero((groups == group) & (counts > 0))
        triangles = np.repeat(rows, counts[rows])
        ends = np.cumsum(counts[rows])
        i = np.arange(len(triangles)) - np.repeat(ends - counts[rows], counts[rows])
        yield (
            triangles,
            low[triangles, 0] + i % wide[triangles],
            low[triangles, 1] + i // wide[triangles],
        )
