"""What edits are compared on: items to learn from, items to edit, and pictures for the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zalgebra.data import datasets
from zalgebra.data.datasets import Dataset
from zalgebra.data.portraits import FACTORS
from zalgebra.files import fingerprint
from zalgebra.studio.bench.goals import Goal, class_goals, level_goal
from zalgebra.studio.bench.ground import MANY, Classed, Data
from zalgebra.studio.bench.people import VARIED, drawn, people
from zalgebra.types import BadInput

__all__ = ["Drawn", "Ground", "Items", "Owned", "data_of", "grounded", "mark_of"]

PICTURES = 4000  # that a model learns from, of drawn faces, and as many for the reader
SIDE = 32
ROLES = {"model": 1, "reader": 2, "held": 3, "learn": 4, "start": 5, "best": 6}


@dataclass(frozen=True)
class Items:
    """Pictures ``(n, C, H, W)`` and their columns ``(n,)``; classes are indices."""

    images: np.ndarray
    table: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: np.ndarray) -> Items:
        return Items(self.images[rows], {k: v[rows] for k, v in self.table.items()})


class Drawn:
    """Drawn faces: any number, each drawn again with one factor changed."""

    known = True
    name = "faces"
    source = "Drawn by zalgebra from random factors: nobody's face, free to use."

    def __init__(self, varied: Sequence[str], n: int, size: int) -> None:
        self.varied, self.size, self.names = tuple(varied), size, {}
        self.train, self.read, self.held = (
            self._items(count, role)
            for role, count in (("model", n), ("reader", n), ("held", max(200, n // 4)))
        )

    def goals(self) -> list[Goal]:
        """Every edit that can be asked for."""
        return [Goal(k, k, (FACTORS[k].low + FACTORS[k].high) / 2, FACTORS[k].low)
                for k in self.train.table]  # fmt: skip

    def learning(self, goal: Goal, n: int, seed: int, part: int, /) -> Items:
        """Items of both sides to learn a direction from; another `part` has others."""
        return self._items(n, "learn", seed, part)

    def starting(self, goal: Goal, n: int, seed: int, /) -> np.ndarray:
        """Pictures to edit, none of which served to learn."""
        return self._items(n, "start", seed, 0, **{goal.column: FACTORS[goal.column].low}).images

    def pairs(self, goal: Goal, n: int, seed: int, part: int, /) -> tuple[np.ndarray, np.ndarray]:
        """The same items before and after."""
        ends = FACTORS[goal.column].low, FACTORS[goal.column].high
        before, after = (
            self._items(n, "learn", seed, part, **{goal.column: end}).images for end in ends
        )
        return before, after

    def best(self, n: int, /) -> Items:
        """Items of independent factors, for the direction that others are held against."""
        return self._items(n, "best")

    def _items(self, n: int, role: str, seed: int = 0, part: int = 0, **fixed: float) -> Items:
        """Other faces for every role, repeat and part."""
        table = people(n, ROLES[role] * 10**6 + seed * 10**3 + part, self.varied, **fixed)
        return Items(drawn(table, self.size), table)


class Owned:
    """Anybody's pictures with columns: half for model and reader, half to learn from and edit."""

    known = False

    def __init__(self, whole: Dataset, test: Dataset | None = None) -> None:
        self.name, self.source, self.names = whole.name, whole.source, {}
        items = _coded(whole, self.names)
        if test is None:
            away = np.random.default_rng(0).permutation(len(whole)) < len(whole) // 2
            self.train, self.held = items[~away], items[away]
        else:
            self.train, self.held = items, _coded(test, dict(self.names))
        self.read = self.train

    def goals(self) -> list[Goal]:
        """Every number past its middle, every class to every other."""
        found: list[Goal] = []
        for column, values in self.train.table.items():
            names = self.names.get(column)
            found += class_goals(column, names) if names else [level_goal(column, values)]
        return found

    def learning(self, goal: Goal, n: int, seed: int, part: int, /) -> Items:
        """As of drawn faces, out of one half of what is held out."""
        rows = self._halves(seed)[0]
        rows = rows[~np.isnan(goal.sides(self.held.table[goal.column][rows]))]
        sides = goal.sides(self.held.table[goal.column][rows[:n]])
        if min((sides == 0).sum(), (sides == 1).sum()) < 2:
            raise BadInput(f"{goal.name!r} has too few pictures to learn from; leave it out by "
                           "--attributes, or bring more")  # fmt: skip
        return self.held[rows[:n]]

    def starting(self, goal: Goal, n: int, seed: int, /) -> np.ndarray:
        """Out of the other half, those that lack what is wanted."""
        rows = self._halves(seed)[1]
        return self.held.images[rows[goal.starts(self.held.table[goal.column][rows])][:n]]

    def pairs(self, goal: Goal, n: int, seed: int, part: int, /) -> tuple[np.ndarray, np.ndarray]:
        """Refused: nobody has them."""
        raise BadInput(f"`paired` needs the same items before and after, which {self.name} has not "
                       "got; leave it out by --methods")  # fmt: skip

    def best(self, n: int, /) -> Items:
        """Refused: nobody knows it."""
        raise BadInput(f"the factors of {self.name} are not known")

    def _halves(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.random.default_rng([seed, 1]).permutation(len(self.held))
        return rows[: len(rows) // 2], rows[len(rows) // 2 :]


Ground = Drawn | Owned


def data_of(ground: Ground, /) -> Data:
    """The pictures as `zalgebra.studio.bench.ground` takes them, without classes."""
    halves = (Classed(p.images, np.zeros(len(p), np.int64)) for p in (ground.train, ground.held))
    return Data(ground.name, "", (), *halves, ground.source)


def mark_of(ground: Ground, /) -> str:
    """SHA-256 over pictures and columns."""
    parts = {"train": ground.train, "read": ground.read, "held": ground.held}
    tensors = {f"{part} {k}": v for part, items in parts.items()
               for k, v in {"": items.images, **items.table}.items()}  # fmt: skip
    return fingerprint(tensors)


def grounded(
    data: str | Path | Dataset, /, *, n: int | None = None, size: int | None = None,
    varied: Sequence[str] | None = None, label: Sequence[str] | None = None,
) -> Ground:  # fmt: skip
    """The items of a data set, or of drawn faces of which ``varied`` factors vary."""
    if isinstance(data, str) and data == "faces":
        names = VARIED if varied is None else varied
        every = tuple(FACTORS) if tuple(names) == ("all",) else tuple(names)
        return Drawn(every, n or PICTURES, size or SIDE)
    if varied is not None:
        raise BadInput("only drawn faces have factors to vary: leave out --vary, or name faces")
    if isinstance(data, Dataset):
        return Owned(data)
    if data == "fashion-mnist" and n is None:
        return Owned(*(datasets.fashion_mnist(part) for part in ("train", "test")))
    return Owned(datasets.load(data, size=size, n=n, labels=label))


def _coded(whole: Dataset, names: dict[str, tuple[str, ...]]) -> Items:
    """The columns that can be edited: numbers as they are, classes as indices from 0 on."""
    table: dict[str, np.ndarray] = {}
    for column, values in whole.labels.items():
        found, codes = np.unique(values, return_inverse=True)
        words = whole.classes.get(column)
        if len(found) < 2:
            continue
        if words is None and found.dtype.kind != "U" and len(found) == 2:
            table[column] = codes.astype(np.float32)  # a reader gives the share of the higher
        elif words is None and found.dtype.kind == "f":
            table[column] = values.astype(np.float32)
        elif len(found) <= MANY:
            names[column] = tuple(words[int(v)] if words else str(v) for v in found)
            table[column] = codes.astype(np.int64)
    if not table:
        raise BadInput(f"{whole.name} has no column to edit: bring numbers, or classes in folders")
    return Items(whole.images, table)
