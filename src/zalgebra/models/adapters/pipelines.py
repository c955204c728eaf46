"""A text-to-image pipeline of diffusers: its two kinds of latents, which never mix unseen."""

from __future__ import annotations

from typing import Any

from zalgebra.models.adapters.codes import Codes
from zalgebra.models.adapters.families import default_size, family_of
from zalgebra.models.adapters.noise import Noise
from zalgebra.models.adapters.sampling import Sampling

__all__ = ["Diffusers"]


class Diffusers:
    """The latents of a diffusers pipeline: Stable Diffusion 1, 2, XL and 3, Flux, Sana and others.

    Two different latents live in one pipeline. `noise` is what ``pipe(latents=...)`` takes, with
    the prior N(0, I); `codes` are what its autoencoder makes of pictures, with a prior to be
    fitted. Each is a model of its own with ``prior_``, ``spec_``, ``transform`` and
    ``inverse_transform``, and each refuses the latents of the other.

    Parameters
    ----------
    pipe
        The pipeline, on whatever device and in whatever dtype; it is not changed.
    height, width
        Of the pictures, in pixels; by default what the pipeline makes when it is not told.
    prompt, steps, guidance_scale, iterations
        How pictures are made of noise, and noise found again: see `Sampling`.
    batch_size
        Pictures a call.
    random_state
        Seed of `Noise.sample`, and of samplers that draw noise of their own.
    call
        What else goes to the pipeline at every call.

    Attributes
    ----------
    noise : Noise
        Initial noise.
    codes : Codes
        Codes of the autoencoder.

    Raises
    ------
    BadInput
        If the pipeline's class is not known, or height and width do not fit it.

    Examples
    --------
    What it is for (weights come from a hub, so this is not run here)::

        pipe = StableDiffusionPipeline.from_pretrained("...", torch_dtype=torch.float16).to("cuda")
        sd = za.models.Diffusers(pipe)
        a, b = sd.noise.draw(2, seed=7)
        z = za.interpolate(a, b, 0.5, prior=sd.noise.prior_)
        image = pipe("a lighthouse", **sd.noise.inputs(z[None])).images[0]
    """

    def __init__(
        self,
        pipe: Any,
        /,
        *,
        height: int | None = None,
        width: int | None = None,
        prompt: str = "",
        steps: int = 50,
        guidance_scale: float = 1.0,
        iterations: int = 3,
        batch_size: int = 1,
        random_state: int = 0,
        **call: Any,
    ) -> None:
        self.pipe = pipe
        self.family = family_of(pipe)
        tall, wide = default_size(pipe, self.family)
        size = {"height": height or tall, "width": width or wide}
        how = {"batch_size": batch_size, "random_state": random_state}
        sampling = Sampling(prompt, steps, guidance_scale, iterations, call)
        self.codes = Codes(pipe.vae, **size, **how)
        self.noise = Noise(pipe, self.family, self.codes, sampling=sampling, **how)

    def __repr__(self) -> str:
        return f"Diffusers({type(self.pipe).__name__}, {self.noise!r}, {self.codes!r})"
