"""A map of a workspace's items: fitted, told and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.words import number_words
from zalgebra.estimators.maps import METHODS, LatentMap
from zalgebra.studio import map_figures
from zalgebra.studio.map_paper import panels
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zalgebra.studio.workspace import Workspace

__all__ = ["ItemMap", "check_figure", "colours", "map_items"]

GROUPS = 12  # values of a label up to which each has a colour and a name of its own


@dataclass(frozen=True, eq=False)
class ItemMap:
    """A map, and the items that it was fitted to.

    Parameters
    ----------
    fitted
        The map.
    rows
        The items' numbers ``(n,)``: row 0 of ``fitted.embedding_`` is ``img:{rows[0]}``.
    """

    fitted: LatentMap
    rows: np.ndarray

    def figure(
        self,
        workspace: Workspace,
        /,
        *,
        colour: str | None = None,
        inverse: bool = False,
        thumbnails: int = 80,
        columns: int = 16,
    ) -> Figure:
        """The items with thumbnails, and below them, with ``inverse``, the map decoded."""
        check_figure(workspace, colour=colour, inverse=inverse)
        pictorial = len(workspace.spec.data_shape) == 3

        def pictures(rows: np.ndarray) -> np.ndarray:
            return workspace.model.inverse_transform(workspace.items.latents[self.rows[rows]])

        axes = panels(2 if inverse else 1, like=self.fitted.embedding_)
        figure = map_figures.scatter(
            self.fitted.embedding_,
            pictures if pictorial else None,
            **colours(workspace, colour, self.rows),
            thumbnails=thumbnails,
            ax=axes[0],
        )
        if inverse:
            decode = workspace.model.inverse_transform
            map_figures.inverse_grid(self.fitted, decode, columns=columns, ax=axes[1])
        return figure

    def to_dict(self) -> dict[str, Any]:
        """What was fitted and how far its inverse can be trusted, as plain JSON values."""
        inverse = self.fitted.inverse_
        return {
            "method": self.fitted.method,
            "items": len(self.rows),
            "inverse": inverse.name,
            "held_out_errors": dict(inverse.scores),
            "reach": inverse.region.reach,
        }


def map_items(
    workspace: Workspace, /, *, method: str = "tsne", n: int = 10_000, seed: int = 0
) -> ItemMap:
    """A map of the items, at most n of them, whose inverse follows the model's prior."""
    if method not in METHODS:
        raise BadInput(f"`method` must be one of {', '.join(METHODS)}, got {method!r}")
    rows = np.sort(np.random.default_rng(seed).permutation(len(workspace.items))[:n])
    unfitted = METHODS[method](prior=workspace.prior, random_state=seed)
    return ItemMap(unfitted.fit(workspace.items.latents[rows]), rows)


def check_figure(workspace: Workspace, /, *, colour: str | None, inverse: bool) -> None:
    """`BadInput` if no figure can be drawn so: to be known before a map is fitted."""
    colours(workspace, colour, np.arange(0))
    if inverse and len(workspace.spec.data_shape) != 3:
        raise BadInput(
            f"the inverse is drawn as pictures, and this model's data have shape "
            f"{workspace.spec.data_shape}; leave the inverse out"
        )


def colours(workspace: Workspace, label: str | None, rows: np.ndarray, /) -> dict[str, Any]:
    """What `map_figures.scatter` is told of a label: groups and their names, or numbers.

    By default the first label of classes, if there is one.
    """
    label = next(iter(workspace.classes), None) if label is None else label
    if label is None or label == "none":
        return {}
    labels = workspace.items.labels
    if label not in labels:
        raise BadInput(f"there is no label {label!r}; there are: {', '.join(labels) or 'none'}")
    values = labels[label][rows]
    if label in workspace.classes:
        return {"groups": values, "names": workspace.classes[label]}
    kinds, groups = np.unique(values, return_inverse=True)
    if len(kinds) <= GROUPS:
        return {"groups": groups, "names": [f"{label} {number_words(float(v))}" for v in kinds]}
    return {"color": values, "label": label}
