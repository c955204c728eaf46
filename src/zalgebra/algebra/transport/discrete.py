"""Transport between samples: `discrete_map`, on a plan that POT finds."""

from __future__ import annotations

import importlib
import math
import os
import sys
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from zalgebra.algebra._arrays import as_latents, as_like, flatten, namespace, to_numpy
from zalgebra.algebra.transport.base import TransportMap
from zalgebra.types import Array, BadInput, MissingExtra

__all__ = ["DiscreteMap", "discrete_map"]

LARGEST_EXPONENT = 500  # of exp(-cost / reg) in plain Sinkhorn; 745 underflows
MASS_ASTRAY = 1e-4  # the share that an entropic plan may leave on the wrong samples


@dataclass(frozen=True, eq=False)
class DiscreteMap(TransportMap):
    """A plan between two samples and what it does to any item; made by `discrete_map`.

    A source sample goes to the mean of the target samples that the plan gives it (the barycentric
    projection); another item takes the displacement of the source sample nearest to it.

    Parameters
    ----------
    source, target
        The samples, ``(n, *shape)`` and ``(m, *shape)``.
    plan
        Mass carried from each to each, ``(n, m)``; rows sum to 1/n and columns to 1/m.
    """

    source: np.ndarray
    target: np.ndarray
    plan: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self.source.shape[1:]

    def __repr__(self) -> str:
        n, m = self.plan.shape
        return f"DiscreteMap({n} latents {self.shape} to {m})"

    @property
    def distance(self) -> float:
        """(Σ_ij P_ij |x_i - y_j|²)^½: the distance W2 of the samples where the plan is exact."""
        return math.sqrt(float(np.sum(self.plan * _squared_distances(self.source, self.target))))

    def inverse(self) -> DiscreteMap:
        """The map of the same plan from target to source."""
        return DiscreteMap(self.target, self.source, self.plan.T)

    @cached_property
    def displacement(self) -> np.ndarray:
        """Where each source sample goes, less where it is: ``(n, D)``."""
        mass = self.plan.sum(axis=1, keepdims=True)
        return self.plan @ flatten(self.target) / mass - flatten(self.source)

    def _carry(self, rows: Array, /) -> Array:
        xp, x = namespace(rows), flatten(self.source)
        centre = x.mean(axis=0)  # so that |x|² - 2⟨x, z⟩ loses nothing far from the origin
        near, offset = as_like(x - centre, rows), as_like(centre, rows)
        score = xp.sum(near * near, axis=-1) - 2 * (rows - offset) @ near.T
        return rows + xp.take(as_like(self.displacement, rows), xp.argmin(score, axis=-1), axis=0)


def discrete_map(
    source: Array, target: Array, /, *, reg: float = 0.0, max_iterations: int = 1000
) -> DiscreteMap:
    """The optimal plan between two samples, as a map of any item; needs POT.

    P = argmin Σ_ij P_ij |x_i - y_j|² + ε Σ_ij P_ij log P_ij over the plans with rows of mass 1/n
    and columns of mass 1/m, where ε = ``reg`` times the mean of |x_i - y_j|².

    Source samples go to the mean of what they are given; any other item z to z + (T(x_i) - x_i)
    for the x_i nearest to it. That follows the target in law only as far as the sample is dense:
    in many dimensions the nearest sample is far, and `gaussian_map` is the safer one.

    Parameters
    ----------
    source, target
        Latents ``(n, *shape)`` and ``(m, *shape)``. Time and memory grow as n m and more (1,000
        each: half a second).
    reg
        0: the exact plan (network simplex). Above: entropic (Sinkhorn), smoother and narrower than
        the target; 0.01 to 0.1 is usual.
    max_iterations
        Sinkhorn's; the exact plan needs no limit.

    Raises
    ------
    MissingExtra
        If POT is not installed.
    BadInput
        If a sample is empty or not finite, the shapes differ, or Sinkhorn does not converge.

    References
    ----------
    Ferradans, Papadakis, Peyré and Aujol, *Regularized discrete optimal transport* (2014).
    Flamary et al., *POT: Python Optimal Transport* (2021).

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.algebra import transport
    >>> a = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> T = transport.discrete_map(a, a[[2, 0, 1]] + [0.0, 5.0])
    >>> T(np.array([1.1, 0.0])).tolist()
    [1.1, 5.0]
    """
    x, y = (
        to_numpy(as_latents(z, name)).astype(float)
        for z, name in ((source, "source"), (target, "target"))
    )
    if min(x.ndim, y.ndim) < 2 or 0 in (x.size, y.size) or x.shape[1:] != y.shape[1:]:
        raise BadInput(
            "`source` and `target` must be at least one latent each, (n, *shape) and (m, *shape), "
            f"got {x.shape} and {y.shape}"
        )
    if not reg >= 0:
        raise BadInput(f"`reg` must be at least 0, got {reg}")
    return DiscreteMap(x, y, _plan(_squared_distances(x, y), reg, max_iterations))


def _plan(C: np.ndarray, reg: float, max_iterations: int) -> np.ndarray:
    """The optimal plan ``(n, m)`` for the costs ``C``, exact or entropic, by POT."""
    ot = _pot()
    C = C / (C.mean() or 1.0)
    with warnings.catch_warnings():  # POT warns where it fails; what it gave is judged below
        warnings.simplefilter("ignore")
        if reg == 0:
            P, log = ot.emd([], [], C, numItermax=10**9, log=True)
            assert log["warning"] is None, log["warning"]
            return P
        method = "sinkhorn" if C.max() < LARGEST_EXPONENT * reg else "sinkhorn_log"
        P = ot.sinkhorn([], [], C, reg, method=method, numItermax=max_iterations)
    astray = sum(float(np.abs(P.sum(axis=i) - 1 / P.shape[1 - i]).sum()) for i in (0, 1))
    if not astray <= MASS_ASTRAY:
        raise BadInput(
            f"Sinkhorn did not converge in {max_iterations} iterations: {astray:.2g} of the mass "
            f"is astray at reg={reg:g}; raise `reg` or `max_iterations`, or take the exact reg=0"
        )
    return P


def _pot() -> Any:
    """POT, imported without the frameworks that are not loaded yet: it would load them all."""
    frameworks = {"PYTORCH": "torch", "JAX": "jax", "CUPY": "cupy", "TENSORFLOW": "tensorflow"}
    switches = [f"POT_BACKEND_DISABLE_{k}" for k, m in frameworks.items() if m not in sys.modules]
    added = [s for s in switches if s not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        return importlib.import_module("ot")
    except ModuleNotFoundError as error:
        raise MissingExtra("ot", "transport") from error
    finally:
        for switch in added:
            del os.environ[switch]


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return cdist(flatten(x), flatten(y), "sqeuclidean")
