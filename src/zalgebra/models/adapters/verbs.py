"""The verbs that every adapter has: NumPy in and out, and the same on tensors."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
import torch
from torch import Tensor

from zalgebra.algebra.combine import combine
from zalgebra.models.base import as_numbers
from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.models.verbs import ThereAndBack
from zalgebra.types import BadInput

__all__ = ["Verbs"]


class Verbs(ThereAndBack):
    """Data to latents and back for a network that somebody else has trained.

    A subclass has ``prior_`` and ``spec_``, and says how one batch of tensors goes through:
    `_encode` and `_decode`. `_tensor` puts NumPy rows where the network computes.
    """

    spec_: Any  # a LatentSpec, or one that says more
    batch_size: int

    def _encode(self, x: Tensor) -> Tensor:
        raise TypeError(f"{type(self).__name__} does not say how it encodes")

    def _decode(self, z: Tensor) -> Tensor:
        raise TypeError(f"{type(self).__name__} does not say how it decodes")

    def _tensor(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(np.require(rows, requirements=["C", "W"]))

    def check(self, z: Any, /) -> Any:
        """The latents as they are, if they are ``(n, *latent_shape)``; else `BadInput`."""
        self._check_ready()
        self._check_shape(z, self.spec_.latent_shape, "latents")
        return z

    def combine(self, weights: Any, seeds: Any, /, **options: Any) -> Any:
        """`zalgebra.combine` under ``prior_``, of latents that are checked to be of this kind.

        Parameters
        ----------
        weights
            Shape ``(..., k)``.
        seeds
            ``k`` latents, ``(k, *latent_shape)`` or a list.
        options
            ``method``, ``correlation``.

        Returns
        -------
        array
            Latents ``(..., *latent_shape)`` in the seeds' library, dtype and device.
        """
        for seed in seeds:
            self.check(seed[None])
        return combine(weights, seeds, prior=self.prior_, **options)

    def transform(self, X: np.ndarray, /) -> np.ndarray:
        """Latents ``(n, *latent_shape)`` of data ``(n, *data_shape)``, float32."""
        self._check_ready()
        X = as_numbers(X, "data")
        self._check_shape(X, self.spec_.data_shape, "data")
        return self._in_batches(self._encode, X, self.spec_.latent_shape)

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Data ``(n, *data_shape)`` of latents ``(n, *latent_shape)``, float32."""
        Z = self.check(as_numbers(Z, "latents"))
        return self._in_batches(self._decode, Z, self.spec_.data_shape)

    @overload
    def encode(self, x: Tensor, /, *, report: Literal[False] = False) -> Tensor: ...
    @overload
    def encode(self, x: Tensor, /, *, report: Literal[True]) -> tuple[Tensor, InversionReport]: ...
    def encode(self, x: Tensor, /, *, report: bool = False) -> Any:
        """Latents ``(n, *latent_shape)`` of a tensor ``(n, *data_shape)``.

        With ``report=True`` also the `InversionReport`: the error of the way back, and how
        plausible the latents are under ``prior_``.
        """
        self._check_ready()
        self._check_shape(x, self.spec_.data_shape, "data")
        z = self._encode(x)
        if not report:
            return z
        with torch.no_grad():
            return z, inversion_report(x, self.decode(z), z, self.prior_)

    def decode(self, z: Tensor, /) -> Tensor:
        """Data ``(n, *data_shape)`` of a tensor of latents ``(n, *latent_shape)``."""
        self._check_ready()
        self._check_shape(z, self.spec_.latent_shape, "latents")
        return self._decode(z)

    def _check_shape(self, rows: Any, shape: tuple[int, ...], what: str) -> None:
        got = tuple(rows.shape)
        if got[1:] == tuple(shape) and len(got) == len(shape) + 1:
            return
        expected = ", ".join(map(str, ("n", *shape)))
        mend = "; add the axis of rows: z[None]" if got == tuple(shape) else ""
        raise BadInput(
            f"{what} of this {type(self).__name__} have shape ({expected}), got {got}{mend}"
        )

    @torch.no_grad()
    def _in_batches(self, run: Any, rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        out = np.empty((len(rows), *shape), dtype=np.float32)
        for i in range(0, len(rows), self.batch_size):
            batch = slice(i, i + self.batch_size)
            out[batch] = run(self._tensor(rows[batch])).detach().float().cpu().numpy()
        return out
