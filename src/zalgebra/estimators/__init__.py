"""Arrays to something learned: directions of meaning, maps, paths, and rows for rare classes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_LAZY = {  # scikit-learn takes its time
    "DensityPaths": "zalgebra.estimators.density_paths",
    "Direction": "zalgebra.estimators.directions",
    "Discovered": "zalgebra.estimators.discovery_found",
    "LatentResampler": "zalgebra.estimators.samplers",
    "LeakageMatrix": "zalgebra.estimators.directions_leakage",
    "Turning": "zalgebra.estimators.directions_turning",
    "discover": "zalgebra.estimators.discovery",
    "leakage_matrix": "zalgebra.estimators.directions_leakage",
    "turning": "zalgebra.estimators.directions_turning",
}

__all__ = [
    "DensityPaths",
    "Direction",
    "Discovered",
    "LatentResampler",
    "LeakageMatrix",
    "Turning",
    "discover",
    "leakage_matrix",
    "maps",
    "turning",
]

if TYPE_CHECKING:
    from zalgebra.estimators import maps
    from zalgebra.estimators.density_paths import DensityPaths
    from zalgebra.estimators.directions import Direction
    from zalgebra.estimators.directions_leakage import LeakageMatrix, leakage_matrix
    from zalgebra.estimators.directions_turning import Turning, turning
    from zalgebra.estimators.discovery import discover
    from zalgebra.estimators.discovery_found import Discovered
    from zalgebra.estimators.samplers import LatentResampler


def __getattr__(name: str) -> Any:
    if name == "maps":
        return importlib.import_module("zalgebra.estimators.maps")
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'zalgebra.estimators' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
