"""What follows from going to latents and back: samples, a score, an honest report."""

from __future__ import annotations

import numpy as np

from zalgebra.models.inversion import InversionReport, inversion_report
from zalgebra.types import BadInput, Prior

__all__ = ["ThereAndBack"]


class ThereAndBack:
    """Verbs of any model with ``transform``, ``inverse_transform`` and a prior."""

    prior_: Prior
    random_state: int

    def transform(self, X: np.ndarray, /) -> np.ndarray:
        """Latents ``(n, *latent_shape)`` of data ``(n, *data_shape)``, float32."""
        raise TypeError(f"{type(self).__name__} does not say how it encodes")

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Data ``(n, *data_shape)`` of latents ``(n, *latent_shape)``, float32."""
        raise TypeError(f"{type(self).__name__} does not say how it decodes")

    def _check_ready(self) -> None:
        """Raise `BadInput` if something must come before."""

    def sample(self, n: int = 1, *, random_state: int | None = None) -> np.ndarray:
        """Data ``(n, *data_shape)`` decoded from ``n`` draws of ``prior_``."""
        self._check_ready()
        seed = self.random_state if random_state is None else random_state
        return self.inverse_transform(self.prior_.sample(n, seed=seed))

    def score(self, X: np.ndarray, y: object = None) -> float:
        """Minus the mean squared error of the reconstruction of ``X``; more is better."""
        Z = self.transform(X)
        if len(Z) == 0:
            raise BadInput("`score` needs at least 1 row, got 0")
        return -float(np.mean((self.inverse_transform(Z) - np.asarray(X)) ** 2))

    def report(self, X: np.ndarray, /) -> InversionReport:
        """How well data ``(n, *data_shape)`` comes back, and how plausible its latents are."""
        Z = self.transform(X)
        return inversion_report(np.asarray(X), self.inverse_transform(Z), Z, self.prior_)
