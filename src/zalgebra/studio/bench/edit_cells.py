"""A cell of the comparison of edits: one attribute by one method in one model."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.algebra.certificate import check
from zalgebra.files import read_tensors, write_tensors
from zalgebra.measures import Score, edit_effect, proportion
from zalgebra.measures.identity import likeness, recognition, typical_movement
from zalgebra.measures.intervals import mean_score
from zalgebra.studio.bench.goals import Goal
from zalgebra.studio.bench.ground import decoded
from zalgebra.studio.bench.scores import plausible
from zalgebra.studio.bench.strengths import SHIFTS, TURNS, edited, enough, turns

__all__ = ["SCORES", "Cell", "Done", "Seat", "done", "measured"]

SHOWN = 6  # items whose pictures are kept
SCORES = {  # name to its title, its form, and the smallest and largest value that it can have
    "success": ("success", "{:.0%}", (0, 1)),
    "leakage": ("others move, sd", "{:.3f}", (0, math.inf)),
    "strayed": ("another class", "{:.1%}", (0, 1)),
    "identity": ("identity kept", "{:.3f}", (-1, 1)),
    "recognised": ("recognised", "{:.0%}", (0, 1)),
    "angle": ("to the best", "{:.0f}°", (0, 180)),
    "plausible": ("plausible", "{:.0%}", (0, 1)),
    "variance": ("variance ratio", "{:.2f}", (0, math.inf)),
}

Read = dict[str, np.ndarray]


@dataclass(frozen=True)
class Cell:
    """Which cell it is: a model and its fingerprint, what is edited, by which method, repeat."""

    model: str
    fingerprint: str
    attribute: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.place}-{self.method}-{self.seed}"

    @property
    def place(self) -> str:
        """Model and attribute as a file's name, whatever they are called."""
        letters = re.sub(r"[^\w-]+", "-", self.attribute)[:24]
        mark = hashlib.sha256(repr((self.model, self.attribute)).encode()).hexdigest()[:8]
        return f"{self.fingerprint[:12]}-{letters}-{mark}"


@dataclass(frozen=True)
class Done:
    """A cell with its figures, and some of the items before and after."""

    cell: Cell
    figures: dict[str, Any]
    before: np.ndarray
    after: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the cell and its figures."""
        return {**asdict(self.cell), **self.figures}

    def write(self, file: Path) -> None:
        """Keep it, whole or not at all."""
        header = {"cell": asdict(self.cell), "figures": self.figures}
        write_tensors(file, {"before": self.before, "after": self.after}, header)


def done(file: Path) -> Done:
    """A cell from its file."""
    tensors, header = read_tensors(file)
    return Done(Cell(**header["cell"]), header["figures"], **tensors)


@dataclass(frozen=True)
class Seat:
    """A model, and the reader that judges its edits.

    Parameters
    ----------
    model
        Fitted.
    read
        Pictures to readings by column, each ``(n,)``.
    centres, spreads
        Mean and standard deviation of each column of numbers that the reader can be trusted with.
    """

    model: Any
    read: Callable[[np.ndarray], Read]
    centres: Mapping[str, float]
    spreads: Mapping[str, float]

    def at(self, z: np.ndarray) -> tuple[np.ndarray, Read]:
        """Pictures of latents, and what is read off them."""
        pictures = decoded(self.model, z)
        return pictures, self.read(pictures)


def measured(
    cell: Cell, goal: Goal, delta: np.ndarray, tried: np.ndarray, tested: np.ndarray, seat: Seat, /,
    *, target: float,
) -> Done:  # fmt: skip
    """Find the strength on some items, and say what it does to others.

    Parameters
    ----------
    delta
        Of one latent's shape.
    tried, tested
        Latents that lack what is wanted: those on which the strength is found, and the others.
    target
        Share of ``tried`` to be read as wanted.
    """
    prior = seat.model.prior_
    turn = turns(prior)

    def share(strength: float) -> float:
        _, read = seat.at(edited(tried, delta, strength, prior, turn))
        return float(np.mean(goal.reading(read[goal.column]) > goal.level))

    strength, reached = enough(share, TURNS if turn else SHIFTS, target)
    z = edited(tested, delta, strength, prior, turn)
    (before, old), (after, new) = seat.at(tested), seat.at(z)
    figures = {name: None if score is None else score.to_dict()
               for name, score in _effect(goal, old, new, seat).items()}  # fmt: skip
    certificates = {"": check(z, prior), "_before": check(tested, prior)}
    for when, certificate in certificates.items():
        passed = proportion(plausible(certificate), "share of latents that pass by themselves")
        figures[f"plausible{when}"] = passed.to_dict()
    ratio = certificates[""].effects["variance_ratio"]
    figures["variance"] = mean_score(ratio, "variance over that of the prior").to_dict()
    figures["recognised"] = recognition(before, after).to_dict()
    facts = {"n": len(tested), "strength": strength, "turn": turn, "reached": reached,
             "length": float(np.linalg.norm(delta))}  # fmt: skip
    moved = _each(goal, old, new, seat)
    return Done(cell, {**figures, **facts, "moved": moved}, before[:SHOWN], after[:SHOWN])


def _effect(goal: Goal, old: Read, new: Read, seat: Seat) -> dict[str, Score | None]:
    """What was meant, and what else moved; None where there is nothing else to move."""
    others = {k: s for k, s in seat.spreads.items() if k != goal.column}
    hits, already = (goal.reading(r[goal.column]) > goal.level for r in (new, old))
    strays = goal.strays(new[goal.column])
    return {
        "success": proportion(hits, f"share read as {goal.name} after the edit"),
        "before": proportion(already, f"share read as {goal.name} before it"),
        "leakage": typical_movement(old, new, others) if others else None,
        "strayed": None if strays is None else proportion(strays, "share read as neither class"),
        "identity": likeness(old, new, seat.centres, others) if len(others) > 1 else None,
    }


def _each(goal: Goal, old: Read, new: Read, seat: Seat) -> dict[str, Any]:
    """The median movement of every other column of numbers, each with its interval."""
    spreads = {k: s for k, s in seat.spreads.items() if k != goal.column} | {goal.name: 1.0}
    before, after = ({**r, goal.name: goal.reading(r[goal.column])} for r in (old, new))
    effect = edit_effect(before, after, {goal.name: 1}, spreads)
    return {name: score.to_dict() for name, score in effect.leakage.items()}
