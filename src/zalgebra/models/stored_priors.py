"""Priors as arrays and plain JSON values, so that a model's file holds its prior."""

from __future__ import annotations

from typing import Any

import numpy as np

from zalgebra.algebra.priors import Gaussian, Hypersphere, Independent, Normal, VonMisesFisher
from zalgebra.algebra.priors.marginals import Uniform
from zalgebra.types import BadInput, Prior

__all__ = ["prior_from", "prior_tensors"]


def prior_tensors(prior: Prior, /) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a prior, and what it is.

    Raises
    ------
    BadInput
        If it is of a kind that has no form on disk.
    """
    kind = type(prior).__name__
    match prior:
        case Normal():
            return {}, {"kind": kind, "shape": list(prior.shape or ())}
        case Gaussian():
            return {"mean": prior.mean, "cov": prior.cov}, {"kind": kind}
        case Hypersphere():
            return {}, {"kind": kind, "shape": list(prior.shape)}
        case VonMisesFisher():
            facts = {"kind": kind, "concentration": float(prior.concentration)}
            return {"mean": np.asarray(prior.mean)}, facts
        case Independent(dist=Uniform() as law) if prior.shape is not None:
            arrays = {"low": np.asarray(law.low), "high": np.asarray(law.high)}
            return arrays, {"kind": "Uniform", "shape": list(prior.shape)}
    raise BadInput(f"a {kind} prior has no form on disk; give the model one of the named kinds")


def prior_from(arrays: dict[str, np.ndarray], facts: dict[str, Any], /) -> Prior:
    """The prior that `prior_tensors` described."""
    match facts["kind"]:
        case "Normal":
            return Normal(tuple(facts["shape"]))
        case "Gaussian":
            return Gaussian(arrays["mean"], arrays["cov"])
        case "Hypersphere":
            return Hypersphere(tuple(facts["shape"]))
        case "VonMisesFisher":
            return VonMisesFisher(arrays["mean"], facts["concentration"])
        case "Uniform":
            return Independent(Uniform(arrays["low"], arrays["high"]), tuple(facts["shape"]))
    raise BadInput(f"a prior of kind {facts['kind']!r} is not known; upgrade zalgebra")
