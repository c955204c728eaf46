"""A map whose axes have a meaning each: the items by two labels or directions of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.studio.figures_semantic import between, semantic, semantic_places
from zalgebra.studio.map_labels import colours
from zalgebra.studio.map_placed import Placed, some
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zalgebra.estimators.directions import Direction
    from zalgebra.studio.workspace import Workspace

__all__ = ["AxesMap", "map_axes"]


@dataclass(frozen=True, eq=False)
class AxesMap(Placed):
    """Items by two directions, in standard deviations along each.

    Parameters
    ----------
    rows
        The items' numbers ``(n,)``.
    x, y
        The directions.
    latents
        Of the items ``(n, *shape)``.
    """

    x: Direction
    y: Direction
    latents: np.ndarray

    @cached_property
    def places(self) -> np.ndarray:
        """As `semantic_places` places them."""
        return semantic_places(self.latents, self.x, self.y)

    @property
    def how(self) -> str:
        """Which direction is which axis, and the angle between them."""
        return f"x = {self.x.name}, y = {self.y.name}, at {self.angle:.0f}°"

    @property
    def angle(self) -> float:
        """Between the directions, in degrees."""
        return between(self.x, self.y)

    @property
    def correlation(self) -> float:
        """Of the items' places along the two axes."""
        return float(np.corrcoef(self.places.T)[0, 1])

    def figure(
        self, workspace: Workspace, /, *, colour: str | None = None, thumbnails: int = 80
    ) -> Figure:
        """The items with thumbnails, the axes named."""
        how = colours(workspace, colour, self.rows)
        pictures = self._pictures(workspace)
        return semantic(self.latents, self.x, self.y, pictures, **how, thumbnails=thumbnails)

    def _more(self) -> dict[str, Any]:
        return {"axes": (self.x.name, self.y.name)}

    def lines(self) -> list[str]:
        """What the two axes share, in words; `how` tells the angle."""
        return [f"correlation of the two axes: {self.correlation:+.2f}".replace("-", "−")]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "axes": [self.x.name, self.y.name],
            "items": len(self.rows),
            "angle": self.angle,
            "correlation": self.correlation,
        }


def map_axes(workspace: Workspace, named: str, /, *, n: int = 10_000, seed: int = 0) -> AxesMap:
    """The items, at most n of them, by two labels or kept directions such as ``"smile,age"``."""
    x, y = (workspace.direction(name) for name in _two(workspace, named))
    rows = some(workspace, n, seed)
    found = AxesMap(rows, x, y, workspace.items.latents[rows])
    if not np.isfinite(found.places).all():
        raise BadInput(f"the items have no finite places along {x.name!r} and {y.name!r}")
    return found


def _two(workspace: Workspace, named: str) -> tuple[str, str]:
    names = [part.strip() for part in named.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        raise BadInput(
            "`--axes` takes two different labels or directions, such as smile,glasses, "
            f"got {named!r}"
        )
    known = list(workspace.items.directions)
    for name in names:
        if name not in known:
            raise BadInput(
                f"there is no direction {name!r} and no numeric label to learn it from; "
                f"there are: {', '.join(known) or 'none'}"
            )
    return names[0], names[1]
