"""Geodesics through a decoder: the shortest ways between latents, measured in what they decode to.

The curve is bent by coefficients (`geodesics_curves`), its energy is the sum of squared steps of
the decoded points (`geodesics_energy`), which is minimised for all pairs at once
(`geodesics_descent`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zalgebra.algebra._arrays import as_latents, as_like, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.models.geodesics_curves import Curves, curves
from zalgebra.models.geodesics_descent import Outcome, minimise
from zalgebra.models.geodesics_energy import METRICS, Squared, rounding
from zalgebra.models.geodesics_scale import conditioner
from zalgebra.types import Array, BadInput, Prior

__all__ = ["Geodesic", "geodesic"]

BATCH = 512  # latents that are decoded together


@dataclass(frozen=True, eq=False)
class Geodesic:
    r"""Geodesics of n pairs, beside the straight lines; made by `geodesic`.

    Energies are $m \sum_i d_i^2$ and lengths $\sum_i d_i$ of the m steps $d_i$ in the metric's
    unit. They are NumPy arrays ``(n,)``.

    Parameters
    ----------
    path
        Latents ``(n, steps, *shape)``, in the library of the given ones; both ends are the given
        ones exactly.
    energy, length
        Of the paths.
    straight_energy, straight_length
        Of as many even steps along the straight lines.
    outcome
        How the descent went, pair by pair.
    """

    path: Array
    energy: np.ndarray
    straight_energy: np.ndarray
    length: np.ndarray
    straight_length: np.ndarray
    outcome: Outcome

    def __len__(self) -> int:
        return len(self.energy)

    def __str__(self) -> str:
        apart = self.straight_energy > 0
        if not apart.any():
            return f"{len(self)} geodesics of no length"
        energy = np.median(self.energy[apart] / self.straight_energy[apart])
        length = np.median(self.length[apart] / self.straight_length[apart])
        return (
            f"{len(self)} geodesics with {energy:.1%} of the straight lines' energy and "
            f"{length:.1%} of their length (median); {self.outcome}"
        )

    def __repr__(self) -> str:
        return f"Geodesic({self})"


def geodesic(
    decode: Callable[[Any], Any],
    a: Array,
    b: Array,
    /,
    *,
    steps: int = 16,
    metric: str = "pullback",
    prior: Prior | None = None,
    modes: int | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-4,
) -> Geodesic:
    r"""The shortest ways from ``a`` to ``b`` as the decoder sees them, for all pairs at once.

    Minimises the energy

    $$E = m \sum_{i=0}^{m-1} d^2(z_i, z_{i+1}), \qquad m = \text{steps} - 1,$$

    which tends to $\int_0^1 \dot z^\top G(z)\, \dot z\, dt$. Its minimum is a shortest way at
    constant speed, $E = L^2$; every other curve has $E > L^2$. With ``"pullback"``,
    $d = |g(z_i) - g(z_{i+1})|$ in the data, so $G = J^\top J$; with ``"fisher"``,
    $d^2 = \mathrm{KL}(p_i\|p_{i+1}) + \mathrm{KL}(p_{i+1}\|p_i)$, so G is the Fisher information of
    the decoded law (the Fisher-Rao metric). For a Gaussian of constant variance σ², as a VAE
    has it, that is $J^\top J / \sigma^2$: the pull-back geodesic, its lengths divided by σ.

    The descent begins at the straight line and finds a local minimum. It sees nothing but the
    decoder: a geodesic may pass where no data are. ``prior`` holds it where latents have the norm
    that the prior gives them.

    Parameters
    ----------
    decode
        A function of tensors, ``(n, *shape)`` to data ``(n, ...)`` or, for ``"fisher"``, to a
        `torch.distributions.Distribution`; row by row, with derivatives: ``model.decode``.
    a, b
        Latents ``(n, *shape)``. NumPy's are decoded in float32, as models do; PyTorch's in their
        own dtype and on their device.
    steps
        Points of a path with its ends, at least 3.
    metric
        ``"pullback"`` (default) or ``"fisher"``.
    prior
        If given, curves start as arcs in its standard normal coordinates and every point keeps the
        norm $(1 - t)|u_a| + t|u_b|$ there. Energies of straight lines stay those of straight lines.
    modes
        Sine waves that a path is bent by, at most (and by default) ``steps - 2``; fewer make it
        smoother and the descent cheaper.
    max_iterations, tolerance
        A pair has converged where one more step promises to lower its energy by less than
        ``tolerance`` of it. What has not says so in ``outcome``.

    Raises
    ------
    BadInput
        If shapes do not fit, or ``decode`` is random, without derivative or not finite.

    References
    ----------
    Shao, Kumar and Fletcher, *The Riemannian geometry of deep generative models* (2018);
    Arvanitidis, Hansen and Hauberg, *Latent space oddity* (2018); Arvanitidis et al., *Pulling back
    information geometry* (2022).

    Examples
    --------
    On the unit sphere, in coordinates of latitude and longitude, from (45° N, 0°) to
    (45° N, 90° E), the great circle is 60° long and the parallel 63.6°:

    >>> import numpy as np
    >>> import torch
    >>> from zalgebra.models.geodesics import geodesic
    >>> def globe(z):
    ...     lat, lon = z.unbind(dim=1)
    ...     return torch.stack([lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()], dim=1)
    >>> way = geodesic(globe, np.radians([[45.0, 0.0]]), np.radians([[45.0, 90.0]]), steps=32)
    >>> np.degrees([way.length[0], way.straight_length[0]]).round(1).tolist()
    [60.0, 63.6]
    """
    _check(metric, steps, max_iterations, tolerance)
    start, end = _pairs(a, b)
    squared = METRICS[metric](decode)
    straight = _all(squared, curves(start, end, steps=steps))
    same = (start == end).flatten(1).all(dim=1)
    slight = (steps - 1) * rounding(decode, start, BATCH) / 2
    bends = curves(start, end, steps=steps, modes=modes, prior=prior)
    bends = bends.bent(conditioner(decode if metric == "pullback" else None, bends, straight))
    c, outcome = minimise(
        _energy(squared, bends), bends.flat, max_iterations=max_iterations, tolerance=tolerance,
        rounding=slight.where(~same, torch.inf),
    )  # fmt: skip
    found = _all(squared, bends, c)
    found[same] = straight[same] = 0  # one latent comes out of a batch in slightly different ways
    with torch.no_grad():
        path = bends.points(c, torch.arange(len(c), device=c.device))
    return Geodesic(
        _as_given(path, a, b),
        *(to_numpy((steps - 1) * d2.sum(dim=1)) for d2 in (found, straight)),
        *(to_numpy(d2.sqrt().sum(dim=1)) for d2 in (found, straight)),
        outcome,
    )


def _check(metric: str, steps: int, max_iterations: int, tolerance: float) -> None:
    if metric not in METRICS:
        raise BadInput(f"`metric` must be one of {', '.join(METRICS)}, got {metric!r}")
    at_least("steps", steps, 3)
    at_least("max_iterations", max_iterations, 0)
    if not tolerance > 0:
        raise BadInput(f"`tolerance` must be above 0, got {tolerance}")


def _energy(squared: Squared, bends: Curves) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Half the sum of squared steps and its gradient in the coefficients, a few pairs at a time."""
    size = max(1, BATCH // len(bends.sines))

    def part(c: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            c = c.detach().requires_grad_()
            value = squared(bends.points(c, rows)).sum(dim=1) / 2
            if not value.requires_grad:
                raise BadInput("`decode` gives no derivative: it computes without gradients")
            return value.detach(), torch.autograd.grad(value.sum(), c)[0]

    def energy(c: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        if len(c) == 0:
            return c.new_zeros(0), c
        parts = [part(*both) for both in zip(c.split(size), rows.split(size), strict=True)]
        values, gradients = zip(*parts, strict=True)
        return torch.cat(values), torch.cat(gradients)

    return energy


def _all(squared: Squared, bends: Curves, c: Tensor | None = None) -> Tensor:
    """Squared steps ``(n, m)`` of all pairs, a few at a time."""
    c, size = bends.flat if c is None else c, max(1, BATCH // len(bends.sines))
    rows = torch.arange(len(c), device=c.device)
    with torch.no_grad():
        both = zip(c.split(size), rows.split(size), strict=True)
        parts = [squared(bends.points(*one)) for one in both if len(one[0])]
    steps = torch.cat(parts) if parts else c.new_zeros(0, len(bends.sines) - 1)
    if not bool(torch.isfinite(steps).all()):
        raise BadInput("what `decode` gives between `a` and `b` is not finite: NaN or infinity")
    return steps


def _pairs(a: Array, b: Array) -> tuple[Tensor, Tensor]:
    """Both ends as tensors of one shape ``(n, *shape)``."""
    a, b = as_latents(a, "a"), as_latents(b, "b")
    if a.ndim < 2 or tuple(a.shape) != tuple(b.shape) or 0 in a.shape[1:]:
        raise BadInput(
            "`a` and `b` must hold one latent a pair, (n, *shape) each, "
            f"got {tuple(a.shape)} and {tuple(b.shape)}"
        )
    if isinstance(a, Tensor):
        if not isinstance(b, Tensor):
            raise BadInput(f"`a` is a tensor and `b` is of {type(b).__module__}; give two tensors")
        if a.dtype != b.dtype or a.dtype not in (torch.float32, torch.float64):
            raise BadInput(
                "`a` and `b` must both be float32 or both float64 tensors, "
                f"got {a.dtype} and {b.dtype}"
            )
        return a.detach(), b.detach().to(a.device)
    start, end = (torch.from_numpy(np.array(to_numpy(z), dtype=np.float32)) for z in (a, b))
    return start, end


def _as_given(path: Tensor, a: Array, b: Array) -> Array:
    """The path in the library and dtype of ``a``, its ends as they were given."""
    if isinstance(a, Tensor):
        path[:, 0], path[:, -1] = a.detach(), b.detach()
        return path
    whole = to_numpy(path).astype(float)
    whole[:, 0], whole[:, -1] = to_numpy(a), to_numpy(b)
    return as_like(whole, as_latents(a, "a"))
