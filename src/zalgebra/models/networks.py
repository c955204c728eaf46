"""Networks small enough for two cores: patches in, convolutions between, pixel shuffle out.

Transposed convolutions are what makes a small VAE slow on a CPU; moving 4 x 4 patches into channels
(Shi et al. 2016, arXiv 1609.05158) keeps every convolution on a small grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.types import BadInput

__all__ = ["Pair", "decoder", "encoder", "fine_encoder", "in_batches"]

PATCH = 4  # pixels a side that become channels


def encoder(
    data_shape: tuple[int, ...], outputs: int, *, width: int, patch: int = PATCH
) -> nn.Module:
    """Data ``(n, *data_shape)`` to ``(n, outputs)``: convolutions for pictures, else dense layers.

    A picture ``(C, H, W)`` with sides divisible by ``patch`` and of at least 16 is convolved; other
    data are flattened.
    """
    if not _is_picture(data_shape, patch):
        d, hidden = math.prod(data_shape), 8 * width
        return nn.Sequential(
            nn.Flatten(), nn.Linear(d, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, outputs),
        )  # fmt: skip
    C, grids = data_shape[0], _grids(data_shape, patch)
    widths = _widths(len(grids), width)
    layers: list[nn.Module] = [
        nn.PixelUnshuffle(patch),
        nn.Conv2d(C * patch**2, width, 1),
        nn.SiLU(),
    ]
    for a, b in itertools.pairwise(widths):
        layers += [nn.Conv2d(a, b, 4, stride=2, padding=1), nn.SiLU()]
    if len(widths) == 1:
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.SiLU()]
    last = widths[-1] * math.prod(grids[-1])
    return _fast(nn.Sequential(*layers, nn.Flatten(), nn.Linear(last, outputs)))


def fine_encoder(data_shape: tuple[int, ...], outputs: int, *, width: int) -> nn.Module:
    """Pictures ``(n, C, H, W)`` to ``(n, outputs)`` by convolutions that begin on the full grid.

    Slower than `encoder`, and it loses no detail: a reader's network.
    """
    C, *grid = data_shape
    layers, wide = [], width
    while max(grid) > 8:
        layers += [*_normed(C, wide), *_normed(wide, wide, stride=2)]
        C, grid, wide = wide, [(side + 1) // 2 for side in grid], min(2 * wide, 4 * width)
    last = nn.Linear(wide * math.prod(grid), outputs)
    return _fast(nn.Sequential(*layers, *_normed(C, wide), nn.Flatten(), nn.Dropout(0.3), last))


def decoder(data_shape: tuple[int, ...], inputs: int, *, width: int) -> nn.Module:
    """Latents ``(n, inputs)`` to data ``(n, *data_shape)``, the encoder's mirror, not bounded."""
    if not _is_picture(data_shape, PATCH):
        d, hidden = math.prod(data_shape), 8 * width
        return nn.Sequential(
            nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, d), nn.Unflatten(1, data_shape),
        )  # fmt: skip
    C, grids = data_shape[0], _grids(data_shape, PATCH)
    widths = _widths(len(grids), width)
    first = (widths[-1], *grids[-1])
    layers: list[nn.Module] = [
        nn.Linear(inputs, math.prod(first)),
        nn.SiLU(),
        nn.Unflatten(1, first),
    ]
    for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True):
        layers += [nn.Conv2d(a, 4 * b, 3, padding=1), nn.PixelShuffle(2), nn.SiLU()]
    layers += [nn.Conv2d(width, 2 * width, 3, padding=1), nn.SiLU()]
    layers += [nn.Conv2d(2 * width, C * PATCH**2, 3, padding=1), nn.PixelShuffle(PATCH)]
    return _fast(nn.Sequential(*layers))


class Pair(nn.Module):
    """An encoder and a decoder under one name, so that they train and save together."""

    def __init__(self, encode: nn.Module, decode: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encode, decode

    def forward(self, x: Tensor) -> Tensor:
        """Return the encoder's output for data ``(n, *data_shape)``."""
        return self.encoder(x)


@torch.no_grad()
def in_batches(
    run: Callable[[Tensor], Tensor], rows: np.ndarray, shape: tuple[int, ...], size: int = 512
) -> np.ndarray:
    """``run`` over rows in batches, so that memory stays bounded; no rows give no rows."""
    out = np.empty((len(rows), *shape), dtype=np.float32)
    for i in range(0, len(rows), size):
        batch = torch.from_numpy(np.require(rows[i : i + size], requirements=["C", "W"]))
        out[i : i + size] = run(batch).numpy()
    return out


def _is_picture(data_shape: tuple[int, ...], patch: int) -> bool:
    if len(data_shape) not in (1, 3):
        raise BadInput(f"data must have shape (n, d) or (n, C, H, W), got (n, {data_shape})")
    return len(data_shape) == 3 and all(s % patch == 0 and s >= 16 for s in data_shape[1:])


def _grids(data_shape: tuple[int, ...], patch: int) -> list[tuple[int, int]]:
    """Grid sizes from the patches down, halved while both sides are even and at least 8."""
    h, w = data_shape[1] // patch, data_shape[2] // patch
    grids = [(h, w)]
    while min(h, w) >= 8 and h % 2 == 0 and w % 2 == 0:
        h, w = h // 2, w // 2
        grids.append((h, w))
    return grids


def _normed(channels: int, outputs: int, *, stride: int = 1) -> list[nn.Module]:
    """A convolution, normalised over the batch."""
    convolution = nn.Conv2d(channels, outputs, 3, stride=stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.SiLU()]


def _widths(levels: int, width: int) -> list[int]:
    return [width * 2 ** min(i, 2) for i in range(levels)]


def _fast(module: nn.Module) -> nn.Module:
    """Channels last, the layout that convolutions on a CPU are fastest in."""
    return module.to(memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
