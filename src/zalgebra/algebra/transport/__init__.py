"""Optimal transport of populations: what carries one group of latents to another.

A difference of means moves a group; a transport map T also gives it the target's spread, and moves
its members as little as that allows: T minimises E |T(x) - x|² over all maps with T(source) =
target in law. `gaussian_map` has it in closed form, from means and covariances; `discrete_map`
matches two samples (with POT). Both carry any other item too, and both offer the way there:
`TransportMap.interpolate`. Populations are averaged by `barycenter` (Gaussians), `cloud_barycenter`
(points, with POT) and `picture_barycenter` (light).
"""

from zalgebra.algebra.transport.base import TransportMap
from zalgebra.algebra.transport.clouds import CloudBarycenter, cloud_barycenter
from zalgebra.algebra.transport.discrete import DiscreteMap, discrete_map
from zalgebra.algebra.transport.gaussian import GaussianMap, barycenter, bures, gaussian_map
from zalgebra.algebra.transport.pictures import picture_barycenter

__all__ = [
    "CloudBarycenter",
    "DiscreteMap",
    "GaussianMap",
    "TransportMap",
    "barycenter",
    "bures",
    "cloud_barycenter",
    "discrete_map",
    "gaussian_map",
    "picture_barycenter",
]
