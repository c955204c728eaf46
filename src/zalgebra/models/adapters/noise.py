"""The initial noise of a diffusion pipeline: its ``latents=``, drawn, checked and found again."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zalgebra.algebra._arrays import as_like
from zalgebra.algebra.priors import Normal
from zalgebra.models.adapters.codes import Codes
from zalgebra.models.adapters.families import Family, fingerprint_of, place
from zalgebra.models.adapters.layouts import DiffusersSpec, likeness, pack, unpack
from zalgebra.models.adapters.reverse import Reverse
from zalgebra.models.adapters.sampling import Sampling
from zalgebra.models.adapters.verbs import Verbs
from zalgebra.types import Array, BadInput

__all__ = ["Noise"]

SMOOTH = 0.2  # correlation of neighbours from which a latent is taken for a code
WIDE = 1.5  # standard deviation from which a latent is taken for noise that was multiplied


class Noise(Verbs):
    """The initial noise of a pipeline, as latents with the prior N(0, I).

    Made by `Diffusers`. Latents are as ``pipe(latents=...)`` takes them: in its layout, and not
    multiplied by ``init_noise_sigma``, which the pipeline does itself. `transform` finds the noise
    of pictures (the sampler run backwards), `inverse_transform` makes pictures of noise.

    Attributes
    ----------
    prior_ : zalgebra.priors.Normal
        N(0, I) in the layout of the latents.
    spec_ : DiffusersSpec
        Shapes, layout, dtype, and the ``sigma`` that the pipeline multiplies by.
    """

    spec_: DiffusersSpec

    def __init__(
        self,
        pipe: Any,
        family: Family,
        codes: Codes,
        *,
        sampling: Sampling | None = None,
        batch_size: int = 1,
        random_state: int = 0,
    ) -> None:
        self.pipe, self.family, self.codes = pipe, family, codes
        self.sampling = Sampling() if sampling is None else sampling
        self.batch_size = batch_size
        self.random_state = random_state
        shape = self._shape()
        self.prior_ = Normal(shape)
        self.spec_ = DiffusersSpec(
            model=type(pipe).__name__,
            latent_shape=shape,
            data_shape=codes.spec_.data_shape,
            kind="initial noise",
            fingerprint=fingerprint_of(getattr(pipe, family.denoiser)),
            layout="packed" if family.packed else "channels first",
            dtype=str(self._dtype).removeprefix("torch."),
            sigma=self._sigma(),
        )

    def draw(self, n: int = 1, *, seed: int = 0) -> Tensor:
        """Noise ``(n, *latent_shape)`` as a tensor that ``pipe(latents=...)`` takes.

        The same numbers for a seed on every device, unlike those of a ``torch.Generator`` there.
        """
        return self._tensor(self.prior_.sample(n, seed=seed))

    def inputs(self, z: Array, /) -> dict[str, Any]:
        """What to hand to the pipeline for latents of any array library: ``pipe(prompt, **...)``.

        Raises
        ------
        BadInput
            If the latents are none of this pipeline's noise; see `check`.
        """
        latents = as_like(self.check(z), torch.empty(0, dtype=self._dtype, device=self._device))
        size = {"height": self.codes.height, "width": self.codes.width}
        return {"latents": latents, **size, **self.family.options}

    def check(self, z: Any, /) -> Any:
        """The latents as they are, if they can be initial noise of this pipeline.

        Codes have the shape of noise where noise is not packed. They are told by their entries:
        neighbours in a code hang together. Small deviations are for ``za.check`` to tell.

        Raises
        ------
        BadInput
            If their shape or layout is another, or one looks like a code, or like noise that was
            multiplied by ``init_noise_sigma``.
        """
        self._check_shape(z, self.spec_.latent_shape, "noise")
        sd, smooth, error = likeness(self.unpack(z))
        codes, wide = np.flatnonzero(smooth > SMOOTH + 4 * error), np.flatnonzero(sd > WIDE)
        if len(codes):
            i = codes[0]
            raise BadInput(
                f"neighbours in latent {i} correlate by {smooth[i]:.2f}, as in an autoencoder code "
                "and not in initial noise; invert codes first: noise.from_codes(z)"
            )
        if len(wide):
            i, sigma = wide[0], self.spec_.sigma
            raise BadInput(
                f"latent {i} has standard deviation {sd[i]:.3g}, initial noise has 1; the pipeline "
                f"multiplies by init_noise_sigma ({sigma:.3g}) itself: divide by it before"
            )
        return z

    def pack(self, z: Array, /) -> Array:
        """Latents ``(n, C, h, w)`` in the layout of this pipeline: packed, or as they are."""
        return pack(z) if self.family.packed else z

    def unpack(self, z: Array, /) -> Array:
        """Latents in the layout of this pipeline as ``(n, C, h, w)``."""
        return unpack(z, *self.codes.spec_.latent_shape[1:]) if self.family.packed else z

    def invert(self, images: Any, /, *, report: bool = False, **sampling: Any) -> Any:
        """The noise of pictures ``(n, 3, H, W)`` in [0, 1], under other settings if they are named.

        Parameters
        ----------
        images
            A tensor, or an array.
        report
            Whether to give the `InversionReport` too, for which the pictures are made again.
        sampling
            Fields of `Sampling`: ``prompt``, ``steps``, ``guidance_scale``, ``iterations``.
        """
        x = images if isinstance(images, Tensor) else torch.as_tensor(images, dtype=torch.float32)
        return self.under(**sampling).encode(x, report=report)

    def under(self, **sampling: Any) -> Noise:
        """The same noise, with other settings: ``noise.under(prompt="a cat", steps=20)``."""
        other = copy.copy(self)
        try:
            other.sampling = replace(self.sampling, **sampling)
        except TypeError as error:
            raise BadInput(f"{error}; settings are {', '.join(vars(self.sampling))}") from error
        other.spec_ = replace(self.spec_, sigma=other._sigma())
        return other

    @torch.no_grad()
    def to_codes(self, z: Tensor, /) -> Tensor:
        """Codes ``(n, C, h, w)`` that the pipeline makes of noise ``(n, *latent_shape)``."""
        self._check_shape(z, self.spec_.latent_shape, "noise")
        z = z.to(self._device, self._dtype)
        return self.unpack(self._run(z, copy.deepcopy(self.pipe.scheduler)))

    @torch.no_grad()
    def from_codes(self, z: Tensor, /) -> Tensor:
        """Noise ``(n, *latent_shape)`` of codes ``(n, C, h, w)``: the sampler run backwards."""
        self.codes._check_shape(z, self.codes.spec_.latent_shape, "codes")
        back = Reverse(self.pipe.scheduler, iterations=self.sampling.iterations)
        noise = self._run(self.pack(z).to(self._device, self._dtype), back)
        return noise / back.sigma if self.family.scaled else noise

    # What the verbs are made of.

    def _encode(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return self.from_codes(self.codes.encode(x))

    def _decode(self, z: Tensor) -> Tensor:
        with torch.no_grad():
            return self.codes.decode(self.to_codes(z))

    def _run(self, latents: Tensor, scheduler: Any) -> Tensor:
        """The pipeline itself, from latents to latents; what the user has is left untouched."""
        pipe, how = copy.copy(self.pipe), self.sampling
        prompts = [how.prompt] * len(latents)
        words = {} if "prompt_embeds" in how.call else {"prompt": prompts}
        pipe.scheduler = scheduler
        pipe.set_progress_bar_config(disable=True)
        return pipe(
            **words,
            latents=latents,
            height=self.codes.height,
            width=self.codes.width,
            num_inference_steps=how.steps,
            guidance_scale=how.guidance_scale,
            generator=torch.Generator().manual_seed(self.random_state),
            output_type="latent",
            **self.family.options,
            **how.call,
        ).images

    def _shape(self) -> tuple[int, ...]:
        """As the pipeline itself makes it."""
        size = (self.family.channels(self.pipe), self.codes.height, self.codes.width)
        noise = torch.Generator().manual_seed(0)
        made = self.pipe.prepare_latents(1, *size, self._dtype, torch.device("cpu"), noise, None)
        return tuple((made[0] if isinstance(made, tuple) else made).shape[1:])

    def _sigma(self) -> float:
        """What the pipeline multiplies noise by; some schedulers' depends on the steps."""
        if not self.family.scaled:
            return 1.0
        scheduler = copy.deepcopy(self.pipe.scheduler)
        scheduler.set_timesteps(self.sampling.steps)
        return float(scheduler.init_noise_sigma)

    def _tensor(self, rows: np.ndarray) -> Tensor:
        return super()._tensor(rows).to(self._device, self._dtype)

    @property
    def _dtype(self) -> torch.dtype:
        return self.family.dtype(self.pipe)

    @property
    def _device(self) -> torch.device:
        return place(getattr(self.pipe, self.family.denoiser))

    def _check_shape(self, rows: Any, shape: tuple[int, ...], what: str) -> None:
        code = self.codes.spec_.latent_shape
        if self.family.packed and tuple(rows.shape[1:]) == code:
            raise BadInput(
                f"these latents are not packed, {tuple(rows.shape)}; {type(self.pipe).__name__} "
                f"takes (n, {shape[0]}, {shape[1]}): noise.pack(z)"
            )
        C, h, w = code
        if not self.family.packed and tuple(rows.shape[1:]) == (h * w // 4, 4 * C):
            raise BadInput(
                f"these latents are packed, {tuple(rows.shape)}; {type(self.pipe).__name__} "
                f"takes (n, {C}, {h}, {w}): unpack(z, {h}, {w})"
            )
        super()._check_shape(rows, shape, what)

    def __repr__(self) -> str:
        return f"Noise({self.spec_.model}, {self.spec_.latent_shape})"
