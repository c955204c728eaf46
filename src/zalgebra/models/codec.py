"""What models of latents share: scikit-learn's verbs, a prior, a spec, a file, a report."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.algebra.priors import Gaussian
from zalgebra.files import fingerprint
from zalgebra.models.base import Model, as_numbers
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.networks import in_batches
from zalgebra.models.stored_priors import prior_from, prior_tensors
from zalgebra.models.training import TrainingResult, train
from zalgebra.types import BadInput, LatentSpec, Prior

__all__ = ["Codec"]


class Codec(Model):
    """Data to latents and back: the contract of every model that is fitted on arrays.

    A subclass stores its settings in the constructor and says

    - `_build`: the networks for data of a shape, in ``network_``;
    - `_loss`: what the training minimises (or `_learn`, if it is no plain training);
    - `_encode` and `_decode`: tensors of standardised data to latents and back;
    - `_latent_shape`, and ``kind``: the shape of a latent and what it is;
    - `_fit_prior`: the law of the latents, by default the Gaussian of the encoded data.

    The settings that `fit` reads are ``max_epochs, batch_size, learning_rate, patience,
    random_state, verbose``.
    """

    kind: ClassVar[str] = "code"

    latent_dim: int
    max_epochs: int
    batch_size: int
    learning_rate: float
    random_state: int
    verbose: bool

    network_: nn.Module
    prior_: Prior
    spec_: LatentSpec
    data_shape_: tuple[int, ...]
    training_: TrainingResult

    # What a subclass says.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """The untrained networks, as one module; randomness is seeded outside."""
        raise TypeError(f"{type(self).__name__} does not say how it is built")

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        """Named scalars of a batch; ``"loss"`` is minimised."""
        raise TypeError(f"{type(self).__name__} does not say what it minimises")

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

    def _learn(self, rows: Tensor, **how: Any) -> None:
        """Train the networks on standardised rows; ``how`` goes to `training.train`."""
        self.training_ = train(
            self.network_,
            self._loss,
            (rows,),
            epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.random_state,
            patience=getattr(self, "patience", None),
            progress=self.verbose,
            what=f"fitting {type(self).__name__}",
            **how,
        )

    # scikit-learn's verbs: NumPy in and out.

    def fit(
        self,
        X: np.ndarray,
        y: object = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn from data ``(n, C, H, W)`` in [0, 1], or ``(n, d)`` of any scale.

        Parameters
        ----------
        X
            At least 2 rows.
        y
            Ignored; for scikit-learn's pipelines.
        checkpoint
            File (``.safetensors``) written after every epoch; what a kill leaves there is whole.
        resume
            Go on from the checkpoint if it is there: the same weights as without the kill.
        """
        X = self._checked(X, None)
        self._check_settings()
        if len(X) < 2:
            raise BadInput(f"`fit` needs at least 2 rows, got {len(X)}")
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        self._prepare(X.shape[1:])
        self.centre_, self.scale_ = _standard(X)
        rows = torch.from_numpy((X - self.centre_) / self.scale_)
        digest = hashlib.sha256(np.ascontiguousarray(X).tobytes()).hexdigest()
        settings = {k: v for k, v in self.get_params().items() if k != "verbose"}
        identity = f"{type(self).__name__} {settings} data {digest}"
        self._learn(rows, checkpoint=checkpoint, resume=resume, identity=identity)
        self.network_.cpu()
        self.network_.eval()
        self.fitted_ = True
        self.prior_ = self._fit_prior(self._transform(X))
        self._describe()
        return self

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

    def sample(self, n: int = 1, *, random_state: int | None = None) -> np.ndarray:
        """Data ``(n, *data_shape)`` decoded from ``n`` draws of ``prior_``."""
        self._check_fitted()
        seed = self.random_state if random_state is None else random_state
        return self.inverse_transform(self.prior_.sample(n, seed=seed))

    def score(self, X: np.ndarray, y: object = None) -> float:
        """Minus the mean squared error of the reconstruction of ``X``; more is better."""
        Z = self.transform(X)
        if len(Z) == 0:
            raise BadInput("`score` needs at least 1 row, got 0")
        return -float(np.mean((self.inverse_transform(Z) - np.asarray(X)) ** 2))

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

    def report(self, X: np.ndarray, /) -> InversionReport:
        """How well data ``(n, *data_shape)`` comes back, and how plausible its latents are."""
        Z = self.transform(X)
        return inversion_report(np.asarray(X), self.inverse_transform(Z), Z, self.prior_)

    # What the verbs are made of.

    def _prepare(self, data_shape: tuple[int, ...]) -> None:
        self.data_shape_ = tuple(data_shape)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.network_ = self._build(self.data_shape_)

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


def _standard(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale: pictures stay as they are, columns of a table are standardised."""
    if X.ndim == 4:
        return np.zeros(1, np.float32), np.ones(1, np.float32)
    scale = X.std(axis=0)
    return X.mean(axis=0), np.where(scale > 1e-8, scale, 1.0).astype(np.float32)
