"""The reduced QR factorisation, unique and only of independent columns."""

from __future__ import annotations

import math

import numpy as np

from zalgebra.algebra._arrays import is_concrete, namespace, to_numpy
from zalgebra.types import Array, BadInput

__all__ = ["qr"]


def qr(A: Array) -> tuple[Array, Array]:
    """U ``(D, K)`` and R ``(K, K)`` of columns ``(D, K)``, unique: R has a positive diagonal.

    `BadInput` if the columns are dependent; a lazy array is not read, so it is not checked.
    """
    xp = namespace(A)
    A = A.rechunk({1: -1}) if hasattr(A, "rechunk") else A  # Dask factorises tall, narrow blocks
    U, R = xp.linalg.qr(A)
    if is_concrete(R):
        _check_rank(to_numpy(R), float(xp.finfo(R.dtype).eps), A.shape[0])
    diagonal = xp.linalg.diagonal(R)
    sign = xp.where(diagonal < 0, -xp.ones_like(diagonal), xp.ones_like(diagonal))
    return U * sign, R * sign[:, None]


def _check_rank(R: np.ndarray, eps: float, D: int) -> None:
    """Raise unless the columns are independent to rounding, each taken at length 1."""
    lengths = np.linalg.norm(R, axis=0)
    unit = R / np.where(lengths > 0, lengths, 1)
    K, rank = len(R), np.linalg.matrix_rank(unit, tol=8 * eps * max(len(R), math.sqrt(D)))
    if rank < K:
        raise BadInput(
            f"seeds must be linearly independent, got {K} that span {rank} dimensions; "
            f"leave {K - rank} out"
        )
