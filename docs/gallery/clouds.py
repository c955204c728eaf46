"""The picture of point clouds on the page on transport: a chair, a table, a couch, by two ways.

    .venv/bin/python docs/gallery/clouds.py

Above, their points are transported; below, the same pieces are interpolated as latents of a
DeepSDF, which is learned first (267 drawn pieces, about a minute and a half of one core). Then
tables of time and cost are printed. POT is needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from furniture import keyframes, learned, pieces_and_between
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za
from zalgebra.algebra.transport import cloud_barycenter
from zalgebra.data.furniture import furniture
from zalgebra.data.meshes import Mesh, mesh_of

N, FRAMES = 2000, 5
PIECES = {"chair": 21, "table": 5, "couch": 8}  # none of which the model has seen
PARTS = ("#00798c", "#d98a00", "#a3283a")  # of the chair: legs, seat, back
PLAIN = "#44506a"


def clouds(n: int, seed: int = 0) -> list[np.ndarray]:
    """Points on the surfaces of a chair, a table and a couch."""
    grids = [furniture(1, seed=s, kind=kind).sdf_grid(64)[0] for kind, s in PIECES.items()]
    return [mesh_of(grid).sample(n, seed=seed + i) for i, grid in enumerate(grids)]


def transported(chair: np.ndarray, table: np.ndarray, couch: np.ndarray) -> np.ndarray:
    """Each half of the way is exact; the second begins with the table in the chair's numbering."""
    t = np.linspace(0, 1, FRAMES // 2 + 1)
    weights = np.stack([1 - t, t], axis=1)
    there = cloud_barycenter([chair, table], weights).points
    return np.concatenate([there, cloud_barycenter([there[-1], couch], weights[1:]).points])


def parts(chair: np.ndarray) -> np.ndarray:
    """Colours ``(n, 3)`` by what of the chair a point is of."""
    piece = furniture(1, seed=PIECES["chair"], kind="chair").labels
    top = -0.9 + piece["seat_height"][0]
    part = np.digitize(chair[:, 1], [top - 1.1 * piece["thickness"][0], top + 0.02])
    return np.array([to_rgb(colour) for colour in PARTS])[part]


def dots(points: np.ndarray, colours: np.ndarray, dpi: int = 140) -> np.ndarray:
    """A picture ``(3, H, W)`` of points in space: the nearer, the larger and the darker."""
    turn, tilt = np.radians([35, 20])
    eye = np.array([np.sin(turn) * np.cos(tilt), np.sin(tilt), np.cos(turn) * np.cos(tilt)])
    right = np.array([np.cos(turn), 0, -np.sin(turn)])
    x, y, near = np.stack([right, np.cross(eye, right), eye]) @ points.T
    order = np.argsort(near)
    near = np.clip((near[order] + 1) / 2, 0, 1)
    figure = Figure(figsize=(2.2, 1.96), dpi=dpi)
    canvas, ax = FigureCanvasAgg(figure), figure.add_axes((0, 0, 1, 1))
    ax.axis("off")
    pale = (0.62 * (1 - near))[:, None]
    ax.scatter(x[order], y[order], s=5 + 15 * near, c=pale + (1 - pale) * colours[order], lw=0)
    ax.set(xlim=(-1.1, 1.1), ylim=(-1.18, 0.78))
    canvas.draw()
    return np.moveaxis(np.asarray(canvas.buffer_rgba())[..., :3] / 255, -1, 0)


def row(frames: Iterable[np.ndarray], colours: np.ndarray) -> np.ndarray:
    """Pictures of the frames."""
    return np.stack([dots(points, colours) for points in frames])


def line(what: str, x: list[np.ndarray], **options: Any) -> str:
    """Of the equally weighted barycentre: time, cost, and root of the points' total variance."""
    begun = time.process_time()
    found = cloud_barycenter(x, **options)
    spent, spread = time.process_time() - begun, np.sqrt(found.points.var(axis=0).sum())
    return f"| {what} | {spent:.2f} s | {found.cost:.4f} | {spread:.3f} |"


def table() -> None:
    """What it costs: by the number of points, by the plans, by where it begins."""
    print("| clouds | CPU | cost | spread |\n|---|---:|---:|---:|")
    for n in (250, 500, 1000, 2000):
        x = clouds(n)
        print(line(f"two of {n}, exact", x[:2]))
        print(line(f"three of {n}, exact", x), flush=True)
    x = clouds(500)
    for reg in (0.05, 0.2):
        print(line(f"three of 500, reg={reg}", x, reg=reg), flush=True)
    for name, init in zip(PIECES, x, strict=True):
        print(line(f"three of 500, from the {name}", x, init=init), flush=True)
    print(line("three of 2000, n_points=250", clouds(2000), n_points=250), flush=True)


def main() -> None:
    begun = time.perf_counter()
    pieces = clouds(N)
    colours = parts(pieces[0])
    moved = transported(*pieces)
    print(f"transport, {FRAMES} frames of {N} points: {time.perf_counter() - begun:.1f} s")
    model = learned(pieces_and_between())
    codes = za.path(keyframes(model), FRAMES, prior=model.prior_)
    decoded = [Mesh(*model.mesh(z)).sample(N, seed=i) for i, z in enumerate(codes)]
    plain = np.broadcast_to(to_rgb(PLAIN), (N, 3))
    rows = {
        "points transported (coloured by the chair's parts)": row(moved, colours),
        "the same three as latents of a DeepSDF": row(decoded, plain),
    }
    save(strips(rows), ASSETS / "clouds.png", dpi=140)
    table()


if __name__ == "__main__":
    main()
