"""The pictures of the page on augmentation: every method in a plane, and on drawn faces.

    .venv/bin/python docs/gallery/augmentation.py

They are written to ``docs/assets``, from drawn points, drawn faces and the bundled model; nothing
is downloaded.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za
from zalgebra.estimators.samplers import LatentResampler

METHODS = ("interpolate", "extrapolate", "lol", "correlated", "gaussian", "mixup")
RARE, NEW, COMMON = "#d1495b", "#00798c", "#c8c8c8"
SEED = 4


def plane() -> Figure:
    """Ten rare points on a bow, and 150 new ones by each method."""
    rng = np.random.default_rng(SEED)
    angle = np.sort(rng.uniform(0.1, np.pi - 0.1, 10))
    bow = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.1 * rng.standard_normal((10, 2))
    crowd = rng.standard_normal((160, 2)) * [0.9, 0.6] + [0, -1.2]
    X, y = np.concatenate([crowd, bow]), np.repeat([0, 1], [160, 10])
    figure = Figure(figsize=(7.2, 9.2), dpi=100, layout="constrained")
    for ax, method in zip(figure.subplots(3, 2).flat, METHODS, strict=True):
        resampler = LatentResampler(method=method, k_neighbors=4, random_state=SEED)
        new = resampler.fit_resample(X, y)[0][len(X) :]
        ax.scatter(*crowd.T, s=12, color=COMMON, label="common")
        ax.scatter(*new.T, s=16, color=NEW, marker="x", linewidth=1, label="new")
        ax.scatter(*bow.T, s=70, color=RARE, edgecolor="white", marker="D", label="rare, given")
        ax.set_title(method, fontsize=14)
        ax.set(xlim=(-4, 4), ylim=(-3.2, 3.4), xticks=[], yticks=[])
        ax.set_aspect("equal")
    marks = figure.axes[0].get_legend_handles_labels()
    figure.legend(*marks, loc="outside lower center", ncols=3, frameon=False)
    return figure


def faces() -> Figure:
    """Five faces of a rare class, and seven new ones by each method."""
    common = za.datasets.faces(120, seed=1, beard=0, glasses=0)
    rare = za.datasets.faces(5, seed=11, beard=1, glasses=1)
    X = np.concatenate([common.images, rare.images])
    y = np.repeat(["plain", "bearded, with glasses"], [120, 5])
    model = za.load("faces")
    rows = {"given": rare.images, "decoded": model.inverse_transform(model.transform(rare.images))}
    for method in METHODS:
        resampler = LatentResampler(
            model,
            method=method,
            sampling_strategy={"bearded, with glasses": 12},
            random_state=SEED,
        )
        rows[method] = resampler.fit_resample(X, y)[0][len(X) :]
    return strips(rows, columns=7)


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    save(plane(), ASSETS / "augmentation.png")
    save(faces(), ASSETS / "augmentation-faces.png", dpi=92)


if __name__ == "__main__":
    main()
