"""Autoencoder: data through a narrow latent and back, without noise."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.models.codec import Codec
from zalgebra.models.networks import Pair, decoder, encoder

__all__ = ["Autoencoder", "calibrated"]


@dataclass(eq=False, repr=False)
class Autoencoder(Codec):
    r"""Deterministic autoencoder, as a scikit-learn style estimator.

    Minimises, over an encoder f and a decoder g,

    $$\tfrac12 \log \mathrm{MSE}\big(x, g(f(x))\big),$$

    the Gaussian likelihood at its best variance. For pictures it counts half by the pixels and
    half by the differences of neighbouring pixels, as in `VAE`.

    It reconstructs better than a VAE of the same latent, and nothing in it asks that what lies
    between two latents be decoded to something sensible. ``prior_`` is the Gaussian of the encoded
    training data: a description of where the latents lie, not a law that they were trained to
    follow. Latents that are mixed and sampled often should come from a VAE.

    Parameters
    ----------
    latent_dim
        Entries of one latent.
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
    Hinton and Salakhutdinov, *Reducing the dimensionality of data with neural networks*, Science
    313, 2006; for the loss, Rybkin et al., arXiv 2006.13202.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.models.autoencoder import Autoencoder
    >>> X = za.datasets.digits().images[:200]
    >>> model = Autoencoder(latent_dim=4, max_epochs=2, verbose=False).fit(X)
    >>> model.transform(X).shape, model.inverse_transform(model.transform(X)).shape
    ((200, 4), (200, 1, 8, 8))
    """

    kind: ClassVar[str] = "code"

    latent_dim: int = 32
    _: KW_ONLY
    width: int = 32
    max_epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 4e-3
    patience: int | None = 5
    random_state: int = 0
    verbose: bool = True

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        x_hat = self._decoded(network, network(x))
        return {"loss": calibrated(x_hat - x), "mse": F.mse_loss(x_hat.detach(), x)}

    def _outputs(self) -> int:
        """Numbers that the encoder gives for one datum; the first ``latent_dim`` are the latent."""
        return self.latent_dim

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        return Pair(
            encoder(data_shape, self._outputs(), width=self.width),
            decoder(data_shape, self.latent_dim, width=self.width),
        )

    def _decoded(self, network: nn.Module, z: Tensor) -> Tensor:
        y = network.get_submodule("decoder")(z).float()
        return torch.sigmoid(y) if y.ndim == 4 else y

    def _encode(self, x: Tensor) -> Tensor:
        return self.network_(x)[:, : self.latent_dim]

    def _decode(self, z: Tensor) -> Tensor:
        return self._decoded(self.network_, z)


def calibrated(error: Tensor, /) -> Tensor:
    """½ log MSE an entry: a Gaussian likelihood at its best variance.

    A picture's error counts half by its pixels and half by the differences of neighbouring pixels,
    each at a variance of its own: otherwise the few pixels of a mouth weigh nothing against a
    background, and edits of it are lost.
    """
    value = torch.log(error.square().mean() + 1e-8)
    if error.ndim == 4 and min(error.shape[2:]) > 1:  # a line of pixels has no edges both ways
        across, down = error.diff(dim=3), error.diff(dim=2)
        edges = 0.5 * (across.square().mean() + down.square().mean())
        value = 0.5 * (value + torch.log(edges + 1e-8))
    return 0.5 * value
