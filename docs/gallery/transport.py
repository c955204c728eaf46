"""The picture and the tables of the page on transport: what carries one group of faces to another.

    .venv/bin/python docs/gallery/transport.py

Drawn faces and the bundled model; nothing is trained and nothing is downloaded. POT is needed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from palette import ASSETS, save
from scipy.stats import ks_2samp
from strips import strips

import zalgebra as za
from zalgebra.algebra import transport

N = 1000  # faces in each group that a map is fitted to, and in each that it is judged on
GROUPS = {
    "short → long hair": ({"hair_length": 0.0}, {"hair_length": 1.0}),
    "plain → smile, glasses, beard": (
        {"smile": 0, "glasses": 0, "beard": 0, "mouth_open": 0},
        {"smile": 1, "glasses": 1, "beard": 1},
    ),
}
Carrier = Callable[[np.ndarray], np.ndarray]


def codes(model: za.models.VAE, n: int, seed: int, factors: dict[str, float]) -> np.ndarray:
    """Latents of drawn faces that share some factors."""
    return model.transform(za.datasets.faces(n, seed=seed, **factors).images).astype(float)


def carriers(source: np.ndarray, target: np.ndarray) -> dict[str, Carrier]:
    """Each way to carry the one group to the other."""
    shift = target.mean(axis=0) - source.mean(axis=0)
    return {
        "mean shift": lambda z: z + shift,
        "Gaussian map": transport.gaussian_map(source, target),
        "discrete, exact": transport.discrete_map(source, target),
        "discrete, reg 0.05": transport.discrete_map(source, target, reg=0.05),
    }


def row(name: str, moved: np.ndarray, items: np.ndarray | None, target: np.ndarray) -> str:
    """A line of the table: distances to the target group, its share of spread, the way's length."""
    ks = np.mean([ks_2samp(a, b).statistic for a, b in zip(moved.T, target.T, strict=True)])
    gaussian, sample = transport.bures(moved, target), transport.discrete_map(moved, target)
    way = "" if items is None else f"{np.sqrt(np.mean(np.sum((moved - items) ** 2, axis=1))):.2f}"
    spread = moved.var(axis=0).sum() / target.var(axis=0).sum()
    figures = f"{gaussian:.2f} | {sample.distance:.2f} | {ks:.3f} | {spread:.2f}"
    return f"| {name} | {figures} | {way} |"


def table(model: za.models.VAE) -> None:
    """Held-out faces of the source group, carried, against held-out ones of the target group."""
    for title, factors in GROUPS.items():
        source, target = (codes(model, 2 * N, 1 + i, f) for i, f in enumerate(factors))
        held_out, judge = source[N:], target[N:]
        print(f"\n{title}\n| carried by | W2, Gaussian | W2, samples | KS, mean | spread | way |")
        print("|---|---|---|---|---|---|")
        print(row("nothing", held_out, held_out, judge))
        for name, carry in carriers(source[:N], target[:N]).items():
            print(row(name, carry(held_out), held_out, judge))
        print(row("(other faces of the target group)", target[:N], None, judge))


def kept(model: za.models.VAE, title: str) -> None:
    """Correlation of what is read off carried faces with what they were drawn from."""
    before, after = (
        za.datasets.faces(2 * N, seed=1 + i, **factors) for i, factors in enumerate(GROUPS[title])
    )
    source, target = (model.transform(faces.images).astype(float) for faces in (before, after))
    words = ["hair_color", "shirt", "backdrop", "skin", "face_width"]
    print(f"\n| carried by | {' | '.join(words)} |\n|{'---|' * (len(words) + 1)}")
    labels = np.stack([after.labels[word][:N] for word in words], axis=1)
    reader = np.linalg.lstsq(np.insert(target[:N], 0, 1, axis=1), labels)[0]
    for name, carry in carriers(source[:N], target[:N]).items():
        read = np.insert(carry(source[N:]), 0, 1, axis=1) @ reader
        drawn = (before.labels[word][N:] for word in words)
        r = [np.corrcoef(a, b)[0, 1] for a, b in zip(read.T, drawn, strict=True)]
        print(f"| {name} | {' | '.join(f'{x:.2f}' for x in r)} |")


def picture(model: za.models.VAE, title: str, columns: int = 8) -> Figure:
    """Held-out faces, and each carried by every way."""
    source, target = GROUPS[title]
    z = codes(model, columns, 17, source)
    ways = carriers(codes(model, N, 1, source), codes(model, N, 2, target))
    rows = {"item, decoded": z, **{name: carry(z) for name, carry in ways.items()}}
    rows["target group"] = codes(model, columns, 18, target)
    return strips({name: model.inverse_transform(z.astype("float32")) for name, z in rows.items()})


def main() -> None:
    model = za.load("faces")
    save(picture(model, "short → long hair"), ASSETS / "transport.png")
    table(model)
    kept(model, "short → long hair")


if __name__ == "__main__":
    main()
