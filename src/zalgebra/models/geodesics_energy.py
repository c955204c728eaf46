"""Squared steps along a decoded curve: of the data themselves, or of the laws of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, kl_divergence

from zalgebra.models.pullback import checked
from zalgebra.types import BadInput

__all__ = ["METRICS", "Squared", "fisher", "pullback", "rounding"]

LARGE = 100.0  # numbers of laws count up to it: a logit of -1e30 rounds nothing else away
RANDOM = 1e-4  # of what is decoded, by which it differs the second time; rounding is below

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


def rounding(decode: Callable[[Tensor], Any], z: Tensor, batch: int) -> Tensor:
    """The squared steps ``(n,)`` that rounding alone makes of latents ``(n, *shape)``.

    They are of the size of half a unit in the last place of all that is decoded.

    Raises
    ------
    BadInput
        If something else is decoded the second time.
    """
    sizes = [z.new_zeros(0)]
    for part in z.split(batch) if len(z) else ():
        with torch.no_grad():
            first, again = _numbers(decode(part)), _numbers(decode(part))
        size, apart = (torch.linalg.vector_norm(x, dim=1) for x in (first, again - first))
        if bool((apart > RANDOM * size).any()):
            raise BadInput(
                "`decode` is random: the same latents came out differently the second time; "
                "`model.eval()` switches off dropout and the like"
            )
        sizes.append(size.to(z.dtype))
    return (torch.finfo(z.dtype).eps / 2 * torch.cat(sizes)) ** 2


def _numbers(decoded: Any) -> Tensor:
    """Data, or the parameters of a law, as ``(n, -1)``."""
    if isinstance(decoded, Independent):
        return _numbers(decoded.base_dist)
    if isinstance(decoded, Distribution):
        own = [v for k, v in vars(decoded).items() if k in decoded.arg_constraints]
        n = decoded.batch_shape[0]
        own = torch.cat([_points(v, decoded, n, 1).flatten(1) for v in own], dim=1)
        return own.nan_to_num(0).clamp(-LARGE, LARGE)
    return decoded.flatten(1)


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
