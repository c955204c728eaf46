"""Arrays to a score with its uncertainty: how well an edit worked."""

from zalgebra.measures.accuracy import EditEffect, Score, edit_effect, proportion

__all__ = ["EditEffect", "Score", "edit_effect", "proportion"]
