"""Encoding without an encoder: the latent whose decoding is nearest to the data."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from zalgebra.types import BadInput, Prior

__all__ = ["nearest_latents"]

PULL = 1e-3  # weight of the prior against the error as a share of the data's variance
RATE = 0.1  # Adam's first step, in standard deviations of the prior


def nearest_latents(
    decode: Callable[[Tensor], Tensor],
    x: Tensor,
    /,
    prior: Prior,
    latent_shape: tuple[int, ...],
    *,
    steps: int = 300,
    starts: int = 64,
    seed: int = 0,
) -> Tensor:
    r"""Latents ``(n, *latent_shape)`` whose decodings are nearest to ``x``, by gradient descent.

    In the prior's standard normal coordinates u, with D entries, it minimises, row by row,

    $$\frac{|g(z(u)) - x|^2}{|x - \bar x|^2} + 10^{-3}\, \frac{|u|^2}{D}$$

    by Adam under a cosine schedule, from the best of ``starts`` draws of the prior for each row.
    The second term keeps the latent plausible where the data leave it free.

    Parameters
    ----------
    decode
        Latents ``(n, *latent_shape)`` to data ``(n, *data_shape)``, differentiable by torch.
    x
        Data ``(n, *data_shape)``.
    prior
        The law of the latents.
    latent_shape
        Shape of one latent.
    steps
        Steps of Adam.
    starts
        Draws of the prior among which each row looks for its start.
    seed
        Of the draws.

    Raises
    ------
    BadInput
        If no gradient comes through ``decode``.

    References
    ----------
    Zhu et al., *Generative visual manipulation on the natural image manifold*, ECCV 2016.
    """
    variance = (x - x.mean()).square().mean().clamp_min(1e-12)
    u = _starts(decode, x, prior, latent_shape, starts, seed).requires_grad_()
    adam = torch.optim.Adam([u], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    best, least = u.detach().clone(), torch.full((len(x),), torch.inf, device=x.device)
    with torch.enable_grad():
        for _ in range(steps):
            y = decode(prior.from_normal(u))
            if not y.requires_grad:
                raise BadInput(
                    "`decoder` passes no gradient (NumPy or no_grad inside it), so that nothing "
                    "can be encoded by search; give an `encoder`"
                )
            loss = _mean((y - x).square()) / variance + PULL * _mean(u.square())
            better = loss.detach() < least
            least = torch.where(better, loss.detach(), least)
            best[better] = u.detach()[better]
            (u.grad,) = torch.autograd.grad(loss.sum(), u)
            adam.step()
            schedule.step()
    return prior.from_normal(best)


@torch.no_grad()
def _starts(
    decode: Callable[[Tensor], Tensor],
    x: Tensor,
    prior: Prior,
    shape: tuple[int, ...],
    starts: int,
    seed: int,
) -> Tensor:
    """Of ``starts`` standard normal draws, the one that decodes nearest to each row."""
    noise = torch.Generator().manual_seed(seed)
    u = torch.randn((starts, *shape), generator=noise).to(x)
    y = torch.cat([decode(prior.from_normal(part)) for part in u.split(max(len(x), 1))])
    distance = torch.cdist(x.reshape(len(x), -1), y.reshape(starts, -1).to(x))
    return u[distance.argmin(dim=1)].clone()


def _mean(rows: Tensor) -> Tensor:
    return rows.reshape(len(rows), -1).mean(dim=1)
