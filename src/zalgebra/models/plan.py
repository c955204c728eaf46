"""What each step of a training looks at, and how far it goes: all of it fixed by a seed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from zalgebra.types import BadInput

__all__ = ["Plan", "generator"]


class Plan:
    """Which rows are held out, and which rows each step takes at which rate.

    Parameters
    ----------
    n
        Rows in all.
    epochs, batch_size, rate, seed, validation
        As in `zalgebra.models.training.train`; ``rate`` is its peak.
    world, rank
        How many devices there are, and which of them this one is.
    """

    def __init__(
        self, n: int, epochs: int, batch_size: int, rate: float, seed: int,
        validation: float, *, world: int = 1, rank: int = 0,
    ) -> None:  # fmt: skip
        if not 0 <= validation < 1:
            raise BadInput(f"`validation` must be a share from 0 to below 1, got {validation}")
        held = min(n - 1, max(1, round(validation * n))) if validation else 0
        order = torch.randperm(n, generator=generator(seed, 0)) if held else torch.arange(n)
        self.held, self.kept = order[:held], order[held:]
        if len(self.kept) < world:
            raise BadInput(f"{world} devices need at least as many rows, got {len(self.kept)}")
        share = max(1, min(batch_size, len(self.kept)) // world)  # of one device
        self.world, self.rank, self.batch_size = world, rank, share * world
        self.steps = len(self.kept) // self.batch_size
        self.peak, self.total, self.seed = rate, epochs * self.steps, seed

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, torch.Generator]]:
        """The rows that this device takes in each step of an epoch, and its noise."""
        noise = generator(self.seed, epoch + 1)
        shuffled = self.kept[torch.randperm(len(self.kept), generator=noise)]
        if self.rank:  # the order is that of all devices, the noise is not
            noise = generator(self.seed, epoch + 1, self.rank)
        for batch in shuffled.split(self.batch_size)[: self.steps]:
            yield batch[self.rank :: self.world], noise

    def rate(self, number: int) -> float:
        """Of step ``number``: a rise over the first tenth of all, then a cosine fall."""
        t = number / self.total
        fall = 0.5 * (1 + math.cos(math.pi * (t - 0.1) / 0.9))
        return self.peak * ((t + 0.005) / 0.105 if t < 0.1 else fall)


def generator(*seeds: int) -> torch.Generator:
    """A generator of its own for every tuple of whole numbers."""
    mixed = np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> np.uint64(1)
    return torch.Generator().manual_seed(int(mixed))
