"""The picture of the page on DeepSDF: a chair becomes a table, and the table a couch.

    .venv/bin/python docs/gallery/furniture.py
    .venv/bin/python docs/gallery/furniture.py --film walk.mp4 --glb walk/ --real

267 drawn pieces are learned, in about 70 seconds of one core. A quarter of them lie between two:
what no piece shows, the model would have to guess. Where ``$ZALGEBRA_DATA`` holds real meshes, each
frame is measured against the nearest, and ``--real`` learns from them too; they are in no picture
that is kept here. Nothing is kept but the picture, and what ``--film`` and ``--glb`` name.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from palette import ASSETS, save
from strips import strips

import zalgebra as za
from zalgebra.data.furniture import (
    FACTORS,
    KINDS,
    Furniture,
    RealFurniture,
    furniture,
    furniture_meshes,
)
from zalgebra.data.meshes import Mesh, chamfer, mesh_of, render, save_mesh
from zalgebra.models.deepsdf import DeepSDF
from zalgebra.studio.film import shoot
from zalgebra.studio.frames import Layout

STEPS, POINTS, SIZE = 9, 2048, 160
FRAMES, FPS, SIDE, CELLS = 73, 24, 320, 64  # of the film


def pieces_and_between(n: int = 200, between: int = 67) -> Furniture:
    """Drawn pieces, and others whose factors lie between those of two."""
    pieces, a, b = furniture(n, seed=0), furniture(between, seed=2), furniture(between, seed=3)
    t = np.random.default_rng(0).random((between, 1)).astype(np.float32)
    shapes = np.concatenate([pieces.shapes, (1 - t) * a.shapes + t * b.shapes])
    return Furniture(shapes, np.concatenate([pieces.kind, np.full(between, -1)]))


def learned(pieces: Furniture, real: RealFurniture | None = None) -> DeepSDF:
    """The model of the pieces, and how long it took."""
    rows = pieces.sdf_rows(POINTS)
    rows = rows if real is None else np.concatenate([rows, real.sdf_rows(POINTS)])
    start, cpu = time.perf_counter(), time.process_time()
    model = DeepSDF(16, verbose=False).fit(rows)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{len(rows)} pieces learned in {seconds:.0f} s ({cpu:.0f} s of processor time)")
    return model


def probe(model: DeepSDF, pieces: Furniture, held_out: Furniture) -> np.ndarray:
    """The linear map from codes to factors, and how much of held-out factors it explains."""
    weights = np.linalg.lstsq(with_one(model.codes_[: len(pieces)]), pieces.shapes)[0]
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


def keyframes(model: DeepSDF) -> np.ndarray:
    """Codes of a chair, a table and a couch, none of which the model has seen."""
    ends = [
        furniture(1, seed=seed, kind=kind) for kind, seed in zip(KINDS, (21, 5, 8), strict=True)
    ]
    rows = np.concatenate([piece.sdf_rows(POINTS) for piece in ends])
    print(model.report(rows).verdict)
    return model.transform(rows)


def nearest(mesh: Mesh, others: Sequence[Mesh]) -> tuple[int, float]:
    """Which of the other surfaces is nearest, and its chamfer distance."""
    coarse = [chamfer(mesh, other, n=500) for other in others]
    fine = {int(i): chamfer(mesh, others[i]) for i in np.argsort(coarse)[:3]}
    best = min(fine, key=fine.__getitem__)
    return best, fine[best]


def picture(rows: dict[str, list[Mesh]]) -> Figure:
    """Meshes in rows, each on its own floor."""
    return strips(
        {
            name: np.stack([render(mesh, SIZE)[:, SIZE // 12 :] for mesh in meshes])
            for name, meshes in rows.items()
        }
    )


def table(
    model: DeepSDF, meshes: list[Mesh], weights: np.ndarray, codes: np.ndarray
) -> dict[str, list[Mesh]]:
    """Chamfer distances and factors of each frame; the rows of the picture."""
    between = Furniture(read(weights, codes).astype(np.float32), np.full(STEPS, -1))
    redrawn = [mesh_of(grid) for grid in between.sdf_grid(64)]
    drawn = [mesh_of(grid) for grid in furniture(200, seed=0).sdf_grid(32)]
    real = real_pieces()
    found = [nearest(mesh.fitted(), real.meshes) for mesh in meshes] if real else []
    heads = ["frame", "itself", "redrawn", "nearest drawn", "nearest real", "unsure", *FACTORS]
    print(f"| {' | '.join(heads)} |\n" + "|---" * len(heads) + "|")
    for i, mesh in enumerate(meshes):
        figures = [chamfer(mesh, mesh), chamfer(mesh, redrawn[i]), nearest(mesh, drawn)[1]]
        words = [f"{figure:.3f}" for figure in figures]
        words.append(f"{found[i][1]:.3f} ({real.names[found[i][0]]})" if real else "")
        words.append(f"{unsure(model, codes[i]):.2f}")
        print(f"| {i + 1} | {' | '.join([*words, *(f'{v:.2f}' for v in between.shapes[i])])} |")
    return {"decoded": meshes, "redrawn from its factors": redrawn}


def unsure(model: DeepSDF, code: np.ndarray, n: int = 60_000) -> float:
    """How much space lies within 0.01 of the surface by the model, over what there is in truth.

    A true distance grows by its own amount, so that is 0.02 times the area. Where the model does
    not know it is flat, and its surface may lie anywhere in the flat.
    """
    points = np.random.default_rng(0).uniform(-1, 1, (n, 3)).astype(np.float32)
    with torch.no_grad():
        distances = model.decode(torch.from_numpy(code[None]), torch.from_numpy(points))
    near = 8 * float((distances.abs() < 0.01).float().mean())
    return near / (0.02 * float(Mesh(*model.mesh(code, resolution=32)).areas.sum()))


def film(model: DeepSDF, ends: np.ndarray, output: Path | None, folder: Path | None) -> None:
    """The walk at one speed, as a film, and as meshes that any viewer of glTF opens."""
    codes = za.path(ends, FRAMES, pace="arc", prior=model.prior_)

    def frames() -> Iterator[list[np.ndarray]]:
        for i, code in enumerate(codes):
            mesh = Mesh(*model.mesh(code, resolution=CELLS))
            if folder is not None:
                save_mesh(mesh, folder / f"frame-{i + 1:04d}.glb")
            yield [render(mesh, SIDE, floor=-0.9)] if output is not None else []

    if output is None:
        print(f"{folder}: {sum(1 for _ in frames())} meshes")
        return
    layout = Layout((3, SIDE, SIDE), side=SIDE)
    command = f"python docs/gallery/furniture.py --film {output}"
    made = shoot(
        layout.frames(frames()), output, n=FRAMES, size=layout.size, fps=FPS, comment=command
    )
    print(made)


def real_pieces() -> RealFurniture | None:
    """The real chairs, tables and sofas, where they are."""
    try:
        pieces = furniture_meshes()
    except za.types.BadInput as error:
        print(error)
        return None
    return pieces[[c in ("chair", "table", "sofa") for c in pieces.categories]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--film", type=Path, help="write the walk as .mp4, .gif or .webp")
    parser.add_argument("--glb", type=Path, help="write its meshes into this folder")
    parser.add_argument("--real", action="store_true", help="learn from the real meshes too")
    asked = parser.parse_args()
    start = time.perf_counter()
    pieces = pieces_and_between()
    model = learned(pieces, real_pieces() if asked.real else None)
    weights = probe(model, pieces, furniture(60, seed=1))
    ends = keyframes(model)
    codes = za.path(ends, STEPS, prior=model.prior_)
    meshes = [Mesh(*model.mesh(z)) for z in codes]
    rows = table(model, meshes, weights, codes)
    if not asked.real:  # what is shown in the docs is drawn, and nobody else's
        save(picture(rows), ASSETS / "furniture.png", dpi=140)
        print(f"{time.perf_counter() - start:.0f} s in all")
    if asked.film or asked.glb:
        film(model, ends, asked.film, asked.glb)


if __name__ == "__main__":
    main()
