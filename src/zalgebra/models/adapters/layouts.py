"""How the latents of diffusion models lie in an array, and what else must be known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zalgebra.algebra._arrays import namespace, to_numpy
from zalgebra.types import Array, BadInput, LatentSpec

__all__ = ["DiffusersSpec", "likeness", "pack", "unpack"]

Scale = float | tuple[float, ...]


@dataclass(frozen=True)
class DiffusersSpec(LatentSpec):
    """What the latents of a diffusion pipeline are, besides their shapes, kind and owner.

    Parameters
    ----------
    layout
        ``"channels first"``: (C, h, w); or ``"packed"``: (h w / 4, 4 C), patches of 2 x 2 as rows.
    dtype
        Of the tensors that the pipeline makes and takes, for example ``"float16"``.
    scale, shift
        A code is (v - shift) * scale of what the autoencoder gives; numbers, or one for each
        channel. 1 and 0 for noise.
    sigma
        What the pipeline itself multiplies noise by before the first step; never to be done
        before. 1 for codes.
    """

    layout: str = "channels first"
    dtype: str = "float32"
    scale: Scale = 1.0
    shift: Scale = 0.0
    sigma: float = 1.0

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> DiffusersSpec:
        """Build a spec from what `to_dict` gave."""
        return cls(**{k: _from_json(v) for k, v in fields.items()})


def _from_json(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def pack(z: Array, /) -> Array:
    """Latents ``(n, C, h, w)`` as Flux takes them, ``(n, h w / 4, 4 C)``: 2 x 2 patches as rows.

    Examples
    --------
    >>> import numpy as np
    >>> from zalgebra.models.adapters import pack, unpack
    >>> z = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> pack(z)[0].tolist()[:2]
    [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    >>> bool((unpack(pack(z), 4, 4) == z).all())
    True
    """
    if len(z.shape) != 4 or z.shape[2] % 2 or z.shape[3] % 2:
        raise BadInput(f"only latents (n, C, h, w) of even h, w are packed, got {tuple(z.shape)}")
    (n, C, h, w), xp = z.shape, namespace(z)
    patches = xp.reshape(z, (n, C, h // 2, 2, w // 2, 2))
    return xp.reshape(xp.permute_dims(patches, (0, 2, 4, 1, 3, 5)), (n, h * w // 4, 4 * C))


def unpack(z: Array, height: int, width: int, /) -> Array:
    """Packed latents ``(n, h w / 4, 4 C)`` as ``(n, C, h, w)``, with h, w = ``height, width``."""
    if len(z.shape) != 3 or z.shape[1] * 4 != height * width or z.shape[2] % 4:
        expected = f"(n, {height * width // 4}, 4 C)"
        raise BadInput(f"packed latents of {height} x {width} are {expected}, got {tuple(z.shape)}")
    (n, _, C), xp = z.shape, namespace(z)
    patches = xp.reshape(z, (n, height // 2, width // 2, C // 4, 2, 2))
    return xp.reshape(xp.permute_dims(patches, (0, 3, 1, 4, 2, 5)), (n, C // 4, height, width))


def likeness(z: Array, /) -> tuple[np.ndarray, np.ndarray, float]:
    """What tells noise from codes: for latents ``(n, C, h, w)``, how wide and how smooth each is.

    The standard deviation of each latent ``(n,)``; the mean correlation of neighbours within its
    channels ``(n,)``, about 0 for white noise and well above for codes of pictures; and the
    standard error of the latter for white noise.
    """
    u = to_numpy(z).astype(float)
    sd = u.std(axis=(1, 2, 3))
    c = u - u.mean(axis=(2, 3), keepdims=True)
    total = np.maximum((c**2).mean(axis=(1, 2, 3)), 1e-12)
    pairs = [c[:, :, 1:] * c[:, :, :-1], c[:, :, :, 1:] * c[:, :, :, :-1]]
    sums = sum(p.sum(axis=(1, 2, 3)) for p in pairs)
    count = sum(p[0].size for p in pairs) if len(u) else 0
    error = 1 / np.sqrt(max(count, 1))
    return sd, sums / max(count, 1) / total, float(error)
