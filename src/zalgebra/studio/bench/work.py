"""The cells of a folder: which there are to do, doing them one by one, and reading them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.studio.bench.cells import ANCHORS, METHODS, SLOW, Cell, Kept, kept, measured
from zalgebra.studio.bench.draws import WHATS, draw
from zalgebra.studio.bench.ground import Data
from zalgebra.studio.bench.judge import Judge
from zalgebra.studio.bench.pool import SOURCES, Pool, halves, pool
from zalgebra.studio.messages import Track

__all__ = ["Seeds", "Work", "cells_of"]


@dataclass(frozen=True)
class Seeds:
    """The seeds of one source and repeat, and what they are held against.

    Parameters
    ----------
    pool
        The seeds.
    shares
        Class to its number of pictures in the data.
    reference
        Features ``(m, d)`` of real pictures that are no seeds, and their classes ``(m,)``.
    """

    pool: Pool
    shares: dict[int, int]
    reference: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Work:
    """What all cells of a folder share."""

    data: Data
    model: Any
    judge: Judge
    chosen: tuple[int, ...]
    n: int
    folder: Path

    def do(self, cells: Sequence[Cell], track: Track, /) -> None:
        """Do the cells that are not done yet."""
        places = dict.fromkeys((cell.source, cell.seed) for cell in cells)
        ready = {place: self.seeds(*place) for place in places}
        drawn = {  # before any of the work: a k that is too large is told at once
            (s, r, w, k): draw(ready[s, r].pool.y, ready[s, r].shares, w, k, self.n, seed=r)
            for s, r, w, k in dict.fromkeys(
                (c.source, c.seed, c.what, c.k) for c in cells if c.what != "seeds"
            )
        }
        for cell in track(cells, "combining"):
            file = self.folder / "cells" / f"{cell.name}.safetensors"
            if not file.is_file():
                of = ready[cell.source, cell.seed]
                draws = drawn.get((cell.source, cell.seed, cell.what, cell.k))
                made = measured(cell, draws, of.pool, self.model, self.judge, of.reference)
                made.write(file)

    def seeds(self, source: str, seed: int, /) -> Seeds:
        """The seeds of a source in one repeat."""
        items, others = halves(self.data, self.chosen, seed)
        file = self.folder / "pools" / f"{source}-{seed}.safetensors"
        found = pool(source, items, self.chosen, self.model, self.judge, file, seed=seed)
        shares = {c: int((self.data.train.y == c).sum()) for c in self.chosen}
        return Seeds(found, shares, (self.judge.features(others.images), others.y))

    def done(self) -> list[Kept]:
        """Every cell of the folder, in the order of a table."""
        found = [kept(file) for file in (self.folder / "cells").glob("[!.]*.safetensors")]
        return sorted(found, key=lambda f: _order(f.cell))


def _order(cell: Cell) -> tuple[int, ...]:
    places = SOURCES.index(cell.source), ("seeds", *WHATS).index(cell.what)
    return (cell.seed, *places, cell.k, (*ANCHORS, *METHODS).index(cell.method))


def cells_of(
    what: Sequence[str], k: Sequence[int], methods: Sequence[str], sources: Sequence[str],
    seeds: Sequence[int], /,
) -> list[Cell]:  # fmt: skip
    """The cells in the order of the work: those that are slow come last."""
    made = [(w, c) for w in WHATS if w in what for c in ((2,) if w == WHATS[0] else sorted(set(k)))]
    ways = [m for m in METHODS if m in methods]
    listed = [Cell(s, "seeds", 1, a, r) for r, s, a in product(seeds, sources, ANCHORS)
              if (s, a) != ("prior", "items")]  # fmt: skip
    listed += [Cell(s, w, c, m, r) for r, s, (w, c), m in product(seeds, sources, made, ways)]
    return sorted(listed, key=lambda cell: cell.method in SLOW)
