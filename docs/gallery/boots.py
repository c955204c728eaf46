"""Sandals become ankle boots: one direction of a VAE, at rising strength.

    .venv/bin/python docs/gallery/boots.py

Fashion-MNIST (the folder that ``ZALGEBRA_DATA`` names, or a download). A VAE is fitted here, in
about a minute and a half.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za

STRENGTHS = np.linspace(0, 1, 7)
SANDALS = 6


def picture(model: za.models.VAE, boot: za.Direction, sandals: np.ndarray) -> Figure:
    """Held-out sandals, how they come back, and the way to a boot."""
    rows = []
    for z, seen in zip(model.transform(sandals), sandals, strict=True):
        path = [(za.Latent(z, "sandal") + s * boot.latent()) for s in STRENGTHS]
        ways = np.stack([latent.array(prior=model.prior_) for latent in path])
        rows.append(np.concatenate([seen[None], model.inverse_transform(ways.astype("float32"))]))
    captions = ["sandal", *(f"{s:.0%}" for s in STRENGTHS)]
    title = "Six sandals, and how far they are on their way to a boot"
    return strips({title: np.concatenate(rows)}, columns=len(captions), captions=captions)


def main() -> None:
    train, test = za.datasets.fashion_mnist("train"), za.datasets.fashion_mnist("test")
    model = za.models.VAE(16, beta=16.0, max_epochs=12, random_state=0, patience=None)
    Z = model.fit(train.images).transform(train.images)
    sandal, boot = (list(train.classes["class"]).index(w) for w in ("Sandal", "Ankle boot"))
    groups = (Z[train.labels["class"] == kind] for kind in (boot, sandal))
    direction = za.Direction.from_groups(*groups, name="boot")
    print(direction.verdict)
    held = test.images[test.labels["class"] == sandal][:SANDALS]
    save(picture(model, direction, held), ASSETS / "boots.png")


if __name__ == "__main__":
    main()
