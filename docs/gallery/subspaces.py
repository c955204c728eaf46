"""The picture of the page on subspaces: the plane of three faces in two charts.

    .venv/bin/python docs/gallery/subspaces.py

It is written to ``docs/assets``, from the bundled model and drawn faces; nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za
from zalgebra.algebra.subspace import Subspace

FRAMES = ("#d1495b", "#00798c", "#edae49")


def seeds() -> np.ndarray:
    """Three drawn faces that differ in much."""
    woman = za.datasets.faces(1, seed=4, beard=0, hair_length=1, smile=1, glasses=0, skin=0.1)
    man = za.datasets.faces(1, seed=3, beard=1, hair_length=0.1, smile=0, glasses=0, skin=0.9)
    reader = za.datasets.faces(1, seed=9, beard=0, hair_length=0.3, smile=0.4, glasses=1, skin=0.4)
    return np.concatenate([face.images for face in (woman, man, reader)])


def subspace(model: za.models.VAE, faces: np.ndarray) -> Figure:
    """The plane of three faces, with them in frames, and the same faces in the chart of angles."""
    z = model.transform(faces)
    figure = Figure(figsize=(6.4, 12.4), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1)
    plane = Subspace(model.prior_, center=True).fit(z)
    corners = plane.transform(z)
    middle = (corners.max(axis=0) + corners.min(axis=0)) / 2
    draw(above, model, plane, middle, half=1.1 * float(abs(corners - middle).max()))
    above.set(xlabel="coordinate 1", ylabel="coordinate 2", title="about the centroid")
    turn = Subspace(model.prior_, chart="angles", center=True).fit(z)
    draw(below, model, turn, np.zeros(2), half=np.pi / 2)
    below.set(
        xlabel="longitude",
        ylabel="latitude",
        title="by angle: half of all directions",
    )
    degrees = np.arange(-90, 91, 45)
    for axis in (below.xaxis, below.yaxis):
        axis.set_ticks(np.radians(degrees), [f"{d}°" for d in degrees])
    return figure


def draw(ax, model: za.models.VAE, plane: Subspace, middle: np.ndarray, *, half: float) -> None:
    """Decoded latents at their coordinates; the seeds at theirs, in frames."""
    coords = middle + half * za.weights.subspace_grid(2, 9, at=[0, 0]).reshape(-1, 2)
    pictures = model.inverse_transform(plane.inverse_transform(coords))
    step = half / 4
    for (x, y), picture in zip(coords, pictures, strict=True):
        tile(ax, picture, x, y, 0.97 * step)
    at = plane.transform(plane.seeds_)
    for (x, y), picture, colour in zip(
        at, model.inverse_transform(plane.seeds_), FRAMES, strict=True
    ):
        tile(ax, picture, x, y, step, frame=colour)
    ax.set_xlim(middle[0] - half - step / 2, middle[0] + half + step / 2)
    ax.set_ylim(middle[1] - half - step / 2, middle[1] + half + step / 2)
    ax.set_aspect("equal")
    for spine in ax.spines.values():
        spine.set_visible(False)


def tile(ax, picture: np.ndarray, x: float, y: float, width: float, frame: str = "") -> None:
    """One picture (3, H, W) around (x, y)."""
    box = (x - width / 2, x + width / 2, y - width / 2, y + width / 2)
    ax.imshow(np.clip(np.moveaxis(picture, 0, -1), 0, 1), extent=box, zorder=3 if frame else 2)
    if frame:
        corners = [[box[i] for i in (0, 1, 1, 0, 0)], [box[i] for i in (2, 2, 3, 3, 2)]]
        ax.plot(*corners, color=frame, linewidth=3, zorder=4, solid_joinstyle="miter")


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    save(subspace(za.load("faces"), seeds()), ASSETS / "subspace.png", dpi=88)


if __name__ == "__main__":
    main()
