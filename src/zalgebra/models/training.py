"""One training loop for every model: Fabric underneath, resumable, repeatable bit for bit.

All randomness of an epoch (order, noise) comes from generators seeded by (seed, epoch), so a run
that was killed and resumed takes the steps of one that was not. Devices share each batch's rows.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.models.plan import Plan, generator
from zalgebra.models.progress import Bar
from zalgebra.models.training_state import Average, State
from zalgebra.types import BadInput

__all__ = ["TrainingResult", "train"]

Loss = Callable[[nn.Module, tuple[Tensor, ...], torch.Generator], dict[str, Tensor]]
PRECISIONS = ("32-true", "bf16-mixed")


@dataclass(frozen=True)
class TrainingResult:
    """How a training went.

    Parameters
    ----------
    history
        One mapping an epoch: training losses, ``"validation"`` where rows are held out,
        ``"seconds"``.
    outcome
        ``"finished"`` or ``"stopped early"``.
    items_per_second
        Median over the epochs trained in this process; NaN if all came from a checkpoint.
    """

    history: list[dict[str, float]]
    outcome: str
    items_per_second: float


def train(
    module: nn.Module,
    loss: Loss,
    data: tuple[Tensor, ...],
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    betas: tuple[float, float] = (0.9, 0.99),
    clip: float | None = 10.0,
    ema: float | None = None,
    ramp: int = 9,
    validation: float = 0.05,
    patience: int | None = None,
    precision: str = "32-true",
    accelerator: str = "auto",
    devices: int = 1,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    identity: str = "",
    progress: bool = True,
    what: str = "fitting",
) -> TrainingResult:
    """Minimise ``loss`` over the rows of ``data`` by AdamW on a one-cycle cosine schedule.

    Parameters
    ----------
    module
        The network; its weights are changed in place, those with ``requires_grad``.
    loss
        ``loss(module, batch, generator)`` gives named scalars; ``"loss"`` is minimised, the rest
        are shown. Noise must come from the generator.
    data
        Tensors of equal length; a batch holds the same rows of each.
    epochs, batch_size, learning_rate
        The schedule: epochs at most, rows a step (of all devices), the peak rate.
    seed
        Fixes the validation rows, the order and the noise.
    betas, clip
        Of AdamW, and the norm to which gradients are clipped; ``None`` clips none.
    ema, ramp
        Decay of the weights' exponential average (`Average`), which is then validated and kept in
        their place; ``None`` keeps the weights themselves.
    validation
        Share of the rows held out to watch; with 0 the last weights are kept.
    patience
        Epochs without a better validation loss before stopping early; ``None`` never stops.
    precision
        ``"32-true"``; or ``"bf16-mixed"``: products in bfloat16, weights and losses in float32.
    accelerator, devices
        As in Lightning: ``"auto"``, ``"cpu"``, ``"cuda"``, and how many. With more than one the
        calling script is run once for each, and each ends with the same weights.
    checkpoint
        File written after every epoch.
    resume
        Go on from the checkpoint if it exists.
    identity
        Text that names data and settings; a checkpoint of another identity is refused.
    progress, what
        Whether to show a progress bar, and its title.

    Raises
    ------
    BadInput
        If the loss becomes NaN or infinite, or the checkpoint belongs to another run.
    """
    fabric = _fabric(precision, accelerator, devices)
    plan = Plan(
        len(data[0]), epochs, batch_size, learning_rate, seed, validation,
        world=fabric.world_size, rank=fabric.global_rank,
    )  # fmt: skip
    learned = [p for p in module.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        learned, lr=learning_rate, betas=betas, weight_decay=1e-4, fused=True
    )
    objective = Objective(module, loss, tuple(d.to(fabric.device) for d in data))
    network, stepper = fabric.setup(objective, optimiser)
    average = None if ema is None else Average(learned, decay=ema, ramp=ramp)
    kind = "" if (precision, plan.world) == ("32-true", 1) else f" {precision} by {plan.world}"
    state = State(module, optimiser, average, identity + kind)
    if resume and checkpoint is not None and Path(checkpoint).is_file():
        state.read(Path(checkpoint))

    descent = _Descent(fabric, network, stepper, plan, average, clip)
    rates: list[float] = []
    with Bar(progress and fabric.is_global_zero, what, epochs, plan.steps) as bar:
        while len(state.history) < epochs and not state.tired(patience):
            entry = descent.epoch(len(state.history), bar)
            rates.append(plan.steps * plan.batch_size / entry["seconds"])
            with average.in_place() if average else nullcontext():
                if len(plan.held):
                    entry["validation"] = _validate(network, plan.held, plan.batch_size, seed)
                _check_finite(entry, len(state.history))
                state.add(entry)
            if checkpoint is not None and fabric.is_global_zero:
                state.write(Path(checkpoint))
    module.load_state_dict(state.best)
    module.eval()
    outcome = "stopped early" if state.tired(patience) else "finished"
    return TrainingResult(state.history, outcome, float(np.median(rates)) if rates else math.nan)


class Objective(nn.Module):
    """The loss of a module on rows of data, as a module: what Fabric wraps, it wraps whole.

    It takes the rows' numbers, for a mixed precision would round the data themselves.
    """

    def __init__(self, module: nn.Module, loss: Loss, data: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.module, self.loss, self.data = module, loss, data

    def forward(self, rows: Tensor, noise: torch.Generator) -> dict[str, Tensor]:
        """Named scalars of these rows."""
        return self.loss(self.module, tuple(d[rows] for d in self.data), noise)


@dataclass(frozen=True)
class _Descent:
    """Steps of an optimiser on an objective, under a plan."""

    fabric: Any
    network: Any
    optimiser: Any
    plan: Plan
    average: Average | None
    clip: float | None

    def epoch(self, epoch: int, bar: Bar) -> dict[str, float]:
        """All steps of an epoch: the means of their losses, and the seconds that it took."""
        start, means = time.perf_counter(), {}
        self.network.train()
        with torch.random.fork_rng():  # of layers that draw by themselves, such as dropout
            torch.manual_seed(generator(self.plan.seed, epoch + 1).initial_seed())
            for i, (rows, noise) in enumerate(self.plan.batches(epoch)):
                for name, value in self.step(epoch * self.plan.steps + i, rows, noise).items():
                    means[name] = means.get(name, 0.0) + float(value.detach()) / self.plan.steps
                bar.show(epoch, i, means)
        return {**_shared(means, self.fabric), "seconds": time.perf_counter() - start}

    def step(self, number: int, rows: Tensor, noise: torch.Generator) -> dict[str, Tensor]:
        """Step ``number`` of the training, counted from 0, on these rows: its losses."""
        if self.average is not None:
            self.average.follow(number + 1)
        for group in self.optimiser.optimizer.param_groups:
            group["lr"] = self.plan.rate(number)
        parts = self.network(rows, noise)
        self.optimiser.zero_grad()
        self.fabric.backward(parts["loss"])
        if self.clip is not None:
            self.fabric.clip_gradients(
                self.network, self.optimiser, max_norm=self.clip, error_if_nonfinite=False
            )
        self.optimiser.step()
        return parts


@torch.no_grad()
def _validate(network: nn.Module, held: Tensor, batch_size: int, seed: int) -> float:
    """Mean loss over the held-out rows, under the same noise every epoch and on every device."""
    network.eval()
    noise, total = generator(seed, 0), 0.0
    for rows in held.split(batch_size):
        total += float(network(rows, noise)["loss"]) * len(rows)
    return total / len(held)


def _check_finite(entry: dict[str, float], epoch: int) -> None:
    if broken := [k for k, v in entry.items() if not math.isfinite(v)]:
        raise BadInput(
            f"the loss became {entry[broken[0]]} in epoch {epoch + 1} ({broken[0]}); "
            "lower the learning rate"
        )


def _shared(sums: dict[str, float], fabric: Any) -> dict[str, float]:
    """Means over all devices."""
    if fabric.world_size == 1:
        return sums
    return {
        k: float(fabric.all_reduce(torch.tensor(v, device=fabric.device))) for k, v in sums.items()
    }


def _fabric(precision: str, accelerator: str, devices: int) -> Any:
    """Fabric, launched, without its advice about loggers and data loaders."""
    if precision not in PRECISIONS:
        raise BadInput(f"`precision` must be {' or '.join(PRECISIONS)}, got {precision!r}")
    if not isinstance(devices, int | np.integer) or devices < 1:
        raise BadInput(f"`devices` must be a whole number of at least 1, got {devices!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lightning_fabric import Fabric

        try:
            fabric = Fabric(accelerator=accelerator, devices=int(devices), precision=precision)
        except (RuntimeError, ValueError) as error:
            wanted = f"accelerator={accelerator!r} with devices={devices}"
            raise BadInput(f"{wanted} cannot be had on this machine ({error})") from error
        fabric.launch()
    return fabric
