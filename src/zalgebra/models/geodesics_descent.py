"""Many small problems minimised at once: limited-memory BFGS with a memory for each row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from zalgebra.types import BadInput

__all__ = ["Outcome", "Valued", "minimise"]

Valued = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # x (k, p), rows (k,) -> f, gradient

MEMORY = 8  # differences that the curvature is read off
BLIND = 1e-2  # what a promise counts before the first step, when no curvature is known
ARMIJO = 1e-4  # of the decrease that the slope promises, at least so much must come
TRIES = 8  # lengths of one step, then the row rests
LEAP = 2.0  # times √(2 f): where f is half a squared distance to 0, no step need be longer


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a minimisation of n rows went.

    Parameters
    ----------
    iterations
        Steps taken by each row ``(n,)``.
    converged
        Whether each row came to the tolerance ``(n,)``.
    left
        What one more step still promised, as a share of the value ``(n,)``.
    evaluations
        Values with gradients that were computed, over all rows.
    """

    iterations: Tensor
    converged: Tensor
    left: Tensor
    evaluations: int

    def __str__(self) -> str:
        done, n = int(self.converged.sum()), len(self.converged)
        most = int(self.iterations.max()) if n else 0
        return f"{done} of {n} converged, after {most} iterations at most"

    def __repr__(self) -> str:
        return f"Outcome({self})"

    def require(self) -> Outcome:
        """The outcome, if every row has converged.

        Raises
        ------
        BadInput
            If one has not.
        """
        if bool(self.converged.all()):
            return self
        worst = float(self.left.max())
        raise BadInput(
            f"{self}; one more step promised {worst:.2g} of the value: raise `max_iterations` or "
            "`tolerance`"
        )


def minimise(
    f: Valued,
    x: Tensor,
    /,
    *,
    max_iterations: int,
    tolerance: float,
    rounding: Tensor | None = None,
) -> tuple[Tensor, Outcome]:
    r"""Rows x ``(n, p)`` with least f, each by itself, all evaluated together.

    $x \leftarrow x - \alpha H g$ with Nocedal's two-loop H, from H = I: scale x so that the
    Hessian is near the identity. α is halved, or cut by a parabola, until f falls by
    Armijo's rule. A row has converged where a step promises $\tfrac12 g^\top H g \le$ ``tolerance``
    times f; it is evaluated no more, whatever its neighbours do.

    Parameters
    ----------
    f
        Values ``(k,)``, at least 0, and gradients ``(k, p)`` of some rows ``(k, p)``, whose numbers
        ``(k,)`` it gets too.
    x
        Starts ``(n, p)``.
    max_iterations, tolerance
        When a row ends.
    rounding
        What rounding alone makes of the values ``(n,)``, 0 by default: a row has converged too
        where its value, or what a step promises beyond ``tolerance``, is no more.

    References
    ----------
    Nocedal and Wright, *Numerical Optimization*, 2nd edition (2006), algorithms 7.4 and 3.1.
    """
    best, n = x.clone(), len(x)
    iterations, left = x.new_zeros(n, dtype=torch.int64), x.new_zeros(n)
    converged = torch.zeros(n, dtype=torch.bool, device=x.device)
    rows = torch.arange(n, device=x.device)
    value, g = f(x, rows)
    if not bool(torch.isfinite(value).all()):
        raise BadInput("the energy of the first path is not finite: `decode` gives NaN or infinity")
    if not bool(torch.isfinite(g).all()):
        raise BadInput("the derivative of `decode` on the first path is NaN or infinity")
    evaluations, memory = n, Memory()
    rounding = x.new_zeros(n) if rounding is None else rounding
    for i in range(max_iterations + 1):
        d = -memory.product(g)
        gain = -_dot(g, d) / 2
        left[rows] = gain / value.clamp_min(torch.finfo(value.dtype).tiny)
        slight = tolerance * (value if i else BLIND * value)
        done = (gain <= slight + rounding[rows]) | (value <= rounding[rows])
        converged[rows[done]] = True
        if i == max_iterations or bool(done.all()):
            break
        kept = ~done
        rows, x, d, value, g = (a[kept] for a in (rows, x, d, value, g))
        memory.keep(kept)
        moved = Search(f, rows, x, d, value, g).run()
        evaluations += moved.evaluations
        memory.learn(moved.x - x, moved.g - g)
        x, value, g, kept = moved.x, moved.value, moved.g, moved.accepted
        best[rows] = x
        iterations[rows[kept]] += 1
        rows, x, value, g = (a[kept] for a in (rows, x, value, g))
        memory.keep(kept)
        if len(rows) == 0:
            break
    return best, Outcome(iterations, converged, left, evaluations)


@dataclass
class Memory:
    """The last steps s and changes y of the gradient, row by row, and the product H g of them."""

    s: list[Tensor] = field(default_factory=list)
    y: list[Tensor] = field(default_factory=list)
    rho: list[Tensor] = field(default_factory=list)  # 1 / sᵀy; 0 where it tells no curvature
    gamma: Tensor | None = None  # the scale of H, by the last pair that told one

    def product(self, g: Tensor) -> Tensor:
        """H g."""
        shares = []
        for s, y, rho in zip(self.s[::-1], self.y[::-1], self.rho[::-1], strict=True):
            shares.append(rho * _dot(s, g))
            g = g - shares[-1][:, None] * y
        g = g if self.gamma is None else self.gamma[:, None] * g
        for s, y, rho in zip(self.s, self.y, self.rho, strict=True):
            g = g + (shares.pop() - rho * _dot(y, g))[:, None] * s
        return g

    def learn(self, s: Tensor, y: Tensor) -> None:
        """Take in one step of every row; those of no positive curvature tell nothing."""
        bend, square = _dot(s, y), _dot(y, y)
        tells = bend > 1e-8 * (_dot(s, s) * square).sqrt()
        one = torch.ones_like(bend)
        rho = torch.where(tells, 1 / torch.where(tells, bend, one), 0 * one)
        before = one if self.gamma is None else self.gamma
        self.gamma = torch.where(tells, bend / torch.where(tells, square, one), before)
        self.s, self.y = [*self.s, s][-MEMORY:], [*self.y, y][-MEMORY:]
        self.rho = [*self.rho, rho][-MEMORY:]

    def keep(self, kept: Tensor) -> None:
        """Forget the rows that have ended."""
        if self.gamma is not None and not bool(kept.all()):
            self.gamma = self.gamma[kept]
            self.s, self.y, self.rho = ([a[kept] for a in b] for b in (self.s, self.y, self.rho))


class Search:
    """One step of every row, as long as its value falls; rows that find none stay where they are.

    Parameters
    ----------
    f
        As in `minimise`.
    rows, x, d, value, g
        Numbers, places, directions, values and gradients of the rows.
    """

    def __init__(
        self, f: Valued, rows: Tensor, x: Tensor, d: Tensor, value: Tensor, g: Tensor
    ) -> None:
        self.f, self.rows, self.d, self.before = f, rows, d, value
        self.start, self.slope = x, _dot(g, d)
        self.x, self.value, self.g = x.clone(), value.clone(), g.clone()
        self.accepted = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        size = _dot(d, d).sqrt().clamp_min(torch.finfo(d.dtype).tiny)
        self.alpha = (LEAP * (2 * value).sqrt() / size).clamp_max(1.0)
        self.evaluations = 0

    def run(self) -> Search:
        """Try lengths until every row has fallen or ``TRIES`` are used up."""
        for _ in range(TRIES):
            self._try(torch.nonzero(~self.accepted)[:, 0])
            if bool(self.accepted.all()):
                break
        return self

    def _try(self, open_: Tensor) -> None:
        alpha, before, slope = self.alpha[open_], self.before[open_], self.slope[open_]
        x = self.start[open_] + alpha[:, None] * self.d[open_]
        value, g = self.f(x, self.rows[open_])
        self.evaluations += len(open_)
        good = torch.isfinite(value) & (value <= before + ARMIJO * alpha * slope)
        won = open_[good]
        self.x[won], self.value[won], self.g[won] = x[good], value[good], g[good]
        self.accepted[won] = True
        # the least point of the parabola through f(0), f'(0) and f(α)
        bend = value - before - alpha * slope
        cut = torch.where(bend > 0, -slope * alpha / (2 * bend), torch.full_like(bend, 0.5))
        self.alpha[open_] = alpha * cut.nan_to_num(0.1).clamp(0.1, 0.5)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=1)
