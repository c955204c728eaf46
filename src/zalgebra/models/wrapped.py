"""Any object with `transform` and `inverse_transform` as a model: FastICA, NMF, UMAP, pipelines."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor, nn

from zalgebra.algebra.priors import Gaussian, Normal
from zalgebra.models.affine import read_affine
from zalgebra.models.codec import Codec
from zalgebra.models.estimator_arrays import arrays_of
from zalgebra.models.linear import Linear, as_given, fill
from zalgebra.types import BadInput, Prior

__all__ = ["Wrapped"]

PROBED = 4096  # entries of a datum up to which a map is asked whether it is affine


class Wrapped(Codec):
    r"""The contract of a model around an object that has ``transform`` and ``inverse_transform``.

    Data ``(n, C, H, W)`` are flattened on the way in and restored on the way out; ``prior_`` is
    fitted to the latents. The object's own numbers are what come back: no column is standardised
    and nothing is clipped.

    Parameters
    ----------
    estimator
        What maps rows ``(n, D)`` to latents ``(n, k)`` and back. A copy is fitted, by
        ``fit(X, y=None)``; an object without ``fit`` is used as it is, and one that is fitted
        already goes into ``sklearn.frozen.FrozenEstimator``.
    prior
        The law of the latents: a prior that is used as it is; one that `fit` learns, such as
        ``Empirical(marginals="quantiles")``; ``None`` is the Gaussian of the encoded data
        (``Empirical()``).
    fingerprint
        A text that names this very estimator, for one that is not affine and whose numbers are
        not arrays among its attributes.
    random_state
        Seed of `sample`; the estimator has its own.

    Attributes
    ----------
    estimator_ : object
        The fitted copy.
    prior_ : zalgebra.types.Prior
        The law of the latents.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.

    Notes
    -----
    `encode` and `decode` have no gradient. `linear` gives a model that has one, and that can be
    saved, for an estimator that is affine (PCA, FastICA, TruncatedSVD, and pipelines of such).
    Any other could be saved by a pickle only, and is refused. The fingerprint is that of the
    matrices which `save` writes, so that a loaded model has the same one; where there are none,
    that of the estimator's arrays.

    UMAP's ``inverse_transform`` is sound within the embedded data; far outside of them it
    interpolates between points that have nothing to do with the place. `report` shows it.

    Examples
    --------
    >>> import zalgebra as za
    >>> from sklearn.decomposition import FastICA
    >>> from zalgebra.models.wrapped import Wrapped
    >>> X = za.datasets.digits().images
    >>> ica = Wrapped(FastICA(8, random_state=0, max_iter=500)).fit(X)
    >>> Z = ica.transform(X)
    >>> Z.shape, ica.inverse_transform(Z).shape, ica.spec_.model
    ((1797, 8), (1797, 1, 8, 8), 'FastICA')
    """

    kind: ClassVar[str] = "code"

    def __init__(
        self,
        estimator: Any,
        *,
        prior: Prior | None = None,
        fingerprint: str | None = None,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.prior = prior
        self.fingerprint = fingerprint
        self.random_state = random_state

    def linear(self) -> Linear:
        """The same maps as a `Linear` model, which has gradients and can be saved.

        Its matrices were read off by `fit`.

        Raises
        ------
        BadInput
            If the estimator is not affine both ways, the data have more than 4,096 entries, or
            the prior has no form on disk.
        """
        self._check_fitted()
        if isinstance(self._linear, BadInput):
            raise BadInput(str(self._linear))
        return copy.deepcopy(self._linear)

    def save(self, folder: str | Path, /) -> Path:
        """Write what `linear` gives; `zalgebra.load` then gives a `Linear`.

        Raises
        ------
        BadInput
            If the estimator is not affine, so that it would need a pickle.
        """
        try:
            model = self.linear()
        except BadInput as error:
            raise BadInput(
                f"cannot save without a pickle: {error}; keep the data and settings that fit it"
            ) from error
        return model.save(folder)

    @property
    def fingerprint_(self) -> str:
        """SHA-256 of what `save` writes, or else of the estimator's arrays, after `fit`."""
        self._check_fitted()
        return self.spec_.fingerprint

    # What `Codec` asks for.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        for verb in ("transform", "inverse_transform"):
            if not hasattr(self.estimator, verb):
                raise BadInput(f"`estimator` must have {verb}, {self._name()} has none")
        return nn.Module()

    def _learn(self, *data: Tensor, **how: Any) -> None:
        X, self.estimator_ = as_given(self, data[0]), self.estimator
        if hasattr(self.estimator, "fit"):
            self.estimator_ = clone(self.estimator, safe=False)
            self.estimator_.fit(X, None)
        self.latent_shape_ = self._forward(X[:2]).shape[1:]

    def _latent_shape(self) -> tuple[int, ...]:
        return self.latent_shape_

    def _fit_prior(self, Z: np.ndarray) -> Prior:
        if self.prior is None:
            return Gaussian.fit(Z)
        if isinstance(self.prior, Normal) and self.prior.shape is None:
            return Normal(Z.shape[1:])  # with its shape it can be saved
        learns = self.prior.shape is None and hasattr(self.prior, "fit")
        return copy.deepcopy(self.prior).fit(Z) if learns else self.prior  # ty: ignore

    def _encode(self, x: Tensor) -> Tensor:
        rows = self._numbers(x).reshape(len(x), -1)
        return torch.from_numpy(self._forward(rows)).to(x)

    def _decode(self, z: Tensor) -> Tensor:
        return (
            torch.from_numpy(self._backward(self._numbers(z))).to(z).unflatten(1, self.data_shape_)
        )

    def _tensors(self) -> dict[str, np.ndarray]:
        if isinstance(self._linear, Linear):
            return self._linear._tensors()
        if self.fingerprint is not None:
            return {"fingerprint": np.frombuffer(self.fingerprint.encode(), np.uint8)}
        arrays = arrays_of(self.estimator_)
        if not arrays:
            raise BadInput(
                f"no arrays were found in {self._name()} to take a fingerprint of; "
                "name it by Wrapped(estimator, fingerprint=...)"
            )
        return arrays

    def _describe(self) -> None:
        try:
            self._linear: Linear | BadInput = self._as_linear()
        except BadInput as error:
            self._linear = error
        super()._describe()
        self.spec_ = replace(self.spec_, model=self._name())

    # The maps on rows of float64, and what can be said of them.

    def _forward(self, X: np.ndarray) -> np.ndarray:
        Z = self.estimator_.transform(X)
        Z = np.asarray(Z.toarray() if hasattr(Z, "toarray") else Z, dtype=float)
        if Z.ndim < 2 or len(Z) != len(X):
            raise BadInput(f"{self._name()} must give latents (n, k), got shape {Z.shape}")
        return Z

    def _backward(self, Z: np.ndarray) -> np.ndarray:
        return np.asarray(self.estimator_.inverse_transform(Z), dtype=float)

    def _as_linear(self) -> Linear:
        k, D = self.latent_shape_[0], math.prod(self.data_shape_)
        if D > PROBED:
            raise BadInput(f"a datum of {D} entries is too long to ask, at most {PROBED} are")
        U = np.random.default_rng(0).standard_normal((16, *self.latent_shape_))
        Z = np.asarray(self.prior_.from_normal(U), dtype=float)
        maps = read_affine(self._forward, self._backward, Z, D)
        if maps is None:
            raise BadInput(f"this {self._name()} is not affine, so no matrices can stand for it")
        model = Linear(k)
        model._prepare(self.data_shape_)
        fill(model.network_, A=maps.A, b=maps.b, S=maps.S)
        model.centre_ = maps.m.reshape(self.data_shape_).astype(np.float32)
        model.scale_, model.prior_ = np.ones(1, np.float32), self.prior_
        model.fitted_ = True
        model._describe()
        return model

    def _numbers(self, x: Tensor) -> np.ndarray:
        if x.requires_grad and torch.is_grad_enabled():
            raise BadInput(
                f"a wrapped {self._name()} has no gradient; detach the tensor, or call linear()"
            )
        return x.detach().cpu().numpy().astype(float)

    def _name(self) -> str:
        return type(getattr(self.estimator, "estimator", self.estimator)).__name__
