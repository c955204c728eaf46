"""Chairs, tables and couches as signed distances: drawn from known factors, or real.

One parameterisation makes them all: a slab on four legs, with a back and two armrests that may have
no height. So every mixture of the factors of two pieces is a piece again.
"""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._whole import at_least
from zalgebra.data.distances import Shapes, interpolated, rounded_box
from zalgebra.data.meshes import Mesh
from zalgebra.types import BadInput

__all__ = ["FACTORS", "KINDS", "Furniture", "RealFurniture", "furniture", "furniture_meshes"]

KINDS = ("chair", "table", "couch")
FLOOR = -0.9  # where all pieces stand

# Range of each factor for a chair, a table and a couch; lengths, but for the roundness.
FACTORS: dict[str, tuple[tuple[float, float], ...]] = {
    "width": ((0.35, 0.48), (0.60, 0.90), (0.70, 0.90)),  # half of it, along x
    "depth": ((0.35, 0.48), (0.40, 0.65), (0.38, 0.50)),  # half of it, along z
    "seat_height": ((0.70, 0.90), (0.75, 1.10), (0.40, 0.58)),  # of the slab's top, from the floor
    "thickness": ((0.08, 0.14), (0.08, 0.14), (0.20, 0.30)),  # of the slab
    "leg": ((0.04, 0.08), (0.04, 0.09), (0.05, 0.09)),  # half of a leg's side
    "panel": ((0.08, 0.14), (0.08, 0.14), (0.16, 0.26)),  # of the back and the armrests
    "back_height": ((0.60, 0.85), (0.00, 0.00), (0.35, 0.55)),  # above the slab
    "arm_height": ((0.00, 0.30), (0.00, 0.00), (0.15, 0.30)),  # above the slab
    "roundness": ((0.00, 1.00), (0.00, 1.00), (0.00, 1.00)),  # 0 sharp edges, 1 capsules
}


@dataclass(frozen=True, repr=False, eq=False)
class Furniture(Shapes):
    """Drawn pieces: a row of factors each, and the exact distances that follow from it.

    ``len(pieces)`` is n, ``pieces[rows]`` the pieces of those rows; `sdf`, `sdf_samples`,
    `sdf_rows` and `sdf_grid` are their distances. Outside a piece they are exact; inside, where
    parts overlap, they are those of the part that a point is deepest in.

    Parameters
    ----------
    shapes
        Factors ``(n, 9)``, float32, in the order of `FACTORS`.
    kind
        Index of each piece in ``KINDS``, ``(n,)``; -1 for a piece between them.
    """

    shapes: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, rows: Any) -> Furniture:
        rows = rows if isinstance(rows, slice) else np.atleast_1d(rows)
        return Furniture(self.shapes[rows], self.kind[rows])

    def __repr__(self) -> str:
        counts = {name: int(np.sum(self.kind == i)) for i, name in enumerate(KINDS)}
        counts["between"] = len(self) - sum(counts.values())
        said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return f"Furniture({len(self)} pieces: {said or 'none'})"

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """Columns ``(n,)``: the kind (int64) and every factor (float32)."""
        return {"kind": self.kind, **dict(zip(FACTORS, self.shapes.T, strict=True))}

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """Names of the kinds."""
        return {"kind": KINDS}

    def sdf(self, points: np.ndarray, /) -> np.ndarray:
        """Signed distances ``(n, m)`` of points ``(m, 3)`` or ``(n, m, 3)``, y up."""
        width, depth, seat, thick, leg, panel, back, arm, roundness = self.shapes.T
        top, bottom = FLOOR + seat, FLOOR + seat - thick
        edge = roundness * np.minimum(thick, panel) / 2
        p = np.asarray(points)
        p = np.concatenate([abs(p[..., :1]), p[..., 1:]], axis=-1)  # left and right are alike

        def box(low: list[ArrayLike], high: list[ArrayLike], radius: np.ndarray) -> np.ndarray:
            corners = (np.stack(np.broadcast_arrays(*c), axis=-1) for c in (low, high))
            return rounded_box(p, *corners, radius)

        # The back and the armrests reach down to the slab's bottom: without height they are in it.
        slab = box([-width, bottom, -depth], [width, top, depth], edge)
        rest = box([-width, bottom, -depth], [width, top + back, panel - depth], edge)
        arms = box([width - panel, bottom, -depth], [width, top + arm, depth], edge)
        p = np.concatenate([p[..., :2], abs(p[..., 2:])], axis=-1)  # and so are the legs, both ways
        x, z = 0.95 * width, 0.95 * depth
        legs = box([x - 2 * leg, FLOOR, z - 2 * leg], [x, top - thick / 2, z], roundness * leg)
        return np.minimum.reduce([slab, rest, arms, legs])


def furniture(
    n: int = 300, *, seed: int = 0, kind: str | None = None, **fixed: ArrayLike
) -> Furniture:
    """Chairs, tables and couches whose factors are known exactly, as signed distances.

    Every factor is uniform in the range of its kind and has a stream of its own, so that fixing one
    leaves the others as they were, and fewer pieces are the first of more.

    Parameters
    ----------
    n
        How many.
    seed
        The same seed draws the same pieces.
    kind
        ``"chair"``, ``"table"`` or ``"couch"``; ``None`` draws each a third of the time.
    **fixed
        A factor of `FACTORS` by name and what to set it to: a number, or an array ``(n,)``, between
        its least and its greatest value over all kinds.

    Raises
    ------
    BadInput
        If ``n`` or ``seed`` is no whole number or negative, or a kind or factor is unknown or out
        of its range.

    Examples
    --------
    >>> pieces = furniture(4, seed=1, kind="chair", roundness=0.5)
    >>> pieces
    Furniture(4 pieces: 4 chair)
    >>> pieces.sdf_grid(16).shape, sorted(pieces.labels)[:3]
    ((4, 16, 16, 16), ['arm_height', 'back_height', 'depth'])
    """
    n, seed = at_least("n", n, 0), at_least("seed", seed, 0)
    if kind is not None and kind not in KINDS:
        raise BadInput(f"`kind` must be one of {', '.join(KINDS)}, or None, got {kind!r}")
    if unknown := [name for name in fixed if name not in FACTORS]:
        raise BadInput(f"there is no factor {unknown[0]!r}: choose from {', '.join(FACTORS)}")
    drawn = np.minimum(3 * _uniform(n, seed, "kind"), 2).astype(np.int64)
    kinds = drawn if kind is None else np.full(n, KINDS.index(kind))
    columns = []
    for name, ranges in FACTORS.items():
        low, high = np.array(ranges).T[:, kinds]
        value = low + (high - low) * _uniform(n, seed, name)
        columns.append(_within(name, fixed[name], n) if name in fixed else value)
    return Furniture(np.array(columns, np.float32).reshape(len(FACTORS), n).T.copy(), kinds)


def _uniform(n: int, seed: int, name: str) -> np.ndarray:
    stream = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
    return np.random.Generator(np.random.Philox(stream)).random(n)


def _within(name: str, value: ArrayLike, n: int) -> np.ndarray:
    low, high = np.min(FACTORS[name]), np.max(FACTORS[name])
    column = np.asarray(value)
    if column.dtype.kind not in "biuf" or column.shape not in ((), (n,)):
        raise BadInput(f"factor {name} must be a number or numbers ({n},), got {value!r}")
    if not np.all((column >= low) & (column <= high)):
        raise BadInput(f"factor {name} must be within [{low}, {high}], got {value!r}")
    return np.broadcast_to(column, n)


@dataclass(frozen=True, repr=False, eq=False)
class RealFurniture(Shapes):
    """Real meshes, each within [-0.9, 0.9]³ about its middle, and distances read off their grids.

    Parameters
    ----------
    names, categories
        Of each piece, for example ``"loungeSofa"`` and ``"sofa"``.
    meshes
        Their triangles.
    grids
        Signed distances ``(n, r, r, r)`` at the centres of cells; `sdf` interpolates them.
    """

    names: tuple[str, ...]
    categories: tuple[str, ...]
    meshes: tuple[Mesh, ...]
    grids: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, rows: Any) -> RealFurniture:
        chosen = np.atleast_1d(np.arange(len(self))[rows])
        columns = (self.names, self.categories, self.meshes)
        return RealFurniture(*(tuple(c[i] for i in chosen) for c in columns), self.grids[chosen])

    def __repr__(self) -> str:
        counts = {c: self.categories.count(c) for c in dict.fromkeys(self.categories)}
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"RealFurniture({len(self)} pieces: {said or 'none'})"

    def sdf(self, points: np.ndarray, /) -> np.ndarray:
        """Signed distances ``(n, m)`` of points ``(m, 3)`` or ``(n, m, 3)``, y up."""
        return interpolated(self.grids, np.asarray(points))


def furniture_meshes() -> RealFurniture:
    """31 low-poly pieces with signed-distance grids of 48³ cells: chairs, tables, sofas, and more.

    They are read from ``$ZALGEBRA_DATA/furniture_meshes/``, the files held to their checksums, and
    are never downloaded; here they face +z, as the drawn ones do. They are models of Kenney's
    "Furniture Kit" (kenney.nl), published as CC0 1.0; which models they are was told by their
    names and shapes.

    Raises
    ------
    BadInput
        If the files are not there, or are others.

    Examples
    --------
    >>> furniture_meshes()  # doctest: +SKIP
    RealFurniture(31 pieces: 6 cabinet, 1 bed, 8 table, 7 chair, 4 lamp, 5 sofa)
    """
    triangles, fields = (_published(file) for file in _FILES)
    rows = {str(name): i for i, name in enumerate(triangles["names"])}
    spans = np.stack([triangles["vertex_start"], triangles["face_start"]])
    meshes = []
    for name in map(str, fields["names"]):
        (v, f), (v_end, f_end) = spans[:, rows[name]], spans[:, rows[name] + 1]
        vertices = triangles["vertices"][v:v_end] * [-1, 1, -1]  # half a turn: backs at -z
        meshes.append(Mesh(vertices, triangles["faces"][f:f_end]))
    names, categories = (tuple(map(str, fields[key])) for key in ("names", "category"))
    grids = fields["sdf"][:, ::-1, :, ::-1].astype(np.float32)
    return RealFurniture(names, categories, tuple(meshes), grids)


_FILES = {  # name -> SHA-256
    "furniture_meshes.npz": "da97c414c562190dfae4435a5fb59ab5480e12451cd5be1e375f4a210bd4d8e2",
    "furniture_sdf_48.npz": "dd122db6e1520d3c80a6d73073183c742c8cbcbc95655ff59d9669098ca85a62",
}


def _published(file: str) -> Mapping[str, np.ndarray]:
    path = Path(os.environ.get("ZALGEBRA_DATA") or "$ZALGEBRA_DATA", "furniture_meshes", file)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"`{path}` cannot be read ({error.strerror}): set ZALGEBRA_DATA to a folder that "
            "holds furniture_meshes/, or draw pieces with `furniture`"
        ) from None
    if (digest := hashlib.sha256(data).hexdigest()) != _FILES[file]:
        raise BadInput(f"`{path}` must have SHA-256 {_FILES[file]}, got {digest}: restore it")
    with np.load(io.BytesIO(data)) as arrays:
        return dict(arrays)
