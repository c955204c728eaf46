"""What goes wrong off the prior: noise of a flow, averaged and scaled, and what it becomes.

    .venv/bin/python docs/gallery/off_prior.py [--n 20000] [--epochs 4]

Fashion-MNIST (the folder that ``ZALGEBRA_DATA`` names, or a download). A flow is fitted here, which
takes some minutes of two cores.
"""

from __future__ import annotations

import argparse

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za

COLUMNS = 8
MEANS, SCALES = (2, 5, 20), (0.6, 0.8, 1.2, 1.5)


def latents(prior: za.types.Prior) -> dict[str, np.ndarray]:
    """Draws of the prior, their averages by two methods, and draws of another length."""
    z = prior.sample(COLUMNS, seed=3)
    rows = {"noise of the prior": z}
    for k in MEANS:
        seeds = [prior.sample(k, seed=10 * k + i) for i in range(COLUMNS)]
        for name, method in {"LERP": "linear", "LOL": "lol"}.items():
            mixed = [za.centroid(s, prior=prior, method=method) for s in seeds]
            rows[f"mean of {k}, {name}"] = np.stack(mixed)
    return rows | {f"noise × {scale}": scale * z for scale in SCALES}


def picture(model: za.models.FlowMatching) -> Figure:
    """A row for each, with the share of latents that pass their certificate."""
    pictures = {}
    for name, z in latents(model.prior_).items():
        share = za.check(z, model.prior_).plausible.mean()
        pictures[f"{name}: {share:.0%} plausible"] = model.inverse_transform(z.astype("float32"))
        print(f"| {name} | {share:.0%} |")
    return strips(pictures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000, help="pictures to learn from")
    parser.add_argument("--epochs", type=int, default=4)
    chosen = parser.parse_args()
    images = za.datasets.fashion_mnist("train").images[: chosen.n]
    model = za.models.FlowMatching(max_epochs=chosen.epochs, random_state=0).fit(images)
    save(picture(model), ASSETS / "off-prior.png", dpi=75)


if __name__ == "__main__":
    main()
