"""One model of a comparison of edits: its items encoded once, its directions, and its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from zalgebra.measures import Score
from zalgebra.measures.intervals import mean_score
from zalgebra.studio.bench.edit_cells import Cell, Done, Seat, done, measured
from zalgebra.studio.bench.edit_ground import Ground, Items
from zalgebra.studio.bench.goals import Goal
from zalgebra.studio.bench.learning import PAIRED, angle, best, direction, paired
from zalgebra.studio.messages import Track
from zalgebra.types import BadInput

__all__ = ["Bench"]

PARTS = 5  # sets of items that the angle is averaged over; the first one's direction is tried
BEST = 4  # times as many items for the best direction
LEAST = 8  # items to edit


@dataclass
class Bench:
    """A model's part of the work.

    Parameters
    ----------
    ground
        Where items come from.
    seat
        The model and its judge.
    name
        Of the model, in tables.
    n, learn
        Items to edit, and to learn a direction from.
    target
        Share to be read as wanted.
    folder
        Of the cells.
    """

    ground: Ground
    seat: Seat
    name: str
    n: int
    learn: int
    target: float
    folder: Path
    _encoded: dict[tuple[object, ...], tuple[np.ndarray, Items]] = field(default_factory=dict)

    def do(
        self, goals: Sequence[Goal], methods: Sequence[str], seeds: Sequence[int], track: Track, /
    ) -> None:
        """Do the cells that are not done yet; items are encoded for those alone."""
        wanted = [(g, self._cell(g, m, r)) for r in seeds for g in goals for m in methods]
        missing = [(g, cell) for g, cell in wanted if not self._file(cell).is_file()]
        for goal, cell in track(missing, f"editing in {self.name}"):
            self._one(goal, cell).write(self._file(cell))

    def done(self) -> list[Done]:
        """Every cell of this model in the folder."""
        found = [done(file) for file in sorted(self.folder.glob("[!.]*.safetensors"))]
        mine = self.name, self.seat.model.spec_.fingerprint
        return [one for one in found if (one.cell.model, one.cell.fingerprint) == mine]

    def _cell(self, goal: Goal, method: str, seed: int) -> Cell:
        return Cell(self.name, self.seat.model.spec_.fingerprint, goal.name, method, seed)

    def _file(self, cell: Cell) -> Path:
        return self.folder / f"{cell.name}.safetensors"

    def _one(self, goal: Goal, cell: Cell) -> Done:
        tried, tested = self._starting(goal, cell.seed)
        try:
            delta = self._direction(goal, cell.method, cell.seed, 0)
        except BadInput as error:
            raise BadInput(
                f"{cell.method!r} cannot learn {goal.name!r} here ({error}); leave the one out by "
                "--methods, or the other by --attributes"
            ) from error
        found = measured(cell, goal, delta, tried, tested, self.seat, target=self.target)
        told = self._angle(goal, cell, delta)
        found.figures["angle"] = None if told is None else told.to_dict()
        return found

    def _angle(self, goal: Goal, cell: Cell, delta: np.ndarray) -> Score | None:
        """Of the directions of several sets of items, each learned by itself, to the best one."""
        if not self.ground.known:
            return None
        Z, items = self._of("best")
        values = items.table[goal.column]
        truth = best(Z, values, {k: v for k, v in items.table.items() if k != goal.column})
        others = (self._direction(goal, cell.method, cell.seed, part) for part in range(1, PARTS))
        angles = np.array([angle(d, truth) for d in (delta, *others)])
        told = mean_score(angles, "degrees to the best direction, over sets of items learned from")
        return replace(told, low=max(0.0, told.low), high=min(180.0, told.high))

    def _direction(self, goal: Goal, method: str, seed: int, part: int) -> np.ndarray:
        if method == PAIRED:
            ends = self.ground.pairs(goal, self.learn // 2, seed, part)
            return paired(*(self._encode(x) for x in ends))
        Z, items = self._of("learn", goal, seed, part)
        others = {k: self._words(k, v) for k, v in items.table.items() if k != goal.column}
        return direction(method, Z, goal.sides(items.table[goal.column]), others)

    def _words(self, column: str, values: np.ndarray) -> np.ndarray:
        """A column of classes as words, so that each class is held still by itself."""
        names = self.ground.names.get(column)
        return np.array(names)[values] if names else values

    def _of(
        self, role: str, goal: Goal | None = None, seed: int = 0, part: int = 0
    ) -> tuple[np.ndarray, Items]:
        """Encoded items, kept: those of drawn faces serve every attribute."""
        key = (role, None if self.ground.known else goal, seed, part)
        if key not in self._encoded:
            items = (
                self.ground.best(BEST * self.learn)
                if goal is None
                else self.ground.learning(goal, self.learn, seed, part)
            )
            self._encoded[key] = self._encode(items.images), items
        return self._encoded[key]

    def _starting(self, goal: Goal, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Latents to find the strength on, a third, and to test it on."""
        images = self.ground.starting(goal, self.n + self.n // 2, seed)
        if len(images) < LEAST:
            raise BadInput(
                f"{goal.name!r} has {len(images)} pictures to edit, a comparison needs {LEAST}; "
                "leave it out by --attributes, or bring more"
            )
        Z, cut = self._encode(images), len(images) // 3
        return Z[:cut], Z[cut:]

    def _encode(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self.seat.model.transform(images), dtype=np.float32)
