"""Small networks: trained by torch, kept as arrays, computed by NumPy."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from zalgebra.estimators.maps.neighbours import nearest_others
from zalgebra.estimators.maps.rules import Line, Rule
from zalgebra.types import MissingExtra

__all__ = ["Network", "attract", "regress"]

BATCH = 256
RATE = 3e-3  # of Adam at its start; it falls to 0 along a cosine


@dataclass(frozen=True, eq=False)
class Network(Rule):
    """Layers x ↦ silu(x W + b), the last one without silu, between standardised rows."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    mean: np.ndarray
    scale: np.ndarray
    out_mean: np.ndarray
    out_scale: np.ndarray

    def __call__(self, x: np.ndarray, /) -> np.ndarray:
        """What the network answers, ``(m, e)``."""
        h = (x - self.mean) / self.scale
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = h @ W + b
            h = h * expit(h)
        return (h @ self.weights[-1] + self.biases[-1]) * self.out_scale + self.out_mean


def regress(
    x: np.ndarray, y: np.ndarray, /, *, width: int, steps: int, random_state: int
) -> Network:
    """A network of two hidden layers that gives y ``(n, e)`` of x ``(n, d)`` in least squares."""
    torch = _torch()
    (x_mean, x_scale), (y_mean, y_scale) = _spread(x), _spread(y)
    with _seeded(torch, random_state) as draws:
        X, Y = (_tensor(torch, a) for a in ((x - x_mean) / x_scale, (y - y_mean) / y_scale))
        layers = _layers(torch, x.shape[1], width, y.shape[1])

        def loss(_: float) -> Any:
            rows = draws.integers(len(X), size=min(BATCH, len(X)))
            return ((layers(X[rows]) - Y[rows]) ** 2).mean()

        _descend(torch, layers, loss, steps)
    return _frozen(layers, x_mean, x_scale, y_mean, y_scale)


def attract(
    x: np.ndarray, start: Line, /, *, k: int, width: int, steps: int, random_state: int
) -> Network:
    r"""A network that places neighbours together and all others apart, by InfoNCE.

    With q(i, j) = 1 / (1 + |f(x_i) - f(x_j)|²), over edges (i, j) of the graph of k neighbours,

    $$L = -\log \frac{q(i, j)}{q(i, j) + \sum_{l \in B} q(i, l)},$$

    B being the other heads and tails of the batch (Damrich et al., *From t-SNE to UMAP with
    contrastive learning*, arXiv 2206.01816). A tenth of the steps learn ``start``'s places first.
    """
    torch = _torch()
    x_mean, x_scale = _spread(x)
    near, _ = nearest_others(x, k)
    with _seeded(torch, random_state) as draws:
        X, first = _tensor(torch, (x - x_mean) / x_scale), start(x)
        first = _tensor(torch, first / first.std())
        layers = _layers(torch, x.shape[1], width, start.axes.shape[1])

        def loss(done: float) -> Any:
            i = draws.integers(len(X), size=min(BATCH, len(X)))
            if done < 0.1:
                return ((layers(X[i]) - first[i]) ** 2).mean()
            j = near[i, draws.integers(near.shape[1], size=len(i))]
            return _info_nce(torch, layers(X[i]), layers(X[j]), i, j)

        _descend(torch, layers, loss, steps)
    return _frozen(layers, x_mean, x_scale, np.zeros(1, np.float32), np.ones(1, np.float32))


def _info_nce(torch: Any, heads: Any, tails: Any, i: np.ndarray, j: np.ndarray) -> Any:
    """The mean of L; what is the item itself or its partner is no negative."""
    both = torch.cat([heads, tails])
    rows = np.concatenate([i, j])
    same = (i[:, None] == rows) | (j[:, None] == rows)
    squares = (heads**2).sum(1)[:, None] + (both**2).sum(1) - 2 * heads @ both.T
    others = (1 / (1 + squares.clamp(min=0))).masked_fill(torch.from_numpy(same), 0).sum(1)
    q = 1 / (1 + ((heads - tails) ** 2).sum(-1))
    return -torch.log(q / (q + others)).mean()


def _layers(torch: Any, d: int, width: int, e: int) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(d, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, e)
    )


def _descend(torch: Any, layers: Any, loss: Callable[[float], Any], steps: int) -> None:
    """Adam, from the share of the way that is done to the loss of a batch."""
    optimiser = torch.optim.Adam(layers.parameters(), lr=RATE, fused=True)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        optimiser.zero_grad()
        loss(step / steps).backward()
        optimiser.step()
        fall.step()


def _frozen(layers: Any, *spreads: np.ndarray) -> Network:
    linear = [layer for layer in layers if hasattr(layer, "weight")]
    return Network(
        tuple(np.ascontiguousarray(f.weight.detach().numpy().T) for f in linear),
        tuple(f.bias.detach().numpy().copy() for f in linear),
        *spreads,
    )


def _spread(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(d,)`` and one scale for all entries: their proportions are what distances go by."""
    mean = x.mean(axis=0)
    scale = (x - mean).std()
    return mean, np.atleast_1d(np.where(scale > 0, scale, 1))


def _tensor(torch: Any, x: np.ndarray) -> Any:
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


@contextmanager
def _seeded(torch: Any, random_state: int) -> Generator[np.random.Generator]:
    """A generator, and torch seeded by the same number for as long as the block lasts.

    On one thread: layers this small gain nothing by more, and the sums are then always the same.
    """
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(random_state)
        torch.set_num_threads(1)
        try:
            yield np.random.default_rng(random_state)
        finally:
            torch.set_num_threads(threads)


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtra("torch", "maps") from error
    return torch
