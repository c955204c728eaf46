"""The picture of the page on directions: two cards of one smile.

    .venv/bin/python docs/gallery/directions.py

It is written to ``docs/assets``, from the bundled model and drawn faces; nothing is downloaded. The
page's figures on turning and speed are printed.
"""

from __future__ import annotations

import textwrap
import time

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from palette import ASSETS, save

import zalgebra as za
from zalgebra.estimators.directions_turning import turning
from zalgebra.studio import cards

OTHERS = ("beard", "glasses", "light", "skin", "hair_length", "mouth_open")


def confounded(n: int = 3000) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Latents of faces of which most that smile have a beard."""
    faces = za.datasets.faces(n, seed=21)
    smile, rng = faces.labels["smile"] > 0.5, np.random.default_rng(0)
    keep = rng.random(n) < np.where(smile == (faces.labels["beard"] > 0.5), 0.85, 0.15)
    Z = za.load("faces").transform(faces.images)
    return Z[keep], smile[keep], {k: faces.labels[k][keep] for k in OTHERS}


def both(plain: za.Direction, pure: za.Direction) -> Figure:
    """The data along the second, and below it the leakage of both."""
    figure = Figure(figsize=(6.2, 7.8), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[3, 2])
    cards.along(pure, ax=above)
    key(above)
    above.set_title(textwrap.fill(pure.verdict, 56), fontsize=11, loc="left", parse_math=False)
    place = np.arange(len(OTHERS))
    forms = (plain, 0.2, "white", "#5f656d"), (pure, -0.2, "#a3283a", "#a3283a")
    for direction, shift, fill, ink in forms:
        moved = [direction.leakage[k] for k in OTHERS]
        hatch = "////" if direction is plain else ""
        below.barh(
            place + shift, moved, height=0.36, color=fill, edgecolor=ink, hatch=hatch,
            label=direction.name,
        )  # fmt: skip
    below.set_yticks(place, [k.replace("_", " ") for k in OTHERS])
    below.axvline(0, color="#2b2d42", linewidth=0.8)
    below.set_xlabel("leakage of one δ, in sd")
    below.legend(frameon=False, fontsize=11, loc="center right")
    for side in ("top", "right"):
        below.spines[side].set_visible(False)
    return figure


def key(ax: Axes) -> None:
    """What a card's marks are, in two columns; one of its groups is hatched."""
    for part in ax.patches:
        if part.get_label() == "without":
            part.set(hatch="//", edgecolor=part.get_facecolor())
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=3)


def main() -> None:
    Z, smile, others = confounded()
    plain = za.Direction.from_labels(Z, smile, attributes=others, name="smile")
    pure = za.Direction.from_labels(Z, smile, given=others, name="smile, the others held still")
    ASSETS.mkdir(exist_ok=True)
    save(both(plain, pure), ASSETS / "directions.png")
    print(turning(Z, smile, given=others))
    big, y = np.random.default_rng(0).standard_normal((10_000, 64)), np.arange(10_000) % 2
    za.Direction.from_labels(big, y)
    start = time.process_time()
    za.Direction.from_labels(big + 0.1 * y[:, None], y)
    print(f"card of 10,000 x 64: {time.process_time() - start:.2f} s of CPU")


if __name__ == "__main__":
    main()
