"""Comparisons that anyone can repeat: combining latents, inverting, editing, and maps."""

from zalgebra.studio.bench.combining import Comparison, combine
from zalgebra.studio.bench.editing import Edits, edit
from zalgebra.studio.bench.inverting import Inversions, invert
from zalgebra.studio.bench.mapping import Maps, maps

__all__ = ["Comparison", "Edits", "Inversions", "Maps", "combine", "edit", "invert", "maps"]
