"""Variational autoencoder: data to posterior means and back."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.algebra.priors import Gaussian
from zalgebra.files import fingerprint
from zalgebra.models.base import Model, as_numbers
from zalgebra.models.networks import Pair, decoder, encoder, in_batches
from zalgebra.models.training import TrainingResult, train
from zalgebra.types import BadInput, LatentSpec

__all__ = ["VAE"]


class VAE(Model):
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
        self.latent_dim = latent_dim
        self.beta = beta
        self.width = width
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    # scikit-learn's verbs: NumPy in and out.

    def fit(
        self,
        X: np.ndarray,
        y: object = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn from data ``(n, C, H, W)`` in [0, 1], or ``(n, d)`` of any scale.

        Parameters
        ----------
        X
            At least 2 rows.
        y
            Ignored; for scikit-learn's pipelines.
        checkpoint
            File (``.safetensors``) written after every epoch; what a kill leaves there is whole.
        resume
            Go on from the checkpoint if it is there: the same weights as without the kill.
        """
        X = self._checked(X, None)
        self._check_settings()
        if len(X) < 2:
            raise BadInput(f"`fit` needs at least 2 rows, got {len(X)}")
        self.fitted_ = False  # a fit that breaks off leaves no half-learned model
        self._build(X.shape[1:])
        self.centre_, self.scale_ = _standard(X)
        rows = torch.from_numpy((X - self.centre_) / self.scale_)
        digest = hashlib.sha256(np.ascontiguousarray(X).tobytes()).hexdigest()
        settings = {k: v for k, v in self.get_params().items() if k != "verbose"}
        self.training_: TrainingResult = train(
            self.network_,
            self._loss,
            (rows,),
            epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.random_state,
            patience=self.patience,
            checkpoint=checkpoint,
            resume=resume,
            identity=f"{type(self).__name__} {settings} data {digest}",
            progress=self.verbose,
            what=f"fitting {type(self).__name__}",
        )
        self.network_.cpu()
        self.fitted_ = True
        self.prior_ = Gaussian.fit(self._transform(X))
        self._describe()
        return self

    def transform(self, X: np.ndarray, /) -> np.ndarray:
        """Posterior means ``(n, latent_dim)`` of data ``(n, *data_shape)``, float32."""
        self._check_fitted()
        return self._transform(self._checked(X, self.spec_.data_shape))

    def fit_transform(self, X: np.ndarray, y: object = None, **options: Any) -> np.ndarray:
        """`fit`, then `transform` the same data."""
        return self.fit(X, y, **options).transform(X)

    def inverse_transform(self, Z: np.ndarray, /) -> np.ndarray:
        """Data ``(n, *data_shape)`` of latents ``(n, latent_dim)``, float32."""
        self._check_fitted()
        Z = as_numbers(Z, "latents")
        if Z.ndim != 2 or Z.shape[1] != self.latent_dim:
            raise BadInput(
                f"latents of this {type(self).__name__} have shape (n, {self.latent_dim}), "
                f"got {Z.shape}"
            )
        return in_batches(self.decode, Z, self.spec_.data_shape)

    def sample(self, n: int = 1, *, random_state: int | None = None) -> np.ndarray:
        """Data ``(n, *data_shape)`` decoded from ``n`` draws of ``prior_``."""
        self._check_fitted()
        seed = self.random_state if random_state is None else random_state
        return self.inverse_transform(self.prior_.sample(n, seed=seed))

    def score(self, X: np.ndarray, y: object = None) -> float:
        """Minus the mean squared error of the reconstruction of ``X``; more is better."""
        Z = self.transform(X)
        if len(Z) == 0:
            raise BadInput("`score` needs at least 1 row, got 0")
        return -float(np.mean((self.inverse_transform(Z) - np.asarray(X)) ** 2))

    # The same verbs on tensors, with gradients.

    def encode(self, x: Tensor, /) -> Tensor:
        """Posterior means ``(n, latent_dim)`` of a tensor ``(n, *data_shape)``."""
        self._check_fitted()
        x = (x - torch.from_numpy(self.centre_)) / torch.from_numpy(self.scale_)
        return self.network_(x)[:, : self.latent_dim]

    def decode(self, z: Tensor, /) -> Tensor:
        """Data ``(n, *data_shape)`` of a tensor of latents ``(n, latent_dim)``."""
        self._check_fitted()
        y = self._decoded(self.network_, z)
        return y * torch.from_numpy(self.scale_) + torch.from_numpy(self.centre_)

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
        loss = _calibrated(x_hat - x) + self.beta * kl / D
        return {"loss": loss, "mse": F.mse_loss(x_hat.detach(), x), "kl": kl}

    def _decoded(self, network: nn.Module, z: Tensor) -> Tensor:
        y = network.get_submodule("decoder")(z)
        return torch.sigmoid(y) if y.ndim == 4 else y

    def _build(self, data_shape: tuple[int, ...]) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.network_ = Pair(
                encoder(data_shape, 2 * self.latent_dim, width=self.width),
                decoder(data_shape, self.latent_dim, width=self.width),
            )
        self.data_shape_ = tuple(data_shape)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return in_batches(self.encode, X, (self.latent_dim,))

    def _describe(self) -> None:
        self.spec_ = LatentSpec(
            model=type(self).__name__,
            latent_shape=(self.latent_dim,),
            data_shape=self.data_shape_,
            kind="posterior mean",
            fingerprint=fingerprint(self._tensors()),
        )

    # On disk.

    def _tensors(self) -> dict[str, np.ndarray]:
        weights = {k: v.cpu().numpy() for k, v in self.network_.state_dict().items()}
        prior = {"prior.mean": self.prior_.mean, "prior.cov": self.prior_.cov}
        return weights | prior | {"centre": self.centre_, "scale": self.scale_}

    def _facts(self) -> dict[str, Any]:
        return {"data_shape": list(self.data_shape_)}

    def _restore(self, tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        self._build(tuple(facts["data_shape"]))
        self.prior_ = Gaussian(tensors.pop("prior.mean"), tensors.pop("prior.cov"))
        self.centre_, self.scale_ = tensors.pop("centre"), tensors.pop("scale")
        self.network_.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        self.network_.eval()
        self._describe()


def _calibrated(error: Tensor) -> Tensor:
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


def _standard(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale: pictures stay as they are, columns of a table are standardised."""
    if X.ndim == 4:
        return np.zeros(1, np.float32), np.ones(1, np.float32)
    scale = X.std(axis=0)
    return X.mean(axis=0), np.where(scale > 1e-8, scale, 1.0).astype(np.float32)
