"""Arrays to something learned: directions of meaning in a latent space."""

from zalgebra.estimators.directions import Direction

__all__ = ["Direction"]
