"""What models of latents share: scikit-learn's verbs, a prior, a spec, a file, a report."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, overload

import numpy as np
import torch
from torch import Tensor

from zalgebra.algebra.priors import Gaussian
from zalgebra.files import fingerprint
from zalgebra.models.base import as_numbers
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.learner import Learner
from zalgebra.models.networks import in_batches
from zalgebra.models.stored_priors import prior_from, prior_tensors
from zalgebra.models.verbs import ThereAndBack
from zalgebra.types import BadInput, LatentSpec, Prior

__all__ = ["Codec"]


class Codec(Learner, ThereAndBack):
    """Data to latents and back: the contract of every model that is fitted on arrays.

    Beside what a `Learner` says, a subclass says

    - `_encode` and `_decode`: tensors of standardised data to latents and back;
    - `_latent_shape`, and ``kind``: the shape of a latent and what it is;
    - `_learn_prior`: the law of the latents, by default `_fit_prior` of the encoded data, which
      is their Gaussian.
    """

    kind: ClassVar[str] = "code"

    latent_dim: int
    spec_: LatentSpec

    # What a subclass says.

    def _encode(self, x: Tensor) -> Tensor:
        """Latents of standardised data."""
        raise TypeError(f"{type(self).__name__} does not say how it encodes")

    def _decode(self, z: Tensor) -> Tensor:
        """Standardised data of latents."""
        raise TypeError(f"{type(self).__name__} does not say how it decodes")

    def _latent_shape(self) -> tuple[int, ...]:
        return (self.latent_dim,)

    def _fit_prior(self, Z: np.ndarray) -> Prior:
        """The law of latents ``(n, *latent_shape)`` of the training data."""
        return Gaussian.fit(Z)

    def _learn_prior(self, X: np.ndarray) -> Prior:
        return self._fit_prior(self._transform(X))

    # scikit-learn's verbs: NumPy in and out.

    def transform(self, X: np.ndarray, /) -> np.ndarray:
        """Latents ``(n, *latent_shape)`` of data ``(n, *data_shape)``, float32."""
        self._check_fitted()
        return self._transform(self._checked(X, self.data_shape_))

    def fit_transform(self, X: np.ndarray, y: object = None, **options: Any) -> np.ndarray:
        """`fit`, then `transform` the same data."""
        return self.fit(X, y, **options).transform(X)

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Data ``(n, *data_shape)`` of latents ``(n, *latent_shape)``, float32."""
        self._check_fitted()
        return in_batches(self.decode, self._checked_latents(Z), self.data_shape_)

    # The same verbs on tensors, with gradients.

    @overload
    def encode(self, x: Tensor, /, *, report: Literal[False] = False) -> Tensor: ...
    @overload
    def encode(self, x: Tensor, /, *, report: Literal[True]) -> tuple[Tensor, InversionReport]: ...
    def encode(self, x: Tensor, /, *, report: bool = False) -> Any:
        """Latents ``(n, *latent_shape)`` of a tensor ``(n, *data_shape)``.

        With ``report=True`` also the `InversionReport`: the error of the way back, and how
        plausible the latents are under ``prior_``.
        """
        self._check_fitted()
        z = self._encode((x - torch.from_numpy(self.centre_)) / torch.from_numpy(self.scale_))
        if not report:
            return z
        with torch.no_grad():
            return z, inversion_report(x, self.decode(z), z, self.prior_)

    def decode(self, z: Tensor, /) -> Tensor:
        """Data ``(n, *data_shape)`` of a tensor of latents ``(n, *latent_shape)``."""
        self._check_fitted()
        return self._decode(z) * torch.from_numpy(self.scale_) + torch.from_numpy(self.centre_)

    # What the verbs are made of.

    def _check_ready(self) -> None:
        self._check_fitted()

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return in_batches(self.encode, X, self._latent_shape())

    def _checked_latents(self, Z: np.ndarray) -> np.ndarray:
        Z, shape = as_numbers(Z, "latents"), self._latent_shape()
        if Z.shape[1:] != shape or Z.ndim != len(shape) + 1:
            expected = ", ".join(map(str, ("n", *shape)))
            raise BadInput(
                f"latents of this {type(self).__name__} have shape ({expected}), got {Z.shape}"
            )
        return Z

    def _describe(self) -> None:
        self.spec_ = LatentSpec(
            model=type(self).__name__,
            latent_shape=self._latent_shape(),
            data_shape=self.data_shape_,
            kind=self.kind,
            fingerprint=fingerprint(self._tensors()),
        )

    # On disk.

    def _tensors(self) -> dict[str, np.ndarray]:
        weights = {k: v.cpu().numpy() for k, v in self.network_.state_dict().items()}
        prior = {f"prior.{k}": v for k, v in prior_tensors(self.prior_)[0].items()}
        return weights | prior | {"centre": self.centre_, "scale": self.scale_}

    def _facts(self) -> dict[str, Any]:
        return {"data_shape": list(self.data_shape_), "prior": prior_tensors(self.prior_)[1]}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self._prepare(tuple(facts["data_shape"]))
        parts = {k: tensors.pop(k) for k in list(tensors) if k.startswith("prior.")}
        kept = {k.removeprefix("prior."): v for k, v in parts.items()}
        self.prior_ = prior_from(kept, facts.get("prior", {"kind": "Gaussian"}))
        self.centre_, self.scale_ = tensors.pop("centre"), tensors.pop("scale")
        self.network_.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        self.network_.eval()
        self._describe()
