"""A cell of the comparison of maps, measured in a process of its own that starts from a folder."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.estimators import maps
from zalgebra.estimators.maps.inverse import learn
from zalgebra.estimators.maps.neighbours import nearest
from zalgebra.estimators.maps.outside import region
from zalgebra.files import read_tensors, write_tensors
from zalgebra.measures import Score, continuity, proportion, trustworthiness
from zalgebra.measures.intervals import statistic_score
from zalgebra.models import load
from zalgebra.studio.bench.ground import decoded
from zalgebra.studio.bench.map_costs import cost

__all__ = ["OWN", "Ready", "main", "one", "ring", "umap_learn", "written"]

OWN = "umap-learn"  # its map with its own inverse, which is no method of ours
SHOWN = 10  # held-out items whose pictures are kept
NEIGHBOURS = 10
RING = 100  # points asked off the hull

Made = tuple[dict[str, Any], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Ready:
    """What a map is tried on.

    Parameters
    ----------
    model
        Fitted; its prior is that of the maps.
    train, test
        Latents ``(n, *shape)`` that the map is fitted to, and held-out ones.
    images
        The held-out pictures ``(m, C, H, W)``.
    """

    model: Any
    train: np.ndarray
    test: np.ndarray
    images: np.ndarray

    def errors(
        self, found: Callable[[], np.ndarray], prefix: str = "", rows: slice = slice(None)
    ) -> tuple[dict[str, Any], np.ndarray]:
        """Root mean square errors of latents and of pictures, and the pictures."""
        z = np.asarray(found(), dtype=np.float32)
        pictures = decoded(self.model, z)
        scores = {"latent": rms(z, self.test[rows]), "image": rms(pictures, self.images[rows])}
        return {f"{prefix}{name}": s.to_dict() for name, s in scores.items()}, pictures


def rms(a: np.ndarray, b: np.ndarray, /) -> Score:
    """Root mean square over items and entries, with its interval over items."""
    square = ((a - b) ** 2).reshape(len(a), -1).mean(axis=1, dtype=float)
    return statistic_score(
        lambda kept: math.sqrt(square[kept].mean()), len(square), "root mean square error"
    )


def one(ready: Ready, method: str, seed: int, /) -> Made:
    """All figures of one map; its places, and what came back of the first held-out items."""
    k = min(NEIGHBOURS, len(ready.train) // 4)
    with cost() as fitting:
        found = maps.METHODS[method](prior=ready.model.prior_, random_state=seed).fit(ready.train)
    with cost() as placing:
        places = found.transform(ready.test)
    z, report = found.inverse_transform(places, report=True)
    made = np.sqrt(((z - ready.test) ** 2).reshape(len(z), -1).mean(axis=1))
    own = found.inverse_
    plain = learn(found.embedding_, ready.train, own.region, method="auto", prior=None,
                  random_state=seed)  # fmt: skip
    errors, pictures = ready.errors(lambda: z)
    agree = float(np.corrcoef(report.error, made)[0, 1]) if np.ptp(report.error) > 0 else None
    figures = {
        "trust": trustworthiness(ready.train, found.embedding_, k=k).to_dict(),
        "continuity": continuity(ready.train, found.embedding_, k=k).to_dict(),
        "seconds": fitting.seconds, "placing": placing.seconds,
        "peak": fitting.peak, "memory": fitting.memory,
        "inverse": own.name, **errors,
        "plain_inverse": plain.name, **ready.errors(lambda: plain(places), "plain_")[0],
        **ready.errors(lambda: by_nearest(found.embedding_, ready.train, places), "nearest_")[0],
        "told": float(np.sqrt((report.error**2).mean())), "agree": agree,
        "false_alarms": proportion(report.outside, "held-out items said to be outside").to_dict(),
        "off": said_outside(own.region, found.embedding_).to_dict(),
    }  # fmt: skip
    return figures, {"embedding": found.embedding_, "pictures": pictures[:SHOWN]}


def umap_learn(ready: Ready, count: int, seed: int, /) -> Made:
    """umap-learn's map and its own inverse, beside ours and the nearest item on the same map."""
    import umap

    rows = slice(0, count)
    flat = ready.train.reshape(len(ready.train), -1)
    tests = ready.test[rows].reshape(len(ready.test[rows]), -1)
    shape = ready.train.shape[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = umap.UMAP(random_state=seed, n_jobs=1).fit(flat)
        places = own.transform(tests)
        known = np.asarray(own.embedding_, dtype=np.float32)
        with cost() as spent:
            theirs = np.asarray(own.inverse_transform(places)).reshape(-1, *shape)
        beyond = np.asarray(own.inverse_transform(ring(known, 20)))
    ours = learn(known, ready.train, region(known), method="auto", prior=None, random_state=seed)
    with cost() as mine:
        z = ours(places.astype(np.float32))
    report = ours.report(places.astype(np.float32))
    errors, pictures = ready.errors(lambda: theirs, rows=rows)
    figures = {
        "n": len(tests), **errors, "seconds": spent.seconds,
        **ready.errors(lambda: z, "ours_", rows)[0], "ours_seconds": mine.seconds,
        "ours_inverse": ours.name,
        **ready.errors(lambda: by_nearest(known, ready.train, places), "nearest_", rows)[0],
        "told": float(np.sqrt((report.error**2).mean())),
        "ours_off": said_outside(ours.region, known).to_dict(),
        "beyond_finite": bool(np.isfinite(beyond).all()),
        "beyond_norm": float(np.linalg.norm(np.nan_to_num(beyond), axis=1).mean()),
        "item_norm": float(np.linalg.norm(flat, axis=1).mean()),
    }  # fmt: skip
    return figures, {"embedding": known, "pictures": pictures[:SHOWN]}


def by_nearest(known: np.ndarray, Z: np.ndarray, asked: np.ndarray, /) -> np.ndarray:
    """The latent of the item that is nearest on the map."""
    return Z[nearest(asked, known, 1)[0][:, 0]]


def ring(places: np.ndarray, count: int = RING, /) -> np.ndarray:
    """Points off the hull: on the smallest circle about the middle that holds all items, × 1.2."""
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    radius = 1.2 * np.linalg.norm(places - middle, axis=1).max()
    a = 2 * np.pi * np.arange(count) / count
    return (middle + radius * np.stack([np.cos(a), np.sin(a)], axis=1)).astype(np.float32)


def said_outside(region: Any, places: np.ndarray, /) -> Score:
    """Share of points off the hull of ``places`` that a region says are outside."""
    return proportion(region.is_outside(ring(places)), "points off the hull said to be outside")


def _end_with(parent: int) -> None:
    """End this process with the one that asked for it: a killed run leaves nothing at work."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> None:
    """`written` in a process of its own: its arguments, and the process that asked."""
    *given, asker = sys.argv[1:]
    threading.Thread(target=_end_with, args=(int(asker),), daemon=True).start()
    written(*given)


def written(folder: str, method: str, seed: str, count: str, file: str, /) -> None:
    """Measure one cell: folder of the work, method, seed, points for umap-learn, file."""
    tensors, _ = read_tensors(Path(folder) / f"latents-{seed}.safetensors")
    given = {name: tensors[name] for name in ("train", "test", "images")}
    ready = Ready(load(Path(folder) / "model"), **given)
    figures, kept = (
        umap_learn(ready, int(count), int(seed)) if method == OWN else one(ready, method, int(seed))
    )
    header = {"method": method, "seed": int(seed), "figures": figures}
    write_tensors(file, kept, header)
