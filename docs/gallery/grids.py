"""The plane of three faces, whose fourth corner is their analogy, and one face by two directions.

    .venv/bin/python docs/gallery/grids.py

The bundled model and drawn faces; nothing is trained and nothing is downloaded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za

WOMAN = {"seed": 4, "beard": 0, "hair_length": 0.9, "skin": 0.2, "turn": 0}
LOOKS = (
    {"smile": 0, "glasses": 0},
    {"smile": 1, "glasses": 0},
    {"smile": 0, "glasses": 1},
    {"smile": 0.5, "glasses": 0},
)
SIDE = 5


def workspace(folder: Path) -> za.Workspace:
    """Two thousand drawn faces, and one woman calm, smiling, with glasses, and between."""
    space = za.Workspace.create(folder / "faces.zal", za.load("faces"))
    for look in LOOKS:
        space.encode(za.datasets.faces(1, **WOMAN, **look))
    space.encode(za.datasets.faces(2000, seed=1))
    return space


def picture(space: za.Workspace) -> Figure:
    """Both grids, one below the other."""
    corners = space.grid("img:0", "img:1", "img:2", n=SIDE)
    turned = space.grid("img:3", x="smile", y="hair_length", n=SIDE, to=30)
    print(corners, turned, sep="\n")
    figure = Figure(figsize=(7.2, 14.4), dpi=90, layout="constrained")
    above, below = figure.subplots(2, 1)
    corners.figure(above)
    turned.figure(below)
    return figure


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        save(picture(workspace(Path(folder))), ASSETS / "grid.png")


if __name__ == "__main__":
    main()
