"""Initial noise to data, of a class where wanted: what `FlowMatching` and `Diffusion` share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, overload

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.algebra.priors import Normal
from zalgebra.models.codec import Codec
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.networks import in_batches
from zalgebra.models.ode import Field, Solution
from zalgebra.types import BadInput, Prior

__all__ = ["Guided"]

BATCH = 512  # rows that are solved together
FREE = 0.1  # share of the rows that learn without their class, for guidance


@dataclass(kw_only=True, eq=False, repr=False)
class Guided(Codec):
    r"""A model whose latent is initial noise of the data's shape, with classes and guidance.

    One network says $v(x, t)$ and, with ``conditional=True``, $v(x, t, y)$ of a class y; followed
    is $v_g = v(x, t) + g\,\big(v(x, t, y) - v(x, t)\big)$. A subclass says by `solution` where that
    leads, and by `_noised` what the network learns from. The weights that count are an exponential
    average over the training. Parameters are those of `FlowMatching`.
    """

    kind: ClassVar[str] = "initial noise"
    options: ClassVar[Mapping[str, Any]] = {"ema": 0.999}

    width: int = 32
    conditional: bool = False
    guidance: float = 1.0
    max_epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 2e-3
    patience: int | None = None
    random_state: int = 0
    verbose: bool = True

    # scikit-learn's verbs, with classes.

    def report(self, X: np.ndarray, /, y: ArrayLike | None = None) -> InversionReport:
        """How well data come back under their classes, and how plausible the latents are."""
        Z = self.transform(X, y)
        return inversion_report(np.asarray(X), self.inverse_transform(Z, y), Z, self.prior_)

    def transform(self, X: np.ndarray, /, y: ArrayLike | None = None) -> np.ndarray:
        """Latents ``(n, *data_shape)`` of data, under their classes ``y`` where given."""
        self._check_fitted()
        X = self._checked(X, self.data_shape_)
        batches = self._batches(y, len(X))
        return in_batches(lambda x: self.encode(x, y=next(batches)), X, self.data_shape_, BATCH)

    def inverse_transform(self, Z: np.ndarray, /, y: ArrayLike | None = None) -> np.ndarray:
        """Data ``(n, *data_shape)`` of latents, of class ``y`` where given: one, or one a row."""
        self._check_fitted()
        Z = self._checked_latents(Z)
        batches = self._batches(y, len(Z))
        return in_batches(lambda z: self.decode(z, y=next(batches)), Z, self.data_shape_, BATCH)

    def sample(
        self, n: int = 1, *, y: ArrayLike | None = None, random_state: int | None = None
    ) -> np.ndarray:
        """Data ``(n, *data_shape)`` decoded from ``n`` draws of ``prior_``, of class ``y``."""
        self._check_fitted()
        seed = self.random_state if random_state is None else random_state
        return self.inverse_transform(self.prior_.sample(n, seed=seed), y)

    # The same verbs on tensors, with gradients.

    @overload
    def encode(
        self, x: Tensor, /, y: ArrayLike | None = None, *, report: Literal[False] = False
    ) -> Tensor: ...
    @overload
    def encode(
        self, x: Tensor, /, y: ArrayLike | None = None, *, report: Literal[True]
    ) -> tuple[Tensor, InversionReport]: ...
    def encode(self, x: Tensor, /, y: ArrayLike | None = None, *, report: bool = False) -> Any:
        """Latents of a tensor ``(n, *data_shape)``; with ``report=True`` also how good they are."""
        z = self.solution(x, y, inverse=True).x
        if not report:
            return z
        with torch.no_grad():
            return z, inversion_report(x, self.decode(z, y), z, self.prior_)

    def decode(self, z: Tensor, /, y: ArrayLike | None = None) -> Tensor:
        """Data of a tensor of latents ``(n, *data_shape)``; pictures are held to [0, 1]."""
        x = self.solution(z, y).x
        return x.clamp(0, 1) if x.ndim == 4 else x

    def solution(
        self, rows: Tensor, /, y: ArrayLike | None = None, *, inverse: bool = False
    ) -> Solution:
        """The way of latents to data, or of data to latents, with its count of evaluations.

        A batch under guidance other than 0 and 1 costs two evaluations of the network for one of
        the field.
        """
        raise TypeError(f"{type(self).__name__} does not say where its field leads")

    # The model itself.

    def _noised(
        self, x: Tensor, y: Tensor | None, noise: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy states of x, their times in [0, 1], and what the network is to say of them."""
        raise TypeError(f"{type(self).__name__} does not say what its network learns")

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        x, y = batch if len(batch) > 1 else (*batch, None)
        states, t, target = self._noised(2 * x - 1 if x.ndim == 4 else x, y, noise)
        if y is not None:
            free = torch.rand(len(x), generator=noise).to(x) < FREE
            y = torch.where(free, len(self.classes_), y)
        return {"loss": F.mse_loss(network(states, t, y).float(), target)}

    def _field(self, y: Tensor | None) -> Field:
        """What the network says: free, of classes, or guided."""
        g = 0.0 if y is None else self.guidance

        def velocity(x: Tensor, t: float) -> Tensor:
            at = x.new_full((len(x),), t)
            if g in (0, 1):  # one of the two is not asked for
                return self.network_(x, at, y if g else None)
            free = self.network_(x, at)
            return free + g * (self.network_(x, at, y) - free)

        return velocity

    def _frame(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift that lead from the network's states to data; its pictures are ±1."""
        scale, shift = torch.from_numpy(self.scale_), torch.from_numpy(self.centre_)
        return (scale / 2, shift + 0.5) if rows.ndim == 4 else (scale, shift)

    def _latent_shape(self) -> tuple[int, ...]:
        return self.data_shape_

    def _learn_prior(self, X: np.ndarray) -> Prior:
        return Normal(self.data_shape_)

    def _check_settings(self) -> None:
        super()._check_settings()
        if not isinstance(self.guidance, int | float | np.number) or not np.isfinite(self.guidance):
            raise BadInput(f"`guidance` must be a finite number, got {self.guidance}")

    # Classes as the network's numbers.

    def _batched(self, rows: Tensor, y: object) -> tuple[Tensor, ...]:
        self.classes_ = np.zeros(0, dtype=np.int64)
        if not self.conditional:
            return (rows,)
        self.classes_ = _distinct(y, len(rows))
        return rows, torch.from_numpy(np.searchsorted(self.classes_, np.asarray(y)))

    def _codes(self, y: object, n: int) -> Tensor | None:
        """Numbers ``(n,)`` of the classes ``y``: one for each row, or one for all."""
        if y is None:
            return None
        y = np.asarray(y)
        if len(self.classes_) == 0:
            name = type(self).__name__
            raise BadInput(f"this {name} knows no classes; fit it with conditional=True and y")
        if y.shape not in ((), (n,)):
            raise BadInput(f"`y` must be one class or {n} of them, got shape {y.shape}")
        if unknown := sorted(set(y.ravel().tolist()) - set(self.classes_.tolist())):
            raise BadInput(f"{unknown[0]!r} is no class; known are {self.classes_.tolist()}")
        return torch.from_numpy(np.broadcast_to(np.searchsorted(self.classes_, y), (n,)).copy())

    def _batches(self, y: object, n: int) -> Iterator[Any]:
        """The classes of one batch of rows after another."""
        codes = self._codes(y, n)
        for i in range(0, n, BATCH):
            yield None if codes is None else self.classes_[codes[i : i + BATCH].numpy()]

    # On disk.

    def _facts(self) -> dict[str, Any]:
        return super()._facts() | {"classes": self.classes_.tolist()}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self.classes_ = np.asarray(facts["classes"])
        super()._restore(tensors, facts)


def _distinct(y: object, n: int) -> np.ndarray:
    """The classes of n rows, in order."""
    if y is None:
        raise BadInput(
            f"`y` must hold a class, a whole number or text, for each of {n} rows, got none"
        )
    y = np.asarray(y)
    if y.shape != (n,) or y.dtype.kind not in "iubU":
        raise BadInput(
            f"`y` must hold a class, a whole number or text, for each of {n} rows, "
            f"got {y.dtype} of shape {y.shape}"
        )
    return np.unique(y)
