"""The picture of the page on DeepSDF: a chair becomes a table, and the table a couch.

    .venv/bin/python docs/gallery/furniture.py

200 drawn pieces are learned, in about a minute of one core. The nearest real meshes are shown where
``$ZALGEBRA_DATA`` holds them. Nothing is kept but the picture.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import zalgebra as za
from zalgebra.data.furniture import (
    FACTORS,
    KINDS,
    Furniture,
    RealFurniture,
    furniture,
    furniture_meshes,
)
from zalgebra.data.meshes import Mesh, chamfer, mesh_of, render
from zalgebra.models.deepsdf import DeepSDF

ASSETS = Path(__file__).parents[1] / "assets"
STEPS, POINTS, SIZE = 9, 2048, 160


def learned(pieces: Furniture) -> DeepSDF:
    """The model of the drawn pieces, and how long it took."""
    start, cpu = time.perf_counter(), time.process_time()
    model = DeepSDF(16, verbose=False).fit(pieces.sdf_rows(POINTS))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{len(pieces)} pieces learned in {seconds:.0f} s ({cpu:.0f} s of processor time)")
    return model


def probe(model: DeepSDF, pieces: Furniture, held_out: Furniture) -> np.ndarray:
    """The linear map from codes to factors, and how much of held-out factors it explains."""
    weights = np.linalg.lstsq(with_one(model.codes_), pieces.shapes)[0]
    missed = held_out.shapes - read(weights, model.transform(held_out.sdf_rows(POINTS, seed=1)))
    explained = 1 - missed.var(axis=0) / held_out.shapes.var(axis=0)
    print("| factor | explained, 60 held-out pieces |\n|---|---|")
    for name, share in zip(FACTORS, explained, strict=True):
        print(f"| {name} | {share:.2f} |")
    return weights


def with_one(codes: np.ndarray) -> np.ndarray:
    return np.insert(codes.astype(float), 0, 1, axis=1)


def read(weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Factors of codes, within the ranges that a piece can have."""
    ranges = np.array(list(FACTORS.values()))
    return np.clip(with_one(codes) @ weights, ranges.min(axis=(1, 2)), ranges.max(axis=(1, 2)))


def walk(model: DeepSDF) -> np.ndarray:
    """Codes from a chair by a table to a couch, none of which the model has seen."""
    ends = [
        furniture(1, seed=seed, kind=kind) for kind, seed in zip(KINDS, (21, 5, 8), strict=True)
    ]
    rows = np.concatenate([piece.sdf_rows(POINTS) for piece in ends])
    print(model.report(rows).verdict)
    return za.path(model.transform(rows), STEPS, prior=model.prior_)


def nearest(mesh: Mesh, others: Sequence[Mesh]) -> tuple[int, float]:
    """Which of the other surfaces is nearest, and its chamfer distance."""
    coarse = [chamfer(mesh, other, n=500) for other in others]
    fine = {int(i): chamfer(mesh, others[i]) for i in np.argsort(coarse)[:3]}
    best = min(fine, key=fine.__getitem__)
    return best, fine[best]


def picture(rows: dict[str, list[Mesh]]) -> Figure:
    """Meshes in rows, each on its own floor."""
    width = 1.3 * STEPS + 1.2
    figure = Figure(figsize=(width, 1.25 * len(rows)), dpi=110)
    for ax, (name, meshes) in zip(figure.subplots(len(rows), 1), rows.items(), strict=True):
        frames = [render(mesh, SIZE)[:, SIZE // 12 :] for mesh in meshes]
        ax.imshow(np.moveaxis(np.concatenate(frames, axis=2), 0, -1))
        ax.text(-0.008, 0.5, name, ha="right", va="center", fontsize=10, transform=ax.transAxes)
        ax.axis("off")
    figure.subplots_adjust(1.2 / width, 0.0, 1.0, 1.0, hspace=0.0)
    return figure


def table(meshes: list[Mesh], weights: np.ndarray, codes: np.ndarray) -> dict[str, list[Mesh]]:
    """Chamfer distances and factors of each frame; the rows of the picture."""
    between = Furniture(read(weights, codes).astype(np.float32), np.full(STEPS, -1))
    redrawn = [mesh_of(grid) for grid in between.sdf_grid(64)]
    drawn = [mesh_of(grid) for grid in furniture(200, seed=0).sdf_grid(32)]
    real = real_pieces()
    found = [nearest(mesh.fitted(), real.meshes) for mesh in meshes] if real else []
    print(f"| frame | itself | redrawn | nearest drawn | nearest real | {' | '.join(FACTORS)} |")
    print("|---" * (5 + len(FACTORS)) + "|")
    for i, mesh in enumerate(meshes):
        figures = [chamfer(mesh, mesh), chamfer(mesh, redrawn[i]), nearest(mesh, drawn)[1]]
        words = [f"{figure:.3f}" for figure in figures]
        words.append(f"{found[i][1]:.3f} ({real.names[found[i][0]]})" if real else "")
        print(f"| {i + 1} | {' | '.join([*words, *(f'{v:.2f}' for v in between.shapes[i])])} |")
    rows = {"decoded": meshes, "redrawn from\nits factors": redrawn}
    return (
        rows | {"nearest real": [real.meshes[j].fitted(0.75) for j, _ in found]} if real else rows
    )


def real_pieces() -> RealFurniture | None:
    """The real chairs, tables and sofas, where they are."""
    try:
        pieces = furniture_meshes()
    except za.types.BadInput as error:
        print(error)
        return None
    return pieces[[c in ("chair", "table", "sofa") for c in pieces.categories]]


def main() -> None:
    start = time.perf_counter()
    pieces = furniture(200, seed=0)
    model = learned(pieces)
    weights = probe(model, pieces, furniture(60, seed=1))
    codes = walk(model)
    meshes = [Mesh(*model.mesh(z)) for z in codes]
    picture(table(meshes, weights, codes)).savefig(ASSETS / "furniture.png")
    print(ASSETS / "furniture.png", f"{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
