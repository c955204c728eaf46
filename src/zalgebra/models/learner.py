"""How a model learns from arrays: standardised rows, networks under a seed, one training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.models.base import Model
from zalgebra.models.training import Loss, TrainingResult, train
from zalgebra.types import BadInput, Prior

__all__ = ["Learner"]


class Learner(Model):
    """`fit`, and what a subclass says for it.

    - `_build`: the networks for data of a shape, in ``network_``;
    - `_loss`: what the training minimises (or `_learn`, if it is no plain training);
    - `_learn_prior`: the law of the latents, once the networks have learned;
    - `_batched` and `_standard`, if a batch holds more than the data, or is scaled otherwise.

    The settings that `fit` reads are ``max_epochs, batch_size, learning_rate, patience,
    random_state, verbose``; ``options`` holds what else `training.train` shall do.
    """

    options: ClassVar[Mapping[str, Any]] = {}

    max_epochs: int
    batch_size: int
    learning_rate: float
    random_state: int
    verbose: bool

    network_: nn.Module
    prior_: Prior
    data_shape_: tuple[int, ...]
    centre_: np.ndarray
    scale_: np.ndarray
    training_: TrainingResult

    def fit(
        self,
        X: np.ndarray,
        y: object = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        precision: str = "32-true",
        accelerator: str = "auto",
        devices: int = 1,
    ) -> Self:
        """Learn from data ``(n, C, H, W)`` in [0, 1], or ``(n, d)`` of any scale.

        Parameters
        ----------
        X
            At least 2 rows.
        y
            Classes ``(n,)``, whole numbers or text, for a model with ``conditional=True``; other
            models ignore it, for scikit-learn's pipelines.
        checkpoint
            File (``.safetensors``) written after every epoch; what a kill leaves there is whole.
        resume
            Go on from the checkpoint if it is there: the same weights as without the kill.
        precision, accelerator, devices
            As in Lightning: ``"32-true"`` or ``"bf16-mixed"``; ``"cpu"``, ``"cuda"``, ...; and how
            many, which share each batch. More than one device needs a script, which is run once
            for each.
        """
        X = self._checked(X, None)
        self._check_settings()
        if resume and checkpoint is None:
            raise BadInput("`resume` needs the `checkpoint`, the file to go on from")
        if len(X) < 2:
            raise BadInput(f"`fit` needs at least 2 rows, got {len(X)}")
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        self.centre_, self.scale_ = self._standard(X)
        data = self._batched(torch.from_numpy((X - self.centre_) / self.scale_), y)
        self._prepare(self._data_shape(X))
        self._learn(
            *data,
            checkpoint=checkpoint,
            resume=resume,
            identity=self._identity(X, data),
            precision=precision,
            accelerator=accelerator,
            devices=devices,
        )
        self.network_.cpu()
        self.network_.eval()
        self.fitted_ = True
        self.prior_ = self._learn_prior(X)
        self._describe()
        return self

    # What a subclass says.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        """The untrained networks, as one module; randomness is seeded outside."""
        raise TypeError(f"{type(self).__name__} does not say how it is built")

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        """Named scalars of a batch; ``"loss"`` is minimised."""
        raise TypeError(f"{type(self).__name__} does not say what it minimises")

    def _learn_prior(self, X: np.ndarray) -> Prior:
        """The law of the latents of data X, once the networks have learned from them."""
        raise TypeError(f"{type(self).__name__} does not say what law its latents follow")

    def _describe(self) -> None:
        """Say what was learned, in ``spec_``."""
        raise TypeError(f"{type(self).__name__} does not describe its latents")

    def _standard(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Centre and scale: pictures stay as they are, columns of a table are standardised."""
        if X.ndim != 2:
            return np.zeros(1, np.float32), np.ones(1, np.float32)
        scale = X.std(axis=0)
        return X.mean(axis=0), np.where(scale > 1e-8, scale, 1.0).astype(np.float32)

    def _batched(self, rows: Tensor, y: object) -> tuple[Tensor, ...]:
        """What the loss gets the same rows of, made of standardised rows and of ``y``."""
        return (rows,)

    def _data_shape(self, X: np.ndarray) -> tuple[int, ...]:
        """The shape of what a latent is decoded to."""
        return X.shape[1:]

    def _learn(self, *data: Tensor, **how: Any) -> None:
        """Train the networks; ``how`` goes to `training.train`."""
        self.training_ = self._train(self.network_, self._loss, data, **how)

    def _train(
        self, network: nn.Module, loss: Loss, data: tuple[Tensor, ...], **how: Any
    ) -> TrainingResult:
        settings: dict[str, Any] = {
            "epochs": self.max_epochs,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "seed": self.random_state,
            "patience": getattr(self, "patience", None),
            "progress": self.verbose,
            "what": f"fitting {type(self).__name__}",
        }
        return train(network, loss, data, **{**settings, **self.options, **how})

    def _identity(self, X: np.ndarray, data: tuple[Tensor, ...]) -> str:
        """Settings, data and what is learned beside them: what a checkpoint belongs to."""
        digest = hashlib.sha256(np.ascontiguousarray(X).tobytes())
        for beside in data[1:]:
            digest.update(beside.numpy().tobytes())
        settings = {k: v for k, v in self.get_params().items() if k != "verbose"}
        return f"{type(self).__name__} {settings} data {digest.hexdigest()}"

    def _prepare(self, data_shape: tuple[int, ...]) -> None:
        self.data_shape_ = tuple(data_shape)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.network_ = self._build(self.data_shape_)
