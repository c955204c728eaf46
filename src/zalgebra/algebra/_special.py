"""The normal distribution function and its inverse in logarithms, in standard operations.

The Array API has neither erf nor its inverse. Both tails are kept: a probability p is held as
log p of the smaller side, so that u = ±37 is as good as u = 0, in float32 too. Everything is
element-wise, may be traced, stays lazy, and has a finite derivative.
"""

from __future__ import annotations

import math

from zalgebra.algebra._arrays import namespace
from zalgebra.types import Array

__all__ = ["log1mexp", "log_ndtr", "log_tail", "ndtri_exp", "tail_hazard", "tail_quantile"]

LOG_TWO = math.log(2)
SQRT_TWO_PI = math.sqrt(2 * math.pi)

# Both polynomials are Chebyshev interpolants computed with 50 digits, highest power first.
# (1 + y) Q(y) exp(y²/2) in t = (y - 5.5) / (y + 5.5), for y from 0 to infinity, to 1e-16:
TAIL = (
    -1.9172582049221505e-10, -2.4273691614172855e-09, 3.169477340055279e-09, 2.8886491506707582e-08,
    -3.878261743615087e-08, -2.0597926698071365e-07, 4.4532740993199136e-07, 1.051487438458891e-06,
    -4.692146469188838e-06, -4.801629348126105e-07, 3.8858156934022506e-05, -9.05613368252867e-05,
    -8.14706941712822e-05, 0.0011587138811457302, -0.004252400945038305, 0.010221481300551286,
    -0.018229966317886478, 0.02430507847137308, -0.02141363456777425, 0.0022150251245982113,
    0.03618652602924654, -0.08833898904448578, 0.45722751116333127,
)  # fmt: skip
# r - y for Q(y) = exp(-r²/2), in t = 1.2405 - 10.4633 / (r + 3.5), for r from 1.17 to 40, to 3e-8:
GUESS = (
    -0.00035841125826440877, -0.00038290279464305813, 0.0007090629528653321, 0.0009070240646208766,
    -0.0010136637646879056, -0.0008469732223818912, -0.0002510228486566664, 0.0010747569118191756,
    -0.0025198161289230964, 0.0027955511391723107, -0.009934188633918062, 0.015822417484290918,
    -0.053829523919954846, 0.10463005252918976, -0.4656238711137333, 0.524126698915302,
)  # fmt: skip


def log_ndtr(x: Array, /) -> Array:
    """Log of the normal distribution function, log Φ(x), to rounding on both sides."""
    xp = namespace(x)
    below = x < 0
    tail = log_tail(xp.where(below, -x, x))
    return xp.where(below, tail, log1mexp(tail))


def ndtri_exp(log_p: Array, /) -> Array:
    """The normal quantile u of a probability given by its logarithm: log Φ(u) = log p ≤ 0."""
    xp = namespace(log_p)
    above = log_p > -LOG_TWO
    other = log1mexp(xp.where(above, log_p, -xp.ones_like(log_p)))
    y = tail_quantile(xp.where(above, other, log_p))
    return xp.where(above, y, -y)


def log_tail(y: Array, /) -> Array:
    """Log Q(y) = log P(U > y) of a standard normal U, for y ≥ 0."""
    xp = namespace(y)
    return xp.log(_scaled_tail(y)) - xp.log1p(y) - 0.5 * y * y


def tail_hazard(y: Array, /) -> Array:
    """The slope -d log Q(y) / dy, for y ≥ 0: the density φ(y) over the tail Q(y)."""
    return (1 + y) / (SQRT_TWO_PI * _scaled_tail(y))


def tail_quantile(log_q: Array, /) -> Array:
    """The y ≥ 0 with log Q(y) = log q, for log q ≤ -log 2: a guess to 3e-8 and a Newton step.

    The step is taken on √(-2 log Q), which is nearly linear in y. It also carries the derivative.
    """
    xp = namespace(log_q)
    none = log_q < -xp.finfo(log_q.dtype).max / 4  # probability 0, whose quantile is infinite
    log_q = xp.where(none, -xp.ones_like(log_q), log_q)
    r = xp.sqrt(-2 * log_q)
    y = r - _polynomial(GUESS, 1.240535668297708 - 10.463301570950296 / (r + 3.5))
    log_tail_y = log_tail(y)
    root = xp.sqrt(-2 * log_tail_y)
    y = y + (log_tail_y - log_q) * 2 * root / ((root + r) * tail_hazard(y))
    return xp.where(none, xp.full_like(y, math.inf), y)


def log1mexp(log_p: Array, /) -> Array:
    """log(1 - p) from log p ≤ 0, to rounding for small p and for p near 1."""
    xp = namespace(log_p)
    large, inner = log_p > -LOG_TWO, -xp.ones_like(log_p)
    rest = -xp.expm1(xp.where(large, log_p, inner))
    some = rest > 0  # p = 1 leaves nothing: its logarithm is -inf, without a warning
    log_rest = xp.where(some, xp.log(xp.where(some, rest, -inner)), xp.full_like(rest, -math.inf))
    return xp.where(large, log_rest, xp.log1p(-xp.exp(xp.where(large, inner, log_p))))


def _scaled_tail(y: Array) -> Array:
    """(1 + y) Q(y) exp(y²/2), which lies between 0.39 and 0.58."""
    return _polynomial(TAIL, 1 - 11 / (y + 5.5))


def _polynomial(coefficients: tuple[float, ...], t: Array) -> Array:
    """The polynomial with these coefficients, highest power first, by Horner's rule."""
    value = coefficients[0] * t + coefficients[1]
    for c in coefficients[2:]:
        value = value * t + c
    return value
