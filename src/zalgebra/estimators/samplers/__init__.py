"""Resampling in a latent space: rare classes filled up with combinations of their own items."""

from zalgebra.estimators.samplers.provenance import Provenance
from zalgebra.estimators.samplers.resampler import LatentResampler

__all__ = ["LatentResampler", "Provenance"]
