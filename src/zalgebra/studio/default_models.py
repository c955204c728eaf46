"""The kinds of model that `zalgebra fit` knows, and one of a size that suits its data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zalgebra import models

__all__ = ["KINDS", "default_model"]

KINDS = {  # what `zalgebra fit --model` calls each model
    "vae": "VAE",
    "beta-vae": "BetaVAE",
    "beta-tcvae": "BetaTCVAE",
    "hyperspherical-vae": "HypersphericalVAE",
    "autoencoder": "Autoencoder",
    "pca": "PCA",
    "gan": "GAN",
    "flow": "FlowMatching",
    "diffusion": "Diffusion",
}


def default_model(
    images: np.ndarray, kind: str = "vae", *, seed: int = 0, verbose: bool = True
) -> Any:
    """A model sized to its data: about 5,000 steps, fewer passes over more pictures.

    Few pictures get a smaller latent and stop early, as they would be learned by heart.
    """
    n = len(images)
    batch = max(8, min(64, n // 8))
    epochs = int(np.clip(math.ceil(5000 * batch / max(n, 1)), 6, 150))
    entries = math.prod(images.shape[1:])
    wanted = {
        "latent_dim": min(32 if n >= 2000 else 16, max(1, n - 1), entries),
        "max_epochs": epochs,
        "batch_size": batch,
        "patience": 10,
        "random_state": seed,
        "verbose": verbose,
    }
    model = getattr(models, KINDS[kind])()
    known = model.get_params()
    return model.set_params(**{k: v for k, v in wanted.items() if k in known})
