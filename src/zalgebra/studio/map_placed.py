"""Items of a workspace at places in the plane, on a page and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.studio.map_figures import Pictures
from zalgebra.studio.map_labels import legend

if TYPE_CHECKING:
    from zalgebra.studio.map_page import MapPage
    from zalgebra.studio.map_widget import MapWidget
    from zalgebra.studio.workspace import Workspace

__all__ = ["Placed", "shown", "some"]


@dataclass(frozen=True, eq=False)
class Placed:
    """Items of a workspace at places in the plane, whatever put them there.

    Parameters
    ----------
    rows
        The items' numbers ``(n,)``: row 0 of ``places`` is ``img:{rows[0]}``.
    """

    rows: np.ndarray

    @property
    def places(self) -> np.ndarray:
        """``(n, 2)``."""
        raise TypeError(f"{type(self).__name__} does not say where items lie")

    @property
    def how(self) -> str:
        """What placed them, in a few words."""
        raise TypeError(f"{type(self).__name__} does not say how items are placed")

    def page(
        self,
        workspace: Workspace,
        /,
        *,
        colour: str | None = None,
        title: str = "",
        megabytes: float | None = None,
    ) -> MapPage:
        """The same map as a page for a browser, dots faded by the error of the inverse, if any.

        It shows every label that a legend can hold, ``colour`` first; none with ``"none"``.
        ``megabytes`` is what the thumbnails may take, by default `map_page.BUDGET`.
        """
        from zalgebra.studio.map_page import BUDGET, map_page

        held, first = legend(workspace, colour, self.rows)
        return map_page(
            self.places,
            self._pictures(workspace),
            labels=held,
            classes=workspace.classes,
            first=first,
            numbers=self.rows,
            **self._more(),
            title=title or f"{workspace.path.stem}, {self.how}",
            megabytes=BUDGET if megabytes is None else megabytes,
        )

    def widget(
        self, workspace: Workspace, /, *, colour: str | None = None, height: int = 480
    ) -> MapWidget:
        """The same map in a notebook: its ``selection`` and ``items`` come back to Python."""
        from zalgebra.studio.map_widget import MapWidget

        held, first = legend(workspace, colour, self.rows)
        return MapWidget(
            self.places,
            self._pictures(workspace),
            labels=held,
            classes=workspace.classes,
            first=first,
            numbers=self.rows,
            items=workspace.items,
            height=height,
        )

    def _more(self) -> dict[str, Any]:
        """What else `map_page` is told: the inverse's errors, or what the axes mean."""
        return {}

    def _pictures(self, workspace: Workspace) -> Pictures | None:
        """From rows of the map to the items' pictures; None for data that are none."""
        if len(workspace.spec.data_shape) != 3:
            return None

        def pictures(rows: np.ndarray) -> np.ndarray:
            return shown(workspace, workspace.items.latents[self.rows[rows]])

        return pictures


def shown(workspace: Workspace, latents: np.ndarray) -> np.ndarray:
    """Latents as pictures in [0, 1], which a linear model leaves."""
    return np.clip(workspace.model.inverse_transform(latents), 0, 1)


def some(workspace: Workspace, n: int, seed: int, /) -> np.ndarray:
    """The numbers of at most n items, drawn by the seed, in order."""
    return np.sort(np.random.default_rng(seed).permutation(len(workspace.items))[:n])
