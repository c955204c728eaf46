"""The seeds of a repeat, inverted from real items or drawn from the prior, and its reference."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.files import read_tensors, write_tensors
from zalgebra.studio.bench.ground import Classed, Data, decoded
from zalgebra.studio.bench.judge import Judge
from zalgebra.types import BadInput

__all__ = ["PER_CLASS", "SOURCES", "Pool", "halves", "pool"]

SOURCES = ("real", "prior")
PER_CLASS = 50  # seeds for each class, at most
SHARE = 0.4  # of the held-out pictures that are seeds, at most


@dataclass(frozen=True)
class Pool:
    """m seeds of known classes.

    Parameters
    ----------
    latents
        ``(m, *shape)``.
    y
        The class of each ``(m,)``: of a real item its own, of a draw from the prior the one that
        its picture is read as.
    pictures
        The real items, or the decoded draws ``(m, C, H, W)``.
    seconds
        What inverting, or drawing and reading, took for one seed.
    """

    latents: np.ndarray
    y: np.ndarray
    pictures: np.ndarray
    seconds: float


def halves(data: Data, chosen: tuple[int, ...], seed: int, /) -> tuple[Classed, Classed]:
    """Held-out items that become seeds, and those that are the reference; none is both.

    The halves are random, and not of equal shares of classes: what the noise of a Fréchet distance
    is taken to be is that of independent draws.
    """
    of = np.flatnonzero(np.isin(data.held.y, chosen))
    of = np.random.default_rng([seed, 0]).permutation(of)
    cut = min(PER_CLASS * len(chosen), int(SHARE * len(of)))
    return data.held[of[:cut]], data.held[of[cut:]]


def pool(
    source: str, items: Classed, chosen: tuple[int, ...], model: Any, judge: Judge, file: Path, /,
    *, seed: int,
) -> Pool:  # fmt: skip
    """The seeds of one source, kept in a file once they are made."""
    if file.is_file():
        kept, header = read_tensors(file)
        return Pool(kept["latents"], kept["y"], kept["pictures"], header["seconds"])
    start = time.perf_counter()
    found = _inverted(items, model) if source == "real" else _drawn(chosen, model, judge, seed)
    made = Pool(*found, seconds=(time.perf_counter() - start) / len(found[1]))
    tensors = {"latents": made.latents, "y": made.y, "pictures": made.pictures}
    write_tensors(file, tensors, {"seconds": made.seconds})
    return made


def _inverted(items: Classed, model: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.asarray(model.transform(items.images)), items.y, items.images


def _drawn(
    chosen: tuple[int, ...], model: Any, judge: Judge, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws from the prior that are read as one of the classes, at most so many of each."""
    z = np.asarray(model.prior_.sample(4 * PER_CLASS * len(chosen), seed=seed), dtype=np.float32)
    pictures = decoded(model, z)
    y = judge.classes(pictures)
    kept = np.concatenate([np.flatnonzero(y == c)[:PER_CLASS] for c in chosen])
    if len(kept) == 0:
        raise BadInput(f"none of {len(z)} draws from the prior is read as one of these classes")
    return z[kept], y[kept], pictures[kept]
