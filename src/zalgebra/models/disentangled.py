"""VAEs whose latent entries are pressed apart: β-VAE, and β-TCVAE with its total correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.autoencoder import calibrated
from zalgebra.models.vae import VAE

__all__ = ["BetaTCVAE", "BetaVAE", "total_correlation"]


@dataclass(kw_only=True, eq=False, repr=False)
class BetaVAE(VAE):
    r"""`VAE` with the divergence at β = 4: a smoother latent whose entries divide the work.

    $$\tfrac D2 \log \mathrm{MSE}(x, \hat x) + \beta\, \mathrm{KL}\big(q(z|x)\,\|\,N(0, I)\big)$$

    More β leaves fewer entries in use and makes the picture softer. The likelihood is calibrated,
    so β counts against the data's own noise and need not be tuned to the number of pixels; it is
    not the β of papers with a Bernoulli likelihood.

    Parameters and attributes are those of `VAE`.

    References
    ----------
    Higgins et al., *beta-VAE: learning basic visual concepts with a constrained variational
    framework*, ICLR 2017.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.models.disentangled import BetaVAE
    >>> X = za.datasets.digits().images[:200]
    >>> BetaVAE(latent_dim=4, max_epochs=2, verbose=False).fit_transform(X).shape
    (200, 4)
    """

    beta: float = 4.0


class BetaTCVAE(BetaVAE):
    r"""VAE that is charged for what the entries of its latent say together.

    Of the three parts of the divergence (what the latent says of the datum, the total correlation
    of its entries, each entry's own departure from the normal) only the second weighs more:

    $$\tfrac D2 \log \mathrm{MSE}(x, \hat x) + \mathrm{KL}\big(q(z|x)\,\|\,N(0, I)\big)
      + (\beta - 1)\, \mathrm{KL}\Big(q(z)\,\Big\|\,\prod_j q(z_j)\Big)$$

    so that at β = 1 it is the VAE, and more β costs less of the picture than in `BetaVAE`. The
    aggregate q(z) is that of the batch (`total_correlation`), so batches should not be small.

    ``beta`` weighs the total correlation; the other parameters and all attributes are those of
    `VAE`.

    References
    ----------
    Chen, Li, Grosse and Duvenaud, *Isolating sources of disentanglement in variational
    autoencoders*, arXiv 1802.04942.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.models.disentangled import BetaTCVAE
    >>> X = za.datasets.digits().images[:200]
    >>> model = BetaTCVAE(latent_dim=4, max_epochs=2, verbose=False).fit(X)
    >>> sorted(model.training_.history[0])
    ['kl', 'loss', 'mse', 'seconds', 'tc', 'validation']
    """

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        mean, log_variance = network(x).chunk(2, dim=1)
        draw = torch.randn(mean.shape, generator=noise).to(mean.device)
        z = mean + torch.exp(0.5 * log_variance) * draw
        x_hat = self._decoded(network, z)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        tc = total_correlation(z, mean, log_variance)
        D = math.prod(x.shape[1:])
        loss = calibrated(x_hat - x) + (kl + (self.beta - 1) * tc) / D
        return {"loss": loss, "mse": F.mse_loss(x_hat.detach(), x), "kl": kl, "tc": tc}


def total_correlation(z: Tensor, mean: Tensor, log_variance: Tensor, /) -> Tensor:
    r"""KL(q(z) || ∏ q(z_j)) in nats, with the aggregate posterior of a batch of M.

    $$\frac1M \sum_i \Big[ \log \frac1M \sum_k q(z_i | x_k)
      - \sum_j \log \frac1M \sum_k q(z_{ij} | x_k) \Big]$$

    This is minibatch-weighted sampling without its constant $(d - 1) \log N$ for N data: the
    gradient is the same, and entries that are independent of the data have 0.

    Parameters
    ----------
    z
        Draws ``(M, d)`` of the posteriors.
    mean, log_variance
        Of the posteriors, ``(M, d)``.
    """
    log_q = -0.5 * (
        (z[:, None] - mean[None]) ** 2 * torch.exp(-log_variance[None])
        + log_variance[None]
        + math.log(2 * math.pi)
    )  # (i, k, j)
    log_M, d = math.log(len(z)), z.shape[1]
    joint = log_q.sum(dim=2).logsumexp(dim=1) - log_M
    apart = log_q.logsumexp(dim=1).sum(dim=1) - d * log_M
    return (joint - apart).mean()
