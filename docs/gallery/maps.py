"""The pictures of the page on maps: digits by t-SNE, and a t-SNE map of drawn faces, decoded.

    .venv/bin/python docs/gallery/maps.py

Both are written to ``docs/assets``, from the bundled digits and the bundled model of drawn faces;
nothing is downloaded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za
from zalgebra.estimators import maps
from zalgebra.studio.map_figures import inverse_grid, scatter
from zalgebra.studio.map_items import map_items


def digits() -> Figure:
    """All 1,797 bundled digits by their 64 pixels, with thumbnails and the names of the classes."""
    found = za.datasets.digits()
    places = maps.TSNE(inverse="neighbours", random_state=0).fit_transform(found.images)
    classes = found.labels["class"]
    return scatter(places, found.images, groups=classes, names=[f"digit {i}" for i in range(10)])


def faces() -> Figure:
    """What the bundled model decodes from a map of 1,500 faces."""
    with tempfile.TemporaryDirectory() as folder:
        space = za.Workspace.create(Path(folder) / "faces.zal", za.load("faces"))
        space.encode(za.datasets.faces(1500, seed=1))
        found = map_items(space, method="tsne")
        print(found.to_dict())
        return inverse_grid(found.fitted, space.model.inverse_transform, columns=18)


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    save(digits(), ASSETS / "maps.png", dpi=110)
    save(faces(), ASSETS / "maps-inverse.png", dpi=110)


if __name__ == "__main__":
    main()
