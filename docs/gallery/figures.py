"""One picture of every kind of figure, and a page of 100,000 items as a telephone shows it.

    .venv/bin/python docs/gallery/figures.py            # all of them
    .venv/bin/python docs/gallery/figures.py tree page  # some

They are written to ``docs/assets``, from the bundled model and drawn faces. ``page`` needs
Fashion-MNIST and Debian's ``chromium``, and is left out without them; it writes ``map-html.png``.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from functools import cache
from pathlib import Path

import numpy as np
from chromium import Browser, chromium
from matplotlib.figure import Figure
from palette import ASSETS, save
from PIL import Image

import zalgebra as za
from directions import key
from zalgebra.estimators import maps
from zalgebra.estimators.directions_leakage import leakage_matrix
from zalgebra.studio.map_page import map_page

NAMES = ("smile", "glasses", "beard", "hair_length", "turn", "skin")
N = 100_000
TELEPHONE = {"width": 430, "height": 720, "deviceScaleFactor": 2, "mobile": True}
FOLDER = tempfile.TemporaryDirectory()


@cache
def workspace() -> za.Workspace:
    """The bundled model with 3,000 drawn faces, seed 1."""
    space = za.Workspace.create(Path(FOLDER.name) / "faces.zal", za.load("faces"))
    space.encode(za.datasets.faces(3000, seed=1))
    return space


def how() -> dict:
    """How expressions are realised and decoded."""
    space = workspace()
    return {"decode": space.model.inverse_transform, "prior": space.prior}


def equation() -> Figure:
    words = "img:3 - img:7 + img:4"
    return za.figures.spelt(words, workspace().items, **how())


def tree() -> Figure:
    words = "img:3 + 0.5*(img:4 - img:7) + smile"
    return za.figures.tree(words, workspace().items, **how())


def traversals() -> Figure:
    space = workspace()
    directions = [space.direction(name) for name in ("smile", "glasses", "hair_length", "turn")]
    strengths = (-50, -25, 0, 25, 50)
    return za.figures.traversals(space.items["img:3"], directions, strengths, **how())


def leakage() -> Figure:
    space = workspace()
    found = leakage_matrix(
        [space.direction(name) for name in NAMES],
        space.items.latents,
        {name: space.items.labels[name] for name in NAMES},
    )
    return za.figures.matrix(found)


def card() -> Figure:
    smile = workspace().direction("smile")
    figure = za.figures.card(smile)
    key(figure.axes[0])
    how, told = smile.card.how, figure.get_suptitle().replace("\n", " ")
    facts = told.removeprefix(smile.verdict).replace(f" {how} ", f"    {how} ").split("    ")
    whole = "    ".join(fact.strip().replace(" ", "\N{NO-BREAK SPACE}") for fact in facts)
    lines = (textwrap.fill(t, 64, break_on_hyphens=False) for t in (smile.verdict, whole))
    figure.suptitle("\n".join(lines), x=0.01, ha="left", parse_math=False)
    return figure


def certificate() -> Figure:
    """Twelve averages of two noises of 4 x 16 x 16 by LERP, which shrinks them, and by LOL."""
    noise = za.noise(range(48), (4, 16, 16)).reshape(24, 2, 4, 16, 16)
    means = [
        np.stack([za.centroid(pair, method=m) for pair in noise[:12]]) for m in ("linear", "lol")
    ]
    return za.figures.certificate(za.check(np.concatenate(means)))


def semantic() -> Figure:
    space, decode = workspace(), workspace().model.inverse_transform
    return za.figures.semantic(
        space.items.latents,
        space.direction("smile"),
        space.direction("hair_length"),
        lambda rows: decode(space.items.latents[rows]),
    )


def page() -> None:
    """Fashion-MNIST, all 70,000 and 30,000 of them mirrored, on a t-SNE map of 5,000.

    The map is fitted to 24 principal components of the first 5,000; all others are placed by their
    nearest items.
    """
    if chromium() is None:
        print("map-html.png is left out: there is no chromium on this machine")
        return
    train, test = za.datasets.fashion_mnist(), za.datasets.fashion_mnist("test")
    images = np.concatenate([train.images, test.images])
    rows = np.concatenate([np.arange(len(images)), np.arange(N - len(images))])
    groups = np.concatenate([train.labels["class"], test.labels["class"]])[rows]

    def pictures(chosen: np.ndarray) -> np.ndarray:
        mirrored = chosen >= len(images)
        found = images[rows[chosen]]
        return np.where(mirrored[:, None, None, None], found[..., ::-1], found)

    flat = pictures(np.arange(N)).reshape(N, -1)
    basis = np.linalg.svd(flat[:5000] - flat[:5000].mean(axis=0), full_matrices=False)[2][:24]
    Z = ((flat - flat[:5000].mean(axis=0)) @ basis.T).astype(np.float32)
    found = maps.TSNE(inverse="neighbours", random_state=0).fit(Z[:5000])
    places = found.transform(Z)
    made = map_page(
        places, pictures, labels={"class": groups}, classes=train.classes,
        error=found.inverse_.report(places).error, worst=float(np.sqrt(found.inverse_.spread)),
        title="Fashion-MNIST",
    )  # fmt: skip
    print(made.sentence)
    file = made.write(Path(FOLDER.name) / "map.html")
    browser = Browser(Path(FOLDER.name) / "browser")
    try:
        browser.call("Emulation.setDeviceMetricsOverride", **TELEPHONE)
        browser.open(file)
        print(f"open after {browser.value('document.body.dataset.milliseconds')} ms")
        left, top = browser.value("(r => [r.x, r.y])(document.getElementById('over')"
                                  ".getBoundingClientRect())")  # fmt: skip
        boots = places[groups == 9]  # one of them that is not under their name
        at = np.median(boots[:, 0]), np.quantile(boots[:, 1], 0.15)
        shown = int(np.argmin(np.abs(places - at).sum(axis=1)))
        x, y = browser.value(f"zalgebra.place({shown})")
        browser.click(left + x, top + y)
        browser.wait("document.querySelector('#cards .card').dataset.thumbnail === 'drawn'")
        screenshot = browser.picture(Path(FOLDER.name) / "page.png")
        print("complaints:", browser.complaints())
    finally:
        browser.close()
    picture = Image.open(screenshot).convert("RGB").quantize(128)
    picture.save(ASSETS / "map-html.png", optimize=True)
    print(f"map-html.png: {(ASSETS / 'map-html.png').stat().st_size // 1000} kB")


FIGURES = (equation, tree, traversals, leakage, card, certificate, semantic)


def main() -> None:
    ASSETS.mkdir(exist_ok=True)
    wanted = sys.argv[1:] or [*(f.__name__ for f in FIGURES), "page"]
    for make in FIGURES:
        if make.__name__ in wanted:
            save(make(), ASSETS / f"figures-{make.__name__}.png", dpi=110)
    if "page" in wanted:
        page()


if __name__ == "__main__":
    main()
