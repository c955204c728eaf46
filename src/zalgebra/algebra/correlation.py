"""The variance β = wᵀ R w of a combination, for independent, correlated or estimated seeds.

Each β is exactly 0 where the seeds cancel to rounding: no direction is left then, only noise.
"""

from __future__ import annotations

from zalgebra.algebra._arrays import as_latents, as_like, namespace, to_numpy
from zalgebra.types import Array, BadInput

__all__ = ["estimated_beta", "given_beta", "independent_beta"]


def independent_beta(w: Array, /) -> Array:
    """β = Σ_k w_k² of weights ``(..., k)``: the seeds are independent (LOL, lemma 4)."""
    return namespace(w).sum(w * w, axis=-1)


def given_beta(w: Array, R: Array, /) -> Array:
    """β = wᵀ R w for a known correlation matrix ``(k, k)`` of the seeds as random variables."""
    xp, k = namespace(w), w.shape[-1]
    R = as_like(as_latents(R, "correlation"), w)
    if tuple(R.shape) != (k, k):
        raise BadInput(f"`correlation` must have shape ({k}, {k}), got {tuple(R.shape)}")
    skew, diagonal = xp.abs(R - R.T), xp.linalg.diagonal(R)
    if bool(xp.any(skew > 1e-5)) or bool(xp.any(xp.abs(diagonal - 1) > 1e-5)):
        raise BadInput("`correlation` must be symmetric with ones on its diagonal")
    least = float(to_numpy(xp.min(xp.linalg.eigvalsh(R))))
    if least < -1e-5 * k:
        raise BadInput(
            f"`correlation` must be positive semi-definite, got an eigenvalue of {least:.3g}; "
            "no random variables have these correlations"
        )
    beta = xp.sum((w @ R) * w, axis=-1)
    return xp.where(_cancels(beta, w), xp.zeros_like(beta), beta)


def estimated_beta(w: Array, u: Array, /) -> Array:
    """β = wᵀ R w with the correlation of whitened seeds estimated from them and shrunk.

    R̂_ij = ⟨u_i, u_j⟩ / (|u_i| |u_j|), R̂_ii = 1, and R = (1 - λ) R̂ + λ I, where

        λ = min(1, k (k - 1) / (D Σ_{i≠j} R̂_ij²))

    is the share of Σ R̂² that independent seeds of D entries would show by chance.

    Parameters
    ----------
    w
        Weights ``(..., k)``.
    u
        Seeds in standard normal coordinates, as rows ``(k, D)``.

    Notes
    -----
    R̂ itself is never needed for k > D (group means over thousands of items): wᵀ R̂ w is the
    squared norm of the weighted sum of unit seeds, and Σ R̂² is the same for the D x D product.
    """
    xp = namespace(w, u)
    k, D = u.shape
    if k == 1 or D == 0:
        return independent_beta(w)
    u = xp.astype(u, w.dtype, copy=False)
    norms = xp.linalg.vector_norm(u, axis=-1, keepdims=True)
    n = u / xp.where(norms > 0, norms, xp.ones_like(norms))
    gram = n @ n.T if k <= D else n.T @ n
    ones = xp.sum(n * n, axis=-1)  # R̂_ii to rounding, and 0 for a seed without a direction
    chance = k * (k - 1) / D
    found = xp.sum(gram * gram) - xp.sum(ones * ones)
    lam = chance / xp.where(found > chance, found, xp.full_like(found, chance))
    y = w @ n if k > D else w @ gram
    raw = xp.sum(y * y if k > D else y * w, axis=-1) + xp.sum(w * w * (1 - ones), axis=-1)
    beta = (1 - lam) * raw + lam * independent_beta(w)
    return xp.where(_cancels(raw, w), xp.zeros_like(beta), beta)


def _cancels(beta: Array, w: Array) -> Array:
    """Whether wᵀ R w is nothing but the rounding of its terms."""
    return beta <= 32 * namespace(w).finfo(w.dtype).eps * independent_beta(w)
