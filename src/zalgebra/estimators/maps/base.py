"""The contract of every map: fit, transform, inverse_transform, save."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from zalgebra.algebra._arrays import as_latents, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.priors import check_shape
from zalgebra.estimators.maps import stored
from zalgebra.estimators.maps.inverse import Inverse, Make, learn
from zalgebra.estimators.maps.outside import region
from zalgebra.estimators.maps.report import MapInverse
from zalgebra.estimators.maps.rules import Rule
from zalgebra.types import Array, BadInput, MissingExtra, Prior

try:
    from sklearn.base import BaseEstimator
except ModuleNotFoundError as error:
    raise MissingExtra("scikit-learn", "maps") from error

__all__ = ["LEAST", "LatentMap", "load"]

LEAST = 10  # items that make a map


class LatentMap(BaseEstimator):
    """What all maps share; `zalgebra.estimators.maps` names them.

    A subclass gives, in `_learn`, the places of all items and the rule for new ones.

    Attributes
    ----------
    n_components : int
        Axes of the map: 2 (default) or 3.
    inverse : str
        ``"auto"`` (default: the smaller held-out error), ``"neighbours"`` or ``"network"``.
    prior : Prior or None
        The law of the latents, for example ``model.prior_``: the latents that `inverse_transform`
        gives are brought back to it. None: they are combined as N(0, 1) latents are, and a
        network's are left as they are.
    random_state : int
        Fixes everything that is random.
    embedding_ : numpy.ndarray
        Places ``(n, n_components)`` of the items that the map was fitted to.
    inverse_ : zalgebra.estimators.maps.inverse.Inverse
        The inverse that was chosen; ``inverse_.scores`` has every candidate's held-out error.
    latent_shape_ : tuple of int
        Shape of one latent.
    """

    method: ClassVar[str] = ""
    kinds: ClassVar[dict[str, Any]] = {}  # the classes, by their methods

    n_components: int
    inverse: str
    prior: Prior | None
    random_state: int
    embedding_: np.ndarray
    placing_: Rule
    inverse_: Inverse
    latent_shape_: tuple[int, ...]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.method:
            LatentMap.kinds[cls.method] = cls

    def _learn(self, x: np.ndarray, /) -> tuple[np.ndarray, Rule]:
        """Places ``(n, n_components)`` of rows ``(n, D)``, and the rule that places new rows."""
        raise TypeError(f"{type(self).__name__} does not say how it places latents")

    def _own_inverse(self) -> Make | None:
        """The inverse of the library that made the places, if that is what was asked for."""
        return None

    def fit(self, Z: Array, y: Any = None, /) -> Self:
        """Place latents ``(n, *shape)`` on the map, and learn its inverse.

        Raises
        ------
        BadInput
            If they are fewer than 10, NaN or infinite, all the same, or have fewer entries than
            the map has axes.
        """
        Z = self._latents(Z)
        self._check_settings(Z)
        self.latent_shape_ = Z.shape[1:]
        places, self.placing_ = self._learn(_flat(Z))
        self.embedding_ = np.ascontiguousarray(places, dtype=Z.dtype)
        self.inverse_ = learn(
            self.embedding_, Z, region(self.embedding_),
            method=self.inverse, prior=self.prior, random_state=self.random_state,
            own=self._own_inverse(),
        )  # fmt: skip
        return self

    def transform(self, Z: Array, /) -> np.ndarray:
        """Places ``(m, n_components)`` of latents ``(m, *shape)``, new ones or those of `fit`."""
        self._check_fitted()
        dtype = self.embedding_.dtype
        Z = self._latents(Z, dtype)
        if Z.shape[1:] != self.latent_shape_:
            expected = ", ".join(map(str, ("n", *self.latent_shape_)))
            raise BadInput(f"this map takes latents ({expected}), got {Z.shape}")
        return self.placing_(_flat(Z)).astype(dtype)

    def fit_transform(self, Z: Array, y: Any = None, /) -> np.ndarray:
        """The places of the latents that the map is fitted to, ``embedding_``."""
        return self.fit(Z).embedding_

    def inverse_transform(
        self, points: Array, /, *, report: bool = False
    ) -> np.ndarray | tuple[np.ndarray, MapInverse]:
        """Latents ``(m, *shape)`` of points ``(m, n_components)`` on the map.

        With ``report`` also a `MapInverse`: the error to be expected at each point, and which of
        them lie outside the data.
        """
        self._check_fitted()
        points = to_numpy(as_latents(points, "points"))
        if points.ndim != 2 or points.shape[1] != self.n_components:
            raise BadInput(f"`points` must have shape (m, {self.n_components}), got {points.shape}")
        dtype = self.embedding_.dtype
        points = self.inverse_.region.within(points).astype(dtype)
        z = self.inverse_(points).astype(dtype, copy=False)
        return (z, self.inverse_.report(points)) if report else z

    def save(self, path: str | Path, /) -> Path:
        """Write one safetensors file; `zalgebra.estimators.maps.load` reads it.

        Nothing in it is pickled. A prior is not written: ``load(path, prior=...)`` takes it.

        Raises
        ------
        BadInput
            If the path does not end in ``.safetensors``, or cannot be written to.
        """
        self._check_fitted()
        return stored.write(self, path)

    def _latents(self, Z: Array, dtype: np.dtype | None = None) -> np.ndarray:
        """Checked latents in ``dtype``, by default their own precision, at least single."""
        Z = to_numpy(as_latents(Z, "Z"))
        if Z.ndim < 2:
            raise BadInput(f"`Z` must have shape (n, *shape), got {Z.shape}")
        if dtype is None:
            dtype = Z.dtype if Z.dtype in (np.float32, np.float64) else np.dtype(np.float32)
        largest, most = np.abs(Z).max(initial=0), np.cbrt(np.finfo(dtype).max)
        if largest > most:  # sums of squares must be finite
            raise BadInput(
                f"`Z` must have entries of at most {most:.0e} for a map in {dtype}, "
                f"got {largest:.1e}; divide them by their scale"
            )
        return Z.astype(dtype, copy=False)

    def _cut(self, name: str, n: int, most: float) -> float:
        """A setting, or the most of it that ``n`` items allow: told, unless it is the default."""
        asked = getattr(self, name)
        if asked > most and asked != getattr(type(self)(), name):
            warnings.warn(
                f"`{name}` = {asked:g} is more than {n} items allow; it is cut to {most:.4g}",
                stacklevel=5,  # of who called `fit`
            )
        return min(asked, most)

    def _check_settings(self, Z: np.ndarray) -> None:
        if at_least("n_components", self.n_components, 2) > 3:
            raise BadInput(f"`n_components` must be 2 or 3, got {self.n_components}")
        at_least("random_state", self.random_state, 0)
        D = math.prod(Z.shape[1:])
        if len(Z) < LEAST or self.n_components > D:
            raise BadInput(
                f"a map of {self.n_components} axes needs at least {LEAST} latents of "
                f"{self.n_components} entries, got {len(Z)} of {D}"
            )
        if not np.ptp(Z, axis=0).any():
            raise BadInput("`Z` must differ from row to row, and all its latents are the same")
        if self.prior is not None:
            if not hasattr(self.prior, "to_normal"):
                raise BadInput(f"`prior` must be one of za.priors, got {type(self.prior).__name__}")
            check_shape(self.prior.shape, Z)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "inverse_")

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise BadInput(f"this {type(self).__name__} is not fitted yet: call fit(Z) first")


def _flat(Z: np.ndarray) -> np.ndarray:
    return Z.reshape(len(Z), math.prod(Z.shape[1:]))


def load(path: str | Path, /, *, prior: Prior | None = None) -> LatentMap:
    """The map that `LatentMap.save` wrote, of the class that was saved.

    It gives the same places of the same latents, and the same latents of the same points.

    Parameters
    ----------
    path
        The file.
    prior
        The prior that the map was fitted with, for example ``model.prior_``; it is compared.

    Raises
    ------
    BadInput
        If the file holds no map, or the prior is missing or another one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from zalgebra.estimators import maps
    >>> Z = np.random.default_rng(0).standard_normal((60, 8))
    >>> found = maps.PCA(inverse="neighbours").fit(Z)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = found.save(Path(folder) / "map.safetensors")
    ...     again = maps.load(Path(folder) / "map.safetensors")
    >>> bool(np.all(again.transform(Z) == found.transform(Z)))
    True
    """
    try:
        tensors, header = stored.read(path)
        kind = LatentMap.kinds[header["map"]]
        return stored.restore(kind(**header["settings"], prior=prior), tensors, header)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadInput(f"{path} holds no whole map ({error}); save the map again") from error
