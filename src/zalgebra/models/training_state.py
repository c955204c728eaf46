"""What a training must know to go on after a kill: weights, their average, moments, history.

It is one safetensors file, replaced whole after every epoch.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from zalgebra.files import read_tensors, write_tensors
from zalgebra.types import BadInput

__all__ = ["Average", "State"]


class Average:
    """The exponential average of weights over the steps of a training.

    A step gives the newest weights the share ``max(1 - decay, ramp / (ramp + step))``: the average
    runs over the last ``1 / ramp`` of all steps, and in the long run over ``1 / (1 - decay)``.
    """

    def __init__(self, weights: Iterable[Tensor], *, decay: float, ramp: int) -> None:
        self.weights, self.decay, self.ramp = list(weights), decay, ramp
        self.values = [w.detach().clone() for w in self.weights]

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Take in the weights that step ``step``, counted from 1, starts from."""
        share = max(1 - self.decay, self.ramp / (self.ramp + step))
        for value, weight in zip(self.values, self.weights, strict=True):
            value.lerp_(weight, share)

    @contextmanager
    def in_place(self) -> Generator[None]:
        """Within, the network has the average for its weights."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for weight, value in zip(self.weights, self.values, strict=True):
            weight.data, value.data = value.data, weight.data


@dataclass
class State:
    """Everything that a resumed run needs, and its file.

    Parameters
    ----------
    module, optimiser
        What is trained, and by what.
    average
        Of the weights, if one is kept.
    identity
        Names data and settings; a file of another identity is refused.
    history
        One entry an epoch.
    best
        The weights that the training will end with: those of the least validation loss, or the
        latest where no rows are held out.
    """

    module: nn.Module
    optimiser: torch.optim.Optimizer
    average: Average | None
    identity: str
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.best = _weights(self.module)

    @property
    def stale(self) -> int:
        """Epochs since the best validation loss; 0 where there is none."""
        losses = [e["validation"] for e in self.history if "validation" in e]
        return len(losses) - 1 - int(np.argmin(losses)) if losses else 0

    def tired(self, patience: int | None) -> bool:
        """Whether the training has gone ``patience`` epochs without getting better."""
        return patience is not None and bool(self.history) and self.stale >= patience

    def add(self, entry: dict[str, float]) -> None:
        """An epoch is over; the module has the weights that it was validated with."""
        self.history.append(entry)
        if self.stale == 0:
            self.best = _weights(self.module)

    def write(self, path: Path) -> None:
        """Replace the file at ``path`` by this state."""
        tensors = {f"module.{k}": v for k, v in _weights(self.module).items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        if self.average is not None:
            tensors |= {f"average.{i}": v for i, v in enumerate(self.average.values)}
        for i, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{name}": value for name, value in moments.items()}
        arrays = {k: v.detach().cpu().numpy() for k, v in tensors.items()}
        write_tensors(path, arrays, {"identity": self.identity, "history": self.history})

    def read(self, path: Path) -> None:
        """Take back what `write` wrote.

        Raises
        ------
        BadInput
            If the file is of another run, or does not fit the module.
        """
        arrays, header = read_tensors(path)
        if header.get("identity") != self.identity:
            raise BadInput(
                f"{path} is the checkpoint of another run (other data or settings); "
                "give the same ones to resume, or leave resume out to start anew"
            )
        tensors = {k: torch.from_numpy(v.copy()) for k, v in arrays.items()}
        groups = self.optimiser.state_dict()["param_groups"]
        try:
            self.module.load_state_dict(_part(tensors, "best."))  # whether they fit
            self.module.load_state_dict(_part(tensors, "module."))
            moments = self._moments(_part(tensors, "optimiser."))
            self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
            for i, value in enumerate(self.average.values if self.average else []):
                value.copy_(tensors[f"average.{i}"])
        except (LookupError, RuntimeError, ValueError) as error:
            raise BadInput(
                f"{path} does not fit this network; leave resume out to start anew"
            ) from error
        self.best = _part(tensors, "best.")
        self.history[:] = header["history"]

    def _moments(self, tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
        """Those of each weight, laid out as it is: a fused step walks through both side by side."""
        learned = [p for group in self.optimiser.param_groups for p in group["params"]]
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            index, name = key.split(".", 1)
            weight = learned[int(index)]
            if value.shape == weight.shape:
                value = torch.empty_like(weight).copy_(value)
            moments.setdefault(int(index), {})[name] = value
        return moments


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().cpu().clone() for k, v in module.state_dict().items()}
