"""The scale of a geodesic's coefficients at which its energy is as round as a ball."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from zalgebra.models.geodesics_curves import Curves
from zalgebra.models.pullback import pullback_metric
from zalgebra.types import BadInput

__all__ = ["conditioner"]

PROBED = 8  # latents whose metrics are averaged
LARGEST = 256  # entries of a latent up to which that is done
IGNORED = 1e-4  # of the pairs' squared lengths, an entry: what answers less is left straight
SLIGHT = 0.1  # of the largest spread: an entry that differs less says nothing of its own scale


def conditioner(decode: Callable[[Any], Any] | None, bends: Curves, straight: Tensor) -> Tensor:
    r"""P with $P^\top \bar G P$ near the identity, so that the energy's Hessian is near it too.

    $P = \sqrt{v^\top \bar G v / E}\; S V \Lambda^{-1/2}$ with $\bar G$ the metric averaged over a
    few midpoints, S the spread of each entry over the ends, $S \bar G S = V \Lambda V^\top$, and
    E the energy of the straight line along $v = b - a$. What the decoder ignores could be bent
    freely and would wander: there P is 0. Without ``decode``, or for large latents, P is a number.

    Parameters
    ----------
    decode
        As in `pullback_metric`, or None.
    bends
        The curves.
    straight
        Squared steps ``(n, m)`` of the straight lines.
    """
    n, _, D = bends.ends.shape
    v = bends.ends[:, 1] - bends.ends[:, 0]
    root, q = v.new_ones(1, 1), v.square().sum(dim=1)
    if decode is not None and n and D <= LARGEST:
        G, S = _average_metric(decode, bends), _spread(bends.ends)
        if not bool(torch.isfinite(G).all()):
            raise BadInput("`decode` or its derivative is not finite halfway from `a` to `b`")
        q = ((v @ G) * v).sum(dim=1)
        values, V = torch.linalg.eigh(S[:, None] * G * S)
        answers = values > IGNORED * q.median().clamp_min(0) / D
        root = S[:, None] * V * torch.where(answers, values, torch.inf).rsqrt()
    energy = straight.shape[1] * straight.sum(dim=1)
    usable, one = (energy > 0) & (q > 0), torch.ones_like(q)
    s = torch.where(usable, q / torch.where(usable, energy, one), one)
    return s.sqrt()[:, None, None] * root


def _spread(ends: Tensor) -> Tensor:
    """Of each entry over all ends ``(D,)``; where they nearly agree, the mean of the others'."""
    spread = ends.flatten(0, 1).std(dim=0, correction=0)
    differs = spread > SLIGHT * spread.max()
    mean = (spread * differs).sum() / differs.sum().clamp_min(1)
    return torch.where(differs, spread, torch.where(mean > 0, mean, torch.ones_like(mean)))


def _average_metric(decode: Callable[[Any], Any], bends: Curves) -> Tensor:
    """The mean of the metric ``(D, D)`` at midpoints of a few pairs, in the curves' coordinates."""
    prior, ends = bends.prior, bends.ends
    every = max(1, len(ends) // PROBED)
    middle = ends[::every][:PROBED].mean(dim=1).unflatten(-1, bends.shape)

    def run(u: Tensor) -> Tensor:
        return decode(u if prior is None else prior.from_normal(u))

    return pullback_metric(run, middle).mean(dim=0)
