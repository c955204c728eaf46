"""The codes of a diffusion model's autoencoder, in the scale in which its denoiser works."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from zalgebra.models.adapters.families import fingerprint_of, place
from zalgebra.models.adapters.functions import prior_of
from zalgebra.models.adapters.layouts import DiffusersSpec, likeness
from zalgebra.models.adapters.verbs import Verbs
from zalgebra.types import BadInput, Prior

__all__ = ["Codes"]


class NoPrior(BadInput, AttributeError):
    """A prior was asked for before it was fitted; ``hasattr`` says no."""


class Codes(Verbs):
    r"""Pictures to the codes of an ``AutoencoderKL`` (or DC, or Tiny) of diffusers and back.

    With v the mean of the autoencoder's posterior, shift b and scale s of its configuration,

    $$z = (v - b)\, s$$

    is what the denoiser sees, and what a pipeline gives for ``output_type="latent"`` (unpacked).
    Codes do not follow N(0, I): `fit` learns the Gaussian that they do follow. They are no
    ``latents=`` of a pipeline, which are noise.

    Parameters
    ----------
    vae
        The autoencoder; it is neither copied nor changed.
    height, width
        Of the pictures, in pixels.
    batch_size
        Pictures a call.
    random_state
        Seed of `sample`.

    Attributes
    ----------
    prior_ : zalgebra.types.Prior
        After `fit`.
    spec_ : DiffusersSpec
        Shapes, layout, scale and shift.
    """

    spec_: DiffusersSpec

    def __init__(
        self, vae: Any, *, height: int, width: int, batch_size: int = 4, random_state: int = 0
    ) -> None:
        self.vae = vae
        self.height, self.width = height, width
        self.batch_size = batch_size
        self.random_state = random_state
        self._telling = True  # whether noise can be told from codes
        scale, shift = _scale_and_shift(vae.config)
        self.spec_ = DiffusersSpec(
            model=type(vae).__name__,
            latent_shape=_code_shape(vae, height, width),
            data_shape=(vae.config.in_channels, height, width),
            kind="autoencoder code",
            fingerprint=fingerprint_of(vae),
            dtype=str(vae.dtype).removeprefix("torch."),
            scale=scale,
            shift=shift,
        )

    def __getattr__(self, name: str) -> Any:
        if name == "prior_":
            raise NoPrior(
                "these codes have no prior yet (they do not follow N(0, I)): fit(images) first"
            )
        raise AttributeError(f"Codes has no attribute {name!r}")

    def fit(self, X: Any = None, y: object = None, *, prior: Prior | None = None) -> Self:
        """Learn the prior: the Gaussian of the codes of pictures ``(n, 3, H, W)`` in [0, 1].

        Parameters
        ----------
        X
            Pictures; the more and the more alike those to come, the better.
        y
            Ignored.
        prior
            Takes the place of the Gaussian, for example ``za.priors.Empirical(...).fit(Z)``.
        """
        Z = None if X is None else self.transform(X)
        self.prior_ = prior_of(Z, prior)
        if Z is not None:
            self._telling = float(np.mean(_like_noise(Z))) < 0.05
        return self

    def check(self, z: Any, /) -> Any:
        """The latents as they are, if they can be codes.

        Noise has the shape of codes. It is told by its entries: white, with standard deviation 1.

        Raises
        ------
        BadInput
            If their shape is another, if they are packed, or if one of them looks like noise.
        """
        self._check_shape(z, self.spec_.latent_shape, "codes")
        rows = np.flatnonzero(_like_noise(z)) if self._telling else []
        if len(rows):
            raise BadInput(
                f"latent {rows[0]} is white with standard deviation 1, which is initial noise and "
                "no autoencoder code; let the pipeline make a code of it: noise.to_codes(z)"
            )
        return z

    # What the verbs are made of.

    def _encode(self, x: Tensor) -> Tensor:
        vae, (scale, shift) = self.vae, self._affine()
        with _wide(vae), _graph_of(x):
            out = vae.encode((2 * x - 1).to(place(vae), vae.dtype))
            return ((_mean(out) - shift) * scale).to(self._dtype)

    def _decode(self, z: Tensor) -> Tensor:
        vae, (scale, shift) = self.vae, self._affine()
        with _wide(vae), _graph_of(z):
            v = z.to(place(vae), vae.dtype) / scale + shift
            return (vae.decode(v.to(vae.dtype)).sample / 2 + 0.5).clamp(0, 1)

    def _tensor(self, rows: np.ndarray) -> Tensor:
        return super()._tensor(rows).to(place(self.vae))

    @property
    def _dtype(self) -> torch.dtype:
        return getattr(torch, self.spec_.dtype)

    def _affine(self) -> tuple[Any, Any]:
        device, both = place(self.vae), (self.spec_.scale, self.spec_.shift)
        pair = (torch.tensor(v, dtype=torch.float32, device=device) for v in both)
        scale, shift = (v.reshape(-1, 1, 1) if v.ndim else float(v) for v in pair)
        return scale, shift

    def _check_shape(self, rows: Any, shape: tuple[int, ...], what: str) -> None:
        C, h, w = self.spec_.latent_shape
        if tuple(rows.shape[1:]) == (h * w // 4, 4 * C):
            raise BadInput(
                f"these latents are packed, {tuple(rows.shape)}; codes are (n, {C}, {h}, {w}): "
                f"unpack(z, {h}, {w})"
            )
        super()._check_shape(rows, shape, what)

    def __repr__(self) -> str:
        return f"Codes({self.spec_.model}, {self.spec_.latent_shape})"


def _like_noise(z: Any) -> np.ndarray:
    """Which latents ``(n, C, h, w)`` are white with standard deviation 1."""
    sd, smooth, error = likeness(z)
    return (abs(sd - 1) < 0.02 + 3 * error) & (abs(smooth) < 0.01 + 3 * error)


def _mean(out: Any) -> Tensor:
    """What an autoencoder makes of a picture, without the posterior's noise."""
    if hasattr(out, "latent_dist"):
        return out.latent_dist.mode()
    return out.latent if hasattr(out, "latent") else out.latents


def _scale_and_shift(config: Any) -> tuple[Any, Any]:
    """The s and b of z = (v - b) s; some autoencoders give a mean and a spread a channel."""
    scale, shift = config.get("scaling_factor") or 1.0, config.get("shift_factor") or 0.0
    mean, spread = config.get("latents_mean"), config.get("latents_std")
    if mean is None or spread is None:
        return float(scale), float(shift)
    return tuple(scale / s for s in spread), tuple(map(float, mean))


def _code_shape(vae: Any, height: int, width: int) -> tuple[int, int, int]:
    blocks = vae.config.get("block_out_channels") or vae.config.get("encoder_block_out_channels")
    factor = 2 ** (len(blocks) - 1)
    if height % factor or width % factor or min(height, width) < factor:
        raise BadInput(
            f"`height` and `width` must be multiples of {factor}, got {height} and {width}"
        )
    return vae.config.latent_channels, height // factor, width // factor


def _graph_of(rows: Tensor) -> torch.set_grad_enabled:
    """Gradients where the rows ask for them; the weights, which are trained, never do."""
    return torch.set_grad_enabled(rows.requires_grad and torch.is_grad_enabled())


@contextmanager
def _wide(vae: Any) -> Generator[None]:
    """Float32 for a while, where float16 would overflow; its configuration says so."""
    narrow = vae.dtype == torch.float16 and vae.config.get("force_upcast", False)
    if narrow:
        vae.to(torch.float32)
    try:
        yield
    finally:
        if narrow:
            vae.to(torch.float16)
