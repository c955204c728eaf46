"""Variational autoencoder: data to posterior means and back."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.autoencoder import Autoencoder, calibrated

__all__ = ["VAE"]


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
    width
        Channels of the widest grid; time grows with its square.
    max_epochs
        Passes over the data.
    batch_size
        Rows a step.
    learning_rate
        Peak of the one-cycle schedule.
    patience
        Epochs without a better validation loss before stopping; ``None`` never stops early.
    random_state
        Seed of weights, order and noise. On one CPU and thread count a fit repeats bit for bit.
    verbose
        Whether to show progress with losses and the time that is left.

    Attributes
    ----------
    prior_ : zalgebra.priors.Gaussian
        Fitted from the encoded training data.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.
    training_ : zalgebra.models.training.TrainingResult
        History and images a second (only after `fit`, not after `zalgebra.load`).

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

    def __init__(
        self,
        latent_dim: int = 32,
        *,
        beta: float = 1.0,
        width: int = 32,
        max_epochs: int = 30,
        batch_size: int = 64,
        learning_rate: float = 4e-3,
        patience: int | None = 5,
        random_state: int = 0,
        verbose: bool = True,
    ) -> None:
        super().__init__(
            latent_dim,
            width=width,
            max_epochs=max_epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            patience=patience,
            random_state=random_state,
            verbose=verbose,
        )
        self.beta = beta

    # The model itself.

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        mean, log_variance = network(x).chunk(2, dim=1)
        draw = torch.randn(mean.shape, generator=noise).to(mean.device)
        x_hat = self._decoded(network, mean + torch.exp(0.5 * log_variance) * draw)
        D = math.prod(x.shape[1:])
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        loss = calibrated(x_hat - x) + self.beta * kl / D
        return {"loss": loss, "mse": F.mse_loss(x_hat.detach(), x), "kl": kl}

    def _outputs(self) -> int:
        return 2 * self.latent_dim
