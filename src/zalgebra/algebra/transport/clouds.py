"""Barycentres of point clouds, and of groups of latents without a Gaussian in their stead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zalgebra.algebra._arrays import as_latents, as_like, flatten, namespace, to_numpy
from zalgebra.algebra._whole import at_least
from zalgebra.algebra.transport.freesupport import Clouds, descend, displaced, starts
from zalgebra.algebra.transport.pictures import _shares
from zalgebra.types import Array, BadInput

__all__ = ["CloudBarycenter", "cloud_barycenter"]


@dataclass(frozen=True, eq=False)
class CloudBarycenter:
    """A barycentre for each row of weights; made by `cloud_barycenter`.

    Parameters
    ----------
    points
        ``(..., n, *shape)``. The optimal plan between a row and the next pairs points of one
        number, so that each can be followed in a film.
    masses
        Of the points, ``(n,)``, of sum 1; the same in all rows.
    cost
        Σ_i w_i W2²(points, cloud_i) of each row, ``(...)``.
    """

    points: Array
    masses: Array
    cost: Array


def cloud_barycenter(
    clouds: Array | Sequence[Array],
    /,
    weights: ArrayLike | None = None,
    *,
    masses: Sequence[ArrayLike] | None = None,
    n_points: int | None = None,
    init: Array | None = None,
    reg: float = 0.0,
    max_iterations: int = 100,
    tol: float | None = None,
    random_state: int = 0,
) -> CloudBarycenter:
    r"""The Wasserstein barycentre of point clouds, as a cloud; needs POT.

    $$\operatorname{argmin}_x \sum_i w_i\, W_2^2\Big(\tfrac1n \sum_j \delta_{x_j},\;
    \sum_l a_{il}\, \delta_{y_{il}}\Big)$$

    **Two clouds** have it in closed form: $(1 - t)\, y_0 + t\, y_1$ for each pair that their
    optimal plan joins (McCann's displacement). That is a global minimum; it has as many points as
    the plan has pairs: n between two clouds of n equal masses, at most n + m - 1 otherwise.

    **More clouds**, or a given ``n_points``, ``init`` or ``reg``: points of equal mass go to the
    mean of what their plans give them, $x_j \leftarrow n \sum_{il} w_i P^i_{jl}\, y_{il}$, until
    they rest. With exact plans the cost never grows on the way, but the end is a **local
    minimum**: another ``init`` may end lower. By default a row begins at the one of its largest
    clouds that costs least, so of clouds of one size and equal masses none costs less than what
    comes back. What has not converged is not returned: a `BadInput` says so.

    Parameters
    ----------
    clouds
        Each ``(n_i, *shape)``: points in the plane or in space, or latents. One array
        ``(k, n, *shape)`` or several arrays.
    weights
        ``(..., k)``, at least 0; rows are divided by their sums. Equal ones by default. Many rows
        make a strip.
    masses
        Of the points of each cloud, ``(n_i,)``, divided by their sums. Equal ones by default.
    n_points
        Of the barycentre, of equal mass; default: as above for two clouds, the most that a cloud
        has for more, and one cloud is its own.
    init
        Points ``(n, *shape)`` to begin at, for all rows.
    reg
        0: exact plans (network simplex), whose time grows about as n³ (1,000 points: a quarter of
        a second each). Above: entropic ones (Sinkhorn), with ε = ``reg`` times the mean of
        |y - y'|² over points of all clouds; they begin at the first of the largest clouds, and the
        cost is that of their plans. They take ε/2 from a Gaussian cloud's variance in *every*
        direction: one that has less collapses, so that latents need a ``reg`` well below 1/D, or 0.
    max_iterations, tol
        At most so many rounds; at rest, the root of the mean squared step is at most ``tol`` of the
        clouds' spread: 1e-6 by default, 1e-3 with ``reg``, where points creep on for long.
    random_state
        Draws where to begin, where clouds have other sizes or masses than the barycentre.

    Raises
    ------
    MissingExtra
        If POT is not installed.
    BadInput
        If shapes or values do not fit, or it does not converge.

    References
    ----------
    Cuturi and Doucet, *Fast computation of Wasserstein barycenters* (2014), algorithm 2;
    Álvarez-Esteban et al., *A fixed-point approach to barycenters in Wasserstein space* (2016).

    Examples
    --------
    A quarter of the way from a square to one that is twice as large and lies to the right:

    >>> import numpy as np
    >>> from zalgebra.algebra import transport
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> way = transport.cloud_barycenter([square, 2 * square + [8, 0]], [[0.75, 0.25]])
    >>> way.points[0].tolist()
    [[2.0, 0.0], [3.25, 0.0], [3.25, 1.25], [2.0, 1.25]]
    >>> way.cost
    array([13.69])
    """
    at_least("max_iterations", max_iterations, 1)
    tol = (1e-6 if reg == 0 else 1e-3) if tol is None else tol
    if not (reg >= 0 and tol > 0):
        raise BadInput(f"`reg` must be at least 0 and `tol` above it, got {reg} and {tol}")
    given = _given(clouds)
    rows = [flatten(to_numpy(y).astype(float)) for y in given]
    known = Clouds(rows, _masses(masses, [len(y) for y in rows]), reg)
    shape, w = tuple(given[0].shape[1:]), _shares(weights, len(rows))
    w_rows = w.reshape(-1, len(rows))
    if len(rows) <= 2 and reg == 0 and n_points is None and init is None:
        points, b, cost = displaced(known, w_rows)
    else:
        begin = _begin(known, init, n_points, shape, random_state)
        points, cost = descend(known, w_rows, begin, tol=tol, most=max_iterations)
        b = np.full(points.shape[1], 1 / points.shape[1])
    points = points.reshape(*w.shape[:-1], len(b), *shape)
    dtype = namespace(*given).result_type(*given)
    parts = (points, b, cost.reshape(w.shape[:-1]))
    return CloudBarycenter(*(as_like(part, given[0], dtype=dtype) for part in parts))


def _given(clouds: Array | Sequence[Array]) -> list[Array]:
    """The clouds, one by one: finite, of one library, of points of one shape."""
    whole: Any = clouds
    if getattr(whole, "ndim", 0) > 0:  # not every library's arrays can be iterated over
        whole = [whole[i, ...] for i in range(whole.shape[0])]
    if not isinstance(whole, Sequence):
        raise BadInput(f"`clouds` must be a sequence of clouds (n_i, *shape), got {whole!r}")
    given = [as_latents(y, f"clouds[{i}]") for i, y in enumerate(whole)]
    shapes = [tuple(y.shape) for y in given]
    if (
        not shapes
        or min(map(len, shapes)) < 2
        or len({s[1:] for s in shapes}) > 1
        or 0 in sum(shapes, ())
    ):
        raise BadInput(
            "`clouds` must be one or more, each of at least one point (n_i, *shape), of points of "
            f"one shape, got {shapes}"
        )
    return given


def _masses(masses: Sequence[ArrayLike] | None, sizes: list[int]) -> list[np.ndarray]:
    """Of each cloud's points, of sum 1."""
    if masses is None:
        return [np.full(n, 1 / n) for n in sizes]
    found = [to_numpy(as_latents(a, f"masses[{i}]")).astype(float) for i, a in enumerate(masses)]
    if [a.shape for a in found] != [(n,) for n in sizes] or any(
        a.min() < 0 or not a.sum() > 0 for a in found
    ):
        raise BadInput(
            f"`masses` must be for each cloud one number of at least 0 for each point, {sizes} of "
            f"them, not all 0, got shapes {[a.shape for a in found]}"
        )
    return [a / a.sum() for a in found]


def _begin(
    known: Clouds,
    init: Array | None,
    n_points: int | None,
    shape: tuple[int, ...],
    random_state: int,
) -> list[np.ndarray]:
    """Where the descent begins: at ``init``, or at one of the clouds."""
    n = None if n_points is None else at_least("n_points", n_points, 1)
    if init is None:
        sizes = [len(y) for y in known.points]
        which = range(len(sizes)) if known.reg == 0 else [int(np.argmax(sizes))]
        return starts(known, which, n or max(sizes), np.random.default_rng(random_state))
    X = to_numpy(as_latents(init, "init")).astype(float)
    if X.shape[1:] != shape or 0 in X.shape or n not in (None, len(X)):
        wanted = ", ".join(map(str, (n or "n", *shape)))
        raise BadInput(f"`init` must be points of shape ({wanted}), got {X.shape}")
    return [X.reshape(len(X), -1)]
