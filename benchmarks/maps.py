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
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import zalgebra as za
from _timing import machine, table
from zalgebra.estimators import maps
from zalgebra.estimators.maps.inverse import learn
from zalgebra.estimators.maps.outside import region
from zalgebra.measures import continuity, trustworthiness

SEED = 0


class Work:
    """The latents of both splits and the model, as they lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.model = za.load(folder / "model")
        with np.load(folder / "data.npz") as data:
            self.train, self.test, self.images = data["train"], data["test"], data["images"]

    def errors(self, z: np.ndarray, rows: slice = slice(None)) -> dict[str, float]:
        """Root mean squares over items and entries, of latents and of pictures."""
        pictures = self.model.inverse_transform(z.astype(np.float32))
        return {"latent": rms(z, self.test[rows]), "image": rms(pictures, self.images[rows])}


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


def one(folder: Path, method: str) -> dict[str, Any]:
    """All figures of one map."""
    work = Work(folder)
    k = min(10, len(work.train) // 4)
    with cost() as fitting:
        found = maps.METHODS[method](prior=work.model.prior_, random_state=SEED).fit(work.train)
    with cost() as placing:
        places = found.transform(work.test)
    z, report = found.inverse_transform(places, report=True)
    made = np.sqrt(((z - work.test) ** 2).mean(axis=1))
    nearest = learn_nearest(found.embedding_, work.train, places)
    plain = learn(
        found.embedding_, work.train, found.inverse_.region, method="auto", prior=None,
        random_state=SEED,
    )  # fmt: skip
    return {
        "trust": trustworthiness(work.train, found.embedding_, k=k).to_dict(),
        "continuity": continuity(work.train, found.embedding_, k=k).value,
        "seconds": fitting.seconds,
        "placing": placing.seconds,
        "memory": fitting.memory,
        "inverse": found.inverse_.name,
        "with prior": work.errors(z),
        "plain inverse": plain.name,
        "plain": work.errors(plain(places)),
        "nearest": work.errors(nearest),
        "told": float(np.sqrt((report.error**2).mean())),
        "agree": float(np.corrcoef(report.error, made)[0, 1]),
        "false alarms": float(report.outside.mean()),
        "off": off(found.inverse_.region.is_outside, found.embedding_),
    }


def learn_nearest(known: np.ndarray, Z: np.ndarray, asked: np.ndarray) -> np.ndarray:
    from zalgebra.estimators.maps.neighbours import nearest

    return Z[nearest(asked, known, 1)[0][:, 0]]


def ring(places: np.ndarray, count: int = 100) -> np.ndarray:
    """Points off the hull: on the smallest circle about the middle that holds all items, × 1.2."""
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    radius = 1.2 * np.linalg.norm(places - middle, axis=1).max()
    a = 2 * np.pi * np.arange(count) / count
    return (middle + radius * np.stack([np.cos(a), np.sin(a)], axis=1)).astype(np.float32)


def off(is_outside: Any, places: np.ndarray) -> float:
    return float(is_outside(ring(places)).mean())


def umap_learn(folder: Path, count: int) -> dict[str, Any]:
    """umap-learn's map and its own inverse, beside ours and the nearest item on the same map."""
    import warnings

    import umap

    work, rows = Work(folder), slice(0, count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = umap.UMAP(random_state=SEED, n_jobs=1).fit(work.train)
        places = own.transform(work.test[rows])
        known = np.asarray(own.embedding_, dtype=np.float32)
        with cost() as spent:
            theirs = np.asarray(own.inverse_transform(places))
        beyond = np.asarray(own.inverse_transform(ring(known, 20)))
    ours = learn(known, work.train, region(known), method="auto", prior=None, random_state=SEED)
    with cost() as mine_cost:
        mine = ours(places.astype(np.float32))
    told = ours.report(places.astype(np.float32))
    return {
        "n": count,
        "umap-learn": work.errors(theirs, rows) | {"seconds": spent.seconds},
        "ours": work.errors(mine, rows) | {"seconds": mine_cost.seconds, "name": ours.name},
        "nearest": work.errors(learn_nearest(known, work.train, places), rows),
        "told": float(np.sqrt((told.error**2).mean())),
        "said outside": {"ours": off(ours.region.is_outside, known), "umap-learn": 0.0},
        "beyond finite": bool(np.isfinite(beyond).all()),
        "beyond norm": float(np.linalg.norm(beyond, axis=1).mean()),
        "item norm": float(np.linalg.norm(work.train, axis=1).mean()),
    }


@dataclass
class Cost:
    """CPU seconds, which other work on the machine hardly lengthens, and MB that were added."""

    seconds: float = 0.0
    memory: float = 0.0


@contextmanager
def cost() -> Generator[Cost]:
    """What the block costs; its memory is the peak since its start, which Linux alone tells."""
    found, status, reset = Cost(), Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    before = _kilobytes(status, "VmRSS")
    start = time.process_time()
    yield found
    found.seconds = time.process_time() - start
    found.memory = (_kilobytes(status, "VmHWM") - before) / 1024


def _kilobytes(status: Path, key: str) -> float:
    if not status.exists():
        return float("nan")
    return float(next(x.split()[1] for x in status.read_text().splitlines() if x.startswith(key)))


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
         f"{f['continuity']:.3f}", f"{f['seconds']:.1f}", f"{f['placing']:.2f}",
         f"{f['memory']:.0f}"]
        for m, f in found.items()
    ]  # fmt: skip
    parts = [table(head, rows)]
    head = ["map", "inverse", "latent", "told", "agree", "image", "without prior",
            "latent", "image", "nearest: latent", "image", "outside: ring", "held-out"]  # fmt: skip
    rows = [
        [m, f["inverse"], f"{f['with prior']['latent']:.3f}", f"{f['told']:.3f}",
         f"{f['agree']:.2f}", f"{f['with prior']['image']:.4f}", f["plain inverse"],
         f"{f['plain']['latent']:.3f}", f"{f['plain']['image']:.4f}",
         f"{f['nearest']['latent']:.3f}", f"{f['nearest']['image']:.4f}",
         f"{100 * f['off']:.0f} %", f"{100 * f['false alarms']:.1f} %"]
        for m, f in found.items()
    ]  # fmt: skip
    parts.append(table(head, rows))
    parts.append(
        f"a random item: latent {base['any latent']:.3f}, image {base['any image']:.4f}; "
        f"the model's own reconstruction: image {base['floor']:.4f}"
    )
    if own:
        rows = [
            [name, f"{own[name]['latent']:.3f}", f"{own[name]['image']:.4f}",
             f"{own[name].get('seconds', 0):.2f}", f"{100 * share:.0f} %"]
            for name, share in
            (("umap-learn", 0.0), ("ours", own["said outside"]["ours"]), ("nearest", 0.0))
        ]  # fmt: skip
        head = [
            f"on umap-learn's map, {own['n']} points",
            "latent",
            "image",
            "CPU s",
            "ring outside",
        ]
        parts.append(table(head, rows))
        parts.append(
            f"ours is {own['ours']['name']}, told {own['told']:.3f}; off the hull umap-learn's "
            f"inverse gives latents of norm {own['beyond norm']:.2f} (an item's is "
            f"{own['item norm']:.2f}) and says nothing"
        )
    return "\n\n".join(parts)


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
        own = args.one == "umap-learn"
        figures = umap_learn(args.folder, args.umap) if own else one(args.folder, args.one)
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
