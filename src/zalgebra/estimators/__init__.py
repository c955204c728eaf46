"""Arrays to something learned: directions of meaning, and rows for rare classes."""

from zalgebra.estimators.directions import Direction
from zalgebra.estimators.directions_leakage import LeakageMatrix, leakage_matrix
from zalgebra.estimators.directions_turning import Turning, turning
from zalgebra.estimators.discovery import Discovered, discover

__all__ = [
    "Direction",
    "Discovered",
    "LeakageMatrix",
    "Turning",
    "discover",
    "leakage_matrix",
    "turning",
]
