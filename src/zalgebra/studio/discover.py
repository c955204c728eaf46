"""A contact sheet of what a latent space holds: a direction a row, to be named by who looks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.items import NUMBERED
from zalgebra.algebra.latent import Latent
from zalgebra.algebra.words import number_words
from zalgebra.estimators.directions import Direction
from zalgebra.estimators.discovery import Discovered, discover
from zalgebra.studio import drawing, figures
from zalgebra.types import BadInput, MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zalgebra.studio.workspace import Workspace

__all__ = ["STRENGTHS", "Sheet", "contact_sheet", "keep", "named", "save", "write"]

STRENGTHS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
MARGIN = 1.15  # inches on the left, for what is known of a row
GAP = 0.25  # of a picture's width, between items


@dataclass(frozen=True, eq=False)
class Sheet:
    """Directions at work.

    Parameters
    ----------
    found
        The directions, in the order of the rows.
    items
        The expressions that they were applied to.
    strengths
        In standard deviations of the prior.
    pictures
        ``(directions, items, strengths, C, H, W)``.
    """

    found: Discovered
    items: tuple[str, ...]
    strengths: tuple[float, ...]
    pictures: np.ndarray

    def figure(self) -> Figure:
        """One row a direction, its number on the left; one block of columns an item."""
        try:
            from matplotlib.figure import Figure
        except ModuleNotFoundError as error:
            raise MissingExtra("matplotlib", "studio") from error
        rows, blocks, columns = self.pictures.shape[:3]
        H, W = self.pictures.shape[-2:]
        wide, high = blocks * columns + GAP * (blocks - 1), rows * H / W
        head = 0.25 if len(self.items) == 1 else 0.45
        width, height = MARGIN + wide * figures.TILE, head + high * figures.TILE
        figure = Figure(figsize=(width, height), dpi=150)
        for b, item in enumerate(self.items):
            left = MARGIN + b * (columns + GAP) * figures.TILE
            box = left / width, 0.0, columns * figures.TILE / width, 1 - head / height
            ax = figure.add_axes(box)
            tiles = self.pictures[:, b].reshape(-1, *self.pictures.shape[-3:])
            figures.grid(np.clip(tiles, 0, 1), columns=columns, ax=ax)  # far along models overshoot
            for i, strength in enumerate(self.strengths):
                _write(ax, i + 0.485, -0.04, _sd(strength), va="bottom")
            if len(self.items) > 1:
                _write(ax, columns / 2, -0.24, item, va="bottom")
            for row in range(rows) if b == 0 else ():
                place = (row + 0.485) * H / W
                _write(ax, -0.98, place, str(row), size=13, ha="left", va="center")
                _write(ax, -0.7, place, self._known(row), size=8, ha="left", va="center")
        return figure

    def _known(self, row: int) -> str:
        found = self.found
        if found.effect is None or found.consistency is None:
            return f"score {found.scores[row]:.2g}"
        return f"effect {found.effect[row]:.3f}\nalike {found.consistency[row]:.2f}"

    def to_dict(self) -> dict[str, Any]:
        """What was found and what it was applied to, as plain JSON values."""
        return {**self.found.to_dict(), "items": list(self.items), "strengths": [*self.strengths]}


def contact_sheet(
    workspace: Workspace,
    /,
    *,
    method: str = "pca",
    n: int = 8,
    items: Sequence[str] = ("img:0",),
    strengths: Sequence[float] = STRENGTHS,
    seed: int = 0,
) -> Sheet:
    """Find directions in a workspace and apply each to the items, at several strengths.

    Parameters
    ----------
    workspace
        With at least 2 items.
    method, n, seed
        As `zalgebra.estimators.discovery.discover` takes them.
    items
        Expressions.
    strengths
        In standard deviations of the prior.
    """
    if not items or not strengths:
        raise BadInput("a contact sheet needs at least one item and one strength")
    if len(workspace.spec.data_shape) != 3:
        raise BadInput(
            f"a contact sheet shows pictures, this model makes {workspace.spec.data_shape}"
        )
    if len(workspace) < 2:
        raise BadInput(f"directions are found from at least 2 items, here are {len(workspace)}")
    found = discover(
        workspace.items.latents,
        decode=_decoder(workspace.model, method),
        weight=workspace.model if method == "sefa" else None,
        method=method,
        n_directions=min(n, len(workspace) - 1, math.prod(workspace.spec.latent_shape)),
        prior=workspace.prior,
        random_state=seed,
    )
    starts = [Latent(workspace.mix(item).latents[0], "start") for item in items]
    steps = [Latent.shift(v, "step") * np.array(strengths, dtype=float) for v in found.vectors]
    z = [(start + step).array(prior=workspace.prior) for step in steps for start in starts]
    pictures = workspace.model.inverse_transform(np.concatenate(z).astype(np.float32))
    shape = (len(found), len(items), len(strengths), *pictures.shape[1:])
    return Sheet(found, tuple(items), tuple(map(float, strengths)), pictures.reshape(shape))


def write(sheet: Sheet, output: Path, *, comment: str = "") -> Path:
    """Draw the sheet into a file, which keeps the ``comment``."""
    drawing.check_still(output)
    figure = sheet.figure()
    return drawing.save(figure, output, comment=comment, dpi=figure.dpi)


def named(texts: Sequence[str], count: int) -> dict[int, str]:
    """Numbers and names from texts such as ``3=smile``."""
    names: dict[int, str] = {}
    for text in texts:
        match = re.fullmatch(r"\s*(\d{1,6})\s*=\s*(\S.*?)\s*", text)
        if match is None:
            raise BadInput(f"a name is given as NUMBER=NAME, such as 3=smile, got {text!r}")
        i, name = int(match[1]), match[2]
        if i >= count:
            raise BadInput(f"there are the directions 0 to {count - 1}, got {text!r}")
        if i in names or name in names.values():
            raise BadInput(f"a direction has one name, and a name one direction, got {text!r} too")
        names[i] = name
    return names


def keep(workspace: Workspace, found: Discovered, names: Mapping[int, str], /) -> list[Direction]:
    """Save directions under their names in the workspace, where expressions find them."""
    for name in names.values():
        if NUMBERED.fullmatch(name) or name in workspace.items.labels:
            raise BadInput(f"{name!r} is an item or a label here; choose another name")
    mark = workspace.spec.fingerprint
    return [
        workspace.keep(found.direction(i, name=name, fingerprint=mark)) for i, name in names.items()
    ]


def save(found: Discovered, folder: Path, /, fingerprint: str = "") -> list[Path]:
    """Write every direction as a file of its own, such as ``pca-3.safetensors``."""
    directions = [found.direction(i, fingerprint=fingerprint) for i in range(len(found))]
    return [d.save(folder / f"{d.name.replace(' ', '-')}.safetensors") for d in directions]


def _decoder(model: Any, method: str) -> Any:
    if method != "jacobian":
        return model.inverse_transform
    if not hasattr(model, "decode"):
        raise BadInput(f"a {type(model).__name__} has no decoder of tensors; use another method")
    return model.decode


def _sd(strength: float) -> str:
    sign = "−" if strength < 0 else "+" if strength > 0 else ""
    return f"{sign}{number_words(abs(strength))} sd" if strength else "0"


def _write(ax: Any, x: float, y: float, text: str, **how: Any) -> None:
    style = {"ha": "center", "size": 8, "clip_on": False, "parse_math": False}
    ax.text(x, y, text, **(style | how))
