"""t-SNE, UMAP and PaCMAP, by the libraries that do each best."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from zalgebra.algebra._whole import at_least
from zalgebra.estimators.maps.base import LatentMap
from zalgebra.estimators.maps.inverse import Make
from zalgebra.estimators.maps.libraries import library, quiet
from zalgebra.estimators.maps.linear import principal
from zalgebra.estimators.maps.neighbours import nearest_others
from zalgebra.estimators.maps.rules import Among, Rule
from zalgebra.estimators.maps.umap_own import own
from zalgebra.types import BadInput, Prior

__all__ = ["TSNE", "UMAP", "PaCMAP"]

PLACED = 10  # neighbours by which a new latent is placed


class Embedding(LatentMap):
    """A map that has a place for each item, and no formula for others.

    A new latent is placed among its 10 nearest items by
    `zalgebra.estimators.maps.rules.Among`, before saving and after: the libraries' own ways to
    place new points cannot be saved without pickle. The items themselves stay where they are.
    """

    def _learn(self, x: np.ndarray, /) -> tuple[np.ndarray, Rule]:
        places = self._places(x)
        if not np.all(np.isfinite(places)):
            raise BadInput(
                f"{self.method} found no finite places; try another map of these latents"
            )
        places = np.ascontiguousarray(places, dtype=x.dtype)
        return places, Among(x, places, PLACED)

    def _places(self, x: np.ndarray, /) -> np.ndarray:
        """Places ``(n, n_components)`` of rows ``(n, D)``."""
        raise TypeError(f"{type(self).__name__} does not say how it places rows")


class TSNE(Embedding):
    """t-SNE (van der Maaten and Hinton 2008) as openTSNE computes it, from exact neighbours.

    It starts from the principal axes, so that what is far apart keeps its order (Kobak and Berens
    2019).

    Parameters
    ----------
    perplexity
        About how many neighbours an item has (default 30). It is cut to a third of the other items,
        with a warning unless it is the default.
    n_components, inverse, prior, random_state
        As in `LatentMap`.

    References
    ----------
    Poličar, Stražar, Zupan, *openTSNE: a modular Python library for t-SNE*, JSS 109 (2024).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((60, 8))
    >>> found = maps.TSNE(inverse="neighbours").fit(Z)
    >>> found.transform(Z).shape, found.inverse_transform(found.transform(Z[:3])).shape
    ((60, 2), (3, 8))
    """

    method: ClassVar[str] = "tsne"

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float = 30.0,
        inverse: str = "auto",
        prior: Prior | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components, self.perplexity = n_components, perplexity
        self.inverse, self.prior, self.random_state = inverse, prior, random_state

    def _places(self, x: np.ndarray, /) -> np.ndarray:
        if not self.perplexity > 1:
            raise BadInput(f"`perplexity` must be more than 1, got {self.perplexity!r}")
        perplexity = self._cut("perplexity", len(x), (len(x) - 1) / 3)
        with quiet():
            return np.asarray(self._embedding(x, perplexity))

    def _embedding(self, x: np.ndarray, perplexity: float) -> Any:
        tsne = library("openTSNE")
        affinity = importlib.import_module("openTSNE.affinity")
        graph = importlib.import_module("openTSNE.nearest_neighbors").PrecomputedNeighbors
        rows, apart = nearest_others(x, int(3 * perplexity))
        P = affinity.PerplexityBasedNN(perplexity=perplexity, knn_index=graph(rows, apart))
        start = tsne.initialization.rescale(principal(x, self.n_components)(x).astype(float))
        gradient = "bh" if self.n_components == 3 or len(x) < 10_000 else "fft"
        return tsne.TSNE(
            self.n_components, n_jobs=1, random_state=self.random_state, initialization=start,
            negative_gradient_method=gradient,
        ).fit(affinities=P)  # fmt: skip


class UMAP(Embedding):
    """UMAP (McInnes, Healy and Melville 2018) as umap-learn computes it, from exact neighbours.

    Parameters
    ----------
    n_neighbors
        Neighbours of an item, itself among them (default 15). It is cut to all items, with a
        warning unless it is the default.
    min_dist
        How close items may lie on the map (default 0.1).
    inverse
        As in `LatentMap`, or ``"umap"``: umap-learn's own inside the hull of the items, with its
        error on held-out ones; off the hull the nearest item. It takes about 20 ms a point, and
        such a map cannot be saved.
    n_components, prior, random_state
        As in `LatentMap`.

    References
    ----------
    McInnes, Healy, Melville, arXiv 1802.03426.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((60, 8))
    >>> found = maps.UMAP(inverse="neighbours").fit(Z)
    >>> found.transform(Z).shape, found.inverse_transform(found.transform(Z[:3])).shape
    ((60, 2), (3, 8))
    """

    method: ClassVar[str] = "umap"

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        inverse: str = "auto",
        prior: Prior | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components, self.n_neighbors, self.min_dist = n_components, n_neighbors, min_dist
        self.inverse, self.prior, self.random_state = inverse, prior, random_state

    def _places(self, x: np.ndarray, /) -> np.ndarray:
        if not 0 <= self.min_dist <= 1:
            raise BadInput(f"`min_dist` must lie in [0, 1], got {self.min_dist!r}")
        at_least("n_neighbors", self.n_neighbors, 2)
        k = int(self._cut("n_neighbors", len(x), len(x)))
        rows, apart = nearest_others(x, k - 1)
        own = np.arange(len(x))[:, None]
        graph = np.hstack([own, rows]), np.hstack([np.zeros_like(own, dtype=apart.dtype), apart])
        start = principal(x, self.n_components)(x)
        with quiet():
            self._fitted = library("umap").UMAP(
                n_neighbors=k, n_components=self.n_components, min_dist=self.min_dist, n_jobs=1,
                random_state=self.random_state, precomputed_knn=graph,
                init=(10 * (start - start.min(axis=0)) / np.ptp(start, axis=0).max()),
            ).fit(x)  # fmt: skip
        return self._fitted.embedding_

    def _own_inverse(self) -> Make | None:
        fitted = vars(self).pop("_fitted")  # it is large, and nothing else needs it
        return partial(own, fitted) if self.inverse == "umap" else None

    def save(self, path: str | Path, /) -> Path:
        """As `LatentMap.save`; not with umap-learn's own inverse."""
        if self.inverse == "umap":
            raise BadInput(
                'inverse="umap" cannot be saved without pickle; fit with inverse="auto" to save'
            )
        return super().save(path)


class PaCMAP(Embedding):
    """PaCMAP (Wang, Huang, Rudin and Shaposhnik 2021), by its authors' library.

    Parameters
    ----------
    n_neighbors
        Neighbours of an item (default 10). It is cut to all others, with a warning unless it is
        the default.
    n_components, inverse, prior, random_state
        As in `LatentMap`.

    References
    ----------
    Wang et al., JMLR 22 (201), 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((60, 8))
    >>> found = maps.PaCMAP(inverse="neighbours").fit(Z)
    >>> found.transform(Z).shape, found.inverse_transform(found.transform(Z[:3])).shape
    ((60, 2), (3, 8))
    """

    method: ClassVar[str] = "pacmap"

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 10,
        inverse: str = "auto",
        prior: Prior | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components, self.n_neighbors = n_components, n_neighbors
        self.inverse, self.prior, self.random_state = inverse, prior, random_state

    def _places(self, x: np.ndarray, /) -> np.ndarray:
        at_least("n_neighbors", self.n_neighbors, 1)
        k = int(self._cut("n_neighbors", len(x), len(x) - 1))
        with quiet():
            found = library("pacmap").PaCMAP(
                self.n_components, n_neighbors=k, random_state=int(self.random_state)
            )
            return found.fit_transform(x, init="pca")
