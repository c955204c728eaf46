"""What zalgebra knows of each class of diffusion pipeline; a new one is a line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from zalgebra.types import BadInput

__all__ = ["FAMILIES", "Family", "default_size", "family_of", "fingerprint_of", "place"]


@dataclass(frozen=True)
class Family:
    """How the pipelines of one class treat their latents.

    Parameters
    ----------
    denoiser
        The attribute that holds the network: ``"unet"`` or ``"transformer"``.
    scaled
        Whether the pipeline multiplies ``latents=`` by its scheduler's ``init_noise_sigma``.
    packed
        Whether latents are packed, 2 x 2 patches as rows.
    text
        The text encoder whose dtype the latents get; ``None``: they are float32.
    options
        What a call needs so that height and width stay as they are.
    """

    denoiser: str = "transformer"
    scaled: bool = False
    packed: bool = False
    text: str | None = "text_encoder"
    options: Mapping[str, Any] = field(default_factory=dict)

    def channels(self, pipe: Any) -> int:
        """Channels of one latent that is not packed."""
        taken = getattr(pipe, self.denoiser).config.in_channels
        return taken // 4 if self.packed else taken

    def dtype(self, pipe: Any) -> torch.dtype:
        """Of the latents that the pipeline makes: those of its prompt embeddings."""
        if self.text is None:
            return torch.float32
        encoder = getattr(pipe, self.text, None)
        return (getattr(pipe, self.denoiser) if encoder is None else encoder).dtype


AS_ASKED = {"use_resolution_binning": False}

FAMILIES = {
    "StableDiffusionPipeline": Family("unet", scaled=True),
    "StableDiffusionXLPipeline": Family("unet", scaled=True, text="text_encoder_2"),
    "StableDiffusion3Pipeline": Family(),
    "FluxPipeline": Family(packed=True, text="text_encoder_2"),
    "ChromaPipeline": Family(packed=True),
    "PixArtAlphaPipeline": Family(scaled=True, options=AS_ASKED),
    "PixArtSigmaPipeline": Family(scaled=True, options=AS_ASKED),
    "SanaPipeline": Family(text=None, options=AS_ASKED),
}


def family_of(pipe: Any, /) -> Family:
    """The family of a pipeline, by the name of its class or of one that it derives from."""
    for kind in type(pipe).__mro__:
        if kind.__name__ in FAMILIES:
            return FAMILIES[kind.__name__]
    known = ", ".join(FAMILIES)
    raise BadInput(
        f"a {type(pipe).__name__} is not known; known are {known}; for its autoencoder alone use "
        "za.models.Codes(pipe.vae, height=..., width=...)"
    )


def default_size(pipe: Any, family: Family, /) -> tuple[int, int]:
    """Height and width in pixels that the pipeline takes when it is not told."""
    size = getattr(pipe, "default_sample_size", None)
    size = size or getattr(pipe, family.denoiser).config.sample_size
    height, width = size if isinstance(size, list | tuple) else (size, size)
    return height * pipe.vae_scale_factor, width * pipe.vae_scale_factor


def place(module: nn.Module, /) -> torch.device:
    """Where a module computes: where accelerate would move it to, or else where it lies."""
    hook = getattr(module, "_hf_hook", None)
    moved_to = getattr(hook, "execution_device", None)
    return next(module.parameters()).device if moved_to is None else torch.device(moved_to)


def fingerprint_of(module: nn.Module, /) -> str:
    """SHA-256 over names, shapes and 64 entries of each weight: billions are read in no time."""
    digest = hashlib.sha256()
    for name, weight in sorted(module.state_dict().items()):
        digest.update(f"{name}|{tuple(weight.shape)}|".encode())
        if not weight.is_meta and weight.numel():
            flat = weight.detach().reshape(-1)
            picked = torch.linspace(0, flat.numel() - 1, 64, dtype=torch.float64).round().long()
            digest.update(flat[picked.to(flat.device)].float().cpu().numpy().tobytes())
    return digest.hexdigest()
