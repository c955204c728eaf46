"""Maps of Fashion-MNIST: what each keeps and costs, and how far its inverse can be trusted.

    .venv/bin/python benchmarks/maps.py --n 1000
    .venv/bin/python benchmarks/maps.py            # 10,000 real images

A VAE is fitted to the n training images; its latents are mapped. 1,000 images of the test split are
placed on each map, brought back and decoded. Each map is fitted in a process of its own, which
imports and compiles what it needs as part of the fit; its memory is by how much that grew.
umap-learn's own inverse is compared on umap-learn's own map and on the places that it gives to test
images, so that all inverses are asked the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import zalgebra as za
from _timing import machine, table
from zalgebra.estimators import maps
from zalgebra.studio.bench.map_cells import OWN, Ready, one, umap_learn

SEED = 0


def ready(folder: Path) -> Ready:
    """The latents of both splits and the model, as they lie in a folder."""
    with np.load(folder / "data.npz") as data:
        return Ready(za.load(folder / "model"), data["train"], data["test"], data["images"])


def rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


def prepare(folder: Path, n: int, held: int, epochs: int) -> dict[str, Any]:
    """Fit the model, encode both splits."""
    fashion = (za.datasets.fashion_mnist("train"), za.datasets.fashion_mnist("test"))
    train, test = fashion[0][:n].images, fashion[1][:held].images
    start = time.perf_counter()
    model = za.models.VAE(
        latent_dim=16, width=16, max_epochs=epochs, random_state=SEED, verbose=False
    ).fit(train)
    seconds = time.perf_counter() - start
    model.save(folder / "model")
    Z, Zt = model.transform(train), model.transform(test)
    np.savez(folder / "data.npz", train=Z, test=Zt, images=test)
    floor = rms(model.inverse_transform(Zt), test)
    any_item = np.random.default_rng(SEED).permutation(n)[: len(Zt)]
    return {
        "fit": seconds,
        "floor": floor,
        "any latent": rms(Z[any_item], Zt[: len(any_item)]),
        "any image": rms(train[any_item], test[: len(any_item)]),
    }


def child(folder: Path, what: str, *more: str) -> dict[str, Any]:
    """Figures from a process of their own."""
    words = [sys.executable, __file__, "--folder", str(folder), "--one", what, *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def report(found: dict[str, dict[str, Any]], base: dict[str, Any], own: dict[str, Any]) -> str:
    head = ["map", "trustworthiness", "continuity", "fit (CPU s)", "placing (CPU s)", "memory (MB)"]
    rows = [
        [m, f"{f['trust']['value']:.3f} [{f['trust']['low']:.3f}, {f['trust']['high']:.3f}]",
         told(f, "continuity"), f"{f['seconds']:.1f}", f"{f['placing']:.2f}",
         "nan" if f["memory"] is None else f"{f['memory']:.0f}"]
        for m, f in found.items()
    ]  # fmt: skip
    parts = [table(head, rows)]
    head = ["map", "inverse", "latent", "told", "agree", "image", "without prior",
            "latent", "image", "nearest: latent", "image", "outside: ring", "held-out"]  # fmt: skip
    rows = [
        [m, f["inverse"], told(f, "latent"), f"{f['told']:.3f}",
         "nan" if f["agree"] is None else f"{f['agree']:.2f}", told(f, "image", 4),
         f["plain_inverse"], told(f, "plain_latent"), told(f, "plain_image", 4),
         told(f, "nearest_latent"), told(f, "nearest_image", 4),
         f"{100 * f['off']['value']:.0f} %", f"{100 * f['false_alarms']['value']:.1f} %"]
        for m, f in found.items()
    ]  # fmt: skip
    parts.append(table(head, rows))
    parts.append(
        f"a random item: latent {base['any latent']:.3f}, image {base['any image']:.4f}; "
        f"the model's own reconstruction: image {base['floor']:.4f}"
    )
    return "\n\n".join([*parts, *(beside(own) if own else [])])


def beside(own: dict[str, Any]) -> list[str]:
    """umap-learn's own inverse, ours and the nearest item on the same map."""
    head = [f"on umap-learn's map, {own['n']} points", "latent", "image", "CPU s", "ring outside"]
    rows = [
        [name, told(own, f"{way}latent"), told(own, f"{way}image", 4), f"{seconds:.2f}",
         f"{100 * share:.0f} %"]
        for name, way, seconds, share in (
            ("umap-learn", "", own["seconds"], 0.0),
            ("ours", "ours_", own["ours_seconds"], own["ours_off"]["value"]),
            ("nearest", "nearest_", 0.0, 0.0),
        )
    ]  # fmt: skip
    words = (
        f"ours is {own['ours_inverse']}, told {own['told']:.3f}; off the hull umap-learn's "
        f"inverse gives latents of norm {own['beyond_norm']:.2f} (an item's is "
        f"{own['item_norm']:.2f}) and says nothing"
    )
    return [table(head, rows), words]


def told(figures: dict[str, Any], name: str, digits: int = 3) -> str:
    return f"{figures[name]['value']:.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000, help="training images")
    parser.add_argument("--held", type=int, default=1_000, help="test images")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--maps", default=",".join(maps.METHODS))
    parser.add_argument("--umap", type=int, default=200, help="points for umap-learn's inverse")
    parser.add_argument("--folder", type=Path, help="keep what was found, and go on from there")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        given = ready(args.folder)
        own = args.one == OWN
        figures, _ = umap_learn(given, args.umap, SEED) if own else one(given, args.one, SEED)
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = args.folder or Path(place)
        base = kept(folder / "base", lambda: prepare(folder, args.n, args.held, args.epochs))
        print(f"n = {args.n}, {args.held} held out, seed {SEED}; {machine()}")
        print(f"VAE of 16 entries, {args.epochs} epochs, {base['fit']:.0f} s", flush=True)
        found = {m: kept(folder / m, lambda m=m: child(folder, m)) for m in args.maps.split(",")}
        own: dict[str, Any] = {}
        if args.umap:
            more = ("--umap", str(args.umap))
            own = kept(folder / "umap-learn", lambda: child(folder, "umap-learn", *more))
        print(f"\n{report(found, base, own)}")


def kept(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What was found, from its file if a run before this one has come so far."""
    file = file.with_suffix(".json")
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        found = make()
        print(f"{file.stem}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        file.write_text(json.dumps(found))
    return json.loads(file.read_text())


if __name__ == "__main__":
    main()
