"""Fashion-MNIST on a map: the pictures that were given, and what every place of it decodes to.

    .venv/bin/python docs/gallery/garments.py [--n 10000] [--epochs 10]

Fashion-MNIST (the folder that ``ZALGEBRA_DATA`` names, or a download). A VAE of 16 entries is
fitted and its latents are laid out by t-SNE, which takes a minute or two.
"""

from __future__ import annotations

import argparse

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za
from zalgebra.estimators import maps
from zalgebra.studio.map_figures import inverse_grid, scatter
from zalgebra.studio.map_paper import panels


def picture(found: za.datasets.Dataset, epochs: int) -> Figure:
    """The items with thumbnails and the names of their classes; below it the map, decoded."""
    model = za.models.VAE(
        latent_dim=16, width=16, max_epochs=epochs, random_state=0, verbose=False
    ).fit(found.images)
    fitted = maps.TSNE(prior=model.prior_, random_state=0).fit(model.transform(found.images))
    print(fitted.inverse_.name, f"{fitted.inverse_.scores[fitted.inverse_.name]:.2f}")
    above, below = panels(2, like=fitted.embedding_)
    groups, names = found.labels["class"], found.classes["class"]
    scatter(fitted.embedding_, found.images, groups=groups, names=names, thumbnails=60, ax=above)
    return inverse_grid(fitted, decoder(model), columns=18, ax=below)


def decoder(model: za.models.VAE):
    """From latents to pictures in [0, 1]."""
    return lambda z: np.clip(model.inverse_transform(z), 0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="pictures")
    parser.add_argument("--epochs", type=int, default=10)
    chosen = parser.parse_args()
    ASSETS.mkdir(exist_ok=True)
    garments = za.datasets.fashion_mnist("train")[: chosen.n]
    save(picture(garments, chosen.epochs), ASSETS / "garments.png", dpi=110)


if __name__ == "__main__":
    main()
