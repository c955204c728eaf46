"""`Flow`: any density of latents, by a normalizing flow as its bijection to the normal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from array_api_compat import is_torch_array
from torch import Tensor, nn

from zalgebra.algebra._arrays import as_latents, as_like, is_concrete, to_numpy
from zalgebra.algebra.priors import Normal, check_shape
from zalgebra.models.base import Model
from zalgebra.models.training import train
from zalgebra.types import Array, BadInput, MissingExtra

__all__ = ["Flow"]

AUTOREGRESSIVE = 16  # entries up to which each may depend on all before it; its inverse is D passes


class Flow(Model):
    r"""The density of any latents, learned by a neural spline flow (zuko).

    The flow is a bijection f to the standard normal, fitted by maximum likelihood on entries with
    zero mean and unit variance, so that $\log p(z) = \log N(f(z); 0, I) + \log |\det \partial f|$:

    - up to 16 entries each spline depends on all entries before it (autoregressive), beyond on half
      of them (coupling), so that the inverse is one pass a layer;
    - beyond 5 standard deviations the splines are the identity, so that every latent has its normal
      coordinates and comes back from them.

    Use it where entries hang together in a way that no covariance says: modes, rings, curved
    sheets. Some thousand latents or more are wanted, of up to some thousand entries.

    Parameters
    ----------
    transforms
        Layers of splines.
    hidden
        Widths of the network in each layer.
    bins
        Pieces of each spline.
    max_epochs, batch_size, learning_rate
        The training (`zalgebra.models.training.train`).
    validation
        Share of the latents that is held out; the weights that are best on it are kept.
    patience
        Epochs without a better held-out likelihood before it stops; ``None`` never stops early.
    random_state
        Fixes the weights' start and the order of the rows; PyTorch's own state is left alone.
    verbose
        Whether to show a progress bar.

    Attributes
    ----------
    training_ : TrainingResult
        The losses (nats a latent, of standardised entries) by epoch, and the outcome.

    Raises
    ------
    MissingExtra
        If zuko is not installed.

    Notes
    -----
    Computed in float64 on the latents' device: NumPy gives NumPy, PyTorch gives PyTorch with its
    gradient. Other libraries go through NumPy, without gradient, and not while JAX is tracing.

    References
    ----------
    Durkan, Bekasov, Murray and Papamakarios, *Neural spline flows*, arXiv 1906.04032.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.priors import Flow
    >>> rng = np.random.default_rng(0)
    >>> angle = rng.uniform(0, 2 * np.pi, 1000)
    >>> ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.05 * rng.normal(size=(1000, 2))
    >>> prior = Flow(max_epochs=20, hidden=(32, 32), transforms=2).fit(ring)
    >>> radius = np.linalg.norm(prior.sample(500, seed=0), axis=1)
    >>> bool(0.8 < np.median(radius) < 1.2)
    True
    """

    def __init__(
        self,
        transforms: int = 3,
        hidden: tuple[int, ...] = (64, 64),
        *,
        bins: int = 8,
        max_epochs: int = 100,
        batch_size: int = 256,
        learning_rate: float = 3e-3,
        validation: float = 0.1,
        patience: int | None = 10,
        random_state: int = 0,
        verbose: bool = False,
    ) -> None:
        self.transforms = transforms
        self.hidden = hidden
        self.bins = bins
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose
        self.shape: tuple[int, ...] | None = None

    def fit(self, Z: Array, y: object = None) -> Self:
        """Learn the density of latents ``(n, *shape)``, n ≥ 2; ``y`` is not used."""
        self._check_settings()
        Z = to_numpy(as_latents(Z, "Z")).astype(float)
        if Z.ndim < 2 or Z.shape[0] < 2 or Z[0].size == 0:
            raise BadInput(f"a prior is fitted from at least 2 latents, got shape {Z.shape}")
        rows = Z.reshape(len(Z), -1)
        scale = rows.std(axis=0)
        self._build(Z.shape[1:], rows.mean(axis=0), np.where(scale > 0, scale, 1.0))
        standard = torch.from_numpy((rows - self.centre_) / self.scale_).float()
        with torch.enable_grad():
            self.training_ = train(
                self.network_,
                _loss,
                (standard,),
                epochs=self.max_epochs,
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                seed=self.random_state,
                validation=self.validation,
                patience=self.patience,
                progress=self.verbose,
                what="fitting Flow",
            )
        self._settle()
        return self

    def to_normal(self, z: Array, /) -> Array:
        """Map latents ``(n, *shape)`` to standard normal ones."""
        return self._through(lambda rows: self.network_(rows)[0], z, inward=True)

    def from_normal(self, u: Array, /) -> Array:
        """Map standard normal arrays ``(n, *shape)`` to latents."""
        return self._through(lambda rows: self.network_.inverse(rows), u, inward=False)

    def sample(self, n: int, /, *, seed: int, like: Array | None = None) -> Array:
        """Draw ``n`` latents ``(n, *shape)``; see `Gaussian.sample`."""
        self._check_fitted()
        return self.from_normal(Normal(self.shape).sample(n, seed=seed, like=like))

    def log_prob(self, z: Array, /) -> Array:
        """Log density in nats, ``(n,)``."""
        return self._through(self._log_prob, z, inward=True)

    def _log_prob(self, rows: Tensor) -> Tensor:
        u, log_det = self.network_(rows)
        return Normal().log_prob(u) + log_det - float(np.log(self.scale_).sum())

    def _through(self, f: Callable[[Tensor], Tensor], x: Array, *, inward: bool) -> Array:
        """Apply f to standardised rows (``inward``), or standardise back what it gives."""
        self._check_fitted()
        check_shape(self.shape, x)
        if not is_torch_array(x):
            if not is_concrete(x) and not hasattr(x, "compute"):
                raise BadInput("`Flow` cannot be traced by JAX: call it outside jit, grad and vmap")
            with torch.no_grad():
                y = self._through(f, torch.tensor(to_numpy(x)), inward=inward)
            return as_like(y.numpy(), x)
        rows = x.reshape(x.shape[0], math.prod(x.shape[1:])).double()
        self.network_.to(x.device)
        centre, scale = (torch.as_tensor(a, device=x.device) for a in (self.centre_, self.scale_))
        y = f((rows - centre) / scale) if inward else centre + scale * f(rows)
        return (y if y.ndim == 1 else y.reshape(x.shape)).to(x.dtype)

    # The network itself, and on disk.

    def _build(self, shape: tuple[int, ...], centre: np.ndarray, scale: np.ndarray) -> None:
        """A new network for latents of this shape, its weights drawn under `random_state`."""
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.network_ = _Splines(math.prod(shape), self.transforms, self.hidden, self.bins)
        self.shape_, self.centre_, self.scale_ = tuple(shape), centre, scale

    def _settle(self) -> None:
        """What is learned stays as it is: double precision, no gradient of its weights."""
        self.network_.cpu().double().requires_grad_(False).eval().zero_grad()
        self.shape, self.fitted_ = self.shape_, True

    def _tensors(self) -> dict[str, np.ndarray]:
        weights = {k: v.cpu().numpy() for k, v in self.network_.state_dict().items()}
        return weights | {"centre": self.centre_, "scale": self.scale_}

    def _facts(self) -> dict[str, Any]:
        return {"shape": list(self.shape_)}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self._build(tuple(facts["shape"]), tensors.pop("centre"), tensors.pop("scale"))
        self.network_.double()
        self.network_.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        self._settle()


class _Splines(nn.Module):
    """Rows ``(n, D)`` to normal ones and the log determinant; ``inverse`` leads back."""

    def __init__(self, D: int, transforms: int, hidden: tuple[int, ...], bins: int) -> None:
        super().__init__()
        flows = _zuko().flows
        settings = {"transforms": transforms, "hidden_features": tuple(hidden)}
        if D <= AUTOREGRESSIVE:
            flow = flows.NSF(D, bins=bins, **settings)
        else:
            spline, shapes = (
                _zuko().transforms.MonotonicRQSTransform,
                [(bins,), (bins,), (bins - 1,)],
            )
            flow = flows.NICE(D, univariate=spline, shapes=shapes, randmask=True, **settings)
        self.transform = flow.transform

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.transform().call_and_ladj(x)

    def inverse(self, u: Tensor) -> Tensor:
        return self.transform().inv(u)


def _loss(
    network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
) -> dict[str, Tensor]:
    """Minus the mean log density of standardised rows."""
    u, log_det = network(batch[0])
    return {"loss": -(Normal().log_prob(u) + log_det).mean()}


def _zuko() -> Any:
    """Zuko, without what importing it does: it ends the checks of all of torch.distributions."""
    base = torch.distributions.Distribution
    kept = {name: base.__dict__[name] for name in ("_validate_args", "arg_constraints")}
    try:
        import zuko
    except ModuleNotFoundError as error:
        if error.name != "zuko":
            raise
        raise MissingExtra("zuko", "flows") from error
    finally:
        for name, value in kept.items():
            setattr(base, name, value)
    return zuko
