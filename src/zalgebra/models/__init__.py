"""Data to latents and back: one contract for every model, and `load` for what it saved."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zalgebra.types import MissingExtra

BUNDLED = Path(__file__).parent / "bundled"  # models that come with the package, by name

MODELS = {
    "Autoencoder": "zalgebra.models.autoencoder",
    "BetaTCVAE": "zalgebra.models.disentangled",
    "BetaVAE": "zalgebra.models.disentangled",
    "DeepSDF": "zalgebra.models.deepsdf",
    "Diffusion": "zalgebra.models.diffusion",
    "Flow": "zalgebra.models.density",
    "FlowMatching": "zalgebra.models.flow",
    "GAN": "zalgebra.models.gan",
    "HypersphericalVAE": "zalgebra.models.hyperspherical",
    "Linear": "zalgebra.models.linear",
    "Onnx": "zalgebra.models.adapters.onnx_files",
    "PCA": "zalgebra.models.linear",
    "Reader": "zalgebra.models.reader",
    "SentenceVectors": "zalgebra.models.sentences",
    "VAE": "zalgebra.models.vae",
    "WordVectors": "zalgebra.models.words",
    "Wrapped": "zalgebra.models.wrapped",
}
_LAZY = {
    **MODELS,
    "Codes": "zalgebra.models.adapters",
    "Diffusers": "zalgebra.models.adapters",
    "Functions": "zalgebra.models.adapters",
    "Geodesic": "zalgebra.models.geodesics",
    "Model": "zalgebra.models.base",
    "even_pace": "zalgebra.models.geodesics_pace",
    "geodesic": "zalgebra.models.geodesics",
    "load": "zalgebra.models.base",
}

__all__ = [
    "BUNDLED",
    "GAN",
    "PCA",
    "VAE",
    "Autoencoder",
    "BetaTCVAE",
    "BetaVAE",
    "Codes",
    "DeepSDF",
    "Diffusers",
    "Diffusion",
    "FlowMatching",
    "Functions",
    "Geodesic",
    "HypersphericalVAE",
    "Linear",
    "Model",
    "Onnx",
    "Reader",
    "SentenceVectors",
    "WordVectors",
    "Wrapped",
    "even_pace",
    "geodesic",
    "load",
]

if TYPE_CHECKING:
    from zalgebra.models.adapters import Codes, Diffusers, Functions, Onnx
    from zalgebra.models.autoencoder import Autoencoder
    from zalgebra.models.base import Model, load
    from zalgebra.models.deepsdf import DeepSDF
    from zalgebra.models.diffusion import Diffusion
    from zalgebra.models.disentangled import BetaTCVAE, BetaVAE
    from zalgebra.models.flow import FlowMatching
    from zalgebra.models.gan import GAN
    from zalgebra.models.geodesics import Geodesic, geodesic
    from zalgebra.models.geodesics_pace import even_pace
    from zalgebra.models.hyperspherical import HypersphericalVAE
    from zalgebra.models.linear import PCA, Linear
    from zalgebra.models.reader import Reader
    from zalgebra.models.sentences import SentenceVectors
    from zalgebra.models.vae import VAE
    from zalgebra.models.words import WordVectors
    from zalgebra.models.wrapped import Wrapped


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'zalgebra.models' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in {
            "torch",
            "lightning_fabric",
            "safetensors",
            "sklearn",
        }:
            raise MissingExtra(str(error.name), "torch") from error
        raise
