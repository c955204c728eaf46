"""PCA and kernel PCA as maps."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from zalgebra.algebra._whole import at_least
from zalgebra.estimators.maps.base import LatentMap
from zalgebra.estimators.maps.neighbours import nearest
from zalgebra.estimators.maps.rules import Kernel, Line, Rule, kernel
from zalgebra.types import BadInput, Prior

__all__ = ["PCA", "KernelPCA", "principal"]


def principal(x: np.ndarray, k: int, /) -> Line:
    """Coordinates along the first k principal axes of rows ``(n, D)``.

    The largest entry of each axis is positive, so that the signs are always the same.
    """
    from scipy.linalg import eigh

    mean, (n, D) = x.mean(axis=0), x.shape
    c = (x - mean).astype(float)
    gram, size = (c.T @ c, D) if n >= D else (c @ c.T, n)
    _, v = eigh(gram, subset_by_index=(size - k, size - 1))
    axes = v[:, ::-1] if n >= D else c.T @ v[:, ::-1]
    axes = axes / np.maximum(np.linalg.norm(axes, axis=0), np.finfo(float).tiny)
    return Line(mean, (axes * _signs(axes)).astype(x.dtype))


def _signs(axes: np.ndarray) -> np.ndarray:
    largest = np.abs(axes).argmax(axis=0)
    return np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1, 1)


class PCA(LatentMap):
    """The map along the axes of largest variance.

    It is quick and its axes mean something everywhere; neighbours are kept less well than by the
    others. Parameters as in `LatentMap`.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((200, 8)) * [9, 5, 1, 1, 1, 1, 1, 1]
    >>> found = maps.PCA(inverse="neighbours").fit(Z)
    >>> z, report = found.inverse_transform([[0.0, 0.0], [90.0, 0.0]], report=True)
    >>> z.shape, report.outside
    ((2, 8), array([False,  True]))
    >>> found.explained_variance_ratio_.round(2)
    array([0.71, 0.23])
    """

    method: ClassVar[str] = "pca"

    def __init__(
        self,
        n_components: int = 2,
        *,
        inverse: str = "auto",
        prior: Prior | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.inverse, self.prior, self.random_state = inverse, prior, random_state

    def _learn(self, x: np.ndarray, /) -> tuple[np.ndarray, Rule]:
        line = principal(x, self.n_components)
        return line(x), line

    @property
    def explained_variance_ratio_(self) -> np.ndarray:
        """The share of the latents' variance along each axis ``(n_components,)``."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError("this PCA is not fitted yet: call fit(Z) first")
        whole = self.inverse_.spread / 2 * math.prod(self.latent_shape_)  # two items' spread
        return self.embedding_.var(axis=0, dtype=float) / whole


class KernelPCA(LatentMap):
    r"""PCA in the space of the kernel $\exp(-\gamma |x - y|^2)$.

    More items than ``landmarks`` are described by their kernel with so many of them, drawn at
    random (the Nyström approximation, Williams and Seeger 2001).

    Parameters
    ----------
    gamma
        γ; by default 1 / (2 m²), with m the median distance between items.
    landmarks
        At most this many (default 1000).
    n_components, inverse, prior, random_state
        As in `LatentMap`.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((60, 8))
    >>> found = maps.KernelPCA(inverse="neighbours").fit(Z)
    >>> found.transform(Z).shape, found.inverse_transform(found.transform(Z[:3])).shape
    ((60, 2), (3, 8))
    """

    method: ClassVar[str] = "kernel-pca"

    def __init__(
        self,
        n_components: int = 2,
        *,
        gamma: float | None = None,
        landmarks: int = 1000,
        inverse: str = "auto",
        prior: Prior | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_components, self.gamma, self.landmarks = n_components, gamma, landmarks
        self.inverse, self.prior, self.random_state = inverse, prior, random_state

    def _learn(self, x: np.ndarray, /) -> tuple[np.ndarray, Rule]:
        chosen = np.random.default_rng(self.random_state).permutation(len(x))
        marks = x[np.sort(chosen[: at_least("landmarks", self.landmarks, 10)])].astype(float)
        gamma = self._gamma(marks)
        K = kernel(marks, marks, gamma)
        rule = _nystroem(x.astype(float), marks, K, gamma, self.n_components)
        return rule(x), rule

    def _gamma(self, marks: np.ndarray) -> float:
        if self.gamma is None:
            some = marks[:500]
            apart = nearest(some, some, len(some))[1][:, 1:]
            return 1 / (2 * float(np.median(apart[apart > 0])) ** 2)
        if not 0 < self.gamma < math.inf:
            raise BadInput(f"`gamma` must be a number above 0, got {self.gamma!r}")
        return float(self.gamma)


def _nystroem(x: np.ndarray, marks: np.ndarray, K: np.ndarray, gamma: float, k: int) -> Kernel:
    """PCA of the features K^(-1/2) k(marks, x), as one affine map of the kernel's values."""
    values, vectors = np.linalg.eigh(K)
    kept = values > 1e-10 * values[-1]
    root = vectors[:, kept] / np.sqrt(values[kept])  # K^(-1/2), without a turn that PCA undoes
    features = Kernel(marks, np.zeros(len(marks)), root, gamma)
    line = principal(features(x), k)
    # The shift that gives (k - shift) root = k root - mean, since rootᵀ K root = I.
    return Kernel(marks, K @ (root @ line.mean), root @ line.axes, gamma)
