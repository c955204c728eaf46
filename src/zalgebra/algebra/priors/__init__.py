"""Priors: the distribution of a model's latents, as a bijection to the standard normal.

One protocol (`zalgebra.types.Prior`): ``to_normal``, ``from_normal``, ``sample``, ``log_prob``.
"""

from zalgebra.algebra.priors._draw import check_shape
from zalgebra.algebra.priors.gaussian import Gaussian, Normal

__all__ = ["Gaussian", "Normal", "check_shape"]
