"""A map that is a small network: it has a formula for new latents, and so for any number."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from zalgebra.algebra._whole import at_least
from zalgebra.estimators.maps.base import LatentMap
from zalgebra.estimators.maps.linear import principal
from zalgebra.estimators.maps.networks import Network, attract, regress
from zalgebra.estimators.maps.rules import Rule
from zalgebra.types import BadInput, Prior

__all__ = ["Parametric"]


class Parametric(LatentMap):
    """A network from latents to places, trained by a loss of its own or on another map's places.

    Parameters
    ----------
    teacher
        Another map whose places the network learns: ``"tsne"``, ``"umap"``, ``"pacmap"``, ... at
        its default settings. None (default): it learns by InfoNCE to keep neighbours together
        (`zalgebra.estimators.maps.networks.attract`).
    n_neighbors
        Neighbours of an item, for the loss of its own (default 15). It is cut to all others, with a
        warning unless it is the default.
    width
        Of the two hidden layers (default 256).
    steps
        Of Adam, of 256 items each (default 2000).
    n_components, inverse, prior, random_state
        As in `LatentMap`.

    References
    ----------
    Sainburg, McInnes, Gentner, *Parametric UMAP*, arXiv 2009.12981; Damrich et al.,
    arXiv 2206.01816.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((60, 8))
    >>> found = maps.Parametric(steps=20, inverse="neighbours").fit(Z)
    >>> found.transform(Z).shape, found.inverse_transform(found.transform(Z[:3])).shape
    ((60, 2), (3, 8))
    """

    method: ClassVar[str] = "parametric"

    def __init__(
        self,
        n_components: int = 2,
        *,
        teacher: str | None = None,
        n_neighbors: int = 15,
        width: int = 256,
        steps: int = 2000,
        inverse: str = "auto",
        prior: Prior | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components, self.teacher, self.n_neighbors = n_components, teacher, n_neighbors
        self.width, self.steps = width, steps
        self.inverse, self.prior, self.random_state = inverse, prior, random_state

    def _learn(self, x: np.ndarray, /) -> tuple[np.ndarray, Rule]:
        how = {
            "width": at_least("width", self.width, 1),
            "steps": at_least("steps", self.steps, 1),
            "random_state": self.random_state,
        }
        own = self.teacher is None
        network = self._attracted(x, how) if own else regress(x, self._taught(x), **how)
        return network(x), network

    def _attracted(self, x: np.ndarray, how: dict[str, int]) -> Network:
        at_least("n_neighbors", self.n_neighbors, 1)
        k = int(self._cut("n_neighbors", len(x), len(x) - 1))
        return attract(x, principal(x, self.n_components), k=k, **how)

    def _taught(self, x: np.ndarray) -> np.ndarray:
        teachers = {k: kind for k, kind in LatentMap.kinds.items() if k != self.method}
        if self.teacher not in teachers:
            known = ", ".join(teachers)
            raise BadInput(f"`teacher` must be None or one of {known}, got {self.teacher!r}")
        teacher = teachers[self.teacher](self.n_components, random_state=self.random_state)
        return teacher._learn(x)[0]
