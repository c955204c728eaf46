"""`maps`: the comparison of maps of latents, each in a process of its own, in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.data.datasets import Dataset
from zalgebra.files import read_tensors, write_tensors
from zalgebra.studio.bench.configuration import configured, mark, run_facts, sweep
from zalgebra.studio.bench.ground import Data, decoded, fitted, unlabelled
from zalgebra.studio.locks import locked
from zalgebra.studio.messages import Track, quiet
from zalgebra.types import BadInput

__all__ = ["MAPS", "Mapped", "Maps", "maps"]

MAPS = ("pca", "tsne", "umap", "pacmap", "parametric")
KINDS = (*MAPS, "kernel-pca")
OWN = "umap-learn"
LEAST = 40  # items of a map, and held-out ones
CODE = "from zalgebra.studio.bench.map_cells import main; main()"


@dataclass(frozen=True)
class Mapped:
    """One map: its figures, its places ``(n, 2)`` and what came back of the first items."""

    method: str
    seed: int
    figures: dict[str, Any]
    embedding: np.ndarray
    pictures: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"map": self.method, "seed": self.seed, **self.figures}


@dataclass(frozen=True)
class Maps:
    """What was compared, and what came out.

    Parameters
    ----------
    output
        The folder of the results.
    configuration
        What every cell stands on.
    facts
        Model, data, errors to compare with, versions, machine and date.
    cells
        All maps of the folder; umap-learn's own inverse comes last.
    images, back
        The first held-out pictures of the first repeat, and what the model makes of them.
    y
        Class of each item of the first repeat's maps; all 0 where there are none.
    """

    output: Path
    configuration: dict[str, Any]
    facts: dict[str, Any]
    cells: list[Mapped]
    images: np.ndarray
    back: np.ndarray
    y: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what results.json holds."""
        cells = [cell.to_dict() for cell in self.cells]
        return {"configuration": self.configuration, **self.facts, "cells": cells}


def maps(
    data: str | Path | Dataset = "digits",
    /,
    output: str | Path = "bench-map",
    *,
    model: Any = "vae",
    methods: Sequence[str] = MAPS,
    n: int = 2000,
    held: int = 500,
    own: int = 100,
    seeds: Sequence[int] = (0,),
    size: int | None = None,
    pictures: int | None = None,
    track: Track = quiet,
    tell: Callable[[str], None] = lambda text: None,
) -> Maps:
    """Compare maps of a model's latents: what each keeps, costs, and gives back.

    Maps are fitted to latents of the training half; held-out pictures are placed on each and taken
    back. Every map is made in a process of its own, so that its memory is its own. Cells that the
    folder has are kept as they are, so a killed call goes on.

    Parameters
    ----------
    data, size, pictures
        As in `zalgebra.studio.bench.combine`; no classes are needed.
    output
        Folder for results.json, .csv and .md, figures, sheets and index.html.
    model
        A kind of ``zalgebra fit``, the folder of a saved model or a workspace, or a fitted model.
    methods
        Names of `zalgebra.estimators.maps.METHODS`.
    n, held
        Items to fit the maps to, and held-out ones; all that there are if they are fewer.
    own
        Held-out items for umap-learn's own inverse, which takes long, where ``"umap"`` is among
        the maps; 0 leaves it out.
    seeds
        One repeat each, with other items and another start.

    Raises
    ------
    BadInput
        If the folder holds results of another configuration, or something else is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from zalgebra.studio.bench import maps
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = maps("digits", folder, model="pca", methods=["pca"], n=60, held=40)
    >>> [cell.method for cell in found.cells]
    ['pca']
    """
    _check(methods, n, held, own, seeds)
    folder, start = Path(output), time.perf_counter()
    tell("loading")
    ready = unlabelled(data, LEAST, size=size, n=pictures)
    with locked(folder):
        configuration = configured(folder, {
            "command": "map", "data": ready.name, "data_mark": ready.mark, "model": mark(model),
            "n": n, "held": held, "umap_points": own,
        })  # fmt: skip
        sweep(folder)
        place = folder / "work"
        network, seen = fitted(model, ready, work=place, tell=tell)
        _save(network, place / "model")
        wanted = [(m, seed) for seed in seeds for m in (*methods, OWN)
                  if m != OWN or (own and "umap" in methods)]  # fmt: skip
        for seed in seeds:
            _encode(network, ready, n, held, seed, place / f"latents-{seed}.safetensors", tell)
        (place / "cells").mkdir(exist_ok=True)
        for method, seed in track(wanted, "mapping"):
            file = place / "cells" / f"{method}-{seed}.safetensors"
            if not file.is_file():
                _child(place, method, seed, own, file)
        cells = sorted(map(_mapped, (place / "cells").glob("[!.]*.safetensors")), key=_order)
        kept, _ = read_tensors(place / f"latents-{cells[0].seed}.safetensors")
        shown = len(cells[0].pictures)
        facts = {
            "data": {"name": ready.name, "source": ready.source, "train": len(kept["train"]),
                     "held_out": len(kept["test"])},
            "model": {**network.spec_.to_dict(), "fitted": seen},
            "floor": _floor(network, kept),
            "run": run_facts(start),
        }  # fmt: skip
        back = decoded(network, kept["test"][:shown])
        found = Maps(folder, configuration, facts, cells, kept["images"][:shown], back, kept["y"])
        from zalgebra.studio.bench.mapping_report import write

        write(found)
    return found


def _check(methods: Sequence[str], n: int, held: int, own: int, seeds: Sequence[int]) -> None:
    if unknown := [m for m in methods if m not in KINDS]:
        raise BadInput(f"`maps` must be among {', '.join(KINDS)}, got {unknown[0]!r}")
    if not methods:
        raise BadInput(f"`maps` must name at least one of {', '.join(KINDS)}")
    if min(n, held) < LEAST or own < 0:
        raise BadInput(f"`n` and `held` must be at least {LEAST} and `own` 0 or more, got {n}, "
                       f"{held} and {own}")  # fmt: skip
    if not seeds or min(seeds) < 0:
        raise BadInput(f"`seeds` must name numbers of 0 or more, got {list(seeds)}")


def _save(model: Any, place: Path) -> None:
    """The model where a process of its own finds it."""
    if (place / "model.json").is_file():
        return
    if not hasattr(model, "save"):
        raise BadInput(f"{type(model).__name__} cannot be saved, so that no process of its own can "
                       "open it; save the model by its own way and give its folder")  # fmt: skip
    model.save(place)


def _encode(
    model: Any, data: Data, n: int, held: int, seed: int, file: Path, tell: Callable[[str], None]
) -> None:
    """Latents of both halves, kept once they are made."""
    if file.is_file():
        return
    tell("encoding")
    rng = np.random.default_rng([seed, 2])
    train, test = (part[rng.permutation(len(part))[:count]]
                   for part, count in ((data.train, n), (data.held, held)))  # fmt: skip
    codes = (np.asarray(model.transform(part.images), np.float32) for part in (train, test))
    tensors = dict(zip(("train", "test"), codes, strict=True))
    write_tensors(file, {**tensors, "images": test.images, "y": train.y})


def _child(place: Path, method: str, seed: int, own: int, file: Path) -> None:
    """One cell, in a process of its own."""
    given = place, method, seed, own, file, os.getpid()
    words = [sys.executable, "-c", CODE, *map(str, given)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise BadInput(f"the map {method!r} failed ({said.rpartition('Error: ')[2]}); mend that, "
                       "or leave it out by --maps")  # fmt: skip


def _mapped(file: Path) -> Mapped:
    tensors, header = read_tensors(file)
    return Mapped(header["method"], header["seed"], header["figures"], **tensors)


def _order(cell: Mapped) -> tuple[int, int]:
    return cell.seed, (*KINDS, OWN).index(cell.method)


def _floor(model: Any, kept: dict[str, np.ndarray]) -> dict[str, Any]:
    """Errors to compare with: the model's own reconstruction, and an item drawn at random."""
    from zalgebra.studio.bench.map_cells import rms

    Z, test, images = kept["train"], kept["test"], kept["images"]
    any_item = Z[np.random.default_rng(0).integers(len(Z), size=len(test))]
    return {
        "reconstruction": rms(decoded(model, test), images).to_dict(),
        "any_latent": rms(any_item, test).to_dict(),
        "any_image": rms(decoded(model, any_item), images).to_dict(),
    }
