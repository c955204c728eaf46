r"""How a diffusion's noise grows, its deterministic samplers, and their inverses.

Every state is a rotation of the picture into noise, $x_t = \cos φ_t\, x_0 + \sin φ_t\, ε$, with the
velocity $v = \cos φ_t\, ε - \sin φ_t\, x_0$ (Salimans and Ho, arXiv 2202.00512). A step of DDIM
(arXiv 2010.02502) from level t to a lower level s turns it back by $δ = φ_t - φ_s$, and one of
DPM-Solver++ (2S, arXiv 2211.01095) corrects that by the picture guessed at a level r between:

$$x_s = \cos δ\; x_t - \sin δ\; v(x_t, t)
\;\big[ + \; c\,\tfrac{\sin δ}{\sin φ_t}\,(\hat x_r - \hat x_t) \big],
\qquad \hat x_t = \cos φ_t\, x_t - \sin φ_t\, v(x_t, t)$$

with $c = (λ_s - λ_t) / 2(λ_r - λ_t)$ in the logarithm $λ = -\log \tan φ$.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from zalgebra.types import BadInput

__all__ = ["LEVELS", "Stride", "angles", "sampled", "strides", "undone"]

LEVELS = 1000  # noise levels of the training
MEMORY = 4  # differences that Anderson's mixing looks back at
Field = Callable[[Tensor, int], Tensor]  # (states, level) to velocities


def angles(prediction: str, /) -> np.ndarray:
    r"""Angles $φ_t = \arccos\sqrt{\bar α_t}$ of the 1,000 noise levels, rising.

    For ``"v"`` the cosine schedule, rescaled so that the last level is pure noise,
    $φ_T = π/2$ (Lin et al. 2023). The noise cannot be learned there: for ``"noise"`` the linear
    schedule of Ho et al. 2020, which ends at $π/2 - 0.006$.
    """
    if prediction == "noise":
        return np.arccos(np.sqrt(np.cumprod(1 - np.linspace(1e-4, 0.02, LEVELS))))
    level = np.cos((np.arange(LEVELS + 1) / LEVELS + 0.008) / 1.008 * np.pi / 2) ** 2
    alpha = np.sqrt(np.cumprod(np.maximum(level[1:] / level[:-1], 1e-3)))
    return np.arccos((alpha - alpha[-1]) * alpha[0] / (alpha[0] - alpha[-1]))


@dataclass(frozen=True)
class Stride:
    """From level ``t``, at angle ``phi``, down by the angle ``delta``; of order 2, through a level.

    Parameters
    ----------
    t, phi, delta
        Where the stride starts and how far it goes.
    through
        The level between.
    half
        The angle down to it; 0 for a stride of order 1.
    share
        $c$ of the formula above.
    """

    t: int
    phi: float
    delta: float
    through: int = 0
    half: float = 0.0
    share: float = 0.0

    def step(self, v: Field, x: Tensor) -> Tensor:
        """States at the end of the stride of states ``(n, *shape)`` at its start."""
        slope = v(x, self.t)
        end = _turned(x, slope, -self.delta)
        if self.half == 0:
            return end
        between = _turned(x, slope, -self.half)
        later = _picture(between, v(between, self.through), self.phi - self.half)
        gain = self.share * math.sin(self.delta) / math.sin(self.phi)
        return end + gain * (later - _picture(x, slope, self.phi))


def strides(angles: np.ndarray, steps: int, *, order: int = 1) -> list[Stride]:
    """The way from the last level down to level 0 in ``steps`` even steps.

    Order 1 is DDIM; order 2 is DPM-Solver++, with twice the evaluations a step.
    """
    most = LEVELS // order
    if not isinstance(steps, int | np.integer) or not 2 <= steps <= most:
        raise BadInput(f"`steps` must be a whole number from 2 to {most}, got {steps}")
    n = steps * order
    t = [*(np.round(LEVELS - np.arange(n) * (LEVELS / n)).astype(int) - 1).tolist(), 0]
    if order == 1:
        return [Stride(a, float(angles[a]), float(angles[a] - angles[b])) for a, b in pairwise(t)]
    ratio = np.log(np.maximum(np.cos(angles), 1e-300) / np.sin(angles))
    return [
        Stride(
            a,
            float(angles[a]),
            float(angles[a] - angles[b]),
            through=m,
            half=float(angles[a] - angles[m]),
            share=float((ratio[b] - ratio[a]) / (2 * (ratio[m] - ratio[a]))),
        )
        for a, m, b in zip(t[:-1:2], t[1::2], t[2::2], strict=True)
    ]


def sampled(v: Field, x: Tensor, way: Sequence[Stride], /) -> Tensor:
    """States at level 0 of states ``(n, *shape)`` at the last level."""
    for stride in way:
        x = stride.step(v, x)
    return x


def undone(
    v: Field, x: Tensor, way: Sequence[Stride], /, *, tolerance: float, iterations: int
) -> tuple[Tensor, Tensor]:
    r"""States at the last level of states ``(n, *shape)`` at level 0, and their worst residuals.

    Undoes `sampled`. Each step $x_s = f(x_t)$ is solved by the fixed-point iteration
    $x_t \leftarrow x_t + (x_s - f(x_t)) / \cos δ$ with Anderson's mixing, from the explicit guess
    $\cos δ\, x_s + \sin δ\, v(x_s, t)$. That guess alone (``iterations=0``) is plain DDIM
    inversion, whose residual is not known (NaN).

    Parameters
    ----------
    v
        Velocity of states at a level.
    x
        The states.
    way
        From `strides`.
    tolerance
        Root mean squared change below which a row is left as it is; rows do not see one another.
    iterations
        Of a step, at most.
    """
    worst = x.new_full((len(x),), 0.0 if iterations else math.nan)
    for stride in reversed(way):
        x, residual = _undone(v, x, stride, tolerance, iterations)
        worst = torch.maximum(worst, residual)
    return x, worst


def _undone(
    v: Field, x: Tensor, stride: Stride, tolerance: float, iterations: int
) -> tuple[Tensor, Tensor]:
    z = best = _turned(x, v(x, stride.t), stride.delta)
    least = x.new_full((len(x),), math.inf if iterations else 0.0)
    kept: list[tuple[Tensor, Tensor]] = []
    for _ in range(iterations):
        change = (x - stride.step(v, z)) / math.cos(stride.delta)
        residual = change.detach().flatten(1).square().mean(dim=1).sqrt()
        better = (residual < least) & (least > tolerance)
        best = torch.where(_as_rows(better, z), z, best)
        least = torch.where(better, residual, least)
        if (least <= tolerance).all():
            break
        kept = [*kept, (change, z + change)][-MEMORY - 1 :]
        z = _mixed(kept)
    return best, least


def _mixed(kept: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Anderson's mixing: the last target, less what the changes so far say of its residual."""
    residual, target = (part.flatten(1) for part in kept[-1])
    if len(kept) == 1:
        return kept[-1][1]
    df = torch.stack([residual - f.flatten(1) for f, _ in kept[:-1]], dim=1)
    dg = torch.stack([target - g.flatten(1) for _, g in kept[:-1]], dim=1)
    gram = df @ df.mT
    ridge = 1e-6 * gram.diagonal(dim1=1, dim2=2).mean(dim=1) + 1e-20
    gram = gram + ridge[:, None, None] * torch.eye(gram.shape[1]).to(gram)
    share = torch.linalg.solve_ex(gram, df @ residual[:, :, None]).result  # lost rows stay NaN
    return (target - (share.mT @ dg)[:, 0]).reshape(kept[-1][1].shape)


def _turned(x: Tensor, v: Tensor, delta: float) -> Tensor:
    """The state further into the noise by the angle ``delta``, if the velocity held."""
    return math.cos(delta) * x + math.sin(delta) * v


def _picture(x: Tensor, v: Tensor, phi: float) -> Tensor:
    """The picture that states at angle ``phi`` and their velocities speak of."""
    return math.cos(phi) * x - math.sin(phi) * v


def _as_rows(flags: Tensor, x: Tensor) -> Tensor:
    return flags.reshape(-1, *[1] * (x.ndim - 1))
