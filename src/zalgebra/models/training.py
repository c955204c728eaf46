"""One training loop for every model: Fabric underneath, resumable, repeatable bit for bit.

All randomness of an epoch (order, noise) comes from generators seeded by (seed, epoch), so a run
that was killed and resumed takes exactly the steps of one that was not. A checkpoint is one
safetensors file: weights, optimiser state and history.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import Tensor, nn

from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import BadInput

__all__ = ["TrainingResult", "train"]

Loss = Callable[[nn.Module, tuple[Tensor, ...], torch.Generator], dict[str, Tensor]]


@dataclass(frozen=True)
class TrainingResult:
    """How a training went.

    Parameters
    ----------
    history
        One mapping an epoch: training losses, ``"validation"``, ``"seconds"``.
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
    validation: float = 0.05,
    patience: int | None = None,
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
        The network; its weights are changed in place.
    loss
        ``loss(module, batch, generator)`` gives named scalars; ``"loss"`` is minimised, the rest
        are shown. Noise must come from the generator.
    data
        Tensors of equal length; a batch holds the same rows of each.
    epochs, batch_size, learning_rate
        The schedule: epochs at most, rows a step, the peak rate.
    seed
        Fixes the validation rows, the order and the noise.
    validation
        Share of the rows held out to watch.
    patience
        Epochs without a better validation loss before stopping early; ``None`` never stops.
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
    order = torch.randperm(len(data[0]), generator=_generator(seed, 0))
    held = max(1, round(validation * len(order))) if len(order) > 1 else 0
    batch_size = max(1, min(batch_size, len(order) - held))
    steps = max(1, (len(order) - held) // batch_size)
    optimiser = torch.optim.AdamW(
        module.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=1e-4
    )
    state = _State(module, optimiser, identity, history=[], best=_weights(module))
    fabric = _fabric()
    network, stepper = fabric.setup(module, optimiser)
    if resume and checkpoint is not None and Path(checkpoint).is_file():
        state.read(Path(checkpoint))
    rows = [d.to(fabric.device) for d in data]
    watch = tuple(r[order[:held]] for r in rows)
    rates: list[float] = []
    tired = patience is not None and bool(state.history) and state.stale >= patience
    outcome = "stopped early" if tired else "finished"
    with _bar(progress, what, epochs, steps) as show:
        for epoch in range(len(state.history), 0 if tired else epochs):
            noise, start, sums = _generator(seed, epoch + 1), time.perf_counter(), {}
            shuffled = order[held:][torch.randperm(len(order) - held, generator=noise)]
            network.train()
            for step in range(steps):
                chosen = shuffled[step * batch_size : (step + 1) * batch_size]
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate * _one_cycle(
                        (epoch * steps + step) / (epochs * steps)
                    )
                parts = loss(network, tuple(r[chosen] for r in rows), noise)
                stepper.zero_grad()
                fabric.backward(parts["loss"])
                nn.utils.clip_grad_norm_(module.parameters(), 10.0)
                stepper.step()
                for name, value in parts.items():
                    sums[name] = sums.get(name, 0.0) + float(value.detach()) / steps
                show(epoch, step, sums, steps)
            seconds = time.perf_counter() - start
            rates.append(steps * batch_size / seconds)
            entry = {**sums, "seconds": seconds}
            entry["validation"] = _validate(network, loss, watch, batch_size, seed) if held else 0.0
            if broken := [k for k, v in entry.items() if not math.isfinite(v)]:
                raise BadInput(
                    f"the loss became {entry[broken[0]]} in epoch {epoch + 1} ({broken[0]}); "
                    "lower the learning rate"
                )
            state.add(entry)
            if checkpoint is not None:
                state.write(Path(checkpoint))
            if patience is not None and state.stale >= patience:
                outcome = "stopped early"
                break
    module.load_state_dict(state.best)
    module.eval()
    rate = float(np.median(rates)) if rates else math.nan
    return TrainingResult(state.history, outcome, rate)


@dataclass
class _State:
    """Everything that a resumed run needs, and its file."""

    module: nn.Module
    optimiser: torch.optim.Optimizer
    identity: str
    history: list[dict[str, float]]
    best: dict[str, Tensor]

    @property
    def stale(self) -> int:
        """Epochs since the best validation loss."""
        losses = [e["validation"] for e in self.history]
        return len(losses) - 1 - int(np.argmin(losses))

    def add(self, entry: dict[str, float]) -> None:
        self.history.append(entry)
        if self.stale == 0:
            self.best = _weights(self.module)

    def write(self, path: Path) -> None:
        moments = {
            f"optimiser.{i}.{name}": value
            for i, slot in self.optimiser.state_dict()["state"].items()
            for name, value in slot.items()
        }
        tensors = {f"module.{k}": v for k, v in _weights(self.module).items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()} | moments
        arrays = {k: v.detach().cpu().numpy() for k, v in tensors.items()}
        write_tensors(path, arrays, {"identity": self.identity, "history": self.history})

    def read(self, path: Path) -> None:
        arrays, header = read_tensors(path)
        if header.get("identity") != self.identity:
            raise BadInput(
                f"{path} is the checkpoint of another run (other data or settings); "
                "give the same ones to resume, or leave resume out to start anew"
            )
        tensors = {k: torch.from_numpy(v.copy()) for k, v in arrays.items()}
        slots: dict[int, dict[str, Tensor]] = {}
        for key, value in _part(tensors, "optimiser.").items():
            index, name = key.split(".", 1)
            slots.setdefault(int(index), {})[name] = value
        groups = self.optimiser.state_dict()["param_groups"]
        try:
            self.module.load_state_dict(_part(tensors, "best."))  # whether they fit
            self.module.load_state_dict(_part(tensors, "module."))
            self.optimiser.load_state_dict({"state": slots, "param_groups": groups})
        except (RuntimeError, ValueError) as error:
            raise BadInput(
                f"{path} does not fit this network; leave resume out to start anew"
            ) from error
        self.best = _part(tensors, "best.")
        self.history[:] = header["history"]


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().cpu().clone() for k, v in module.state_dict().items()}


def _generator(seed: int, epoch: int) -> torch.Generator:
    mixed = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1)
    return torch.Generator().manual_seed(int(mixed))


def _one_cycle(t: float) -> float:
    """Rate over its peak at progress ``t``: a rise over the first tenth, then a cosine fall."""
    return (t + 0.005) / 0.105 if t < 0.1 else 0.5 * (1 + math.cos(math.pi * (t - 0.1) / 0.9))


@torch.no_grad()
def _validate(
    network: nn.Module, loss: Loss, watch: tuple[Tensor, ...], batch_size: int, seed: int
) -> float:
    """Mean loss over the held-out rows, under the same noise every epoch."""
    network.eval()
    noise, total = _generator(seed, 0), 0.0
    for i in range(0, len(watch[0]), batch_size):
        batch = tuple(w[i : i + batch_size] for w in watch)
        total += float(loss(network, batch, noise)["loss"]) * len(batch[0])
    return total / len(watch[0])


def _fabric() -> Any:
    """Fabric on one device, without its advice about loggers and data loaders."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lightning_fabric import Fabric

        return Fabric(accelerator="auto", devices=1)


class _bar:
    """A Rich progress bar with rate, losses and the time that is left; silent when not wanted."""

    def __init__(self, wanted: bool, what: str, epochs: int, steps: int) -> None:
        self.progress = Progress(
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not wanted,
        )
        self.task = self.progress.add_task(what, total=epochs * steps, losses="")

    def __enter__(self) -> Callable[[int, int, dict[str, float], int], None]:
        self.progress.start()
        return self.show

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def show(self, epoch: int, step: int, sums: dict[str, float], steps: int) -> None:
        if not self.progress.disable:
            scale = steps / (step + 1)
            losses = "  ".join(f"{name} {value * scale:.4g}" for name, value in sums.items())
            done = epoch * steps + step + 1
            self.progress.update(self.task, completed=done, losses=f"epoch {epoch + 1}  {losses}")
