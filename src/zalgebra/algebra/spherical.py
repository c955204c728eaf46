"""Slerp and the weighted spherical mean, as coefficients on the seeds.

Both stay in the span of the seeds, so all that they need is the k x k Gram matrix of the unit
seeds; the seeds themselves are touched once before and once after, by a matrix product. They keep
their own lengths, as in the usual formula for two, so that the result's length is blended as well.
"""

from __future__ import annotations

from zalgebra.algebra._arrays import as_like, guarded, is_concrete, namespace
from zalgebra.algebra.correlation import times
from zalgebra.types import Array, BadInput, DegenerateWeights

__all__ = ["spherical_coefficients"]

MAX_ITERATIONS = 200
TRACED_ITERATIONS = 40  # where nothing can be read on the way, and every one is compiled
OPPOSITE = -1 + 1e-6  # the cosine from which on two directions have no one arc between them


def spherical_coefficients(w: Array, gram: Array, /) -> Array:
    """Coefficients ``(..., k)`` on the seeds that realise weights ``w`` on the sphere.

    Parameters
    ----------
    w
        Weights ``(..., k)``; they are divided by their sum.
    gram
        Cosines between the seeds, ``(*b, k, k)``.

    Raises
    ------
    DegenerateWeights
        If the weights sum to zero, or a seed lies opposite the other or opposite the mean.
    """
    xp, k = namespace(w), w.shape[-1]
    total = xp.sum(w, axis=-1, keepdims=True)
    vanishes = xp.abs(total) <= 1e-6 * xp.max(xp.abs(w), axis=-1, keepdims=True)
    sentence = "`slerp` divides the weights by their sum, and it is 0"
    w = as_like(w / guarded(total, vanishes, DegenerateWeights(sentence)), gram, dtype=w.dtype)
    if k == 1:
        return w
    return _slerp(w, gram) if k == 2 else _mean(w, gram)


def _slerp(w: Array, gram: Array) -> Array:
    """sin(w_i Ω) / sin Ω for two seeds at angle Ω (Shoemake 1985); ``w_i`` where Ω → 0."""
    xp = namespace(w)
    cosine = gram[..., 0, 1][..., None]
    sentence = "`slerp` of two opposite seeds has no one shortest arc; use `lol`"
    near, omega = _angle(guarded(cosine, cosine < OPPOSITE, DegenerateWeights(sentence)))
    return xp.where(near, w, xp.sin(w * omega) / xp.sin(omega))


def _mean(w: Array, gram: Array) -> Array:
    """Coefficients of the weighted Fréchet mean on the sphere, by fixed point.

    The mean m is where v = Σ w_i log_m(u_i) vanishes (Buss and Fillmore 2001). From the chordal
    mean, m ← m + s v, normalised; the step s is that of Barzilai and Borwein (1988), since s = 1
    needs thousands of steps for hundreds of seeds. All vectors are in the seeds' coordinates.
    """
    xp = namespace(w, gram)
    eps = xp.finfo(w.dtype).eps
    c, step, moved, before, done = _unit(w, gram), 1.0, None, None, False
    for _ in range(MAX_ITERATIONS if is_concrete(w, gram) else TRACED_ITERATIONS):
        v = _gradient(c, w, gram)
        done = (_norm(v, gram) < 20 * eps) | done  # a row rests then, or its rounding moves it on
        if is_concrete(w, gram) and bool(xp.all(done)):
            return c
        if moved is not None:
            step = _step(moved, before - v, gram)
        moved, before = xp.where(done, xp.zeros_like(v), step * v), v
        c = _unit(c + moved, gram)
    if not is_concrete(w, gram):
        return c
    raise BadInput(
        "the spherical mean did not converge for these weights (negative weights may have none); "
        "use method='lol'"
    )


def _gradient(c: Array, w: Array, gram: Array) -> Array:
    """The gradient v = Σ w_i log_m(u_i) for the unit vector m with coordinates ``c``."""
    xp = namespace(w)
    cosine = times(c, gram)
    if is_concrete(w, gram) and bool(xp.any((cosine < OPPOSITE) & (w != 0))):
        raise DegenerateWeights("a seed lies opposite the spherical mean of these; use `lol`")
    near, theta = _angle(cosine)
    pull = w * xp.where(near, xp.ones_like(theta), theta / xp.sin(theta))
    return pull - xp.sum(pull * cosine, axis=-1, keepdims=True) * c


def _step(moved: Array, change: Array, gram: Array) -> Array:
    """|d|² / ⟨d, Δ⟩ for the last move d and the change Δ of v under it; 1 where that is no step."""
    xp = namespace(moved)
    square = xp.sum(times(moved, gram) * moved, axis=-1, keepdims=True)
    bend = xp.sum(times(moved, gram) * change, axis=-1, keepdims=True)
    usable = (bend > 0) & (square > 0) & (square < 1e4 * bend)
    return xp.where(usable, square / xp.where(usable, bend, xp.ones_like(bend)), xp.ones_like(bend))


def _angle(cosine: Array) -> tuple[Array, Array]:
    """Whether the angle is 0 to rounding, and the angle (1 in its stead, also for gradients)."""
    xp = namespace(cosine)
    near = cosine > 1 - 8 * xp.finfo(cosine.dtype).eps
    inside = xp.where(near | (cosine < -1), xp.zeros_like(cosine), cosine)
    return near, xp.where(near, xp.ones_like(cosine), xp.acos(inside))


def _norm(c: Array, gram: Array) -> Array:
    xp = namespace(c)
    square = xp.sum(times(c, gram) * c, axis=-1, keepdims=True)
    return xp.sqrt(xp.where(square > 0, square, xp.zeros_like(square)))


def _unit(c: Array, gram: Array) -> Array:
    xp, norm = namespace(c), _norm(c, gram)
    if is_concrete(c, gram) and bool(xp.any(norm < 1e-6)):
        raise DegenerateWeights("the seeds cancel under these weights, so no direction is left")
    return c / norm
