"""The law of one entry that a caller's distribution stands for: scipy's, torch's or functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import betaincinv

from zalgebra.algebra._arrays import as_like, namespace, to_numpy
from zalgebra.algebra.priors import marginals
from zalgebra.algebra.priors._numeric import Numeric, from_functions
from zalgebra.algebra.priors.marginals import Marginal
from zalgebra.types import Array, BadInput

__all__ = ["as_law"]

FUNCTIONS = ("cdf", "ppf", "sf", "isf")


def as_law(dist: Any) -> Marginal:
    """The law that ``dist`` stands for."""
    if isinstance(dist, Marginal):
        return dist
    if any(c.__module__.startswith("torch.distributions") for c in type(dist).__mro__):
        return _from_torch(dist)
    if all(hasattr(dist, name) for name in ("logcdf", "logsf", "ppf", "isf", "logpdf")):
        return _from_frozen(dist)
    if all(hasattr(dist, name) for name in ("logcdf", "logccdf", "icdf", "iccdf", "logpdf")):
        return _from_scipy(dist)
    if all(callable(getattr(dist, name, None)) for name in FUNCTIONS) and not hasattr(dist, "pmf"):
        name, density = type(dist).__name__, getattr(dist, "logpdf", None)
        functions = dist.cdf, dist.ppf, dist.sf, dist.isf
        return from_functions(*functions, name=name, density=density)
    if isinstance(dist, tuple) and len(dist) in (2, 4) and all(map(callable, dist)):
        return from_functions(*dist)
    raise BadInput(
        "`dist` must be a continuous distribution of scipy or torch, a law of "
        "zalgebra.algebra.priors.marginals, callables (cdf, ppf) or (cdf, ppf, sf, isf), or an "
        f"object with these four methods, got {dist!r}"
    )


FROZEN = {
    "cauchy": marginals.Cauchy,
    "expon": marginals.Exponential,
    "gumbel_r": marginals.Gumbel,
    "laplace": marginals.Laplace,
    "logistic": marginals.Logistic,
    "norm": marginals.Normal,
    "uniform": lambda loc, scale: marginals.Uniform(loc, np.add(loc, scale)),
}


def _from_frozen(dist: Any) -> Marginal:
    """The law of a frozen scipy distribution, such as ``scipy.stats.t(3)``."""
    if not hasattr(dist, "dist"):  # one of a family without parameters, such as scipy.stats.norm
        try:
            dist = dist()
        except TypeError as error:
            raise BadInput(
                f"`dist` needs its parameters, as in scipy.stats.t(3): {error}"
            ) from None
    name, args, kwds = dist.dist.name, dist.args, dist.kwds
    place = {"loc": 0.0, "scale": 1.0}
    if name in FROZEN:
        return FROZEN[name](**place | dict(zip(place, args, strict=False)) | kwds)
    lower, upper = dist.ppf, dist.isf
    if name == "t":
        given = place | dict(zip(("df", *place), args, strict=False)) | kwds
        lower, upper = (partial(_student, dist=dist, side=side, **given) for side in (-1, 1))
    return Numeric(
        name,
        log_tails=(dist.logcdf, dist.logsf),
        quantiles=(lower, upper),
        density=dist.logpdf,
        support=dist.support(),
        shape=np.broadcast_shapes(*(np.shape(a) for a in (*args, *kwds.values()))),
    )


def _student(p: Array, *, dist: Any, side: int, df: Any, loc: Any, scale: Any) -> Array:
    """Student's quantiles, far out by the incomplete beta: scipy's are off by 2 at p = 1e-165."""
    y = betaincinv(0.5 * np.asarray(df), 0.5, np.minimum(2 * p, 1))
    far = loc + side * scale * np.sqrt(np.asarray(df) * (1 - y) / y)
    return np.where(p < 1e-9, far, dist.ppf(p) if side < 0 else dist.isf(p))


def _from_scipy(dist: Any) -> Marginal:
    """The law of one of scipy's newer random variables, such as ``scipy.stats.Normal()``."""
    name = type(dist).__name__
    if name == "Normal":
        return marginals.Normal(dist.mu, dist.sigma)
    if name == "Uniform":
        return marginals.Uniform(dist.a, dist.b)
    low, high = dist.support()
    return Numeric(
        name,
        log_tails=(dist.logcdf, dist.logccdf),
        quantiles=(dist.icdf, dist.iccdf),
        density=dist.logpdf,
        support=(low, high),
        shape=np.shape(low),
    )


def _from_torch(dist: Any) -> Marginal:
    """The law of a torch distribution, known by its class, since torch is not imported here."""
    name = type(dist).__name__
    if name == "Independent":
        return _from_torch(dist.base_dist)
    values = {k: to_numpy(v).astype(float) for k, v in _torch_parameters(dist).items()}
    if name in ("Cauchy", "Gumbel", "Laplace", "Normal"):
        return getattr(marginals, name)(values["loc"], values["scale"])
    if name == "Uniform":
        return marginals.Uniform(values["low"], values["high"])
    if name == "Exponential":
        return marginals.Exponential(scale=1 / values["rate"])
    if name == "MixtureSameFamily" and type(dist.component_distribution).__name__ == "Normal":
        parts, probs = dist.component_distribution, dist.mixture_distribution.probs
        return marginals.Mixture(*map(to_numpy, (probs, parts.loc, parts.scale)))
    if name in AS_SCIPY:
        from scipy import stats  # slow to import

        return _from_frozen(AS_SCIPY[name](stats, **values))
    return _from_torch_functions(dist)


AS_SCIPY: dict[str, Callable[..., Any]] = {
    "Beta": lambda s, concentration1, concentration0: s.beta(concentration1, concentration0),
    "Chi2": lambda s, df: s.chi2(df),
    "Gamma": lambda s, concentration, rate: s.gamma(concentration, scale=1 / rate),
    "HalfCauchy": lambda s, scale: s.halfcauchy(scale=scale),
    "HalfNormal": lambda s, scale: s.halfnorm(scale=scale),
    "LogNormal": lambda s, loc, scale: s.lognorm(scale, scale=np.exp(loc)),
    "StudentT": lambda s, df, loc, scale: s.t(df, loc, scale),
    "Weibull": lambda s, scale, concentration: s.weibull_min(concentration, scale=scale),
}


def _torch_parameters(dist: Any) -> dict[str, Any]:
    """The tensors that define a torch distribution, by name."""
    return {
        k: getattr(dist, k) for k in dist.arg_constraints if hasattr(getattr(dist, k, 0), "detach")
    }


def _from_torch_functions(dist: Any) -> Marginal:
    """The law of a torch distribution by its own ``cdf`` and ``icdf``, in float64 inside."""
    name, like = type(dist).__name__, _a_tensor(dist)
    if tuple(dist.event_shape):
        raise BadInput(
            f"`dist` must be the distribution of one entry, got {name} of vectors; for a normal "
            "one use za.priors.Gaussian(mean, cov)"
        )

    def by_torch(function: Callable) -> Callable:
        tensor = partial(as_like, dtype=namespace(like).float64)
        return lambda x: to_numpy(function(tensor(np.asarray(x), like)))

    try:
        cdf, ppf, density = map(by_torch, (dist.cdf, dist.icdf, dist.log_prob))
        return from_functions(cdf, ppf, name=name, density=density)
    except NotImplementedError:
        raise BadInput(
            f"`dist` must have `cdf` and `icdf`, which torch's {name} lacks; give the same law of "
            "scipy.stats"
        ) from None


def _a_tensor(dist: Any) -> Any:
    """Any of the tensors that a torch distribution holds, for its library and device."""
    tensors = _torch_parameters(dist)
    return next(iter(tensors.values())) if tensors else _a_tensor(dist.base_dist)
