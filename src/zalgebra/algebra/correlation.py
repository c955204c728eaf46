"""The variance β = wᵀ R w of a combination, for independent, correlated or estimated seeds.

Each β is exactly 0 where the seeds cancel to rounding: no direction is left then, only noise.
Seeds may come in batches, ``(*b, k, D)`` with weights ``(..., k)`` that broadcast against ``b``.
"""

from __future__ import annotations

from array_api_compat import is_dask_array

from zalgebra.algebra._arrays import as_latents, as_like, guarded, is_concrete, namespace, to_numpy
from zalgebra.types import Array, BadInput

__all__ = ["estimated_beta", "given_beta", "independent_beta", "times"]

MANY = 1024  # seeds beyond which no k x k matrix is made


def independent_beta(w: Array, /) -> Array:
    """β = Σ_k w_k² of weights ``(..., k)``: the seeds are independent (LOL, lemma 4)."""
    return namespace(w).sum(w * w, axis=-1)


def given_beta(w: Array, R: Array, /) -> Array:
    """β = wᵀ R w for a known correlation matrix ``(*b, k, k)`` of the seeds."""
    xp, k = namespace(w), w.shape[-1]
    R = as_latents(R, "correlation")
    R = _checked(to_numpy(R) if is_dask_array(R) else R, k)
    beta = _form(w, as_like(R, w))
    return xp.where(_cancels(beta, w), xp.zeros_like(beta), beta)


def _checked(R: Array, k: int) -> Array:
    """The matrix, if random variables can have it."""
    if tuple(R.shape[-2:]) != (k, k):
        raise BadInput(f"`correlation` must have shape ({k}, {k}), got {tuple(R.shape)}")
    xp = namespace(R)
    skew = xp.abs(R - xp.matrix_transpose(R))
    diagonal = xp.sum(R * xp.eye(k, dtype=R.dtype), axis=-1)
    bad = xp.any(skew > 1e-5) | xp.any(xp.abs(diagonal - 1) > 1e-5)
    R = guarded(R, bad, BadInput("`correlation` must be symmetric with ones on its diagonal"))
    if not is_concrete(R):
        return R
    least = float(to_numpy(xp.min(xp.linalg.eigvalsh(R))))
    if least < -1e-5 * k:
        raise BadInput(
            f"`correlation` must be positive semi-definite, got an eigenvalue of {least:.3g}; "
            "no random variables have these correlations"
        )
    return R


def estimated_beta(w: Array, u: Array, /) -> Array:
    """β = Σ w_i² + δ, with the share δ of the correlations estimated from whitened seeds.

    With the cosines R̂_ij = ⟨u_i, u_j⟩ / (|u_i| |u_j|), R̂_ii = 1,

        δ̂ = Σ_{i≠j} w_i w_j R̂_ij,      s² = (2/D) Σ_{i≠j} w_i² w_j² (1 - R̂_ij²),
        δ = max(0, 1 - s²/δ̂²) δ̂,

    where s² is the variance that δ̂ has by the chance of D entries. The factor is the nonnegative
    garrote of Breiman (1995) for one number: what chance explains is taken away, what it does not
    explain stays. It looks at each row of weights by itself: a row depends on no seed
    to which it gives no weight, and thousands of faint correlations that add up are seen
    although no single one is.

    Parameters
    ----------
    w
        Weights ``(..., k)``.
    u
        Seeds in standard normal coordinates, as rows ``(*b, k, D)``.

    Notes
    -----
    Beyond 1,024 seeds R̂_ij² is left out of s², so that no (k, k) matrix is made; δ is then a
    little nearer to independence.
    """
    xp = namespace(w, u)
    k, D = u.shape[-2:]
    if k == 1 or D == 0:
        return independent_beta(w) + 0 * xp.sum(u, axis=(-2, -1))
    n, ones = _unit(xp.astype(u, w.dtype, copy=False))
    square, squares = independent_beta(w), w * w
    if k <= MANY:
        gram = n @ xp.matrix_transpose(n)
        found, seen = _form(w, gram), _form(squares, gram * gram)
    else:
        y = times(w, n)
        found, seen = xp.sum(y * y, axis=-1), xp.sum(squares * squares, axis=-1)
    alone = xp.sum(squares * ones, axis=-1)
    delta, s2 = found - alone, 2 / D * (square * square - seen)
    s2 = xp.where(s2 > 0, s2, xp.zeros_like(s2))
    real = delta * delta > s2
    kept = delta - s2 / xp.where(real, delta, xp.ones_like(delta))
    beta = square + xp.where(real, kept, xp.zeros_like(delta))
    return xp.where(_cancels(found + square - alone, w), xp.zeros_like(beta), beta)


def _unit(u: Array) -> tuple[Array, Array]:
    """Rows of length 1, and R̂_ii to rounding: 0 for a row without a direction."""
    xp = namespace(u)
    square = xp.sum(u * u, axis=-1, keepdims=True)
    n = u / xp.sqrt(xp.where(square > 0, square, xp.ones_like(square)))
    return n, xp.sum(n * n, axis=-1)


def _form(w: Array, M: Array) -> Array:
    """wᵀ M w of each row."""
    return namespace(w).sum(times(w, M) * w, axis=-1)


def times(w: Array, M: Array) -> Array:
    """Rows ``(..., k)`` times ``(k, m)``, or each row times its own matrix of ``(*b, k, m)``."""
    return w @ M if M.ndim == 2 else (w[..., None, :] @ M)[..., 0, :]


def _cancels(beta: Array, w: Array) -> Array:
    """Whether wᵀ R w is nothing but the rounding of its terms."""
    return beta <= 32 * namespace(w).finfo(w.dtype).eps * independent_beta(w)
