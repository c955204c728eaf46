"""The linear estimators of a direction: least squares of the latents on the label.

All are functions of a `Sample`, and give δ ``(D,)`` in the units of the latents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zalgebra.estimators.directions_samples import Sample
from zalgebra.types import BadInput

__all__ = ["Estimate", "estimate", "held", "linear", "residual"]


@dataclass(frozen=True, eq=False)
class Estimate:
    """δ̂ ``(D,)``, independent rows ``(m, D)`` whose squares sum to its covariance, and their df."""

    delta: np.ndarray
    noise: np.ndarray
    df: float


def linear(sample: Sample) -> np.ndarray:
    """δ of the methods that are linear in the latents.

    Of pairs the mean of after - before. Else that of Z = 1 aᵀ + y δᵀ + C Γ + E by least squares:
    δ = Zᵀ r / rᵀ r with r = y - P_C y, where P_C projects on the columns of 1 and C (Frisch, Waugh
    and Lovell). Without C and with two groups it is the difference of their means. Of a continuous
    y it is taken per standard deviation of y.
    """
    if sample.kind == "pairs":
        return np.mean(sample.Z[: sample.items] - sample.Z[sample.items :], axis=0)
    r = residual(sample, held(sample))
    unit = sample.y.std() if sample.kind == "continuous" else 1.0
    return r @ sample.Z / (r @ r) * unit


def estimate(sample: Sample) -> Estimate:
    """The same with its noise: rows r_i e_i / (rᵀ r √(1 - h_i)), of residuals e and leverages h.

    That is the covariance HC2, unbiased for two groups and for pairs.
    """
    delta = linear(sample)
    if sample.kind == "pairs":
        E, n = sample.Z[: sample.items] - sample.Z[sample.items :] - delta, sample.items
        return Estimate(delta, E / np.sqrt(n * (n - 1)), n - 1)
    Q, Z = held(sample), sample.Z
    r = residual(sample, Q)
    rr, unit = float(r @ r), sample.y.std() if sample.kind == "continuous" else 1.0
    leverage = np.sum(Q**2, axis=1) + r**2 / rr
    E = Z - Q @ (Q.T @ Z) - np.outer(r, delta / unit)
    weight = unit * r / rr / np.sqrt(np.maximum(1 - leverage, 1e-9))
    return Estimate(delta, E * weight[:, None], max(len(r) - Q.shape[1] - 1, 1))


def held(sample: Sample) -> np.ndarray:
    """An orthonormal basis ``(n, k)`` of the constant and what is held still."""
    n = len(sample.y)
    C = sample.C - sample.C.mean(axis=0)
    C = C / np.maximum(np.sqrt(np.mean(C**2, axis=0)), 1e-300)
    U, s, _ = np.linalg.svd(C, full_matrices=False)
    return np.column_stack([np.full(n, n**-0.5), U[:, s > 1e-9 * np.sqrt(n)]])


def residual(sample: Sample, Q: np.ndarray) -> np.ndarray:
    """What the held columns do not say about y."""
    r = sample.y - Q @ (Q.T @ sample.y)
    if r @ r < 1e-9 * len(r) * sample.y.var():
        raise BadInput(
            "what is `given` determines `y`, so that nothing is left to learn; leave some of it out"
        )
    return r
