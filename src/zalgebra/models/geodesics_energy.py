"""Squared steps along a decoded curve: of the data themselves, or of the laws of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, kl_divergence

from zalgebra.models.pullback import checked
from zalgebra.types import BadInput

__all__ = ["METRICS", "Squared", "fisher", "pullback"]

Squared = Callable[[Tensor], Tensor]  # curves (n, m + 1, *shape) to squared steps (n, m)


def pullback(decode: Callable[[Tensor], Any]) -> Squared:
    r"""$|g(z_{i+1}) - g(z_i)|^2$, the steps of the data in their own unit."""
    run = checked(decode)

    def squared(curves: Tensor) -> Tensor:
        n, points = curves.shape[:2]
        x = run(curves.flatten(0, 1)).reshape(n, points, -1)
        return x.diff(dim=1).square().sum(dim=-1)

    return squared


def fisher(decode: Callable[[Tensor], Any]) -> Squared:
    r"""$\mathrm{KL}(p_i\|p_{i+1}) + \mathrm{KL}(p_{i+1}\|p_i)$ of the laws that ``decode`` gives.

    To second order it is $v^\top F v$ with the Fisher information F. The sum of both directions has
    no term of third order, and a curve is as long back as forth.
    """

    def squared(curves: Tensor) -> Tensor:
        n, points = curves.shape[:2]
        law = decode(curves.flatten(0, 1))
        if not isinstance(law, Distribution):
            raise BadInput(
                "`decode` must give a torch Distribution for metric='fisher', got a "
                f"{type(law).__name__}; a Gaussian of constant variance σ² has the geodesics of "
                "'pullback', their lengths divided by σ"
            )
        p, q = (_part(law, n, points, which) for which in (slice(None, -1), slice(1, None)))
        try:
            both = kl_divergence(p, q) + kl_divergence(q, p)
        except NotImplementedError as error:
            name = type(p).__name__
            raise BadInput(f"torch has no formula for the divergence of a {name}") from error
        return both.reshape(n, points - 1, -1).sum(dim=-1).clamp_min(0)  # rounding may leave less

    return squared


METRICS = {"pullback": pullback, "fisher": fisher}


def _part(law: Distribution, n: int, points: int, which: slice) -> Distribution:
    """The law of some points of every curve, built anew from its parameters."""
    if isinstance(law, Independent):
        base = _part(law.base_dist, n, points, which)
        return Independent(base, law.reinterpreted_batch_ndims, validate_args=False)
    if not law.batch_shape or law.batch_shape[0] != n * points:
        raise BadInput(
            f"`decode` must give one law for each latent: {n * points} latents gave the batch "
            f"{tuple(law.batch_shape)}"
        )
    own = {k: v for k, v in vars(law).items() if k in law.arg_constraints}  # probs or logits
    if not own:
        raise BadInput(
            f"a {type(law).__name__} does not show its parameters; give Normal, Bernoulli, "
            "Categorical or another with parameters of its own"
        )
    parts = {k: _points(v, law, n, points)[:, which].flatten(0, 1) for k, v in own.items()}
    kind: Any = type(law)
    return kind(**parts, validate_args=False)


def _points(value: Any, law: Distribution, n: int, points: int) -> Tensor:
    """A parameter as ``(n, points, ...)``, also one that is the same for all."""
    batch = law.batch_shape
    value = torch.as_tensor(value)
    inner = value.shape[len(batch) :] if value.ndim > len(batch) else ()
    return value.expand(*batch, *inner).unflatten(0, (n, points))
