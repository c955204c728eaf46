"""Curves from stop to stop: shortest through the decoder, or through the items."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zalgebra.algebra import weights as rows
from zalgebra.algebra.latent import Latent
from zalgebra.types import BadInput

if TYPE_CHECKING:
    from zalgebra.studio.workspace import Workspace

__all__ = ["POINTS", "Stops", "listed", "shortest", "through_items"]

POINTS = 33  # of a curve from stop to stop, whatever the number of frames
OPPOSITE = 3.09  # radians: no arc leads there
ITEMS = 10_000  # that a way through the items is sought among
Found = tuple[np.ndarray, dict[str, Any], list[str]]  # curves (n, POINTS, *shape), facts, notes


@dataclass(frozen=True)
class Stops:
    """The keyframes in the order in which they are met; of a loop the first one is also the last.

    Parameters
    ----------
    names
        Their words.
    keys
        Their recipes.
    met
        Their latents ``(n, *shape)``.
    closed
        Whether it is a loop.
    """

    names: Sequence[str]
    keys: Sequence[Latent]
    met: np.ndarray
    closed: bool

    def __len__(self) -> int:
        return len(self.names)

    def segment(self, i: int) -> str:
        """The words of what leads from stop ``i`` to the next."""
        return f"{self.names[i]} → {self.names[i + 1]}"


def shortest(
    space: Workspace, stops: Stops, which: np.ndarray, a: np.ndarray, b: np.ndarray, method: str
) -> Found:
    """Shortest in the decoded data; one that has not converged is told."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    from zalgebra.models.geodesics import geodesic

    sphere = getattr(space.prior, "fixed_radius", False)
    prior = space.prior if method == "geodesic-prior" and not sphere else None
    if prior is not None or sphere:
        _check_arcs(space, stops, which)
    _check_derivative(space.model, a[:1])
    decode = _from_sphere(space.model.decode) if sphere else space.model.decode
    try:
        with sdpa_kernel(SDPBackend.MATH):  # the kind of attention that has a second derivative
            found = geodesic(decode, a, b, steps=POINTS, prior=prior)
    except (NotImplementedError, RuntimeError) as error:
        if "derivative" not in str(error):
            raise
        raise _no_derivative(space.model) from error
    ended, left = (np.asarray(x) for x in (found.outcome.converged, found.outcome.left))
    share = found.length.sum() / max(found.straight_length.sum(), np.finfo(float).tiny)
    notes = [f"the way is {share:.0%} as long in the decoded data as the straight one"]
    notes += [
        f"{stops.segment(i)} has not converged: one more step promised {part:.1g} of its energy"
        for i, done, part in zip(which, ended, left, strict=True)
        if not done
    ]
    facts = {
        "segments": [stops.segment(i) for i in which],
        "converged": ended.tolist(),
        **{
            name: getattr(found, name).astype(float).tolist()
            for name in ("energy", "straight_energy", "length", "straight_length")
        },
    }
    return found.path, facts, notes


def _from_sphere(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A decoder of the unit sphere's points, for what lies beside it too."""
    return lambda z: decode(z / z.flatten(1).norm(dim=1).reshape(-1, *(1,) * (z.ndim - 1)))


def _check_derivative(model: Any, z: np.ndarray) -> None:
    import torch

    try:
        x = model.decode(torch.from_numpy(z).requires_grad_())
        able = isinstance(x, torch.Tensor) and x.requires_grad
    except (AttributeError, NotImplementedError, TypeError, ValueError, RuntimeError):
        able = False
    if not able:
        raise _no_derivative(model)


def _no_derivative(model: Any) -> BadInput:
    return BadInput(
        f"the decoder of this {type(model).__name__} cannot be differentiated, and a geodesic "
        "needs that; walk by `density`, `lol` or another method"
    )


def _check_arcs(space: Workspace, stops: Stops, which: np.ndarray) -> None:
    angles = rows.lengths(stops.met, prior=space.prior)[which]
    if angles.max() > OPPOSITE:
        a, b = (stops.names[which[int(angles.argmax())] + i] for i in (0, 1))
        raise BadInput(
            f"{a!r} and {b!r} lie opposite to one another about the prior's centre, so no arc "
            "leads from one to the other; go by a third place, or walk by `geodesic`"
        )


def through_items(
    space: Workspace, stops: Stops, which: np.ndarray, a: np.ndarray, b: np.ndarray, method: str
) -> Found:
    """Along the graph of the items' neighbours; a step over nothing is told."""
    from zalgebra.estimators.density_paths import FAR, DensityPaths

    graph, n = DensityPaths(prior=space.prior), len(space)
    if n <= graph.n_neighbors:
        raise BadInput(
            f"`density` goes from item to item, and this workspace has {n}, which must be more "
            f"than {graph.n_neighbors}; add some by `zalgebra encode`, or choose another method"
        )
    chosen = np.sort(np.random.default_rng(0).permutation(n)[:ITEMS])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "path .* has a step")  # told below
        found = graph.fit(space.items.latents[chosen]).path(a, b, steps=POINTS)
    notes, by = [], []
    for i, nodes, longest in zip(which, found.nodes, found.longest_step, strict=True):
        latents = space.items.latents[chosen[nodes]]
        inner = [not (np.array_equal(z, stops.met[i]) or np.array_equal(z, stops.met[i + 1]))
                 for z in latents]  # fmt: skip
        by.append([f"img:{row}" for row in chosen[nodes][np.array(inner, dtype=bool)]])
        notes.append(f"{stops.segment(i)} goes by {listed(by[-1]) or 'no other item'}")
        if longest > FAR:
            notes.append(
                f"{stops.segment(i)} leaves the items: a step is {longest:.0f} times as long as "
                "those between neighbours, with nothing on the way"
            )
    facts = {
        "segments": [stops.segment(i) for i in which], "by": by,
        "longest_step": found.longest_step.tolist(),
    }  # fmt: skip
    return found.path, facts, notes


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names with commas between, the first few."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
