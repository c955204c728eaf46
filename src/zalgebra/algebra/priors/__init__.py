"""Priors: the distribution of a model's latents, as a bijection to the standard normal.

One protocol (`zalgebra.types.Prior`): ``to_normal``, ``from_normal``, ``sample``, ``log_prob``.
"""

from zalgebra.algebra.priors import marginals
from zalgebra.algebra.priors._draw import check_shape
from zalgebra.algebra.priors.empirical import Empirical
from zalgebra.algebra.priors.gaussian import Gaussian, Normal
from zalgebra.algebra.priors.independent import Independent
from zalgebra.algebra.priors.sphere import Hypersphere
from zalgebra.algebra.priors.von_mises_fisher import VonMisesFisher

__all__ = [
    "Empirical",
    "Gaussian",
    "Hypersphere",
    "Independent",
    "Normal",
    "VonMisesFisher",
    "check_shape",
    "marginals",
]
