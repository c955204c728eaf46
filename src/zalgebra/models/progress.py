"""The progress bar of a training: its rate, its losses and the time that is left."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["Bar"]


class Bar:
    """A bar over all steps of a training, on standard error; silent where it is not wanted."""

    def __init__(self, wanted: bool, what: str, epochs: int, steps: int) -> None:
        self.steps = steps
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

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    def show(self, epoch: int, step: int, sums: dict[str, float]) -> None:
        """Step ``step`` of an epoch is done; ``sums`` are its losses so far, over all steps."""
        if not self.progress.disable:
            scale = self.steps / (step + 1)
            losses = "  ".join(f"{name} {value * scale:.4g}" for name, value in sums.items())
            done = epoch * self.steps + step + 1
            self.progress.update(self.task, completed=done, losses=f"epoch {epoch + 1}  {losses}")
