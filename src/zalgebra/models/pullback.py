"""What a decoder does to steps in the latent: J v, and the metric JᵀJ that it pulls back."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from zalgebra.types import BadInput

__all__ = ["Decode", "pullback_metric", "pushforward"]

Decode = Callable[[Tensor], Tensor]  # latents (n, *shape) to data (n, ...), row by row

BATCH = 32  # latents whose Jacobians are held together


def pushforward(decode: Decode, z: Tensor, step: Tensor, /) -> Tensor:
    r"""What a step in the latent does to the data: $J(z)\,v$, for each row.

    Any decoder of PyTorch will do: no layer has to be known, and J is never formed.

    Parameters
    ----------
    decode
        Latents ``(n, *shape)`` to data ``(n, ...)``, each row by itself (a network in ``eval()``).
    z, step
        Latents and steps ``(n, *shape)``.

    Returns
    -------
    Tensor
        ``(n, ...)``, the shape of the data.

    Raises
    ------
    BadInput
        If the shapes differ, or ``decode`` gives no tensor.

    Examples
    --------
    >>> import torch
    >>> from zalgebra.models.pullback import pushforward
    >>> pushforward(lambda z: z**2, torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0, 0.5]]))
    tensor([[2., 3.]])
    """
    if z.ndim < 2 or z.shape != step.shape:
        shapes = f"{tuple(z.shape)} and {tuple(step.shape)}"
        raise BadInput(f"`z` and `step` must have one shape (n, *shape), got {shapes}")
    return _pusher(decode, z)(step)


def pullback_metric(decode: Decode, z: Tensor, /) -> Tensor:
    r"""The metric $G(z) = J(z)^\top J(z)$ that the decoder pulls back, ``(n, D, D)``.

    A small step v changes the data by $\sqrt{v^\top G v}$, in the unit of the data. It takes D
    products with J for each latent; J itself is held for a few latents at a time.

    Parameters
    ----------
    decode
        As in `pushforward`.
    z
        Latents ``(n, *shape)`` of D entries.

    Examples
    --------
    >>> import torch
    >>> from zalgebra.models.pullback import pullback_metric
    >>> polar = lambda z: z[:, :1] * torch.stack([z[:, 1].cos(), z[:, 1].sin()], dim=1)
    >>> pullback_metric(polar, torch.tensor([[3.0, 0.5]])).round(decimals=4)  # diag(1, r²)
    tensor([[[1., 0.],
             [0., 9.]]])
    """
    if z.ndim < 2 or len(z) == 0:
        raise BadInput(f"`z` must have shape (n, *shape) with n at least 1, got {tuple(z.shape)}")
    identity = torch.eye(z[0].numel(), dtype=z.dtype, device=z.device)

    def of(rows: Tensor) -> Tensor:
        push = _pusher(decode, rows)
        steps = (e.reshape(z.shape[1:]).expand(rows.shape) for e in identity)
        Jt = torch.stack([push(step).flatten(1) for step in steps], dim=1)
        return Jt @ Jt.mT

    return torch.cat([of(rows) for rows in z.split(BATCH)])


def _pusher(decode: Decode, z: Tensor) -> Callable[[Tensor], Tensor]:
    """The function from v to J(z) v.

    Jᵀ w is linear in w, so that its own reverse derivative is J. That is faster here than forward
    differentiation, works with more layers, and the graph is made once for all v.
    """
    with torch.no_grad():  # of the weights; torch.func differentiates by z all the same
        checked(decode)(z[:1])  # where what is wrong can still be named
        x, pull = torch.func.vjp(checked(decode), z)[:2]
        push = torch.func.vjp(lambda w: pull(w)[0], torch.zeros_like(x))[1]

    def times(step: Tensor) -> Tensor:
        with torch.no_grad():
            return push(step.contiguous())[0]

    return times


def checked(decode: Decode) -> Decode:
    """``decode``, whose result is held to be one row of data for each latent."""

    def run(z: Tensor) -> Tensor:
        x = decode(z)
        if not isinstance(x, Tensor):
            raise BadInput(
                f"`decode` must give a tensor, got {type(x).__name__}: "
                "`model.decode` does, `model.inverse_transform` is without derivative"
            )
        if x.ndim < 2 or len(x) != len(z):
            raise BadInput(
                f"`decode` must give one row for each latent: {len(z)} latents gave "
                f"shape {tuple(x.shape)}"
            )
        return x

    return run
