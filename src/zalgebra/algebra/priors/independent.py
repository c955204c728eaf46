"""The prior `Independent`: entries that are independent, each with a law on the line."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from array_api_compat import is_dask_array
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from zalgebra.algebra._arrays import (
    as_like,
    flatten,
    is_concrete,
    namespace,
    to_numpy,
    working_dtype,
)
from zalgebra.algebra.priors import marginals
from zalgebra.algebra.priors._draw import check_shape, draw
from zalgebra.algebra.priors.marginals import Marginal
from zalgebra.types import Array, BadInput

__all__ = ["Independent"]

LEAST = math.log(np.finfo(float).tiny)  # log of the smallest probability that NumPy's laws see


class Independent:
    """Independent entries x, each with a law on the line: u = Φ⁻¹(F(x)).

    The distribution function F and its complement are taken in logarithms, on whichever side is
    small, so that the tails survive: an entry with |u| = 12 in float32, or 35 in float64, comes
    back to rounding. The plain route gives infinity from 5.4 on in float32.

    Parameters
    ----------
    dist
        The law of the entries, one of

        - a law of `zalgebra.algebra.priors.marginals` (``Uniform``, ``Laplace``, ``Logistic``,
          ``Gumbel``, ``Cauchy``, ``Exponential``, ``Normal``, the Gaussian ``Mixture``): closed
          forms on every array library, with derivatives, under ``jit`` and ``vmap``;
        - the same families as scipy or torch distributions, which become these;
        - any other continuous scipy distribution: computed by NumPy in float64, without a
          derivative, for u up to ±37.5; not under JAX's transformations;
        - any other torch distribution of one variable: the common families as scipy's; the rest
          by its own ``cdf`` and ``icdf``, so their upper tail ends at u = 8.2;
        - callables ``(cdf, ppf)`` of NumPy arrays, whose upper tail ends at u = 8.2, or
          ``(cdf, ppf, sf, isf)``, or an object with these four methods.

        Its parameters may be arrays that broadcast against the latent's shape.
    shape
        Shape of one latent; only `sample` needs it.

    Raises
    ------
    BadInput
        If ``dist`` is none of these, or its parameters do not fit ``shape``; on use, if entries lie
        outside the support. An entry exactly at an end of the support (uniform draws do give 0.0)
        is read as lying about half a rounding step inside, so that u is finite. Entries of a lazy
        or traced array are not read: those outside count as at the end.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> x = np.random.default_rng(0).uniform(0, 1, (2, 100_000))
    >>> prior = za.priors.Independent(za.priors.marginals.Uniform(0, 1))
    >>> z = za.combine([0.5, 0.5], x, prior=prior)
    >>> float(x.std().round(2)), float(z.std().round(2)), float(x.mean(axis=0).std().round(2))
    (0.29, 0.29, 0.2)
    """

    def __init__(self, dist: Any, shape: tuple[int, ...] | None = None) -> None:
        self.dist = _law(dist)
        self.shape = shape if shape is None else tuple(shape)
        if self.shape is not None:
            self._check_parameters(self.shape)

    def to_normal(self, z: Array, /) -> Array:
        """Map latents ``(n, *shape)`` to standard normal ones: u = Φ⁻¹(F(z))."""
        return self._entrywise(self.dist.to_normal, self._checked(z))

    def from_normal(self, u: Array, /) -> Array:
        """Map standard normal arrays ``(n, *shape)`` to latents: z = F⁻¹(Φ(u))."""
        check_shape(self.shape, u)
        self._check_parameters(tuple(u.shape[1:]))
        return self._entrywise(self.dist.from_normal, u)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents; see `Gaussian.sample`."""
        if self.shape is None:
            raise BadInput("`Independent` needs a shape to sample: Independent(dist, shape=(512,))")
        return self.from_normal(draw(n, self.shape, seed, like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``: the sum over the entries' log densities."""
        terms = flatten(self._entrywise(self.dist.log_pdf, self._checked(z)))
        return namespace(z).sum(terms, axis=-1)

    def __repr__(self) -> str:
        return f"Independent({self.dist!r}{'' if self.shape is None else f', {self.shape}'})"

    def _entrywise(self, function: Callable[[Array], Array], x: Array) -> Array:
        """The function of each entry, at least in float32, in the dtype of ``x``."""
        if is_dask_array(x):  # lazily, block by block; whole latents, for parameters of each entry
            x = x.rechunk(dict.fromkeys(range(1, x.ndim), -1))
            return x.map_blocks(
                lambda block: self._entrywise(function, block), dtype=x.dtype, meta=x._meta
            )
        xp = namespace(x)
        value = function(xp.astype(x, working_dtype(x), copy=False))
        return xp.astype(value, x.dtype, copy=False)

    def _checked(self, z: Array) -> Array:
        """The latents, if their shape fits and no entry is seen outside the support."""
        check_shape(self.shape, z)
        self._check_parameters(tuple(z.shape[1:]))
        low, high = map(np.asarray, self.dist.support)
        if is_concrete(z) and np.any(np.isfinite(low) | np.isfinite(high)):
            xp = namespace(z)
            outside = (z < as_like(low, z)) | (z > as_like(high, z))
            if bool(xp.any(outside)):
                raise BadInput(
                    f"latents of this prior lie in [{low.min():g}, {high.max():g}], got "
                    f"{int(xp.sum(xp.astype(outside, xp.int64)))} entries outside; rescale the "
                    f"latents, or give {self.dist!r} the parameters that fit them"
                )
        return z

    def _check_parameters(self, shape: tuple[int, ...]) -> None:
        """Raise `BadInput` unless the law's parameters broadcast to the latent's shape."""
        given = self.dist.shape
        if len(given) > len(shape) or any(
            g not in (1, s) for g, s in zip(reversed(given), reversed(shape), strict=False)
        ):
            raise BadInput(
                f"the parameters of the distribution have shape {given}, which must broadcast to "
                f"that of one latent, got {shape}"
            )


@dataclass(repr=False)
class _Numeric(Marginal):
    """A law given by functions of float64 NumPy arrays; ``quantile`` are ppf and isf."""

    name: str
    log_tails: tuple[Callable, Callable]
    quantiles: tuple[Callable, Callable]
    density: Callable | None
    support: tuple[ArrayLike, ArrayLike]
    shape: tuple[int, ...] = ()
    least_above: float = LEAST  # log of the smallest upper tail that the functions can tell from 0

    def to_normal(self, x: Array, /) -> Array:
        return self._by_numpy(super().to_normal, x, inside=True)

    def from_normal(self, u: Array, /) -> Array:
        return self._by_numpy(super().from_normal, u)

    def log_pdf(self, x: Array, /) -> Array:
        if self.density is None:
            raise BadInput(
                f"{self.name} has no density, so no `log_prob`; give an object with `logpdf`"
            )
        return self._by_numpy(self.density, x, inside=True)

    def log_cdf(self, x: Array, /) -> Array:
        return np.maximum(self.log_tails[0](x), LEAST)

    def log_sf(self, x: Array, /) -> Array:
        return np.maximum(self.log_tails[1](x), self.least_above)

    def quantile_log_cdf(self, log_p: Array, /) -> Array:
        log_p = np.maximum(log_p, LEAST)
        return self._polished(self.quantiles[0](np.exp(log_p)), log_p, self.log_cdf, -1)

    def quantile_log_sf(self, log_p: Array, /) -> Array:
        log_p = np.maximum(log_p, self.least_above)
        return self._polished(self.quantiles[1](np.exp(log_p)), log_p, self.log_sf, 1)

    def _polished(self, x: Array, log_p: Array, log_tail: Callable, sign: int) -> Array:
        """Quantiles after a Newton step on the log tail where that helps: scipy's can be coarse."""
        gap = (tail := log_tail(x)) - log_p
        exact = self.density is not None and self.least_above == LEAST  # 1 - cdf is too coarse
        if not exact or not np.any(np.abs(gap) > 1e-12 * (1 + np.abs(log_p))):
            return x
        moved = x + sign * gap * np.exp(tail - self.log_pdf(x))
        moved = np.where((moved > self.support[0]) & (moved < self.support[1]), moved, x)
        return np.where(np.abs(log_tail(moved) - log_p) < np.abs(gap), moved, x)

    def __repr__(self) -> str:
        return self.name

    def _by_numpy(self, function: Callable, x: Array, inside: bool = False) -> Array:
        """The function on the CPU in float64, and back into the library of ``x``."""
        if not is_concrete(x):
            raise BadInput(
                f"{self.name} is computed by NumPy, which JAX cannot trace; call it outside jit, "
                "vmap and grad, or use a closed form of zalgebra.algebra.priors.marginals"
            )
        entries = to_numpy(x)
        with np.errstate(all="ignore"):
            value = function(self._moved_inside(entries) if inside else entries.astype(float))
        return as_like(np.asarray(value), x)

    def _moved_inside(self, x: np.ndarray) -> np.ndarray:
        """The entries in float64, those at an end moved inside."""
        low, high = self.support
        lowest, highest = _inside_of(low, np.inf, x.dtype), _inside_of(high, -np.inf, x.dtype)
        return np.clip(x.astype(float), lowest, highest)


def _inside_of(end: ArrayLike, towards: float, dtype: np.dtype) -> np.ndarray:
    """Half a rounding step of the dtype inside an end of the support; in float64 a whole one."""
    near = np.asarray(end, dtype=dtype)
    half = 0.5 * near.astype(float) + 0.5 * np.nextafter(near, dtype.type(towards)).astype(float)
    step = np.nextafter(np.asarray(end, dtype=float), towards)
    return np.maximum(half, step) if towards > 0 else np.minimum(half, step)


FUNCTIONS = ("cdf", "ppf", "sf", "isf")


def _law(dist: Any) -> Marginal:
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
        return _from_functions(*functions, name=name, density=density)
    if isinstance(dist, tuple) and len(dist) in (2, 4) and all(map(callable, dist)):
        return _from_functions(*dist)
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
    return _Numeric(
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
    return _Numeric(
        name,
        log_tails=(dist.logcdf, dist.logccdf),
        quantiles=(dist.icdf, dist.iccdf),
        density=dist.logpdf,
        support=(low, high),
        shape=np.shape(low),
    )


def _from_functions(
    cdf: Callable,
    ppf: Callable,
    sf: Callable | None = None,
    isf: Callable | None = None,
    *,
    name: str = "a law given by functions",
    density: Callable | None = None,
) -> Marginal:
    """The law of callables; without ``sf`` and ``isf`` the upper tail is 1 - cdf, at least 2⁻⁵³."""
    upper = sf or (lambda x: 1 - cdf(x))
    low, high = (np.asarray(ppf(np.asarray(p)), dtype=float) for p in (0.0, 1.0))
    return _Numeric(
        name,
        log_tails=(lambda x: np.log(cdf(x)), lambda x: np.log(upper(x))),
        quantiles=(ppf, isf or (lambda q: ppf(1 - q))),
        density=density,
        support=(low, high),
        shape=low.shape,
        least_above=LEAST if sf else math.log(2.0**-53),
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
        return _from_functions(cdf, ppf, name=name, density=density)
    except NotImplementedError:
        raise BadInput(
            f"`dist` must have `cdf` and `icdf`, which torch's {name} lacks; give the same law of "
            "scipy.stats"
        ) from None


def _a_tensor(dist: Any) -> Any:
    """Any of the tensors that a torch distribution holds, for its library and device."""
    tensors = _torch_parameters(dist)
    return next(iter(tensors.values())) if tensors else _a_tensor(dist.base_dist)
