"""Variational autoencoder: data to posterior means and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.autoencoder import Autoencoder, calibrated

__all__ = ["VAE"]


@dataclass(kw_only=True, eq=False, repr=False)
class VAE(Autoencoder):
    r"""Variational autoencoder with a calibrated decoder, as a scikit-learn style estimator.

    Minimises, for data of D entries,

    $$\tfrac D2 \log \mathrm{MSE}(x, \hat x) + \beta\, \mathrm{KL}\big(q(z|x)\,\|\,N(0, I)\big)$$

    which is the Gaussian likelihood at its best variance, so that no weight between the two terms
    must be guessed. For pictures the first term counts half by the pixels and half by the
    differences of neighbouring pixels. The latent of a datum is its posterior mean. Posterior
    means do not follow N(0, I): ``prior_`` is the Gaussian that they do follow.

    Parameters
    ----------
    latent_dim
        Entries of one latent.
    beta
        Weight of the divergence; more makes the latent smoother and the picture softer.
    width, max_epochs, batch_size, learning_rate, patience, random_state, verbose
        As in `Autoencoder`.

    Attributes
    ----------
    prior_, spec_, training_
        As in `Autoencoder`.

    References
    ----------
    Kingma and Welling, *Auto-encoding variational Bayes*, arXiv 1312.6114;
    Higgins et al., *beta-VAE*, ICLR 2017;
    Rybkin et al., *Simple and effective VAE training with calibrated decoders*, arXiv 2006.13202.

    Examples
    --------
    >>> import zalgebra as za
    >>> X = za.datasets.digits().images[:200]
    >>> vae = za.models.VAE(latent_dim=4, max_epochs=2, verbose=False).fit(X)
    >>> vae.transform(X).shape, vae.inverse_transform(vae.transform(X)).shape
    ((200, 4), (200, 1, 8, 8))
    """

    kind: ClassVar[str] = "posterior mean"

    beta: float = 1.0

    # The model itself.

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        mean, log_variance = network(x).float().chunk(2, dim=1)
        draw = torch.randn(mean.shape, generator=noise).to(mean.device)
        x_hat = self._decoded(network, mean + torch.exp(0.5 * log_variance) * draw)
        D = math.prod(x.shape[1:])
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        loss = calibrated(x_hat - x) + self.beta * kl / D
        return {"loss": loss, "mse": F.mse_loss(x_hat.detach(), x), "kl": kl}

    def _outputs(self) -> int:
        return 2 * self.latent_dim
