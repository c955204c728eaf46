"""The pictures of the README and of the gallery, from the bundled model and drawn faces.

    .venv/bin/python docs/gallery/first_light.py

Every picture is written to ``docs/assets``; nothing is trained and nothing is downloaded.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za

METHODS = {"linear": "LERP", "slerp": "SLERP", "lol": "LOL"}


def workspace(folder: str) -> za.Workspace:
    """The bundled model with 3,000 drawn faces, in a folder."""
    space = za.Workspace.create(Path(folder) / "faces.zal", za.load("faces"))
    space.encode(za.datasets.faces(3000, seed=1))
    return space


def edits(space: za.Workspace) -> Figure:
    """New faces, then a smile, then glasses as well."""
    faces = za.datasets.faces(9, seed=7, smile=0, glasses=0)
    z = space.model.transform(faces.images)
    rows = {"new faces": "", "+ smile": "+ smile", "+ smile + glasses": "+ smile + glasses"}
    pictures = [faces.images]
    for change in list(rows.values())[1:]:
        terms = space.evaluate(change)
        edited = np.stack([(za.Latent(x, "face") + terms).array(prior=space.prior) for x in z])
        pictures.append(space.model.inverse_transform(edited))
    return stacked(pictures, list(rows))


def blends(space: za.Workspace) -> Figure:
    """From one face to another, and the average of eight, by three methods."""
    faces = za.datasets.faces(10, seed=11)
    z = space.model.transform(faces.images)
    pictures, labels = [], []
    for method, name in METHODS.items():
        way = za.interpolate(z[0], z[1], np.linspace(0, 1, 8), prior=space.prior, method=method)
        mean = za.centroid(z[2:], prior=space.prior, method=method)
        pictures.append(space.model.inverse_transform(np.concatenate([way, mean[None]])))
        labels.append(name)
    return stacked(pictures, labels, last="mean of 8")


def strengths(space: za.Workspace) -> Figure:
    """One face turned towards three directions by an angle."""
    angles = range(-60, 61, 20)
    face = "img:3"
    pictures, labels = [], ["smile", "glasses", "hair_length"]
    for word in labels:
        changes = [f"{'+' if a >= 0 else '-'} {abs(a)}° {word}" for a in angles]
        pictures.append(np.concatenate([space.edit(face, c).pictures for c in changes]))
    return stacked(pictures, labels, columns=[f"{a:+d}°" if a else "0°" for a in angles])


def equation(space: za.Workspace) -> Figure:
    """smiling man = neutral man + smiling woman - neutral woman."""
    pose = {"mouth_open": 0.5, "glasses": 0, "skin": 0.2, "turn": 0}
    man = {**pose, "beard": 1, "hair_length": 0.1, "smile": 0}
    woman = {**pose, "beard": 0, "hair_length": 0.9}
    images = np.concatenate(
        [
            za.datasets.faces(1, seed=3, **man).images,
            za.datasets.faces(1, seed=4, smile=1, **woman).images,
            za.datasets.faces(1, seed=4, smile=0, **woman).images,
        ]
    )
    names = dict(zip("abc", space.model.transform(images), strict=True))
    z = za.evaluate("a + b - c", names).array(prior=space.prior, correlation="estimate")
    pictures = np.concatenate([images, space.model.inverse_transform(z[None])])
    words = ["neutral man", "smiling woman", "neutral woman", "smiling man"]
    return za.figures.equation(pictures, ["+", "−", "="], words)


def stacked(
    rows: list[np.ndarray],
    labels: list[str],
    *,
    columns: list[str] | None = None,
    last: str = "",
) -> Figure:
    """Strips under each other, each below its label, which a telephone still shows legibly."""
    n = len(rows[0])
    above, below = 0.36 * len(rows), 0.36 if columns or last else 0.02
    width, height = n * 1.05, len(rows) * 1.05 + above + below
    figure = Figure(figsize=(width, height), dpi=110)
    axes = figure.subplots(len(rows), 1)
    for ax, row, label in zip(axes, rows, labels, strict=True):
        za.figures.strip(row, ax=ax)
        ax.text(0.02, -0.05, label, ha="left", va="bottom", fontsize=15, clip_on=False)
    for i, caption in enumerate(columns or [*[""] * (n - 1), last]):
        axes[-1].text(i + 0.485, 1.04, caption, ha="center", va="top", fontsize=14, clip_on=False)
    top = 1 - above / len(rows) / height
    figure.subplots_adjust(0.002, below / height, 0.998, top, hspace=0.36)
    return figure


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        space = workspace(folder)
        for make in (edits, blends, strengths, equation):
            save(make(space), ASSETS / f"{make.__name__}.png")


if __name__ == "__main__":
    main()
