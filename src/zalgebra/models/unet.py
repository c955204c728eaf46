"""A velocity field small enough for two cores: a U-Net on patches, or a residual dense net.

Both are conditioned on time, and on a class where there are any, by a scale and a shift of every
block's features (FiLM, Perez et al. 2018, arXiv 1709.07871).
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zalgebra.types import BadInput

__all__ = ["Velocity"]

WAVES = 32  # frequencies that a time is written in
FASTEST = 200.0  # radians over the whole of [0, 1]


class Velocity(nn.Module):
    """A field ``v(x, t, y)`` of the data's shape: what flow matching and diffusion learn.

    Pictures ``(C, H, W)`` go through a U-Net (Ronneberger et al. 2015): patches of 1, 2 or 4 pixels
    become channels, up to three grids, one self-attention on the coarsest. Rows ``(d,)`` go through
    a residual dense network. The untrained field is 0.

    Parameters
    ----------
    data_shape
        ``(C, H, W)`` or ``(d,)``.
    width
        Channels of the finest grid; time grows with its square.
    classes
        Number of classes, 0 for none. One more token stands for "no class".

    Examples
    --------
    >>> import torch
    >>> v = Velocity((1, 28, 28), classes=10)
    >>> v(torch.zeros(4, 1, 28, 28), torch.rand(4), torch.arange(4)).shape
    torch.Size([4, 1, 28, 28])
    """

    frequencies: Tensor

    def __init__(self, data_shape: tuple[int, ...], *, width: int = 32, classes: int = 0) -> None:
        super().__init__()
        if len(data_shape) not in (1, 3):
            raise BadInput(f"data must have shape (n, d) or (n, C, H, W), got (n, {data_shape})")
        features = 4 * width
        frequencies = torch.logspace(0, math.log10(FASTEST), WAVES)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.time = nn.Sequential(
            nn.Linear(2 * WAVES, features), nn.SiLU(), nn.Linear(features, features)
        )
        self.label = nn.Embedding(classes + 1, features) if classes else None
        body = _UNet if len(data_shape) == 3 else _Dense
        self.body = body(tuple(data_shape), width, features)

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Velocities of ``x`` ``(n, *data_shape)`` at times ``t`` ``(n,)`` in [0, 1].

        ``y`` ``(n,)`` holds class numbers, of which ``classes`` means "no class", as does ``None``.
        """
        phase = t[:, None] * self.frequencies
        condition = self.time(torch.cat([phase.cos(), phase.sin()], dim=1))
        if self.label is not None:
            nobody = self.label.num_embeddings - 1
            y = torch.full_like(t, nobody, dtype=torch.long) if y is None else y
            condition = condition + self.label(y)
        return self.body(x, F.silu(condition))


class _UNet(nn.Module):
    def __init__(self, data_shape: tuple[int, ...], width: int, features: int) -> None:
        super().__init__()
        C, H, W = data_shape
        patch = _patch(H, W)
        widths = [width * min(i + 1, 2) for i in range(_levels(H // patch, W // patch))]
        pairs = list(itertools.pairwise(widths))
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(patch), nn.Conv2d(C * patch**2, width, 3, padding=1)
        )
        self.fine = nn.ModuleList(_Block(a, features) for a, _ in pairs)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.first, self.last = _Block(widths[-1], features), _Block(widths[-1], features)
        self.attention = _Attention(widths[-1])
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(b, 4 * a, 1), nn.PixelShuffle(2)) for a, b in pairs
        )
        self.merge = nn.ModuleList(nn.Conv2d(2 * a, a, 1) for a, _ in pairs)
        self.back = nn.ModuleList(_Block(a, features) for a, _ in pairs)
        self.head = nn.Sequential(
            _norm(width),
            nn.SiLU(),
            _zero(nn.Conv2d(width, C * patch**2, 3, padding=1)),
            nn.PixelShuffle(patch),
        )
        self.to(memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.stem(x).contiguous(memory_format=torch.channels_last)
        kept = []
        for block, down in zip(self.fine, self.down, strict=True):
            kept.append(block(h, condition))
            h = down(kept[-1])
        h = self.last(self.attention(self.first(h, condition)), condition)
        ways = zip(self.up, self.merge, self.back, strict=True)
        for up, merge, block in reversed(list(ways)):
            h = block(merge(torch.cat([up(h), kept.pop()], dim=1)), condition)
        return self.head(h).contiguous()


class _Block(nn.Module):
    """Two convolutions around FiLM, added to their input; at first it changes nothing."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            _norm(width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1), _norm(width)
        )
        self.film = nn.Linear(features, 2 * width)
        self.leave = _zero(nn.Conv2d(width, width, 3, padding=1))

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        return h + self.leave(F.silu(self.enter(h) * (1 + scale) + shift))


class _Attention(nn.Module):
    """Every cell of a grid reads all of its cells (one head for each 32 channels)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // 32) if width % max(1, width // 32) == 0 else 1
        self.norm, self.ask = _norm(width), nn.Conv2d(width, 3 * width, 1)
        self.answer = _zero(nn.Conv2d(width, width, 1))

    def forward(self, h: Tensor) -> Tensor:
        n, c, *grid = h.shape
        asked = self.ask(self.norm(h)).flatten(2).transpose(1, 2)
        q, k, v = (
            a.reshape(n, -1, self.heads, c // self.heads).transpose(1, 2)
            for a in asked.chunk(3, dim=2)
        )
        read = F.scaled_dot_product_attention(q, k, v)
        return h + self.answer(read.transpose(2, 3).reshape(n, c, *grid))


class _Dense(nn.Module):
    def __init__(self, data_shape: tuple[int, ...], width: int, features: int) -> None:
        super().__init__()
        (d,), hidden = data_shape, 8 * width
        self.stem, self.head = nn.Linear(d, hidden), _zero(nn.Linear(hidden, d))
        self.enter = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden)) for _ in range(3)
        )
        self.film = nn.ModuleList(nn.Linear(features, 2 * hidden) for _ in range(3))
        self.leave = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(3))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.stem(x)
        for enter, film, leave in zip(self.enter, self.film, self.leave, strict=True):
            scale, shift = film(condition).chunk(2, dim=1)
            h = h + leave(F.silu(enter(h) * (1 + scale) + shift))
        return self.head(F.silu(h))


def _patch(H: int, W: int) -> int:
    """The side of a patch: finer for smaller pictures, and a divisor of both sides."""
    wanted = 4 if min(H, W) >= 64 else 2 if min(H, W) >= 16 else 1
    return next(p for p in (wanted, 2, 1) if p <= wanted and H % p == 0 and W % p == 0)


def _levels(h: int, w: int) -> int:
    """Grids, halved while both sides are even and at least 8; three at most."""
    levels = 1
    while levels < 3 and min(h, w) >= 8 and h % 2 == 0 and w % 2 == 0:
        h, w, levels = h // 2, w // 2, levels + 1
    return levels


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(8, width), width)


def _zero(layer: nn.Module) -> nn.Module:
    for p in layer.parameters():
        nn.init.zeros_(p)
    return layer
