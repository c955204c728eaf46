"""The average of eight faces by seven methods, and the variance that each leaves to it.

    .venv/bin/python docs/gallery/averages.py

The bundled model and drawn faces; nothing is trained and nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save

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
GROUPS, FEW = 6, 8


def averages(model: za.models.VAE, groups: np.ndarray) -> dict[str, np.ndarray]:
    """By each method, the centroid of every group ``(GROUPS, FEW, D)``."""
    return {
        name: np.stack([za.centroid(z, prior=model.prior_, **how) for z in groups])
        for name, how in METHODS.items()
    }


def picture(model: za.models.VAE, groups: np.ndarray) -> Figure:
    """A row a method, with |u|²/D in normal coordinates: 1 for a latent of the prior."""
    rows = {"first of the eight": groups[:, 0], **averages(model, groups)}
    width, height = GROUPS * 1.1 + 3.7, len(rows) * 1.12
    figure = Figure(figsize=(width, height), dpi=95)
    for ax, (name, latents) in zip(figure.subplots(len(rows), 1), rows.items(), strict=True):
        za.figures.strip(model.inverse_transform(latents.astype("float32")), ax=ax)
        ratio = np.mean(np.asarray(model.prior_.to_normal(latents)) ** 2)
        ax.text(-0.12, 0.5, f"{name}\nvariance {ratio:.2f}", ha="right", va="center", fontsize=14)
        print(f"| {name} | {ratio:.2f} |")
    figure.subplots_adjust(3.7 / width, 0.005, 0.995, 0.995, hspace=0.04)
    return figure


def main() -> None:
    model = za.load("faces")
    faces = za.datasets.faces(GROUPS * FEW, seed=23)
    groups = model.transform(faces.images).reshape(GROUPS, FEW, -1).astype(float)
    save(picture(model, groups), ASSETS / "averages.png")


if __name__ == "__main__":
    main()
