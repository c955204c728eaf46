"""A map of a workspace's items: fitted, told and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.estimators.maps import METHODS, LatentMap
from zalgebra.estimators.maps.base import LEAST
from zalgebra.studio import map_figures
from zalgebra.studio.map_labels import colours, default_label, legend
from zalgebra.studio.map_paper import AXIS, panels
from zalgebra.studio.map_placed import Placed, shown, some
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zalgebra.studio.workspace import Workspace

__all__ = ["ItemMap", "check_map", "map_items"]

ORDINALS = ("first", "second", "third")

FEW = 20  # held-out items below which an error is little more than a guess


@dataclass(frozen=True, eq=False)
class ItemMap(Placed):
    """A map, and the items that it was fitted to.

    Parameters
    ----------
    fitted
        The map.
    rows
        The items' numbers ``(n,)``: row 0 of ``fitted.embedding_`` is ``img:{rows[0]}``.
    """

    fitted: LatentMap

    @property
    def places(self) -> np.ndarray:
        """``fitted.embedding_``."""
        return self.fitted.embedding_

    @property
    def how(self) -> str:
        """The map's method."""
        return self.fitted.method

    @property
    def variance(self) -> list[float]:
        """The share of the latents' variance along each axis, of a map whose axes have one."""
        return list(map(float, getattr(self.fitted, "explained_variance_ratio_", ())))

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
        check_map(workspace, colour=colour, inverse=inverse)
        words = [f"{k} axis, {share} of the variance" for k, share in self._shares()]
        axes = panels(2 if inverse else 1, like=self.places, edge=AXIS if words else 0)
        figure = map_figures.scatter(
            self.places,
            self._pictures(workspace),
            **colours(workspace, colour, self.rows),
            thumbnails=thumbnails,
            ax=axes[0],
        )
        if inverse:
            decode = partial(shown, workspace)
            map_figures.inverse_grid(self.fitted, decode, columns=columns, ax=axes[1])
        for ax in axes if words else ():
            ax.set_xlabel(words[0], fontsize=11, loc="left")
            ax.set_ylabel(words[1], fontsize=11, loc="bottom")
        return figure

    def _more(self) -> dict[str, Any]:
        inverse = self.fitted.inverse_
        error = inverse.report(self.places).error
        return {"error": error, "worst": float(np.sqrt(inverse.spread))}

    def _shares(self) -> list[tuple[str, str]]:
        """Which axis has how much of the variance, in words."""
        shares = [f"{share:.0%}".replace("%", " %") for share in self.variance]
        return list(zip(ORDINALS, shares, strict=False))

    def lines(self) -> list[str]:
        """What was fitted and how far its inverse can be trusted, in words."""
        own = self.fitted.inverse_
        shares = ", ".join(f"{share} along the {k} axis" for k, share in self._shares())
        few = len(own.seen)
        error = f"held-out error {own.scores[own.name]:.3g} an entry of a latent"
        error += f", on {few} items only" if few < FEW else ""
        return [*([f"variance: {shares}"] if shares else []), f"inverse: {own.name}, {error}"]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        inverse = self.fitted.inverse_
        return {
            "method": self.fitted.method,
            "items": len(self.rows),
            **({"explained_variance_ratio": self.variance} if self.variance else {}),
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
    check_map(workspace)
    rows = some(workspace, n, seed)
    unfitted = METHODS[method](prior=workspace.prior, random_state=seed)
    return ItemMap(rows, unfitted.fit(workspace.items.latents[rows]))


def check_map(
    workspace: Workspace, /, *, colour: str | None = None, inverse: bool = False, page: bool = False
) -> None:
    """`BadInput` if no map of these items can be drawn so: to be known before one is fitted."""
    Z = workspace.items.latents
    if len(Z) < LEAST:
        raise BadInput(f"a map needs at least {LEAST} items, this workspace has {len(Z)}")
    if not np.ptp(Z, axis=0).any():
        raise BadInput(f"all {len(Z)} items have the same latent, so there is no map of them")
    default_label(workspace, colour)
    if page:
        legend(workspace, colour, np.arange(0))
    if inverse and len(workspace.spec.data_shape) != 3:
        raise BadInput(
            f"the inverse is drawn as pictures, and this model's data have shape "
            f"{workspace.spec.data_shape}; leave the inverse out"
        )
