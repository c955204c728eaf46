"""The average of eight faces by seven methods, and the variance that each leaves to it.

    .venv/bin/python docs/gallery/averages.py

The bundled model and drawn faces; nothing is trained and nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za

METHODS = {
    "LERP": {"method": "linear"},
    "SLERP": {"method": "slerp"},
    "rescaled norm": {"method": "norm"},
    "standardised": {"method": "standardize"},
    "NAO": {"method": "nao"},
    "LOL, as independent": {"method": "lol"},
    "LOL, correlation estimated": {"method": "lol", "correlation": "estimate"},
}
GROUPS, FEW = 8, 8


def averages(model: za.models.VAE, groups: np.ndarray) -> dict[str, np.ndarray]:
    """By each method, the centroid of every group ``(GROUPS, FEW, D)``."""
    return {
        name: np.stack([za.centroid(z, prior=model.prior_, **how) for z in groups])
        for name, how in METHODS.items()
    }


def picture(model: za.models.VAE, groups: np.ndarray) -> Figure:
    """A row a method, with |u|²/D in normal coordinates: 1 for a latent of the prior."""
    rows = {"first of the eight": groups[:, 0], **averages(model, groups)}
    pictures = {}
    for name, latents in rows.items():
        ratio = np.mean(np.asarray(model.prior_.to_normal(latents)) ** 2)
        found = model.inverse_transform(latents.astype("float32"))
        pictures[f"{name}: variance {ratio:.2f}"] = found
        print(f"| {name} | {ratio:.2f} |")
    return strips(pictures)


def main() -> None:
    model = za.load("faces")
    faces = za.datasets.faces(GROUPS * FEW, seed=23)
    groups = model.transform(faces.images).reshape(GROUPS, FEW, -1).astype(float)
    save(picture(model, groups), ASSETS / "averages.png", dpi=92)


if __name__ == "__main__":
    main()
