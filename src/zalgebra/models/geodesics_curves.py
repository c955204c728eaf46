"""Curves between pairs of latents that can be bent: a line, and sines that vanish at its ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from zalgebra.types import BadInput, Prior

__all__ = ["Curves", "curves"]


@dataclass(frozen=True, eq=False)
class Curves:
    r"""Curves of n pairs, bent by coefficients c ``(n, modes, D)``.

    At $t_i = i/m$,

    $$u(t_i) = (1 - t_i)\,u_a + t_i\,u_b + \sum_k s_k(t_i)\, P c_k, \qquad
    s_k(t_i) = \sqrt{\tfrac2m}\, \frac{\sin(\pi k t_i)}{2 \sin(\pi k / 2m)} .$$

    The $s_k$ are the eigenvectors of the discrete Laplacian over the roots of their eigenvalues:
    the sum of squared steps of the deviation is $\sum_k |P c_k|^2$, so that a descent on c is as
    well posed for many points as for few. All m - 1 of them give every polygon of m steps, fewer
    give smooth ones.

    Parameters
    ----------
    ends
        The pairs ``(n, 2, D)``, in the coordinates in which the line is straight.
    scale
        P: ``(n, D, D)``, or ``(n, 1, 1)`` for a number a pair.
    sines
        The $s_k(t_i)$, ``(m + 1, modes)``.
    shape
        Of one latent.
    prior
        With one, ends are in its standard normal coordinates, and every point is brought to the
        norm $(1 - t)|u_a| + t|u_b|$ there.
    """

    ends: Tensor
    scale: Tensor
    sines: Tensor
    shape: tuple[int, ...]
    prior: Prior | None = None

    def points(self, c: Tensor, rows: Tensor) -> Tensor:
        """Latents ``(k, m + 1, *shape)`` of the pairs ``rows`` at coefficients ``(k, modes D)``."""
        ends = self.ends[rows]
        c = c.reshape(len(rows), self.sines.shape[1], ends.shape[-1])
        P = self.scale[rows]
        bend = self.sines @ (c @ P.mT if P.shape[-1] > 1 else c * P)
        u = line(ends, len(self.sines)) + bend
        if self.prior is None:
            return u.unflatten(-1, self.shape)
        radius = line(torch.linalg.vector_norm(ends, dim=-1, keepdim=True), len(self.sines))
        u = u * (radius / torch.linalg.vector_norm(u, dim=-1, keepdim=True))
        return self.prior.from_normal(u.flatten(0, 1).unflatten(-1, self.shape)).unflatten(
            0, u.shape[:2]
        )

    def bent(self, scale: Tensor) -> Curves:
        """The same curves with another P."""
        return Curves(self.ends, scale, self.sines, self.shape, self.prior)

    @property
    def flat(self) -> Tensor:
        """Coefficients of no bend, ``(n, modes D)``."""
        n, _, D = self.ends.shape
        return self.ends.new_zeros(n, self.sines.shape[1] * D)


def curves(
    a: Tensor, b: Tensor, /, *, steps: int, modes: int | None = None, prior: Prior | None = None
) -> Curves:
    """The `Curves` of ``steps`` points between latents ``(n, *shape)``, with P the identity.

    Raises
    ------
    BadInput
        If ``modes`` does not fit, or a pair lies opposite to one another under the prior.
    """
    m = steps - 1
    modes = m - 1 if modes is None else modes
    if not 1 <= modes <= m - 1:
        raise BadInput(f"`modes` must be between 1 and {m - 1} for {steps} steps, got {modes}")
    ends = torch.stack([_coordinates(z, prior) for z in (a, b)], dim=1)
    if prior is not None and len(ends):
        cosine = torch.cosine_similarity(ends[:, 0], ends[:, 1], dim=-1)
        if float(cosine.min()) < -0.999:
            pair = int(cosine.argmin())
            raise BadInput(
                f"pair {pair} lies opposite to one another about the prior's centre, so no arc "
                "leads from one to the other; leave `prior` out, or go by a third latent"
            )
    t = torch.arange(steps, dtype=torch.float64) / m
    k = torch.arange(1, modes + 1, dtype=torch.float64)
    sines = math.sqrt(2 / m) * torch.sin(math.pi * k * t[:, None])
    sines = sines / (2 * torch.sin(math.pi * k / (2 * m)))
    sines[[0, -1]] = 0  # of sin π rounding leaves a little
    return Curves(ends, ends.new_ones(len(ends), 1, 1), sines.to(ends), tuple(a.shape[1:]), prior)


def line(ends: Tensor, points: int) -> Tensor:
    """Evenly spaced ``(n, points, D)`` from ``ends[:, 0]`` to ``ends[:, 1]``, both met exactly."""
    t = torch.linspace(0, 1, points, dtype=ends.dtype, device=ends.device)[:, None]
    return torch.lerp(ends[:, :1], ends[:, 1:], t)


def _coordinates(z: Tensor, prior: Prior | None) -> Tensor:
    return (z if prior is None else prior.to_normal(z)).flatten(1)
