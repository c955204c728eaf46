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
from strips import strips

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
    rows = {"new faces": faces.images}
    for change in ("+ smile", "+ smile + glasses"):
        terms = space.evaluate(change)
        edited = np.stack([(za.Latent(x, "face") + terms).array(prior=space.prior) for x in z])
        rows[change] = space.model.inverse_transform(edited)
    return strips(rows)


def blends(space: za.Workspace) -> Figure:
    """From one face to another, and the average of eight, by three methods."""
    faces = za.datasets.faces(10, seed=11)
    z = space.model.transform(faces.images)
    rows = {}
    for method, name in METHODS.items():
        way = za.interpolate(z[0], z[1], np.linspace(0, 1, 8), prior=space.prior, method=method)
        mean = za.centroid(z[2:], prior=space.prior, method=method)
        rows[name] = space.model.inverse_transform(np.concatenate([way, mean[None]]))
    return strips(rows, captions=[*[""] * 8, "mean"])


def strengths(space: za.Workspace) -> Figure:
    """One face turned towards three directions by an angle."""
    angles = range(-60, 61, 20)
    rows = {}
    for word in ("smile", "glasses", "hair_length"):
        changes = [f"{'+' if a >= 0 else '-'} {abs(a)}° {word}" for a in angles]
        edited = np.concatenate([space.edit("img:3", c).pictures for c in changes])
        rows[word.replace("_", " ")] = edited
    return strips(rows, captions=[f"{a:+d}°" if a else "0°" for a in angles])


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


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        space = workspace(folder)
        for make in (edits, blends, strengths, equation):
            save(make(space), ASSETS / f"{make.__name__}.png")


if __name__ == "__main__":
    main()
