"""Generative adversarial network: latents of a known law to data, with an encoder to invert it."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import chdtri
from torch import Tensor, nn

from zalgebra.algebra.priors import Independent, Normal, marginals
from zalgebra.models.adversarial import Game
from zalgebra.models.codec import Codec
from zalgebra.models.networks import Pair, decoder, encoder
from zalgebra.types import BadInput, Prior

__all__ = ["GAN"]

CENTRAL = 0.99  # share of the law of the norm that an encoded latent keeps to
# A game has no loss worth watching on rows held out, and momentum makes it swing.
GAME = {"validation": 0, "betas": (0.0, 0.99), "clip": None, "ema": 0.999, "ramp": 10}
RATE = 0.1  # first step of a refinement, in standard deviations of the prior


@dataclass(eq=False, repr=False)
class GAN(Codec):
    r"""Generative adversarial network with an encoder, as a scikit-learn style estimator.

    A generator G turns latents z of a known law into data; a critic D learns to tell them from
    real ones. Both play, for pairs of a real x and a generated G(z),

    $$\min_D E\,f\big(D(G(z)) - D(x)\big) + \tfrac\gamma2 E\big(\|\nabla D(x)\|^2
    + \|\nabla D(G(z))\|^2\big), \qquad \min_G E\,f\big(D(x) - D(G(z))\big)$$

    with f(t) = log(1 + exp t): no mode can be dropped without loss, and the gradient penalties let
    the game settle. Decoding uses the running average of the generator's weights. ``prior_`` is
    exactly the law that z was drawn from, so that mixed latents are what the generator knows.

    Encoding has two parts. An encoder E is trained after the generator, on generated pairs
    (G(z), z) and on the reconstruction of the data. From its guess, ``refine`` steps of Adam lower
    half the logarithm of each picture's squared error, half by its pixels and half by the
    differences of neighbouring pixels. The search runs in the prior's normal coordinates u, whose
    norm is held within the central 99 % of its law: what comes out lies in the prior's support and
    has a plausible size. The best of all steps is kept, so no datum gets worse by it.

    Parameters
    ----------
    latent_dim
        Entries of one latent.
    prior
        ``"normal"``: z follows N(0, I); ``"uniform"``: its entries are uniform on [-1, 1].
    penalty
        γ; more makes training calmer and the critic blunter. Narrow modes need a small one.
    refine
        Steps of refinement at encoding; 0 leaves it at the encoder's guess. It does not touch the
        training and may be changed on a fitted model.
    width, batch_size, learning_rate, random_state, verbose
        As in `Autoencoder`.
    max_epochs
        Passes over the data by the game; the encoder then makes half as many.

    Attributes
    ----------
    prior_ : zalgebra.priors.Normal or zalgebra.priors.Independent
        The law that the generator was trained with.
    spec_ : zalgebra.types.LatentSpec
        Shapes, kind and fingerprint.
    training_, encoder_training_ : zalgebra.models.training.TrainingResult
        History and images a second of the game and of the encoder (only after `fit`).

    Notes
    -----
    The losses of a game say how even it is, not how good: nothing is held out and nothing stops
    early, and the last weights of the average are kept. The gradient of `encode` on tensors is that
    of the encoder, without the refinement. With ``checkpoint="run.safetensors"`` the encoder's own
    checkpoint is ``run.encoder.safetensors``.

    References
    ----------
    Goodfellow et al., *Generative adversarial networks*, arXiv 1406.2661;
    Huang et al., *The GAN is dead; long live the GAN!*, arXiv 2501.05441;
    Mescheder et al., *Which training methods for GANs do actually converge?*, arXiv 1801.04406;
    Zhu et al., *Generative visual manipulation on the natural image manifold*, arXiv 1609.03552.

    Examples
    --------
    >>> import zalgebra as za
    >>> from zalgebra.models.gan import GAN
    >>> X = za.datasets.digits().images[:200]
    >>> gan = GAN(latent_dim=4, prior="uniform", max_epochs=2, verbose=False).fit(X)
    >>> z = za.combine([0.5, 0.5], gan.transform(X[:2]), prior=gan.prior_)
    >>> gan.inverse_transform(z[None]).shape, bool(abs(z).max() <= 1)
    ((1, 1, 8, 8), True)
    """

    kind: ClassVar[str] = "generator input"

    latent_dim: int = 32
    _: KW_ONLY
    prior: str = "normal"
    penalty: float = 1.0
    refine: int = 50
    width: int = 32
    max_epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 4e-3
    random_state: int = 0
    verbose: bool = True

    # The generator and its game.

    def _build(self, data_shape: tuple[int, ...]) -> nn.Module:
        generator = decoder(data_shape, self.latent_dim, width=self.width)
        bounded = nn.Sigmoid() if len(data_shape) == 3 else nn.Identity()
        return Pair(self._reader(data_shape, self.latent_dim), nn.Sequential(generator, bounded))

    def _reader(self, data_shape: tuple[int, ...], outputs: int) -> nn.Module:
        """Data to numbers that depend on the whole picture: what encoder and critic are."""
        hidden = 8 * self.width
        read = encoder(data_shape, hidden, width=self.width)
        return nn.Sequential(read, nn.SiLU(), nn.Linear(hidden, outputs))

    def _learn(self, *data: Tensor, checkpoint: str | Path | None = None, **how: Any) -> None:
        generator = self.network_.get_submodule("decoder")
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            critic = self._reader(self.data_shape_, 1)
        game = Game(generator, critic, self.penalty)
        beside = _beside(checkpoint, how["resume"])  # before the game, which may be killed
        self.training_ = self._train(game, self._loss, data, checkpoint=checkpoint, **GAME, **how)
        generator.requires_grad_(False)
        self.encoder_training_ = self._train(
            self.network_.get_submodule("encoder"),
            self._encoder_loss,
            data,
            epochs=math.ceil(self.max_epochs / 2),
            what="fitting its encoder",
            checkpoint=beside,
            **how,
        )

    def _loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        return network(x, self._latents(self._drawn(x, noise)))

    def _drawn(self, x: Tensor, noise: torch.Generator) -> Tensor:
        """Normal coordinates, one row for each row of x."""
        return torch.randn(len(x), self.latent_dim, generator=noise).to(x.device)

    def _latents(self, u: Tensor) -> Tensor:
        return self._law().from_normal(u)

    def _law(self) -> Prior:
        if self.prior == "normal":
            return Normal(self._latent_shape())
        return Independent(marginals.Uniform(-1.0, 1.0), self._latent_shape())

    def _learn_prior(self, X: np.ndarray) -> Prior:
        return self._law()

    def _decode(self, z: Tensor) -> Tensor:
        return self.network_.get_submodule("decoder")(z)

    # The way back.

    def _encoder_loss(
        self, network: nn.Module, batch: tuple[Tensor, ...], noise: torch.Generator
    ) -> dict[str, Tensor]:
        (x,) = batch
        u = self._drawn(x, noise)
        found = network(self._decode(self._latents(u)))
        pairs = 0.5 * torch.log((found - u).square().mean() + 1e-8)
        data = self._misfit(self._plausible(network(x)), x).mean()
        return {"loss": pairs + data, "pairs": pairs, "data": data}

    def _misfit(self, u: Tensor, x: Tensor) -> Tensor:
        """½ log MSE of each row, of pictures half by their pixels and half by their edges."""
        error = self._decode(self._latents(u)) - x
        value = _log_square(error)
        if error.ndim == 4 and min(error.shape[2:]) > 1:
            edges = [error.diff(dim=axis).flatten(1) for axis in (2, 3)]
            value = 0.5 * (value + _log_square(torch.cat(edges, dim=1)))
        return 0.5 * value

    def _plausible(self, u: Tensor) -> Tensor:
        """The coordinates, scaled where their norm lies outside the central part of its law."""
        tail = 0.5 * (1 - CENTRAL)
        low, high = (math.sqrt(chdtri(self.latent_dim, p)) for p in (1 - tail, tail))
        norm = torch.linalg.vector_norm(u, dim=1, keepdim=True).clamp(min=1e-12)
        return u * (norm.clamp(low, high) / norm)

    def _guess(self, x: Tensor) -> Tensor:
        return self._plausible(self.network_(x))

    @torch.enable_grad()
    def _refined(self, u: Tensor, x: Tensor) -> Tensor:
        """The best of the coordinates that projected Adam passes, from u on; rows do not mix."""
        x, best, least = x.detach(), u.detach(), torch.full((len(u),), torch.inf)
        u = best.clone().requires_grad_()
        adam = torch.optim.Adam([u])
        for step in range(self.refine + 1):
            misfit = self._misfit(u, x)
            (u.grad,) = torch.autograd.grad(misfit.sum(), u)
            best = torch.where((misfit < least)[:, None], u, best).detach()
            least = torch.minimum(misfit, least).detach()
            adam.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / self.refine))
            adam.step()
            u.data = self._plausible(u.data)
        return best

    def _encode(self, x: Tensor) -> Tensor:
        u = self._guess(x)
        if self.refine:
            u = u + (self._refined(u, x) - u).detach()  # its value, with the gradient of the guess
        return self._latents(u)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.prior not in ("normal", "uniform"):
            raise BadInput(f'`prior` must be "normal" or "uniform", got {self.prior!r}')
        if not isinstance(self.refine, int | np.integer) or self.refine < 0:
            raise BadInput(f"`refine` must be a whole number of at least 0, got {self.refine}")
        number = isinstance(self.penalty, int | float | np.number)
        if not number or not 0 <= self.penalty < math.inf:
            raise BadInput(f"`penalty` must be a number, 0 or more, got {self.penalty}")


def _log_square(error: Tensor) -> Tensor:
    """Log of the mean squared error of each row."""
    return torch.log(error.square().flatten(1).mean(dim=1) + 1e-8)


def _beside(checkpoint: str | Path | None, resume: bool) -> Path | None:
    """The checkpoint of the encoder, beside that of the game; one of an older run is removed."""
    if checkpoint is None:
        return None
    path = Path(checkpoint).with_suffix(".encoder.safetensors")
    if not resume:
        path.unlink(missing_ok=True)
    return path
