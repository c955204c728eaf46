"""zalgebra: compute with the latents of generative models, and keep their prior.

A *prior* says which distribution a model's latents follow; a *combination* of latents is a row of
weights over seed latents, realised so that the result follows the prior again; a *model* turns data
into latents and back; a *direction* is a meaning with a strength; a *measure* says how far a result
can be trusted. Interpolation, averaging, extrapolation, analogies and edits are one operation with
other weights.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "Certificate": "zalgebra.algebra.certificate",
    "Direction": "zalgebra.estimators.directions",
    "Items": "zalgebra.algebra.items",
    "Latent": "zalgebra.algebra.latent",
    "LatentResampler": "zalgebra.estimators.samplers",
    "Subspace": "zalgebra.algebra.subspace",
    "Workspace": "zalgebra.studio.workspace",
    "blend": "zalgebra.algebra.masks",
    "centroid": "zalgebra.algebra.combine",
    "check": "zalgebra.algebra.certificate",
    "combine": "zalgebra.algebra.combine",
    "discover": "zalgebra.estimators.discovery",
    "evaluate": "zalgebra.algebra.expressions",
    "interpolate": "zalgebra.algebra.combine",
    "load": "zalgebra.models",
    "mix_layers": "zalgebra.algebra.layers",
    "noise": "zalgebra.algebra.noise",
    "path": "zalgebra.algebra.combine",
}
_ROOMS = {
    "algebra": "zalgebra.algebra",
    "datasets": "zalgebra.data.datasets",
    "estimators": "zalgebra.estimators",
    "figures": "zalgebra.studio.figures",
    "measures": "zalgebra.measures",
    "models": "zalgebra.models",
    "priors": "zalgebra.priors",
    "testing": "zalgebra.testing",
    "transport": "zalgebra.algebra.transport",
    "types": "zalgebra.types",
    "weights": "zalgebra.algebra.weights",
}

__all__ = [
    "Certificate",
    "Direction",
    "Items",
    "Latent",
    "LatentResampler",
    "Subspace",
    "Workspace",
    "__version__",
    "algebra",
    "blend",
    "centroid",
    "check",
    "combine",
    "datasets",
    "discover",
    "estimators",
    "evaluate",
    "figures",
    "interpolate",
    "load",
    "measures",
    "mix_layers",
    "models",
    "noise",
    "path",
    "priors",
    "testing",
    "transport",
    "types",
    "weights",
]

if TYPE_CHECKING:
    from zalgebra import algebra, estimators, measures, models, priors, testing, types
    from zalgebra.algebra import transport, weights
    from zalgebra.algebra.certificate import Certificate, check
    from zalgebra.algebra.combine import centroid, combine, interpolate, path
    from zalgebra.algebra.expressions import evaluate
    from zalgebra.algebra.items import Items
    from zalgebra.algebra.latent import Latent
    from zalgebra.algebra.layers import mix_layers
    from zalgebra.algebra.masks import blend
    from zalgebra.algebra.noise import noise
    from zalgebra.algebra.subspace import Subspace
    from zalgebra.data import datasets
    from zalgebra.estimators.directions import Direction
    from zalgebra.estimators.discovery import discover
    from zalgebra.estimators.samplers import LatentResampler
    from zalgebra.models import load
    from zalgebra.studio import figures
    from zalgebra.studio.workspace import Workspace


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(_ROOMS[name])
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'zalgebra' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
