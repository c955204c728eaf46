"""Departures that no test was calibrated on: what goes wrong with latents in practice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

Change = Callable[[np.ndarray], np.ndarray]

SHARED = 5  # seed of the part that all latents have in common


def departures(u: np.ndarray) -> dict[str, np.ndarray]:
    """Name to departing latents, of undisturbed ones ``(n, *shape)`` in normal coordinates."""
    chosen = OF_ANY | (OF_PICTURES if u.ndim == 4 else {})
    return {name: change(u) for name, change in chosen.items()}


def like(v: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The latents v with the norms of u."""
    axes = tuple(range(1, u.ndim))
    return v * np.sqrt((u**2).sum(axes, keepdims=True) / (v**2).sum(axes, keepdims=True))


def mean_of(u: np.ndarray, k: int) -> np.ndarray:
    """The plain average of each latent and its k - 1 successors: LERP of k independent seeds."""
    return sum(np.roll(u, i, axis=0) for i in range(k)) / k


def of_five_values(u: np.ndarray) -> np.ndarray:
    """±1, ±2 and 0 with a normal's variance: what an 8-bit pipeline does at a wrong scale."""
    return like(np.clip(np.rint(u), -2, 2), u)


def heavy_tailed(u: np.ndarray) -> np.ndarray:
    """Entries times a common random radius of each column: dependent, and of heavy tails."""
    radius = np.random.default_rng(1).gamma(2, 0.5, (*u.shape[:-2], 1, u.shape[-1]))
    return like(u * np.sqrt(radius), u)


def half_shared(u: np.ndarray) -> np.ndarray:
    """Each is a draw from the prior by itself; half of it is the same in all."""
    return np.sqrt(0.5) * (u + np.random.default_rng(SHARED).standard_normal(u.shape[1:]))


def blurred(u: np.ndarray) -> np.ndarray:
    near = (np.roll(u, step, axis) for axis in (-1, -2) for step in (1, -1))
    return like(u + 0.25 * sum(near), u)


def enlarged(u: np.ndarray) -> np.ndarray:
    """Each 2 x 2 block has one value: noise drawn at half the size."""
    return like(np.repeat(np.repeat(u[..., ::2, ::2], 2, -1), 2, -2)[..., : u.shape[-2], :][
        ..., : u.shape[-1]], u)  # fmt: skip


def tiled(u: np.ndarray) -> np.ndarray:
    """The upper left quarter, four times: the right law of every entry, no new ones."""
    H, W = u.shape[-2] // 2, u.shape[-1] // 2
    whole = u.copy()
    whole[..., : 2 * H, : 2 * W] = np.tile(u[..., :H, :W], (2, 2))
    return like(whole, u)


def striped(u: np.ndarray) -> np.ndarray:
    """Every row of pixels shifted by a number of its own."""
    return like(u + 0.4 * np.random.default_rng(2).standard_normal((*u.shape[:-1], 1)), u)


OF_ANY: dict[str, Change] = {
    "LERP of 2": lambda u: mean_of(u, 2),
    "LERP of 5": lambda u: mean_of(u, 5),
    "scale 1.2": lambda u: 1.2 * u,
    "skewed": lambda u: like(-np.log(ndtr(-u)) - 1, u),
    "uniform entries": lambda u: like(ndtr(u) - 0.5, u),
    "clipped at 1.5": lambda u: like(np.clip(u, -1.5, 1.5), u),
    "five values": of_five_values,
    "half precision": lambda u: u.astype(np.float16).astype(float),
    "half shared": half_shared,
}
OF_PICTURES: dict[str, Change] = {
    "blurred": blurred,
    "enlarged": enlarged,
    "tiled": tiled,
    "striped": striped,
    "columns of heavy tails": heavy_tailed,
}
