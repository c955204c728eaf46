"""`edit`: the comparison of ways to learn an edit, attribute by attribute, in a folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zalgebra.data.datasets import Dataset
from zalgebra.studio.bench.configuration import configured, named, run_facts, sweep
from zalgebra.studio.bench.edit_cells import Done, Read, Seat
from zalgebra.studio.bench.edit_ground import Ground, data_of, grounded, mark_of
from zalgebra.studio.bench.edit_work import Bench
from zalgebra.studio.bench.goals import Goal, chosen
from zalgebra.studio.bench.ground import fitted, learned
from zalgebra.studio.bench.inverting import names_of
from zalgebra.studio.bench.learning import METHODS, check_methods, conditional, usual
from zalgebra.studio.locks import locked
from zalgebra.studio.messages import Track, quiet
from zalgebra.types import BadInput

__all__ = ["Edits", "edit"]

TRUSTED = 0.8  # R² or accuracy from which on a reading counts


@dataclass(frozen=True)
class Edits:
    """What was compared, and what came out.

    Parameters
    ----------
    output
        The folder of the results.
    configuration
        What every cell stands on; two folders with one configuration hold the same figures.
    facts
        Models, reader, data, versions, machine and date, as plain values.
    cells
        All cells of the folder, model by model.
    """

    output: Path
    configuration: dict[str, Any]
    facts: dict[str, Any]
    cells: list[Done]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what results.json holds."""
        cells = [cell.to_dict() for cell in self.cells]
        return {"configuration": self.configuration, **self.facts, "cells": cells}


def edit(
    data: str | Path | Dataset = "faces",
    /,
    output: str | Path = "bench-edit",
    *,
    models: Sequence[Any] = ("vae",),
    methods: Sequence[str] | None = None,
    attributes: Sequence[str] | None = None,
    judge: Any = None,
    n: int = 200,
    learn: int = 600,
    target: float = 0.8,
    seeds: Sequence[int] = (0,),
    varied: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    size: int | None = None,
    pictures: int | None = None,
    track: Track = quiet,
    tell: Callable[[str], None] = lambda text: None,
) -> Edits:
    """Compare ways of learning an edit, at the strength at which each succeeds alike.

    The strength is the smallest at which ``target`` of some items are read as wanted; what it does
    is told on others. Items, learned from and edited, are none that the model or the reader have
    seen. Cells that the folder has are kept as they are, so a killed call goes on.

    Parameters
    ----------
    data
        ``"faces"``, which are drawn with known factors; ``"digits"``, ``"fashion-mnist"``, a
        folder or a table, or a data set with columns.
    output
        Folder for results.json, .csv and .md, figures, sheets and index.html.
    models
        Kinds of ``zalgebra fit``, folders of saved models or workspaces, or fitted models.
    methods
        Of `zalgebra.studio.bench.learning.METHODS`; by default all kinds that the data allow.
    attributes
        Columns, or ``"3 to 8"`` of classes; by default all columns, and each class to the next.
    judge
        A fitted reader of the columns; by default one is trained here, on other pictures.
    n
        Items to edit; half as many more to find the strength on.
    learn
        Items to learn a direction from; half as many pairs.
    target
        Share of items to be read as wanted.
    seeds
        One repeat each, with other items to learn from and to edit.
    varied
        Factors of drawn faces that vary; ``("all",)`` for all of them.
    labels, size, pictures
        Columns to keep, side and number of the pictures to load, or to draw.

    Raises
    ------
    BadInput
        If the folder holds results of another configuration, or something else is wrong.
    """
    _check(methods, n, learn, target, seeds)
    folder, start = Path(output), time.perf_counter()
    tell("loading")
    ground = grounded(data, n=pictures, size=size, varied=varied, label=labels)
    names = names_of(models)
    ways = _ways(methods, ground)
    chosen(ground.goals(), list(ground.train.table), attributes)  # refuses what there is not
    with locked(folder):
        some = ground.held.images[:64]
        mine = named(judge, lambda: list(_readings(judge, ground, some).values()))
        configuration = configured(folder, {
            "command": "edit", "data": ground.name, "data_mark": mark_of(ground),
            "columns": list(ground.train.table), "n": n, "learn": learn, "target": target,
            "judge": mine,
        })  # fmt: skip
        sweep(folder)
        place = folder / "work"
        reader = _reader(ground, place, tell) if judge is None else judge
        skill = reader.score(ground.held.images, ground.held.table)
        goals = chosen(ground.goals(), [k for k, s in skill.items() if s >= TRUSTED], attributes)
        cells, facts = [], {}
        for given, name in zip(models, names, strict=True):
            model, seen = fitted(given, data_of(ground), work=place / name, tell=tell)
            seat = _seat(model, reader, skill, ground)
            bench = Bench(ground, seat, name, n, learn, target, place / "cells")
            bench.do(goals, ways, seeds, track)
            cells += bench.done()
            facts[name] = {**model.spec_.to_dict(), "fitted": seen}
        told = _facts(ground, facts, skill, start)
        found = Edits(folder, configuration, told, sorted(cells, key=_order(names, goals)))
        from zalgebra.studio.bench.editing_report import write

        write(found)
    return found


def _check(methods: Sequence[str] | None, n: int, learn: int, target: float,
           seeds: Sequence[int]) -> None:  # fmt: skip
    if methods is not None:
        check_methods(methods)
    if n < 16 or learn < 16:
        raise BadInput(f"`n` and `learn` must be at least 16, got {n} and {learn}")
    if not 0 < target <= 1:
        raise BadInput(f"`target` must be a share above 0, at most 1, got {target:g}")
    if not seeds or min(seeds) < 0:
        raise BadInput(f"`seeds` must name numbers of 0 or more, got {list(seeds)}")


def _ways(methods: Sequence[str] | None, ground: Ground) -> tuple[str, ...]:
    """The methods in the order of a table; those that the data do not allow are refused at once."""
    others = len(ground.train.table) - 1
    if methods is None:
        return usual(others, ground.known)
    for method in methods:
        if method == "paired" and not ground.known:
            raise BadInput(f"'paired' needs the same items before and after, which {ground.name} "
                           "has not got; leave it out by --methods")  # fmt: skip
        if conditional(method) and not others:
            raise BadInput(f"{method!r} needs other columns to hold still, and {ground.name} has "
                           "none; leave it out by --methods")  # fmt: skip
    return tuple(m for m in METHODS if m in methods)


def _reader(ground: Ground, place: Path, tell: Callable[[str], None]) -> Any:
    """A reader of all columns."""
    from zalgebra.models import Reader

    epochs = int(np.clip(math.ceil(600 * 64 / len(ground.read)), 5, 60))
    network = Reader(fine=True, max_epochs=epochs, batch_size=64, verbose=False)
    given = (ground.read.images, ground.read.table)
    return learned(place / "judge", network, given, "the reader", tell)


def _readings(reader: Any, ground: Ground, pictures: np.ndarray) -> Read:
    """Each column read off pictures; classes as indices, also where there are two."""
    found = reader.predict(pictures)
    return {
        k: (v > 0.5).astype(np.int64) if k in ground.names and v.dtype.kind == "f" else v
        for k, v in found.items()
    }


def _seat(model: Any, reader: Any, skill: Mapping[str, float], ground: Ground) -> Seat:
    table = ground.train.table
    numbers = {k: np.asarray(table[k], dtype=float) for k in table
               if k not in ground.names and skill.get(k, 0) >= TRUSTED}  # fmt: skip
    return Seat(
        model, lambda pictures: _readings(reader, ground, pictures),
        {k: float(v.mean()) for k, v in numbers.items()},
        {k: float(v.std()) for k, v in numbers.items()},
    )  # fmt: skip


def _facts(
    ground: Ground, models: dict[str, Any], skill: Mapping[str, float], start: float
) -> dict[str, Any]:
    return {
        "data": {"name": ground.name, "source": ground.source, "train": len(ground.train),
                 "held_out": len(ground.held)},
        "models": models,
        "judge": {k: round(float(v), 4) for k, v in skill.items()},
        "run": run_facts(start),
    }  # fmt: skip


def _order(names: Sequence[str], goals: Sequence[Goal]) -> Callable[[Done], tuple[Any, ...]]:
    listed = {goal.name: i for i, goal in enumerate(goals)}

    def place(found: Done) -> tuple[Any, ...]:
        c = found.cell
        return (names.index(c.model), listed.get(c.attribute, len(listed)), c.attribute,
                METHODS.index(c.method), c.seed)  # fmt: skip

    return place
