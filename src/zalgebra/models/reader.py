"""Attribute reader: pictures to the attributes that they show, the judge of every edit.

It is trained on other pictures than the ones that it judges, and its own error on held-out pictures
stands beside every figure that it gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.base import Model
from zalgebra.models.networks import encoder, fine_encoder, in_batches
from zalgebra.models.training import train
from zalgebra.types import BadInput

__all__ = ["Reader"]


class Reader(Model):
    """A small convolutional network that reads attributes off pictures.

    A column of numbers with more than two values is read by regression, one with two values by
    logistic regression, a column of class indices (integers) by softmax.

    Parameters
    ----------
    fine
        Whether to convolve pictures on their full grid: more accurate, and about five times
        slower. Such a reader's `features` are what Fréchet distances are measured on.
    width, max_epochs, batch_size, learning_rate, patience, random_state, verbose
        As in `zalgebra.models.VAE`.

    Examples
    --------
    >>> import zalgebra as za
    >>> digits = za.datasets.digits()
    >>> reader = za.models.Reader(max_epochs=8, verbose=False)
    >>> reader = reader.fit(digits.images[:1500], {"class": digits.labels["class"][:1500]})
    >>> reader.score(digits.images[1500:], {"class": digits.labels["class"][1500:]})["class"] > 0.85
    True
    """

    def __init__(
        self,
        *,
        fine: bool = False,
        width: int = 16,
        max_epochs: int = 12,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        patience: int | None = None,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        self.fine = fine
        self.width = width
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: np.ndarray,
        labels: Mapping[str, np.ndarray],
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn to read ``labels`` (columns ``(n,)``) off pictures ``(n, C, H, W)`` in [0, 1]."""
        X = self._checked(X, None)
        self._check_settings()
        if len(X) < 2:
            raise BadInput(f"`fit` needs at least 2 pictures, got {len(X)}")
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        self.columns_ = {name: _kind(name, values, len(X)) for name, values in labels.items()}
        if not self.columns_:
            raise BadInput("a reader needs at least one label column to read")
        self.data_shape_ = X.shape[1:]
        self._build()
        targets = torch.from_numpy(self._targets(labels))
        settings = {k: v for k, v in self.get_params().items() if k != "verbose"}
        digest = hashlib.sha256(np.ascontiguousarray(X).tobytes() + targets.numpy().tobytes())
        self.training_ = train(
            self.network_,
            self._loss,
            (torch.from_numpy(np.require(X, requirements=["C", "W"])), targets),
            epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.random_state,
            patience=self.patience,
            checkpoint=checkpoint,
            resume=resume,
            identity=f"Reader {self.columns_} {settings} data {digest.hexdigest()}",
            progress=self.verbose,
            what="training the judge",
        )
        self.network_.cpu()
        self.fitted_ = True
        return self

    def predict(self, X: np.ndarray, /) -> dict[str, np.ndarray]:
        """Read each column off pictures ``(n, C, H, W)``.

        Numbers come in their own units, two-valued columns as the probability of the higher
        value, class columns as the index of the likeliest class; each ``(n,)``.
        """
        self._check_fitted()
        X = self._checked(X, self.data_shape_)
        out = in_batches(self.network_, X, (self._outputs(),))
        read, at = {}, 0
        for name, column in self.columns_.items():
            part = out[:, at : at + column["outputs"]]
            at += column["outputs"]
            if column["kind"] == "class":
                read[name] = part.argmax(axis=1)
            elif column["kind"] == "binary":
                read[name] = expit(part[:, 0])
            else:
                read[name] = part[:, 0] * column["scale"] + column["centre"]
        return read

    def features(self, X: np.ndarray, /) -> np.ndarray:
        """What the last layer reads from: ``(n, 8 * width)``, of pictures ``(n, C, H, W)``."""
        self._check_fitted()
        X = self._checked(X, self.data_shape_)
        return in_batches(self.network_[:-1], X, (8 * self.width,))

    def score(self, X: np.ndarray, labels: Mapping[str, np.ndarray]) -> dict[str, float]:
        """R² of each column of numbers, accuracy of each two-valued or class column."""
        read = self.predict(X)
        truth = {name: _truth(name, labels, len(X)) for name in read}
        return {name: _score(self.columns_[name], truth[name], read[name]) for name in read}

    def _build(self) -> None:
        shape = tuple(self.data_shape_)
        features, small = 8 * self.width, len(shape) == 3 and min(shape[1:]) < 48
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            body = (
                fine_encoder(shape, features, width=self.width)
                if self.fine and len(shape) == 3
                else encoder(shape, features, width=self.width, patch=2 if small else 4)
            )
            self.network_ = nn.Sequential(
                body,
                nn.SiLU(),
                nn.Linear(8 * self.width, self._outputs()),
            )

    def _outputs(self) -> int:
        return sum(column["outputs"] for column in self.columns_.values())

    def _targets(self, labels: Mapping[str, np.ndarray]) -> np.ndarray:
        """One float32 column a label, standardised or as 0, 1, 2, …"""
        return np.stack(
            [
                (np.asarray(labels[name], dtype=np.float64) - column["centre"]) / column["scale"]
                for name, column in self.columns_.items()
            ],
            axis=1,
        ).astype(np.float32)

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        x, targets = batch
        out, at, total = network(x).float(), 0, torch.zeros(())
        for i, column in enumerate(self.columns_.values()):
            part, target = out[:, at : at + column["outputs"]], targets[:, i]
            at += column["outputs"]
            if column["kind"] == "class":
                total = total + F.cross_entropy(part, target.long())
            elif column["kind"] == "binary":
                total = total + F.binary_cross_entropy_with_logits(part[:, 0], target)
            else:
                total = total + F.mse_loss(part[:, 0], target)
        return {"loss": total / len(self.columns_)}

    def _tensors(self) -> dict[str, np.ndarray]:
        return {k: v.numpy() for k, v in self.network_.state_dict().items()}

    def _facts(self) -> dict[str, Any]:
        return {"columns": self.columns_, "data_shape": list(self.data_shape_)}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self.columns_, self.data_shape_ = facts["columns"], tuple(facts["data_shape"])
        self._build()
        self.network_.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        self.network_.eval()


def _kind(name: str, values: Sequence[float] | np.ndarray, n: int) -> dict[str, Any]:
    """How a column is read: its kind, its outputs, and the centre and scale of its targets."""
    values = np.asarray(values)
    if values.shape != (n,):
        raise BadInput(f"label {name!r} must have shape ({n},), got {values.shape}")
    if values.dtype.kind not in "fiub":
        raise BadInput(f"label {name!r} must hold numbers or class indices, got {values.dtype}")
    if not np.all(np.isfinite(values)):
        raise BadInput(f"label {name!r} must be finite, got NaN or infinite entries")
    distinct = np.unique(values)
    if len(distinct) == 2:
        low, high = map(float, distinct)
        return {"kind": "binary", "outputs": 1, "centre": low, "scale": high - low}
    if values.dtype.kind in "iu":
        if distinct[0] < 0:
            raise BadInput(f"class indices of {name!r} must be 0 or more, got {distinct[0]}")
        return {"kind": "class", "outputs": int(distinct.max()) + 1, "centre": 0.0, "scale": 1.0}
    scale = float(values.std()) or 1.0
    return {"kind": "number", "outputs": 1, "centre": float(values.mean()), "scale": scale}


def _truth(name: str, labels: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    if name not in labels:
        raise BadInput(f"`score` needs the label {name!r}; there are: {', '.join(labels)}")
    truth = np.asarray(labels[name])
    if truth.shape != (n,) or n == 0:
        raise BadInput(f"label {name!r} must have one value for each picture, got {truth.shape}")
    return truth


def _score(column: dict[str, Any], truth: np.ndarray, read: np.ndarray) -> float:
    if column["kind"] == "class":
        return float(np.mean(read == truth))
    if column["kind"] == "binary":
        return float(np.mean((read > 0.5) == (truth > column["centre"] + column["scale"] / 2)))
    truth = truth.astype(float)
    error, total = np.sum((truth - read) ** 2), np.sum((truth - truth.mean()) ** 2)
    return 1 - float(error / total) if total > 0 else float(error == 0)  # as scikit-learn has it
