"""What a person is told while work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Track", "err", "out", "quiet", "track"]

Track = Callable[[Iterable[Any], str], Iterable[Any]]

out = Console(emoji=False)  # a path such as a:smile:b is shown as it is
err = Console(stderr=True, emoji=False)


def quiet(steps: Iterable[Any], what: str) -> Iterable[Any]:
    """Return the steps without showing anything."""
    return steps


def track(steps: Iterable[Any], what: str) -> Iterable[Any]:
    """Return the steps behind a progress bar with the time that is left."""
    total = len(steps) if isinstance(steps, Sized) else None
    columns = TextColumn(what), BarColumn(), TextColumn("left"), TimeRemainingColumn()
    with Progress(*columns, console=err) as progress:
        yield from progress.track(steps, total=total, description=what)
