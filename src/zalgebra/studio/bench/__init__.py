"""Comparisons that anyone can repeat: ways to combine latents, and models that invert."""

from zalgebra.studio.bench.combining import Comparison, combine
from zalgebra.studio.bench.inverting import Inversions, invert

__all__ = ["Comparison", "Inversions", "combine", "invert"]
