"""Ordinary differential equations in fixed steps, and the same steps undone one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from zalgebra.types import BadInput

__all__ = ["TABLEAUS", "Field", "Solution", "Tableau", "fixed_point", "solve", "unsolve"]

Field = Callable[[Tensor, float], Tensor]  # v(x, t): rows (n, ...) at one time to their velocities

MEMORY = 4  # differences that Anderson's mixing looks back at


@dataclass(frozen=True)
class Tableau:
    r"""An explicit Runge-Kutta method.

    Its slopes are $k_i = v(x + h \sum_{j<i} a_{ij} k_j,\; t + c_i h)$ with $c_i = \sum_j a_{ij}$,
    and a step of length h adds $h \sum_i b_i k_i$.

    Parameters
    ----------
    order
        The error over an interval falls with h to this power.
    a
        One row for each slope: weights of the slopes before it.
    b
        Weights of the slopes.
    """

    order: int
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]

    def step(self, field: Field, x: Tensor, t: float, h: float) -> Tensor:
        """Where a step of length ``h`` from ``x`` at time ``t`` leads."""
        k: list[Tensor] = []
        for row in self.a:
            k.append(field(_moved(x, h, row, k), t + h * sum(row)))
        return _moved(x, h, self.b, k)


TABLEAUS = {
    "euler": Tableau(1, ((),), (1.0,)),
    "midpoint": Tableau(2, ((), (0.5,)), (0.0, 1.0)),
    "heun": Tableau(2, ((), (1.0,)), (0.5, 0.5)),
    "rk4": Tableau(4, ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}


@dataclass(frozen=True, eq=False)
class Solution:
    """Where an equation led.

    Parameters
    ----------
    x
        The end ``(n, ...)``.
    evaluations
        How often the field was evaluated on the batch.
    residual
        Root mean square by which the worst step of each row was not undone ``(n,)``; 0 forwards.
    """

    x: Tensor
    evaluations: int
    residual: Tensor


def solve(
    field: Field, x: Tensor, /, times: Sequence[float], *, method: str = "midpoint"
) -> Solution:
    r"""The end of $\dot x = v(x, t)$ from ``x`` at the first of ``times`` to the last.

    Parameters
    ----------
    field
        ``v(x, t)``: rows ``(n, ...)`` and a number to velocities ``(n, ...)``.
    x
        Starts ``(n, ...)``.
    times
        The grid, one step between neighbours; it may fall.
    method
        A name of `TABLEAUS`.

    Raises
    ------
    BadInput
        If there is no such method.

    Examples
    --------
    >>> import torch
    >>> end = solve(lambda x, t: -x, torch.ones(1, 1), [0, 0.25, 0.5, 0.75, 1], method="rk4")
    >>> round(end.x.item(), 3), end.evaluations
    (0.368, 16)
    """
    tableau = _tableau(method)
    for t, after in pairwise(times):
        x = tableau.step(field, x, t, after - t)
    return Solution(x, len(tableau.b) * (len(times) - 1), x.new_zeros(len(x)))


def unsolve(
    field: Field,
    x: Tensor,
    /,
    times: Sequence[float],
    *,
    method: str = "midpoint",
    tolerance: float = 1e-5,
    most: int = 20,
) -> Solution:
    r"""The start from which `solve` comes to ``x``: its inverse, not only the way back in time.

    An explicit step $x' = x + φ(x)$ has no formula for its inverse, but $x = x' - φ(x)$ is a
    fixed-point equation. It is solved for each step by `fixed_point`, from the step back in time,
    which is near. Gradients are those of the inverse map, by the implicit function theorem.

    Parameters
    ----------
    field, times, method
        As in `solve`.
    x
        Ends ``(n, ...)``.
    tolerance
        Root mean square of a row's last correction at which its step is undone.
    most
        Corrections at most for a step; what is then left is the ``residual``.
    """
    tableau = _tableau(method)
    count, worst = 0, x.new_zeros(len(x))
    for t, after in reversed(list(pairwise(times))):

        def correct(y: Tensor, end: Tensor, t: float = t, h: float = after - t) -> Tensor:
            return y + end - tableau.step(field, y, t, h)

        with torch.no_grad():
            guess = tableau.step(field, x, after, t - after)
            near, rounds, residual = fixed_point(
                lambda y, end=x: correct(y, end), guess, tolerance=tolerance, most=most
            )
        count, worst = count + 1 + rounds, torch.maximum(worst, residual)
        if torch.is_grad_enabled():
            near, count = _attached(correct, near, x, tolerance, most), count + 2
        x = near
    return Solution(x, count * len(tableau.b), worst)


def fixed_point(
    f: Callable[[Tensor], Tensor], y: Tensor, /, *, tolerance: float = 1e-5, most: int = 20
) -> tuple[Tensor, int, Tensor]:
    """Rows with ``y = f(y)``, the evaluations of f, and what is left of f(y) - y per row (RMS).

    Anderson's mixing (1965): the next iterate is the combination of the last ones whose residuals
    cancel best, so that it also converges where plain iteration is slow or swings. A row stops
    where it has converged, whatever its neighbours do; one that does not keeps its best iterate.
    """
    best, left = y, y.new_full((len(y),), math.inf)
    values: list[Tensor] = []
    gaps: list[Tensor] = []
    for i in range(most):
        value = f(y)
        gap = (value - y).flatten(1)
        error = gap.square().mean(dim=1).sqrt()
        better = (error < left) & (left > tolerance)
        best, left = torch.where(_like(better, y), value, best), torch.where(better, error, left)
        if bool((left <= tolerance).all()):
            return best, i + 1, left
        values, gaps = [*values[-MEMORY:], value.flatten(1)], [*gaps[-MEMORY:], gap]
        y = _mixed(values, gaps).reshape(y.shape)
    return best, most, left


def _mixed(values: list[Tensor], gaps: list[Tensor]) -> Tensor:
    """Anderson's next iterate ``(n, D)`` from the last values of f and their residuals."""
    if len(values) == 1:
        return values[0]
    V = torch.stack([b - a for a, b in pairwise(values)], dim=2)
    G = torch.stack([b - a for a, b in pairwise(gaps)], dim=2)
    gram = G.mT @ G
    ridge = 1e-6 * gram.diagonal(dim1=1, dim2=2).amax(dim=1) + torch.finfo(G.dtype).tiny
    gram = gram + ridge[:, None, None] * torch.eye(G.shape[2], dtype=G.dtype, device=G.device)
    share = torch.linalg.solve_ex(gram, G.mT @ gaps[-1][:, :, None]).result
    return values[-1] - (V @ share)[:, :, 0]


def _attached(
    correct: Callable[[Tensor, Tensor], Tensor],
    near: Tensor,
    end: Tensor,
    tolerance: float,
    most: int,
) -> Tensor:
    """``near``, with the gradient of the solution of y = correct(y, end) in ``end`` and the field.

    With the residual's Jacobian J in y, a gradient g goes back as u = g + Jᵀ u.
    """
    held = near.detach().requires_grad_()
    inner = correct(held, end.detach())
    out = correct(near.detach(), end)

    def implicit(g: Tensor) -> Tensor:
        scale = g.flatten(1).square().mean(dim=1).sqrt().clamp_min(torch.finfo(g.dtype).tiny)
        unit = g / _like(scale, g)

        def back(u: Tensor) -> Tensor:
            return unit + torch.autograd.grad(inner, held, u, retain_graph=True)[0]

        return fixed_point(back, unit, tolerance=tolerance, most=most)[0] * _like(scale, g)

    if out.requires_grad:
        out.register_hook(implicit)
    return out


def _moved(x: Tensor, h: float, weights: Sequence[float], slopes: Sequence[Tensor]) -> Tensor:
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            x = x + h * weight * slope
    return x


def _like(row: Tensor, x: Tensor) -> Tensor:
    """A number per row ``(n,)``, to be multiplied with rows ``(n, ...)``."""
    return row.reshape(-1, *[1] * (x.ndim - 1))


def _tableau(method: str) -> Tableau:
    if method not in TABLEAUS:
        raise BadInput(f"`method` must be one of {', '.join(TABLEAUS)}, got {method!r}")
    return TABLEAUS[method]
