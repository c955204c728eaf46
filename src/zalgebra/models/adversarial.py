"""The adversarial game of `GAN`, and the training that plays it: both sides take every step.

The loop is that of `zalgebra.models.training`, resumable and repeatable bit for bit, but there is
no held-out loss that means anything in a game, so it keeps the last weights and never stops early.
"""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from zalgebra.models.training import (
    Loss,
    TrainingResult,
    _bar,
    _fabric,
    _generator,
    _one_cycle,
    _State,
    _weights,
)
from zalgebra.types import BadInput

__all__ = ["Game", "play"]

PENALISED = 4  # every fourth row pays the penalty: second derivatives cost most of a step
DECAY = 0.999  # of the generator's running average, a step; early steps forget faster


class Game(nn.Module):
    r"""A generator G against a critic D, by relativistic pairs with both gradient penalties.

    $$L_D = E\,f\big(D(G(z)) - D(x)\big)
        + \tfrac{\gamma}{2} E\big(\|\nabla D(x)\|^2 + \|\nabla D(G(z))\|^2\big), \qquad
    L_G = E\,f\big(D(x) - D(G(z))\big)$$

    with f(t) = log(1 + exp t). Their sum is one loss: the critic's part does not reach G, and G's
    part does not reach D, so one backward pass moves both.

    Parameters
    ----------
    average
        The network whose weights follow G's, as a running average.
    critic
        Data ``(n, *data_shape)`` to scores ``(n, 1)``.
    penalty
        γ, the weight of the gradient penalties.

    References
    ----------
    Huang, Gokaslan, Kuleshov and Tompkin, *The GAN is dead; long live the GAN! A modern GAN
    baseline*, NeurIPS 2024, arXiv 2501.05441.
    """

    steps: Tensor

    def __init__(self, average: nn.Module, critic: nn.Module, penalty: float) -> None:
        super().__init__()
        self.generator = copy.deepcopy(average)
        self.average = average.requires_grad_(False)
        self.critic, self.penalty = critic, penalty
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """The losses of data ``(n, *data_shape)`` paired with latents ``(n, *latent_shape)``."""
        self._follow()
        y = self.generator(z)
        both = torch.cat([x, y.detach()])
        real, generated = self.critic(both).chunk(2)
        some = both[::PENALISED].requires_grad_()
        (slopes,) = torch.autograd.grad(self.critic(some).sum(), some, create_graph=True)
        steepness = 2 * slopes.square().sum() / len(some)  # of data plus of what is generated
        still = {name: weight.detach() for name, weight in self.critic.named_parameters()}
        critic = F.softplus(generated - real).mean()
        generator = F.softplus(real.detach() - functional_call(self.critic, still, (y,))).mean()
        loss = critic + 0.5 * self.penalty * steepness + generator
        return {"loss": loss, "critic": critic, "generator": generator, "steepness": steepness}

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the average follow what the last step made of the generator."""
        self.steps += 1
        new = 1 - min(DECAY, float(self.steps) / (float(self.steps) + 10))
        for slow, fast in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            slow.lerp_(fast, new)


class _Last(_State):
    """A state whose latest weights are the ones to keep."""

    @property
    def stale(self) -> int:
        return 0


def play(
    game: nn.Module,
    loss: Loss,
    data: tuple[Tensor, ...],
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    identity: str = "",
    progress: bool = True,
    what: str = "playing",
) -> TrainingResult:
    """Minimise ``loss`` as `training.train` does, with no rows held out and no momentum.

    AdamW with betas (0, 0.99) on the one-cycle schedule; the last weights are kept. The arguments
    are those of `training.train`.
    """
    batch_size = min(batch_size, len(data[0]))
    steps = len(data[0]) // batch_size
    learned = [p for p in game.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, learning_rate, betas=(0.0, 0.99), weight_decay=1e-4)
    state = _Last(game, optimiser, identity, history=[], best=_weights(game))
    fabric = _fabric()
    network, stepper = fabric.setup(game, optimiser)
    if resume and checkpoint is not None and Path(checkpoint).is_file():
        state.read(Path(checkpoint))
    rows, rates = [d.to(fabric.device) for d in data], []
    with _bar(progress, what, epochs, steps) as show:
        for epoch in range(len(state.history), epochs):
            noise, start, sums = _generator(seed, epoch + 1), time.perf_counter(), {}
            order = torch.randperm(len(rows[0]), generator=noise)
            game.train()
            for step in range(steps):
                chosen = order[step * batch_size : (step + 1) * batch_size]
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate * _one_cycle((epoch + step / steps) / epochs)
                parts = loss(network, tuple(r[chosen] for r in rows), noise)
                stepper.zero_grad()
                fabric.backward(parts["loss"])
                stepper.step()
                for name, value in parts.items():
                    sums[name] = sums.get(name, 0.0) + float(value.detach()) / steps
                show(epoch, step, sums, steps)
            entry = {**sums, "seconds": time.perf_counter() - start}
            rates.append(steps * batch_size / entry["seconds"])
            if not all(map(math.isfinite, entry.values())):
                raise BadInput(
                    f"the loss became {entry['loss']} in epoch {epoch + 1}; lower the learning rate"
                )
            state.add(entry)
            if checkpoint is not None:
                state.write(Path(checkpoint))
    game.eval()
    return TrainingResult(state.history, "finished", float(np.median(rates)) if rates else math.nan)
