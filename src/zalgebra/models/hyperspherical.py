"""Hyperspherical VAE: latents on the unit sphere, under a uniform prior."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.algebra.priors import Hypersphere
from zalgebra.algebra.priors.sphere import log_area, on_sphere
from zalgebra.models.autoencoder import calibrated
from zalgebra.models.networks import Pair, decoder, encoder
from zalgebra.models.vae import VAE
from zalgebra.types import BadInput, Prior

__all__ = ["HypersphericalVAE", "power_spherical", "power_spherical_kl"]


class HypersphericalVAE(VAE):
    r"""VAE whose latents are unit vectors of d = ``latent_dim`` entries, uniform a priori.

    Minimises, for data of D entries,

    $$\tfrac D2 \log \mathrm{MSE}(x, \hat x) + \beta\, \mathrm{KL}\big(q(z|x)\,\|\,U(S^{d-1})\big)$$

    with the Power Spherical posterior

    $$q(z|x) \propto (1 + \mu^\top z)^\kappa, \qquad |z| = |\mu| = 1,\ \kappa > 0.$$

    It has the symmetry and the limits of the von Mises-Fisher posterior of Davidson et al.
    (uniform at κ = 0, normal about µ at large κ), and in place of a rejection sampler with a
    correction of its gradient it has exact reparameterised draws and a divergence in closed form,
    in every dimension. The encoder gives µ and κ/d; the latent of a datum is µ.

    Unlike N(0, I), the uniform law of a sphere has no centre that draws all posteriors to it, and
    latents differ in direction only. A few dimensions suit it best: every posterior holds κ ≥ 2d,
    so that it does not collapse, and that much divergence is paid from the start.

    ``prior_`` is the uniform law and not a von Mises-Fisher one fitted to the latents: directions
    are centred while fitting, which leaves nearly no mean direction to fit, and on held-out data
    the fitted one is no likelier.

    Parameters
    ----------
    latent_dim
        Entries d of one latent, at least 2; d - 1 of them are free.
    beta, width, max_epochs, batch_size, learning_rate, patience, random_state, verbose
        As in `VAE`.

    Attributes
    ----------
    prior_ : zalgebra.priors.Hypersphere
        The uniform law.
    spec_, training_
        As in `VAE`.

    Raises
    ------
    BadInput
        If ``latent_dim`` is 1, or `decode` gets a latent whose norm is off 1 by more than 0.001.

    References
    ----------
    Davidson, Falorsi, De Cao, Kipf and Tomczak, *Hyperspherical variational auto-encoders*,
    arXiv 1804.00891; De Cao and Aziz, *The Power Spherical distribution*, arXiv 2006.04437.

    Examples
    --------
    >>> import numpy as np, zalgebra as za
    >>> from zalgebra.models.hyperspherical import HypersphericalVAE
    >>> X = za.datasets.digits().images[:200]
    >>> model = HypersphericalVAE(latent_dim=4, max_epochs=2, verbose=False).fit(X)
    >>> z = za.centroid(model.transform(X[:5]), prior=model.prior_)
    >>> float(np.linalg.norm(z).round(3)), model.inverse_transform(z[None]).shape
    (1.0, (1, 1, 8, 8))
    """

    kind: ClassVar[str] = "posterior direction"

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        mean, concentration = self._posterior(network(x).float())
        x_hat = self._decoded(network, power_spherical(mean, concentration, noise))
        kl = power_spherical_kl(concentration, self.latent_dim).mean()
        loss = calibrated(x_hat - x) + self.beta * kl / math.prod(x.shape[1:])
        return {"loss": loss, "mse": F.mse_loss(x_hat.detach(), x), "kl": kl}

    def _posterior(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean directions ``(n, d)`` and concentrations ``(n,)``; ⟨µ, z⟩ averages κ/(κ + d - 1).

        Below κ = 2d the decoder would hear too little of µ to learn from it (see `Centred`).
        """
        d = self.latent_dim
        return F.normalize(y[:, :d], dim=1), d * (2 + F.softplus(y[:, d]))

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        d = self.latent_dim
        if d < 2:
            raise BadInput(f"`latent_dim` must be at least 2 for a sphere, got {d}")
        return Pair(
            nn.Sequential(encoder(data_shape, d + 1, width=self.width), Centred(d)),
            decoder(data_shape, d, width=self.width),
        )

    def _encode(self, x: Tensor) -> Tensor:
        return self._posterior(self.network_(x))[0]

    def _decode(self, z: Tensor) -> Tensor:
        return self._decoded(self.network_, on_sphere(z, self._latent_shape()))

    def _learn_prior(self, X: np.ndarray) -> Prior:
        return Hypersphere(self.latent_dim)


class Centred(nn.Module):
    """Batch normalisation of the first ``size`` columns, without weights; the rest passes.

    Without it all data begin with nearly one direction, from which a decoder learns little, while
    the divergence turns the concentrations down, and with them the gradient of the direction. A
    batch of one row passes by the running values.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))

    def forward(self, y: Tensor) -> Tensor:
        """Rows ``(n, size + ...)``, the first columns with mean 0 and variance 1."""
        head, rest = y[:, : self.size], y[:, self.size :]
        running = self.get_buffer("mean"), self.get_buffer("variance")
        head = F.batch_norm(head, *running, training=self.training and len(y) > 1)
        return torch.cat([head, rest], dim=1)


def power_spherical(mean: Tensor, concentration: Tensor, noise: torch.Generator, /) -> Tensor:
    r"""One draw ``(n, d)`` from each Power Spherical law, with gradients.

    With $t = 2B - 1$, $B \sim \mathrm{Beta}(\tfrac{d-1}2 + \kappa, \tfrac{d-1}2)$ and v uniform on
    the sphere of one dimension less, $(t, \sqrt{1 - t^2}\, v)$ is a draw about $e_1$; a reflection
    carries $e_1$ to µ. B is a ratio of gamma variables, which have implicit gradients.

    Parameters
    ----------
    mean
        Unit vectors µ ``(n, d)``, d ≥ 2.
    concentration
        κ ``(n,)``, positive.
    noise
        Where the randomness comes from; on the CPU.
    """
    n, d = mean.shape
    half = torch.full((n,), (d - 1) / 2)
    a = torch._standard_gamma(half + concentration.cpu(), generator=noise)
    b = torch._standard_gamma(half, generator=noise)
    v = F.normalize(torch.randn((n, d - 1), generator=noise), dim=1)
    share = (a / (a + b))[:, None]
    across = 2 * torch.sqrt(torch.clamp(share * (1 - share), min=1e-12))  # √(1 - t²)
    y = torch.cat([2 * share - 1, across * v], dim=1).to(mean.device)
    axis = F.normalize(torch.eye(1, d).to(mean) - mean, dim=1)
    return y - 2 * axis * (axis * y).sum(dim=1, keepdim=True)


def power_spherical_kl(concentration: Tensor, d: int, /) -> Tensor:
    r"""KL(Power Spherical || uniform) in nats, the shape of ``concentration``.

    With $\beta = \tfrac{d-1}2$, $\alpha = \beta + \kappa$ and the digamma function ψ,

    $$\log |S^{d-1}| - \log\!\Big(2^{\alpha+\beta} \pi^\beta
      \frac{\Gamma(\alpha)}{\Gamma(\alpha+\beta)}\Big)
      + \kappa\, \big(\log 2 + \psi(\alpha) - \psi(\alpha + \beta)\big).$$

    Examples
    --------
    >>> import torch
    >>> power_spherical_kl(torch.tensor([1e-6, 8.0, 80.0]), 3).round(decimals=2).tolist()
    [0.0, 1.31, 3.41]
    """
    k, beta = concentration.double(), (d - 1) / 2  # the difference of large logarithms
    alpha = beta + k
    total = alpha + beta
    log_integral = total * math.log(2) + beta * math.log(math.pi) + _log_ratio(alpha, total)
    mean_log = math.log(2) + torch.digamma(alpha) - torch.digamma(total)
    return (log_area(d) - log_integral + k * mean_log).to(concentration.dtype)


def _log_ratio(a: Tensor, b: Tensor) -> Tensor:
    """Log Γ(a) / Γ(b)."""
    return torch.lgamma(a) - torch.lgamma(b)
