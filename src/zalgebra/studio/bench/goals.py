"""What an edit is to reach: from one side of a level to the other, or from class to class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zalgebra.types import BadInput

__all__ = ["Goal", "chosen", "class_goals", "level_goal"]

ON = 0.5  # of a share: a class is read, or it is not


@dataclass(frozen=True)
class Goal:
    """One edit of one column.

    Parameters
    ----------
    name
        What a person would call it: ``"smile"``, ``"3 to 8"``.
    column
        What is to change.
    level
        A value or reading above it is as wanted; of a class, 0.5 of its share.
    start
        Items whose value is at most this are edited.
    classes
        The class to start from and the one to reach; empty for numbers.
    """

    name: str
    column: str
    level: float = ON
    start: float = 0.0
    classes: tuple[int, int] | tuple[()] = ()

    def sides(self, values: np.ndarray, /) -> np.ndarray:
        """1 for what is as wanted, 0 for what it is told from, NaN for neither, ``(n,)``."""
        if not self.classes:
            return (values > self.level).astype(float)
        a, b = self.classes
        return np.where(values == b, 1.0, np.where(values == a, 0.0, np.nan))

    def starts(self, values: np.ndarray, /) -> np.ndarray:
        """Which items are edited, ``(n,)`` of bool."""
        return values == self.classes[0] if self.classes else values <= self.start

    def reading(self, read: np.ndarray, /) -> np.ndarray:
        """A number ``(n,)`` that is above ``level`` where the edit has succeeded."""
        return (read == self.classes[1]).astype(float) if self.classes else read

    def strays(self, read: np.ndarray, /) -> np.ndarray | None:
        """Which items are read as a class that is neither; None for numbers."""
        return ~np.isin(read, self.classes) if self.classes else None


def level_goal(column: str, values: np.ndarray, /) -> Goal:
    """From the lower value, or the lower third, past the middle between both groups' medians."""
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    if low == high:
        low, high = values.min(), values.max()
    middle = (np.median(values[values <= low]) + np.median(values[values >= high])) / 2
    return Goal(column, column, float(middle), float(min(low, middle)))


def class_goals(column: str, names: Sequence[str], /) -> list[Goal]:
    """From every class to every other."""
    n = range(len(names))
    return [Goal(f"{names[a]} to {names[b]}", column, classes=(a, b))
            for a in n for b in n if a != b]  # fmt: skip


def chosen(
    goals: Sequence[Goal], trusted: Sequence[str], wanted: Sequence[str] | None, /
) -> list[Goal]:
    """The goals of these names; by default every number, and each class to the next one.

    Columns that the reader cannot be trusted with are left out, and refused if they are asked for.
    """
    if wanted is None:
        found = [g for g in goals if g.column in trusted and _default(g, goals)]
        if not found:
            columns = ", ".join(dict.fromkeys(g.column for g in goals))
            raise BadInput(f"the reader reads none of {columns} well enough to judge edits by; "
                           "give it more --pictures, or a judge of your own")  # fmt: skip
        return found
    known = {g.name: g for g in goals}
    if unknown := [name for name in wanted if name not in known]:
        some = ", ".join(list(known)[:12])
        raise BadInput(f"there is no attribute {unknown[0]!r}; there are: {some}"
                       f"{', ...' if len(known) > 12 else ''}")  # fmt: skip
    if blind := [n for n in wanted if known[n].column not in trusted]:
        raise BadInput(f"the reader cannot judge {blind[0]!r}: it reads {known[blind[0]].column!r} "
                       "too badly; give it more --pictures, or leave that out")  # fmt: skip
    return [known[name] for name in dict.fromkeys(wanted)]


def _default(goal: Goal, goals: Sequence[Goal]) -> bool:
    if not goal.classes:
        return True
    count = 1 + max(g.classes[1] for g in goals if g.column == goal.column and g.classes)
    return goal.classes[1] == (goal.classes[0] + 1) % count
