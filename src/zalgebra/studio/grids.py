"""Grids: what lies between three or four expressions, or what directions make of one of them.

Every place of a grid is a recipe of its own, and the prior is applied once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra._whole import at_least
from zalgebra.algebra.certificate import Certificate
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.weights import corner_grid
from zalgebra.algebra.words import name_words
from zalgebra.studio.figures_traversal import signed
from zalgebra.studio.result import Result
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Grid", "Plan", "along", "between", "crossed", "plan_of"]

UNITS = {"deg": ("deg", "°"), "sd": ("sd", "sd"), "delta": ("", None)}  # in words, and as drawn
REACH = {"deg": 40.0, "sd": 2.0, "delta": 2.0}  # the largest strength, unless another is given
Read = Callable[[str], Latent]  # an expression, as `zalgebra.Workspace.evaluate` reads it


@dataclass(frozen=True, eq=False)
class Plan:
    """Recipes in rows and columns, and the words beside them.

    Parameters
    ----------
    expression
        What the whole is called.
    recipes
        One a place, row by row; or one of many latents.
    shape
        How many rows and columns.
    rows, columns, foot
        Words at the left of rows, above columns and below them; or none.
    frames
        Row and column of the places that were given.
    """

    expression: str
    recipes: Sequence[Latent]
    shape: tuple[int, int]
    rows: Sequence[str] | None
    columns: Sequence[str]
    foot: Sequence[str] | None
    frames: Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Grid:
    """Latents in rows and columns, their pictures and how plausible they are.

    Parameters
    ----------
    result
        The latents row by row, with their certificate.
    plan
        Their rows and columns, and what these mean.
    """

    result: Result
    plan: Plan

    @property
    def latents(self) -> np.ndarray:
        """Latents ``(rows, columns, *latent_shape)``."""
        z = self.result.latents
        return z.reshape(*self.plan.shape, *z.shape[1:])

    @property
    def pictures(self) -> np.ndarray:
        """Decoded data ``(rows, columns, *data_shape)``, made when first asked for."""
        x = self.result.pictures
        return x.reshape(*self.plan.shape, *x.shape[1:])

    @property
    def certificate(self) -> Certificate:
        """Of all latents, row by row, against the workspace's prior."""
        return self.result.certificate

    def figure(self, ax: Axes | None = None) -> Figure:
        """The pictures on one sheet, as by `zalgebra.figures.sheet`."""
        from zalgebra.studio.figures_sheet import sheet

        shown, plan = np.clip(self.pictures, 0, 1), self.plan  # a model may overshoot
        return sheet(shown, plan.rows, plan.columns, foot=plan.foot, frames=plan.frames, ax=ax)

    def to_dict(self) -> dict[str, Any]:
        """Rows, columns and certificate as plain JSON values."""
        rows, columns = self.plan.shape
        return {"rows": rows, "columns": columns, **self.result.to_dict()}

    def __repr__(self) -> str:
        rows, columns = self.plan.shape
        return f"Grid({self.plan.expression!r}, {rows} × {columns}: {self.certificate.verdict})"


def between(read: Read, corners: Sequence[str], n: int, *, beyond: int = 0) -> Plan:
    """Three or four expressions at the corners of a square, and all that lies between them.

    Of three, the fourth corner is their analogy; `zalgebra.weights.corner_grid` has the weights.
    """
    w = corner_grid(len(corners), n, beyond=beyond)
    rows, columns, k = w.shape
    flat = w.reshape(rows * columns, k)
    mixed = reduce(add, (read(key) * flat[:, i] for i, key in enumerate(corners)))
    first, last = beyond, columns - 1 - beyond
    a, b, c, *d = corners
    head, foot = ([""] * columns for _ in range(2))
    head[first], head[last] = a, b
    foot[first], foot[last] = c, d[0] if d else f"{b} + {c} − {a}"
    places = [(first, first), (first, last), (last, first), (last, last)]
    said = f"between {', '.join(corners)}"
    return Plan(said, [mixed], (rows, columns), None, head, foot, places[:k])


def along(
    read: Read, item: str, directions: Sequence[str], strengths: Sequence[float], unit: str
) -> Plan:
    """One expression along several directions, each a row."""
    start = read(item)
    recipes = [_changed(read, start, [(name, s)], unit) for name in directions for s in strengths]
    shape, none = (len(directions), len(strengths)), _nothing(strengths)
    frames = [(i, j) for i in range(len(directions)) for j in none]
    columns = [signed(s, UNITS[unit][1]) for s in strengths]
    said = f"{item} along {', '.join(directions)}"
    return Plan(said, recipes, shape, directions, columns, None, frames)


def crossed(read: Read, item: str, x: str, y: str, strengths: Sequence[float], unit: str) -> Plan:
    """One expression by two directions: ``x`` grows to the right, ``y`` upwards."""
    if x == y:
        raise BadInput(f"the two directions of a grid must differ, got {x!r} twice")
    start, upwards = read(item), list(strengths)[::-1]
    recipes = [_changed(read, start, [(x, s), (y, t)], unit) for t in upwards for s in strengths]
    shape = (len(upwards), len(strengths))
    frames = [(i, j) for i in _nothing(upwards) for j in _nothing(strengths)]
    rows, columns = (
        [f"{name} {signed(s, UNITS[unit][1])}" for s in many]
        for name, many in ((y, upwards), (x, strengths))
    )
    return Plan(f"{item} by {x} and {y}", recipes, shape, rows, columns, None, frames)


def _changed(read: Read, start: Latent, changes: Sequence[tuple[str, float]], unit: str) -> Latent:
    """An expression with directions added, such as ``+ 20° smile``; what is 0 is left out."""
    terms = [f"{s:+.12g} {UNITS[unit][0]} {name_words(name)}" for name, s in changes if s != 0]
    return reduce(add, (read(term) for term in terms), start)


def _nothing(strengths: Sequence[float]) -> list[int]:
    """Where the strength is 0."""
    return [i for i, s in enumerate(strengths) if s == 0]


def plan_of(
    read: Read,
    expressions: Sequence[str],
    *,
    x: str | None,
    y: str | None,
    directions: Sequence[str],
    n: int,
    to: float | None,
    unit: str | None,
    beyond: int,
) -> Plan:
    """The plan that is meant: corners, two directions crossed, or a row for each direction."""
    if isinstance(directions, str):
        raise BadInput(f"`along` must be names, got one text; write [{directions!r}]")
    several, turned = len(expressions) > 1, bool(x or y or directions)
    if several and turned:
        raise BadInput(
            f"directions are of one expression, got {len(expressions)}; give one, or leave out "
            "`x`, `y` and `along`"
        )
    if several or not turned:
        if len(expressions) not in (3, 4):
            raise BadInput(
                "a grid needs three or four expressions, or one with directions (`x` and `y`, or "
                f"`along`), got {len(expressions)}; between two there is a walk"
            )
        for name, value in (("to", to), ("unit", unit)):
            if value is not None:
                raise BadInput(f"`{name}` is of directions, and corners have none; leave it out")
        return between(read, expressions, n, beyond=beyond)
    if beyond:
        raise BadInput("`beyond` is of corners; how far directions go is `to`")
    if directions and (x or y):
        raise BadInput("give `x` and `y`, or `along`, not both")
    unit = "deg" if unit is None else unit
    if unit not in UNITS:
        raise BadInput(f"`unit` must be one of {', '.join(UNITS)}, got {unit!r}")
    to = REACH[unit] if to is None else to
    if not (0 < to < (90 if unit == "deg" else np.inf)):
        most = "below 90" if unit == "deg" else "finite"
        raise BadInput(f"`to` must be above 0 and {most}, got {to:g}")
    strengths = (to * np.linspace(-1, 1, at_least("n", n, 2))).tolist()
    if x and y:
        return crossed(read, expressions[0], x, y, strengths, unit)
    return along(read, expressions[0], directions or [x or y or ""], strengths, unit)
