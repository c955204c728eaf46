"""The steps that a decoder answers to most: eigenvectors of its average JᵀJ, J never formed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.estimators.discovery_methods import Ground
from zalgebra.types import BadInput, MissingExtra

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["jacobian"]

BATCH = 32  # latents that are differentiated together
OVERSAMPLED = 8  # probes beyond the directions that are wanted
BLOCKS = 4  # of p vectors, each M times the one before
PROBES = 8  # for the trace


def jacobian(
    decode: Callable[[Any], Any], Z: np.ndarray, k: int, ground: Ground, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Steps ``(k, D)`` that change the decoded data most, with their share of all change.

    With J_i the Jacobian of ``decode`` at latent i and L the prior's, the leading eigenvectors of

        M = (1/n) Σ_i Lᵀ J_iᵀ J_i L,

    by randomised block Lanczos (Musco and Musco, 2015): M is never formed, a product M u takes two
    reverse derivatives of every latent, and 4 (k + 8) + 8 products do. Where latents have no more
    entries than that, M is taken column by column and the result is exact; else the trace, to
    which the shares refer, is estimated (Meyer et al., 2021, Hutch++).
    """
    times = _products(decode, Z, ground)
    D, p = Z[0].size, k + OVERSAMPLED
    exact = BLOCKS * p + PROBES >= D
    Q = np.eye(D) if exact else np.linalg.qr(rng.standard_normal((D, p)))[0]
    Y = times(Q)
    for _ in range(0 if exact else BLOCKS - 1):
        new = Y[:, -p:]
        for _ in range(2):  # the second time for what the first left of a block of lower rank
            new = np.linalg.qr(new - Q @ (Q.T @ new))[0]
        Q, Y = np.hstack([Q, new]), np.hstack([Y, times(new)])
    values, U = np.linalg.eigh((Q.T @ Y + Y.T @ Q) / 2)
    if not values[-1] > 0:
        raise BadInput(
            "`decode` gives no derivative: it is constant, or it computes under torch.no_grad()"
        )
    total = values.sum()
    if not exact:
        rest = rng.standard_normal((D, PROBES))
        rest -= Q @ (Q.T @ rest)
        total += np.einsum("dp,dp->", rest, times(rest)) / PROBES
    order = np.argsort(values)[::-1][:k]
    return np.asarray(ground.colour((Q @ U[:, order]).T)), values[order] / total


def _products(
    decode: Callable[[Any], Any], Z: np.ndarray, ground: Ground
) -> Callable[[np.ndarray], np.ndarray]:
    """The function from U ``(D, p)`` to M U."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtra("torch", "torch") from error
    z = torch.from_numpy(Z.astype(np.float32))
    with torch.no_grad():
        x = decode(z[:1])
    if not isinstance(x, torch.Tensor):
        raise BadInput(f"`decode` must give a torch tensor here, got {type(x).__name__}")

    def summed(batch: Tensor, columns: Tensor) -> Tensor:
        """Σ_i Lᵀ J_iᵀ J_i L u over a batch, for each u."""

        def run(steps: Tensor) -> Tensor:
            return decode(batch + ground.colour(steps).reshape(batch.shape))

        zero = torch.zeros(len(batch), columns.shape[1])
        x, pull = torch.func.vjp(run, zero)[:2]
        # Jᵀ w is linear in w, so that its own reverse derivative is J: faster here than forward
        # differentiation, and the graph is made once for all u.
        push = torch.func.vjp(lambda w: pull(w)[0], torch.zeros_like(x))[1]
        changes = (push(u.expand(zero.shape))[0] for u in columns)
        return torch.stack([pull(change)[0].sum(dim=0) for change in changes])

    def times(U: np.ndarray) -> np.ndarray:
        columns = torch.from_numpy(np.ascontiguousarray(U.T, dtype=np.float32))
        with torch.no_grad():  # of the weights; torch.func differentiates by the steps all the same
            parts = [summed(batch, columns).double() for batch in z.split(BATCH)]
        return torch.stack(parts).sum(dim=0).numpy().T / len(z)

    return times
