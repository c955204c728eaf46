"""A map of a workspace's items: fitted, told and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra.words import number_words
from zalgebra.estimators.maps import METHODS, LatentMap
from zalgebra.studio import map_figures
from zalgebra.studio.map_paper import panels
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zalgebra.studio.map_page import MapPage
    from zalgebra.studio.map_widget import MapWidget
    from zalgebra.studio.workspace import Workspace

__all__ = ["ItemMap", "check_figure", "colours", "default_label", "legible", "map_items"]

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
        axes = panels(2 if inverse else 1, like=self.fitted.embedding_)
        figure = map_figures.scatter(
            self.fitted.embedding_,
            self._pictures(workspace),
            **colours(workspace, colour, self.rows),
            thumbnails=thumbnails,
            ax=axes[0],
        )
        if inverse:
            decode = partial(_shown, workspace)
            map_figures.inverse_grid(self.fitted, decode, columns=columns, ax=axes[1])
        return figure

    def page(
        self,
        workspace: Workspace,
        /,
        *,
        colour: str | None = None,
        title: str = "",
        megabytes: float | None = None,
    ) -> MapPage:
        """The same map as a page for a browser, dots faded by the error of the inverse.

        It shows every label that a legend can hold, ``colour`` first; none with ``"none"``.
        ``megabytes`` is what the thumbnails may take, by default `map_page.BUDGET`.
        """
        from zalgebra.studio.map_page import BUDGET, map_page

        first = default_label(workspace, colour)
        held = {} if first is None and colour else legible(workspace, self.rows)
        inverse = self.fitted.inverse_
        return map_page(
            self.fitted.embedding_,
            self._pictures(workspace),
            labels=held,
            classes=workspace.classes,
            first=first,
            numbers=self.rows,
            error=inverse.report(self.fitted.embedding_).error,
            worst=float(np.sqrt(inverse.spread)),
            title=title or f"{workspace.path.stem}, {self.fitted.method}",
            megabytes=BUDGET if megabytes is None else megabytes,
        )

    def widget(
        self, workspace: Workspace, /, *, colour: str | None = None, height: int = 480
    ) -> MapWidget:
        """The same map in a notebook: its ``selection`` and ``items`` come back to Python."""
        from zalgebra.studio.map_widget import MapWidget

        first = default_label(workspace, colour)
        return MapWidget(
            self.fitted.embedding_,
            self._pictures(workspace),
            labels={} if first is None and colour else legible(workspace, self.rows),
            classes=workspace.classes,
            first=first,
            numbers=self.rows,
            items=workspace.items,
            height=height,
        )

    def _pictures(self, workspace: Workspace) -> map_figures.Pictures | None:
        """From rows of the map to the items' pictures; None for data that are none."""
        if len(workspace.spec.data_shape) != 3:
            return None

        def pictures(rows: np.ndarray) -> np.ndarray:
            return _shown(workspace, workspace.items.latents[self.rows[rows]])

        return pictures

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


def _shown(workspace: Workspace, latents: np.ndarray) -> np.ndarray:
    """Latents as pictures in [0, 1], which a linear model leaves."""
    return np.clip(workspace.model.inverse_transform(latents), 0, 1)


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
    label = default_label(workspace, label)
    if label is None:
        return {}
    values = workspace.items.labels[label][rows]
    if label in workspace.classes:
        return {"groups": values, "names": workspace.classes[label]}
    kinds, groups = np.unique(values, return_inverse=True)
    if len(kinds) <= GROUPS:
        return {"groups": groups, "names": [f"{label} {number_words(float(v))}" for v in kinds]}
    return {"color": values, "label": label}


def default_label(workspace: Workspace, label: str | None, /) -> str | None:
    """The label that is asked for, by default the first of classes; None for none."""
    label = next(iter(workspace.classes), None) if label is None else label
    labels = workspace.items.labels
    if label is not None and label != "none" and label not in labels:
        raise BadInput(f"there is no label {label!r}; there are: {', '.join(labels) or 'none'}")
    return None if label == "none" else label


def legible(workspace: Workspace, rows: np.ndarray, /) -> dict[str, np.ndarray]:
    """The labels of the items that a page can show: not those with a word for nearly each."""
    from zalgebra.studio.map_page import KINDS

    held = {k: v[rows] for k, v in workspace.items.labels.items()}
    return {k: v for k, v in held.items() if v.dtype.kind in "biuf" or len(np.unique(v)) <= KINDS}
